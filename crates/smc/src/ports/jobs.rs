//! What replication jobs need of a transaction.

use super::{Listing, Page, StoreError};
use crate::{
    ImageId, JobId, RunId, SourceId, Timestamp,
    account::AccountId,
    job::{Image, ImageCheck, Job, JobProgress, Run, Stage, Status},
    tag::{Tag, TagFilter},
    workgroup::CreatingCall,
};

/// Which jobs to list; what is empty does not limit, what is given must all hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobFilter {
    /// One of these.
    pub ids: Vec<JobId>,
    /// Of one of these sources.
    pub sources: Vec<SourceId>,
    /// Exactly this name.
    pub name: Option<String>,
    /// Exactly this region.
    pub region: Option<String>,
    /// In this status.
    pub status: Option<Status>,
    /// In this stage.
    pub stage: Option<Stage>,
    /// Carrying all of these.
    pub tags: Vec<TagFilter>,
}

/// The part of a transaction that keeps replication jobs, their runs and their images.
pub trait JobTx {
    /// Holds other creations and renamings of the account's jobs back until the transaction ends.
    fn lock_jobs(&mut self, account: &AccountId) -> Result<(), StoreError>;
    /// Adds a job; its id, name (in its account) and client token (in its account) are unique.
    fn insert_job(&mut self, job: &Job, call: Option<&CreatingCall>) -> Result<(), StoreError>;
    /// Finds the job that a call with this client token created, and what that call asked for.
    fn job_of_call(
        &mut self,
        account: &AccountId,
        client_token: &str,
    ) -> Result<Option<(JobId, String)>, StoreError>;
    /// Finds a job of the account.
    fn job(&mut self, account: &AccountId, id: &JobId) -> Result<Option<Job>, StoreError>;
    /// Finds a job of any account in order to change it: nobody else changes it until the transaction ends.
    fn job_to_change(&mut self, id: &JobId) -> Result<Option<Job>, StoreError>;
    /// Replaces a job.
    fn update_job(&mut self, job: &Job) -> Result<(), StoreError>;
    /// Removes a job with its runs, tags, progress and lease; its images stay. Says whether there was one.
    fn delete_job(&mut self, id: &JobId) -> Result<bool, StoreError>;
    /// Lists jobs, newest first.
    fn jobs(
        &mut self,
        account: &AccountId,
        filter: &JobFilter,
        page: Page,
    ) -> Result<Listing<Job>, StoreError>;
    /// All jobs of these sources, newest first.
    fn jobs_of_sources(&mut self, sources: &[SourceId]) -> Result<Vec<Job>, StoreError>;
    /// How many jobs the account has, counted up to `enough`.
    fn count_jobs(&mut self, account: &AccountId, enough: u32) -> Result<u32, StoreError>;
    /// Whether another job of the account has this name.
    fn job_name_taken(
        &mut self,
        account: &AccountId,
        name: &str,
        except: Option<&JobId>,
    ) -> Result<bool, StoreError>;
    /// Whether another unfinished job of the account has this name for its image in this region.
    fn image_name_planned(
        &mut self,
        account: &AccountId,
        region: &str,
        name: &str,
        except: Option<&JobId>,
    ) -> Result<bool, StoreError>;

    /// Jobs of any account that the clock changes at or before this moment ([`Job::due`]), the most overdue first.
    fn due_jobs(&mut self, now: Timestamp, limit: u32) -> Result<Vec<JobId>, StoreError>;
    /// Jobs of any account that someone has to conduct, those that are Running, Waiting or Deleting, the oldest first, and
    /// the revision of each: a number that is another one after every change. Reads no job.
    fn revisions_to_conduct(&mut self) -> Result<Vec<(JobId, i64)>, StoreError>;
    /// Those of these jobs that are there and believed, whatever their state.
    fn believed_jobs(&mut self, ids: &[JobId]) -> Result<Vec<Job>, StoreError>;
    /// Takes or renews the lease of a job until a moment, unless another center has it now: one conditional write.
    fn take_lease(
        &mut self,
        id: &JobId,
        center: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError>;
    /// Gives the lease of a job back, if this center has it.
    fn drop_lease(&mut self, id: &JobId, center: &str) -> Result<(), StoreError>;

    /// Adds a run.
    fn open_run(&mut self, run: &Run) -> Result<(), StoreError>;
    /// Notes the end of a run.
    fn close_run(&mut self, id: &RunId, ended: Timestamp, image: Option<&ImageId>) -> Result<(), StoreError>;
    /// The newest runs of each of these jobs, [`crate::job::MAX_RUNS_SHOWN`] at the most, by job in the order given, the oldest first.
    fn runs(&mut self, jobs: &[JobId]) -> Result<Vec<Run>, StoreError>;
    /// Notes how far jobs are; jobs that are gone are passed over.
    fn note_progress(&mut self, progress: &[(JobId, JobProgress)]) -> Result<(), StoreError>;
    /// How far these jobs are, as far as it was noted.
    fn progress(&mut self, jobs: &[JobId]) -> Result<Vec<(JobId, JobProgress)>, StoreError>;

    /// Adds an image.
    fn insert_image(&mut self, image: &Image) -> Result<(), StoreError>;
    /// The account's images, newest first: of one job, or all.
    fn images(&mut self, account: &AccountId, job: Option<&JobId>) -> Result<Vec<Image>, StoreError>;
    /// Finds an image of any account.
    fn image(&mut self, id: &ImageId) -> Result<Option<Image>, StoreError>;
    /// Whether an image of the account has this name.
    fn image_name_taken(&mut self, account: &AccountId, name: &str) -> Result<bool, StoreError>;
    /// Removes an image; says whether there was one.
    fn delete_image(&mut self, id: &ImageId) -> Result<bool, StoreError>;
    /// Notes what looking at an image came to, in place of the one before of its kind; an image that is gone is passed
    /// over.
    fn note_check(&mut self, image: &ImageId, check: &ImageCheck) -> Result<(), StoreError>;
    /// What looking at these images came to, by image in the order given, the oldest first.
    fn checks(&mut self, images: &[ImageId]) -> Result<Vec<(ImageId, ImageCheck)>, StoreError>;

    /// The tags of these jobs, by job in the order given, then by key.
    fn job_tags(&mut self, jobs: &[JobId]) -> Result<Vec<(JobId, Tag)>, StoreError>;
    /// Puts tags on a job; a key that it has gets the new value.
    fn put_job_tags(&mut self, job: &JobId, tags: &[Tag]) -> Result<(), StoreError>;
    /// Takes tags off a job: these keys, or all when there are none given.
    fn remove_job_tags(&mut self, job: &JobId, keys: &[String]) -> Result<(), StoreError>;
    /// Which of the account's jobs carry all of these tags, in the order of their ids, after `after`.
    fn tagged_jobs(
        &mut self,
        account: &AccountId,
        among: &[JobId],
        tags: &[TagFilter],
        after: Option<&JobId>,
        limit: u32,
    ) -> Result<Vec<JobId>, StoreError>;
}
