"""Migration sources through each client: what the real agent brought, read, renamed, tagged, deleted."""

import json

from harness import machines


def test_a_machine_imported_by_the_real_agent_is_read_whole(user):
    imported = machines.import_this_machine(user.setting, user.tenant, name=f"this-machine-{user.tenant}")
    [source] = user.sources(SourceId=[imported["source_id"]])
    assert source["Name"] == f"this-machine-{user.tenant}"
    assert (source["State"], source["Architecture"], source["HeartbeatRate"]) == ("Available", "x86_64", 30)
    assert source["AgentVersion"] and source["Platform"] and source["ReplicationDriver"] == "SMT"
    system = json.loads(source["SystemInfo"])
    assert system["hostname"] and int(system["cores"]) > 0 and float(system["memory"]) > 0
    assert len(source["SystemInfo"]) <= 1024 and all(isinstance(value, str) for value in system.values())
    assert imported["disk"] in [disk["Path"] for disk in source["DataDisks"]["DataDisk"]]
    [code] = user.codes(AccessTokenId=[imported["code"]])
    assert code["RegisteredCount"] == "1"
    user.call("DeleteSourceServer", SourceId=imported["source_id"])


def test_disks_and_partitions_come_in_their_wrappers(user):
    [source] = user.sources(SourceId=[user.machine()])
    assert source["SystemDiskSize"] == 40
    [part] = source["SystemDiskParts"]["SystemDiskPart"]
    assert (part["Device"], part["SizeBytes"], part["Need"]) == ("0_0", 39 << 30, True)
    assert source["Disks"]["System"]["Parts"]["Part"][0]["Path"] == "/"
    assert source["Disks"]["Data"]["Data"][0]["Size"] == 100
    [data] = source["DataDisks"]["DataDisk"]
    assert (data["Index"], data["Size"]) == (1, 100)
    [part] = data["Parts"]["Part"]
    assert (part["Device"], part["Path"]) == ("1_0", "/srv")


def test_sources_are_found_by_id_name_and_state(user):
    first, second = user.machine("found-1"), user.machine("found-2")
    user.call("ModifySourceServerAttribute", SourceId=first, Name=f"found-first-{user.tenant}")
    ids = lambda **filters: [source["SourceId"] for source in user.sources(**filters)]  # noqa: E731
    assert ids(Name=f"found-first-{user.tenant}") == [first]
    assert set(ids(SourceId=[first, second], State="Available")) == {first, second}
    assert ids(SourceId=[first, second], State="Unavailable") == []
    assert user.sources(SourceId=["s-bp1e2fsl57knvuug0000"]) == []


def test_sources_come_in_pages(user):
    made = {user.machine() for _ in range(3)}
    seen = []
    for page in (1, 2, 3, 4):
        reply = user.call("DescribeSourceServers", SourceId=sorted(made), PageNumber=page, PageSize=1)
        assert (reply["PageNumber"], reply["PageSize"], reply["TotalCount"]) == (page, 1, 3)
        seen += [source["SourceId"] for source in reply["SourceServers"]["SourceServer"]]
    assert len(seen) == 3 and set(seen) == made


def test_a_source_gets_another_name_and_description(user):
    source = user.machine()
    user.call("ModifySourceServerAttribute", SourceId=source, Name=f"renamed-{user.tenant}", Description="rack 7, left")
    [shown] = user.sources(SourceId=[source])
    assert (shown["Name"], shown["Description"]) == (f"renamed-{user.tenant}", "rack 7, left")


def test_a_name_belongs_to_one_source(user, refused):
    first, second = user.machine(), user.machine()
    name = f"only-one-{user.tenant}"
    user.call("ModifySourceServerAttribute", SourceId=first, Name=name)
    refusal = refused(user, "ModifySourceServerAttribute", SourceId=second, Name=name)
    assert (refusal.status, refusal.code) == (400, "SourceServerName.Duplicate")


def test_a_silent_source_is_offline(user, emulator):
    source = user.machine()
    emulator.advance(minutes=5)
    [shown] = user.sources(SourceId=[source])
    assert (shown["State"], shown["ErrorCode"]) == ("Unavailable", "SourceServer.Offline")


def test_a_deleted_source_is_gone(user):
    source = user.machine()
    assert set(user.call("DeleteSourceServer", SourceId=source, Force=False)) == {"RequestId"}
    assert user.sources(SourceId=[source]) == []


def test_tags_are_set_found_listed_and_taken_off(user):
    first, second = user.machine(), user.machine()
    tags = [{"Key": "team", "Value": "red"}, {"Key": "阶段", "Value": ""}]
    user.call("TagResources", ResourceType="sourceserver", ResourceId=[first, second], Tag=tags)

    def listed(**filters):
        reply = user.call("ListTagResources", ResourceType="sourceserver", **filters)
        rows = reply["TagResources"]["TagResource"]
        assert {row["ResourceType"] for row in rows} <= {"ALIYUN::SMC::SOURCESERVER"}
        return {(row["ResourceId"], row["TagKey"], row["TagValue"]) for row in rows}

    assert listed(ResourceId=[first]) == {(first, "team", "red"), (first, "阶段", "")}
    assert {row[0] for row in listed(Tag=[{"Key": "team", "Value": "red"}])} == {first, second}
    shown = user.sources(Tag=[{"Key": "team", "Value": "red"}])
    assert {source["SourceId"] for source in shown} == {first, second}
    assert {(tag["Key"], tag["Value"]) for tag in shown[0]["Tags"]["Tag"]} == {("team", "red"), ("阶段", "")}

    user.call("TagResources", ResourceType="sourceserver", ResourceId=[first], Tag=[{"Key": "team", "Value": "blue"}])
    assert (first, "team", "blue") in listed(ResourceId=[first])
    user.call("UntagResources", ResourceType="sourceserver", ResourceId=[first], TagKey=["team"])
    assert listed(ResourceId=[first]) == {(first, "阶段", "")}
    user.call("UntagResources", ResourceType="sourceserver", ResourceId=[first, second], All=True)
    assert listed(ResourceId=[first, second]) == set()


def test_more_tags_than_fit_a_digit_keep_their_values(user):
    source = user.machine()
    tags = [{"Key": f"key-{number}", "Value": f"value-{number}"} for number in range(1, 13)]
    user.call("TagResources", ResourceType="sourceserver", ResourceId=[source], Tag=tags)
    [shown] = user.sources(SourceId=[source])
    assert sorted(shown["Tags"]["Tag"], key=str) == sorted(tags, key=str)
