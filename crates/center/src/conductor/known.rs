//! The jobs that someone conducts, as a conductor saw them last: only what changed since is read again.

use std::{collections::HashMap, sync::Arc};

use smc::{JobId, job::Job, registry::Error};

use crate::Registry;

/// The jobs as they were seen last.
#[derive(Default)]
pub(super) struct Known {
    revisions: Arc<HashMap<JobId, i64>>,
    jobs: HashMap<JobId, Job>,
    /// All of them, those that were created first come first.
    order: Vec<JobId>,
}

/// What is other than it was.
pub(super) struct Changes {
    /// Jobs in another state, or never seen before.
    pub(super) moved: Vec<Job>,
    /// Jobs that nobody has to conduct any more, as they were.
    pub(super) gone: Vec<Job>,
}

impl Known {
    /// Looks again; says what is other than it was.
    pub(super) async fn look(&mut self, registry: &Registry) -> Result<Changes, Error> {
        let (all, changed) = registry.changes_to_conduct(self.revisions.clone()).await?;
        Ok(self.take(all, changed))
    }

    /// All jobs, with their revisions.
    pub(super) fn jobs(&self) -> impl Iterator<Item = (&Job, i64)> {
        self.order.iter().filter_map(|id| Some((self.jobs.get(id)?, *self.revisions.get(id)?)))
    }

    /// Whether someone has to conduct a job.
    pub(super) fn has(&self, id: &JobId) -> bool {
        self.jobs.contains_key(id)
    }

    fn take(&mut self, all: Vec<(JobId, i64)>, changed: Vec<Job>) -> Changes {
        let same_jobs =
            all.len() == self.order.len() && all.iter().zip(&self.order).all(|((id, _), at)| id == at);
        if same_jobs && changed.is_empty() {
            return Changes { moved: Vec::new(), gone: Vec::new() };
        }
        let standing = |job: &Job| (job.state.status(), job.state.stage());
        let mut moved = Vec::new();
        for job in changed {
            if self.jobs.get(&job.id).is_none_or(|before| standing(before) != standing(&job)) {
                moved.push(job.clone());
            }
            self.jobs.insert(job.id.clone(), job);
        }
        let revisions: HashMap<JobId, i64> = all.iter().cloned().collect();
        // A job that was not believed is in none of these, so that it is asked for again.
        let (present, gone) =
            self.jobs.drain().partition::<HashMap<_, _>, _>(|(id, _)| revisions.contains_key(id));
        self.jobs = present;
        self.order = all.into_iter().map(|(id, _)| id).collect();
        self.revisions =
            Arc::new(revisions.into_iter().filter(|(id, _)| self.jobs.contains_key(id)).collect());
        Changes { moved, gone: gone.into_values().collect() }
    }
}
