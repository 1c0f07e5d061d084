//! Disks of a running machine: the copy is the disk as it stood at the freeze, and holds no garbage of its free space.
//!
//! What the disk holds is read while it is frozen, just before it is thawed, past the page cache; and so is the map of what
//! was in use then. Kernels may lose an event without counting it: then the run says so and compares everything, which
//! changes how much is read, and nothing of what is asserted here.

use std::{
    io,
    ops::Range as Bytes,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use blockdev::{
    Roots,
    allocation::{self, InUse},
    direct::Reader,
    disk_at,
};
use center::receivers::{Ended, receive};
use image::Place;
use landfall_agent::replicate::{Complete, Freezer, Frozen, Options, Outcome, Source, Start, run};
use replication::{
    frame::{Hello, Settings},
    progress::Tracking,
};
use tempfile::TempDir;
use tokio::{io::duplex, sync::watch};

use crate::{
    bench::{MIB, noise, open_set},
    loops::{GARBAGE, LiveDisk, churn},
};

/// Long, for these tests share the machine: what matters is equality, not the stall.
const BUDGET: Duration = Duration::from_mins(1);

/// A disk as it stood at a freeze.
struct Snapshot {
    content: Vec<u8>,
    in_use: Vec<Bytes<u64>>,
}

/// Takes a snapshot just before filesystems thaw.
struct Witness {
    freezer: Arc<dyn Freezer>,
    disk: PathBuf,
    seen: Arc<Mutex<Option<Snapshot>>>,
}

struct Witnessed {
    frozen: Box<dyn Frozen>,
    disk: PathBuf,
    seen: Arc<Mutex<Option<Snapshot>>>,
}

impl Freezer for Witness {
    fn allow(&self, budget: Duration) {
        self.freezer.allow(budget);
    }

    fn flush(&self) -> io::Result<()> {
        self.freezer.flush()
    }

    fn freeze(&self) -> io::Result<Option<Box<dyn Frozen>>> {
        let (disk, seen) = (self.disk.clone(), self.seen.clone());
        let frozen = self.freezer.freeze()?;
        Ok(frozen.map(|frozen| Box::new(Witnessed { frozen, disk, seen }) as Box<dyn Frozen>))
    }
}

impl Frozen for Witnessed {
    fn thaw(self: Box<Self>) -> io::Result<()> {
        let snapshot = snapshot(&self.disk);
        let thawed = self.frozen.thaw();
        *self.seen.lock().unwrap() = Some(snapshot);
        thawed
    }
}

fn snapshot(path: &Path) -> Snapshot {
    let reader = Reader::open(path).unwrap();
    let disk = disk_at(&Roots::default(), path).unwrap();
    let map = allocation::map(&reader, &disk, InUse::Settled);
    let mut content = vec![0; usize::try_from(reader.size_bytes()).unwrap()];
    for (piece, offset) in content.chunks_mut(4 << 20).zip((0..).step_by(4 << 20)) {
        reader.read_exact_at(piece, offset).unwrap();
    }
    Snapshot { content, in_use: map.allocated().collect() }
}

/// A source disk that is witnessed, and where its copy goes.
struct Copying {
    disk: LiveDisk,
    source: Arc<Source>,
    seen: Arc<Mutex<Option<Snapshot>>>,
    staging: TempDir,
    size: u64,
}

impl Copying {
    fn of(disk: LiveDisk) -> Self {
        let mut source = Source::devices(&[(0, disk.path.clone())], BUDGET).unwrap();
        if let Err(reason) = &source.tracker {
            unreachable!("this machine cannot track: {reason}; these tests need root and a kernel with BTF");
        }
        let seen = Arc::default();
        source.freezer =
            Arc::new(Witness { freezer: source.freezer, disk: disk.path.clone(), seen: Arc::clone(&seen) });
        let size = source.disks[0].content.size();
        let staging = tempfile::tempdir_in(disk.folder()).unwrap();
        Self { disk, source: Arc::new(source), seen, staging, size }
    }

    async fn run(&self, name: &str, start: Start) -> Complete {
        let options = Options {
            agent_version: "test".into(),
            run: name.into(),
            streams: 2,
            freeze_budget: BUDGET,
            audit: false,
            start,
        };
        let set = open_set(self.staging.path(), self.size);
        let settings = watch::Sender::new(Settings::default());
        let receiving = Mutex::new(vec![]);
        let connect = |_: Hello| {
            let (near, far) = duplex(1 << 20);
            receiving.lock().unwrap().push(tokio::spawn(receive(far, set.clone(), settings.subscribe())));
            std::future::ready(Ok(near))
        };
        let outcome = run(self.source.clone(), options, connect, |_| (), std::future::pending()).await;
        let Outcome::Complete(complete) = outcome.unwrap() else { unreachable!("nobody stops it") };
        let streams = receiving.into_inner().unwrap();
        assert_eq!(streams.len(), 2, "without a break there is one session");
        for stream in streams {
            assert!(matches!(stream.await.unwrap(), Ok(Ended::Complete(_))));
        }
        complete
    }

    /// The copy, and the disk as it was when the copy was taken.
    fn copy(&self) -> (Vec<u8>, Snapshot) {
        let set = open_set(self.staging.path(), self.size);
        assert_eq!(set.disks[0].verify(|_| ()).unwrap(), [], "its digests hold");
        let copy = std::fs::read(Place::new(self.staging.path(), 0).data()).unwrap();
        (copy, self.seen.lock().unwrap().take().unwrap())
    }

    /// Everything that was in use at the freeze is as it was, or was never written since it was taken into use: xfs takes
    /// room ahead of a growing file, and what lies there shows through no file. Gives the bytes that were not in use, and
    /// those of them in whose place the copy holds garbage.
    fn assert_equal(&self) -> (u64, u64) {
        let (copy, snapshot) = self.copy();
        assert_eq!(copy.len(), snapshot.content.len());
        let (mut free, mut garbage, mut end) = (0, 0, 0);
        let last = copy.len() as u64..copy.len() as u64;
        for range in snapshot.in_use.iter().chain([&last]) {
            let place = |range: &Bytes<u64>| {
                usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap()
            };
            let (before, used) = (place(&(end..range.start)), place(range));
            let differing = (used.clone().step_by(512)).find(|at| {
                let sector = *at..(*at + 512).min(used.end);
                let (copied, disk) = (&copy[sector.clone()], &snapshot.content[sector]);
                let never_written =
                    disk.iter().all(|byte| *byte == GARBAGE) && copied.iter().all(|byte| *byte == 0);
                copied != disk && !never_written
            });
            assert_eq!(differing, None, "differs first there, in {range:?}, which is in use");
            free += before.len() as u64;
            garbage +=
                copy[before].chunks(4096).filter(|leaf| leaf.iter().all(|byte| *byte == GARBAGE)).count()
                    as u64
                    * 4096;
            end = range.end;
        }
        (free, garbage)
    }
}

/// Stops what writes, on every way out.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_at_rest_is_copied_without_the_garbage_of_its_free_space() {
    let copying = Copying::of(LiveDisk::new(&[("ext4", 256), ("xfs", 400)]));
    copying.disk.write("kept", &noise(1, 20 * MIB));
    copying.disk.write("removed", &noise(2, 10 * MIB));
    copying.disk.remove("removed");
    let complete = copying.run("run-1", Start::Everything).await;
    assert_eq!(complete.progress.tracking, Tracking::Ebpf);
    let (free, garbage) = copying.assert_equal();
    assert!(free > 400 * MIB, "{free} bytes are free");
    // The freeze itself writes records, and a block of 64 KiB brings along what is free in it.
    assert!(garbage < MIB, "{garbage}");
    assert!(complete.progress.read_bytes < copying.size - free + 32 * MIB, "{:?}", complete.progress);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_is_written_to_is_copied_as_it_stood_at_the_freeze() {
    let copying = Copying::of(LiveDisk::new(&[("ext4", 256), ("xfs", 400)]));
    copying.disk.write("kept", &noise(3, 40 * MIB));
    let stop = AtomicBool::new(false);
    let runtime = tokio::runtime::Handle::current();
    thread::scope(|scope| {
        for (seed, point) in (5..).zip(&copying.disk.mounted) {
            let stop = &stop;
            scope.spawn(move || churn(point, seed, stop));
        }
        let _stop = Stop(&stop);
        let run = |name, start| {
            let complete = tokio::task::block_in_place(|| runtime.block_on(copying.run(name, start)));
            let (free, garbage) = copying.assert_equal();
            // Blocks that are written to bring along what is free in them; this load writes to many.
            assert!(garbage < free / 2, "{garbage} bytes of garbage, {free} bytes are free");
            complete
        };
        let first = run("run-1", Start::Everything);
        let second = run("run-2", Start::Changes);
        // What is only written once is sent once. Where tracking failed, which is rare and said, it is compared.
        let (first, second) = (first.progress.packed_bytes, second.progress.packed_bytes);
        assert!(first > 40 * MIB && second < first / 2, "{first} and {second} bytes were sent");
    });
}
