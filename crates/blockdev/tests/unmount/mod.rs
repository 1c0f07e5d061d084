//! Unmounting in a process that runs other tests and their tools meanwhile.

use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

/// How long a filesystem may stay busy.
const PATIENCE: Duration = Duration::from_secs(30);

/// Unmounts. What another thread forks holds every descriptor of this process until it has become the tool that it is to
/// be, or has closed them: for that moment a filesystem is busy on which this process had something open.
pub(crate) fn unmount(point: &Path) {
    let begun = Instant::now();
    loop {
        let output = Command::new("umount").arg(point).output();
        let output = output.unwrap_or_else(|error| panic!("this test needs root and umount: {error}"));
        let complaint = String::from_utf8_lossy(&output.stderr);
        if output.status.success() {
            return;
        }
        assert!(
            complaint.contains("busy") && begun.elapsed() < PATIENCE,
            "umount {}: {complaint}",
            point.display()
        );
        thread::park_timeout(Duration::from_millis(5));
    }
}
