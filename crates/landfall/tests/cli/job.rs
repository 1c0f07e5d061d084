//! `landfall job`, as far as no agent copies.

use crate::{
    bench::{Bench, assert_told},
    machine::import,
};

#[test]
fn a_job_is_planned_shown_started_and_refused_what_it_must() {
    let bench = Bench::new();
    let code = bench.new_code("2");
    let source = import(&bench, "web-1", &code);
    let made = bench.run(&[
        "job",
        "create",
        &source,
        "--name",
        "web",
        "--bandwidth",
        "2048",
        "--image-name",
        "golden",
    ]);
    let id = made.stdout.trim().to_owned();
    let told = bench.session(&[
        &format!("job create {source}"),
        "job list",
        &format!("job show {id}"),
        &format!("job stop {id}"),
        &format!("job start {id}"),
        "job list --status Ready",
        &format!("job delete {id}"),
        "job show j-00000000000000000000",
    ]);
    assert_told!(told, @r#"
    $ landfall job create s-ID
    | landfall: CreateReplicationJob was refused (400 SourceServerState.Invalid): s-ID is InUse; the operation needs Available: the replication job j-ID of it is neither finished nor deleted
    |  what to do: Wait for the state, or bring the source into it: restart its agent when it is Unavailable.
    |  request id: REQUEST-ID
    [exit 1]

    $ landfall job list
    ID  NAME  SOURCE  STATUS  DONE  CREATED
    j-ID  web  s-ID  Ready  0 %  TIME (HINT)

    $ landfall job show j-ID
    Id  j-ID
    Name  web
    Description  -
    Source  s-ID
    Status  Ready
    Done  0.0 %
    Kind  once
    Image  golden
    Image id  -
    Created  TIME (HINT)
    Starts at  -
    Started  -
    Ended  -
    Valid until  TIME (HINT)
    Parameters  {"bandwidth_limit":2048}

    $ landfall job stop j-ID
    | landfall: StopReplicationJob was refused (400 ReplicationJob.InvalidStatus): the job is Ready; this is possible while it is Running
    |  what to do: Wait for the status, or start or stop the job first.
    |  request id: REQUEST-ID
    [exit 1]

    $ landfall job start j-ID
    | Started j-ID; landfall job watch j-ID shows how it gets on

    $ landfall job list --status Ready
    ID  NAME  SOURCE  STATUS  DONE  CREATED
    | No replication jobs; landfall job create plans one for a source

    $ landfall job delete j-ID
    | landfall: DeleteReplicationJob was refused (400 ReplicationJob.InvalidStatus): the job is Running; this is possible while it is Ready, Stopped, InError, Waiting, Finished or Expired
    |  what to do: Wait for the status, or start or stop the job first.
    |  request id: REQUEST-ID
    [exit 1]

    $ landfall job show j-ID
    | landfall: the account has no replication job j-ID; landfall job list shows those it has
    [exit 1]
    "#);
}

#[test]
fn a_job_that_is_not_started_is_not_watched_for_long() {
    let bench = Bench::new();
    let code = bench.new_code("2");
    let source = import(&bench, "web-1", &code);
    let id = bench.run(&["job", "create", &source, "--every", "6", "--keep", "2"]).stdout.trim().to_owned();
    let watched = bench.run(&["job", "watch", &id, "--output", "json"]);
    let row: serde_json::Value = serde_json::from_str(&watched.stdout).unwrap();
    assert_eq!((row["JobId"].as_str(), row["Status"].as_str()), (Some(id.as_str()), Some("Ready")));
    assert_eq!(watched.stdout.lines().count(), 1);
    assert_eq!(bench.json(&["job", "show", &id, "--output", "json"])["Frequency"], 6);
}
