//! Imported servers (the contract calls them source servers): what the center knows of one, and what state
//! it is in.
//!
//! A source's state is never stored: it follows from when it was last heard of and what its agent
//! reported, so that it cannot disagree with them.

pub mod identity;
pub mod inventory;
mod name;

pub use identity::{KeyFingerprint, MachineId};
pub use inventory::Inventory;
pub use name::default_name;

use crate::{AccessTokenId, SourceId, Timestamp, account::AccountId, job::Job};

/// How often an agent reports, in seconds: the `HeartbeatRate` of `DescribeSourceServers`.
pub const HEARTBEAT_SECONDS: u32 = 30;

/// How many heartbeats may be missing before a source counts as offline.
pub const MISSED_HEARTBEATS: u32 = 3;

/// The driver named in `ReplicationDriver`; the only one the contract documents.
pub const REPLICATION_DRIVER: &str = "SMT";

/// An imported server.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// Names the source.
    pub id: SourceId,
    /// Whose it is: the account of the code that brought it.
    pub account: AccountId,
    /// What people call it; unique in its account.
    pub name: String,
    /// Free text, at most 256 characters.
    pub description: String,
    /// The code that brought it; stays when the code is deleted.
    pub token: AccessTokenId,
    /// The machine it is, so that the same machine coming again gets the same source.
    pub machine: MachineId,
    /// Fingerprint of the key that its agent authenticates with.
    pub key: KeyFingerprint,
    /// Version of its agent.
    pub agent_version: String,
    /// Where its agent last called from.
    pub address: String,
    /// When it was imported.
    pub imported: Timestamp,
    /// When its agent was last heard of.
    pub last_seen: Timestamp,
    /// What its agent reported to be wrong, if anything.
    pub fault: Option<Fault>,
    /// What the machine consists of.
    pub inventory: Inventory,
}

/// Something wrong on the source, as its agent reports it; shown in `StatusInfo`.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Fault {
    /// A short code, such as `DiskMissing`.
    pub error_code: String,
    /// What is wrong and what to do.
    pub error_msg: String,
}

/// The states of `DescribeSourceServers`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Online, no unfinished job.
    Available,
    /// Online, with an unfinished job.
    InUse,
    /// Not heard of for three heartbeats, or its agent reports a fault.
    Unavailable,
    /// Being removed.
    Deleting,
}

impl State {
    /// The contract's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Available => "Available",
            Self::InUse => "InUse",
            Self::Unavailable => "Unavailable",
            Self::Deleting => "Deleting",
        }
    }

    /// Reads the contract's word.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Available, Self::InUse, Self::Unavailable, Self::Deleting]
            .into_iter()
            .find(|state| state.as_str() == text)
    }
}

/// The moment before which a last heartbeat means that the source is offline now.
pub const fn offline_before(now: Timestamp) -> Timestamp {
    now.plus_seconds(-((HEARTBEAT_SECONDS * MISSED_HEARTBEATS) as i64))
}

impl Source {
    /// Says whether three heartbeats are missing.
    pub fn offline(&self, now: Timestamp) -> bool {
        self.last_seen < offline_before(now)
    }

    /// The state shown to the account, given the source's jobs.
    pub fn state_with<'a>(&self, jobs: impl IntoIterator<Item = &'a Job>, now: Timestamp) -> State {
        let in_use = jobs.into_iter().any(|job| job.state.status().unfinished());
        if self.offline(now) || self.fault.is_some() {
            State::Unavailable
        } else if in_use {
            State::InUse
        } else {
            State::Available
        }
    }

    /// Whether its agent is heard of and reports no fault.
    pub fn reachable(&self, now: Timestamp) -> bool {
        !self.offline(now) && self.fault.is_none()
    }

    /// The `ErrorCode` beside [`State::Unavailable`]; empty for a source in good health.
    pub fn error_code(&self, now: Timestamp) -> &str {
        match &self.fault {
            _ if self.offline(now) => "SourceServer.Offline",
            Some(fault) => &fault.error_code,
            None => "",
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::access_token::tests::sample as token;

    pub(crate) fn sample() -> Source {
        Source {
            id: SourceId::from_random(&[3; 32]),
            account: token().account,
            name: "web-01".into(),
            description: String::new(),
            token: token().id,
            machine: MachineId::of(&["machine-id"]),
            key: KeyFingerprint::of(b"key"),
            agent_version: "0.1.0".into(),
            address: "127.0.0.1".into(),
            imported: Timestamp::from_unix(1_000),
            last_seen: Timestamp::from_unix(1_000),
            fault: None,
            inventory: Inventory::default(),
        }
    }

    #[test]
    fn a_source_is_offline_after_three_missed_heartbeats_and_back_with_the_next() {
        let mut source = sample();
        for (now, state, code) in [
            (1_000, State::Available, ""),
            (1_090, State::Available, ""),
            (1_091, State::Unavailable, "SourceServer.Offline"),
        ] {
            let now = Timestamp::from_unix(now);
            assert_eq!((source.state_with(&[], now), source.error_code(now)), (state, code), "{now}");
        }
        source.last_seen = Timestamp::from_unix(1_091);
        assert_eq!(source.state_with(&[], Timestamp::from_unix(1_100)), State::Available);
    }

    #[test]
    fn a_reported_fault_makes_it_unavailable_while_online() {
        let fault = Fault { error_code: "DiskMissing".into(), error_msg: "a disk is gone".into() };
        let source = Source { fault: Some(fault), ..sample() };
        let now = Timestamp::from_unix(1_001);
        assert_eq!(
            (source.state_with(&[], now), source.error_code(now)),
            (State::Unavailable, "DiskMissing")
        );
    }
}
