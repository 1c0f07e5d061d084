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
    /// Where it is mounted, the first time first. Something else may be mounted over any of these.
    pub(super) places: Vec<Place>,
    /// Its type, such as `ext4`.
    pub(super) kind: String,
    /// What was mounted, by the word of whoever mounted it.
    pub(super) source: PathBuf,
    /// Its device, unless it has a number of its own (btrfs).
    pub(super) device: Option<u64>,
}

/// One of the places at which a filesystem is mounted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The kernel's id of the mount.
    pub(super) mount: u64,
    pub(super) point: PathBuf,
}

/// One line of `/proc/self/mountinfo`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    place: Place,
    number: (u32, u32),
    kind: String,
    source: PathBuf,
}

/// Finds the filesystems on `disks`: each once, what is mounted deeper before what it is mounted on, the root last.
pub(super) fn on_disks(mountinfo: &str, disks: &[PathBuf]) -> Vec<Mounted> {
    let disks: BTreeSet<u64> =
        disks.iter().filter_map(|disk| block_number(disk)).filter_map(whole_disk).collect();
    let mut members = Members::default();
    let lines = mountinfo.lines().filter_map(parse).filter_map(|line| {
        let devices = members.devices(&line);
        let on_disk = devices.iter().any(|device| lies_on(*device, &disks, MAX_STACK));
        on_disk.then(|| (devices.first().copied(), line))
    });
    ordered(lines.collect())
}

/// The lines of one filesystem have the same first device, whatever numbers its subvolumes have.
fn ordered(lines: Vec<(Option<u64>, Line)>) -> Vec<Mounted> {
    let mut found: Vec<(Option<u64>, Mounted)> = Vec::new();
    for (first, line) in lines {
        if let Some((_, known)) = found.iter_mut().find(|known| known.0.is_some() && known.0 == first) {
            known.places.push(line.place);
            continue;
        }
        let device = (line.number.0 != 0).then(|| makedev(line.number.0, line.number.1));
        let Line { place, kind, source, .. } = line;
        found.push((first, Mounted { places: vec![place], kind, source, device }));
    }
    // Later mounts first among equally deep ones; the sort is stable.
    found.reverse();
    let depth = |mounted: &Mounted| mounted.places.first().map(|place| place.point.components().count());
    found.sort_by_key(|(_, mounted)| std::cmp::Reverse(depth(mounted)));
    found.into_iter().map(|(_, mounted)| mounted).collect()
}

/// The devices of filesystems.
#[derive(Default)]
struct Members {
    /// Devices of each btrfs, in order; read when the first is met.
    btrfs: Option<Vec<BTreeSet<u64>>>,
}

impl Members {
    /// The devices that a filesystem lies on, in order. btrfs and overlays have numbers of their own: there the source
    /// tells, which of several devices of a btrfs is one.
    fn devices(&mut self, line: &Line) -> Vec<u64> {
        if line.number.0 != 0 {
            return vec![makedev(line.number.0, line.number.1)];
        }
        let Some(source) = block_number(&line.source) else { return Vec::new() };
        if line.kind != "btrfs" {
            return vec![source];
        }
        let all = self.btrfs.get_or_insert_with(|| btrfs_devices(Path::new("/sys/fs/btrfs")));
        let found = all.iter().find(|devices| devices.contains(&source));
        found.map_or_else(|| vec![source], |devices| devices.iter().copied().collect())
    }
}

fn btrfs_devices(folder: &Path) -> Vec<BTreeSet<u64>> {
    let entries = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten();
    let devices = |filesystem: fs::DirEntry| {
        entries(&filesystem.path().join("devices")).filter_map(|device| number_in(&device.path())).collect()
    };
    entries(folder).map(devices).collect()
}

fn parse(line: &str) -> Option<Line> {
    let (mount, filesystem) = line.split_once(" - ")?;
    let mut mount = mount.split(' ');
    let id = mount.next()?.parse().ok()?;
    let (major, minor) = mount.nth(1)?.split_once(':')?;
    let point = PathBuf::from(unescaped(mount.nth(1)?));
    let mut filesystem = filesystem.split(' ');
    let kind = filesystem.next()?.to_owned();
    let source = PathBuf::from(unescaped(filesystem.next()?));
    let number = (major.parse().ok()?, minor.parse().ok()?);
    Some(Line { place: Place { mount: id, point }, number, kind, source })
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
        let btrfs = |line: Line| {
            let device = if line.kind == "btrfs" { 4 } else { makedev(line.number.0, line.number.1) };
            (Some(device), line)
        };
        let found = ordered(lines.lines().filter_map(parse).map(btrfs).collect());
        let places = |mounted: &Mounted| {
            let places = mounted.places.iter();
            places
                .map(|place| format!("{} {}", place.mount, place.point.display()))
                .collect::<Vec<_>>()
                .join(", ")
        };
        assert_eq!(
            found.iter().map(places).collect::<Vec<_>>(),
            ["31 /srv/my data", "33 /a, 34 /a/deep/b", "30 /srv, 32 /bind", "22 /"]
        );
        assert_eq!(found[1].device, None, "its files have another number than its mounts");
    }

    #[test]
    fn odd_escapes_stay_as_they_are() {
        assert_eq!(unescaped("a\\134b\\x\\04"), "a\\b\\x\\04");
        assert_eq!(unescaped("\\377ü\\"), "\\377ü\\");
    }
}
