//! What the agent knows of itself and of its center's word, and what the center is still to hear.

use std::{
    mem::{Discriminant, discriminant},
    sync::Arc,
};

use agent_api::{Fault, HeartbeatReply, HeartbeatRequest};
use smc::{
    SourceId,
    ports::Clock,
    source::{Inventory, inventory::Unacceptable},
};
use tokio::task::JoinError;

use crate::{
    link::CallError,
    machine::{Machine, MachineError, essence},
    pace,
    state::{Heartbeat, HeartbeatState, Membership, StateDir},
    still::GATE,
};

/// A look at the machine, finished; the outer error means that it panicked.
pub(super) type Found = Result<Result<Machine, MachineError>, JoinError>;

/// What is known.
pub(super) struct Known {
    pub(super) state: StateDir,
    pub(super) membership: Membership,
    pub(super) heartbeat: Heartbeat,
    clock: Arc<dyn Clock>,
    fault: Option<Fault>,
    /// The inventory that the center should have, until it has it, and its digest.
    pub(super) unsent: Option<(String, Inventory)>,
    /// The kind of the trouble already logged, so that each is logged once.
    trouble: Option<(Discriminant<CallError>, String)>,
    record_failed: bool,
    /// The revision of the center's last answer.
    pub(super) seen: u64,
}

impl Known {
    pub(super) fn new(state: StateDir, membership: Membership, clock: Arc<dyn Clock>) -> Self {
        let heartbeat = Heartbeat::load(&state).unwrap_or(Heartbeat {
            last: None,
            every_seconds: smc::source::HEARTBEAT_SECONDS,
            state: HeartbeatState::Connected,
            inventory: None,
        });
        let heartbeat = Heartbeat { every_seconds: pace::interval(heartbeat.every_seconds), ..heartbeat };
        Self {
            state,
            membership,
            heartbeat,
            clock,
            fault: None,
            unsent: None,
            trouble: None,
            record_failed: false,
            seen: 0,
        }
    }

    /// What to tell the center now. Its answer may be held back for so long, unless more is to be told after it.
    pub(super) fn to_tell(&self, wait_seconds: u32) -> HeartbeatRequest {
        HeartbeatRequest {
            protocol: agent_api::NEWEST,
            agent_version: env!("CARGO_PKG_VERSION").to_owned(),
            fault: self.fault.clone(),
            seen: self.seen,
            wait_seconds: if self.unsent.is_some() { 0 } else { wait_seconds },
        }
    }

    /// Takes in what a survey found; says whether that is news to tell at once. While the center cannot be reached, news
    /// waits for the next attempt.
    pub(super) fn learn(&mut self, found: Found) -> bool {
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
        (changed || self.unsent.is_some()) && self.trouble.is_none()
    }

    /// Takes in what the center answers to a heartbeat.
    pub(super) fn heard(&mut self, reply: &HeartbeatReply) {
        self.heartbeat.every_seconds = pace::interval(reply.heartbeat_seconds);
        self.heartbeat.last = Some(self.clock.now());
        self.seen = reply.revision;
        // An import of this machine while the agent runs may have given it another id.
        if let Ok(id) = SourceId::parse(&reply.source_id)
            && id != self.membership.source_id
        {
            tracing::info!("this machine is {id} now, and was {}", self.membership.source_id);
            self.membership.source_id = id;
            let (membership, state) = (self.membership.clone(), self.state.clone());
            if let Err(error) = GATE.write(move || membership.save(&state)) {
                tracing::warn!("{error}");
            }
        }
    }

    /// The center answers.
    pub(super) fn connected(&mut self) {
        if self.trouble.take().is_some() {
            tracing::info!("{} answers again", self.membership.center);
        } else if !matches!(self.heartbeat.state, HeartbeatState::Connected) {
            tracing::info!("{} answers", self.membership.center);
        }
        self.heartbeat.state = HeartbeatState::Connected;
        self.note();
    }

    /// The center does not answer.
    pub(super) fn lost(&mut self, error: &CallError) {
        let trouble = (discriminant(error), error.code().to_owned());
        if self.trouble.as_ref() == Some(&trouble) {
            return;
        }
        tracing::warn!("{error}; trying again, at most a minute apart");
        let since = match &self.heartbeat.state {
            HeartbeatState::Lost { since, .. } if self.trouble.is_some() => *since,
            _ => self.clock.now(),
        };
        self.trouble = Some(trouble);
        self.heartbeat.state = HeartbeatState::Lost { since, problem: error.to_string() };
        self.note();
    }

    /// The center does not know this agent.
    pub(super) fn gone(&mut self, error: &CallError) {
        self.heartbeat.state = HeartbeatState::Lost { since: self.clock.now(), problem: error.to_string() };
        self.note();
    }

    /// Leaves word for `landfall-agent status`. A full disk must not end the agent.
    fn note(&mut self) {
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
