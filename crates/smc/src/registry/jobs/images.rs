//! The images of jobs: their names, and which of them stay.

use super::{Actor, change};
use crate::{
    ImageId, JobId,
    account::AccountId,
    audit::{Entry, Event as Audited},
    job::{CheckKind, Cycle, Event, Image, ImageCheck, Job, Refused},
    ports::{Clock, Random, Store, StoreError, Tx},
    registry::{Error, Registry},
};

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// Takes the image that a run made: the job goes on. Gives the job and, of an incremental job, the images beyond those that
    /// it keeps, the oldest first: they are listed until [`Registry::forget_image`], so that one which is in use is not lost sight of.
    pub async fn image_of_run(&self, image: Image) -> Result<Result<(Job, Vec<Image>), Refused>, Error> {
        let now = self.clock.now();
        let work = self.store.write(move |tx| {
            let Some(job) = tx.job_to_change(&image.job)? else { return Ok(Err(Refused::Stale)) };
            let built = Event::Built { run: image.run.clone(), image: image.id.clone() };
            let job = match change(tx, &job, built, now, &Actor::center())? {
                Ok(job) => job,
                Err(refused) => return Ok(Err(refused)),
            };
            tx.insert_image(&image)?;
            let surplus = surplus(tx, &job)?;
            Ok(Ok((job, surplus)))
        });
        Ok(work.await?)
    }

    /// Lists an image no longer whose files are gone.
    pub async fn forget_image(&self, id: ImageId) -> Result<(), Error> {
        Ok(self.store.write(move |tx| tx.delete_image(&id).map(drop)).await?)
    }

    /// The name for the next image of a job: the one its creator chose, else the job's id; with `CYCLE_n` for an
    /// incremental job, and made distinct by the job's id where an image of the account has it.
    pub async fn next_image_name(&self, id: JobId) -> Result<String, Error> {
        let name = id.to_string();
        let work = self.store.write(move |tx| {
            let Some(job) = tx.job_to_change(&id)? else { return Ok(None) };
            for name in names(&job) {
                if !tx.image_name_taken(&job.account, &name)? {
                    return Ok(Some(name));
                }
            }
            Ok(Some(last_resort(&job)))
        });
        work.await?.ok_or(Error::NoJob(name))
    }

    /// What looking at these images came to, by image in the order given, the oldest first.
    pub async fn image_checks(&self, images: Vec<ImageId>) -> Result<Vec<(ImageId, ImageCheck)>, Error> {
        Ok(self.store.read(move |tx| tx.checks(&images)).await?)
    }

    /// The account's images, newest first: of one job, or all.
    pub async fn images(&self, account: AccountId, job: Option<JobId>) -> Result<Vec<Image>, Error> {
        Ok(self.store.read(move |tx| tx.images(&account, job.as_ref())).await?)
    }
}

/// Keeps what somebody on the center's own machine found of an image, and tells the trail; says whether the center has
/// a record of that image to keep it with.
pub fn keep_image_check(tx: &mut dyn Tx, id: &ImageId, check: &ImageCheck) -> Result<bool, StoreError> {
    let Some(image) = tx.image(id)? else { return Ok(false) };
    tx.note_check(id, check)?;
    let event = match check.kind {
        CheckKind::Verification => Audited::ImageVerified,
        CheckKind::TestBoot => Audited::ImageBooted,
    };
    tx.record(&Entry {
        account: image.account,
        at: check.at,
        event,
        resource: id.to_string(),
        actor: "operator".to_owned(),
        address: String::new(),
        detail: format!("{}: {}", check.result(), check.detail),
    })?;
    Ok(true)
}

/// The images of an incremental job beyond those that it keeps: the oldest.
fn surplus(tx: &mut dyn Tx, job: &Job) -> Result<Vec<Image>, StoreError> {
    let Cycle::Every { keep, .. } = job.cycle else { return Ok(Vec::new()) };
    Ok(tx.images(&job.account, Some(&job.id))?.into_iter().skip(keep as usize).rev().collect())
}

/// The names to try, in this order.
fn names(job: &Job) -> [String; 2] {
    let chosen = job.settings.image_name.as_deref().unwrap_or(job.id.as_str());
    let name = match job.cycle {
        Cycle::Once => chosen.to_owned(),
        Cycle::Every { .. } => format!("{chosen}_CYCLE_{}", job.images_made.saturating_add(1)),
    };
    let distinct = format!("{name}_{}", job.id);
    [name, distinct]
}

/// A job that failed after its image was made may come here twice with the same name.
fn last_resort(job: &Job) -> String {
    format!("{}_{}", names(job)[1], job.images_made.saturating_add(1))
}
