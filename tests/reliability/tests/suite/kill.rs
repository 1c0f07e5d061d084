//! A center that is killed at random moments while codes are made and redeemed keeps every promise it made.

use std::{sync::Arc, time::Duration};

use agent_api::Arrival;
use test_center::{AgentKey, ApiClient, ApiKey, Center, Code, Launch, machine_id};
use tokio::{runtime::Runtime, task::JoinSet, time::sleep};

use crate::{
    ledger::Ledger,
    place::{Engine, Place},
    seed::Chance,
};

const CYCLES: u64 = 100;
const CREATORS: usize = 4;
const REDEEMERS: usize = 4;

/// The longest that a center lives under load, in milliseconds.
const LONGEST_LIFE: u64 = 100;

/// One start in so many is killed before it is known to be ready.
const EARLY_DEATHS: u64 = 8;

/// An import without an answer: whether it was done, only the center knows.
struct Open {
    code: Arc<Code>,
    key: AgentKey,
    machine: usize,
}

#[test]
fn a_killed_center_keeps_its_promises_on_sqlite() {
    kill_again_and_again(Engine::Sqlite);
}

#[test]
fn a_killed_center_keeps_its_promises_on_postgresql() {
    kill_again_and_again(Engine::Postgres);
}

fn kill_again_and_again(engine: Engine) {
    let mut chance = Chance::of_this_run(&format!("kill on {engine:?}"));
    let runtime = Runtime::new().unwrap();
    let place = Place::new(engine);
    let launch = place.launch("center");
    let (ledger, mut open) = (Arc::new(Ledger::default()), Vec::new());
    let mut center = launch.start().unwrap();
    let key = center.first_key().unwrap();
    for cycle in 0..CYCLES {
        open = runtime.block_on(async {
            let mut api = ApiClient::connect(center.api(), &key).await.unwrap();
            outwait(&mut api, &ledger).await;
            ledger.compare(&mut api).await;
            settle(&center, &ledger, open).await;
            ledger.compare(&mut api).await;
            live_and_die(center, &key, &ledger, &mut chance, cycle).await
        });
        if chance.below(EARLY_DEATHS) == 0 {
            die_early(&launch, &runtime, &mut chance);
        }
        center = launch.start().unwrap();
    }
    runtime.block_on(async {
        let mut api = ApiClient::connect(center.api(), &key).await.unwrap();
        outwait(&mut api, &ledger).await;
        settle(&center, &ledger, open).await;
        ledger.compare(&mut api).await;
        ledger.compare_lineage(&mut api).await;
    });
    let (codes, sources) = ledger.totals();
    println!("{engine:?}: {CYCLES} kills, {codes} codes and {sources} sources were promised and are there");
    let least = usize::try_from(CYCLES).unwrap();
    assert!(codes > least && sources > least, "too little happened for the kills to hit anything");
    center.stop().unwrap();
}

/// Loads a center until it is killed; gives the imports that were never answered.
async fn live_and_die(
    center: Center,
    key: &ApiKey,
    ledger: &Arc<Ledger>,
    chance: &mut Chance,
    cycle: u64,
) -> Vec<Open> {
    let (api, agents) = (center.api(), center.agents());
    let mut clients = JoinSet::new();
    for _ in 0..CREATORS {
        let (key, ledger, mut chance) = (key.clone(), ledger.clone(), chance.split());
        clients.spawn(async move {
            let Ok(mut api) = ApiClient::connect(api, &key).await else { return None };
            loop {
                let count = u32::try_from(1 + chance.below(6)).unwrap();
                match api.create_code(count).await {
                    Ok(code) => ledger.created(code, count),
                    Err(error) => return ended(&error),
                }
            }
        });
    }
    for redeemer in 0..REDEEMERS {
        let (ledger, mut chance) = (ledger.clone(), chance.split());
        let first = (usize::try_from(cycle).unwrap() * REDEEMERS + redeemer) * 1_000_000;
        clients.spawn(async move {
            for machine in first.. {
                let Some(code) = ledger.pick(|codes| chance.below(codes)) else {
                    tokio::task::yield_now().await;
                    continue;
                };
                let key = AgentKey::generate().unwrap();
                let Ok(mut line) = key.connect(agents).await else { return None };
                match line.import(&code, machine_id("killed", machine)).await {
                    Ok(reply) => {
                        assert_eq!(reply.arrival, Arrival::New);
                        ledger.imported(&reply.source_id, &code.id);
                    }
                    Err(error) if error.code() == "AccessToken.Exhausted" => ledger.exhausted(&code.id),
                    Err(error) => {
                        ended(&error);
                        return Some(Open { code, key, machine });
                    }
                }
            }
            None
        });
    }
    sleep(Duration::from_millis(chance.below(LONGEST_LIFE))).await;
    center.kill().unwrap();
    clients.join_all().await.into_iter().flatten().collect()
}

/// Kills a center somewhere on its way to being ready.
fn die_early(launch: &Launch, runtime: &Runtime, chance: &mut Chance) {
    let mut child = launch.spawn().unwrap();
    let life = Duration::from_millis(chance.below(40));
    runtime.block_on(async move { sleep(life).await });
    child.kill().unwrap();
    child.wait().unwrap();
}

/// PostgreSQL may still be finishing the transaction of a center that was killed, and what it adds would be in the
/// list of sources and not yet in the list of codes before it. Writers take turns: after one write, it is over.
async fn outwait(api: &mut ApiClient, ledger: &Ledger) {
    ledger.created(api.create_code(1).await.unwrap(), 1);
}

/// Machines without an answer ask again, as agents do: each gets the source it may already be, or a new one, or hears
/// that the code is used up.
async fn settle(center: &Center, ledger: &Ledger, open: Vec<Open>) {
    for Open { code, key, machine } in open {
        let mut line = key.connect(center.agents()).await.unwrap();
        match line.import(&code, machine_id("killed", machine)).await {
            Ok(reply) => ledger.imported(&reply.source_id, &code.id),
            Err(error) if error.code() == "AccessToken.Exhausted" => ledger.exhausted(&code.id),
            Err(error) => panic!("a machine that asks again is refused: {error}"),
        }
    }
}

/// The end of a connection is how a killed center looks; a refusal would be something else.
fn ended(error: &test_center::ClientError) -> Option<Open> {
    assert_eq!(error.code(), "", "a center under load refuses: {error}");
    None
}
