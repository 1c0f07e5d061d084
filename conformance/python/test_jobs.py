"""Replication jobs through each client: what can be seen and refused of them while no agent copies."""

import json

import pytest


def test_a_job_is_created_and_read_whole(user):
    source = user.machine()
    job = user.job(
        source, Name=f"whole-{user.tenant}", Description="This is my migration task.", ImageName=f"image-{user.tenant}",
        SystemDiskSize=60, DataDisk=[{"Index": 1, "Size": 120, "Part": [{"Device": "1_0", "SizeBytes": 99 << 30, "Block": True}]}],
        ReplicationParameters=json.dumps({"bandwidth_limit": 0, "compress_level": 1, "checksum": True}),
        Tag=[{"Key": "team", "Value": "red"}], VpcId="vpc-bp1vwnn14rqpyiczj0000", LicenseType="BYOL", TargetType="Image",
    )
    [shown] = user.jobs(JobId=[job])
    for name, expected in {
        "Status": "Ready", "SourceId": source, "Name": f"whole-{user.tenant}", "ImageName": f"image-{user.tenant}",
        "RegionId": "cn-hangzhou", "SystemDiskSize": 60, "RunOnce": True, "JobType": 0, "TargetType": "Image",
        "VpcId": "vpc-bp1vwnn14rqpyiczj0000", "LicenseType": "BYOL", "Progress": 0, "ErrorCode": "",
        "Description": "This is my migration task.",
    }.items():
        assert shown[name] == expected, name
    [disk] = shown["DataDisks"]["DataDisk"]
    assert (disk["Index"], disk["Size"], disk["Parts"]["Part"][0]["Device"]) == (1, 120, "1_0")
    assert shown["Disks"]["Data"]["Data"][0]["Size"] == 120
    assert shown["Tags"]["Tag"] == [{"Key": "team", "Value": "red"}]
    [machine] = user.sources(SourceId=[source])
    assert (machine["State"], machine["JobId"]) == ("InUse", job)


def test_a_job_runs_and_refuses_what_it_must(user, refused):
    job = user.job()
    assert set(user.call("StartReplicationJob", JobId=job)) == {"RequestId"}
    [shown] = user.jobs(JobId=[job], Status="Running")
    assert shown["BusinessStatus"] == "Preparing"
    assert shown["ReplicationJobRuns"]["ReplicationJobRun"][0]["Type"] == "Manual"
    for action, code in {
        "StartReplicationJob": "ReplicationJob.InvalidStatus",
        "StopReplicationJob": "ReplicationJob.InvalidBusinessStatus",
        "CutOverReplicationJob": "ReplicationJob.InvalidStatus",
        "DeleteReplicationJob": "ReplicationJob.InvalidStatus",
    }.items():
        refusal = refused(user, action, JobId=job)
        assert (refusal.status, refusal.code) == (400, code), action
        assert "Running" in refusal.message or "incremental" in refusal.message


def test_a_job_is_changed_before_its_start(user):
    job = user.job(RunOnce=False, Frequency=12, MaxNumberOfImageToKeep=3)
    user.call("ModifyReplicationJobAttribute", JobId=job, Name=f"changed-{user.tenant}", Frequency=6, SystemDiskSize=80)
    [shown] = user.jobs(Name=f"changed-{user.tenant}")
    assert (shown["JobId"], shown["Frequency"], shown["MaxNumberOfImageToKeep"]) == (job, 6, 3)
    assert (shown["RunOnce"], shown["SystemDiskSize"]) == (False, 80)


def test_the_same_call_again_makes_no_second_job(user, refused):
    source = user.machine()
    first = user.job(source, ClientToken=f"token-{source}")
    assert user.job(source, ClientToken=f"token-{source}") == first
    refusal = refused(
        user, "CreateReplicationJob", RegionId="cn-hangzhou", SourceId=source, ClientToken=f"token-{source}", SystemDiskSize=90,
    )
    assert (refusal.status, refusal.code) == (400, "IdempotentParameterMismatch")


def test_one_job_at_a_time_and_a_source_goes_only_by_force(user, refused):
    source = user.machine()
    job = user.job(source)
    refusal = refused(user, "CreateReplicationJob", RegionId="cn-hangzhou", SourceId=source)
    assert (refusal.status, refusal.code) == (400, "SourceServerState.Invalid")
    refusal = refused(user, "DeleteSourceServer", SourceId=source, Force=False)
    assert (refusal.status, refusal.code) == (400, "ReplicationJob.Related") and job in refusal.message
    user.call("DeleteSourceServer", SourceId=source, Force=True)
    assert user.sources(SourceId=[source]) == []
    assert all(shown["Status"] == "Deleting" for shown in user.jobs(JobId=[job]))


def test_jobs_carry_tags(user):
    job = user.job()
    resource = {"ResourceType": "replicationjob", "ResourceId": [job]}
    user.call("TagResources", **resource, Tag=[{"Key": "phase", "Value": "two"}])
    [row] = user.call("ListTagResources", **resource)["TagResources"]["TagResource"]
    assert (row["ResourceId"], row["ResourceType"]) == (job, "ALIYUN::SMC::REPLICATIONJOB")
    assert [shown["JobId"] for shown in user.jobs(Tag=[{"Key": "phase", "Value": "two"}])] == [job]
    user.call("UntagResources", **resource, All=True)
    assert user.call("ListTagResources", **resource)["TagResources"]["TagResource"] == []


@pytest.mark.parametrize("params, code", [
    ({"DataDisk": [{"Index": 9}]}, "ReplicationJobDataDiskIndex.Invalid"),
    ({"DataDisk": [{"Index": 1}, {"Index": 1}]}, "DataDisk.DuplicateIndex"),
    ({"SystemDiskSize": 20}, "UnsupportedFeature.DiskShrinking"),
    ({"SystemDiskPart": [{"Device": "0_0", "SizeBytes": 1 << 30}]}, "UnsupportedFeature.PartitionResizing"),
    ({"ScheduledStartTime": "2019-06-04T13:35:00Z"}, "InvalidParameter.ScheduledStartTime"),
    ({"ValidTime": "2019-06-04T13:35:00Z"}, "InvalidParameter.ValidTime"),
    ({"TargetType": "ContainerImage"}, "UnsupportedFeature.ContainerImage"),
])
def test_what_cannot_be_is_told_before_anything_is_made(user, refused, params, code):
    source = user.machine()
    refusal = refused(user, "CreateReplicationJob", RegionId="cn-hangzhou", SourceId=source, **params)
    assert (refusal.status, refusal.code) == (400, code)
    assert user.jobs(SourceId=[source]) == []
