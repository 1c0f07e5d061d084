//! Which center conducts a job: the one that its agent calls. A lease in the database keeps two from doing so.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use smc::{
    JobId,
    job::{Job, State},
    ports::Clock,
    registry::Error,
};

use super::{Conductor, Held};

/// How long a center has a job, unless it takes it again.
const LEASE_SECONDS: i64 = 60;

/// How often it takes it again.
const RENEW_EVERY: Duration = Duration::from_secs(20);

/// An agent that called within this time is this center's to conduct.
const CALLS_HERE: Duration = Duration::from_secs(90);

impl Conductor {
    /// Whether this center conducts the job: its lease is taken if its agent calls here.
    pub(super) async fn has(&self, job: &Job, held: &mut HashMap<JobId, Held>) -> Result<bool, Error> {
        let known = held.get(&job.id).map(|held| held.renewed);
        if known.is_some_and(|renewed| renewed.elapsed() < RENEW_EVERY) {
            return Ok(true);
        }
        if known.is_some() && self.calls_elsewhere(job).await {
            tracing::info!(job = %job.id, source = %job.source, "the agent of a job calls another center, which takes it over");
            if let Some(left) = held.remove(&job.id) {
                self.leave(&job.id, left).await;
            }
            return Ok(false);
        }
        let wanted = known.is_some()
            || matches!(job.state, State::Deleting)
            || self.works.heard_within(&job.source, CALLS_HERE);
        if !wanted {
            return Ok(false);
        }
        let taken = self.registry.take_lease(job.id.clone(), self.center.clone(), LEASE_SECONDS).await?;
        if taken {
            let source = job.source.clone();
            let fresh = || Held { source, renewed: Instant::now(), run: None, tracking: None };
            held.entry(job.id.clone()).or_insert_with(fresh).renewed = Instant::now();
        } else if let Some(lost) = held.remove(&job.id) {
            tracing::warn!(job = %job.id, "another center has taken a job over");
            self.leave(&job.id, lost).await;
        }
        Ok(taken)
    }

    /// Whether a job's agent has turned to another center: it is heard of, and not here.
    async fn calls_elsewhere(&self, job: &Job) -> bool {
        if matches!(job.state, State::Deleting) || self.works.heard_within(&job.source, CALLS_HERE) {
            return false;
        }
        // Who cannot tell keeps the job.
        let source = self.registry.source(job.account, job.source.clone()).await;
        source.is_ok_and(|(source, _)| !source.offline(self.registry.clock().now()))
    }
}
