//! Which runs are taken in now, and for which sources: whoever conducts jobs puts runs on the desk, the agent listener
//! asks it.
//!
//! A run has one session at a time, which is one attempt of its agent with one or more streams. The newest wins, since
//! the agent that opened it has given the older one up: the older one's streams are told and end before the newer one's
//! begin, so that no two write to one place.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use replication::frame::Settings;
use smc::SourceId;
use tokio::sync::{mpsc, watch};

use super::{Ended, ReceiveError, StagingSet};

/// Streams of one session at the most; each needs [`super::STREAM_BYTES`] of memory.
pub const SESSION_STREAMS: usize = 8;

/// The runs that are taken in.
#[derive(Default)]
pub struct Desk {
    runs: Mutex<HashMap<RunKey, Run>>,
}

/// A run of a job.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RunKey {
    /// The job's id.
    pub job: String,
    /// The run's id.
    pub run: String,
}

/// A run that is to be taken in.
pub struct Assignment {
    /// Whose disks it copies.
    pub source: SourceId,
    /// Where they go.
    pub set: Arc<StagingSet>,
    /// How to copy; changes reach the agent at once.
    pub settings: watch::Receiver<Settings>,
    /// Told when a stream has ended.
    pub ended: mpsc::UnboundedSender<StreamEnded>,
}

/// A stream has ended.
#[derive(Debug)]
pub struct StreamEnded {
    /// The session that it was of.
    pub session: String,
    /// How it ended.
    pub outcome: Result<Ended, ReceiveError>,
}

/// Why a stream is not taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// The run is not on the desk, or is another source's.
    #[error("this agent has no such run to send; ask the center for work again")]
    Unknown,
    /// The session has its streams.
    #[error("the session has {SESSION_STREAMS} streams already; use fewer")]
    TooMany,
}

struct Run {
    assignment: Assignment,
    session: Option<Session>,
}

struct Session {
    name: String,
    /// Says true when a newer session has taken over or the run was withdrawn; every stream holds a receiver.
    stop: Arc<watch::Sender<bool>>,
    /// The sessions before, whose streams may not have ended yet.
    before: Vec<Arc<watch::Sender<bool>>>,
}

/// A stream that may begin once [`Place::clear`] returns.
pub(crate) struct Place {
    pub(crate) set: Arc<StagingSet>,
    pub(crate) settings: watch::Receiver<Settings>,
    session: String,
    ended: mpsc::UnboundedSender<StreamEnded>,
    stopped: watch::Receiver<bool>,
    before: Vec<Arc<watch::Sender<bool>>>,
}

impl Desk {
    /// Takes a run in from now on. A run that was on the desk is replaced, and its streams are told.
    pub fn assign(&self, key: RunKey, assignment: Assignment) {
        let replaced = self.runs().insert(key, Run { assignment, session: None });
        if let Some(session) = replaced.and_then(|run| run.session) {
            session.stop.send_replace(true);
        }
    }

    /// Takes a run in no longer; returns when its streams have ended.
    pub async fn withdraw(&self, key: &RunKey) {
        let session = self.runs().remove(key).and_then(|run| run.session);
        if let Some(session) = session {
            session.stop.send_replace(true);
            session.stop.closed().await;
            for before in session.before {
                before.closed().await;
            }
        }
    }

    /// Gives a stream its place, if its run is on the desk for this source.
    pub(crate) fn place(&self, key: &RunKey, source: &SourceId, session: &str) -> Result<Place, NotTaken> {
        let mut runs = self.runs();
        let run =
            runs.get_mut(key).filter(|run| run.assignment.source == *source).ok_or(NotTaken::Unknown)?;
        let current = match run.session.take() {
            Some(current) if current.name == session => current,
            older => {
                let mut before = Vec::new();
                if let Some(older) = older {
                    older.stop.send_replace(true);
                    // It may never have had its turn, and those before it may not be through yet.
                    before = older.before;
                    before.push(older.stop);
                    before.retain(|session| !session.is_closed());
                }
                Session { name: session.to_owned(), stop: Arc::new(watch::Sender::new(false)), before }
            }
        };
        let current = run.session.insert(current);
        if current.stop.receiver_count() >= SESSION_STREAMS {
            return Err(NotTaken::TooMany);
        }
        Ok(Place {
            set: run.assignment.set.clone(),
            settings: run.assignment.settings.clone(),
            session: session.to_owned(),
            ended: run.assignment.ended.clone(),
            stopped: current.stop.subscribe(),
            before: current.before.clone(),
        })
    }

    fn runs(&self) -> MutexGuard<'_, HashMap<RunKey, Run>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Returns when all sessions before have ended.
    pub(crate) async fn clear(&self) {
        for before in &self.before {
            before.closed().await;
        }
    }

    /// Returns when the stream is to end.
    pub(crate) async fn stopped(&mut self) {
        // Its sender being gone means the same.
        let _ = self.stopped.wait_for(|stopped| *stopped).await;
    }

    /// Tells whoever conducts the run.
    pub(crate) fn report(self, outcome: Result<Ended, ReceiveError>) {
        let _ = self.ended.send(StreamEnded { session: self.session, outcome });
    }
}
