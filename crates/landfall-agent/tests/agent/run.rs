//! The running agent, in memory, with time that moves only when everybody waits.

use std::{
    io::{self, Write},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use landfall_agent::{
    failure::Failure,
    import::{Voucher, import},
    machine::{Machine, MachineError, Selection},
    run::{Agent, Surroundings, Survey},
    state::StateDir,
};
use smc::{
    AccessTokenId, Timestamp,
    access_token::{AccessTokenCode, code::CODE_ENTROPY},
    ports::{Clock, Random, RandomError},
    source::{Inventory, MachineId},
};
use tempfile::TempDir;
use tokio::{sync::oneshot, task::JoinHandle, time::sleep};
use tracing::subscriber::DefaultGuard;

use crate::stand_in::{Answer, InMemory, StandIn, healthy, refusal};

const HEARTBEAT: &str = agent_api::HEARTBEAT;

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix(1_800_000_000)
    }
}

impl Random for Still {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), RandomError> {
        buffer.fill(0x80);
        Ok(())
    }
}

/// Where the agent's log goes.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// An imported machine whose agent runs.
struct Running {
    _directory: TempDir,
    center: Arc<StandIn>,
    log: Log,
    _logging: DefaultGuard,
    stop: oneshot::Sender<()>,
    agent: JoinHandle<Result<(), Failure>>,
}

