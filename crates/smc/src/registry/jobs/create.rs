//! Creating a job.

use super::{Actor, times};
use crate::{
    JobId, SourceId, Timestamp,
    account::Caller,
    audit::Event as Audited,
    ids::ID_ENTROPY,
    job::{
        Cycle, Job, JobSettings, MAX_JOBS, State,
        disks::{self, Layout},
    },
    ports::{Clock, Random, Store, StoreError, Tx},
    registry::{Error, Registry},
    source::Source,
    tag::Tag,
    workgroup::CreatingCall,
};

/// A job to create.
#[derive(Clone, Debug)]
pub struct NewJob {
    /// Whose disks it copies.
    pub source: SourceId,
    /// Its name, by the contract's rule.
    pub name: Option<String>,
    /// Free text.
    pub description: String,
    /// When it expires; `None` for 30 days from now.
    pub valid_until: Option<Timestamp>,
    /// When it starts by itself.
    pub scheduled: Option<Timestamp>,
    /// How often it copies.
    pub cycle: Cycle,
    /// Everything else its creator chose; partitions are filled in from the layout.
    pub settings: JobSettings,
    /// The disks it is to copy.
    pub layout: Layout,
    /// Its tags, each key once.
    pub tags: Vec<Tag>,
    /// Makes the call idempotent.
    pub call: Option<CreatingCall>,
}

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// Creates a job, or gives the one that the same call created before.
    pub async fn create_job(&self, caller: &Caller, new: NewJob) -> Result<JobId, Error> {
        let id = JobId::from_random(&self.random.bytes::<ID_ENTROPY>()?);
        let creation = Creation { id, new, caller: caller.clone(), now: self.clock.now() };
        self.store.write(move |tx| creation.settle(tx)).await?
    }
}

/// One call that creates a job.
struct Creation {
    id: JobId,
    new: NewJob,
    caller: Caller,
    now: Timestamp,
}

impl Creation {
    fn settle(&self, tx: &mut dyn Tx) -> Result<Result<JobId, Error>, StoreError> {
        let account = self.caller.account;
        tx.lock_jobs(&account)?;
        if let Some(call) = &self.new.call
            && let Some((id, before)) = tx.job_of_call(&account, &call.client_token)?
        {
            return Ok(if before == call.parameters { Ok(id) } else { Err(Error::TokenReused) });
        }
        let Some(source) = tx.source(&account, &self.new.source)? else {
            return Ok(Err(Error::NoSource(self.new.source.to_string())));
        };
        if let Some(refused) = self.refused(tx, &source)? {
            return Ok(Err(refused));
        }
        let job = match self.job(&source) {
            Ok(job) => job,
            Err(error) => return Ok(Err(error)),
        };
        tx.insert_job(&job, self.new.call.as_ref())?;
        tx.put_job_tags(&job.id, &self.new.tags)?;
        let detail = format!("of {}", job.source);
        tx.record(&Actor::of(&self.caller).entry(&job, self.now, Audited::JobCreated, detail))?;
        Ok(Ok(job.id))
    }

    /// What stands against a job in what the account has.
    fn refused(&self, tx: &mut dyn Tx, source: &Source) -> Result<Option<Error>, StoreError> {
        let account = self.caller.account;
        let jobs = tx.jobs_of_sources(std::slice::from_ref(&source.id))?;
        if let Some(job) = jobs.into_iter().find(|job| job.state.status().unfinished()) {
            return Ok(Some(Error::SourceBusy { source_id: source.id.clone(), job: job.id }));
        }
        if let Some(error) = super::operate::unreachable(source, self.now) {
            return Ok(Some(error));
        }
        if tx.count_jobs(&account, MAX_JOBS)? >= MAX_JOBS {
            return Ok(Some(Error::JobQuota));
        }
        if let Some(name) = &self.new.name
            && tx.job_name_taken(&account, name, None)?
        {
            return Ok(Some(Error::JobNameTaken(name.clone())));
        }
        let JobSettings { region, image_name, .. } = &self.new.settings;
        if let Some(name) = image_name
            && tx.image_name_planned(&account, region, name, None)?
        {
            return Ok(Some(Error::ImageNamePlanned(name.clone())));
        }
        Ok(None)
    }

    fn job(&self, source: &Source) -> Result<Job, Error> {
        let NewJob { name, description, scheduled, cycle, settings, layout, .. } = &self.new;
        let valid_until = times::valid_until(self.new.valid_until, self.now, self.now)?;
        times::check_schedule(*scheduled, self.now, valid_until)?;
        let chosen = disks::choose(&source.inventory, layout)?;
        Ok(Job {
            id: self.id.clone(),
            account: self.caller.account,
            source: source.id.clone(),
            name: name.clone(),
            description: description.clone(),
            created: self.now,
            valid_until,
            scheduled: *scheduled,
            cycle: *cycle,
            state: State::Ready,
            settings: JobSettings { parts: chosen.parts, ..settings.clone() },
            disks: chosen.disks,
            started: None,
            ended: None,
            images_made: 0,
            image: None,
        })
    }
}
