//! What is mounted and swapped on: `/proc/self/mountinfo` and `/proc/swaps` (proc(5)).

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::kernel_file::{bytes, unescape};

/// Bounds on what is read: a Kubernetes node with thousands of bind mounts stays well below.
const MOUNTINFO_BYTES: u64 = 8 * 1024 * 1024;
const SWAPS_BYTES: u64 = 64 * 1024;

/// One swap area in use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Swap {
    /// Device or file, octal escapes decoded; bytes that are not UTF-8 are replaced.
    pub path: String,
    /// What it lies on.
    pub medium: SwapMedium,
    /// Size in bytes.
    pub size_bytes: u64,
    /// Bytes in use.
    pub used_bytes: u64,
}

/// What a swap area lies on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SwapMedium {
    /// A block device.
    Device,
    /// A file in a filesystem.
    File,
    /// Compressed memory (zram): nothing to migrate.
    Memory,
}

/// One line of mountinfo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mounted {
    /// Device number; major 0 for filesystems without a device of their own, Btrfs among them.
    pub(crate) number: (u32, u32),
    /// Which part of the filesystem is mounted.
    pub(crate) subtree: String,
    pub(crate) point: PathBuf,
    pub(crate) read_only: bool,
    /// The kernel's name of the filesystem type.
    pub(crate) kind: String,
    /// What was mounted, by the word of whoever mounted it.
    pub(crate) source: String,
}

/// Reads the mounts this process sees, leaving out those that a later mount at the same place hides.
pub(crate) fn read(proc: &Path) -> std::io::Result<Vec<Mounted>> {
    let raw = bytes(&proc.join("self/mountinfo"), MOUNTINFO_BYTES)?;
    let mut mounts: Vec<Mounted> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for mount in raw.split(|byte| *byte == b'\n').rev().filter_map(mounted) {
        if seen.insert(mount.point.clone()) {
            mounts.push(mount);
        }
    }
    mounts.reverse();
    Ok(mounts)
}

/// Reads the swap areas in use; none if the kernel has no swap.
pub(crate) fn read_swaps(proc: &Path) -> Vec<Swap> {
    let raw = bytes(&proc.join("swaps"), SWAPS_BYTES).unwrap_or_default();
    raw.split(|byte| *byte == b'\n').skip(1).filter_map(swap).collect()
}

/// Parses `36 35 98:0 /sub /mnt rw,noatime [optional…] - ext3 /dev/root rw`.
fn mounted(line: &[u8]) -> Option<Mounted> {
    let mut fields = line.split(|byte| *byte == b' ');
    let number = fields.nth(2).and_then(|field| std::str::from_utf8(field).ok()?.split_once(':'))?;
    let number = (number.0.parse().ok()?, number.1.parse().ok()?);
    let subtree = lossy(fields.next()?);
    let point = PathBuf::from(OsString::from_vec(unescape(fields.next()?)));
    let read_only = fields.next()?.split(|byte| *byte == b',').any(|option| option == b"ro");
    fields.by_ref().find(|field| *field == b"-")?;
    let (kind, source) = (lossy(fields.next()?), lossy(fields.next()?));
    Some(Mounted { number, subtree, point, read_only, kind, source })
}

/// Parses `/dev/sda2  partition  1048572  0  -2`, sizes in KiB.
fn swap(line: &[u8]) -> Option<Swap> {
    let mut fields = line.split(u8::is_ascii_whitespace).filter(|field| !field.is_empty());
    let path = lossy(fields.next()?);
    let device = fields.next()? == b"partition";
    let mut kibibytes = || std::str::from_utf8(fields.next()?).ok()?.parse::<u64>().ok()?.checked_mul(1024);
    let medium = match device {
        true if path.starts_with("/dev/zram") => SwapMedium::Memory,
        true => SwapMedium::Device,
        false => SwapMedium::File,
    };
    Some(Swap { path, medium, size_bytes: kibibytes()?, used_bytes: kibibytes()? })
}

fn lossy(field: &[u8]) -> String {
    String::from_utf8_lossy(&unescape(field)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mountinfo_lines_are_parsed_with_and_without_optional_fields() {
        let lines = [
            "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard",
            "36 35 8:17 /sub\\040dir /mnt/a\\040b ro,noatime shared:1 master:2 - xfs /dev/sdb1 rw",
            "40 27 0:45 / /merged rw - overlay overlay rw,lowerdir=/a:/b",
            "41 27 0:46 / /proc rw",
            "42 27 nonsense / /x rw - ext4 /dev/sda rw",
            "",
        ];
        let parsed: Vec<_> = lines.iter().map(|line| mounted(line.as_bytes())).collect();
        insta::assert_debug_snapshot!(parsed, @r#"
        [
            Some(
                Mounted {
                    number: (
                        254,
                        0,
                    ),
                    subtree: "/",
                    point: "/",
                    read_only: false,
                    kind: "ext4",
                    source: "/dev/vda",
                },
            ),
            Some(
                Mounted {
                    number: (
                        8,
                        17,
                    ),
                    subtree: "/sub dir",
                    point: "/mnt/a b",
                    read_only: true,
                    kind: "xfs",
                    source: "/dev/sdb1",
                },
            ),
            Some(
                Mounted {
                    number: (
                        0,
                        45,
                    ),
                    subtree: "/",
                    point: "/merged",
                    read_only: false,
                    kind: "overlay",
                    source: "overlay",
                },
            ),
            None,
            None,
            None,
        ]
        "#);
    }

    #[test]
    fn swap_lines_are_told_apart_by_medium() {
        let lines = [
            "/dev/sda2                               partition\t1048572\t\t512\t\t-2",
            "/swap\\040file                           file\t\t2097148\t\t0\t\t-3",
            "/dev/zram0                              partition\t8388604\t\t0\t\t100",
            "/dev/sda3 partition 99999999999999999999 0 -2",
            "/dev/sda3 partition",
        ];
        let parsed: Vec<_> = lines.iter().map(|line| swap(line.as_bytes())).collect();
        insta::assert_debug_snapshot!(parsed, @r#"
        [
            Some(
                Swap {
                    path: "/dev/sda2",
                    medium: Device,
                    size_bytes: 1073737728,
                    used_bytes: 524288,
                },
            ),
            Some(
                Swap {
                    path: "/swap file",
                    medium: File,
                    size_bytes: 2147479552,
                    used_bytes: 0,
                },
            ),
            Some(
                Swap {
                    path: "/dev/zram0",
                    medium: Memory,
                    size_bytes: 8589930496,
                    used_bytes: 0,
                },
            ),
            None,
            None,
        ]
        "#);
    }
}
