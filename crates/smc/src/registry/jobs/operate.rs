//! Starting, stopping, cutting over and deleting jobs.

use super::{Actor, change, held};
use crate::{
    JobId, Timestamp,
    account::Caller,
    job::Event,
    ports::{Clock, Random, Store},
    registry::{Error, Registry},
    source::Source,
};

/// Whether an event needs the source's agent to be heard of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Agent {
    Needed,
    NotNeeded,
}

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// Starts a job, goes on with one that was stopped or failed, or makes an incremental one run before its time.
    pub async fn start_job(&self, caller: &Caller, id: JobId) -> Result<(), Error> {
        let run = self.new_run_id()?;
        self.operate(caller, id, Event::Start { run }, Agent::Needed).await
    }

    /// Stops a job while it copies. What was copied stays.
    pub async fn stop_job(&self, caller: &Caller, id: JobId) -> Result<(), Error> {
        self.operate(caller, id, Event::Stop, Agent::NotNeeded).await
    }

    /// Ends an incremental job that waits, after one more copy of what changed.
    pub async fn cut_over_job(&self, caller: &Caller, id: JobId) -> Result<(), Error> {
        let last_run = Some(self.new_run_id()?);
        self.operate(caller, id, Event::CutOver { last_run }, Agent::Needed).await
    }

    /// Ends an incremental job that waits, with the images that it has.
    pub async fn finish_job(&self, caller: &Caller, id: JobId) -> Result<(), Error> {
        self.operate(caller, id, Event::CutOver { last_run: None }, Agent::NotNeeded).await
    }

    /// Deletes a job: it is gone once what it occupies is freed. Its images stay.
    pub async fn delete_job(&self, caller: &Caller, id: JobId) -> Result<(), Error> {
        self.operate(caller, id, Event::Delete, Agent::NotNeeded).await
    }

    async fn operate(&self, caller: &Caller, id: JobId, event: Event, agent: Agent) -> Result<(), Error> {
        let (caller, now) = (caller.clone(), self.clock.now());
        self.store
            .write(move |tx| {
                let job = match held(tx, caller.account, &id)? {
                    Ok(job) => job,
                    Err(missing) => return Ok(Err(missing)),
                };
                if let Err(refused) = job.apply(event.clone(), now) {
                    return Ok(Err(refused.into()));
                }
                if agent == Agent::Needed {
                    let Some(source) = tx.source(&job.account, &job.source)? else {
                        return Ok(Err(Error::NoSource(job.source.to_string())));
                    };
                    if let Some(error) = unreachable(&source, now) {
                        return Ok(Err(error));
                    }
                }
                let changed = change(tx, &job, event.clone(), now, &Actor::of(&caller))?;
                Ok(changed.map(drop).map_err(Error::from))
            })
            .await?
    }
}

/// Why nothing can be copied from a source now, if so.
pub(super) fn unreachable(source: &Source, now: Timestamp) -> Option<Error> {
    (!source.reachable(now)).then(|| Error::SourceUnavailable {
        source_id: source.id.clone(),
        why: source.error_code(now).to_owned(),
    })
}
