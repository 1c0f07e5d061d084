//! A disk that takes discards of several ranges in one command, as NVMe does and loop devices do not.
//!
//! XFS frees many pieces of a disk at once, which the kernel joins to one request whose sector and length are not those of
//! what it discards. A program that goes by these marks the wrong blocks while its accounts agree, so that only comparing finds it
//! out: here it is the control that shows that this disk and this load have such requests.
//!
//! `cargo xtask boot-test --variant nvme` starts a guest that has such a disk and runs this in it.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a test fails by panicking")]

mod tracking_kit;

use std::fs::{self, File};
use std::path::Path;
use std::thread;
use std::time::Duration;

use blockdev::freeze::Freezer;
use blockdev::track::{Coverage, Faults, Tracker};
use tracking_kit::outcome::{Outcome, check};
use tracking_kit::{Copy, Dice, Disk, Reads, folder, tool};

/// Names the disk, which has an XFS that may be written to.
const DISK: &str = "LANDFALL_TEST_NVME";

/// How often the control may be lucky: what it marks instead may be all that was discarded.
const MOST_RUNS: u32 = 5;

/// Long: software emulation is slow.
const BUDGET: Duration = Duration::from_secs(30);

#[test]
#[ignore = "needs an NVMe disk with an XFS: `cargo xtask boot-test --variant nvme` brings one"]
fn discards_of_several_ranges_are_followed_and_one_range_for_all_is_caught() {
    let path = std::env::var_os(DISK).unwrap_or_else(|| panic!("{DISK} names no disk"));
    let mut disk = Disk::of_machine(path.into());
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
    let paths = [&disk.path];
    let mut tracker = Tracker::attach_faulty(&paths, way).unwrap();
    tracker.begin_coverage(0).unwrap();
    let mut freezer = Freezer::prepare(&paths).unwrap();
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
    freezer.sync().unwrap();
    let frozen = freezer.freeze(BUDGET).unwrap();
    while copy.pass(&tracker, 0) > 0 {}
    let coverage = tracker.prove(0);
    let outcome = Outcome { stale_blocks: copy.stale_blocks(), coverage };
    assert!(frozen.thaw().held);
    outcome
}
