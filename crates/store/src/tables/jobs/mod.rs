//! Replication jobs and what hangs on them: a flat list that says which function of which table does what.

mod checks;
mod images;
mod lease;
mod listing;
mod progress;
mod rows;
mod runs;

use ram::AccountId;
use smc::{
    ImageId, JobId, RunId, SourceId, Timestamp,
    job::{Image, ImageCheck, Job, JobProgress, Run},
    ports::{JobFilter, JobTx, Listing, Page, StoreError},
    tag::{Tag, TagFilter},
    workgroup::CreatingCall,
};

pub(super) use listing::UNFINISHED;

use super::tags;
use crate::Transaction;

impl JobTx for Transaction<'_> {
    fn lock_jobs(&mut self, account: &AccountId) -> Result<(), StoreError> {
        self.lock_account(*account)
    }

    fn insert_job(&mut self, job: &Job, call: Option<&CreatingCall>) -> Result<(), StoreError> {
        rows::insert(self, job, call)
    }

    fn job_of_call(
        &mut self,
        account: &AccountId,
        client_token: &str,
    ) -> Result<Option<(JobId, String)>, StoreError> {
        rows::of_call(self, *account, client_token)
    }

    fn job(&mut self, account: &AccountId, id: &JobId) -> Result<Option<Job>, StoreError> {
        rows::find(self, *account, id)
    }

    fn job_to_change(&mut self, id: &JobId) -> Result<Option<Job>, StoreError> {
        rows::find_and_lock(self, id)
    }

    fn update_job(&mut self, job: &Job) -> Result<(), StoreError> {
        rows::update(self, job)
    }

    fn delete_job(&mut self, id: &JobId) -> Result<bool, StoreError> {
        rows::delete(self, id)
    }

    fn jobs(
        &mut self,
        account: &AccountId,
        filter: &JobFilter,
        page: Page,
    ) -> Result<Listing<Job>, StoreError> {
        listing::list(self, *account, filter, page)
    }

    fn jobs_of_sources(&mut self, sources: &[SourceId]) -> Result<Vec<Job>, StoreError> {
        listing::of_sources(self, sources)
    }

    fn count_jobs(&mut self, account: &AccountId, enough: u32) -> Result<u32, StoreError> {
        rows::count(self, *account, enough)
    }

    fn job_name_taken(
        &mut self,
        account: &AccountId,
        name: &str,
        except: Option<&JobId>,
    ) -> Result<bool, StoreError> {
        rows::name_taken(self, *account, name, except)
    }

    fn image_name_planned(
        &mut self,
        account: &AccountId,
        region: &str,
        name: &str,
        except: Option<&JobId>,
    ) -> Result<bool, StoreError> {
        rows::image_name_planned(self, *account, region, name, except)
    }

    fn due_jobs(&mut self, now: Timestamp, limit: u32) -> Result<Vec<JobId>, StoreError> {
        listing::due(self, now, limit)
    }

    fn revisions_to_conduct(&mut self) -> Result<Vec<(JobId, i64)>, StoreError> {
        listing::revisions(self)
    }

    fn believed_jobs(&mut self, ids: &[JobId]) -> Result<Vec<Job>, StoreError> {
        listing::believed_among(self, ids)
    }

    fn take_lease(
        &mut self,
        id: &JobId,
        center: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        lease::take(self, id, center, now, until)
    }

    fn drop_lease(&mut self, id: &JobId, center: &str) -> Result<(), StoreError> {
        lease::give_back(self, id, center)
    }

    fn open_run(&mut self, run: &Run) -> Result<(), StoreError> {
        runs::open(self, run)
    }

    fn close_run(&mut self, id: &RunId, ended: Timestamp, image: Option<&ImageId>) -> Result<(), StoreError> {
        runs::close(self, id, ended, image)
    }

    fn runs(&mut self, jobs: &[JobId]) -> Result<Vec<Run>, StoreError> {
        runs::of(self, jobs)
    }

    fn note_progress(&mut self, noted: &[(JobId, JobProgress)]) -> Result<(), StoreError> {
        progress::note(self, noted)
    }

    fn progress(&mut self, jobs: &[JobId]) -> Result<Vec<(JobId, JobProgress)>, StoreError> {
        progress::of(self, jobs)
    }

    fn insert_image(&mut self, image: &Image) -> Result<(), StoreError> {
        images::insert(self, image)
    }

    fn images(&mut self, account: &AccountId, job: Option<&JobId>) -> Result<Vec<Image>, StoreError> {
        images::list(self, *account, job)
    }

    fn image(&mut self, id: &ImageId) -> Result<Option<Image>, StoreError> {
        images::find(self, id)
    }

    fn image_name_taken(&mut self, account: &AccountId, name: &str) -> Result<bool, StoreError> {
        images::name_taken(self, *account, name)
    }

    fn delete_image(&mut self, id: &ImageId) -> Result<bool, StoreError> {
        images::delete(self, id)
    }

    fn note_check(&mut self, image: &ImageId, check: &ImageCheck) -> Result<(), StoreError> {
        checks::note(self, image, check)
    }

    fn checks(&mut self, images: &[ImageId]) -> Result<Vec<(ImageId, ImageCheck)>, StoreError> {
        checks::of(self, images)
    }

    fn job_tags(&mut self, jobs: &[JobId]) -> Result<Vec<(JobId, Tag)>, StoreError> {
        tags::of(self, jobs)
    }

    fn put_job_tags(&mut self, job: &JobId, new: &[Tag]) -> Result<(), StoreError> {
        tags::put(self, job, new)
    }

    fn remove_job_tags(&mut self, job: &JobId, keys: &[String]) -> Result<(), StoreError> {
        tags::remove(self, job, keys)
    }

    fn tagged_jobs(
        &mut self,
        account: &AccountId,
        among: &[JobId],
        wanted: &[TagFilter],
        after: Option<&JobId>,
        limit: u32,
    ) -> Result<Vec<JobId>, StoreError> {
        tags::tagged(self, *account, among, wanted, after, limit)
    }
}
