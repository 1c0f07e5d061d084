//! What NVMe does and loop devices do not: discards of several ranges in one command, and namespaces that are reached over
//! several paths.
//!
//! XFS frees many pieces of a disk at once, which the kernel joins to one request whose sector and length are not those of
//! what it discards. A program that goes by these marks the wrong blocks while its accounts agree, so that only comparing finds it
//! out: here it is the control that shows that this disk and this load have such requests.
//!
//! A path that comes while a disk is followed carries writes that nobody marks; when it is gone before the proof, only the
//! program can have noticed it.
//!
//! `cargo xtask boot-test --variant nvme` starts a guest that has such disks and runs this in it.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a test fails by panicking")]

mod tracking_kit;

use std::fs::{self, File};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use blockdev::track::{Coverage, Faults, Tracker, Unproven};
use tracking_kit::outcome::{Outcome, check, write_once};
use tracking_kit::{Aligned, Copy, Dice, Disk, Reads, folder, tool};

/// Names the disk, which has an XFS that may be written to.
const DISK: &str = "LANDFALL_TEST_NVME";

/// Names a disk with two paths between which the kernel takes turns, which may be written over.
const DISK_WITH_PATHS: &str = "LANDFALL_TEST_NVME_PATHS";

const ONCE_BYTES: u64 = 32 << 20;

/// How often the control may be lucky: what it marks instead may be all that was discarded.
const MOST_RUNS: u32 = 5;

/// Long: software emulation is slow.
const BUDGET: Duration = Duration::from_secs(30);

#[test]
#[ignore = "needs an NVMe disk with an XFS: `cargo xtask boot-test --variant nvme` brings one"]
fn discards_of_several_ranges_are_followed_and_one_range_for_all_is_caught() {
    let mut disk = named(DISK);
    let folder = folder();
    let point = folder.path().join("mnt");
    disk.mount(&point, "rw,discard");
    for way in [Faults::None, Faults::ByHelper] {
        let runs = 3;
        let outcome = |run| check(&format!("{way:?}, run {run}"), vec![freed(&disk, &point, way)]);
        let unproven: usize = (0..runs).map(outcome).sum();
        assert!(unproven < runs, "every run was flagged");
    }
    let fooled = (0..MOST_RUNS).any(|run| {
        let outcome = freed(&disk, &point, Faults::OneRangeDiscards);
        eprintln!("one range for all, run {run}: {outcome:?}");
        outcome.coverage == Coverage::Proven && outcome.stale_blocks > 0
    });
    assert!(fooled, "no discard of several ranges was made, or the control marked all of them by chance");
    disk.unmount();
}

/// Follows the disk while files that lie between others are removed, many at a time.
fn freed(disk: &Disk, point: &Path, way: Faults) -> Outcome {
    let mut tracker = Tracker::attach_faulty(&[&disk.path], way).unwrap();
    tracker.begin_coverage(0).unwrap();
    let mut copy = Copy::new(disk, Reads::Direct);
    copy.read_all();
    thread::scope(|scope| {
        // It is over before the freeze, which would not stop discards.
        let load = scope.spawn(|| {
            let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
            for _ in 0..4 {
                let files: Vec<_> = (0..200).map(|number| point.join(format!("file-{number}"))).collect();
                for file in &files {
                    let length = usize::try_from(65_536 * (1 + dice.roll(4))).unwrap();
                    fs::write(file, vec![7; length]).unwrap();
                }
                tool("sync", &[]);
                for half in [0, 1] {
                    files.iter().skip(half).step_by(2).for_each(|file| fs::remove_file(file).unwrap());
                    File::open(point).unwrap().sync_all().unwrap();
                    tool("sync", &[]);
                }
            }
        });
        while !load.is_finished() {
            copy.pass(&tracker, 0);
        }
        load.join().unwrap();
    });
    copy.frozen(&tracker, &disk.path, BUDGET)
}

fn named(variable: &str) -> Disk {
    let path = std::env::var_os(variable).unwrap_or_else(|| panic!("{variable} names no disk"));
    Disk::of_machine(path.into())
}

