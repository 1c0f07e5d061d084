//! Where the center keeps disks: staging disks of jobs, and the images made of them.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use image::{Library, Place, Staging, StagingError};
use replication::LeafKey;
use smc::{JobId, job::Job};

use crate::receivers::StagingSet;

/// The center's disks.
#[derive(Clone, Debug)]
pub(crate) struct Storage {
    directory: PathBuf,
}

impl Storage {
    /// Below a data directory.
    pub(crate) fn new(data_directory: impl Into<PathBuf>) -> Self {
        Self { directory: data_directory.into() }
    }

    /// The images.
    pub(crate) fn library(&self) -> Library {
        Library::new(self.directory.join("images"))
    }

    /// Opens the staging disks of a job, and makes those that are not there. Blocks.
    pub(crate) fn staging(&self, job: &Job, key: LeafKey) -> Result<StagingSet, StagingError> {
        let directory = self.of_job(&job.id);
        fs::create_dir_all(&directory).map_err(|error| failed("making", &directory, error))?;
        let (mut disks, mut fresh) = (Vec::with_capacity(job.disks.len()), true);
        for (number, disk) in (0..).zip(&job.disks) {
            let place = Place::new(&directory, number);
            let made = directory.join(format!("disk-{number}.state")).exists();
            if made {
                let (staging, opened) = Staging::open(place, disk.size_bytes, key)?;
                fresh &= opened.fresh;
                disks.push(staging);
            } else {
                // A death between two of its files leaves some behind.
                for kind in ["raw", "leaves"] {
                    let part = directory.join(format!("disk-{number}.{kind}"));
                    if part.exists() {
                        fs::remove_file(&part).map_err(|error| failed("removing", &part, error))?;
                    }
                }
                disks.push(Staging::create(place, disk.size_bytes, key)?);
            }
        }
        Ok(StagingSet { disks, key, fresh })
    }

    /// Removes the staging disks of a job, if there are any. Blocks.
    pub(crate) fn discard(&self, job: &JobId) -> io::Result<()> {
        match fs::remove_dir_all(self.of_job(job)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }

    /// The jobs that have staging disks here. Blocks.
    pub(crate) fn jobs(&self) -> io::Result<Vec<JobId>> {
        let entries = match fs::read_dir(self.directory.join("staging")) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut jobs = Vec::new();
        for entry in entries {
            jobs.extend(entry?.file_name().to_str().and_then(|name| JobId::parse(name).ok()));
        }
        Ok(jobs)
    }

    fn of_job(&self, job: &JobId) -> PathBuf {
        self.directory.join("staging").join(job.as_str())
    }
}

fn failed(what: &'static str, path: &Path, error: io::Error) -> StagingError {
    let path = path.to_owned();
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StagingError::Full { what, path },
        _ => StagingError::Io { what, path, error },
    }
}
