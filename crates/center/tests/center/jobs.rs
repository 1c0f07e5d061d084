//! Replication jobs as their callers see them; no agent takes the work up.

use std::time::Duration;

use ram::UserName;
use serde_json::{Value, json};

use crate::{
    agents::import,
    harness::{Agent, Answer, Center, Key, random_machine},
};

pub(crate) async fn source(center: &Center) -> String {
    let code = center.code(&[]).await;
    let imported = import(center, &Agent::new(), &code, &random_machine()).await.ok();
    imported["source_id"].as_str().unwrap().to_owned()
}

async fn create(center: &Center, source: &str, more: &[(&str, &str)]) -> Answer {
    let params = [&[("RegionId", "cn-hangzhou"), ("SourceId", source)], more].concat();
    center.call("CreateReplicationJob", &params).await
}

pub(crate) async fn job(center: &Center, source: &str, more: &[(&str, &str)]) -> String {
    create(center, source, more).await.ok()["JobId"].as_str().unwrap().to_owned()
}

async fn shown(center: &Center, job: &str) -> Value {
    let listed = center.call("DescribeReplicationJobs", &[("JobId.1", job)]).await.ok();
    listed["ReplicationJobs"]["ReplicationJob"][0].clone()
}

#[tokio::test]
async fn a_job_is_created_seen_changed_started_and_deleted() {
    let center = Center::start().await;
    let source = source(&center).await;
    let settings = [("Name", "web"), ("SystemDiskSize", "40"), ("Tag.1.Key", "team"), ("Tag.1.Value", "red")];
    let id = job(&center, &source, &settings).await;
    let row = shown(&center, &id).await;
    for (field, expected) in [
        ("Status", json!("Ready")),
        ("Name", json!("web")),
        ("SourceId", json!(source)),
        ("RegionId", json!("cn-hangzhou")),
        ("SystemDiskSize", json!(40)),
        ("RunOnce", json!(true)),
        ("ErrorCode", json!("")),
    ] {
        assert_eq!(row[field], expected, "{field}");
    }
    let servers = center.call("DescribeSourceServers", &[("State", "InUse")]).await.ok();
    assert_eq!(servers["SourceServers"]["SourceServer"][0]["JobId"], json!(id));

    let parameters = [("JobId", id.as_str()), ("ReplicationParameters", r#"{"bandwidth_limit":512}"#)];
    center.call("ModifyReplicationJobAttribute", &parameters).await.ok();
    assert_eq!(shown(&center, &id).await["ReplicationParameters"], parameters[1].1);

    center.call("StartReplicationJob", &[("JobId", &id)]).await.ok();
    assert_eq!(shown(&center, &id).await["Status"], "Running");
    let again = center.call("StartReplicationJob", &[("JobId", &id)]).await;
    assert_eq!(again.refused(), (400, "ReplicationJob.InvalidStatus"));
    assert_eq!(
        again.body["Message"],
        "the job is Running; this is possible while it is Ready, Stopped, InError or Waiting"
    );
    let removed = center.call("DeleteReplicationJob", &[("JobId", &id)]).await;
    assert_eq!(removed.refused(), (400, "ReplicationJob.InvalidStatus"));
    let removed = center.call("DeleteSourceServer", &[("SourceId", &source), ("Force", "True")]).await;
    assert_eq!(removed.refused(), (400, "SourceServer.WithRunningReplicationJob"));
}

#[tokio::test]
async fn a_source_with_a_job_goes_only_by_force() {
    let center = Center::start().await;
    let source = source(&center).await;
    let id = job(&center, &source, &[]).await;
    let second = create(&center, &source, &[]).await;
    assert_eq!(second.refused(), (400, "SourceServerState.Invalid"));
    assert!(second.body["Message"].as_str().unwrap().contains(&id));
    let refused = center.call("DeleteSourceServer", &[("SourceId", &source)]).await;
    assert_eq!(refused.refused(), (400, "ReplicationJob.Related"));
    assert!(refused.body["Message"].as_str().unwrap().ends_with(&id), "{}", refused.body);
    center.call("DeleteSourceServer", &[("SourceId", &source), ("Force", "true")]).await.ok();
    assert_eq!(center.call("DescribeSourceServers", &[]).await.ok()["TotalCount"], 0);
    let row = shown(&center, &id).await;
    assert!(row.is_null() || row["Status"] == "Deleting", "{row}");
}

#[tokio::test]
async fn a_repeated_call_makes_no_second_job() {
    let center = Center::start().await;
    let source = source(&center).await;
    let params = [("ClientToken", "c-1"), ("Name", "web")];
    let id = job(&center, &source, &params).await;
    assert_eq!(job(&center, &source, &params).await, id);
    let other = create(&center, &source, &[("ClientToken", "c-1"), ("Name", "db")]).await;
    assert_eq!(other.refused(), (400, "IdempotentParameterMismatch"));
    assert_eq!(center.call("DescribeReplicationJobs", &[]).await.ok()["TotalCount"], 1);
}

#[tokio::test]
async fn what_a_private_center_cannot_do_is_refused_by_name() {
    let center = Center::start().await;
    let source = source(&center).await;
    for (params, code) in [
        (vec![("JobType", "1")], "UnsupportedFeature.OsMigration"),
        (vec![("TargetType", "ContainerImage")], "UnsupportedFeature.ContainerImage"),
        (vec![("Disks.System.LVM", "true")], "UnsupportedFeature.LVM"),
        (vec![("SystemDiskPart.1.Block", "false")], "UnsupportedFeature.FileReplication"),
    ] {
        assert_eq!(create(&center, &source, &params).await.refused(), (400, code));
    }
    let crossing = [("RegionId", "cn-hangzhou"), ("InstanceId", "i-1")];
    let answer = center.call("CreateCrossZoneMigrationJob", &crossing).await;
    assert!(matches!(answer.refused(), (400 | 501, _)), "{answer:?}");
    assert_eq!(center.call("DescribeReplicationJobs", &[]).await.ok()["TotalCount"], 0);
}

#[tokio::test]
async fn a_policy_may_speak_of_the_tags_on_a_job() {
    let center = Center::start().await;
    let identities = center.identities().await;
    let account = identities.accounts().await.unwrap()[0].id;
    let (user, policy): (UserName, ram::PolicyName) = ("mia".parse().unwrap(), "red".parse().unwrap());
    let document = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"smc:*","Resource":"*",
        "Condition":{"StringEquals":{"acs:ResourceTag/team":"red"}}}]}"#;
    identities.create_user(account, user.clone(), String::new()).await.unwrap();
    identities.put_policy(account, policy.clone(), document.into(), String::new()).await.unwrap();
    identities.attach(account, user.clone(), policy).await.unwrap();
    let key = Key::from(&identities.create_key(account, Some(user)).await.unwrap());

    let (one, two) = (source(&center).await, source(&center).await);
    let red = job(&center, &one, &[("Tag.1.Key", "team"), ("Tag.1.Value", "red")]).await;
    let blue = job(&center, &two, &[("Tag.1.Key", "team"), ("Tag.1.Value", "blue")]).await;
    center.call_as(&key, "StartReplicationJob", &[("JobId", &red)]).await.ok();
    let denied = center.call_as(&key, "StartReplicationJob", &[("JobId", &blue)]).await;
    assert_eq!(denied.refused(), (403, "Forbidden.Unauthorized"));
}

