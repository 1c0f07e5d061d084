//! Making the image of a run: what it says of itself, and how it is stored.

use image::{Built, ImageError, Manifest, Origin, Signer};
use smc::{ImageId, RunId, Timestamp, job::Job};

use super::Conductor;
use crate::receivers::StagingSet;

/// Where the image of a run comes from.
pub(super) fn origin(job: &Job, run: &RunId, id: &ImageId, name: &str, finished: Timestamp) -> Origin {
    Origin {
        id: id.to_string(),
        name: name.to_owned(),
        source: job.source.to_string(),
        job: job.id.to_string(),
        run: run.to_string(),
        started: job.started.unwrap_or(job.created).to_string(),
        finished: finished.to_string(),
        tools: [("landfall".to_owned(), env!("CARGO_PKG_VERSION").to_owned())].into(),
    }
}

/// A run makes one image, so that it is found again after a death.
pub(super) fn image_id(run: &RunId) -> Option<ImageId> {
    let tail = run.as_str().strip_prefix(RunId::PREFIX)?;
    ImageId::parse(&format!("{}{tail}", ImageId::PREFIX)).ok()
}

/// Makes the image and says how it is stored. Blocks.
pub(super) fn make(
    center: &Conductor,
    job: &Job,
    origin: Origin,
    set: &StagingSet,
) -> Result<(Manifest, String), ImageError> {
    let library = center.storage.library();
    match library.image(&origin.id) {
        Ok(image) => return Ok((image.manifest().clone(), String::new())),
        Err(ImageError::Missing(_)) => {}
        Err(error) => return Err(error),
    }
    let signer = Signer::from_seed(&center.keyring.image_signer_seed())?;
    let total = job.disks.iter().map(|disk| disk.size_bytes).sum();
    let disks: Vec<_> =
        job.disks.iter().zip(&set.disks).map(|(disk, staging)| (disk.index, staging)).collect();
    let mut done = 0;
    let built = library.build(origin, &disks, &signer, |bytes| {
        done += bytes;
        center.figures.making(&job.id, done, total);
    })?;
    let storage = storage(&built);
    Ok((built.manifest, storage))
}

fn storage(built: &Built) -> String {
    let mut each: Vec<_> = built.how.iter().map(ToString::to_string).collect();
    each.dedup();
    each.join(", ")
}

/// The code that a failed image leaves on its job.
pub(super) const fn code(error: &ImageError) -> &'static str {
    match error {
        error if error.is_full() => "Staging.NoSpace",
        ImageError::CopyDamaged { .. } => "Image.CopyDamaged",
        _ => "Image.Failed",
    }
}
