//! Which disks of a source a job copies.
//!
//! Disks are copied whole: naming a partition says nothing but that it is there and keeps its size. What would change a
//! disk on its way, a smaller one or another size of a partition, is refused, since the image is the source's equal.

use std::collections::BTreeMap;

use super::{JobDisk, NamedPart};
use crate::source::{Inventory, inventory::Disk};

/// The disks that a caller wants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// What is said of the system disk; it is copied whether or not anything is.
    pub system: DiskWish,
    /// The data disks that are named, by their numbers from 1; none for all of them.
    pub data: Vec<(u16, DiskWish)>,
}

/// What a caller says of a disk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DiskWish {
    /// Its size at the target in GiB.
    pub gib: Option<u32>,
    /// Its partitions.
    pub parts: Vec<PartWish>,
}

/// What a caller says of a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartWish {
    /// Which it is.
    pub name: PartName,
    /// Its size at the target in bytes.
    pub size_bytes: Option<u64>,
}

/// How a partition is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PartName {
    /// `<disk>_<partition>`, as `DescribeSourceServers` numbers them.
    Device(String),
    /// Where it is mounted, or its device.
    Path(String),
}

/// The disks of a job, and the partitions that were named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chosen {
    /// The disks, the one that boots first.
    pub disks: Vec<JobDisk>,
    /// Named partitions by the number of their disk.
    pub parts: BTreeMap<u16, Vec<NamedPart>>,
}

/// Why a layout does not fit a source.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// The source has no disk with anything on it.
    #[error("the source server has no disk that could be copied; look at landfall source show")]
    NoDisk,
    /// The source has no such data disk.
    #[error("the source server has no data disk {0}; DescribeSourceServers lists those it has")]
    NoDataDisk(u16),
    /// The disk has no such partition.
    #[error(
        "disk {disk} of the source server has no partition {name:?}; DescribeSourceServers lists those it has"
    )]
    NoPart {
        /// The disk's number, 0 for the system disk.
        disk: u16,
        /// The name that was given.
        name: String,
        /// The contract's code for the parameter that gave it.
        code: &'static str,
    },
    /// A partition is to have another size.
    #[error(
        "the partition {name:?} has {has} bytes on the source and would have {wanted}; partitions keep their size, so leave SizeBytes out and resize in the image"
    )]
    Resized {
        /// The partition.
        name: String,
        /// Its size.
        has: u64,
        /// The size asked for.
        wanted: u64,
    },
    /// A disk is to be smaller.
    #[error(
        "disk {disk} of the source server has {has} bytes, more than the {gib} GiB asked for; an image has at least the size of its source"
    )]
    Smaller {
        /// The disk's number, 0 for the system disk.
        disk: u16,
        /// Its size.
        has: u64,
        /// The size asked for.
        gib: u32,
    },
}

const GIB: u64 = 1 << 30;

/// Chooses the disks that a caller wants among those the source has.
pub fn choose(inventory: &Inventory, layout: &Layout) -> Result<Chosen, Unfit> {
    let mut chosen = Chosen::default();
    if let Some(disk) = inventory.system_disk() {
        chosen.take(0, disk, &layout.system)?;
    }
    let data: Vec<_> = (1_u16..).zip(inventory.data_disks()).collect();
    if layout.data.is_empty() {
        // A reader without a card in it is a disk, too, and nothing to copy.
        for (index, disk) in data.iter().filter(|(_, disk)| disk.size_bytes > 0) {
            chosen.take(*index, disk, &DiskWish::default())?;
        }
    }
    for (wanted, wish) in &layout.data {
        let found = data.iter().find(|(index, disk)| index == wanted && disk.size_bytes > 0);
        let (index, disk) = found.ok_or(Unfit::NoDataDisk(*wanted))?;
        chosen.take(*index, disk, wish)?;
    }
    chosen.disks.sort_by_key(|disk| disk.index);
    if chosen.disks.is_empty() { Err(Unfit::NoDisk) } else { Ok(chosen) }
}

impl Chosen {
    fn take(&mut self, index: u16, disk: &Disk, wish: &DiskWish) -> Result<(), Unfit> {
        check_size(index, disk.size_bytes, wish.gib)?;
        let parts: Vec<_> =
            wish.parts.iter().map(|part| named(index, disk, part)).collect::<Result<_, _>>()?;
        if !parts.is_empty() {
            self.parts.insert(index, parts);
        }
        self.disks.push(JobDisk {
            index,
            path: disk.path.clone(),
            size_bytes: disk.size_bytes,
            table_id: disk.table_id.clone(),
            serial: disk.serial.clone(),
            target_gib: wish.gib,
        });
        Ok(())
    }
}

/// Refuses a target that is smaller than the disk.
pub fn check_size(disk: u16, has: u64, gib: Option<u32>) -> Result<(), Unfit> {
    match gib {
        Some(gib) if u64::from(gib) * GIB < has => Err(Unfit::Smaller { disk, has, gib }),
        _ => Ok(()),
    }
}

