//! Where the center keeps disks: staging disks of jobs, and the images made of them.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use image::{FileError, Library, Place, Staging, StagingError};
use replication::LeafKey;
use smc::{JobId, RunId, job::Job};

use crate::{receivers::StagingSet, request_id::request_id};

/// The file beside a job's staging disks that names the run they hold.
const RUN: &str = "run";

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

    /// Opens the staging disks of a job, and makes those that are not there; gives the run that they hold too. Blocks.
    pub(crate) fn staging(
        &self,
        job: &Job,
        key: LeafKey,
    ) -> Result<(StagingSet, Option<RunId>), StagingError> {
        let directory = self.of_job(&job.id);
        fs::create_dir_all(&directory).map_err(|error| failed("making", &directory, error))?;
        let is_made = |number: u16| directory.join(format!("disk-{number}.state")).exists();
        if !(0..).zip(&job.disks).all(|(number, _)| is_made(number)) {
            forget_run(&directory)?;
        }
        let mut disks = Vec::with_capacity(job.disks.len());
        for (number, disk) in (0..).zip(&job.disks) {
            let place = Place::new(&directory, number);
            if is_made(number) {
                disks.push(Staging::open(place, disk.size_bytes, key)?.0);
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
        Ok((StagingSet { disks, key }, held_run(&directory)?))
    }

    /// Notes that the staging disks of a job hold all of a run. It stays true while the next run writes to them: they hold it
    /// and some of what came after. Blocks.
    pub(crate) fn note_run(&self, job: &JobId, run: &RunId) -> Result<(), StagingError> {
        let directory = self.of_job(job);
        let (fresh, path) = (directory.join("run.new"), directory.join(RUN));
        let note = || {
            let mut file = fs::File::create(&fresh)?;
            file.write_all(format!("{run}\n").as_bytes())?;
            file.sync_all()?;
            fs::rename(&fresh, &path)?;
            fs::File::open(&directory)?.sync_all()
        };
        note().map_err(|error| failed("writing", &path, error))
    }

    /// Forgets which run the staging disks of a job hold: they turned out to be damaged. Blocks.
    pub(crate) fn forget_run(&self, job: &JobId) -> Result<(), StagingError> {
        forget_run(&self.of_job(job))
    }

    /// Removes the staging disks of a job, if there are any. Blocks.
    pub(crate) fn discard(&self, job: &JobId) -> io::Result<()> {
        let directory = self.of_job(job);
        // First, so that what is left by a death in between claims nothing.
        forget_run(&directory).map_err(io::Error::other)?;
        match fs::remove_dir_all(directory) {
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

/// Which run the staging disks in a directory hold, if that is known. What cannot be read is not known.
fn held_run(directory: &Path) -> Result<Option<RunId>, StagingError> {
    let path = directory.join(RUN);
    match fs::read_to_string(&path) {
        Ok(text) => Ok(RunId::parse(text.trim()).ok()),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::InvalidData) => {
            Ok(None)
        }
        Err(error) => Err(failed("reading", &path, error)),
    }
}

fn forget_run(directory: &Path) -> Result<(), StagingError> {
    let path = directory.join(RUN);
    let forget = || {
        fs::remove_file(&path)?;
        fs::File::open(directory)?.sync_all()
    };
    match forget() {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed("removing", &path, error)),
        _ => Ok(()),
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
