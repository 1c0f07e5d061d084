//! What a center believes of the copy that it holds: an agent that sends only what changed must be told the run that the copy
//! really has, and no image is made of a copy that is not there.

use std::{fs, os::unix::fs::FileExt, path::PathBuf, sync::Arc, time::Duration};

use agent_api::{HEARTBEAT, JOB, REPLICATE, RUN, SESSION, UPGRADE, read_frame, write_frame};
use bytes::Bytes;
use center::{
    Registry,
    clock::{SystemClock, SystemRandom},
    server::Running,
};
use http::{Request, header};
use http_body_util::Full;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use replication::{
    Codec, Frame, Leaf, LeafKey, Range, digest,
    frame::{Extent, Hello, Welcome},
};
use serde_json::{Value, json};
use smc::{JobId, RunId, access_token::CodeKey, job::Event, registry::Settings};
use store::{Database, Options};
use tempfile::TempDir;

use crate::{
    agents::import_with,
    harness::{Agent, Center, Key, config, random_machine},
};

const SIZE: u64 = 1 << 20;
const PATIENCE: Duration = Duration::from_secs(30);

/// A center, an agent, and an incremental job of the two.
struct Copies {
    center: Center,
    agent: Agent,
    job: String,
}

impl Copies {
    async fn new() -> Self {
        let center = Center::start().await;
        let (agent, code) = (Agent::new(), center.code(&[]).await);
        let disks = json!([{ "path": "/dev/vda", "size_bytes": SIZE, "system": true }]);
        let imported = import_with(&center, &agent, &code, &random_machine(), &disks).await.ok();
        let source = imported["source_id"].as_str().unwrap();
        let params = [
            ("RegionId", "cn-hangzhou"),
            ("SourceId", source),
            ("RunOnce", "false"),
            ("Frequency", "24"),
            ("MaxNumberOfImageToKeep", "3"),
        ];
        let made = center.call("CreateReplicationJob", &params).await.ok();
        let job = made["JobId"].as_str().unwrap().to_owned();
        Self { center, agent, job }
    }

    async fn start(&self) {
        self.center.call("StartReplicationJob", &[("JobId", &self.job)]).await.ok();
    }

    async fn shown(&self) -> Value {
        let listed = self.center.call("DescribeReplicationJobs", &[("JobId.1", &self.job)]).await.ok();
        listed["ReplicationJobs"]["ReplicationJob"][0].clone()
    }

    /// What the agent is told to copy, once it is.
    async fn run(&self) -> Value {
        let beat = json!({ "protocol": 1, "agent_version": "0.1.0" });
        let told = async {
            loop {
                let work = self.agent.post(&self.center, HEARTBEAT, &beat).await.ok()["work"].clone();
                if !work["run"].is_null() && work["job_id"] == self.job.as_str() {
                    return work["run"].clone();
                }
            }
        };
        tokio::time::timeout(PATIENCE, told).await.unwrap()
    }

    /// Greets the center as the agent of a run; gives the stream, and what it was welcomed with.
    async fn greet(&self, run: &Value) -> (TokioIo<Upgraded>, Welcome) {
        let request = Request::post(REPLICATE)
            .header(header::HOST, "center")
            .header(header::CONNECTION, "upgrade")
            .header(header::UPGRADE, UPGRADE)
            .header(JOB, &self.job)
            .header(RUN, run["run_id"].as_str().unwrap())
            .header(SESSION, "s-1")
            .body(Full::new(Bytes::new()))
            .unwrap();
        let response = self.agent.request(&self.center, request).await;
        let mut stream = TokioIo::new(hyper::upgrade::on(response).await.unwrap());
        let hello = Hello { agent_version: "test".into(), session: "s-1".into(), stream: 0 };
        write_frame(&mut stream, &Frame::Hello(hello)).await.unwrap();
        let Ok(Some(Frame::Welcome(welcome))) = read_frame(&mut stream).await else {
            unreachable!("a greeting is answered with a welcome");
        };
        (stream, welcome)
    }