fn named(index: u16, disk: &Disk, wish: &PartWish) -> Result<NamedPart, Unfit> {
    let (found, name, code) = match &wish.name {
        PartName::Device(name) => {
            let at = name.strip_prefix(&format!("{index}_")).and_then(|at| at.parse::<usize>().ok());
            let code = if index == 0 {
                "InvalidParameter.SystemDiskPartDevice"
            } else {
                "InvalidParameter.DataDiskPartDevice"
            };
            (at.and_then(|at| disk.partitions.get(at)), name, code)
        }
        PartName::Path(name) => {
            let is = |part: &&crate::source::inventory::Partition| {
                part.path == *name || part.content.mounts.contains(name)
            };
            let code = if index == 0 {
                "InvalidParameter.DisksSystemPartPath"
            } else {
                "InvalidParameter.DisksDataPartPath"
            };
            (disk.partitions.iter().find(is), name, code)
        }
    };
    let part = found.ok_or_else(|| Unfit::NoPart { disk: index, name: name.clone(), code })?;
    match wish.size_bytes {
        Some(wanted) if wanted != part.size_bytes => {
            Err(Unfit::Resized { name: name.clone(), has: part.size_bytes, wanted })
        }
        _ => Ok(NamedPart { name: name.clone(), size_bytes: part.size_bytes }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::inventory::{Content, Partition};

    fn disk(path: &str, gib: u64, system: bool) -> Disk {
        let part = Partition {
            path: format!("{path}1"),
            size_bytes: gib * GIB / 2,
            content: Content { mounts: vec![format!("/mnt{path}")], ..Content::default() },
            ..Partition::default()
        };
        let partitions = vec![part];
        Disk { path: path.into(), size_bytes: gib * GIB, system, partitions, ..Disk::default() }
    }

    /// A data disk before the system disk, an empty reader, and another data disk.
    fn inventory() -> Inventory {
        let disks = vec![
            disk("/dev/a", 100, false),
            disk("/dev/b", 40, true),
            disk("/dev/c", 0, false),
            disk("/dev/d", 8, false),
        ];
        Inventory { disks, ..Inventory::default() }
    }

    fn wish(gib: u32) -> DiskWish {
        DiskWish { gib: Some(gib), parts: Vec::new() }
    }

    fn paths(layout: &Layout) -> Result<Vec<(u16, String)>, Unfit> {
        choose(&inventory(), layout)
            .map(|chosen| chosen.disks.into_iter().map(|disk| (disk.index, disk.path)).collect())
    }

    #[test]
    fn all_disks_unless_some_are_named_and_the_system_disk_always() {
        let (a, b, d) = ((1, "/dev/a".to_owned()), (0, "/dev/b".to_owned()), (3, "/dev/d".to_owned()));
        let named = |data: &[u16]| Layout {
            system: wish(40),
            data: data.iter().map(|index| (*index, DiskWish::default())).collect(),
        };
        for (layout, expected) in [
            (Layout::default(), Ok(vec![b.clone(), a.clone(), d.clone()])),
            (named(&[3]), Ok(vec![b.clone(), d])),
            (named(&[1]), Ok(vec![b, a])),
            (named(&[2]), Err(Unfit::NoDataDisk(2))),
            (named(&[1, 4]), Err(Unfit::NoDataDisk(4))),
        ] {
            assert_eq!(paths(&layout), expected, "{layout:?}");
        }
        assert_eq!(choose(&Inventory::default(), &Layout::default()), Err(Unfit::NoDisk));
    }

    #[test]
    fn what_would_change_a_disk_is_refused() {
        let smaller = Layout { system: wish(39), ..Layout::default() };
        assert_eq!(paths(&smaller), Err(Unfit::Smaller { disk: 0, has: 40 * GIB, gib: 39 }));
        let part = |name, size_bytes| Layout {
            data: vec![(1, DiskWish { gib: Some(200), parts: vec![PartWish { name, size_bytes }] })],
            ..Layout::default()
        };
        let device = |name: &str| PartName::Device(name.into());
        let path = |name: &str| PartName::Path(name.into());
        for (layout, expected) in [
            (part(device("1_0"), Some(50 * GIB)), None),
            (part(path("/mnt/dev/a"), Some(50 * GIB)), None),
            (part(path("/dev/a1"), None), None),
            (part(device("1_0"), Some(GIB)), Some("Resized")),
            (part(device("1_1"), None), Some("NoPart")),
            (part(device("0_0"), None), Some("NoPart")),
            (part(path("/mnt/dev/d"), None), Some("NoPart")),
        ] {
            let chosen = choose(&inventory(), &layout);
            match expected {
                None => assert_eq!(chosen.unwrap().parts[&1].len(), 1),
                Some(word) => {
                    assert!(format!("{:?}", chosen.unwrap_err()).starts_with(word), "{layout:?}");
                }
            }
        }
    }
}
