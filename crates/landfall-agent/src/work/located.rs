//! Which device of this machine a disk of a job is.
//!
//! By the id of its partition table, its serial number and its size, never by its name alone, which the kernel gives anew
//! at each start. A device that is at the old name and may be the disk is taken for it; else the one other that can prove
//! to be it. An image is what lies at its path.

use std::{
    collections::BTreeSet,
    fs, io,
    os::unix::fs::{FileTypeExt, MetadataExt},
    path::{Path, PathBuf},
};

use agent_api::WorkDisk;
use blockdev::{Disk, InventoryError, PartitionTable, Roots, Stack, disk_at, disks_there};

use crate::machine::serial_numbers;

/// Why the disks of a job cannot be worked on.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    /// A disk is not there.
    #[error("disk {index} of the job: {reason}; bring it back, or make a new job without it")]
    Missing { index: u16, reason: String },
    /// A disk is another one than the job was made for.
    #[error(
        "disk {index} of the job, {path}, {reason}; if this is the disk that is meant, make a new job for it, whose first run copies everything"
    )]
    Changed { index: u16, path: String, reason: String },
    /// The disks cannot be opened.
    #[error("opening the disks of the job: {0}; run the agent as root")]
    Open(io::Error),
}

impl Refusal {
    /// The code that people see and the book explains.
    pub(super) const fn code(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "Replication.DiskMissing",
            Self::Changed { .. } => "Replication.DiskChanged",
            Self::Open(_) => "Replication.SourceDisk",
        }
    }
}

/// A disk of a job, found. Equal to another only if the same device has been there all the time between.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Located {
    pub(super) path: PathBuf,
    presence: Presence,
    /// The NVMe paths it is reached over, of which tracking knows those that were there when it began.
    nvme_paths: Vec<String>,
}

/// What tells a device from another one that has its name and number later.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Presence {
    /// A block device's own number, or the filesystem of a file.
    device: u64,
    /// The inode of a file, or of a device's directory in sysfs, which each device gets for itself.
    inode: u64,
    /// Kernels from 5.15 on count the media that devices had.
    sequence: String,
}

/// Finds the disks of a job, in their order. Blocks.
pub(super) fn locate(disks: &[WorkDisk]) -> Result<Vec<Located>, Refusal> {
    let roots = Roots::default();
    let mut taken = BTreeSet::new();
    let found = disks.iter().map(|disk| {
        let at_path = disk_at(&roots, Path::new(&disk.path));
        let Disk { path, stack, .. } = picked(disk, at_path, || disks_there(&roots).unwrap_or_default())?;
        if !taken.insert(path.clone()) {
            return Err(changed(disk, format!("is {}, as another disk of the job is", path.display())));
        }
        let presence = presence(&path).map_err(Refusal::Open)?;
        let nvme_paths = match stack {
            Stack::NvmeMultipath { members } => members,
            _ => Vec::new(),
        };
        Ok(Located { path, presence, nvme_paths })
    });
    found.collect()
}

fn presence(path: &Path) -> io::Result<Presence> {
    let metadata = path.metadata()?;
    if !metadata.file_type().is_block_device() {
        let (device, inode) = (metadata.dev(), metadata.ino());
        return Ok(Presence { device, inode, sequence: String::new() });
    }
    let device = metadata.rdev();
    let (major, minor) = (rustix::fs::major(device), rustix::fs::minor(device));
    let folder = fs::canonicalize(format!("/sys/dev/block/{major}:{minor}"))?;
    let sequence = fs::read_to_string(folder.join("diskseq")).unwrap_or_default();
    Ok(Presence { device, inode: folder.metadata()?.ino(), sequence })
}

/// The disk at the path where it was, or the one of `others` that is it.
fn picked(
    disk: &WorkDisk,
    at_path: Result<Disk, InventoryError>,
    others: impl FnOnce() -> Vec<Disk>,
) -> Result<Disk, Refusal> {
    let refusal = match at_path {
        Ok(found) => match difference(disk, &found) {
            None => return Ok(found),
            Some(reason) => changed(disk, reason),
        },
        Err(error) => Refusal::Missing { index: disk.index, reason: error.to_string() },
    };
    if !disk.path.starts_with("/dev/") {
        return Err(refusal);
    }
    // Loop devices show what other disks hold: copies of them, perhaps of this one.
    let is_loop = |path: &Path| path.to_string_lossy().starts_with("/dev/loop");
    let may_be_loop = is_loop(Path::new(&disk.path));
    let mut same = others();
    same.retain(|other| (may_be_loop || !is_loop(&other.path)) && is_proven(disk, other));
    match same.as_slice() {
        [] => Err(refusal),
        [_] => same.pop().ok_or(refusal),
        several => {
            let paths: Vec<_> = several.iter().map(|other| other.path.display().to_string()).collect();
            let reason = format!("is one of {}, which cannot be told apart", paths.join(", "));
            Err(changed(disk, reason))
        }
    }
}