    /// Ends a run with its second frame; gives the job as it is when it runs no more.
    async fn end(&self, mut stream: TokioIo<Upgraded>) -> Value {
        write_frame(&mut stream, &Frame::Done { sequence: 2 }).await.unwrap();
        assert!(matches!(read_frame(&mut stream).await, Ok(Some(Frame::Durable { sequence: 2 }))));
        let done = async {
            loop {
                let job = self.shown().await;
                if job["Status"] != "Running" {
                    return job;
                }
            }
        };
        tokio::time::timeout(PATIENCE, done).await.unwrap()
    }

    /// Does the agent's part of a run: one block, and the end. Gives whether the copy was said to be empty, and the job
    /// when it waits for its next run.
    async fn copy(&self, run: &Value, fill: u8) -> (bool, Value) {
        let (mut stream, welcome) = self.greet(run).await;
        let mut key = [0; 32];
        hex::decode_to_slice(&welcome.leaf_key, &mut key).unwrap();
        write_frame(&mut stream, &extent(&LeafKey::new(key), fill)).await.unwrap();
        let job = self.end(stream).await;
        assert_eq!(job["Status"], "Waiting", "{job}");
        (welcome.fresh, job)
    }

    async fn stop(self) -> Stopped {
        let Self { center: Center { running, directory, key }, agent, job } = self;
        running.stop().await;
        Stopped { directory, key, agent, job }
    }
}

/// The same while the center is off.
struct Stopped {
    directory: TempDir,
    key: Key,
    agent: Agent,
    job: String,
}

impl Stopped {
    async fn start(self) -> Copies {
        let running = Running::start(config(self.directory.path())).await.unwrap();
        let center = Center::again(running, self.directory, self.key);
        Copies { center, agent: self.agent, job: self.job }
    }

    fn staging(&self) -> PathBuf {
        self.directory.path().join("staging").join(&self.job)
    }

    /// Has something happen to the job, as another center on the database would note it.
    async fn note(&self, events: impl IntoIterator<Item = Event>) {
        let database = Database::open(&config(self.directory.path()).database, Options::default()).unwrap();
        let (clock, random) = (Arc::new(SystemClock::default()), Arc::new(SystemRandom));
        let registry = Registry::new(database, clock, random, CodeKey::new([0; 32]), Settings::default());
        for event in events {
            registry.job_event(JobId::parse(&self.job).unwrap(), event).await.unwrap().unwrap();
        }
    }
}

fn extent(key: &LeafKey, fill: u8) -> Frame {
    let data = vec![fill; 4096];
    let range = Range::new(8192, 4096, SIZE).unwrap();
    let digest = digest::over(&key.leaves(&data));
    Frame::Extent(Extent { sequence: 1, disk: 0, range, codec: Codec::Raw, digest, payload: data.into() })
}

#[tokio::test]
async fn an_agent_is_told_the_run_that_the_copy_holds_and_no_other() {
    let copies = Copies::new().await;
    copies.start().await;
    let first = copies.run().await;
    assert_eq!((&first["base_run_id"], &first["audit"]), (&Value::Null, &json!(false)));
    assert!(copies.copy(&first, 1).await.0, "the copy is empty at first");

    copies.start().await;
    let second = copies.run().await;
    assert_eq!(second["base_run_id"], first["run_id"]);
    assert!(!copies.copy(&second, 2).await.0);

    // Another center had the job for a run, and this one has the copy of the run before.
    let copies = copies.stop().await;
    fs::write(copies.staging().join("run"), first["run_id"].as_str().unwrap()).unwrap();
    let copies = copies.start().await;
    copies.start().await;
    let third = copies.run().await;
    assert_eq!(third["base_run_id"], first["run_id"], "and not the job's last");
    copies.copy(&third, 3).await;

    // A disk that is gone, and a note that cannot be read.
    let copies = copies.stop().await;
    fs::write(copies.staging().join("run"), "what?").unwrap();
    let copies = copies.start().await;
    copies.start().await;
    let fourth = copies.run().await;
    assert_eq!(fourth["base_run_id"], Value::Null);
    copies.copy(&fourth, 4).await;
    let copies = copies.stop().await;
    fs::remove_file(copies.staging().join("disk-0.state")).unwrap();
    let copies = copies.start().await;
    copies.start().await;
    let fifth = copies.run().await;
    assert_eq!(fifth["base_run_id"], Value::Null);
    assert!(copies.copy(&fifth, 5).await.0);
}

