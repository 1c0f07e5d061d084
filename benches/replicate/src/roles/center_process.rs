//! A center in a process of its own.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use anyhow::Context;
use image::Place;

use super::{
    center::Listening,
    process::{Process, Used},
};
use crate::lab::this_program;

/// A started center with its disks; ends, and takes them away, with its value.
pub(crate) struct Center {
    process: Option<Process>,
    listening: Listening,
    directories: Vec<PathBuf>,
}

impl Center {
    /// Starts one with a disk of this size.
    pub(crate) fn start(directory: &Path, size: u64) -> anyhow::Result<Self> {
        Self::start_with(&[], directory, size, 1, "127.0.0.1")
    }

    /// Starts one with several disks, another program before it, or another address.
    pub(crate) fn start_with(
        before: &[&str],
        directory: &Path,
        size: u64,
        disks: usize,
        listen: &str,
    ) -> anyhow::Result<Self> {
        let directories: Vec<PathBuf> =
            (0..disks).map(|number| directory.join(format!("center-{number}"))).collect();
        for directory in &directories {
            fs::create_dir_all(directory).with_context(|| format!("making {}", directory.display()))?;
        }
        let mut words: Vec<String> = before.iter().map(|word| (*word).to_owned()).collect();
        words.extend([this_program()?, "center".to_owned()]);
        words.extend(["--size".to_owned(), size.to_string(), "--listen".to_owned(), listen.to_owned()]);
        words.extend(directories.iter().map(|directory| directory.display().to_string()));
        let mut process = Process::start(&words)?;
        let listening = process.hear()?;
        Ok(Self { process: Some(process), listening, directories })
    }

    /// Where the listener of a disk is.
    pub(crate) fn address(&self, disk: usize) -> anyhow::Result<SocketAddr> {
        self.listening.addresses.get(disk).copied().context("finding a center's listener")
    }

    /// Who the center is.
    pub(crate) fn pin(&self) -> &str {
        &self.listening.pin
    }

    /// The copy of a disk.
    pub(crate) fn copy(&self, disk: usize) -> anyhow::Result<PathBuf> {
        Ok(Place::new(self.directories.get(disk).context("finding a copy")?, 0).data())
    }

    /// Closes and opens the disks, as for another run.
    pub(crate) fn again(&mut self) -> anyhow::Result<()> {
        self.process()?.ask::<String>("again").map(drop)
    }

    /// What it used so far.
    pub(crate) fn used(&mut self) -> anyhow::Result<Used> {
        self.process()?.ask("used")
    }

    fn process(&mut self) -> anyhow::Result<&mut Process> {
        self.process.as_mut().context("speaking to a center that has ended")
    }
}

impl Drop for Center {
    fn drop(&mut self) {
        self.process = None;
        for directory in &self.directories {
            let _ = fs::remove_dir_all(directory);
        }
    }
}
