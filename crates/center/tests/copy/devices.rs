//! Disks of a running machine: the copy is the disk as it stood at the freeze, and holds no garbage of its free space.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use landfall_agent::replicate::Start;
use replication::progress::Tracking;

use crate::{
    bench::{MIB, noise},
    loops::{LiveDisk, churn},
    witness::Copying,
};

/// Stops what writes, on every way out.
pub(crate) struct Stop<'a>(pub(crate) &'a AtomicBool);

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
            scope.spawn(move || churn(point, seed, Duration::ZERO, stop));
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