fn changed(disk: &WorkDisk, reason: String) -> Refusal {
    Refusal::Changed { index: disk.index, path: disk.path.clone(), reason }
}

/// What says that a device is not the disk. What cannot be read says nothing against it.
fn difference(disk: &WorkDisk, found: &Disk) -> Option<String> {
    let size = found.size_bytes.to_string();
    let differing = [
        ("", " bytes", Some(disk.size_bytes.to_string()), vec![size]),
        ("the partition table ", "", table_id(disk), table_ids(found, "none")),
        ("the serial number ", "", serial(disk), serial_numbers(found).collect()),
    ];
    differing.into_iter().find_map(|(what, unit, then, now)| {
        let then = then?;
        let now_shown = now.first()?.clone();
        let is_same = now.iter().any(|now| now.eq_ignore_ascii_case(&then));
        (!is_same).then(|| format!("has {what}{now_shown}{unit}, and had {then} when the job was made"))
    })
}

/// Whether a device shows everything that is known of the disk, and that is more than its size.
fn is_proven(disk: &WorkDisk, found: &Disk) -> bool {
    let shown = |then: Option<String>, now: Vec<String>| {
        then.is_none_or(|then| now.iter().any(|now| now.eq_ignore_ascii_case(&then)))
    };
    (table_id(disk).is_some() || serial(disk).is_some())
        && disk.size_bytes == found.size_bytes
        && shown(table_id(disk), table_ids(found, ""))
        && shown(serial(disk), serial_numbers(found).collect())
}

fn table_id(disk: &WorkDisk) -> Option<String> {
    disk.table_id.clone().filter(|id| !id.is_empty())
}

fn serial(disk: &WorkDisk) -> Option<String> {
    disk.serial.clone().filter(|serial| !serial.is_empty())
}

