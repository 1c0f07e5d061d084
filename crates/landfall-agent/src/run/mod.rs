//! Staying known: heartbeats to the center, and the inventory whenever it changed.
//!
//! The agent outlives its center: while it cannot be reached, or answers anything but what it should, the
//! agent tries again with growing, randomised waits and the same identity, and logs once per change of state.
//! One answer ends it: that the center does not know this agent any more.
//!
//! A center that can holds its answer back until there is something to do, so that it is done at once; news of this
//! machine does not wait for that. What there is to do goes to the work room. Looking at the disks happens beside the
//! heartbeats and may take as long as a failing disk takes.

mod known;

use std::{sync::Arc, time::Duration};

use agent_api::{Empty, ErrorReply, HeartbeatReply, InventoryRequest, LONGEST_WAIT_SECONDS};
use http::Method;
use smc::ports::{Clock, Random};
use tokio::{
    sync::mpsc,
    task::{JoinHandle, spawn_blocking},
    time::{Instant, sleep_until},
};

pub use crate::work::Tracked;
use crate::{
    failure::Failure,
    link::{CallError, Dial, Door, Line},
    machine::{Machine, MachineError},
    pace::{self, Backoff},
    state::{Membership, StateDir},
    trust::{Identity, client_config},
    work::{Means, Room},
};
use known::{Found, Known};

/// How often the machine is looked at for changes.
const SURVEY_EVERY: Duration = Duration::from_hours(1);

/// Least time between two heartbeats to a center that always has news.
const NEWS_EVERY: Duration = Duration::from_millis(200);

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
    door: Arc<Door>,
    line: Line,
    known: Known,
    around: Surroundings,
    tracked: Tracked,
    backoff: Backoff,
    /// Seconds that the next answer may be held back.
    hold: u32,
    /// Seconds that the last one might.
    asked: u32,
}

/// What became of a heartbeat.
enum Beat {
    /// It was answered, or not.
    Over(Result<HeartbeatReply, CallError>),
    /// It was given up, for there is news to tell.
    News,
}

impl Agent {
    /// Wakes the agent of the machine that this directory remembers.
    pub fn wake(state: StateDir, around: Surroundings) -> Result<Self, Failure> {
        let not_imported = || crate::state::StateError::Absent(state.root().display().to_string());
        let membership = Membership::load(&state)?.ok_or_else(not_imported)?;
        let identity = Identity::load(&state)?.ok_or_else(not_imported)?;
        let tls = client_config(membership.pin, &identity)?;
        let door = Arc::new(Door::new(membership.center.clone(), tls, around.dial.clone()));
        Ok(Self {
            line: Line::through(door.clone()),
            door,
            known: Known::new(state, membership, around.clock.clone()),
            around,
            tracked: Tracked::IfPossible,
            backoff: Backoff::default(),
            hold: 0,
            asked: 0,
        })
    }

    /// Has the kernel asked for changes, or not; without this it is.
    #[must_use]
    pub fn tracking(mut self, tracked: Tracked) -> Self {
        self.tracked = tracked;
        self
    }

    /// Lives until `stop` completes, which is success, or until the center does not know this agent any more.
    pub async fn run(mut self, stop: impl Future<Output = ()>) -> Result<(), Failure> {
        let Membership { source_id, center, .. } = &self.known.membership;
        tracing::info!("this machine is {source_id} of {center}");
        let room = Room::open(Means {
            door: self.door.clone(),
            clock: self.around.clock.clone(),
            random: self.around.random.clone(),
            tracked: self.tracked,
            state: self.known.state.clone(),
        });
        let ended = tokio::select! {
            biased;
            () = stop => {
                tracing::info!("stopping");
                Ok(())
            }
            gone = self.live(&room) => Err(gone),
        };
        room.close().await;
        ended
    }

