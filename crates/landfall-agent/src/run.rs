//! Staying known: heartbeats to the center, and the inventory whenever it changed.
//!
//! The agent outlives its center: while it cannot be reached, or answers anything but what it should, the
//! agent tries again with growing, randomised waits and the same identity, and logs once per change of state.
//! One answer ends it: that the center does not know this agent any more.
//!
//! Looking at the disks happens beside the heartbeats and may take as long as a failing disk takes.

use std::{
    mem::{Discriminant, discriminant},
    sync::Arc,
    time::Duration,
};

use agent_api::{Empty, ErrorReply, Fault, HeartbeatReply, HeartbeatRequest, InventoryRequest};
use http::Method;
use smc::{
    SourceId,
    ports::{Clock, Random},
    source::{Inventory, inventory::Unacceptable},
};
use tokio::{
    task::{JoinError, JoinHandle, spawn_blocking},
    time::{Instant, sleep_until},
};

use crate::{
    failure::Failure,
    link::{CallError, Dial, Line},
    machine::{Machine, MachineError, essence},
    pace::{self, Backoff},
    state::{Heartbeat, HeartbeatState, Membership, StateDir},
    trust::{Identity, client_config},
};

/// How often the machine is looked at for changes.
const SURVEY_EVERY: Duration = Duration::from_hours(1);

/// Looks at the machine, as [`Machine::survey`] does.
pub type Survey = Arc<dyn Fn() -> Result<Machine, MachineError> + Send + Sync>;

/// What the agent takes from its surroundings.
pub struct Surroundings {
    /// Tells the time for records and logs; waiting is tokio's.
    pub clock: Arc<dyn Clock>,
    /// Spreads heartbeats and attempts.
    pub random: Arc<dyn Random>,
    /// Opens streams to the center.
    pub dial: Arc<dyn Dial>,
    /// Looks at the machine.
    pub survey: Survey,
}

/// The running agent of an imported machine.
pub struct Agent {
    line: Line,
    state: StateDir,
    membership: Membership,
    heartbeat: Heartbeat,
    around: Surroundings,
    fault: Option<Fault>,
    /// The inventory that the center should have, until it has it, and its digest.
    unsent: Option<(String, Inventory)>,
    backoff: Backoff,
    /// The kind of the trouble already logged, so that each is logged once.
    trouble: Option<(Discriminant<CallError>, String)>,
    record_failed: bool,
}

/// A look at the machine, finished; the outer error means that it panicked.
type Found = Result<Result<Machine, MachineError>, JoinError>;

enum Event {
    Beat,
    Survey,
    Surveyed(Box<Found>),
}

impl Agent {
    /// Wakes the agent of the machine that this directory remembers.
    pub fn wake(state: StateDir, around: Surroundings) -> Result<Self, Failure> {
        let not_imported = || crate::state::StateError::Absent(state.root().display().to_string());
        let membership = Membership::load(&state)?.ok_or_else(not_imported)?;
        let identity = Identity::load(&state)?.ok_or_else(not_imported)?;
        let tls = client_config(membership.pin, &identity)?;
        let heartbeat = Heartbeat::load(&state).unwrap_or(Heartbeat {
            last: None,
            every_seconds: smc::source::HEARTBEAT_SECONDS,
            state: HeartbeatState::Connected,
            inventory: None,
        });
        Ok(Self {
            line: Line::new(membership.center.clone(), tls, around.dial.clone()),
            state,
            membership,
            heartbeat: Heartbeat { every_seconds: pace::interval(heartbeat.every_seconds), ..heartbeat },
            around,
            fault: None,
            unsent: None,
            backoff: Backoff::default(),
            trouble: None,
            record_failed: false,
        })
    }

    /// Lives until `stop` completes, which is success, or until the center does not know this agent any more.
    pub async fn run(mut self, stop: impl Future<Output = ()>) -> Result<(), Failure> {
        let Membership { source_id, center, .. } = &self.membership;
        tracing::info!("this machine is {source_id} of {center}");
        tokio::select! {
            biased;
            () = stop => {
                tracing::info!("stopping");
                Ok(())
            }
            gone = self.live() => Err(gone),
        }
    }

    async fn live(&mut self) -> Failure {
        let mut next_beat = Instant::now();
        let mut next_survey = Instant::now() + SURVEY_EVERY;
        let mut survey = Some(self.survey());
        loop {
            match next(&mut survey, next_beat, next_survey).await {
                Event::Survey => {
                    next_survey = Instant::now() + SURVEY_EVERY;
                    survey = Some(self.survey());
                }
                Event::Surveyed(found) => {
                    survey = None;
                    // While the center cannot be reached, news waits for the next attempt.
                    if self.learn(*found) && self.trouble.is_none() {
                        next_beat = Instant::now();
                    }
                }
                Event::Beat => match self.beat().await {
                    Ok(wait) => next_beat = Instant::now() + wait,
                    Err(gone) => return gone,
                },
            }
        }
    }

    fn survey(&self) -> JoinHandle<Result<Machine, MachineError>> {
        let survey = self.around.survey.clone();
        spawn_blocking(move || survey())
    }

