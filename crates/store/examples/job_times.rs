//! Measures with 10,000 sources, each with a job, what jobs cost: listing them, listing sources by them, and what an
//! idle center asks every second.
//!
//! `cargo run --release -p store --example job_times`
#![allow(clippy::print_stdout)] // the report is what it is for

use std::{
    error::Error,
    time::{Duration, Instant},
};

use smc::{
    AccessTokenId, JobId, RunId, SourceId, Timestamp,
    job::{Cycle, Job, JobDisk, JobSettings, Run, State, Status, Trigger},
    ports::{JobFilter, JobTx, Page, Related, SourceFilter, StoreError, Tx},
    source::{self, Inventory, KeyFingerprint, MachineId, Source, inventory::Disk},
    tag::{Tag, TagFilter},
};
use store::{Database, Location, Options, Transaction};
use test_postgres::TestPostgres;

const SIZE: u32 = 10_000;
const START: i64 = 1_000_000;
const REPETITIONS: u32 = 40;

fn main() -> Result<(), Box<dyn Error>> {
    let directory = tempfile::tempdir_in(".")?;
    let server = TestPostgres::start()?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let places = [
        ("SQLite", Location::Sqlite(directory.path().join("jobs.db"))),
        ("PostgreSQL", Location::Postgres(server.fresh_database()?)),
    ];
    for (name, location) in places {
        let database = Database::open(&location, Options::default())?;
        runtime.block_on(measure(name, &database))?;
    }
    Ok(())
}

async fn measure(name: &str, database: &Database) -> Result<(), Box<dyn Error>> {
    for some in (0..SIZE).collect::<Vec<_>>().chunks(1_000).map(<[_]>::to_vec) {
        database.write(move |tx| some.iter().try_for_each(|n| tx.insert_source(&server(*n)?))).await?;
    }
    let report = |what: &str, took: Duration| println!("{name:<10} {what:<58} {took:>10.1?}");
    for (what, filter) in [
        ("50 of 10,000 sources, no jobs", SourceFilter::default()),
        ("50 Available of 10,000 sources, no jobs", in_state(source::State::Available)),
    ] {
        report(what, sources(database, filter, 0).await?);
    }
    for some in (0..SIZE).collect::<Vec<_>>().chunks(1_000).map(<[_]>::to_vec) {
        let start = Instant::now();
        let last = some.last() == Some(&(SIZE - 1));
        database.write(move |tx| some.iter().try_for_each(|n| add(tx, *n))).await?;
        if last {
            report("adding 1,000 jobs with 3 tags and a run", start.elapsed());
        }
    }
    let related = |related| SourceFilter { related: Some(related), ..SourceFilter::default() };
    for (what, filter, offset) in [
        ("50 of 10,000 sources with jobs", SourceFilter::default(), 0),
        ("50 of 10,000 sources with jobs, from 5,000", SourceFilter::default(), 5_000),
        ("50 Available of 10,000 sources with jobs", in_state(source::State::Available), 0),
        ("50 InUse of 10,000 sources with jobs", in_state(source::State::InUse), 0),
        ("50 related to jobs", related(Related::ToJobs), 0),
        ("50 related to none (there are none)", related(Related::ToNone), 0),
    ] {
        report(what, sources(database, filter, offset).await?);
    }
    let tag = |key: &str, value: Option<&str>| TagFilter { key: key.into(), value: value.map(Into::into) };
    let by_tag = |key, value| JobFilter { tags: vec![tag(key, value)], ..JobFilter::default() };
    let waiting = JobFilter { status: Some(Status::Waiting), ..JobFilter::default() };
    for (what, filter, pages) in [
        ("50 jobs of 1,000 of 10,000, with tags, runs, progress", JobFilter::default(), 0..1),
        ("50 jobs of 1,000 of 10,000, from 500", JobFilter::default(), 10..11),
        ("1,000 jobs of 10,000 in pages of 50", JobFilter::default(), 0..20),
        ("50 Waiting jobs of 1,000 of 10,000", waiting, 0..1),
        ("the 10 jobs of 1,000 that have a tag", by_tag("rack", Some("rack-7")), 0..1),
        ("50 jobs with a tag that all have", by_tag("env", None), 0..1),
    ] {
        let pages: Vec<_> = pages.collect();
        let took =
            time(database, move |tx| pages.iter().try_for_each(|page| list(tx, &filter, *page))).await?;
        report(what, took);
    }
    let now = Timestamp::from_unix(START);
    report("what is due (nothing)", time(database, move |tx| tx.due_jobs(now, 100).map(drop)).await?);
    report(
        "what is to be conducted (1,000)",
        time(database, |tx| tx.revisions_to_conduct().map(drop)).await?,
    );
    let start = Instant::now();
    let until = now.plus_seconds(30);
    database
        .write(move |tx| (0..1_000).try_for_each(|n| tx.take_lease(&job_id(n)?, "a", now, until).map(drop)))
        .await?;
    report("taking 1,000 leases", start.elapsed());
    Ok(())
}