fn machine(hostname: &str) -> Machine {
    let disks = vec![serde_json::from_str(r#"{"path":"/dev/vda"}"#).unwrap()];
    let inventory = Inventory { hostname: hostname.into(), disks, ..Inventory::default() };
    Machine { inventory, problems: vec![], id: Some(MachineId::of(&["machine"])) }
}

impl Running {
    async fn with(survey: impl Fn() -> Result<Machine, MachineError> + Send + Sync + 'static) -> Self {
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .without_time()
            .with_target(false)
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .finish();
        let logging = tracing::subscriber::set_default(subscriber);
        let directory = tempfile::tempdir().unwrap();
        let state = StateDir::create_at(directory.path()).unwrap();
        let center = StandIn::new(healthy);
        let voucher = Voucher {
            center: "https://center.example:8621".parse().unwrap(),
            pin: center.pin,
            token_id: AccessTokenId::parse("at-abcdefghij0123456789").unwrap(),
            code: AccessTokenCode::from_random(&[7; CODE_ENTROPY]),
        };
        let dial = Arc::new(InMemory(center.clone()));
        import(&voucher, machine("web"), Selection::default(), None, &state, &Still, dial.clone())
            .await
            .unwrap();
        let survey: Survey = Arc::new(survey);
        let around = Surroundings { clock: Arc::new(Still), random: Arc::new(Still), dial, survey };
        let (stop, stopped) = oneshot::channel();
        let stopped = async move {
            let _ = stopped.await;
        };
        let agent = tokio::spawn(Agent::wake(state, around).unwrap().run(stopped));
        Self { _directory: directory, center, log, _logging: logging, stop, agent }
    }

    async fn stop(self) -> String {
        self.stop.send(()).unwrap();
        self.agent.await.unwrap().unwrap();
        String::from_utf8(self.log.0.lock().unwrap().clone()).unwrap()
    }
}

#[tokio::test(start_paused = true)]
async fn heartbeats_keep_their_pace_on_one_connection() {
    let running = Running::with(|| Ok(machine("web"))).await;
    running.center.until(HEARTBEAT, 1).await;
    sleep(Duration::from_mins(10)).await;
    // 30 s less 5 % of early arrival that the fixed randomness draws: 28.5 s.
    assert_eq!(running.center.count(HEARTBEAT), 22);
    assert_eq!(running.center.count(agent_api::INVENTORY), 0);
    let calls = running.center.calls();
    let beats = || calls.iter().filter(|call| call.path == HEARTBEAT);
    assert_eq!(beats().map(|call| call.connection).collect::<std::collections::BTreeSet<_>>().len(), 1);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_agent_outlives_its_center_with_one_line_per_change() {
    let running = Running::with(|| Ok(machine("web"))).await;
    let center = running.center.clone();
    center.until(HEARTBEAT, 2).await;
    center.die();
    sleep(Duration::from_hours(2)).await;
    center.revive();
    let before = center.count(HEARTBEAT);
    center.until(HEARTBEAT, before + 1).await;
    center.obey(|_| refusal(503, "ServiceUnavailable", "the database is unavailable"));
    sleep(Duration::from_mins(10)).await;
    // Full jitter at one half: waits of 0.5, 1, 2, 4, 8, 16 and then 30 seconds.
    let attempts = center.count(HEARTBEAT) - before - 1;
    assert!((18..=28).contains(&attempts), "{attempts}");
    center.obey(healthy);
    let before = center.count(HEARTBEAT);
    center.until(HEARTBEAT, before + 2).await;
    let calls = center.calls();
    assert!(calls.iter().all(|call| call.key == calls[0].key && !call.key.is_empty()));
    assert!(calls.last().unwrap().resumed, "reconnecting resumes the TLS session");
    insta::assert_snapshot!(running.stop().await, @"
    INFO this machine is s-abcdefghij0123456789 of https://center.example:8621
    WARN cannot reach https://center.example:8621: connection refused; check that the center runs and that this is its agent port (8621 by default); trying again, at most a minute apart
    INFO https://center.example:8621 answers again
    WARN ServiceUnavailable: the database is unavailable; trying again, at most a minute apart
    INFO https://center.example:8621 answers again
    INFO stopping
    ");
}

#[tokio::test(start_paused = true)]
async fn a_center_that_closes_idle_connections_is_not_trouble() {
    let running = Running::with(|| Ok(machine("web"))).await;
    running.center.until(HEARTBEAT, 1).await;
    for beats in 2..5 {
        running.center.die();
        running.center.revive();
        running.center.until(HEARTBEAT, beats).await;
    }
    let log = running.stop().await;
    assert!(!log.contains("WARN"), "{log}");
}

#[tokio::test(start_paused = true)]
async fn a_deleted_source_ends_its_agent_and_says_what_to_do() {
    let running = Running::with(|| Ok(machine("web"))).await;
    running.center.until(HEARTBEAT, 1).await;
    running.center.obey(|_| refusal(404, "Agent.Unknown", "no source has this key"));
    let failure = running.agent.await.unwrap().unwrap_err();
    assert_eq!(failure.exit_code(), 1);
    insta::assert_snapshot!(format!("{failure}\n{}", failure.remedy().unwrap()), @"
    the center at https://center.example:8621 does not know this agent any more: s-abcdefghij0123456789 was deleted there, or another machine with the same identity took its place
    to import this machine again, run `landfall-agent import` with an activation code; to be rid of the agent, disable its service and remove its state directory
    ");
}

#[tokio::test(start_paused = true)]
async fn the_center_hears_of_changes_once_and_of_faults_while_they_last() {
    let surveys = Arc::new(AtomicUsize::new(0));
    let counted = surveys.clone();
    let running = Running::with(move || match counted.fetch_add(1, Ordering::SeqCst) {
        0 => Ok(machine("web")),
        3 => Err(MachineError::NoDisk("it was pulled out".into())),
        _ => Ok(machine("renamed")),
    })
    .await;
    let center = running.center.clone();
    center.until(HEARTBEAT, 1).await;
    assert_eq!(center.count(agent_api::INVENTORY), 0);
    center.until(agent_api::INVENTORY, 1).await;
    let sent = center.calls().into_iter().rfind(|call| call.path == agent_api::INVENTORY).unwrap();
    assert_eq!(sent.body["inventory"]["hostname"], "renamed");
    let faulty = |calls: Vec<crate::stand_in::Call>| {
        let last = calls.into_iter().rfind(|call| call.path == HEARTBEAT).unwrap();
        last.body["fault"]["error_code"].as_str().map(str::to_owned)
    };
    for (hours, fault) in [(1, None), (1, Some("DiskMissing")), (1, None)] {
        sleep(Duration::from_hours(hours)).await;
        sleep(Duration::from_mins(1)).await;
        assert_eq!(faulty(center.calls()).as_deref(), fault);
    }
    assert_eq!(center.count(agent_api::INVENTORY), 1);
    assert_eq!(surveys.load(Ordering::SeqCst), 5);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_inventory_that_got_lost_is_sent_again() {
    let surveys = Arc::new(AtomicUsize::new(0));
    let running = Running::with(move || match surveys.fetch_add(1, Ordering::SeqCst) {
        0 => Ok(machine("web")),
        _ => Ok(machine("renamed")),
    })
    .await;
    let center = running.center.clone();
    center.obey(|call| if call.path == agent_api::INVENTORY { Answer::Vanish } else { healthy(call) });
    center.until(agent_api::INVENTORY, 3).await;
    center.obey(healthy);
    let lost = center.count(agent_api::INVENTORY);
    center.until(agent_api::INVENTORY, lost + 1).await;
    sleep(Duration::from_mins(50)).await;
    assert_eq!(center.count(agent_api::INVENTORY), lost + 1);
    running.stop().await;
}
