//! How far long work is, on a terminal: bytes, rate, time left. Nothing is shown where nobody watches.

use std::{
    io::{self, IsTerminal, Write},
    time::{Duration, Instant},
};

use crate::output::bytes;

/// How often the line is drawn anew.
const EVERY: Duration = Duration::from_millis(200);

/// A line on standard error that goes away when the work is done.
pub(super) struct Meter {
    total: u64,
    done: u64,
    began: Instant,
    drawn: Option<Instant>,
    watched: bool,
}

impl Meter {
    /// Begins work on so many bytes.
    pub(super) fn new(total: u64) -> Self {
        Self { total, done: 0, began: Instant::now(), drawn: None, watched: io::stderr().is_terminal() }
    }

    /// Counts bytes that are done.
    pub(super) fn add(&mut self, count: u64) {
        self.done += count;
        if self.watched && self.drawn.is_none_or(|at| at.elapsed() >= EVERY) {
            self.drawn = Some(Instant::now());
            // Whoever does not read it does not need it.
            let _ = write!(io::stderr(), "\r\u{1b}[K{}", line(self.done, self.total, self.began.elapsed()));
        }
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        if self.drawn.is_some() {
            let _ = write!(io::stderr(), "\r\u{1b}[K");
        }
    }
}

fn line(done: u64, total: u64, took: Duration) -> String {
    let percent = (u128::from(done) * 100).checked_div(u128::from(total)).unwrap_or(100).min(100);
    let rate = u128::from(done) * 1000 / took.as_millis().max(1);
    let rate = u64::try_from(rate).unwrap_or(u64::MAX);
    let left = match total.saturating_sub(done).checked_div(rate) {
        Some(seconds) if took >= Duration::from_secs(1) => format!("  {} left", clock(seconds)),
        _ => String::new(),
    };
    format!("{percent:3} %  {} of {}  {}/s{left}", bytes(done), bytes(total), bytes(rate))
}

fn clock(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::line;

    #[test]
    fn a_line_tells_how_far_how_fast_and_how_long() {
        let told = |done, total, millis| line(done, total, Duration::from_millis(millis));
        for (shown, expected) in [
            (told(0, 0, 0), "100 %  0 B of 0 B  0 B/s"),
            (told(10 << 20, 100 << 20, 500), " 10 %  10.0 MiB of 100.0 MiB  20.0 MiB/s"),
            (told(10 << 20, 100 << 20, 1000), " 10 %  10.0 MiB of 100.0 MiB  10.0 MiB/s  9 s left"),
            (told(1 << 30, 400 << 30, 2000), "  0 %  1.0 GiB of 400.0 GiB  512.0 MiB/s  13 min 18 s left"),
            (told(1 << 30, 4 << 40, 4000), "  0 %  1.0 GiB of 4.0 TiB  256.0 MiB/s  4 h 33 min left"),
            (told(u64::MAX, u64::MAX, 1000), "100 %  15.9 EiB of 15.9 EiB  15.9 EiB/s  0 s left"),
        ] {
            assert_eq!(shown, expected);
        }
    }
}
