//! A copy that follows live disks by their marks equals them when they are frozen; and trackers that are wrong are noticed.
//!
//! Each test writes with all its might while the copy makes pass after pass without a pause, for a tracker that loses
//! writes passes lax tests. A kernel may lose an event without counting it: then coverage must not be claimed. Such a run
//! is printed with its stale blocks, and its copy is not held to be equal; where many runs are made they must be rare.
//!
//! Of the trackers that are wrong, those that mark at issue or overlook writes are here, and buffered reads; one copy where
//! programs nest and the classic tracepoint are in `tracking_beside.rs`; raw commands and operations that are not known in
//! `src/track/rehearsal.rs`, on requests that are made up. A discard of several ranges taken for one is there and, on a disk
//! that discards several at once, in `tracking_nvme.rs`, which needs a machine with such a disk.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::cast_possible_truncation,
    reason = "a test fails by panicking; small sizes of a 64-bit test"
)]

mod tracking_kit;

use std::fs::{self, File};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use blockdev::freeze::Freezer;
use blockdev::track::{Coverage, Faults, NotTracked, Tracker, Unproven};
use tracking_kit::outcome::{self, Outcome, check};
use tracking_kit::{Aligned, Copy, Dice, Disk, Reads, folder, tool};

const PASSES: u32 = 400;
/// What is written once.
const ONCE_BYTES: u64 = 96 << 20;
/// Long, for these tests share the machine: what matters is equality, not the stall.
const BUDGET: Duration = Duration::from_secs(30);

/// Copies `disks` while `load` runs (it stops when told), freezes, drains until empty, and compares while frozen.
fn replicate(
    disks: &[&Disk],
    faults: Faults,
    reads: Reads,
    load: impl Fn(&AtomicBool) + Sync,
) -> Vec<Outcome> {
    let paths: Vec<&Path> = disks.iter().map(|disk| disk.path.as_path()).collect();
    let mut tracker = Tracker::attach_faulty(&paths, faults).unwrap();
    let mut freezer = Freezer::prepare(&paths).unwrap();
    let mut copies: Vec<Copy> = disks.iter().map(|disk| Copy::new(disk, reads)).collect();
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| load(&stop));
        let _stopped = Stop(&stop);
        for index in 0..copies.len() {
            tracker.begin_coverage(index).unwrap();
        }
        freezer.sync().unwrap();
        copies.iter_mut().for_each(Copy::read_all);
        let pass = |copies: &mut Vec<Copy>| -> u64 {
            copies.iter_mut().enumerate().map(|(index, copy)| copy.pass(&tracker, index)).sum()
        };
        for _ in 0..PASSES {
            pass(&mut copies);
        }
        freezer.sync().unwrap();
        pass(&mut copies);
        let frozen = freezer.freeze(BUDGET).unwrap();
        while pass(&mut copies) > 0 {}
        let coverage: Vec<Coverage> = (0..copies.len()).map(|index| tracker.prove(index)).collect();
        let stale: Vec<usize> = copies.iter_mut().map(Copy::stale_blocks).collect();
        let thawed = frozen.thaw();
        assert!(thawed.held, "{thawed:?}");
        stale
            .into_iter()
            .zip(coverage)
            .map(|(stale_blocks, coverage)| Outcome { stale_blocks, coverage })
            .collect()
    })
}

/// Ends the load also when the test fails.
struct Stop<'flag>(&'flag AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Rewrites pieces of files, makes and removes others, zeroes ranges, and syncs now and then.
fn churn(point: &Path, stop: &AtomicBool) {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let file = File::create(point.join("rewritten")).unwrap();
    file.set_len(32 << 20).unwrap();
    let mut text = vec![0_u8; 64 << 10];
    let mut round = 0_u64;
    while !stop.load(Ordering::SeqCst) {
        round += 1;
        text.fill((round % 251) as u8 + 1);
        let length = 4096 * (1 + dice.roll(16)) as usize;
        file.write_all_at(&text[..length], dice.roll((31 << 20) / 4096) * 4096).unwrap();
        let other = point.join(format!("file-{}", dice.roll(40)));
        match dice.roll(6) {
            0 => fs::write(&other, &text).unwrap(),
            1 => drop(fs::remove_file(&other)),
            2 => {
                let offset = dice.roll(30) << 20;
                rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::ZERO_RANGE, offset, 256 << 10)
                    .unwrap();
            }
            3 => file.sync_data().unwrap(),
            _ => {}
        }
    }
}

