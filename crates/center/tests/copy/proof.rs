//! Everything at once that may write to a disk: files that churn, fio, zeroing, discards, swap, and a filesystem made in
//! the middle. What is in use equals the disk at the freeze, with tracking and without; and a tracker that is deaf to a
//! part of the disk is found out.
//!
//! `LANDFALL_PROOF_RUNS` says how often; `cargo xtask ci` and `cargo xtask prove` do it thirty times.

use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, Scope},
    time::Duration,
};

use blockdev::direct::{Buffer, Place, Queue};
use landfall_agent::replicate::{DiskSource, PlacesRead, Source, Start, Tracker};
use replication::Range;

use crate::{
    bench::{MIB, noise},
    devices::Stop,
    loops::{LiveDisk, churn, tool},
    witness::{Copying, Gate},
};

/// Runs of each proof, unless LANDFALL_PROOF_RUNS says otherwise.
const RUNS: u32 = 2;

/// Runs of one disk: the first copies everything, the next what changed.
const RUNS_OF_A_DISK: u32 = 2;

/// Between two writes of one writer, of which there are seven beside fio: a machine that does much else keeps up.
const PAUSE: Duration = Duration::from_millis(10);

const SWAP: usize = 3;
const LATER: usize = 4;

fn runs() -> u32 {
    std::env::var("LANDFALL_PROOF_RUNS").map_or(RUNS, |text| text.parse().unwrap())
}

/// Ends a program that would go on.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Writes 4 KiB blocks of one file at random, at a pace that a slow machine keeps up with.
fn fio(point: &Path) -> Ended {
    let mut fio = Command::new("fio");
    fio.args(["--name=load", "--rw=randwrite", "--bs=4k", "--size=2m", "--rate=500k", "--ioengine=psync"]);
    fio.args(["--fdatasync=8", "--time_based", "--runtime=300", "--thread"]);
    fio.arg(format!("--directory={}", point.display())).stdin(Stdio::null()).stdout(Stdio::null());
    let Ok(fio) = fio.spawn() else { unreachable!("fio is missing: run cargo xtask test, as root") };
    Ended(fio)
}

/// Zeroes and frees parts of a file and writes to it again.
fn zeroing(point: &Path, stop: &AtomicBool) {
    let path = point.join("zeroed");
    std::fs::write(&path, noise(11, MIB)).unwrap();
    let file = OpenOptions::new().write(true).open(&path).unwrap();
    let text = path.to_str().unwrap();
    for round in 0_u64.. {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        thread::park_timeout(PAUSE);
        let at = |step: u64| (round.wrapping_mul(0x9e37_79b9) % step) * 4096;
        let (hole, zeros) = (at(230).to_string(), at(220).to_string());
        tool("fallocate", &["--punch-hole", "--offset", &hole, "--length", "65536", text], "");
        tool("fallocate", &["--zero-range", "--offset", &zeros, "--length", "131072", text], "");
        file.write_all_at(&noise(round, 8192), at(250)).unwrap();
        file.sync_data().unwrap();
    }
}

/// Writes where a kernel would swap to: behind the header, over and over in a mebibyte.
fn swapping(part: &Path, gate: &Gate, stop: &AtomicBool) {
    let swap = OpenOptions::new().write(true).open(part).unwrap();
    for round in 0_u64.. {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        thread::park_timeout(PAUSE);
        gate.write(|| {
            let at = MIB + (round.wrapping_mul(0x9e37_79b9) % 256) * 4096;
            swap.write_all_at(&noise(round, 4096), at).unwrap();
            swap.sync_data().unwrap();
        });
    }
}

/// Makes a filesystem whenever it is told to, of one kind and then of another, where something else was.
fn making(part: &Path, gate: &Gate, told: &Midway, stop: &AtomicBool) {
    let mut kinds = [["-b", "4096"], ["-b", "1024"]].iter().cycle();
    while !stop.load(Ordering::Relaxed) {
        if told.wait() {
            let kind = kinds.next().unwrap();
            let words = [&["-q", "-F"], &kind[..], &[part.to_str().unwrap()]].concat();
            gate.write(|| drop(tool("mkfs.ext4", &words, "")));
        }
    }
}

/// Tells when a run has read a little of the disk: then its map of what is in use is made.
#[derive(Default)]
struct Midway {
    /// Reads until it is told.
    reads: AtomicU64,
    told: Mutex<bool>,
    changed: Condvar,
}

impl Midway {
    fn arm(&self) {
        self.reads.store(4, Ordering::SeqCst);
    }

    fn note(&self) {
        let down = |left: u64| left.checked_sub(1);
        if self.reads.fetch_update(Ordering::SeqCst, Ordering::SeqCst, down) == Ok(1) {
            *self.told.lock().unwrap() = true;
            self.changed.notify_all();
        }
    }

    /// Whether it was told within a moment.
    fn wait(&self) -> bool {
        let moment = Duration::from_millis(100);
        let told = self.changed.wait_timeout_while(self.told.lock().unwrap(), moment, |told| !*told);
        std::mem::take(&mut *told.unwrap().0)
    }
}

