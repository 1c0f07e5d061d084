//! Things to store, each told apart by a number.

use ram::AccountId;
use smc::{
    AccessTokenId, ImageId, JobId, RunId, SourceId, Timestamp,
    access_token::{AccessToken, CodeDigest, TimeToLive, UseLimit},
    audit::{Entry, Event},
    job::{Cycle, Image, Job, JobDisk, JobSettings, Run, Running, Stage, State, Trigger},
    source::{Fault, Inventory, KeyFingerprint, MachineId, Source, inventory::Disk},
};

/// When the things of the tests come into being.
pub(crate) const START: i64 = 1_000_000;

pub(crate) const DAY: i64 = 86_400;

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix(seconds)
}

pub(crate) fn account(number: u64) -> AccountId {
    format!("{:016}", 1_000_000_000_000_000 + number).parse().unwrap()
}

pub(crate) fn entropy(number: u32) -> [u8; 32] {
    let bytes = number.to_be_bytes();
    std::array::from_fn(|at| bytes[at % 4] % 250)
}

pub(crate) fn token_id(number: u32) -> AccessTokenId {
    AccessTokenId::parse(&format!("at-{number:020}")).unwrap()
}

pub(crate) fn source_id(number: u32) -> SourceId {
    SourceId::parse(&format!("s-{number:020}")).unwrap()
}

/// A code of account 1 for three servers and ten days.
pub(crate) fn token(number: u32) -> AccessToken {
    AccessToken {
        id: token_id(number),
        account: account(1),
        name: format!("code-{number}"),
        description: String::new(),
        use_limit: UseLimit::new(3).unwrap(),
        time_to_live: TimeToLive::new(10).unwrap(),
        registered: 0,
        created: at(START),
        created_by: "acs:ram::1000000000000001:root".into(),
        disabled: None,
        last_used: None,
        digest: CodeDigest(entropy(number)),
    }
}

/// A source of account 1, brought by code 1.
pub(crate) fn source(number: u32) -> Source {
    Source {
        id: source_id(number),
        account: account(1),
        name: format!("server-{number}"),
        description: String::new(),
        token: token_id(1),
        machine: MachineId::of(&[&number.to_string()]),
        key: KeyFingerprint::of(&number.to_be_bytes()),
        agent_version: "0.1.0".into(),
        address: "192.0.2.7".into(),
        imported: at(START),
        last_seen: at(START),
        fault: None,
        inventory: inventory("/dev/vda"),
    }
}

pub(crate) fn inventory(disk: &str) -> Inventory {
    Inventory {
        hostname: "主机-01".into(),
        disks: vec![Disk { path: disk.into(), size_bytes: u64::MAX, system: true, ..Disk::default() }],
        addresses: vec!["192.0.2.7".parse().unwrap(), "2001:db8::7".parse().unwrap()],
        ..Inventory::default()
    }
}

pub(crate) fn fault() -> Fault {
    Fault { error_code: "DiskMissing".into(), error_msg: "a disk is gone; plug it in".into() }
}

/// A line of account 1's trail.
pub(crate) fn entry(event: Event, resource: &str, seconds: i64) -> Entry {
    Entry {
        account: account(1),
        at: at(seconds),
        event,
        resource: resource.into(),
        actor: "acs:ram::1000000000000001:root".into(),
        address: "192.0.2.7".into(),
        detail: "it's a \"detail\"".into(),
    }
}

pub(crate) fn job_id(number: u32) -> JobId {
    JobId::parse(&format!("j-{number:020}")).unwrap()
}

pub(crate) fn run_id(number: u32) -> RunId {
    RunId::parse(&format!("run-{number:020}")).unwrap()
}

pub(crate) fn image_id(number: u32) -> ImageId {
    ImageId::parse(&format!("m-{number:020}")).unwrap()
}

/// A job of account 1 for the source of its number, Ready and without a schedule.
pub(crate) fn job(number: u32) -> Job {
    Job {
        id: job_id(number),
        account: account(1),
        source: source_id(number),
        name: Some(format!("job-{number}")),
        description: "it's a \"job\"".into(),
        created: at(START),
        valid_until: at(START + 30 * DAY),
        scheduled: None,
        cycle: Cycle::Once,
        state: State::Ready,
        settings: JobSettings { region: "cn-hangzhou".into(), ..JobSettings::default() },
        disks: vec![JobDisk {
            index: 0,
            path: "/dev/vda".into(),
            size_bytes: u64::MAX,
            table_id: String::new(),
            serial: "S3Z9NB0K".into(),
            target_gib: Some(40),
        }],
        started: None,
        ended: None,
        images_made: 0,
        image: None,
    }
}

/// The state of a job that copies.
pub(crate) fn syncing(run: u32) -> State {
    State::Running(Running { run: Some(run_id(run)), stage: Stage::Syncing, last: true })
}

pub(crate) fn run_of(number: u32, job: u32) -> Run {
    Run {
        id: run_id(number),
        job: job_id(job),
        trigger: Trigger::Manual,
        started: at(START),
        ended: None,
        image: None,
    }
}

/// An image of account 1.
pub(crate) fn image(number: u32, job: u32) -> Image {
    Image {
        id: image_id(number),
        account: account(1),
        job: job_id(job),
        run: run_id(number),
        source: source_id(job),
        name: format!("image-{number}"),
        created: at(START + i64::from(number) / 2),
        size_bytes: u64::MAX,
        roots: vec!["00ff".into()],
        storage: "shared blocks".into(),
    }
}