    async fn live(&mut self, room: &Room) -> Failure {
        let (found, mut looks) = mpsc::channel(1);
        let _looking = Looking(tokio::spawn(look(self.around.survey.clone(), found)));
        let mut next = Instant::now();
        loop {
            if self.wait(next, &mut looks).await {
                next = Instant::now();
            }
            let sent = Instant::now();
            let outcome = match self.beat(&mut looks).await {
                Beat::News => continue,
                Beat::Over(Ok(reply)) => self.take_in(reply, room, sent).await,
                Beat::Over(Err(error)) => Err(error),
            };
            match outcome {
                Ok(again) => {
                    self.backoff.reset();
                    self.known.connected();
                    next = again;
                }
                Err(error) if error.code() == ErrorReply::UNKNOWN_AGENT => {
                    self.known.gone(&error);
                    let Membership { center, source_id, .. } = &self.known.membership;
                    return Failure::Gone { center: center.to_string(), source_id: source_id.to_string() };
                }
                Err(error) => {
                    self.hold = 0;
                    self.known.lost(&error);
                    next = Instant::now() + self.backoff.next(&*self.around.random);
                }
            }
        }
    }

    /// Waits for the time of the next heartbeat; says whether news cut that short.
    async fn wait(&mut self, until: Instant, looks: &mut mpsc::Receiver<Box<Found>>) -> bool {
        loop {
            tokio::select! {
                biased;
                Some(found) = looks.recv() => if self.known.learn(*found) {
                    return true;
                },
                () = sleep_until(until) => return false,
            }
        }
    }

    /// Sends a heartbeat. The answer may be held back for long, which news does not wait for.
    async fn beat(&mut self, looks: &mut mpsc::Receiver<Box<Found>>) -> Beat {
        let request = self.known.to_tell(self.hold);
        self.asked = request.wait_seconds;
        let Self { line, known, .. } = self;
        let mut answer = std::pin::pin!(line.call(Method::POST, agent_api::HEARTBEAT, &request));
        loop {
            tokio::select! {
                biased;
                Some(found) = looks.recv() => if known.learn(*found) {
                    return Beat::News;
                },
                answer = &mut answer => return Beat::Over(answer),
            }
        }
    }

    /// Takes an answer in, and sends what the center lacks; gives the time of the next heartbeat.
    async fn take_in(
        &mut self,
        reply: HeartbeatReply,
        room: &Room,
        sent: Instant,
    ) -> Result<Instant, CallError> {
        let (asked, seen) = (self.asked, self.known.seen);
        self.known.heard(&reply);
        room.want(reply.work);
        self.hold = reply.wait_seconds.min(LONGEST_WAIT_SECONDS);
        self.send_inventory().await?;
        let held = asked > 0 && sent.elapsed() + NEWS_EVERY >= Duration::from_secs(asked.into());
        let usual =
            Instant::now() + pace::until_next(self.known.heartbeat.every_seconds, &*self.around.random);
        Ok(if self.hold > 0 && (asked == 0 || held || reply.revision != seen) {
            sent + NEWS_EVERY
        } else {
            // An old center, or one that answers early without having anything to say.
            usual
        })
    }

    async fn send_inventory(&mut self) -> Result<(), CallError> {
        let Some((digest, inventory)) = self.known.unsent.take() else { return Ok(()) };
        let request = InventoryRequest { protocol: agent_api::NEWEST, inventory };
        match self.line.call::<_, Empty>(Method::PUT, agent_api::INVENTORY, &request).await {
            Ok(Empty {}) => {
                tracing::info!("the center has the inventory as it is now");
                self.known.heartbeat.inventory = Some(digest);
            }
            // Sending the same again would be refused again; the next change gets its own chance.
            Err(error) if error.is_final() && error.code() != ErrorReply::UNKNOWN_AGENT => {
                tracing::warn!("the center does not take the inventory: {error}");
            }
            Err(error) => {
                self.known.unsent = Some((digest, request.inventory));
                return Err(error);
            }
        }
        Ok(())
    }
}

/// The task that looks at the machine, ended with the agent.
struct Looking(JoinHandle<()>);

impl Drop for Looking {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Looks at the machine now and every hour. One look ends before the next begins.
async fn look(survey: Survey, found: mpsc::Sender<Box<Found>>) {
    let mut next = Instant::now();
    loop {
        sleep_until(next).await;
        next = Instant::now() + SURVEY_EVERY;
        let survey = survey.clone();
        let looked = spawn_blocking(move || survey()).await;
        if found.send(Box::new(looked)).await.is_err() {
            return;
        }
    }
}
