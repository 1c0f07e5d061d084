//! A hundred thousand codes and ten thousand agents at their real rate, against a thousand of each.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use bench_report::{Goal, Report};
use smc::source::HEARTBEAT_SECONDS;
use test_center::{AgentKey, ApiClient, ApiKey, Center, Launch, cpu_seconds, resident_bytes};
use tokio::time::sleep;

use crate::{
    fleet::{self, Heartbeats},
    lab::{Engine, Lab, location},
    spread::Spread,
};

const MEBIBYTE: f64 = (1 << 20) as f64;

/// Calls of each kind whose middle is compared.
const CALLS: usize = 200;

/// How large a center is made.
struct Scale {
    name: &'static str,
    codes: usize,
    sources: usize,
}

/// How long the two lists take at one size, in milliseconds.
struct Lists {
    tokens: Spread,
    sources: Spread,
}

pub(crate) async fn measure(lab: &Lab, engine: Engine, report: &mut Report) -> anyhow::Result<()> {
    let case = format!("size-{engine}");
    let small = Scale { name: "small", codes: 1_000, sources: 1_000 };
    let large = Scale { name: "large", codes: lab.many(100_000), sources: lab.many(10_000) };
    let few = at(lab, engine, &case, &small, report).await?;
    let many = at(lab, engine, &case, &large, report).await?;
    for (what, few, many) in [
        ("ListAccessTokens, PageSize 100", &few.tokens, &many.tokens),
        ("DescribeSourceServers, PageSize 50", &few.sources, &many.sources),
    ] {
        let (before, after) = (few.milliseconds(50), many.milliseconds(50));
        report.add(&case, &format!("{what}, at 1000, p50"), before, "ms", Goal::None);
        report.add(
            &case,
            &format!("{what}, at {}/{}, p50", large.codes, large.sources),
            after,
            "ms",
            Goal::None,
        );
        report.add(&case, &format!("{what}, large to small"), after / before, "times", Goal::AtMost(2.0));
    }
    Ok(())
}

async fn at(
    lab: &Lab,
    engine: Engine,
    case: &str,
    scale: &Scale,
    report: &mut Report,
) -> anyhow::Result<Lists> {
    let is_large = scale.name == "large";
    let launch = lab.launch(&format!("{case}-{}", scale.name), engine)?;
    let keys: Vec<_> = (0..scale.sources).map(|_| AgentKey::generate()).collect::<Result<_, _>>()?;
    let key = filled(&launch, scale, &keys).await?;
    let center = launch.start()?;
    let title = format!("{} codes, {} sources", scale.codes, scale.sources);
    if is_large {
        let ready = center.ready_after().as_secs_f64();
        report.add(case, &format!("{title}: start to ready"), ready, "s", Goal::AtMost(1.0));
        idle(lab, case, &title, &center, report).await?;
    }
    let began = Instant::now();
    let lines = fleet::connect(&keys, center.agents()).await?;
    if is_large {
        report.add(case, "connecting all agents", began.elapsed().as_secs_f64(), "s", Goal::None);
    }
    let heartbeats = Heartbeats::start(lines);
    if is_large {
        // The first of each agent costs more than all others: what counts is a fleet that stays.
        sleep(lab.seconds(HEARTBEAT_SECONDS.into())).await;
        beating(lab, case, &title, &center, &heartbeats, report).await?;
    }
    let lists = lists(&center, &key).await?;
    if is_large {
        memory(case, &format!("{title}: resident, while listing"), &center, Goal::AtMost(256.0), report)?;
    }
    let (_, failed) = heartbeats.counts();
    if failed > 0 {
        bail!("{failed} heartbeats were not answered");
    }
    Ok(lists)
}

/// Lets a center make its account, then fills the database behind it.
async fn filled(launch: &Launch, scale: &Scale, keys: &[AgentKey]) -> anyhow::Result<ApiKey> {
    let center = launch.start()?;
    let key = center.first_key().context("reading the first key")?;
    let made = ApiClient::connect(center.api(), &key).await?.call("ListAccessTokens", &[]).await?;
    if made["TotalCount"].as_i64() != Some(0) {
        bail!("a new center already has codes: {made}");
    }
    center.stop()?;
    fleet::fill(&location(launch), scale.codes, keys, test_center::now()).await?;
    Ok(key)
}

/// The center with its data, and nobody there.
async fn idle(
    lab: &Lab,
    case: &str,
    title: &str,
    center: &Center,
    report: &mut Report,
) -> anyhow::Result<()> {
    let share = processor_share(center, lab.seconds(10)).await?;
    report.add(case, &format!("{title}: processor, nobody connected"), share, "% of one", Goal::AtMost(5.0));
    memory(case, &format!("{title}: resident, nobody connected"), center, Goal::AtMost(256.0), report)
}

/// The center with its agents, and no other caller.
async fn beating(
    lab: &Lab,
    case: &str,
    title: &str,
    center: &Center,
    heartbeats: &Heartbeats,
    report: &mut Report,
) -> anyhow::Result<()> {
    let (before, _) = heartbeats.counts();
    let span = lab.seconds(60);
    let share = processor_share(center, span).await?;
    let (after, _) = heartbeats.counts();
    let agents = heartbeats.agents();
    report.add(
        case,
        &format!("{agents} connected agents: heartbeats"),
        per_second(after - before, span),
        "/s",
        Goal::None,
    );
    report.add(case, &format!("{title}: processor, only heartbeats"), share, "% of one", Goal::AtMost(5.0));
    memory(case, &format!("{title}: resident, heartbeats"), center, Goal::AtMost(256.0), report)
}

async fn processor_share(center: &Center, span: Duration) -> anyhow::Result<f64> {
    let (before, began) = (cpu_seconds(center.pid())?, Instant::now());
    sleep(span).await;
    Ok((cpu_seconds(center.pid())? - before) / began.elapsed().as_secs_f64() * 100.0)
}

async fn lists(center: &Center, key: &ApiKey) -> anyhow::Result<Lists> {
    let mut api = ApiClient::connect(center.api(), key).await?;
    let mut timed = async |action: &str, size: &str| {
        let mut latencies = Vec::new();
        for _ in 0..CALLS {
            let asked = Instant::now();
            api.call(action, &[("PageNumber", "1"), ("PageSize", size)]).await?;
            latencies.push(asked.elapsed());
        }
        anyhow::Ok(Spread::of(latencies))
    };
    Ok(Lists {
        tokens: timed("ListAccessTokens", "100").await?,
        sources: timed("DescribeSourceServers", "50").await?,
    })
}

fn memory(case: &str, what: &str, center: &Center, goal: Goal, report: &mut Report) -> anyhow::Result<()> {
    report.add(case, what, mebibytes(resident_bytes(center.pid())?), "MiB", goal);
    Ok(())
}

/// Bytes as mebibytes.
#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
pub(crate) fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / MEBIBYTE
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn per_second(count: u64, span: Duration) -> f64 {
    count as f64 / span.as_secs_f64()
}
