//! What whoever conducts copies asks: whose turn it is, what became of a run, and who conducts which job.

use std::{collections::HashMap, sync::Arc};

use super::{Actor, change};
use crate::{
    ImageId, JobId, RunId,
    ids::ID_ENTROPY,
    job::{Event, Job, JobProgress, Refused, State},
    ports::{Clock, Random, Store, StoreError, Tx},
    registry::{Error, Registry},
};

/// Due jobs that one look of the clock takes; the next look takes the next.
const DUE_AT_ONCE: u32 = 100;

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// The clock: starts, expires and removes every job that is due, each in its own transaction and once however many
    /// centers ask. Gives those that changed.
    pub async fn tick_jobs(&self) -> Result<Vec<JobId>, Error> {
        let now = self.clock.now();
        let due = self.store.read(move |tx| tx.due_jobs(now, DUE_AT_ONCE)).await?;
        let mut changed = Vec::new();
        for id in due {
            let (run, job) = (self.new_run_id()?, id.clone());
            // Whether it is due is decided anew by whoever holds the job: another center may have been first.
            let ticked = self.store.write(move |tx| match tx.job_to_change(&job)? {
                Some(job) => change(tx, &job, Event::Tick { run: run.clone() }, now, &Actor::center()),
                None => Ok(Err(Refused::Stale)),
            });
            match ticked.await {
                Ok(Ok(_)) => changed.push(id),
                // A damaged job, which the store has told of, must not keep the others waiting.
                Ok(Err(_)) | Err(StoreError::Corrupt(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(changed)
    }

    /// The jobs of any account that someone has to conduct, those that are Running, Waiting or Deleting: the ids and
    /// revisions of all, and of the jobs themselves those whose revision is not the one that is known.
    pub async fn changes_to_conduct(
        &self,
        known: Arc<HashMap<JobId, i64>>,
    ) -> Result<(Vec<(JobId, i64)>, Vec<Job>), Error> {
        let work = move |tx: &mut dyn Tx| {
            let all = tx.revisions_to_conduct()?;
            let changed = all.iter().filter(|(id, revision)| known.get(id) != Some(revision));
            let changed: Vec<_> = changed.map(|(id, _)| id.clone()).collect();
            // Read after its revision: what changes between the two is read once more, and never missed.
            let jobs = if changed.is_empty() { Vec::new() } else { tx.believed_jobs(&changed)? };
            Ok((all, jobs))
        };
        Ok(self.store.read(work).await?)
    }

    /// Takes or renews the lease of a job for some seconds; `false` if another center has it.
    pub async fn take_lease(&self, id: JobId, center: String, seconds: i64) -> Result<bool, Error> {
        let now = self.clock.now();
        let until = now.plus_seconds(seconds);
        Ok(self.store.write(move |tx| tx.take_lease(&id, &center, now, until)).await?)
    }

    /// Gives the lease of a job back, if this center has it.
    pub async fn drop_lease(&self, id: JobId, center: String) -> Result<(), Error> {
        Ok(self.store.write(move |tx| tx.drop_lease(&id, &center)).await?)
    }

    /// Tells a job what became of its run; gives the job as it is then, or why the event does not fit. A job that is
    /// gone has no run, so that everything about it is stale.
    pub async fn job_event(&self, id: JobId, event: Event) -> Result<Result<Job, Refused>, Error> {
        let now = self.clock.now();
        let work = self.store.write(move |tx| match tx.job_to_change(&id)? {
            Some(job) => change(tx, &job, event.clone(), now, &Actor::center()),
            None => Ok(Err(Refused::Stale)),
        });
        Ok(work.await?)
    }

    /// Notes how far jobs are; jobs that are gone are passed over.
    pub async fn note_progress(&self, progress: Vec<(JobId, JobProgress)>) -> Result<(), Error> {
        Ok(self.store.write(move |tx| tx.note_progress(&progress)).await?)
    }

    /// Removes a job that was being deleted and whose resources are gone; any other stays.
    pub async fn forget_job(&self, id: JobId) -> Result<(), Error> {
        let work = self.store.write(move |tx| {
            if tx.job_to_change(&id)?.is_some_and(|job| job.state == State::Deleting) {
                tx.delete_job(&id)?;
            }
            Ok(())
        });
        Ok(work.await?)
    }

    /// Whether a job may still need its staging disks: it is there, and neither finished nor being deleted.
    pub async fn has_staging(&self, id: JobId) -> Result<bool, Error> {
        let work = self.store.write(move |tx| tx.job_to_change(&id));
        Ok(work.await?.is_some_and(|job| job.state.status().unfinished()))
    }

    /// Draws an id for a run.
    pub fn new_run_id(&self) -> Result<RunId, Error> {
        Ok(RunId::from_random(&self.random.bytes::<ID_ENTROPY>()?))
    }

    /// Draws an id for an image.
    pub fn new_image_id(&self) -> Result<ImageId, Error> {
        Ok(ImageId::from_random(&self.random.bytes::<ID_ENTROPY>()?))
    }
}