async fn sources(database: &Database, filter: SourceFilter, offset: u64) -> Result<Duration, StoreError> {
    let now = Timestamp::from_unix(START);
    time(database, move |tx| {
        let page = tx.sources(&account(), &filter, Page { offset, limit: 50 }, now)?;
        let ids: Vec<_> = page.rows.into_iter().map(|source| source.id).collect();
        tx.jobs_of_sources(&ids).map(drop)
    })
    .await
}

/// A page as the operation reads it.
fn list(tx: &mut Transaction<'_>, filter: &JobFilter, page: u64) -> Result<(), StoreError> {
    let page = Page { offset: page * 50, limit: 50 };
    let ids: Vec<_> = tx.jobs(&account(), filter, page)?.rows.into_iter().map(|job| job.id).collect();
    tx.job_tags(&ids)?;
    tx.runs(&ids)?;
    tx.progress(&ids).map(drop)
}

/// The median of many, after as many that are not counted: PostgreSQL keeps the plans it made for empty tables a while.
async fn time<F>(database: &Database, work: F) -> Result<Duration, StoreError>
where
    F: Fn(&mut Transaction<'_>) -> Result<(), StoreError> + Clone + Send + 'static,
{
    let mut times = Vec::new();
    for _ in 0..2 * REPETITIONS {
        let start = Instant::now();
        database.read(work.clone()).await?;
        times.push(start.elapsed());
    }
    let mut times = times.split_off(times.len() / 2);
    times.sort_unstable();
    Ok(times[times.len() / 2])
}

fn in_state(state: source::State) -> SourceFilter {
    SourceFilter { state: Some(state), ..SourceFilter::default() }
}

/// Of ten jobs eight are over, one waits for its next run, and one is not started.
fn add(tx: &mut Transaction<'_>, n: u32) -> Result<(), StoreError> {
    let later = Timestamp::from_unix(START + 86_400);
    let state = match n % 10 {
        0 => State::Ready,
        1 => State::Waiting { next: later },
        _ => State::Finished,
    };
    let disk = JobDisk {
        index: 0,
        path: "/dev/vda".into(),
        size_bytes: 40 << 30,
        table_id: "x".repeat(36),
        serial: "x".repeat(20),
        target_gib: None,
    };
    let job = Job {
        id: job_id(n)?,
        // An account has a thousand at the most.
        account: ram::AccountId::from_random(1 + u64::from(n / 1_000)),
        source: id(SourceId::parse, "s-", n)?,
        name: Some(format!("job-{n}")),
        description: "a description of a usual length".into(),
        created: Timestamp::from_unix(START + i64::from(n)),
        valid_until: later,
        scheduled: None,
        cycle: Cycle::Every { hours: 24, keep: 3 },
        state,
        settings: JobSettings { region: "cn-hangzhou".into(), ..JobSettings::default() },
        disks: vec![disk; 4],
        started: None,
        ended: None,
        images_made: 0,
        image: None,
    };
    tx.insert_job(&job, None)?;
    let tag = |key: &str, value: String| Tag { key: key.into(), value };
    let tags =
        [tag("env", "prod".into()), tag("rack", format!("rack-{}", n % 100)), tag("owner", format!("o-{n}"))];
    tx.put_job_tags(&job.id, &tags)?;
    let (run, started) = (id(RunId::parse, "run-", n)?, job.created);
    tx.open_run(&Run { id: run, job: job.id, trigger: Trigger::Manual, started, ended: None, image: None })
}

fn account() -> ram::AccountId {
    ram::AccountId::from_random(1)
}

fn job_id(n: u32) -> Result<JobId, StoreError> {
    id(JobId::parse, "j-", n)
}

fn id<T, E: std::fmt::Display>(
    parse: impl FnOnce(&str) -> Result<T, E>,
    prefix: &str,
    n: u32,
) -> Result<T, StoreError> {
    parse(&format!("{prefix}{n:020}")).map_err(|error| StoreError::Corrupt(error.to_string()))
}

fn server(n: u32) -> Result<Source, StoreError> {
    let disk = Disk { path: "/dev/vda".into(), model: "x".repeat(200), ..Disk::default() };
    Ok(Source {
        id: id(SourceId::parse, "s-", n)?,
        account: account(),
        name: format!("server-{n}"),
        description: String::new(),
        token: id(AccessTokenId::parse, "at-", 1)?,
        machine: MachineId::of(&[&n.to_string()]),
        key: KeyFingerprint::of(&n.to_be_bytes()),
        agent_version: "0.1.0".into(),
        address: "192.0.2.7".into(),
        imported: Timestamp::from_unix(START + i64::from(n)),
        last_seen: Timestamp::from_unix(START),
        fault: None,
        inventory: Inventory { disks: vec![disk; 8], ..Inventory::default() },
    })
}
