//! Jobs by the operations of the contract, with someone who conducts them.

use std::sync::Arc;

use serde_json::Value;
use smc::{
    JobId, SourceId,
    job::{Event, Image, Job, JobProgress, Refused, State},
};

use crate::harness::{World, call, on_both_engines};

const DAY: i64 = 86_400;

impl World {
    /// Imports a machine; gives its source.
    async fn machine(&self, number: u32) -> String {
        let code = self.code(5, 90).await;
        self.source(&code, number).await.to_string()
    }

    /// Creates a job with these parameters more than the required ones.
    async fn job(&self, source: &str, params: &[(&str, &str)]) -> Result<JobId, String> {
        let mut all = vec![("RegionId", "cn-hangzhou"), ("SourceId", source)];
        all.extend(params);
        let reply = call(self, "CreateReplicationJob", &all).await?;
        Ok(JobId::parse(reply["JobId"].as_str().unwrap()).unwrap())
    }

    /// Calls an operation about one job.
    async fn on(&self, operation: &str, job: &JobId, params: &[(&str, &str)]) -> Result<Value, String> {
        let mut all = vec![("JobId", job.as_str())];
        all.extend(params);
        call(self, operation, &all).await
    }

    async fn shown(&self, job: &JobId) -> Value {
        let reply = call(self, "DescribeReplicationJobs", &[("JobId.1", job.as_str())]).await.unwrap();
        reply["ReplicationJobs"]["ReplicationJob"][0].clone()
    }

    async fn status(&self, job: &JobId) -> String {
        self.shown(job).await["Status"].as_str().unwrap_or("gone").to_owned()
    }

    /// What someone who has never looked is told to conduct.
    async fn to_conduct(&self) -> Vec<Job> {
        self.registry.changes_to_conduct(Arc::default()).await.unwrap().1
    }

    async fn conducted(&self, job: &JobId) -> Job {
        self.to_conduct().await.into_iter().find(|conducted| conducted.id == *job).unwrap()
    }

    async fn event(&self, job: &JobId, event: Event) -> Result<Job, Refused> {
        self.registry.job_event(job.clone(), event).await.unwrap()
    }

    /// Conducts the run that goes on to its end; gives its image and those that went for it.
    pub(crate) async fn run_through(&self, id: &JobId) -> (Image, Vec<Image>) {
        let job = self.conducted(id).await;
        let State::Running(running) = &job.state else { panic!("{:?}", job.state) };
        let run = running.run.clone().unwrap();
        self.event(id, Event::Prepared { run: run.clone() }).await.unwrap();
        self.event(id, Event::Synced { run: run.clone() }).await.unwrap();
        let image = Image {
            id: self.registry.new_image_id().unwrap(),
            account: job.account,
            job: id.clone(),
            run: run.clone(),
            source: job.source.clone(),
            name: self.registry.next_image_name(id.clone()).await.unwrap(),
            created: job.created,
            size_bytes: 30 << 30,
            roots: vec!["00ff".into()],
            storage: "reflink".into(),
        };
        let (_, surplus) = self.registry.image_of_run(image.clone()).await.unwrap().unwrap();
        self.event(id, Event::Cleaned { run: Some(run) }).await.unwrap();
        (image, surplus)
    }

    /// The audit trail of one thing, the oldest first, as event and detail.
    async fn trail(&self, resource: &str) -> Vec<String> {
        let reply = call(self, "ListAuditEvents", &[("ResourceId", resource)]).await.unwrap();
        let events = reply["AuditEvents"]["AuditEvent"].as_array().unwrap().iter().rev();
        events.map(|event| event["Event"].as_str().unwrap().to_owned()).collect()
    }
}