/// A disk whose reads are noted.
struct Noted {
    disk: Arc<dyn DiskSource>,
    midway: Arc<Midway>,
}

impl DiskSource for Noted {
    fn size(&self) -> u64 {
        self.disk.size()
    }

    fn read(&self, range: Range) -> io::Result<Vec<u8>> {
        self.midway.note();
        self.disk.read(range)
    }

    fn hold(&self, queue: &mut Queue, memory: &mut Buffer, places: &[Place]) -> PlacesRead {
        for _ in places {
            self.midway.note();
        }
        self.disk.hold(queue, memory, places)
    }

    fn is_hole(&self, range: Range) -> io::Result<bool> {
        self.disk.is_hole(range)
    }
}

/// Starts everything that writes to files or past them; the programs are ended by dropping them.
fn load<'scope>(
    scope: &'scope Scope<'scope, '_>,
    copying: &'scope Copying,
    midway: &'scope Midway,
    stop: &'scope AtomicBool,
) -> Vec<Ended> {
    let gate = &*copying.gate;
    for (seed, point) in (21..).zip(&copying.disk.mounted) {
        scope.spawn(move || churn(point, seed, PAUSE, stop));
        scope.spawn(move || zeroing(point, stop));
    }
    let (swap, later) = (copying.disk.part(SWAP), copying.disk.part(LATER));
    scope.spawn(move || swapping(&swap, gate, stop));
    scope.spawn(move || making(&later, gate, midway, stop));
    copying.disk.mounted.iter().map(PathBuf::as_path).map(fio).collect()
}

/// Copies a disk under load, run after run, and has each looked at.
fn copy_under_load(runs: u32, change: impl FnOnce(&mut Source), mut look: impl FnMut(u32, &Copying)) {
    let parts = [("ext4", 256), ("xfs", 400), ("swap", 32), ("nothing", 64)];
    let disk = LiveDisk::mounted_with(&parts, "discard");
    disk.write("kept", &noise(3, 20 * MIB));
    let later = File::options().write(true).open(disk.part(LATER)).unwrap();
    later.write_all_at(&noise(13, 8 * MIB), 3 * MIB).unwrap();
    later.sync_all().unwrap();
    drop(later);

    let midway = Arc::<Midway>::default();
    let copying = Copying::with(disk, |source| {
        let content = &mut source.disks[0].content;
        *content = Arc::new(Noted { disk: content.clone(), midway: midway.clone() });
        change(source);
    });
    let (stop, runtime) = (AtomicBool::new(false), tokio::runtime::Handle::current());
    thread::scope(|scope| {
        let _programs = load(scope, &copying, &midway, &stop);
        let _stop = Stop(&stop);
        for number in 1..=runs {
            midway.arm();
            let start = if number == 1 { Start::Everything } else { Start::Changes };
            let name = format!("run-{number}");
            let run = copying.run(&name, start);
            tokio::task::block_in_place(|| runtime.block_on(run));
            look(number, &copying);
        }
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_use_equals_the_disk_whatever_writes_to_it() {
    let mut done = 0;
    while done < runs() {
        let now = RUNS_OF_A_DISK.min(runs() - done);
        copy_under_load(
            now,
            |_| (),
            |number, copying| {
                let (free, _) = copying.assert_equal();
                println!("run {} is equal, {free} bytes are free", done + number);
            },
        );
        done += now;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_equals_the_disk_where_nothing_is_tracked_too() {
    for number in 1..=runs().div_ceil(RUNS_OF_A_DISK) {
        let untracked = |source: &mut Source| source.tracker = Err("switched off by this test".to_owned());
        copy_under_load(1, untracked, |_, copying| {
            let (free, _) = copying.assert_equal();
            println!("untracked run {number} is equal, {free} bytes are free");
        });
    }
}

/// A tracker that keeps every third block of 64 KiB to itself, and claims that it does not.
struct Deaf(Arc<dyn Tracker>);

impl Tracker for Deaf {
    fn drain(&self, disk: u16, take: &mut dyn FnMut(Range)) -> io::Result<()> {
        self.0.drain(disk, &mut |range| {
            let blocks = range.pieces(64 << 10);
            blocks.filter(|block| (block.offset() >> 16) % 3 != 0).for_each(&mut *take);
        })
    }

    fn prove(&self) -> Result<(), String> {
        Ok(())
    }

    fn rebase(&self) -> io::Result<()> {
        self.0.rebase()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tracker_that_is_deaf_to_a_part_of_the_disk_is_found_out() {
    let deafened = |source: &mut Source| {
        source.tracker = source.tracker.clone().map(|tracker| Arc::new(Deaf(tracker)) as Arc<dyn Tracker>);
    };
    copy_under_load(1, deafened, |_, copying| {
        assert!(copying.compare().differing.is_some(), "these tests would not notice a broken tracker");
    });
}
