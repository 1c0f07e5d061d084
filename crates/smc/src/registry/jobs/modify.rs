//! Changing a job: what may be changed depends on how far it is.

use std::collections::BTreeMap;

use super::{Actor, held, times};
use crate::{
    JobId, Timestamp,
    account::Caller,
    audit::Event as Audited,
    job::{
        Cycle, Job, Parameters, Refused, State, Status,
        disks::{self, DiskWish, Layout},
    },
    ports::{Clock, Random, Store, StoreError, Tx},
    registry::{Error, Registry},
};

/// What to change of a job; what is `None` or empty stays as it is.
#[derive(Clone, Debug, Default)]
pub struct JobChange {
    /// At any time.
    pub name: Option<String>,
    /// At any time.
    pub description: Option<String>,
    /// Until it is finished or expired.
    pub valid_until: Option<Timestamp>,
    /// Before its first run, or while it waits.
    pub hours: Option<u32>,
    /// Before its first run, or while it waits.
    pub keep: Option<u32>,
    /// Until it is finished or expired, also while it copies: how, and the text that said so.
    pub parameters: Option<(Parameters, String)>,
    /// Before its first run.
    pub scheduled: Option<Timestamp>,
    /// Before its first run.
    pub image_name: Option<String>,
    /// Before its first run: the size of the system disk at the target, in GiB.
    pub system_gib: Option<u32>,
    /// Before its first run: the disks anew.
    pub layout: Option<Layout>,
    /// Before its first run: what is only stored and shown.
    pub echoed: BTreeMap<String, String>,
}

const BEFORE_START: &str = "Ready";
const BETWEEN_RUNS: &str = "Ready or Waiting";
const UNFINISHED: &str = "Ready, Running, Stopped, InError or Waiting";

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// Changes a job: all of it or nothing.
    pub async fn modify_job(&self, caller: &Caller, id: JobId, change: JobChange) -> Result<(), Error> {
        let (caller, now) = (caller.clone(), self.clock.now());
        self.store
            .write(move |tx| {
                tx.lock_jobs(&caller.account)?;
                let job = match held(tx, caller.account, &id)? {
                    Ok(job) => job,
                    Err(missing) => return Ok(Err(missing)),
                };
                let changed = match changed(tx, &job, &change, now)? {
                    Ok(changed) => changed,
                    Err(refused) => return Ok(Err(refused)),
                };
                if changed != job {
                    tx.update_job(&changed)?;
                    let entry = Actor::of(&caller).entry(
                        &changed,
                        now,
                        Audited::JobChanged,
                        difference(&job, &changed),
                    );
                    tx.record(&entry)?;
                }
                Ok(Ok(()))
            })
            .await?
    }
}

impl JobChange {
    /// Whether anything is asked for that is settled once a job has started.
    fn of_plan(&self) -> bool {
        self.scheduled.is_some()
            || self.image_name.is_some()
            || self.system_gib.is_some()
            || self.layout.is_some()
            || !self.echoed.is_empty()
    }

    /// Refuses what the status of the job does not allow.
    fn check(&self, job: &Job) -> Result<(), Error> {
        let status = job.state.status();
        let cycle = self.hours.is_some() || self.keep.is_some();
        if cycle && job.cycle == Cycle::Once {
            return Err(if self.hours.is_some() {
                Error::NotIncremental { name: "Frequency", code: "InvalidParameter.Frequency" }
            } else {
                let (name, code) = ("MaxNumberOfImageToKeep", "InvalidParameter.MaxNumberOfImageToKeep");
                Error::NotIncremental { name, code }
            });
        }
        let open = !matches!(status, Status::Finished | Status::Expired | Status::Deleting);
        let allowed = [
            (self.of_plan(), status == Status::Ready, BEFORE_START),
            (cycle, matches!(status, Status::Ready | Status::Waiting), BETWEEN_RUNS),
            (self.valid_until.is_some() || self.parameters.is_some(), open, UNFINISHED),
        ];
        match allowed.into_iter().find(|(asked, possible, _)| *asked && !possible) {
            Some((_, _, allowed)) => Err(Refused::Status { current: status.as_str(), allowed }.into()),
            None => Ok(()),
        }
    }
}

