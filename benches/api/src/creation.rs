//! 64 callers creating codes with signed calls, against the plainest durable insert that the same disk or the same
//! server does in the same run. On SQLite there are two of those: with its journal as it comes, which a program has that
//! sets nothing, and with the write-ahead log that the center has too, which leaves nothing but the sharing of flushes to gain.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context, anyhow};
use bench_report::{Goal, Report};
use smc::{AccessTokenId, ids::ID_ENTROPY};
use test_center::{ApiClient, ApiKey, Center, cpu_seconds};
use test_postgres::TestPostgres;
use tokio::task::JoinSet;

use crate::{
    lab::{Engine, Lab},
    spread::Spread,
    throttle::Throttle,
};

const CLIENTS: u32 = 64;

/// What a small rented disk takes, each of them waited for; a flush of a local one costs as much, or a tenth of that.
const SLOW_DISK: u32 = 1_000;

/// As long as the digest, the texts and the line in the trail that one code takes.
const ROW: usize = 200;

/// On the disk as it is.
pub(crate) async fn measure(lab: &Lab, engine: Engine, report: &mut Report) -> anyhow::Result<()> {
    measure_as(lab, engine, &format!("creation-{engine}"), report).await
}

/// On the same disk, limited to [`SLOW_DISK`] writes a second for both sides.
pub(crate) async fn measure_slow(lab: &Lab, engine: Engine, report: &mut Report) -> anyhow::Result<()> {
    let _throttle = match Throttle::writes(SLOW_DISK, lab.root()) {
        Ok(throttle) => throttle,
        Err(error) => {
            println!("not measured on a disk of {SLOW_DISK} writes a second: {error:#}");
            return Ok(());
        }
    };
    let case = format!("creation-{engine}-slow");
    report.add(&case, "writes that the disk takes", f64::from(SLOW_DISK), "/s", Goal::None);
    measure_as(lab, engine, &case, report).await
}

async fn measure_as(lab: &Lab, engine: Engine, case: &str, report: &mut Report) -> anyhow::Result<()> {
    let span = lab.seconds(10);
    let plain = match engine {
        Engine::Sqlite => {
            Some(one_transaction_each(&lab.directory(&format!("{case}-plain")), "DELETE", span / 2)?)
        }
        Engine::Postgres => None,
    };
    // Before and after, so that a machine that gets busier or less so does not decide the ratio.
    let before = baseline(lab, engine, &format!("{case}-before"), span / 2)?;
    let launch = lab.launch(case, engine)?;
    let center = launch.start()?;
    let key = center.first_key().context("reading the first key")?;
    create(&center, &key, span / 5).await?;
    let (cpu, began) = (cpu_seconds(center.pid())?, Instant::now());
    let latencies = create(&center, &key, span).await?;
    let cpu = (cpu_seconds(center.pid())? - cpu) / began.elapsed().as_secs_f64();
    drop(center);
    let after = baseline(lab, engine, &format!("{case}-after"), span / 2)?;

    let (goal, against) = match engine {
        Engine::Sqlite => (5.0, "one transaction for each insert, write-ahead log"),
        Engine::Postgres => (0.6, "pgbench, single-row inserts, 64 clients"),
    };
    let single = before.midpoint(after);
    let rate = rate(latencies.len(), span);
    report.add(case, &format!("{against}, before"), before, "/s", Goal::None);
    report.add(case, &format!("{against}, after"), after, "/s", Goal::None);
    report.add(case, "codes created, 64 clients, V3", rate, "/s", Goal::None);
    report.add(case, "codes created in relation to that", rate / single, "times", Goal::AtLeast(goal));
    if let Some(plain) = plain {
        report.add(case, "one transaction for each insert, SQLite as it comes", plain, "/s", Goal::None);
        report.add(case, "codes created in relation to that", rate / plain, "times", Goal::AtLeast(goal));
    }
    report.add(case, "p50", latencies.milliseconds(50), "ms", Goal::None);
    report.add(case, "p99", latencies.milliseconds(99), "ms", Goal::None);
    report.add(case, "processors used by the center", cpu, "cores", Goal::None);
    Ok(())
}

/// Creates codes for a while with all clients at once, each on a connection of its own.
async fn create(center: &Center, key: &ApiKey, span: Duration) -> anyhow::Result<Spread> {
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        clients.push(ApiClient::connect(center.api(), key).await?);
    }
    let end = Instant::now() + span;
    let mut running = JoinSet::new();
    for mut client in clients {
        running.spawn(async move {
            let mut latencies = Vec::new();
            while Instant::now() < end {
                let asked = Instant::now();
                client.create_code(100).await?;
                latencies.push(asked.elapsed());
            }
            anyhow::Ok(latencies)
        });
    }
    let mut latencies = Vec::new();
    while let Some(done) = running.join_next().await {
        latencies.extend(done??);
    }
    Ok(Spread::of(latencies))
}

fn baseline(lab: &Lab, engine: Engine, name: &str, span: Duration) -> anyhow::Result<f64> {
    match engine {
        Engine::Sqlite => one_transaction_each(&lab.directory(name), "WAL", span),
        Engine::Postgres => pgbench(TestPostgres::shared()?, span),
    }
}

/// Full synchronisation as the center has it, one row with an id of the same kind, one transaction, one after the other: with
/// more connections SQLite only adds waiting for the lock.
fn one_transaction_each(directory: &Path, journal: &str, span: Duration) -> anyhow::Result<f64> {
    fs::create_dir_all(directory)?;
    let connection = rusqlite::Connection::open(directory.join("alone.db"))?;
    connection.execute_batch(&format!(
        "PRAGMA journal_mode = {journal}; PRAGMA synchronous = FULL;
         CREATE TABLE codes (id TEXT PRIMARY KEY, content TEXT NOT NULL)",
    ))?;
    let mut insert = connection.prepare("INSERT INTO codes (id, content) VALUES (?1, ?2)")?;
    let (content, mut entropy) = ("x".repeat(ROW), [0; ID_ENTROPY]);
    let began = Instant::now();
    let mut kept = 0;
    while began.elapsed() < span {
        getrandom::fill(&mut entropy).map_err(|error| anyhow!("drawing random bytes: {error}"))?;
        let id = AccessTokenId::from_random(&entropy);
        insert.execute((id.as_str(), &content))?;
        kept += 1;
    }
    Ok(rate(kept, began.elapsed()))
}

fn pgbench(server: &TestPostgres, span: Duration) -> anyhow::Result<f64> {
    let database = server.fresh_database()?;
    let name = database.rsplit('/').next().unwrap_or(&database);
    server.sql(&database, "CREATE TABLE codes (id BIGSERIAL PRIMARY KEY, content TEXT NOT NULL)")?;
    let script = server.socket_directory().join("insert.sql");
    fs::write(&script, format!("INSERT INTO codes (content) VALUES (repeat('x', {ROW}));\n"))?;
    let mut bench = server.program("pgbench");
    bench.args(["--no-vacuum", "--protocol=prepared", "--jobs=2"]);
    bench.arg(format!("--client={CLIENTS}")).arg(format!("--time={}", span.as_secs().max(1)));
    let output = bench.arg("--file").arg(&script).arg(name).output().context("starting pgbench")?;
    let said = String::from_utf8_lossy(&output.stdout);
    said.lines()
        .find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok())
        .ok_or_else(|| anyhow!("pgbench reported no rate: {said}{}", String::from_utf8_lossy(&output.stderr)))
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
fn rate(count: usize, span: Duration) -> f64 {
    count as f64 / span.as_secs_f64()
}
