//! Processes that hold a block device open for writing: databases on raw devices, disk tools, hypervisors.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::kernel_file::{line, text};
use crate::roots::Roots;

/// The most that is listed: enough to see what kind of machine it is.
const MAX_WRITERS: usize = 64;
const FDINFO_BYTES: u64 = 4096;

/// A process that has a block device open for writing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Writer {
    /// Its process id.
    pub process: u32,
    /// Its name, as the kernel shortens it.
    pub name: String,
    /// The device, by the name it was opened with.
    pub device: PathBuf,
}

impl Writer {
    /// Looks through procfs. Processes that end meanwhile, or may not be looked at, are left out.
    pub fn find(roots: &Roots) -> Vec<Self> {
        let mut found = Vec::new();
        each(roots, |writer| {
            if found.len() < MAX_WRITERS && !found.contains(&writer) {
                found.push(writer);
            }
        });
        found.sort_by(|a, b| (&a.device, a.process).cmp(&(&b.device, b.process)));
        found
    }

    /// Finds for each of these devices a process that has it open, by one look through procfs. What such a process has in
    /// memory may be newer than the disk, and what it has written may not be whole.
    pub fn of(roots: &Roots, devices: &[&Path]) -> Vec<Option<Self>> {
        let real = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let devices: Vec<PathBuf> = devices.iter().map(|device| real(device)).collect();
        let mut found = vec![None; devices.len()];
        each(roots, |writer| {
            let opened = real(&writer.device);
            if let Some(place) = devices.iter().position(|device| *device == opened) {
                found[place].get_or_insert(writer);
            }
        });
        found
    }
}

/// Hands out the writers of all block devices, one for each open file.
fn each(roots: &Roots, mut take: impl FnMut(Writer)) {
    let Ok(processes) = fs::read_dir(&roots.proc) else { return };
    for process in processes.flatten() {
        let Some(id) = process.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        let home = process.path();
        let Ok(descriptors) = fs::read_dir(home.join("fd")) else { continue };
        for descriptor in descriptors.flatten() {
            let Ok(device) = fs::read_link(descriptor.path()) else { continue };
            let info = home.join("fdinfo").join(descriptor.file_name());
            if !is_block_device(roots, &device) || !opened_for_writing(&info) {
                continue;
            }
            let name = line(&home.join("comm")).unwrap_or_else(|| "?".to_owned());
            take(Writer { process: id, name, device });
        }
    }
}

/// Whether the kernel knows a block device by the last part of a path in `/dev`.
fn is_block_device(roots: &Roots, device: &Path) -> bool {
    let Ok(name) = device.strip_prefix("/dev") else { return false };
    let name = name.to_string_lossy().replace('/', "!");
    !name.is_empty() && roots.sys.join("class/block").join(name).exists()
}

fn opened_for_writing(info: &Path) -> bool {
    let info = text(info, FDINFO_BYTES).unwrap_or_default();
    let flags = info.lines().find_map(|line| line.strip_prefix("flags:"));
    // Octal, as open(2) takes them; the lowest two bits are 0 for reading alone.
    flags.and_then(|flags| u32::from_str_radix(flags.trim(), 8).ok()).is_some_and(|flags| flags & 3 != 0)
}
