//! How busy the machine is: processors since boot, and memory that programs could still have.

use std::{fs::File, io::Read, path::Path};

/// Bytes of a procfs file that are looked at; what is looked for is in the first lines.
const LARGEST: u64 = 64 * 1024;

/// What the machine is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Load {
    /// Share of the time since boot that the processors were busy, in percent.
    pub(super) cpu_percent: f32,
    /// Memory available to programs, in bytes; 0 if unknown.
    pub(super) available_bytes: u64,
}

/// Reads it from procfs; what cannot be read is 0.
pub(super) fn read(proc: &Path) -> Load {
    Load {
        cpu_percent: busy(&text(&proc.join("stat"))).unwrap_or(0.0),
        available_bytes: available(&text(&proc.join("meminfo"))).unwrap_or(0),
    }
}

fn text(path: &Path) -> String {
    let mut content = Vec::new();
    let _ = File::open(path).and_then(|file| file.take(LARGEST).read_to_end(&mut content));
    String::from_utf8_lossy(&content).into_owned()
}

/// Reads `cpu user nice system idle iowait irq softirq steal …` (proc_stat(5)); guest time is in user already.
fn busy(stat: &str) -> Option<f32> {
    let fields = stat.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let ticks: Vec<u64> =
        fields.split_ascii_whitespace().take(8).map_while(|field| field.parse().ok()).collect();
    let total = ticks.iter().fold(0u64, |sum, ticks| sum.saturating_add(*ticks));
    let idle = ticks.get(3)?.saturating_add(ticks.get(4).copied().unwrap_or(0));
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "a percentage for people"
    )]
    let percent = (total.saturating_sub(idle) as f64 * 100.0 / total.max(1) as f64) as f32;
    // One decimal is what anybody reads, and keeps the text form short.
    Some((percent * 10.0).round() / 10.0)
}

/// Reads `MemAvailable`, or on kernels before 3.14 what it is made of.
fn available(meminfo: &str) -> Option<u64> {
    let field = |name: &str| {
        let value = meminfo.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        value.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
    };
    field("MemAvailable").or_else(|| {
        field("MemFree")?
            .checked_add(field("Buffers").unwrap_or(0))?
            .checked_add(field("Cached").unwrap_or(0))
    })
}

#[cfg(test)]
mod tests {
    use super::{available, busy};

    #[test]
    fn processor_use_is_what_is_not_idle() {
        for (stat, expected) in [
            ("cpu  10 0 10 70 10 0 0 0 5 0\ncpu0 1 1 1 1\n", Some(20.0)),
            ("cpu  1 0 0 2\n", Some(33.3)),
            ("cpu  0 0 0 0 0 0 0 0\n", Some(0.0)),
            ("cpu  18446744073709551615 1 1 1\n", Some(100.0)),
            ("cpu  a b c\n", None),
            ("intr 5\n", None),
            ("", None),
        ] {
            assert_eq!(busy(stat), expected, "{stat}");
        }
    }

    #[test]
    fn available_memory_is_found_on_old_and_new_kernels() {
        for (meminfo, expected) in [
            ("MemTotal: 100 kB\nMemFree: 10 kB\nMemAvailable:      50 kB\n", Some(51_200)),
            ("MemFree: 10 kB\nBuffers: 1 kB\nCached: 2 kB\nSwapCached: 9 kB\n", Some(13_312)),
            ("MemAvailable: 99999999999999999999 kB\n", None),
            ("", None),
        ] {
            assert_eq!(available(meminfo), expected, "{meminfo}");
        }
    }
}