/// The job with the change, or why not.
fn changed(
    tx: &mut dyn Tx,
    job: &Job,
    change: &JobChange,
    now: Timestamp,
) -> Result<Result<Job, Error>, StoreError> {
    if let Err(refused) = change.check(job) {
        return Ok(Err(refused));
    }
    if let Some(name) = &change.name
        && tx.job_name_taken(&job.account, name, Some(&job.id))?
    {
        return Ok(Err(Error::JobNameTaken(name.clone())));
    }
    if let Some(name) = &change.image_name
        && tx.image_name_planned(&job.account, &job.settings.region, name, Some(&job.id))?
    {
        return Ok(Err(Error::ImageNamePlanned(name.clone())));
    }
    let mut changed = job.clone();
    if let Some(layout) = &change.layout {
        let Some(source) = tx.source(&job.account, &job.source)? else {
            return Ok(Err(Error::NoSource(job.source.to_string())));
        };
        let system = DiskWish {
            gib: layout.system.gib.or(job.settings.system_disk_gib),
            parts: layout.system.parts.clone(),
        };
        let layout = Layout { system, data: layout.data.clone() };
        match disks::choose(&source.inventory, &layout) {
            Ok(chosen) => (changed.disks, changed.settings.parts) = (chosen.disks, chosen.parts),
            Err(unfit) => return Ok(Err(unfit.into())),
        }
    }
    Ok(settled(changed, change, now))
}

/// What needs no look at anything but the job.
fn settled(mut job: Job, change: &JobChange, now: Timestamp) -> Result<Job, Error> {
    if let Some(gib) = change.system_gib {
        if let Some(disk) = job.disks.iter_mut().find(|disk| disk.index == 0) {
            disks::check_size(0, disk.size_bytes, Some(gib))?;
            disk.target_gib = Some(gib);
        }
        job.settings.system_disk_gib = Some(gib);
    }
    if let Some(at) = change.valid_until {
        job.valid_until = times::valid_until(Some(at), job.created, now)?;
    }
    job.scheduled = change.scheduled.or(job.scheduled);
    let planned = job.state == State::Ready && job.scheduled.is_some_and(|at| at > now);
    if change.scheduled.is_some() || (change.valid_until.is_some() && planned) {
        times::check_schedule(job.scheduled, now, job.valid_until)?;
    }
    if let Cycle::Every { hours, keep } = &mut job.cycle {
        *hours = change.hours.unwrap_or(*hours);
        *keep = change.keep.unwrap_or(*keep);
    }
    if let Some((parameters, text)) = &change.parameters {
        job.settings.parameters = parameters.clone();
        job.settings.parameters_text = Some(text.clone());
    }
    job.name = change.name.clone().or(job.name);
    job.description = change.description.clone().unwrap_or(job.description);
    job.settings.image_name = change.image_name.clone().or(job.settings.image_name);
    job.settings.echoed.extend(change.echoed.clone());
    Ok(job)
}

/// The names of what differs, for the audit trail.
fn difference(before: &Job, after: &Job) -> String {
    let settings = (&before.settings, &after.settings);
    let names = [
        (before.name != after.name, "Name"),
        (before.description != after.description, "Description"),
        (before.valid_until != after.valid_until, "ValidTime"),
        (before.scheduled != after.scheduled, "ScheduledStartTime"),
        (before.cycle != after.cycle, "Frequency or MaxNumberOfImageToKeep"),
        (before.disks != after.disks, "disks"),
        (settings.0.image_name != settings.1.image_name, "ImageName"),
        (settings.0.parameters_text != settings.1.parameters_text, "ReplicationParameters"),
        (settings.0.echoed != settings.1.echoed, "stored values"),
    ];
    let differing: Vec<_> = names.iter().filter(|(differs, _)| *differs).map(|(_, name)| *name).collect();
    differing.join(", ")
}