/// The id of a disk's partition table, `without` where it has none; nothing where that is not known.
fn table_ids(found: &Disk, without: &str) -> Vec<String> {
    match &found.table {
        PartitionTable::Mbr { disk_id } => vec![disk_id.clone()],
        PartitionTable::Gpt { disk_guid, .. } => vec![disk_guid.clone()],
        PartitionTable::None | PartitionTable::Damaged { .. } => vec![without.to_owned()],
        PartitionTable::Unread => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use agent_api::WorkDisk;
    use blockdev::{Disk, InventoryError, PartitionTable, Roots, disk_at};

    use super::{Refusal, locate, picked};

    const SIZE: u64 = 1 << 20;

    /// A disk at a path with this table id and serial number, where it has them.
    fn there(path: &str, table: &str, serial: &str) -> Disk {
        let directory = tempfile::tempdir().unwrap();
        let image = directory.path().join("disk");
        std::fs::write(&image, vec![0; 1 << 20]).unwrap();
        let blank = disk_at(&Roots::default(), &image).unwrap();
        let table = match table {
            "" => PartitionTable::None,
            "?" => PartitionTable::Unread,
            id => PartitionTable::Gpt { disk_guid: id.into(), from_backup: false },
        };
        let serial = (!serial.is_empty()).then(|| serial.to_owned());
        Disk { path: path.into(), table, serial, ..blank }
    }

    fn wanted(path: &str, table: &str, serial: &str) -> WorkDisk {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        WorkDisk {
            index: 1,
            path: path.into(),
            size_bytes: SIZE,
            table_id: some(table),
            serial: some(serial),
        }
    }

    #[test]
    fn a_disk_is_told_by_what_it_is_and_not_by_its_name() {
        let missing = "Replication.DiskMissing";
        let changed = "Replication.DiskChanged";
        for (name, disk, machine, found) in [
            ("at its name", ("sda", "t", "s"), vec![("sda", "T", "s")], Ok("sda")),
            ("nothing known but its size", ("sda", "", ""), vec![("sda", "t", "s")], Ok("sda")),
            ("its table is not readable now", ("sda", "t", ""), vec![("sda", "?", "")], Ok("sda")),
            ("its serial number is not told now", ("sda", "t", "s"), vec![("sda", "t", "")], Ok("sda")),
            ("an older job without one", ("sda", "t", ""), vec![("sda", "t", "s")], Ok("sda")),
            ("renamed", ("sda", "t", "s"), vec![("sdb", "t", "s")], Ok("sdb")),
            ("renamed, told by its table", ("sda", "t", ""), vec![("sdb", "t", "")], Ok("sdb")),
            ("swapped without tables", ("sda", "", "1"), vec![("sda", "", "2"), ("sdb", "", "1")], Ok("sdb")),
            ("swapped", ("sda", "t", ""), vec![("sda", "u", ""), ("sdb", "t", "")], Ok("sdb")),
            ("gone", ("sda", "t", "s"), vec![], Err(missing)),
            ("gone, and nothing tells it", ("sda", "", ""), vec![("sdb", "", "")], Err(missing)),
            ("its name without its number", ("sda", "", "1"), vec![("sda", "", "2")], Err(changed)),
            ("its name without its table", ("sda", "t", ""), vec![("sda", "", "")], Err(changed)),
            ("another with its table", ("sda", "t", "1"), vec![("sda", "t", "2")], Err(changed)),
            ("one that does not prove it", ("sda", "t", "1"), vec![("sdb", "t", "")], Err(missing)),
            ("two alike", ("sda", "t", ""), vec![("sdb", "t", ""), ("sdc", "t", "")], Err(changed)),
            ("a copy on a loop device", ("sda", "t", ""), vec![("loop0", "t", "")], Err(missing)),
        ] {
            let disk = wanted(&format!("/dev/{}", disk.0), disk.1, disk.2);
            let machine: Vec<Disk> = machine
                .into_iter()
                .map(|(path, table, serial)| there(&format!("/dev/{path}"), table, serial))
                .collect();
            let at_path = machine.iter().find(|there| there.path == Path::new(&disk.path));
            let at_path = at_path.cloned().ok_or_else(|| InventoryError::NotADisk {
                path: disk.path.clone().into(),
                reason: "nothing is there".into(),
            });
            let picked = picked(&disk, at_path, || machine);
            let picked = picked.map(|found| found.path).map_err(|refusal| refusal.code());
            assert_eq!(picked, found.map(|name| PathBuf::from(format!("/dev/{name}"))), "{name}");
        }
    }

    #[test]
    fn a_refusal_says_what_is_another() {
        let refused = |disk: WorkDisk, found| picked(&disk, Ok(found), Vec::new).unwrap_err().to_string();
        insta::assert_snapshot!(
            [
                refused(wanted("/dev/sda", "t", "1"), there("/dev/sda", "u", "1")),
                refused(wanted("/dev/sda", "t", "1"), there("/dev/sda", "", "1")),
                refused(wanted("/dev/sda", "t", "1"), there("/dev/sda", "t", "2")),
                refused(
                    WorkDisk { size_bytes: 512, ..wanted("/dev/sda", "", "") },
                    there("/dev/sda", "", "")
                ),
            ]
            .map(|text| text.split("; if").next().unwrap().to_owned())
            .join("\n"),
            @"
        disk 1 of the job, /dev/sda, has the partition table u, and had t when the job was made
        disk 1 of the job, /dev/sda, has the partition table none, and had t when the job was made
        disk 1 of the job, /dev/sda, has the serial number 2, and had 1 when the job was made
        disk 1 of the job, /dev/sda, has 1048576 bytes, and had 512 when the job was made
        "
        );
    }

    #[test]
    fn an_image_is_what_lies_at_its_path() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name).display().to_string();
        let mut labelled = vec![0; 1 << 20];
        labelled[440..444].copy_from_slice(&0x1234_abcd_u32.to_le_bytes());
        labelled[446 + 4] = 0x83;
        labelled[446 + 8] = 1;
        labelled[446 + 12] = 100;
        labelled[510..512].copy_from_slice(&[0x55, 0xaa]);
        std::fs::write(path("disk.img"), &labelled).unwrap();
        for (name, size_bytes, table_id, code) in [
            ("disk.img", SIZE, "1234ABCD", None),
            ("disk.img", SIZE, "", None),
            ("disk.img", SIZE / 2, "", Some("Replication.DiskChanged")),
            ("disk.img", SIZE, "1234abce", Some("Replication.DiskChanged")),
            ("none.img", SIZE, "", Some("Replication.DiskMissing")),
        ] {
            let found = locate(&[WorkDisk { size_bytes, ..wanted(&path(name), table_id, "") }]);
            assert_eq!(found.as_ref().err().map(Refusal::code), code, "{found:?}");
        }
        let one = wanted(&path("disk.img"), "", "");
        assert!(matches!(locate(&[one.clone(), one.clone()]), Err(Refusal::Changed { .. })));

        // The same name and content, and another file.
        let before = locate(std::slice::from_ref(&one)).unwrap();
        assert_eq!(locate(std::slice::from_ref(&one)).unwrap(), before);
        std::fs::write(path("other.img"), &labelled).unwrap();
        std::fs::rename(path("other.img"), path("disk.img")).unwrap();
        assert_ne!(locate(&[one]).unwrap(), before);
    }
}
