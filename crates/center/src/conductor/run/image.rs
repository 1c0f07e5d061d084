//! The image of a run, made of its copy; and the images that it is one too many for.

use std::sync::Arc;

use image::{ImageError, StagingError};
use smc::{ImageId, RunId, job::Image, ports::Clock};
use tokio::task::spawn_blocking;

use super::{Conducted, End, unexpected};
use crate::{conductor::making, receivers::StagingSet};

impl Conducted {
    /// Makes the image, or takes the one that was made before a death.
    pub(super) async fn build(&self, run: &RunId, set: Arc<StagingSet>) -> Result<(), End> {
        let name = self.ask(|center, id| async move { center.registry.next_image_name(id).await }).await?;
        let id = making::image_id(run).ok_or_else(|| unexpected("Image.Failed", "naming the image"))?;
        let origin = making::origin(&self.job, run, &id, &name, self.center.registry.clock().now());
        let (center, job, copy) = (self.center.clone(), self.job.clone(), set.clone());
        let making = spawn_blocking(move || making::make(&center, &job, origin, &copy)).await;
        let (manifest, storage) = match making {
            Ok(Ok(made)) => made,
            Ok(Err(error)) => {
                if matches!(error, ImageError::CopyDamaged { .. }) {
                    self.doubt(set).await;
                }
                return Err(End::Failed { code: making::code(&error), message: error.to_string() });
            }
            Err(_) => return Err(unexpected("Image.Failed", "making the image")),
        };
        tracing::info!(job = %self.job.id, image = %id, storage, "an image was made");
        let image = Image {
            id,
            account: self.job.account,
            job: self.job.id.clone(),
            run: run.clone(),
            source: self.job.source.clone(),
            name,
            created: self.center.registry.clock().now(),
            size_bytes: manifest.disks.iter().map(|disk| disk.size_bytes).sum(),
            roots: manifest.disks.into_iter().map(|disk| disk.root).collect(),
            storage,
        };
        let noted = self.ask(|center, _| {
            let image = image.clone();
            async move { center.registry.image_of_run(image).await }
        });
        match noted.await? {
            Ok((_, surplus)) => {
                self.center.figures.changed(self.job.account, &self.job.id);
                for image in surplus {
                    if self.remove_image(&image.id).await {
                        self.ask(|center, _| {
                            let id = image.id.clone();
                            async move { center.registry.forget_image(id).await }
                        })
                        .await?;
                    }
                }
                Ok(())
            }
            Err(reason) => {
                tracing::warn!(job = %self.job.id, %reason, "an image is not wanted any more");
                self.remove_image(&image.id).await;
                Err(End::Over)
            }
        }
    }

    /// Has the next run compare everything and find what is damaged, which no digest tells of yet.
    async fn doubt(&self, set: Arc<StagingSet>) {
        let (storage, id) = (self.center.storage.clone(), self.job.id.clone());
        let doubting = spawn_blocking(move || {
            storage.forget_run(&id)?;
            for disk in &set.disks {
                disk.verify(|_| ())?.into_iter().try_for_each(|range| disk.doubt(range))?;
            }
            Ok::<_, StagingError>(())
        });
        if let Ok(Err(error)) = doubting.await {
            tracing::warn!(job = %self.job.id, %error, "looking for all that is damaged in a copy failed");
        }
    }

    /// Removes an image's files; says whether they are gone.
    async fn remove_image(&self, id: &ImageId) -> bool {
        let (library, image) = (self.center.storage.library(), id.clone());
        match spawn_blocking(move || library.remove(image.as_str())).await {
            Ok(Ok(()) | Err(ImageError::Missing(_))) => true,
            Ok(Err(ImageError::InUse(_))) => {
                tracing::info!(image = %id, "an image is being read, and stays until the next run");
                false
            }
            Ok(Err(error)) => {
                tracing::warn!(image = %id, %error, "an image stays until the next run");
                false
            }
            Err(_) => false,
        }
    }
}
