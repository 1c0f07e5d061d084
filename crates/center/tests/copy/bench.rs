//! A source's disk in a file, a staging disk, and a stream between the two that can be cut.

use std::{
    fs::{File, OpenOptions},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use center::receivers::{Ended, ReceiveError, StagingSet, receive};
use image::{Place, Staging};
use landfall_agent::replicate::{Copied, Copier, ImageFile, Outlet, ReplicateError};
use replication::{
    LeafKey, Range,
    frame::{Hello, Settings},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    sync::watch,
    task::JoinHandle,
};

pub(crate) const KEY: LeafKey = LeafKey::new([5; 32]);
pub(crate) const MIB: u64 = 1 << 20;

/// How the agent copies.
#[derive(Clone, Copy)]
pub(crate) enum How {
    /// Everything, for an empty copy.
    Outright,
    /// What the copy lacks.
    Compared,
}

pub(crate) struct Bench {
    pub(crate) directory: TempDir,
    pub(crate) size: u64,
    pub(crate) settings: watch::Sender<Settings>,
}

impl Bench {
    /// A disk of this size, all zeros, and a place for its copy.
    pub(crate) fn new(size: u64) -> Self {
        let directory = tempfile::tempdir().unwrap();
        File::create_new(directory.path().join("source.img")).unwrap().set_len(size).unwrap();
        std::fs::create_dir(directory.path().join("staging")).unwrap();
        Self { directory, size, settings: watch::Sender::new(Settings::default()) }
    }

    pub(crate) fn source(&self) -> PathBuf {
        self.directory.path().join("source.img")
    }

    pub(crate) fn staging(&self) -> PathBuf {
        self.directory.path().join("staging")
    }

    /// Writes to the source's disk.
    pub(crate) fn write(&self, offset: u64, data: &[u8]) {
        OpenOptions::new().write(true).open(self.source()).unwrap().write_all_at(data, offset).unwrap();
    }

    /// Opens the staging disk, or makes it.
    pub(crate) fn set(&self) -> Arc<StagingSet> {
        open_set(&self.staging(), self.size)
    }

    /// Runs a whole session: what the agent has to say of it, and the center.
    pub(crate) async fn run(
        &self,
        how: How,
    ) -> (Result<Copied, ReplicateError>, Result<Ended, ReceiveError>) {
        let (near, far) = duplex(256 * 1024);
        let receiving = tokio::spawn(receive(far, self.set(), self.settings.subscribe()));
        let sent = self.send(near, how).await;
        (sent, receiving.await.unwrap())
    }

    /// The agent's side of a session.
    pub(crate) async fn send(&self, stream: DuplexStream, how: How) -> Result<Copied, ReplicateError> {
        let mut outlet = Outlet::open(stream, hello()).await?;
        let mut copier = Copier::new(Arc::new(ImageFile::open(&self.source()).unwrap()), 0);
        let whole = [Range::new(0, self.size, u64::MAX).unwrap()];
        match how {
            How::Outright => copier.send(&mut outlet, whole).await?,
            How::Compared => copier.compare(&mut outlet, whole).await?,
        }
        let figures = copier.copied();
        outlet.done().await?;
        Ok(figures)
    }

    /// Byte for byte, and by its own digests, the copy is the source.
    pub(crate) fn assert_equal(&self) {
        let set = self.set();
        assert_eq!(set.disks[0].verify(|_| ()).unwrap(), []);
        let source = std::fs::read(self.source()).unwrap();
        let copy = std::fs::read(Place::new(self.staging(), 0).data()).unwrap();
        let differing = source.iter().zip(&copy).position(|(a, b)| a != b);
        assert_eq!((source.len(), differing), (copy.len(), None));
    }
}

pub(crate) fn open_set(directory: &Path, size: u64) -> Arc<StagingSet> {
    let place = Place::new(directory, 0);
    let disk = if place.data().exists() {
        opened(&place, size).0
    } else {
        Staging::create(place, size, KEY).unwrap()
    };
    Arc::new(StagingSet { disks: vec![disk], key: KEY })
}

/// Opens a copy. A program that a test starts at this moment holds the copy's lock until it is itself: both are patient.
fn opened(place: &Place, size: u64) -> (Staging, image::Opened) {
    let begun = Instant::now();
    loop {
        match Staging::open(place.clone(), size, KEY) {
            Err(image::StagingError::InUse(_)) if begun.elapsed() < Duration::from_secs(20) => {
                thread::park_timeout(Duration::from_millis(20));
            }
            opened => return opened.unwrap(),
        }
    }
}

pub(crate) fn hello() -> Hello {
    Hello { agent_version: "test".into(), session: "test".into(), stream: 0 }
}

/// Bytes without a pattern that zstd could find.
pub(crate) fn noise(seed: u64, length: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    (0..length).map(|_| next()).collect()
}

/// Passes bytes on in both directions and cuts the link after so many of the agent's; tells how many have passed.
pub(crate) fn link_of(most: u64) -> (DuplexStream, DuplexStream, JoinHandle<u64>, watch::Receiver<u64>) {
    let (near, inner_near) = duplex(64 * 1024);
    let (inner_far, far) = duplex(64 * 1024);
    let (mut from_agent, mut to_agent) = tokio::io::split(inner_near);
    let (mut from_center, mut to_center) = tokio::io::split(inner_far);
    let (meter, reading) = watch::channel(0);
    let link = tokio::spawn(async move {
        let back = tokio::spawn(async move { tokio::io::copy(&mut from_center, &mut to_agent).await });
        let mut passed = 0;
        let mut buffer = vec![0; 16 * 1024];
        while passed < most {
            let room = usize::try_from(most - passed).unwrap_or(usize::MAX).min(buffer.len());
            match from_agent.read(&mut buffer[..room]).await {
                Ok(0) | Err(_) => break,
                Ok(read) => {
                    passed += read as u64;
                    meter.send_replace(passed);
                    if to_center.write_all(&buffer[..read]).await.is_err() {
                        break;
                    }
                }
            }
        }
        back.abort();
        passed
    });
    (near, far, link, reading)
}