    /// Takes in what a survey found; says whether there is news for the center.
    fn learn(&mut self, found: Found) -> bool {
        let fault = match found {
            Ok(Ok(machine)) => {
                let digest = essence(&machine.inventory);
                if self.heartbeat.inventory.as_ref() != Some(&digest) {
                    self.unsent = Some((digest, machine.inventory));
                }
                None
            }
            Ok(Err(error)) => Some(fault(&error)),
            Err(error) => Some(Fault { error_code: "InventoryFailed".into(), error_msg: error.to_string() }),
        };
        let changed = fault != self.fault;
        if changed {
            if let Some(fault) = &fault {
                tracing::warn!("{}: {}", fault.error_code, fault.error_msg);
            } else {
                tracing::info!("the machine can be described in full again");
            }
        }
        self.fault = fault;
        changed || self.unsent.is_some()
    }

    /// Calls the center once; gives the wait until the next time, or why there is none.
    async fn beat(&mut self) -> Result<Duration, Failure> {
        match self.exchange().await {
            Ok(()) => {
                self.connected();
                Ok(pace::until_next(self.heartbeat.every_seconds, &*self.around.random))
            }
            Err(error) if error.code() == ErrorReply::UNKNOWN_AGENT => {
                self.note(HeartbeatState::Lost {
                    since: self.around.clock.now(),
                    problem: error.to_string(),
                });
                Err(Failure::Gone {
                    center: self.membership.center.to_string(),
                    source_id: self.membership.source_id.to_string(),
                })
            }
            Err(error) => {
                self.lost(&error);
                Ok(self.backoff.next(&*self.around.random))
            }
        }
    }

    async fn exchange(&mut self) -> Result<(), CallError> {
        let request = HeartbeatRequest {
            protocol: agent_api::NEWEST,
            agent_version: env!("CARGO_PKG_VERSION").to_owned(),
            fault: self.fault.clone(),
            seen: 0,
            wait_seconds: 0,
        };
        let reply: HeartbeatReply = self.line.call(Method::POST, agent_api::HEARTBEAT, &request).await?;
        self.heartbeat.every_seconds = pace::interval(reply.heartbeat_seconds);
        self.heartbeat.last = Some(self.around.clock.now());
        self.follow(&reply.source_id);
        if let Some((digest, inventory)) = self.unsent.take() {
            let request = InventoryRequest { protocol: agent_api::NEWEST, inventory };
            match self.line.call::<_, Empty>(Method::PUT, agent_api::INVENTORY, &request).await {
                Ok(Empty {}) => {
                    tracing::info!("the center has the inventory as it is now");
                    self.heartbeat.inventory = Some(digest);
                }
                // Sending the same again would be refused again; the next change gets its own chance.
                Err(error) if error.is_final() && error.code() != ErrorReply::UNKNOWN_AGENT => {
                    tracing::warn!("the center does not take the inventory: {error}");
                }
                Err(error) => {
                    self.unsent = Some((digest, request.inventory));
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// An import of this machine while the agent runs may have given it another id.
    fn follow(&mut self, source_id: &str) {
        if let Ok(id) = SourceId::parse(source_id)
            && id != self.membership.source_id
        {
            tracing::info!("this machine is {id} now, and was {}", self.membership.source_id);
            self.membership.source_id = id;
            if let Err(error) = self.membership.save(&self.state) {
                tracing::warn!("{error}");
            }
        }
    }

    fn connected(&mut self) {
        self.backoff.reset();
        if self.trouble.take().is_some() {
            tracing::info!("{} answers again", self.membership.center);
        } else if !matches!(self.heartbeat.state, HeartbeatState::Connected) {
            tracing::info!("{} answers", self.membership.center);
        }
        self.note(HeartbeatState::Connected);
    }

    fn lost(&mut self, error: &CallError) {
        let trouble = (discriminant(error), error.code().to_owned());
        if self.trouble.as_ref() == Some(&trouble) {
            return;
        }
        tracing::warn!("{error}; trying again, at most a minute apart");
        let since = match &self.heartbeat.state {
            HeartbeatState::Lost { since, .. } if self.trouble.is_some() => *since,
            _ => self.around.clock.now(),
        };
        self.trouble = Some(trouble);
        self.note(HeartbeatState::Lost { since, problem: error.to_string() });
    }

    /// Leaves word for `landfall-agent status`. A full disk must not end the agent.
    fn note(&mut self, state: HeartbeatState) {
        self.heartbeat.state = state;
        match self.heartbeat.save(&self.state) {
            Ok(()) => self.record_failed = false,
            Err(error) if !self.record_failed => {
                self.record_failed = true;
                tracing::warn!("{error}");
            }
            Err(_) => {}
        }
    }
}

async fn next(
    survey: &mut Option<JoinHandle<Result<Machine, MachineError>>>,
    next_beat: Instant,
    next_survey: Instant,
) -> Event {
    let looking = survey.is_some();
    tokio::select! {
        biased;
        found = finished(survey) => Event::Surveyed(Box::new(found)),
        () = sleep_until(next_beat) => Event::Beat,
        () = sleep_until(next_survey), if !looking => Event::Survey,
    }
}

async fn finished(survey: &mut Option<JoinHandle<Result<Machine, MachineError>>>) -> Found {
    match survey {
        Some(running) => running.await,
        None => std::future::pending().await,
    }
}

/// What the account is told of a machine that cannot be described any more.
fn fault(error: &MachineError) -> Fault {
    let code = match error {
        MachineError::Inventory(_)
        | MachineError::NoDisk(_)
        | MachineError::Unacceptable(Unacceptable::NoDisk) => "DiskMissing",
        MachineError::Unacceptable(_) => "InventoryFailed",
    };
    Fault { error_code: code.to_owned(), error_msg: error.to_string() }
}