#[test]
fn a_copy_equals_the_frozen_filesystem() {
    let mut unproven = 0;
    let mut runs = 0;
    for (kind, options) in [("ext4", "rw"), ("ext4", "rw,discard"), ("xfs", "rw"), ("xfs", "rw,discard")] {
        for run in 0..3 {
            let folder = folder();
            let mut disk = Disk::new(folder.path(), "disk", 400 << 20);
            disk.format(kind);
            let point = folder.path().join("mnt");
            disk.mount(&point, options);
            // The last as on kernels that take no typed program.
            let way = if run == 2 { Faults::ByHelper } else { Faults::None };
            let name = format!("{kind} {options} run {run} {way:?}");
            unproven += check(&name, replicate(&[&disk], way, Reads::Direct, |stop| churn(&point, stop)));
            runs += 1;
            disk.unmount();
        }
    }
    eprintln!("{unproven} of {runs} runs were flagged");
    assert!(unproven <= runs / 4, "flagged runs are to be rare: {unproven} of {runs}");
}

#[test]
fn trims_of_a_mounted_filesystem_are_followed() {
    let runs = 3;
    let unproven: usize = (0..runs).map(|run| check(&format!("fstrim, run {run}"), vec![trimmed()])).sum();
    assert!(unproven < runs, "every run was flagged");
}

fn trimmed() -> Outcome {
    let folder = folder();
    let mut disk = Disk::new(folder.path(), "disk", 400 << 20);
    disk.format("ext4");
    let point = folder.path().join("mnt");
    disk.mount(&point, "rw");
    // The trims are over before the freeze, which would not stop them.
    let load = |_: &AtomicBool| {
        for _ in 0..20 {
            fs::write(point.join("big"), vec![7_u8; 20 << 20]).unwrap();
            File::open(point.join("big")).unwrap().sync_all().unwrap();
            fs::remove_file(point.join("big")).unwrap();
            tool("fstrim", &[point.to_str().unwrap()]);
        }
    };
    let mut tracker = Tracker::attach(&[&disk.path]).unwrap();
    tracker.begin_coverage(0).unwrap();
    let mut copy = Copy::new(&disk, Reads::Direct);
    copy.read_all();
    thread::scope(|scope| {
        let load = scope.spawn(|| load(&AtomicBool::new(false)));
        while !load.is_finished() {
            copy.pass(&tracker, 0);
        }
    });
    copy.frozen(&tracker, &disk.path, BUDGET)
}

#[test]
fn several_disks_are_followed_at_once_also_through_mkfs_and_swap() {
    let folder = folder();
    let (mut first, mut second) =
        (Disk::new(folder.path(), "a", 128 << 20), Disk::new(folder.path(), "b", 400 << 20));
    let raw = Disk::new(folder.path(), "c", 96 << 20);
    first.format("ext4");
    second.format("xfs");
    let (a, b) = (folder.path().join("mnt-a"), folder.path().join("mnt-b"));
    first.mount(&a, "rw");
    second.mount(&b, "rw,discard");
    let outcomes = replicate(&[&first, &second, &raw], Faults::None, Reads::Direct, |stop| {
        thread::scope(|scope| {
            scope.spawn(|| churn(&a, stop));
            scope.spawn(|| churn(&b, stop));
            // No freeze stops writers of an unmounted disk: these are done when the first passes are.
            raw.format("ext4");
            tool("blkdiscard", &["--zeroout", "--offset", "1048576", "--length", "50331648", raw.name()]);
            tool("mkswap", &[raw.name()]);
        });
    });
    let disks = outcomes.len();
    assert!(check("several", outcomes) < disks, "every disk was flagged");
}

fn write_once(faults: Faults) -> Outcome {
    // On a real disk and without the page cache a read may overtake a write, as on the disks that are copied.
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::direct(folder.path(), "disk", ONCE_BYTES);
    outcome::write_once(&disk, ONCE_BYTES, faults, || ())
}

#[test]
fn writes_made_once_are_followed() {
    for way in [Faults::None, Faults::ByHelper] {
        let runs = 5;
        let outcome = |run| check(&format!("write once, run {run} {way:?}"), vec![write_once(way)]);
        let unproven: usize = (0..runs).map(outcome).sum();
        assert!(unproven < runs, "every run was flagged");
    }
}

