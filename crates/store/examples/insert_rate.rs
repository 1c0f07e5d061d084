//! Measures how many codes a second the store keeps, durably, for 64 callers at once.
//!
//! On SQLite against one transaction for each insert on the same file system; on PostgreSQL against `pgbench`'s
//! single-row inserts by 64 clients on the same server. Run it with the release profile:
//! `cargo run --release -p store --example insert_rate`.
#![allow(clippy::print_stdout)] // the report is what it is for

use std::{
    error::Error,
    time::{Duration, Instant},
};

use smc::{
    AccessTokenId, Timestamp,
    access_token::{AccessToken, CodeDigest, TimeToLive, UseLimit},
    audit::{Entry, Event},
    ports::Tx,
};
use store::{Database, Location, Options, identities::AccountRow};
use test_postgres::TestPostgres;
use tokio::task::JoinSet;

const CALLERS: u32 = 64;
const SPAN: Duration = Duration::from_secs(5);

fn main() -> Result<(), Box<dyn Error>> {
    let directory = tempfile::tempdir_in(".")?;
    let alone = one_transaction_each(&directory.path().join("alone.db"))?;
    let sqlite = Database::open(&Location::Sqlite(directory.path().join("store.db")), Options::default())?;
    let gathered = through_the_store(&sqlite)?;
    println!("SQLite     one transaction for each insert {alone:>8.0}/s");
    println!(
        "SQLite     the store, {CALLERS} callers           {gathered:>8.0}/s   {:.1} times",
        gathered / alone
    );

    let server = TestPostgres::start()?;
    let postgres = Database::open(&Location::Postgres(server.fresh_database()?), Options::default())?;
    let kept = through_the_store(&postgres)?;
    let single = pgbench(&server)?;
    println!("PostgreSQL pgbench, {CALLERS} clients             {single:>8.0}/s");
    println!("PostgreSQL the store, {CALLERS} callers           {kept:>8.0}/s   {:.1} times", kept / single);
    Ok(())
}

/// What a center does for one `CreateAccessToken`: check the quota, add the code, add a line to the trail.
fn through_the_store(database: &Database) -> Result<f64, Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(async {
        let account = "1000000000000001".parse()?;
        let row = AccountRow { id: account, name: String::new(), created: Timestamp::from_unix(0) };
        database.write(move |tx| tx.insert_account(&row)).await?;
        let start = Instant::now();
        let mut callers = JoinSet::new();
        for caller in 0..CALLERS {
            let database = database.clone();
            callers.spawn(async move {
                let mut kept = 0;
                while start.elapsed() < SPAN {
                    let code = code(account, caller, kept)?;
                    let entry = Entry {
                        account,
                        at: code.created,
                        event: Event::TokenCreated,
                        resource: code.id.to_string(),
                        actor: code.created_by.clone(),
                        address: "192.0.2.1".into(),
                        detail: String::new(),
                    };
                    database
                        .write(move |tx| {
                            tx.unexpired_tokens(&account, code.created, 1_000)?;
                            tx.insert_token(&code)?;
                            tx.record(&entry)
                        })
                        .await?;
                    kept += 1;
                }
                Ok::<_, Box<dyn Error + Send + Sync>>(kept)
            });
        }
        let kept: Result<Vec<u32>, _> = callers.join_all().await.into_iter().collect();
        let kept = kept.map_err(|error| error.to_string())?;
        Ok(f64::from(kept.iter().sum::<u32>()) / start.elapsed().as_secs_f64())
    })
}

fn code(
    account: ram::AccountId,
    caller: u32,
    number: u32,
) -> Result<AccessToken, Box<dyn Error + Send + Sync>> {
    Ok(AccessToken {
        id: AccessTokenId::parse(&format!("at-{caller:010}{number:010}"))?,
        account,
        name: "racks".into(),
        description: String::new(),
        use_limit: UseLimit::new(3)?,
        time_to_live: TimeToLive::new(30)?,
        registered: 0,
        created: Timestamp::from_unix(1_000_000),
        created_by: "acs:ram::1000000000000001:root".into(),
        disabled: None,
        last_used: None,
        digest: CodeDigest([7; 32]),
    })
}

/// The plainest durable insert there is: the same settings, one row, one transaction.
fn one_transaction_each(path: &std::path::Path) -> Result<f64, Box<dyn Error>> {
    let connection = rusqlite::Connection::open(path)?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE t (id TEXT PRIMARY KEY, content TEXT)",
    )?;
    let mut insert = connection.prepare("INSERT INTO t (id, content) VALUES (?1, ?2)")?;
    let start = Instant::now();
    let mut kept = 0_u32;
    while start.elapsed() < SPAN {
        insert.execute((format!("at-{kept:020}"), "x".repeat(200)))?;
        kept += 1;
    }
    Ok(f64::from(kept) / start.elapsed().as_secs_f64())
}

fn pgbench(server: &TestPostgres) -> Result<f64, Box<dyn Error>> {
    server.sql("postgres", "CREATE TABLE t (id BIGSERIAL PRIMARY KEY, content TEXT)")?;
    let script = server.socket_directory().join("insert.sql");
    std::fs::write(&script, "INSERT INTO t (content) VALUES (repeat('x', 200));\n")?;
    let mut bench = server.program("pgbench");
    bench.args(["--no-vacuum", "--protocol=prepared", "--jobs=2"]);
    bench.arg(format!("--client={CALLERS}")).arg(format!("--time={}", SPAN.as_secs()));
    let output = bench.arg("--file").arg(&script).arg("postgres").output()?;
    let report = String::from_utf8(output.stdout)?;
    let rate = report.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
    rate.ok_or_else(|| format!("pgbench reported no rate: {report}").into())
}
