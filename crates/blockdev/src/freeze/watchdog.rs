//! A process that thaws when this one does not: after the budget, or when this process is gone, however it went.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::time::Duration;

use super::calls::{self, Heard};

/// How often it thaws once the budget is over, for this process may still be freezing.
const AGAIN_MILLISECONDS: i32 = 10;
/// The message that the freeze is over; every other is a budget in milliseconds.
const OVER: u64 = 0;
/// How long the watchdog may take to answer.
const ANSWER_MILLISECONDS: i32 = 5000;

/// The watchdog process.
pub(super) struct Watchdog {
    process: libc::pid_t,
    line: Option<OwnedFd>,
}

impl Watchdog {
    /// Starts it, to watch over `points`. Allocates; everything later does not. Returns when it has closed all else that
    /// it was forked with: filesystems that it does not watch must not stay busy because of it.
    pub(super) fn start(points: &[RawFd]) -> io::Result<Self> {
        let (ours, theirs) = calls::connected()?;
        let line = theirs.as_raw_fd();
        let mut kept = points.to_vec();
        kept.push(line);
        kept.sort_unstable();
        let process = calls::fork(&kept, || watch(line, points))?;
        let watchdog = Self { process, line: Some(ours) };
        // Else the line would not end with the watchdog.
        drop(theirs);
        watchdog.answered(OVER)?;
        Ok(watchdog)
    }

    /// Starts the countdown, and returns when the watchdog has.
    pub(super) fn arm(&self, budget: Duration) -> io::Result<()> {
        let milliseconds = u64::try_from(budget.as_millis()).unwrap_or(u64::MAX).clamp(1, 600_000);
        self.tell(milliseconds)
    }

    /// Ends the countdown. Returns when the watchdog will thaw no more.
    pub(super) fn disarm(&self) -> io::Result<()> {
        self.tell(OVER)
    }

    fn tell(&self, message: u64) -> io::Result<()> {
        calls::say(self.end(), message)?;
        self.answered(message)
    }

    fn answered(&self, message: u64) -> io::Result<()> {
        match calls::hear(self.end(), ANSWER_MILLISECONDS) {
            Heard::Message(answer) if answer == message => Ok(()),
            _ => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    fn end(&self) -> RawFd {
        self.line.as_ref().map_or(-1, AsRawFd::as_raw_fd)
    }

    /// Its process id.
    pub(super) fn process(&self) -> u32 {
        self.process.unsigned_abs()
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        // It ends at the end of the line, which must come before the wait.
        self.line = None;
        calls::reap(self.process);
    }
}

/// The process itself. Allocates nothing: it is a copy of one thread of a process that may have had many.
fn watch(line: RawFd, points: &[RawFd]) {
    // Milliseconds until the next thaw; none while nothing is frozen.
    let mut patience = -1;
    // Nothing is frozen yet, and nothing but these descriptors is open here.
    let _ = calls::say(line, OVER);
    loop {
        match calls::hear(line, patience) {
            Heard::Message(message) => {
                patience = if message == OVER { -1 } else { i32::try_from(message).unwrap_or(i32::MAX) };
                // When this fails the other end is gone, which the next round hears.
                let _ = calls::say(line, message);
            }
            Heard::Nothing if patience >= 0 => {
                thaw_all(points);
                patience = AGAIN_MILLISECONDS;
            }
            Heard::Nothing => {}
            Heard::End => {
                if patience >= 0 {
                    thaw_all(points);
                }
                return;
            }
        }
    }
}

/// Thaws in the order opposite to freezing. What is not frozen answers with an error, which is no matter.
fn thaw_all(points: &[RawFd]) {
    for point in points.iter().rev() {
        let _ = calls::thaw(*point);
    }
}