#[test]
fn the_cheaper_program_is_taken_where_the_kernel_takes_it() {
    let folder = folder();
    let disk = Disk::new(folder.path(), "disk", 16 << 20);
    for (way, typed) in [(Faults::None, true), (Faults::AtIssue, true), (Faults::ByHelper, false)] {
        assert_eq!(Tracker::attach_faulty(&[&disk.path], way).unwrap().is_typed(), typed, "{way:?}");
    }
}

/// Has a thread interrupted over and over, fifty times at the most, for as long as it works.
#[allow(unsafe_code, reason = "signals to one thread have no safe call")]
fn interrupted<T>(work: impl FnOnce() -> T) -> (T, u32) {
    extern "C" fn nothing(_: libc::c_int) {}
    let handler: extern "C" fn(libc::c_int) = nothing;
    // SAFETY: the handler does nothing, so that it may run at any moment.
    unsafe { libc::signal(libc::SIGUSR2, handler as *const () as libc::sighandler_t) };
    // SAFETY: it has no precondition.
    let worker = unsafe { libc::pthread_self() };
    let (done, sent) = (AtomicBool::new(false), AtomicU32::new(0));
    let outcome = thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::SeqCst) && sent.load(Ordering::SeqCst) < 50 {
                // SAFETY: the thread is there: it waits for this one before it goes on.
                unsafe { libc::pthread_kill(worker, libc::SIGUSR2) };
                sent.fetch_add(1, Ordering::SeqCst);
                thread::park_timeout(Duration::from_millis(2));
            }
        });
        let outcome = work();
        done.store(true, Ordering::SeqCst);
        outcome
    });
    (outcome, sent.into_inner())
}

#[test]
fn an_interrupted_thread_still_gets_its_program_verified() {
    let folder = folder();
    let disk = Disk::new(folder.path(), "disk", 16 << 20);
    let (tracker, signals) = interrupted(|| Tracker::attach(&[&disk.path]));
    assert!(tracker.unwrap().is_typed());
    assert!(signals > 3, "{signals} signals came while it was verified");
}

/// Marks of a block while a write to it hangs, and after it is done. The disk's image lies on a filesystem that is frozen.
fn marks_of_a_hanging_write(faults: Faults) -> (u64, u64) {
    let folder = folder();
    let mut below = Disk::new(folder.path(), "below", 128 << 20);
    below.format("ext4");
    let point = folder.path().join("mnt");
    below.mount(&point, "rw");
    let marks = {
        let disk = Disk::new(&point, "disk", 16 << 20);
        let tracker = Tracker::attach_faulty(&[&disk.path], faults).unwrap();
        let inflight = Path::new("/sys/block").join(disk.path.file_name().unwrap()).join("inflight");
        let mut freezer = Freezer::prepare(&[&below.path]).unwrap();
        let frozen = freezer.freeze(BUDGET).unwrap();
        thread::scope(|scope| {
            let writer = scope.spawn(|| {
                let file = File::options().write(true).custom_flags(libc::O_DIRECT).open(&disk.path).unwrap();
                file.write_all_at(Aligned::new().part(65536), 1 << 20).unwrap();
            });
            let issued = || fs::read_to_string(&inflight).unwrap().split_whitespace().nth(1) == Some("1");
            while !issued() {
                thread::yield_now();
            }
            let before = tracker.drain(0, &mut |_| ()).ranges;
            assert!(frozen.thaw().held);
            writer.join().unwrap();
            (before, tracker.drain(0, &mut |_| ()).ranges)
        })
    };
    below.unmount();
    marks
}

#[test]
fn a_write_is_marked_when_it_is_done_and_marking_at_issue_is_caught() {
    assert_eq!(marks_of_a_hanging_write(Faults::None), (0, 1));
    // Taken before the write is done, and never again: whoever reads now keeps the old content.
    assert_eq!(marks_of_a_hanging_write(Faults::AtIssue), (1, 0));
}

/// A filesystem in memory that takes so many bytes and no more, until this is dropped.
struct Scarce(PathBuf);

impl Scarce {
    fn of(point: PathBuf, bytes: u64) -> Self {
        fs::create_dir_all(&point).unwrap();
        tool("mount", &["-t", "tmpfs", "-o", &format!("size={bytes}"), "none", point.to_str().unwrap()]);
        Self(point)
    }
}

