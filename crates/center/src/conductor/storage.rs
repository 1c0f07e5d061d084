//! Where the center keeps disks: staging disks of jobs, and the images made of them.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use image::{FileError, Library, Place, Staging, StagingError};
use replication::LeafKey;
use smc::{JobId, job::Job};

use crate::{receivers::StagingSet, request_id::request_id};

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

    /// What this center is called among those on the database: drawn once, so that after a death it has its jobs again
    /// without waiting for its own leases to lapse.
    pub(crate) fn center_name(&self) -> io::Result<String> {
        let path = self.directory.join("center-id");
        match fs::read_to_string(&path) {
            Ok(name) if is_name(name.trim()) => return Ok(name.trim().to_owned()),
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let drawn = request_id().map_err(io::Error::other)?;
        let fresh = self.directory.join("center-id.new");
        fs::write(&fresh, format!("{drawn}\n"))?;
        fs::rename(&fresh, &path)?;
        Ok(drawn)
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

/// What is not in the form that names have was damaged, and another is drawn.
fn is_name(text: &str) -> bool {
    text.len() == 36 && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

fn failed(what: &'static str, path: &Path, error: io::Error) -> StagingError {
    FileError::new(what, path, error).into()
}

#[cfg(test)]
mod tests {
    use super::Storage;

    #[test]
    fn a_center_keeps_its_name_and_draws_another_where_it_is_damaged() {
        let directory = tempfile::tempdir().unwrap();
        let storage = Storage::new(directory.path());
        let name = storage.center_name().unwrap();
        assert_eq!(storage.center_name().unwrap(), name);
        std::fs::write(directory.path().join("center-id"), "").unwrap();
        assert_ne!(storage.center_name().unwrap(), name);
    }
}