#[test]
#[ignore = "needs an NVMe disk with two paths: `cargo xtask boot-test --variant nvme` brings one"]
fn a_disk_with_several_paths_is_followed_over_all_and_a_path_that_came_and_went_is_noticed() {
    let disk = named(DISK_WITH_PATHS);
    let paths = paths(&disk);
    let written = || paths.iter().map(|path| sectors_written(path)).collect::<Vec<_>>();
    for way in [Faults::None, Faults::ByHelper] {
        let before = written();
        let unproven = check(&format!("{way:?}"), vec![write_once(&disk, ONCE_BYTES, way, || ())]);
        assert_eq!(unproven, 0, "it was flagged");
        let all_carried = written().iter().zip(&before).all(|(after, before)| after > before);
        assert!(all_carried && paths.len() == 2, "{paths:?}: {before:?} {:?}", written());
    }

    // Both paths, then one of them gone.
    let mut tracker = Tracker::attach(&[&disk.path]).unwrap();
    tracker.begin_coverage(0).unwrap();
    assert_eq!(tracker.prove(0), Coverage::Proven);
    let controller = fs::canonicalize(paths[1].join("device/device")).unwrap();
    remove(&controller, &paths[1]);
    assert_eq!(tracker.prove(0), Coverage::Unproven(Unproven::OtherPaths));

    // One path; another comes, carries writes, and goes.
    let mut tracker = Tracker::attach(&[&disk.path]).unwrap();
    tracker.begin_coverage(0).unwrap();
    fs::write("/sys/bus/pci/rescan", "1").unwrap();
    until("the path is back", || self::paths(&disk).len() == 2);
    assert_eq!(tracker.prove(0), Coverage::Unproven(Unproven::OtherPaths));
    let back = self::paths(&disk).into_iter().find(|path| *path != paths[0]).unwrap();
    let before = sectors_written(&back);
    write_a_little(&disk);
    assert!(sectors_written(&back) > before, "the new path carried nothing");
    remove(&controller, &back);
    let coverage = tracker.prove(0);
    assert!(matches!(coverage, Coverage::Unproven(Unproven::NewPath(1..))), "{coverage:?}");

    fs::write("/sys/bus/pci/rescan", "1").unwrap();
    until("the path is back", || self::paths(&disk).len() == 2);
}

/// The folders of a disk's paths, those of the controller first that was there first.
fn paths(disk: &Disk) -> Vec<PathBuf> {
    let name = disk.path.file_name().unwrap().to_str().unwrap();
    let (subsystem, namespace) = name.strip_prefix("nvme").unwrap().split_once('n').unwrap();
    let is_path = |path: &PathBuf| {
        let path = path.file_name().unwrap().to_str().unwrap();
        path.starts_with(&format!("nvme{subsystem}c")) && path.ends_with(&format!("n{namespace}"))
    };
    let disks = fs::read_dir("/sys/block").unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> = disks.filter(is_path).collect();
    paths.sort();
    paths
}

fn sectors_written(path: &Path) -> u64 {
    fs::read_to_string(path.join("stat")).unwrap().split_whitespace().nth(6).unwrap().parse().unwrap()
}

/// Writes to the disk often enough that each path gets some of it.
fn write_a_little(disk: &Disk) {
    let file = File::options().write(true).custom_flags(libc::O_DIRECT).open(&disk.path).unwrap();
    let mut buffer = Aligned::new();
    (0..64).for_each(|block| file.write_all_at(buffer.part(4096), block << 12).unwrap());
}

/// Takes the controller behind a path away.
fn remove(controller: &Path, path: &Path) {
    fs::write(controller.join("remove"), "1").unwrap();
    until("the path is gone", || !path.exists());
}

fn until(what: &str, happened: impl Fn() -> bool) {
    let begun = Instant::now();
    while !happened() {
        assert!(begun.elapsed() < BUDGET, "{what}: not within {BUDGET:?}");
        thread::park_timeout(Duration::from_millis(20));
    }
}
