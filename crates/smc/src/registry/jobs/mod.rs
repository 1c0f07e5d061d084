//! Replication jobs: the operations over them, and what whoever conducts their copies asks of the registry.
//!
//! Every change of a job's state goes through [`job::Job::apply`], in one transaction with its run and its line in the
//! audit trail.

mod conduct;
mod create;
mod images;
mod list;
mod modify;
mod operate;
mod times;

pub use create::NewJob;
pub use images::keep_image_check;
pub use list::{JobQuery, JobView};
pub use modify::JobChange;

use super::{Error, Removal};
use crate::{
    JobId, SourceId, Timestamp,
    account::{AccountId, Caller},
    audit::{Entry, Event as Audited},
    job::{Event, Job, JobProgress, Refused, Run, State, Status, Step},
    ports::{StoreError, Tx},
};

/// Who makes a job change, as the audit trail names it.
#[derive(Clone, Debug)]
struct Actor {
    name: String,
    address: String,
}

impl Actor {
    fn of(caller: &Caller) -> Self {
        Self { name: caller.arn.clone(), address: super::address_text(caller.address) }
    }

    /// The center itself: the clock, or how a copy went.
    fn center() -> Self {
        Self { name: "center".to_owned(), address: String::new() }
    }

    fn entry(&self, job: &Job, at: Timestamp, event: Audited, detail: String) -> Entry {
        Entry {
            account: job.account,
            at,
            event,
            resource: job.id.to_string(),
            actor: self.name.clone(),
            address: self.address.clone(),
            detail,
        }
    }
}

/// Applies one event to a job that this transaction holds: state, runs and audit trail change together.
fn change(
    tx: &mut dyn Tx,
    job: &Job,
    event: Event,
    now: Timestamp,
    actor: &Actor,
) -> Result<Result<Job, Refused>, StoreError> {
    let step = match job.apply(event, now) {
        Ok(step) => step,
        Err(refused) => return Ok(Err(refused)),
    };
    if step.job == *job {
        return Ok(Ok(step.job));
    }
    let line = audited(job, &step);
    let Step { job, begins, ends } = step;
    tx.update_job(&job)?;
    if let Some((id, image)) = ends {
        tx.close_run(&id, now, image.as_ref())?;
    }
    if let Some((id, trigger)) = begins {
        tx.open_run(&Run { id, job: job.id.clone(), trigger, started: now, ended: None, image: None })?;
        // Figures of the run before say nothing of this one.
        tx.note_progress(&[(job.id.clone(), JobProgress { percent: 0.0, info: String::new() })])?;
    }
    if let Some((event, detail)) = line {
        tx.record(&actor.entry(&job, now, event, detail))?;
    }
    Ok(Ok(job))
}

/// What the trail says of a step; the stages of a run are no news for it.
fn audited(before: &Job, step: &Step) -> Option<(Audited, String)> {
    let began = step.begins.is_some();
    Some(match &step.job.state {
        State::Running(running) if running.last && matches!(before.state, State::Waiting { .. }) => {
            let detail = if began { "after a last copy" } else { "without a last copy" };
            (Audited::JobCutOver, detail.to_owned())
        }
        State::Running(_) if began => {
            let trigger = step.begins.as_ref().map(|(_, trigger)| trigger.as_str());
            (Audited::JobStarted, trigger.unwrap_or_default().to_owned())
        }
        State::Running(_) | State::Ready => return None,
        State::Waiting { .. } => {
            let image = step.job.image.as_ref().map(ToString::to_string);
            (Audited::JobRan, image.unwrap_or_default())
        }
        State::Stopped { .. } => (Audited::JobStopped, String::new()),
        State::InError { code, .. } => (Audited::JobFailed, code.clone()),
        State::Finished => {
            let image = step.job.image.as_ref().map(ToString::to_string);
            (Audited::JobFinished, image.unwrap_or_default())
        }
        State::Expired { .. } => (Audited::JobExpired, String::new()),
        State::Deleting => (Audited::JobDeleted, String::new()),
    })
}

/// Deletes the jobs of a source that is about to be deleted, or says what stands against that.
pub(super) fn delete_with_source(
    tx: &mut dyn Tx,
    caller: &Caller,
    source_id: &SourceId,
    removal: Removal,
    now: Timestamp,
) -> Result<Option<Error>, StoreError> {
    let source_id = source_id.clone();
    let mut jobs = Vec::new();
    for job in tx.jobs_of_sources(std::slice::from_ref(&source_id))? {
        // Held and read again, all of them before any is changed: one may have been started since.
        jobs.extend(tx.job_to_change(&job.id)?.filter(|job| job.state != State::Deleting));
    }
    if let Some(job) = jobs.iter().find(|job| job.state.status() == Status::Running) {
        return Ok(Some(Error::SourceWithRunningJob { source_id, job: job.id.clone() }));
    }
    if !jobs.is_empty() && removal == Removal::OnlyWithoutJobs {
        let jobs: Vec<_> = jobs.iter().map(|job| job.id.as_str()).collect();
        return Ok(Some(Error::SourceWithJobs { source_id, jobs: jobs.join(", ") }));
    }
    for job in jobs {
        if let Err(refused) = change(tx, &job, Event::Delete, now, &Actor::of(caller))? {
            return Ok(Some(refused.into()));
        }
    }
    Ok(None)
}

/// A job of the account, held until the transaction ends.
fn held(tx: &mut dyn Tx, account: AccountId, id: &JobId) -> Result<Result<Job, Error>, StoreError> {
    let job = tx.job_to_change(id)?.filter(|job| job.account == account);
    Ok(job.ok_or_else(|| Error::NoJob(id.to_string())))
}
