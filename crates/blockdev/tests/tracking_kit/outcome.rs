//! What a copy comes to, and the promise that it is held to.

use std::fs::File;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::thread;

use blockdev::track::{Coverage, Faults, Tracker};

use super::{Aligned, Copy, Disk, Reads};

/// What a copy came to, for one disk.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) stale_blocks: usize,
    pub(crate) coverage: Coverage,
}

/// The promise: what is proven is equal. What is not proven is reported, and rare.
pub(crate) fn check(name: &str, outcomes: Vec<Outcome>) -> usize {
    let mut unproven = 0;
    for outcome in outcomes {
        match outcome.coverage {
            Coverage::Proven => assert_eq!(outcome.stale_blocks, 0, "{name}: coverage was claimed"),
            Coverage::Unproven(reason) => {
                eprintln!("{name}: flagged, {} stale blocks: {reason}", outcome.stale_blocks);
                unproven += 1;
            }
        }
    }
    unproven
}

/// Writes each 64 KiB of a raw disk of so many bytes once, past every cache, while the copy makes passes and what `beside` began goes
/// on; returns what was stale in the end.
pub(crate) fn write_once<T>(disk: &Disk, bytes: u64, faults: Faults, beside: impl FnOnce() -> T) -> Outcome {
    let mut tracker = Tracker::attach_faulty(&[&disk.path], faults).unwrap();
    tracker.begin_coverage(0).unwrap();
    let mut copy = Copy::new(disk, Reads::Direct);
    copy.read_all();
    let beside = beside();
    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let file = File::options().write(true).custom_flags(libc::O_DIRECT).open(&disk.path).unwrap();
            let mut buffer = Aligned::new();
            for block in 0..bytes >> 16 {
                let text = buffer.part(65536);
                text.fill((block % 251) as u8 + 1);
                file.write_all_at(text, block << 16).unwrap();
            }
        });
        while !writer.is_finished() {
            copy.pass(&tracker, 0);
        }
    });
    drop(beside);
    while copy.pass(&tracker, 0) > 0 {}
    Outcome { coverage: tracker.prove(0), stale_blocks: copy.stale_blocks() }
}
