//! Lines that stay at the bottom of a terminal while the log runs past above them: the bars of a copy.
//!
//! Everything that goes to standard error goes through [`Writer`], which takes the lines away, writes, and puts them back.
//! Where standard error is no terminal there are no lines. While filesystems stand still nothing is written ([`GATE`]).

use std::{
    io::{self, IsTerminal, Write},
    sync::{Mutex, MutexGuard, PoisonError},
};

use replication::progress::{DiskProgress, Progress};

use crate::{size::Size, still::GATE, work::lines};

/// Characters of a bar.
const BAR: u64 = 30;

/// The lines that are at the bottom now.
static SHOWN: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Whether there is a terminal to show something on.
pub(crate) fn is_there() -> bool {
    io::stderr().is_terminal()
}

/// Shows how far a run is, or nothing any more.
pub(crate) fn show(progress: Option<&Progress>) {
    if !is_there() {
        return;
    }
    let width =
        rustix::termios::tcgetwinsize(io::stderr()).map_or(80, |size| usize::from(size.ws_col.max(20)));
    let lines = progress.map(|progress| drawn(progress, width)).unwrap_or_default();
    // A terminal that is gone does not want it.
    let _ = GATE.write(move || {
        let mut shown = shown();
        let mut text = erased(shown.len());
        text.push_str(&put(&lines));
        *shown = lines;
        io::stderr().write_all(text.as_bytes())
    });
}

/// Standard error, with the lines at the bottom of it.
pub(crate) struct Writer;

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let line = bytes.to_vec();
        GATE.write(move || write(&line))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

fn write(line: &[u8]) -> io::Result<()> {
    let shown = shown();
    if shown.is_empty() {
        return io::stderr().write_all(line);
    }
    let mut text = erased(shown.len()).into_bytes();
    text.extend_from_slice(line);
    text.extend_from_slice(put(&shown).as_bytes());
    io::stderr().write_all(&text)
}

fn shown() -> MutexGuard<'static, Vec<String>> {
    SHOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Goes up over so many lines, and clears what is below.
fn erased(lines: usize) -> String {
    if lines == 0 { String::new() } else { format!("\r\x1b[{lines}A\x1b[J") }
}

fn put(lines: &[String]) -> String {
    lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect()
}

/// A bar for each disk, and a line about all of them, none wider than the terminal.
fn drawn(progress: &Progress, width: usize) -> Vec<String> {
    let all = lines::progress(progress);
    let lines = progress.disks.iter().map(bar).chain([all]);
    lines.map(|line| line.chars().take(width - 1).collect()).collect()
}

fn bar(disk: &DiskProgress) -> String {
    let DiskProgress { disk, bytes_total, bytes_left } = *disk;
    let done = u128::from(bytes_total.saturating_sub(bytes_left));
    let of = |parts: u64| {
        u64::try_from(done * u128::from(parts) / u128::from(bytes_total.max(1))).unwrap_or(parts)
    };
    let (full, percent) = if bytes_total == 0 { (BAR, 100) } else { (of(BAR), of(100)) };
    let marks = |mark: &str, count: u64| mark.repeat(usize::try_from(count).unwrap_or(0));
    format!(
        "disk {disk:<2} [{}{}] {percent:>3} %, {} left",
        marks("#", full),
        marks(".", BAR - full.min(BAR)),
        Size(bytes_left)
    )
}

#[cfg(test)]
mod tests {
    use replication::progress::{DiskProgress, Phase, Progress, Tracking};

    use super::{drawn, erased, put};

    #[test]
    fn bars_fit_the_terminal_and_are_taken_away_whole() {
        let mut progress = Progress::starting(Tracking::Ebpf);
        (progress.phase, progress.pass, progress.bytes_per_second) = (Phase::Full, 1, 100 << 20);
        progress.disks = vec![
            DiskProgress { disk: 0, bytes_total: 4 << 30, bytes_left: 1 << 30 },
            DiskProgress { disk: 1, bytes_total: 0, bytes_left: 0 },
        ];
        let lines = drawn(&progress, 64);
        insta::assert_snapshot!(put(&lines), @"
        disk 0  [######################........]  75 %, 1.0 GiB left
        disk 1  [##############################] 100 %, 0 B left
        pass 1 over everything, 75 %, 1.0 GiB left, 100.0 MiB/s; tracki
        ");
        assert_eq!(erased(lines.len()), "\r\x1b[3A\x1b[J");
        assert_eq!(erased(0), "");
    }
}
