//! What a process uses, as the kernel counts it.

use std::{fs, io};

/// Clock ticks a second in `/proc`: a constant of the kernel's interface on every Linux that Landfall runs on.
const TICKS: f64 = 100.0;

/// The kernel's count could not be read.
#[derive(Debug, thiserror::Error)]
#[error("reading the usage of process {pid}: {reason}")]
pub struct UsageError {
    pid: u32,
    reason: String,
}

/// Resident memory in bytes.
pub fn resident_bytes(pid: u32) -> Result<u64, UsageError> {
    status_field(pid, "VmRSS:").map(|kibibytes| kibibytes * 1024)
}

/// Threads.
pub fn thread_count(pid: u32) -> Result<u64, UsageError> {
    status_field(pid, "Threads:")
}

/// Processor time used so far in user and kernel mode together, in seconds.
pub fn cpu_seconds(pid: u32) -> Result<f64, UsageError> {
    let text = read(pid, "stat")?;
    // The name in parentheses may hold spaces; what follows it does not. User and system time are fields 14 and 15.
    let fields = text.rsplit_once(')').map(|(_, rest)| rest.split_whitespace().skip(11).take(2));
    let ticks: Option<f64> = fields.and_then(|fields| fields.map(|field| field.parse::<f64>().ok()).sum());
    ticks.map(|ticks| ticks / TICKS).ok_or_else(|| UsageError { pid, reason: "no times in it".into() })
}

fn status_field(pid: u32, label: &str) -> Result<u64, UsageError> {
    let text = read(pid, "status")?;
    let value =
        text.lines().find_map(|line| line.strip_prefix(label)?.split_whitespace().next()?.parse().ok());
    value.ok_or_else(|| UsageError { pid, reason: format!("no {label} in it") })
}

fn read(pid: u32, file: &str) -> Result<String, UsageError> {
    fs::read_to_string(format!("/proc/{pid}/{file}"))
        .map_err(|error: io::Error| UsageError { pid, reason: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::{cpu_seconds, resident_bytes, thread_count};

    #[test]
    fn this_process_uses_something() {
        let pid = std::process::id();
        let before = cpu_seconds(pid).unwrap();
        // Reading also runs in the kernel: both times count.
        while cpu_seconds(pid).unwrap() <= before {}
        assert!(resident_bytes(pid).unwrap() > 100_000);
        assert!(thread_count(pid).unwrap() >= 2);
        assert!(resident_bytes(0).is_err());
    }
}