#[tokio::test]
async fn a_reset_leaves_no_job() {
    let center = Center::start_emulator().await;
    let source = source(&center).await;
    let id = job(&center, &source, &[]).await;
    center.post("/_landfall/reset", "").await.ok();
    assert_eq!(center.call("DescribeReplicationJobs", &[]).await.ok()["TotalCount"], 0);
    let gone = center.call("StartReplicationJob", &[("JobId", &id)]).await;
    assert_eq!(gone.refused(), (404, "InvalidJobId.NotFound"));
}

/// Asks until a job has a status: whoever conducts jobs looks at them once a second.
async fn becomes(center: &Center, job: &str, status: &str) -> Value {
    let asked = async {
        loop {
            let row = shown(center, job).await;
            if row["Status"] == status || (status == "gone" && row.is_null()) {
                return row;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), asked).await.unwrap()
}

#[tokio::test]
async fn a_schedule_starts_a_job_and_time_ends_it() {
    let center = Center::start_emulator().await;
    let (planned, idle) = (source(&center).await, source(&center).await);
    let now = center.post("/_landfall/clock", r#"{"advance":"0s"}"#).await.ok();
    let now = smc::Timestamp::parse(now["now"].as_str().unwrap()).unwrap();
    let at = now.plus_days(2).to_string();
    let scheduled = job(&center, &planned, &[("ScheduledStartTime", &at)]).await;
    let valid = now.plus_days(8).to_string();
    let forgotten = job(&center, &idle, &[("ValidTime", &valid)]).await;
    center.advance(2 * 86_400 - 60).await;
    assert_eq!(shown(&center, &scheduled).await["Status"], "Ready");
    center.advance(120).await;
    let running = becomes(&center, &scheduled, "Running").await;
    assert_eq!(running["ReplicationJobRuns"]["ReplicationJobRun"][0]["Type"], "Schedule");
    center.advance(7 * 86_400).await;
    becomes(&center, &forgotten, "Expired").await;
    assert_eq!(shown(&center, &scheduled).await["Status"], "Running", "what runs never expires");
    center.advance(8 * 86_400).await;
    becomes(&center, &forgotten, "gone").await;
}