#[test]
fn a_job_runs_to_its_image_and_its_trail_says_so() {
    on_both_engines(|world| async move {
        let source = world.machine(1).await;
        let job = world
            .job(
                &source,
                &[("Name", "web"), ("ImageName", "golden"), ("Tag.1.Key", "team"), ("VpcId", "vpc-1")],
            )
            .await
            .unwrap();
        let shown = world.shown(&job).await;
        for (field, expected) in [
            ("Status", "Ready"),
            ("Name", "web"),
            ("ImageName", "golden"),
            ("SourceId", source.as_str()),
            ("VpcId", "vpc-1"),
            ("TargetType", "Image"),
            ("ErrorCode", ""),
        ] {
            assert_eq!(shown[field], expected, "{field}");
        }
        assert_eq!((&shown["RunOnce"], &shown["Progress"]), (&true.into(), &0.0.into()));
        assert_eq!(shown["DataDisks"]["DataDisk"][1]["Index"], 2);
        assert_eq!(shown["Tags"]["Tag"][0]["Key"], "team");
        assert_eq!(world.to_conduct().await, []);

        world.on("StartReplicationJob", &job, &[]).await.unwrap();
        assert_eq!(
            world.on("StopReplicationJob", &job, &[]).await.unwrap_err(),
            "ReplicationJob.InvalidBusinessStatus"
        );
        assert_eq!(
            world.on("DeleteReplicationJob", &job, &[]).await.unwrap_err(),
            "ReplicationJob.InvalidStatus"
        );
        let noted = JobProgress { percent: 41.5, info: r#"{"phase":"full"}"#.into() };
        world.registry.note_progress(vec![(job.clone(), noted)]).await.unwrap();
        let running = world.shown(&job).await;
        assert_eq!((&running["BusinessStatus"], &running["Progress"]), (&"Preparing".into(), &41.5.into()));
        assert_eq!(running["StatusInfo"], r#"{"phase":"full"}"#);

        let (image, surplus) = world.run_through(&job).await;
        assert_eq!((image.name.as_str(), surplus.len()), ("golden", 0));
        let done = world.shown(&job).await;
        assert_eq!((&done["Status"], &done["Progress"]), (&"Finished".into(), &100.0.into()));
        assert_eq!(done["ImageId"], image.id.as_str());
        let run = &done["ReplicationJobRuns"]["ReplicationJobRun"][0];
        assert_eq!((&run["Type"], &run["ImageId"]), (&"Manual".into(), &image.id.as_str().into()));
        assert!(run["EndTime"].is_string());
        assert_eq!(done["StatusInfo"], r#"{"phase":"full"}"#, "the figures of the last run stay");

        let images = call(&world, "DescribeImages", &[("JobId", job.as_str())]).await.unwrap();
        assert_eq!(images["Images"]["Image"][0]["ImageName"], "golden");
        assert_eq!(images["TotalCount"], 1);
        world.on("DeleteReplicationJob", &job, &[]).await.unwrap();
        world.on("DeleteReplicationJob", &job, &[]).await.unwrap();
        assert_eq!(world.status(&job).await, "Deleting");
        assert_eq!(
            world.trail(job.as_str()).await,
            ["job.created", "job.started", "job.finished", "job.deleted"]
        );
        world.registry.forget_job(job.clone()).await.unwrap();
        assert_eq!(world.on("StartReplicationJob", &job, &[]).await.unwrap_err(), "InvalidJobId.NotFound");
        let images = call(&world, "DescribeImages", &[]).await.unwrap();
        assert_eq!(images["TotalCount"], 1, "images outlive their job");
    });
}

#[test]
fn an_incremental_job_makes_cycles_on_the_clock_and_keeps_so_many_images() {
    on_both_engines(|world| async move {
        let source = world.machine(1).await;
        let params = [
            ("RunOnce", "false"),
            ("Frequency", "6"),
            ("MaxNumberOfImageToKeep", "2"),
            ("ImageName", "nightly"),
        ];
        let job = world.job(&source, &params).await.unwrap();
        world.on("StartReplicationJob", &job, &[]).await.unwrap();
        assert_eq!(world.run_through(&job).await.0.name, "nightly_CYCLE_1");
        assert_eq!(world.status(&job).await, "Waiting");
        for cycle in 2..5 {
            world.clock.advance(6 * 3_600 - 1);
            assert!(world.registry.tick_jobs().await.unwrap().is_empty());
            world.clock.advance(1);
            assert_eq!(world.registry.tick_jobs().await.unwrap(), std::slice::from_ref(&job));
            assert!(world.registry.tick_jobs().await.unwrap().is_empty(), "a cycle begins once");
            let (image, surplus) = world.run_through(&job).await;
            assert_eq!(image.name, format!("nightly_CYCLE_{cycle}"));
            assert_eq!(surplus.len(), usize::from(cycle > 2), "{cycle}");
            if let [oldest] = &surplus[..] {
                assert_eq!(oldest.name, format!("nightly_CYCLE_{}", cycle - 2));
                let images = call(&world, "DescribeImages", &[]).await.unwrap();
                assert_eq!(images["TotalCount"], 3, "listed until its files are gone");
                world.registry.forget_image(oldest.id.clone()).await.unwrap();
            }
        }
        let images = call(&world, "DescribeImages", &[]).await.unwrap();
        let names: Vec<_> = images["Images"]["Image"]
            .as_array()
            .unwrap()
            .iter()
            .map(|image| image["ImageName"].clone())
            .collect();
        assert_eq!(names, ["nightly_CYCLE_4", "nightly_CYCLE_3"]);

        let modify = world.on("ModifyReplicationJobAttribute", &job, &[("Frequency", "1")]).await;
        modify.unwrap();
        let refused = world.on("ModifyReplicationJobAttribute", &job, &[("ImageName", "other")]).await;
        assert_eq!(refused.unwrap_err(), "ReplicationJob.InvalidStatus");
        let offline = world.on("CutOverReplicationJob", &job, &[("SyncData", "true")]).await;
        assert_eq!(offline.unwrap_err(), "SourceServerState.Invalid", "its agent was silent for a day");
        world.on("CutOverReplicationJob", &job, &[]).await.unwrap();
        let conducted = world.conducted(&job).await;
        assert!(matches!(&conducted.state, State::Running(running) if running.run.is_none() && running.last));
        world.event(&job, Event::Cleaned { run: None }).await.unwrap();
        let done = world.shown(&job).await;
        assert_eq!(done["Status"], "Finished");
        let runs = done["ReplicationJobRuns"]["ReplicationJobRun"].as_array().unwrap().clone();
        let kinds: Vec<_> = runs.iter().map(|run| run["Type"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["Manual", "Schedule", "Schedule", "Schedule"]);
    });
}

#[test]
fn a_job_without_a_valid_time_is_valid_for_thirty_days() {
    on_both_engines(|world| async move {
        let created = smc::ports::Clock::now(&*world.clock);
        for (number, params) in [(1, &[][..]), (2, &[("ValidTime", "")])] {
            let job = world.job(&world.machine(number).await, params).await.unwrap();
            assert_eq!(world.shown(&job).await["ValidTime"], created.plus_days(30).to_string(), "{params:?}");
        }
        world.clock.advance(30 * DAY - 1);
        assert_eq!(world.registry.tick_jobs().await.unwrap().len(), 0);
        world.clock.advance(1);
        assert_eq!(world.registry.tick_jobs().await.unwrap().len(), 2, "both expire in the same second");
    });
}

#[test]
fn an_image_whose_name_is_taken_is_told_apart_by_its_job() {
    on_both_engines(|world| async move {
        let made = async |number, more: &[(&str, &str)]| {
            let params = [&[("ImageName", "golden")], more].concat();
            let job = world.job(&world.machine(number).await, &params).await.unwrap();
            world.on("StartReplicationJob", &job, &[]).await.unwrap();
            let (image, _) = world.run_through(&job).await;
            (job, image.name)
        };
        assert_eq!(made(1, &[]).await.1, "golden");
        let (second, name) = made(2, &[]).await;
        assert_eq!(name, format!("golden_{second}"));
        // The names of cycles are others, and do not clash.
        let (_, name) =
            made(3, &[("RunOnce", "false"), ("Frequency", "24"), ("MaxNumberOfImageToKeep", "1")]).await;
        assert_eq!(name, "golden_CYCLE_1");
    });
}

#[test]
fn the_clock_starts_expires_and_removes() {
    on_both_engines(|world| async move {
        let now = || smc::ports::Clock::now(&*world.clock);
        let (planned, idle) = (world.machine(1).await, world.machine(2).await);
        let at = now().plus_seconds(3_600).to_string();
        let job = world.job(&planned, &[("ScheduledStartTime", &at)]).await.unwrap();
        let valid = now().plus_days(8).to_string();
        let forgotten = world.job(&idle, &[("ValidTime", &valid)]).await.unwrap();
        world.clock.advance(3_600);
        assert_eq!(world.registry.tick_jobs().await.unwrap(), std::slice::from_ref(&job));
        assert_eq!(world.status(&job).await, "Running");
        assert_eq!(world.shown(&job).await["ReplicationJobRuns"]["ReplicationJobRun"][0]["Type"], "Schedule");
        world.clock.advance(31 * DAY);
        assert_eq!(world.registry.tick_jobs().await.unwrap(), std::slice::from_ref(&forgotten));
        assert_eq!(
            (world.status(&job).await, world.status(&forgotten).await),
            ("Running".into(), "Expired".into())
        );
        let refused = world.on("StartReplicationJob", &forgotten, &[]).await;
        assert_eq!(refused.unwrap_err(), "ReplicationJob.InvalidStatus");
        world.clock.advance(7 * DAY);
        assert_eq!(world.registry.tick_jobs().await.unwrap(), std::slice::from_ref(&forgotten));
        assert_eq!(world.status(&forgotten).await, "Deleting");
        assert_eq!(world.trail(forgotten.as_str()).await, ["job.created", "job.expired", "job.deleted"]);
    });
}

#[test]
fn a_failed_run_says_why_and_goes_on() {
    on_both_engines(|world| async move {
        let source = world.machine(1).await;
        let job = world.job(&source, &[]).await.unwrap();
        world.on("StartReplicationJob", &job, &[]).await.unwrap();
        let State::Running(running) = world.conducted(&job).await.state else { panic!("not running") };
        let failed = Event::Failed {
            run: running.run.clone(),
            code: "Staging.NoSpace".into(),
            message: "the disk of the center is full".into(),
        };
        world.event(&job, failed.clone()).await.unwrap();
        assert_eq!(world.event(&job, failed).await, Err(Refused::Stale));
        let shown = world.shown(&job).await;
        assert_eq!((&shown["Status"], &shown["ErrorCode"]), (&"InError".into(), &"Staging.NoSpace".into()));
        let info: Value = serde_json::from_str(shown["StatusInfo"].as_str().unwrap()).unwrap();
        assert_eq!(info["error_msg"], "the disk of the center is full");
        assert!(world.to_conduct().await.is_empty());
        world.on("StartReplicationJob", &job, &[]).await.unwrap();
        let (image, _) = world.run_through(&job).await;
        assert_eq!(image.name, job.as_str(), "named by its job when nobody chose a name");
        assert_eq!(world.shown(&job).await["ErrorCode"], "");
    });
}

#[test]
fn what_stands_against_a_job_is_told_by_its_code() {
    on_both_engines(|world| async move {
        let (one, two) = (world.machine(1).await, world.machine(2).await);
        let job = world.job(&one, &[("Name", "web"), ("ImageName", "golden")]).await.unwrap();
        let now = smc::ports::Clock::now(&*world.clock);
        let far = now.plus_days(31).to_string();
        let soon = now.plus_days(6).to_string();
        let past = now.to_string();
        let refusals: &[(&[(&str, &str)], &str)] = &[
            (&[("Name", "web")], "ReplicationJobName.Duplicate"),
            (&[("ImageName", "golden")], "ImageName.UsedByReplicationJob"),
            (&[("ScheduledStartTime", &past)], "InvalidParameter.ScheduledStartTime"),
            (&[("ScheduledStartTime", &far)], "InvalidParameter.ScheduledStartTime"),
            (&[("ValidTime", &soon)], "InvalidParameter.ValidTime"),
            (&[("RunOnce", "false"), ("Frequency", "6")], "MissingParameter.MaxNumberOfImageToKeep"),
            (&[("ReplicationParameters", r#"{"ssl":1}"#)], "InvalidParameter.ReplicationParameters"),
            (&[("DataDisk.1.Index", "3")], "ReplicationJobDataDiskIndex.Invalid"),
            (&[("DataDisk.1.Size", "40")], "ReplicationJobDataDiskIndex.Invalid"),
            (&[("DataDisk.1.Index", "1"), ("DataDisk.2.Index", "1")], "DataDisk.DuplicateIndex"),
            (&[("DataDisk.1.Index", "1"), ("DataDisk.1.Size", "29")], "UnsupportedFeature.DiskShrinking"),
            (&[("SystemDiskSize", "20")], "UnsupportedFeature.DiskShrinking"),
            (
                &[("SystemDiskPart.1.Device", "0_0"), ("SystemDiskPart.1.SizeBytes", "1073741824")],
                "UnsupportedFeature.PartitionResizing",
            ),
            (
                &[("SystemDiskPart.1.Device", "0_7"), ("SystemDiskPart.1.SizeBytes", "1073741824")],
                "InvalidParameter.SystemDiskPartDevice",
            ),
            (&[("SystemDiskPart.1.Block", "False")], "UnsupportedFeature.FileReplication"),
            (&[("Disks.System.LVM", "true")], "UnsupportedFeature.LVM"),
            (&[("Disks.System.Size", "40"), ("DataDisk.1.Index", "1")], "InvalidParameter.Disks"),
            (&[("Disks.Data.1.Part.1.Path", "/nowhere")], "InvalidParameter.DisksDataPartPath"),
            (&[("JobType", "1")], "UnsupportedFeature.OsMigration"),
            (&[("JobType", "2")], "UnsupportedFeature.CrossZoneMigration"),
            (&[("JobType", "3")], "UnsupportedFeature.VMwareMigration"),
            (&[("TargetType", "containerimage")], "UnsupportedFeature.ContainerImage"),
            (&[("TargetType", "TargetInstance"), ("InstanceId", "i-1")], "UnsupportedFeature.TargetInstance"),
        ];
        for (params, code) in refusals {
            assert_eq!(world.job(&two, params).await.unwrap_err(), *code, "{params:?}");
        }
        assert_eq!(world.job(&one, &[]).await.unwrap_err(), "SourceServerState.Invalid", "one job at a time");
        let nobody = SourceId::from_random(&[9; 32]).to_string();
        assert_eq!(world.job(&nobody, &[]).await.unwrap_err(), "InvalidSourceId.NotFound");
        let other = World { caller: world.other.clone(), ..world };
        assert_eq!(other.job(&one, &[]).await.unwrap_err(), "InvalidSourceId.NotFound");
        for operation in ["StartReplicationJob", "DeleteReplicationJob", "StopReplicationJob"] {
            assert_eq!(other.on(operation, &job, &[]).await.unwrap_err(), "InvalidJobId.NotFound");
        }
        let listed = call(&other, "DescribeReplicationJobs", &[]).await.unwrap();
        assert_eq!(listed["TotalCount"], 0);
        let own = World { caller: other.other.clone(), other: other.other.clone(), ..other };
        own.clock.advance(91);
        let own = World {
            caller: smc::account::Caller {
                account: "0000000000000001".parse().unwrap(),
                ..own.caller.clone()
            },
            ..own
        };
        assert_eq!(own.job(&two, &[]).await.unwrap_err(), "SourceServerState.Invalid", "offline");
        assert_eq!(own.on("StartReplicationJob", &job, &[]).await.unwrap_err(), "SourceServerState.Invalid");
        assert_eq!(
            own.on("CutOverReplicationJob", &job, &[]).await.unwrap_err(),
            "ReplicationJob.InvalidStatus"
        );
    });
}

#[test]
fn the_same_call_again_gives_the_same_job() {
    on_both_engines(|world| async move {
        let source = world.machine(1).await;
        let params =
            [("ClientToken", "t-1"), ("Name", "web"), ("DataDisk.1.Index", "2"), ("DataDisk.1.Size", "40")];
        let job = world.job(&source, &params).await.unwrap();
        assert_eq!(world.job(&source, &params).await.unwrap(), job);
        let with_default = [&params[..], &[("RunOnce", "True")]].concat();
        assert_eq!(world.job(&source, &with_default).await.unwrap(), job);
        assert_eq!(world.job(&source, &params[..2]).await.unwrap_err(), "IdempotentParameterMismatch");
        let shown = world.shown(&job).await;
        assert_eq!(shown["DataDisks"]["DataDisk"].as_array().unwrap().len(), 1);
        assert_eq!(shown["DataDisks"]["DataDisk"][0]["Size"], 40);
        assert_eq!(shown["Disks"]["System"]["Size"], 30);
    });
}

#[test]
fn a_job_is_changed_as_far_as_it_still_may_be() {
    on_both_engines(|world| async move {
        let source = world.machine(1).await;
        let job = world.job(&source, &[]).await.unwrap();
        let now = smc::ports::Clock::now(&*world.clock);
        let modify = async |params: &[(&str, &str)]| {
            world.on("ModifyReplicationJobAttribute", &job, params).await.err()
        };
        let (later, valid) = (now.plus_days(9).to_string(), now.plus_days(60).to_string());
        let early = now.plus_days(8).to_string();
        let whole = [
            ("Name", "web"),
            ("Description", "rack 7."),
            ("ImageName", "golden"),
            ("ScheduledStartTime", later.as_str()),
            ("ValidTime", valid.as_str()),
            ("SystemDiskSize", "40"),
            ("DataDisk.1.Index", "1"),
            ("NetMode", "0"),
            ("ReplicationParameters", r#"{"bandwidth_limit":1024}"#),
        ];
        assert_eq!(modify(&whole).await, None);
        let shown = world.shown(&job).await;
        for (field, expected) in &whole[..5] {
            assert_eq!(shown[field], *expected);
        }
        assert_eq!(shown["SystemDiskSize"], 40);
        assert_eq!(shown["DataDisks"]["DataDisk"].as_array().unwrap().len(), 1);
        for (params, code) in [
            ([("Frequency", "2")], "InvalidParameter.Frequency"),
            ([("MaxNumberOfImageToKeep", "2")], "InvalidParameter.MaxNumberOfImageToKeep"),
            ([("ValidTime", &early)], "InvalidParameter.ScheduledStartTime"),
            ([("SystemDiskSize", "20")], "UnsupportedFeature.DiskShrinking"),
            ([("DataDisk.1.Index", "4")], "ReplicationJobDataDiskIndex.Invalid"),
            ([("TargetType", "ContainerImage")], "UnsupportedFeature.ContainerImage"),
        ] {
            assert_eq!(modify(&params).await.as_deref(), Some(code));
        }
        world.on("StartReplicationJob", &job, &[]).await.unwrap();
        let live = r#"{"bandwidth_limit":"512","compress_level":3,"checksum":true}"#;
        assert_eq!(modify(&[("ReplicationParameters", live), ("Name", "renamed")]).await, None);
        let parameters = world.conducted(&job).await.settings.parameters;
        assert_eq!((parameters.bandwidth_limit, parameters.checksum), (512, Some(true)));
        assert_eq!(
            modify(&[("ScheduledStartTime", &later)]).await.as_deref(),
            Some("ReplicationJob.InvalidStatus")
        );
        let changes = call(&world, "ListAuditEvents", &[("Event", "job.changed")]).await.unwrap();
        assert_eq!(changes["AuditEvents"]["AuditEvent"][0]["Detail"], "Name, ReplicationParameters");
    });
}

#[test]
fn jobs_show_on_their_sources_and_groups_and_go_with_them() {
    on_both_engines(|world| async move {
        let (one, two) = (world.machine(1).await, world.machine(2).await);
        let group =
            call(&world, "CreateWorkgroup", &[]).await.unwrap()["WorkgroupId"].as_str().unwrap().to_owned();
        let join =
            [("WorkgroupId", group.as_str()), ("SourceId.1", one.as_str()), ("SourceId.2", two.as_str())];
        call(&world, "AssociateSourceServers", &join).await.unwrap();
        let status = async || {
            let reply = call(&world, "DescribeWorkgroups", &[]).await.unwrap();
            reply["Workgroups"]["Workgroup"][0]["Status"].as_str().unwrap().to_owned()
        };
        let sources = async |params: &[(&str, &str)]| {
            let reply = call(&world, "DescribeSourceServers", params).await.unwrap();
            let rows = reply["SourceServers"]["SourceServer"].as_array().unwrap().clone();
            assert_eq!(reply["TotalCount"], rows.len());
            rows
        };
        let job = world.job(&one, &[]).await.unwrap();
        assert_eq!(status().await, "NotStarted");
        world.on("StartReplicationJob", &job, &[]).await.unwrap();
        assert_eq!(status().await, "InProgress");
        let in_use = sources(&[("State", "InUse")]).await;
        assert_eq!((in_use.len(), &in_use[0]["JobId"]), (1, &job.as_str().into()));
        for (params, expected) in [
            (("State", "Available"), &two),
            (("JobId", job.as_str()), &one),
            (("RelatedJobType.1", "Server"), &one),
            (("RelatedJobType.1", "Not_Related"), &two),
        ] {
            let rows = sources(&[params]).await;
            assert_eq!((rows.len(), &rows[0]["SourceId"]), (1, &expected.as_str().into()), "{params:?}");
        }
        assert!(sources(&[("RelatedJobType.1", "VMWare")]).await.is_empty());

        let remove = async |force: &str| {
            call(&world, "DeleteSourceServer", &[("SourceId", &one), ("Force", force)]).await.err()
        };
        for force in ["false", "true"] {
            assert_eq!(remove(force).await.as_deref(), Some("SourceServer.WithRunningReplicationJob"));
        }
        world.run_through(&job).await;
        assert_eq!(sources(&[("State", "Available")]).await.len(), 2);
        assert_eq!(remove("false").await.as_deref(), Some("ReplicationJob.Related"));
        assert_eq!(remove("true").await, None);
        assert_eq!(
            world.conducted(&job).await.state,
            State::Deleting,
            "what it occupies is still to be freed"
        );
        assert_eq!(sources(&[]).await.len(), 1);
        world.registry.forget_job(job.clone()).await.unwrap();
        assert_eq!(world.status(&job).await, "gone");
        assert_eq!(world.trail(&group).await, ["workgroup.created", "workgroup.joined"]);
    });
}

#[test]
fn leases_go_to_one_center_at_a_time() {
    on_both_engines(|world| async move {
        let source = world.machine(1).await;
        let job = world.job(&source, &[]).await.unwrap();
        let take =
            async |center: &str| world.registry.take_lease(job.clone(), center.to_owned(), 15).await.unwrap();
        assert!(take("a").await && take("a").await && !take("b").await);
        world.clock.advance(16);
        assert!(take("b").await && !take("a").await);
        world.registry.drop_lease(job.clone(), "a".into()).await.unwrap();
        assert!(!take("a").await);
        world.registry.drop_lease(job.clone(), "b".into()).await.unwrap();
        assert!(take("a").await);
    });
}

#[test]
fn jobs_are_found_by_what_they_are_asked_for() {
    on_both_engines(|world| async move {
        let (one, two) = (world.machine(1).await, world.machine(2).await);
        let first = world.job(&one, &[("Name", "web"), ("ResourceGroupId", "rg-1")]).await.unwrap();
        let second = world.job(&two, &[("Tag.1.Key", "team"), ("Tag.1.Value", "red")]).await.unwrap();
        let (first, second) = (first.as_str(), second.as_str());
        for (params, expected) in [
            (vec![], vec![second, first]),
            (vec![("Name", "web")], vec![first]),
            (vec![("SourceId.1", two.as_str())], vec![second]),
            (vec![("RegionId", "cn-hangzhou"), ("Status", "Ready")], vec![second, first]),
            (vec![("RegionId", "cn-shanghai")], vec![]),
            (vec![("Status", "Running")], vec![]),
            (vec![("BusinessStatus", "Syncing")], vec![]),
            (vec![("Tag.1.Key", "team")], vec![second]),
            (vec![("ResourceGroupId", "rg-1")], vec![first]),
            (vec![("JobType", "0"), ("JobId.1", first)], vec![first]),
            (vec![("JobType", "3")], vec![]),
            (vec![("InstanceId.1", "i-1")], vec![]),
            (vec![("JobId.1", "j-unknown")], vec![]),
        ] {
            let reply = call(&world, "DescribeReplicationJobs", &params).await.unwrap();
            let rows = reply["ReplicationJobs"]["ReplicationJob"].as_array().unwrap();
            let ids: Vec<_> = rows.iter().map(|row| row["JobId"].as_str().unwrap()).collect();
            assert_eq!(ids, expected, "{params:?}");
            assert_eq!(reply["TotalCount"], expected.len());
        }
        let page =
            call(&world, "DescribeReplicationJobs", &[("PageNumber", "2"), ("PageSize", "1")]).await.unwrap();
        assert_eq!(page["ReplicationJobs"]["ReplicationJob"][0]["JobId"], first);
        assert_eq!(page["TotalCount"], 2);

        let kind = ("ResourceType", "replicationjob");
        let tag = [kind, ("ResourceId.1", first), ("Tag.1.Key", "owner"), ("Tag.1.Value", "mia")];
        call(&world, "TagResources", &tag).await.unwrap();
        let tagged = call(&world, "ListTagResources", &[kind, ("Tag.1.Key", "owner")]).await.unwrap();
        let row = &tagged["TagResources"]["TagResource"][0];
        assert_eq!(
            (&row["ResourceId"], &row["ResourceType"]),
            (&first.into(), &"ALIYUN::SMC::REPLICATIONJOB".into())
        );
        call(&world, "UntagResources", &[kind, ("ResourceId.1", first), ("All", "true")]).await.unwrap();
        let left = call(&world, "ListTagResources", &[kind]).await.unwrap();
        assert_eq!(left["TagResources"]["TagResource"].as_array().unwrap().len(), 1);
        let unknown = [kind, ("ResourceId.1", one.as_str()), ("Tag.1.Key", "owner")];
        assert_eq!(call(&world, "TagResources", &unknown).await.unwrap_err(), "InvalidResourceId.NotFound");
    });
}
