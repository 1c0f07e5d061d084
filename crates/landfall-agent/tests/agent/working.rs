//! An imported machine with disk images, whose agent runs.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use agent_api::{RunEvent, RunWork, Work, WorkDisk};
use landfall_agent::{
    failure::Failure,
    import::{Voucher, import},
    machine::{Machine, Selection},
    run::{Agent, Surroundings},
    state::{StateDir, WorkRecord},
};
use smc::{
    AccessTokenId, Timestamp,
    access_token::{AccessTokenCode, code::CODE_ENTROPY},
    ports::{Clock, Random, RandomError},
    source::{Inventory, MachineId},
};
use tempfile::TempDir;
use tokio::{
    sync::{oneshot, watch},
    task::JoinHandle,
};

use crate::{
    copies::Center,
    stand_in::{InMemory, StandIn, healthy},
};

pub(crate) struct Still;

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

pub(crate) struct Source {
    directory: TempDir,
    pub(crate) center: Arc<StandIn>,
    /// Streams that are open now.
    pub(crate) streams: watch::Sender<usize>,
    pub(crate) surveys: Arc<AtomicUsize>,
    stop: oneshot::Sender<()>,
    agent: JoinHandle<Result<(), Failure>>,
}

/// A stream that is open until this is dropped.
struct Open(watch::Sender<usize>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.send_modify(|open| *open -= 1);
    }
}

fn machine(hostname: &str) -> Machine {
    let disks = vec![serde_json::from_str(r#"{"path":"/dev/vda"}"#).unwrap()];
    let inventory = Inventory { hostname: hostname.into(), disks, ..Inventory::default() };
    Machine { inventory, problems: vec![], id: Some(MachineId::of(&["machine"])) }
}

impl Source {
    /// Its agent runs, and its center holds answers back.
    pub(crate) async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let state = StateDir::create_at(&directory.path().join("state")).unwrap();
        let center = StandIn::new(healthy);
        let voucher = Voucher {
            center: "https://center.example:8621".parse().unwrap(),
            pin: center.pin,
            token_id: AccessTokenId::parse("at-abcdefghij0123456789").unwrap(),
            code: AccessTokenCode::from_random(&[7; CODE_ENTROPY]),
        };
        let dial = Arc::new(InMemory(center.clone()));
        import(&voucher, machine("web-0"), Selection::default(), None, &state, &Still, dial.clone())
            .await
            .unwrap();
        center.order(None);
        let surveys = Arc::new(AtomicUsize::new(0));
        let counted = surveys.clone();
        let around = Surroundings {
            clock: Arc::new(Still),
            random: Arc::new(Still),
            dial,
            // Another name at each look.
            survey: Arc::new(move || Ok(machine(&format!("web-{}", counted.fetch_add(1, SeqCst))))),
        };
        let (stop, stopped) = oneshot::channel();
        let stopped = async move {
            let _ = stopped.await;
        };
        let agent = tokio::spawn(Agent::wake(state, around).unwrap().run(stopped));
        Self { directory, center, streams: watch::Sender::new(0), surveys, stop, agent }
    }

    /// Where streams go from now on.
    pub(crate) fn copies_to(&self, copies: &Arc<Center>) {
        let (copies, streams) = (copies.clone(), self.streams.clone());
        self.center.take_streams(move |stream| {
            let (copies, streams) = (copies.clone(), streams.clone());
            streams.send_modify(|open| *open += 1);
            let open = Open(streams);
            let serving = tokio::spawn(async move {
                let _open = open;
                // A stream that is cut ends with an error, as it should.
                let _ = copies.serve(stream).await;
            });
            serving.abort_handle()
        });
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Writes a disk image.
    pub(crate) fn image(&self, name: &str, content: &[u8]) -> WorkDisk {
        std::fs::write(self.path(name), content).unwrap();
        let path = self.path(name).display().to_string();
        WorkDisk { index: 0, path, size_bytes: content.len() as u64, table_id: None, serial: None }
    }

    /// Has a run copied.
    pub(crate) fn order(&self, disk: &WorkDisk, run: Option<(&str, Option<&str>)>) {
        self.order_disks(std::slice::from_ref(disk), run);
    }

    /// Has a run of several disks copied.
    pub(crate) fn order_disks(&self, disks: &[WorkDisk], run: Option<(&str, Option<&str>)>) {
        let run = run.map(|(run, base)| RunWork {
            run_id: run.into(),
            base_run_id: base.map(str::to_owned),
            audit: false,
        });
        self.center.order(Some(Work {
            job_id: "j-1".into(),
            run,
            disks: disks.to_vec(),
            freeze_budget_ms: 20_000,
        }));
    }

    /// What was reported of runs, but for figures on the way.
    pub(crate) fn ends(&self) -> Vec<(String, RunEvent)> {
        let calls = self.center.calls();
        let reports = calls.iter().filter(|call| call.path == agent_api::REPORT);
        let event = |body: &serde_json::Value| serde_json::from_value(body["event"].clone()).unwrap();
        reports
            .map(|call| (call.body["run_id"].as_str().unwrap().to_owned(), event(&call.body)))
            .filter(|(_, event)| !matches!(event, RunEvent::Progress { .. }))
            .collect()
    }

    /// Waits until so many runs were reported to have ended.
    pub(crate) async fn until_ended(&self, count: usize) -> (String, RunEvent) {
        let mut reports = 0;
        loop {
            if let Some(end) = self.ends().get(count - 1) {
                return end.clone();
            }
            reports += 1;
            self.center.until(agent_api::REPORT, reports).await;
        }
    }

    pub(crate) fn record(&self) -> Option<WorkRecord> {
        WorkRecord::load(&StateDir::open(&self.path("state")).unwrap())
    }

    pub(crate) async fn stop(self) {
        self.stop.send(()).unwrap();
        self.agent.await.unwrap().unwrap();
    }
}
