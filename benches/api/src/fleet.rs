//! Filling a database with codes and sources, and keeping the agents of those sources alive.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::Context;
use smc::{
    AccessTokenId, SourceId, Timestamp,
    access_token::{AccessToken, CodeDigest, TimeToLive, UseLimit},
    account::AccountId,
    ports::Tx,
    source::{HEARTBEAT_SECONDS, Source},
};
use store::{Database, Location, Options};
use test_center::{AgentKey, AgentLine, inventory, machine_id};
use tokio::{
    sync::Semaphore,
    task::JoinSet,
    time::{Instant, sleep_until},
};

/// Rows of one transaction.
const BATCH: usize = 1_000;

/// Handshakes that are made at the same time.
const HANDSHAKES: usize = 32;

/// Puts codes and sources into the only account of a database that no center uses now.
pub(crate) async fn fill(
    location: &Location,
    codes: usize,
    keys: &[AgentKey],
    now: Timestamp,
) -> anyhow::Result<()> {
    let database = Database::open(location, Options::default())?;
    let accounts = database.read(|tx| tx.accounts()).await?;
    let account = accounts.first().context("finding the account")?.id;
    for from in (0..codes).step_by(BATCH) {
        let batch: Vec<_> =
            (from..codes.min(from + BATCH)).map(|n| code(account, n, now)).collect::<Result<_, _>>()?;
        database.write(move |tx| batch.iter().try_for_each(|code| tx.insert_token(code))).await?;
    }
    for (index, chunk) in keys.chunks(BATCH).enumerate() {
        let numbered = (index * BATCH..).zip(chunk);
        let batch: Vec<_> =
            numbered.map(|(n, key)| source(account, n, codes, key, now)).collect::<Result<_, _>>()?;
        database.write(move |tx| batch.iter().try_for_each(|source| tx.insert_source(source))).await?;
    }
    Ok(())
}

/// Ages are spread over twenty days, since lists are in the order of age.
fn age(number: usize) -> anyhow::Result<i64> {
    Ok(i64::try_from(number.wrapping_mul(7_919) % (20 * 86_400))?)
}

fn code(account: AccountId, number: usize, now: Timestamp) -> anyhow::Result<AccessToken> {
    Ok(AccessToken {
        id: token_id(number)?,
        account,
        name: format!("rack-{number}"),
        description: "A code of many, with a description of a usual length.".into(),
        use_limit: UseLimit::new(100)?,
        time_to_live: TimeToLive::new(30)?,
        registered: 1,
        created: now.plus_seconds(-age(number)?),
        created_by: format!("acs:ram::{account}:root"),
        disabled: None,
        last_used: None,
        digest: CodeDigest([7; 32]),
    })
}

fn source(
    account: AccountId,
    number: usize,
    codes: usize,
    key: &AgentKey,
    now: Timestamp,
) -> anyhow::Result<Source> {
    let hostname = format!("host-{number}");
    Ok(Source {
        id: SourceId::parse(&format!("s-{number:020}"))?,
        account,
        name: format!("{hostname}-192.0.2.17"),
        description: format!("Imported by landfall-agent. Hostname: {hostname} IP Address: 192.0.2.17"),
        token: token_id(number % codes)?,
        machine: machine_id("a large fleet", number),
        key: key.fingerprint().clone(),
        agent_version: env!("CARGO_PKG_VERSION").into(),
        address: "192.0.2.17".into(),
        imported: now.plus_seconds(-age(number)?),
        last_seen: now,
        fault: None,
        inventory: inventory(&hostname),
    })
}

fn token_id(number: usize) -> anyhow::Result<AccessTokenId> {
    Ok(AccessTokenId::parse(&format!("at-{number:020}"))?)
}

/// Agents that are connected and report at the real rate until this is dropped.
pub(crate) struct Heartbeats {
    tasks: JoinSet<()>,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    answered: AtomicU64,
    failed: AtomicU64,
}

/// Connects agents; they are silent for now.
pub(crate) async fn connect(keys: &[AgentKey], address: SocketAddr) -> anyhow::Result<Vec<AgentLine>> {
    let room = Arc::new(Semaphore::new(HANDSHAKES));
    let mut connecting = JoinSet::new();
    for key in keys {
        let (key, permit) = (key.clone(), room.clone().acquire_owned().await?);
        connecting.spawn(async move {
            let line = key.connect(address).await;
            drop(permit);
            line
        });
    }
    let mut lines = Vec::new();
    while let Some(line) = connecting.join_next().await {
        lines.push(line??);
    }
    Ok(lines)
}

impl Heartbeats {
    /// Lets every agent report every thirty seconds, spread evenly over them.
    pub(crate) fn start(lines: Vec<AgentLine>) -> Self {
        let every = Duration::from_secs(HEARTBEAT_SECONDS.into());
        let counts = Arc::new(Counts::default());
        let (begin, agents) = (Instant::now(), u32::try_from(lines.len()).unwrap_or(u32::MAX));
        let mut tasks = JoinSet::new();
        for (number, mut line) in (0_u32..).zip(lines) {
            let counts = counts.clone();
            let mut next = begin + every * number / agents.max(1);
            tasks.spawn(async move {
                loop {
                    sleep_until(next).await;
                    let counter = match line.heartbeat().await {
                        Ok(_) => &counts.answered,
                        Err(_) => &counts.failed,
                    };
                    counter.fetch_add(1, Ordering::Relaxed);
                    next += every;
                }
            });
        }
        Self { tasks, counts }
    }

    /// Heartbeats answered and failed so far.
    pub(crate) fn counts(&self) -> (u64, u64) {
        (self.counts.answered.load(Ordering::Relaxed), self.counts.failed.load(Ordering::Relaxed))
    }

    /// Agents that report.
    pub(crate) fn agents(&self) -> usize {
        self.tasks.len()
    }
}
