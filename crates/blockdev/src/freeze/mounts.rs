//! Which filesystems lie on a set of disks, in the order in which they can be frozen.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{major, makedev, minor};

/// How deep devices stack on one another before this stops to follow them.
const MAX_STACK: u8 = 16;

/// A mounted filesystem that lies on one of the disks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mounted {
    pub(super) point: PathBuf,
    /// Its type, such as `ext4`.
    pub(super) kind: String,
}

/// One line of `/proc/self/mountinfo`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    number: (u32, u32),
    point: PathBuf,
    kind: String,
    source: PathBuf,
}

/// Finds the filesystems on `disks`: each once, what is mounted deeper before what it is mounted on, the root last.
pub(super) fn on_disks(mountinfo: &str, disks: &[PathBuf]) -> Vec<Mounted> {
    let disks: BTreeSet<u64> =
        disks.iter().filter_map(|disk| block_number(disk)).filter_map(whole_disk).collect();
    let on_disk = |line: &Line| {
        let number = makedev(line.number.0, line.number.1);
        // btrfs and overlays have numbers of their own: the source tells.
        let device = if line.number.0 == 0 { block_number(&line.source) } else { Some(number) };
        device.is_some_and(|device| lies_on(device, &disks, MAX_STACK))
    };
    ordered(mountinfo.lines().filter_map(parse).filter(on_disk).collect())
}

fn ordered(lines: Vec<Line>) -> Vec<Mounted> {
    let mut known = BTreeSet::new();
    let mut found: Vec<Line> =
        lines.into_iter().filter(|line| known.insert((line.number, btrfs_source(line)))).collect();
    // Later mounts first among equally deep ones; the sort is stable.
    found.reverse();
    found.sort_by_key(|line| std::cmp::Reverse(line.point.components().count()));
    found.into_iter().map(|line| Mounted { point: line.point, kind: line.kind }).collect()
}

/// Subvolumes of one btrfs are mounted under different numbers and frozen together.
fn btrfs_source(line: &Line) -> Option<PathBuf> {
    (line.number.0 == 0).then(|| line.source.clone())
}

fn parse(line: &str) -> Option<Line> {
    let (mount, filesystem) = line.split_once(" - ")?;
    let mut mount = mount.split(' ').skip(2);
    let (major, minor) = mount.next()?.split_once(':')?;
    let point = mount.nth(1)?;
    let mut filesystem = filesystem.split(' ');
    let kind = filesystem.next()?.to_owned();
    let source = PathBuf::from(unescaped(filesystem.next()?));
    let mut number = (major.parse().ok()?, minor.parse().ok()?);
    if number.0 == 0 {
        // One filesystem, whatever the number of the subvolume.
        number.1 = 0;
    }
    Some(Line { number, point: PathBuf::from(unescaped(point)), kind, source })
}

/// The kernel writes spaces and backslashes as three octal digits.
fn unescaped(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        result.push_str(before);
        let letter = after.get(..3).and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match letter {
            Some(letter) if letter.is_ascii() => {
                result.push(char::from(letter));
                rest = &after[3..];
            }
            _ => {
                result.push('\\');
                rest = after;
            }
        }
    }
    result.push_str(rest);
    result
}

fn block_number(path: &Path) -> Option<u64> {
    let metadata = fs::metadata(path).ok()?;
    std::os::unix::fs::FileTypeExt::is_block_device(&metadata.file_type()).then(|| metadata.rdev())
}

fn folder(device: u64) -> Option<PathBuf> {
    fs::canonicalize(format!("/sys/dev/block/{}:{}", major(device), minor(device))).ok()
}

fn whole_disk(device: u64) -> Option<u64> {
    let mut folder = folder(device)?;
    if folder.join("partition").exists() {
        folder.pop();
    }
    number_in(&folder)
}

fn number_in(folder: &Path) -> Option<u64> {
    let text = fs::read_to_string(folder.join("dev")).ok()?;
    let (major, minor) = text.trim().split_once(':')?;
    Some(makedev(major.parse().ok()?, minor.parse().ok()?))
}

/// Follows a device down to its whole disk and through what it is stacked on.
fn lies_on(device: u64, disks: &BTreeSet<u64>, depth: u8) -> bool {
    let (Some(disk), Some(depth)) = (whole_disk(device), depth.checked_sub(1)) else {
        return false;
    };
    if disks.contains(&disk) {
        return true;
    }
    let below = folder(disk).and_then(|folder| fs::read_dir(folder.join("slaves")).ok());
    let mut below = below.into_iter().flatten().flatten();
    below.any(|slave| number_in(&slave.path()).is_some_and(|slave| lies_on(slave, disks, depth)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deepest_is_first_the_root_last_and_each_filesystem_once() {
        let lines = "\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 8:2 / /srv rw - xfs /dev/sda2 rw
31 30 8:3 / /srv/my\\040data rw shared:4 master:2 - ext4 /dev/sda3 rw
32 22 8:2 /part /bind rw - xfs /dev/sda2 rw
33 22 0:40 /@a /a rw - btrfs /dev/sda4 rw
34 22 0:41 /@b /a/deep/b rw - btrfs /dev/sda4 rw
a damaged line - and more
";
        let points: Vec<_> =
            ordered(lines.lines().filter_map(parse).collect()).into_iter().map(|mount| mount.point).collect();
        assert_eq!(points, ["/srv/my data", "/a", "/srv", "/"].map(PathBuf::from));
    }

    #[test]
    fn odd_escapes_stay_as_they_are() {
        assert_eq!(unescaped("a\\134b\\x\\04"), "a\\b\\x\\04");
        assert_eq!(unescaped("\\377ü\\"), "\\377ü\\");
    }
}
