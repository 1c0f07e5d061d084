//! Measures how long a page of codes and of sources takes, and a round of heartbeats, with 1,000 and with many.
//!
//! `cargo run --release -p store --example listing_time`
#![allow(clippy::print_stdout)] // the report is what it is for

use std::{
    error::Error,
    time::{Duration, Instant},
};

use smc::{
    AccessTokenId, SourceId, Timestamp,
    access_token::{AccessToken, CodeDigest, TimeToLive, UseLimit},
    ports::{Heartbeat, Page, SourceFilter, StoreError, TokenFilter, Tx},
    source::{Inventory, KeyFingerprint, MachineId, Source, inventory::Disk},
};
use store::{Database, Location, Options, Transaction};
use test_postgres::TestPostgres;

const SIZES: [(u32, u32); 2] = [(1_000, 1_000), (100_000, 10_000)];
const REPETITIONS: u32 = 50;

fn main() -> Result<(), Box<dyn Error>> {
    let directory = tempfile::tempdir_in(".")?;
    let server = TestPostgres::start()?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    for (tokens, sources) in SIZES {
        let file = directory.path().join(format!("{tokens}.db"));
        let places = [
            ("SQLite", Location::Sqlite(file)),
            ("PostgreSQL", Location::Postgres(server.fresh_database()?)),
        ];
        for (name, location) in places {
            let database = Database::open(&location, Options::default())?;
            runtime.block_on(measure(name, &database, tokens, sources))?;
        }
    }
    Ok(())
}

async fn measure(name: &str, database: &Database, tokens: u32, sources: u32) -> Result<(), Box<dyn Error>> {
    fill(database, tokens, sources).await?;
    let account: ram::AccountId = "1000000000000001".parse()?;
    let (first, middle) = (Page { offset: 0, limit: 50 }, Page { offset: u64::from(sources / 2), limit: 50 });
    let now = Timestamp::from_unix(1_000_000);
    let pages = [first, middle].map(|page| (page, TokenFilter::default(), SourceFilter::default()));
    for (page, of_tokens, of_sources) in pages {
        let codes =
            time(database, move |tx| tx.tokens(&account, &of_tokens, Some(page), now).map(|_| ())).await?;
        let servers =
            time(database, move |tx| tx.sources(&account, &of_sources, page, now).map(|_| ())).await?;
        println!("{name:<10} {tokens:>6} codes   50 from {:>5}  {codes:>10.1?}", page.offset);
        println!("{name:<10} {sources:>6} sources 50 from {:>5}  {servers:>10.1?}", page.offset);
    }
    let beats: Vec<_> = (0..1_000).map(|n| beat(n, 1_000_030)).collect::<Result<_, _>>()?;
    let start = Instant::now();
    database.write(move |tx| tx.note_heartbeats(&beats)).await?;
    println!("{name:<10} {sources:>6} sources 1000 heartbeats {:>10.1?}", start.elapsed());
    Ok(())
}

async fn time<F>(database: &Database, work: F) -> Result<Duration, StoreError>
where
    F: Fn(&mut Transaction<'_>) -> Result<(), StoreError> + Clone + Send + 'static,
{
    let mut times = Vec::new();
    for _ in 0..REPETITIONS {
        let start = Instant::now();
        database.read(work.clone()).await?;
        times.push(start.elapsed());
    }
    times.sort_unstable();
    Ok(times[times.len() / 2])
}

async fn fill(database: &Database, tokens: u32, sources: u32) -> Result<(), Box<dyn Error>> {
    let codes = (0..tokens).map(code).collect::<Result<Vec<_>, _>>()?;
    let servers = (0..sources).map(server).collect::<Result<Vec<_>, _>>()?;
    for some in codes.chunks(10_000).map(<[_]>::to_vec) {
        database.write(move |tx| some.iter().try_for_each(|code| tx.insert_token(code))).await?;
    }
    for some in servers.chunks(1_000).map(<[_]>::to_vec) {
        database.write(move |tx| some.iter().try_for_each(|source| tx.insert_source(source))).await?;
    }
    Ok(())
}

fn code(n: u32) -> Result<AccessToken, Box<dyn Error>> {
    Ok(AccessToken {
        id: AccessTokenId::parse(&format!("at-{n:020}"))?,
        account: "1000000000000001".parse()?,
        name: format!("rack-{n}"),
        description: "a description of a usual length".into(),
        use_limit: UseLimit::new(3)?,
        time_to_live: TimeToLive::new(30)?,
        registered: 0,
        created: Timestamp::from_unix(1_000_000 + i64::from(n)),
        created_by: "acs:ram::1000000000000001:root".into(),
        disabled: None,
        last_used: None,
        digest: CodeDigest([7; 32]),
    })
}

fn server(n: u32) -> Result<Source, Box<dyn Error>> {
    let disk = Disk { path: "/dev/vda".into(), model: "x".repeat(200), ..Disk::default() };
    Ok(Source {
        id: SourceId::parse(&format!("s-{n:020}"))?,
        account: "1000000000000001".parse()?,
        name: format!("server-{n}"),
        description: String::new(),
        token: AccessTokenId::parse(&format!("at-{:020}", 1))?,
        machine: MachineId::of(&[&n.to_string()]),
        key: KeyFingerprint::of(&n.to_be_bytes()),
        agent_version: "0.1.0".into(),
        address: "192.0.2.7".into(),
        imported: Timestamp::from_unix(1_000_000 + i64::from(n)),
        last_seen: Timestamp::from_unix(1_000_000),
        fault: None,
        inventory: Inventory { disks: vec![disk; 8], ..Inventory::default() },
    })
}

fn beat(n: u32, seconds: i64) -> Result<Heartbeat, Box<dyn Error>> {
    Ok(Heartbeat {
        source: SourceId::parse(&format!("s-{n:020}"))?,
        at: Timestamp::from_unix(seconds),
        address: "192.0.2.8".into(),
        agent_version: "0.1.0".into(),
        fault: None,
    })
}