#[tokio::test]
async fn no_image_is_made_of_a_copy_that_is_not_here() {
    let copies = Copies::new().await;
    copies.start().await;
    let first = copies.run().await;
    let (_, waiting) = copies.copy(&first, 1).await;

    // Another center copied a second run and died before its image.
    let copies = copies.stop().await;
    let run = RunId::from_random(&[7; 32]);
    let of = |event: fn(RunId) -> Event| event(run.clone());
    let events =
        [of(|run| Event::Start { run }), of(|run| Event::Prepared { run }), of(|run| Event::Synced { run })];
    copies.note(events).await;
    let copies = copies.start().await;
    let again = copies.run().await;
    assert_eq!((&again["run_id"], &again["base_run_id"]), (&json!(run.as_str()), &first["run_id"]));
    let (empty, done) = copies.copy(&again, 2).await;
    assert!(!empty);
    assert_ne!(done["ImageId"], waiting["ImageId"]);
    let image = copies.center.directory.path().join("images").join(done["ImageId"].as_str().unwrap());
    let disk = fs::read_dir(image).unwrap().map(|file| file.unwrap().path());
    let disk = disk.into_iter().find(|file| file.extension().is_some_and(|kind| kind == "raw")).unwrap();
    assert!(fs::read(disk).unwrap()[8192..8192 + 4096] == [2; 4096]);
}

#[tokio::test]
async fn a_copy_that_turns_out_to_be_damaged_is_mended_by_the_next_run() {
    let copies = Copies::new().await;
    copies.start().await;
    let first = copies.run().await;
    copies.copy(&first, 1).await;
    let copies = copies.stop().await;
    let disk = fs::File::options().write(true).open(copies.staging().join("disk-0.raw")).unwrap();
    disk.write_all_at(&[9], 65_536).unwrap();
    let copies = copies.start().await;

    copies.start().await;
    let second = copies.run().await;
    assert_eq!(second["base_run_id"], first["run_id"], "nobody knows of it yet");
    let (mut stream, _) = copies.greet(&second).await;
    write_frame(&mut stream, &Frame::Sync { sequence: 1 }).await.unwrap();
    assert!(matches!(read_frame(&mut stream).await, Ok(Some(Frame::Durable { sequence: 1 }))));
    let failed = copies.end(stream).await;
    assert_eq!((&failed["Status"], &failed["ErrorCode"]), (&json!("InError"), &json!("Image.CopyDamaged")));

    copies.start().await;
    let third = copies.run().await;
    assert_eq!(third["base_run_id"], Value::Null, "everything is compared");
    let (mut stream, _) = copies.greet(&third).await;
    // The source has zeros there, as the copy believed to have.
    let offer = Frame::Offer { sequence: 1, disk: 0, offset: 65_536, leaves: vec![Leaf::ZERO; 2] };
    write_frame(&mut stream, &offer).await.unwrap();
    let Ok(Some(Frame::Want { wanted, .. })) = read_frame(&mut stream).await else {
        unreachable!("an offer is answered with what is wanted");
    };
    assert_eq!(wanted, [0b01], "the damaged leaf, and no other");
    let job = copies.end(stream).await;
    assert_eq!(job["Status"], "Waiting", "the digests are those of what is there: {job}");
}
