//! A thousand agents that want the five hundred uses of one code, each with a TLS connection and a key of its own.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use bench_report::{Goal, Report};
use test_center::{AgentKey, AgentLine, ApiClient, Center, Code, machine_id};
use tokio::task::JoinSet;

use crate::{
    lab::{Engine, Lab},
    spread::Spread,
};

/// Rounds, each with a new code and new machines; the median counts.
const ROUNDS: usize = 5;

/// What a round gave.
struct Round {
    imported: usize,
    registered: u32,
    sources: usize,
    answered_per_second: f64,
    latencies: Spread,
}

/// Whether the clock runs while connections are made.
#[derive(Clone, Copy, PartialEq)]
enum Handshakes {
    Before,
    Included,
}

pub(crate) async fn measure(lab: &Lab, engine: Engine, report: &mut Report) -> anyhow::Result<()> {
    let case = format!("race-{engine}");
    let center = lab.launch(&case, engine)?.start()?;
    let key = center.first_key().context("reading the first key")?;
    let mut api = ApiClient::connect(center.api(), &key).await?;
    let agents = lab.many(1_000);
    for (handshakes, what) in
        [(Handshakes::Before, "connections made beforehand"), (Handshakes::Included, "handshakes included")]
    {
        let mut rounds = Vec::new();
        for round in 0..ROUNDS {
            let fleet = format!("{case} {what} {round}");
            rounds.push(run(&center, &mut api, &fleet, agents, handshakes).await?);
        }
        tell(report, &case, what, agents, rounds);
    }
    Ok(())
}

async fn run(
    center: &Center,
    api: &mut ApiClient,
    fleet: &str,
    agents: usize,
    handshakes: Handshakes,
) -> anyhow::Result<Round> {
    let before = sources(api).await?;
    let code = std::sync::Arc::new(api.create_code(u32::try_from(agents / 2)?).await?);
    let keys: Vec<_> = (0..agents).map(|_| AgentKey::generate()).collect::<Result<_, _>>()?;
    let mut lines = Vec::new();
    for key in &keys {
        lines.push(match handshakes {
            Handshakes::Before => Some(key.connect(center.agents()).await?),
            Handshakes::Included => None,
        });
    }
    let address = center.agents();
    let began = Instant::now();
    let mut running = JoinSet::new();
    for (number, (key, line)) in keys.into_iter().zip(lines).enumerate() {
        let (code, machine) = (code.clone(), machine_id(fleet, number));
        running.spawn(async move {
            let asked = Instant::now();
            let line = match line {
                Some(line) => line,
                None => key.connect(address).await?,
            };
            let won = redeem(line, &code, machine).await?;
            anyhow::Ok((won, asked.elapsed()))
        });
    }
    let mut answers = Vec::new();
    while let Some(done) = running.join_next().await {
        answers.push(done??);
    }
    let elapsed = began.elapsed();
    Ok(Round {
        imported: answers.iter().filter(|(won, _)| *won).count(),
        registered: registered(api, &code).await?,
        sources: sources(api).await? - before,
        answered_per_second: per_second(answers.len(), elapsed),
        latencies: Spread::of(answers.into_iter().map(|(_, latency)| latency).collect()),
    })
}

/// Says whether the machine was imported; any refusal but the one to be expected is a failure.
async fn redeem(mut line: AgentLine, code: &Code, machine: smc::source::MachineId) -> anyhow::Result<bool> {
    match line.import(code, machine).await {
        Ok(_) => Ok(true),
        Err(error) if error.code() == "AccessToken.Exhausted" => Ok(false),
        Err(error) => Err(error.into()),
    }
}

async fn sources(api: &mut ApiClient) -> anyhow::Result<usize> {
    let reply = api.call("DescribeSourceServers", &[("PageSize", "1")]).await?;
    let total = reply["TotalCount"].as_u64().context("reading TotalCount")?;
    Ok(usize::try_from(total)?)
}

async fn registered(api: &mut ApiClient, code: &Code) -> anyhow::Result<u32> {
    let reply = api.call("ListAccessTokens", &[("AccessTokenId.1", &code.id)]).await?;
    let count = &reply["AccessTokens"]["AccessToken"][0]["RegisteredCount"];
    match count.as_str() {
        Some(text) => Ok(text.parse()?),
        None => bail!("ListAccessTokens gives no RegisteredCount of {}: {reply}", code.id),
    }
}

fn tell(report: &mut Report, case: &str, what: &str, agents: usize, mut rounds: Vec<Round>) {
    let wanted = agents / 2;
    let exact = rounds.iter().filter(|round| {
        round.imported == wanted && round.sources == wanted && usize::try_from(round.registered) == Ok(wanted)
    });
    let exact = exact.count();
    rounds.sort_by(|a, b| a.answered_per_second.total_cmp(&b.answered_per_second));
    let title = format!("{agents} agents, Count {wanted}, {what}");
    report.add(
        case,
        &format!("{title}: rounds of {} exact", rounds.len()),
        count(exact),
        "",
        Goal::Exactly(count(rounds.len())),
    );
    if let Some(median) = rounds.get(rounds.len() / 2) {
        report.add(
            case,
            &format!("{title}: answers"),
            median.answered_per_second,
            "/s",
            Goal::AtLeast(2_000.0),
        );
        report.add(
            case,
            "the last answer of them after",
            median.latencies.milliseconds(100),
            "ms",
            Goal::None,
        );
    }
}

fn per_second(answers: usize, elapsed: Duration) -> f64 {
    count(answers) / elapsed.as_secs_f64()
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
fn count(number: usize) -> f64 {
    number as f64
}
