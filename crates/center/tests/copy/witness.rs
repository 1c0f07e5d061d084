//! A disk that is copied while it is used, and a witness of what it held when it was frozen.
//!
//! What the disk holds is read while it is frozen, just before it is thawed, past the page cache; and so is the map of what
//! was in use then. Kernels may lose an event without counting it: then the run says so and compares everything, which
//! changes how much is read, and nothing of what is asserted here.

use std::{
    io,
    ops::Range as Bytes,
    path::{Path, PathBuf},
    sync::{Arc, Condvar, Mutex},
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
use replication::frame::{Hello, Settings};
use tempfile::TempDir;
use tokio::{io::duplex, sync::watch};

use crate::{
    bench::open_set,
    loops::{GARBAGE, LiveDisk},
};

/// Long, for these tests share the machine: what matters is equality, not the stall.
const BUDGET: Duration = Duration::from_mins(1);

/// Lets those through who write past the filesystems, except while everything stands still: no freeze holds them.
#[derive(Default)]
pub(crate) struct Gate {
    state: Mutex<(bool, usize)>,
    changed: Condvar,
}

impl Gate {
    /// Does something that writes, as soon as nothing stands still.
    pub(crate) fn write(&self, what: impl FnOnce()) {
        let mut state = self.changed.wait_while(self.state.lock().unwrap(), |(shut, _)| *shut).unwrap();
        state.1 += 1;
        drop(state);
        what();
        self.state.lock().unwrap().1 -= 1;
        self.changed.notify_all();
    }

    fn shut(&self) {
        self.state.lock().unwrap().0 = true;
        drop(self.changed.wait_while(self.state.lock().unwrap(), |(_, within)| *within > 0).unwrap());
    }

    fn open(&self) {
        self.state.lock().unwrap().0 = false;
        self.changed.notify_all();
    }
}

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
    gate: Arc<Gate>,
}

struct Witnessed {
    /// `None` once it is thawed.
    frozen: Option<Box<dyn Frozen>>,
    disk: PathBuf,
    seen: Arc<Mutex<Option<Snapshot>>>,
    gate: Arc<Gate>,
}

impl Freezer for Witness {
    fn allow(&self, budget: Duration) {
        self.freezer.allow(budget);
    }

    fn flush(&self) -> io::Result<()> {
        self.freezer.flush()
    }

    fn freeze(&self) -> io::Result<Option<Box<dyn Frozen>>> {
        let (disk, seen, gate) = (self.disk.clone(), self.seen.clone(), self.gate.clone());
        gate.shut();
        match self.freezer.freeze() {
            Ok(Some(frozen)) => Ok(Some(Box::new(Witnessed { frozen: Some(frozen), disk, seen, gate }))),
            nothing => {
                gate.open();
                nothing
            }
        }
    }
}

impl Frozen for Witnessed {
    fn thaw(mut self: Box<Self>) -> io::Result<()> {
        let snapshot = snapshot(&self.disk);
        let thawed = self.frozen.take().unwrap().thaw();
        *self.seen.lock().unwrap() = Some(snapshot);
        thawed
    }
}

impl Drop for Witnessed {
    fn drop(&mut self) {
        drop(self.frozen.take());
        self.gate.open();
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
pub(crate) struct Copying {
    pub(crate) disk: LiveDisk,
    pub(crate) source: Arc<Source>,
    pub(crate) size: u64,
    pub(crate) gate: Arc<Gate>,
    seen: Arc<Mutex<Option<Snapshot>>>,
    staging: TempDir,
}

/// How a copy and its disk compare.
pub(crate) struct Comparison {
    /// Where they first differ in what was in use.
    pub(crate) differing: Option<usize>,
    /// Bytes that were not in use.
    pub(crate) free: u64,
    /// Those of them in whose place the copy holds garbage.
    pub(crate) garbage: u64,
}

impl Copying {
    pub(crate) fn of(disk: LiveDisk) -> Self {
        Self::with(disk, |_| ())
    }

    /// A source of which something is exchanged.
    pub(crate) fn with(disk: LiveDisk, change: impl FnOnce(&mut Source)) -> Self {
        let mut source = Source::devices(&[(0, disk.path.clone())], BUDGET).unwrap();
        if let Err(reason) = &source.tracker {
            unreachable!("this machine cannot track: {reason}; these tests need root and a kernel with BTF");
        }
        change(&mut source);
        let (seen, gate) = (Arc::default(), Arc::<Gate>::default());
        source.freezer = Arc::new(Witness {
            freezer: source.freezer,
            disk: disk.path.clone(),
            seen: Arc::clone(&seen),
            gate: gate.clone(),
        });
        let size = source.disks[0].content.size();
        let staging = tempfile::tempdir_in(disk.folder()).unwrap();
        Self { disk, source: Arc::new(source), size, gate, seen, staging }
    }

    pub(crate) async fn run(&self, name: &str, start: Start) -> Complete {
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

    /// Everything that was in use at the freeze is as it was.
    pub(crate) fn assert_equal(&self) -> (u64, u64) {
        let Comparison { differing, free, garbage } = self.compare();
        assert_eq!(differing, None, "what is in use differs first there");
        (free, garbage)
    }

    /// Compares what was in use at the freeze. Where nothing was written since a place was taken into use, the copy may
    /// have a hole: xfs takes room ahead of a growing file, and what lies there shows through no file.
    pub(crate) fn compare(&self) -> Comparison {
        let (copy, snapshot) = self.copy();
        assert_eq!(copy.len(), snapshot.content.len());
        let mut comparison = Comparison { differing: None, free: 0, garbage: 0 };
        let mut end = 0;
        let last = copy.len() as u64..copy.len() as u64;
        for range in snapshot.in_use.iter().chain([&last]) {
            let place = |range: &Bytes<u64>| {
                usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap()
            };
            let (before, used) = (place(&(end..range.start)), place(range));
            let mut sectors = used.clone().step_by(512).map(|at| at..(at + 512).min(used.end));
            let differing = sectors.find(|sector| {
                let (copied, disk) = (&copy[sector.clone()], &snapshot.content[sector.clone()]);
                copied != disk && !(all(disk, GARBAGE) && all(copied, 0))
            });
            comparison.differing = comparison.differing.or(differing.map(|sector| sector.start));
            comparison.free += before.len() as u64;
            comparison.garbage +=
                4096 * copy[before].chunks(4096).filter(|leaf| all(leaf, GARBAGE)).count() as u64;
            end = range.end;
        }
        comparison
    }
}

fn all(bytes: &[u8], value: u8) -> bool {
    bytes.iter().all(|byte| *byte == value)
}