impl Drop for Scarce {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

#[test]
fn a_write_that_fails_is_marked_all_the_same() {
    let folder = folder();
    let scarce = Scarce::of(folder.path().join("mnt"), 4 << 20);
    let disk = Disk::new(&scarce.0, "disk", 64 << 20);
    for way in [Faults::None, Faults::ByHelper] {
        let tracker = Tracker::attach_faulty(&[&disk.path], way).unwrap();
        let file = File::options().write(true).custom_flags(libc::O_DIRECT).open(&disk.path).unwrap();
        let mut buffer = Aligned::new();
        let failed = (0..64)
            .find(|place| file.write_all_at(buffer.part(1 << 20), place << 20).is_err())
            .expect("there is no room for all of it");
        let mut marked = Vec::new();
        tracker.drain(0, &mut |range| marked.push(range.offset..range.offset + range.length));
        assert!(marked.iter().any(|range| range.contains(&(failed << 20))), "{failed}: {marked:?}");
    }
}

#[test]
fn a_tracker_that_overlooks_writes_claims_nothing() {
    for every in [2, 7, 50] {
        let outcome = write_once(Faults::DropEvery(every));
        eprintln!("each {every}th overlooked: {outcome:?}");
        assert!(matches!(outcome.coverage, Coverage::Unproven(Unproven::Deficit { sectors }) if sectors > 0));
        assert!(outcome.stale_blocks > 0);
    }
}

#[test]
fn buffered_reads_are_caught() {
    let folder = folder();
    let mut disk = Disk::new(folder.path(), "disk", 128 << 20);
    disk.format("ext4");
    let point = folder.path().join("mnt");
    disk.mount(&point, "rw");
    let outcomes = replicate(&[&disk], Faults::None, Reads::Buffered, |stop| churn(&point, stop));
    eprintln!("buffered: {outcomes:?}");
    assert!(outcomes[0].stale_blocks > 0);
}

#[test]
fn what_cannot_be_tracked_or_proven_says_why() {
    let folder = folder();
    let disk = Disk::new(folder.path(), "disk", 64 << 20);
    let mut tracker = Tracker::attach(&[&disk.path]).unwrap();
    assert_eq!(tracker.prove(0), Coverage::Unproven(Unproven::NotBegun));
    assert_eq!(tracker.prove(1), Coverage::Unproven(Unproven::UnknownDisk));
    let counting = Path::new("/sys/block").join(disk.path.file_name().unwrap()).join("queue/iostats");
    tracker.begin_coverage(0).unwrap();
    assert_eq!(tracker.prove(0), Coverage::Proven);
    fs::write(&counting, "0").unwrap();
    assert_eq!(tracker.prove(0), Coverage::Unproven(Unproven::NotCounted));
    tool("blkdiscard", &["--zeroout", "--length", "1048576", disk.name()]);
    fs::write(&counting, "1").unwrap();
    // What was not counted meanwhile shows.
    assert!(
        matches!(tracker.prove(0), Coverage::Unproven(Unproven::Deficit { sectors }) if sectors <= -2048)
    );
    assert!(matches!(Tracker::attach(&[folder.path()]), Err(NotTracked::Unreadable { .. })));
    assert!(matches!(Tracker::attach::<&Path>(&[]), Err(NotTracked::TooMany { count: 0 })));
}

#[test]
fn a_long_discard_is_marked_whole() {
    let folder = folder();
    let disk = Disk::new(folder.path(), "disk", 20 << 30);
    let began = Instant::now();
    let mut tracker = Tracker::attach(&[&disk.path]).unwrap();
    eprintln!("attached in {:?}", began.elapsed());
    tracker.begin_coverage(0).unwrap();
    tool("blkdiscard", &["--step", "4294966784", "--offset", "4096", "--length", "17179869184", disk.name()]);
    let mut marked = Vec::new();
    let drained = tracker.drain(0, &mut |range| marked.push((range.offset, range.offset + range.length)));
    marked.sort_unstable();
    let mut reached = 4096;
    for (start, end) in marked {
        assert!(start <= reached, "{start} leaves a gap after {reached}");
        reached = reached.max(end);
    }
    assert!(reached >= 4096 + (16 << 30) && drained.bytes <= 18 << 30, "{drained:?}");
    assert_eq!(tracker.prove(0), Coverage::Proven);
    let began = Instant::now();
    assert_eq!(tracker.drain(0, &mut |_| ()).ranges, 0);
    eprintln!("idle drain of 20 GiB in {:?}", began.elapsed());
}
