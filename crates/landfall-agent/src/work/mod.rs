//! Doing what the center asks for: following the disks of one job, and copying its runs.
//!
//! The heartbeats bring what is wanted, and [`Room::want`] hands it in; everything else happens in a task of its own, so
//! that no disk and no link can keep the agent from being heard. What is wanted is always all there is to do: a copy that
//! it does not name any more ends, and trackers that it does not need are dropped. A run that is interrupted, whether by
//! the link, by the center or by this agent's own end, goes on as soon as both are there again and it is still wanted.

mod attached;
mod journal;
pub(crate) mod lines;
mod located;
mod owed;
mod reports;
mod worker;

use std::{sync::Arc, time::Duration};

use agent_api::Work;
use smc::ports::{Clock, Random};
use tokio::{sync::watch, task::JoinHandle, time::timeout};

use crate::{link::Door, state::StateDir};
use worker::Worker;

/// How long the end of a freeze and of reads is waited for when the agent ends.
const CLOSED_WITHIN: Duration = Duration::from_secs(10);

/// What work is done with.
pub(crate) struct Means {
    /// The way to the center.
    pub(crate) door: Arc<Door>,
    /// Tells the time for records.
    pub(crate) clock: Arc<dyn Clock>,
    /// Spreads attempts.
    pub(crate) random: Arc<dyn Random>,
    /// Whether the kernel is asked for changes.
    pub(crate) tracked: Tracked,
    /// Where word of the work is left for `landfall-agent status`.
    pub(crate) state: StateDir,
}

/// Whether the kernel is asked which blocks change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tracked {
    /// Yes, where it can tell.
    IfPossible,
    /// No: everything is compared.
    Never,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Wanted {
    /// All there is to do.
    Work(Option<Work>),
    /// The agent ends.
    End,
}

/// Where work is done.
pub(crate) struct Room {
    wanted: watch::Sender<Wanted>,
    working: JoinHandle<()>,
}

impl Room {
    /// Opens the room; nothing is wanted yet.
    pub(crate) fn open(means: Means) -> Self {
        let (wanted, heard) = watch::channel(Wanted::Work(None));
        let working = tokio::spawn(Worker::new(means, heard).live());
        Self { wanted, working }
    }

    /// Says all there is to do from now on.
    pub(crate) fn want(&self, work: Option<Work>) {
        let work = Wanted::Work(work);
        self.wanted.send_if_modified(|wanted| {
            let other = *wanted != work;
            if other {
                *wanted = work;
            }
            other
        });
    }

    /// Leaves off; returns when everything is thawed.
    pub(crate) async fn close(mut self) {
        self.wanted.send_replace(Wanted::End);
        // Whatever takes longer ends with the process.
        let _ = timeout(CLOSED_WITHIN, &mut self.working).await;
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.working.abort();
    }
}
