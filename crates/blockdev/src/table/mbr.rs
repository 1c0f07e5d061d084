//! DOS partition tables: the master boot record, extended partitions and the logical ones in them.

use std::collections::BTreeSet;
use std::io::{self, Read, Seek};

use super::{Scan, type_names};
use crate::disk::{Contents, Partition, PartitionFlags, PartitionTable};
use crate::window::{Window, has, le32};

const ENTRIES_AT: usize = 446;
const SIGNATURE_AT: usize = 510;
const PROTECTIVE: u8 = 0xee;
const EFI_SYSTEM: u8 = 0xef;
/// The kernel follows a chain no further than this; a longer one is a loop or an attack.
const MAX_LOGICAL: u32 = 256;

/// The first sector of a disk, if it holds a partition table.
pub(super) struct BootRecord {
    disk_id: u32,
    entries: [Entry; 4],
}

#[derive(Clone, Copy)]
struct Entry {
    active: bool,
    kind: u8,
    first: u64,
    sectors: u64,
}

impl BootRecord {
    /// Parses a sector. `None` if it lacks the signature, if an entry's status byte is neither 0 nor 0x80 (it is code, as
    /// in a filesystem's boot sector), or if it is the boot sector of a FAT or NTFS filesystem with no entry in use.
    pub(super) fn parse(sector: &[u8]) -> Option<Self> {
        let entries = entries(sector)?;
        let record = Self { disk_id: le32(sector, 440), entries };
        (!is_filesystem_boot_sector(sector) || record.in_use().next().is_some()).then_some(record)
    }

    /// Tells whether this record only guards a GPT from tools that do not know it. A hybrid record counts too.
    pub(super) fn is_protective(&self) -> bool {
        self.entries.iter().any(|entry| entry.kind == PROTECTIVE)
    }

    fn in_use(&self) -> impl Iterator<Item = (u32, Entry)> {
        (1..).zip(self.entries).filter(|(_, entry)| entry.is_in_use())
    }
}

/// Lists the partitions of a record: primary ones, then logical ones in the order of their chain.
pub(super) fn read<R: Read + Seek>(
    record: &BootRecord,
    disk: &mut Window<'_, R>,
    sector_bytes: u32,
) -> io::Result<Scan> {
    let disk_id = format!("{:08x}", record.disk_id);
    let mut scan = Scan { table: PartitionTable::Mbr { disk_id: disk_id.clone() }, ..Scan::none() };
    let unit = u64::from(sector_bytes);
    let mut boxes = Vec::new();
    for (number, entry) in record.in_use() {
        scan.push(entry.partition(&disk_id, number, 0, unit), disk.len());
        if entry.is_extended() {
            boxes.push(entry);
        }
    }
    // The kernel follows every extended entry, and so do the numbers from 5 on.
    let mut number = 5;
    for extended in boxes {
        logical(&mut scan, &disk_id, extended, &mut number, disk, unit)?;
    }
    Ok(scan)
}

/// Follows the chain of extended boot records. Each holds one logical partition, placed relative to the record, and a link
/// to the next record, placed relative to the extended partition.
fn logical<R: Read + Seek>(
    scan: &mut Scan,
    disk_id: &str,
    extended: Entry,
    number: &mut u32,
    disk: &mut Window<'_, R>,
    unit: u64,
) -> io::Result<()> {
    let mut visited = BTreeSet::new();
    let mut at = extended.first;
    while visited.insert(at) {
        if *number >= 5 + MAX_LOGICAL {
            scan.problems.push(format!("more than {MAX_LOGICAL} logical partitions; the rest left out"));
            return Ok(());
        }
        let Some(sector) = disk.read(at.saturating_mul(unit), 512)? else {
            scan.problems
                .push(format!("extended boot record at sector {at} lies beyond the end of the disk"));
            return Ok(());
        };
        let Some(entries) = entries(&sector) else {
            scan.problems
                .push(format!("no extended boot record at sector {at}; logical partitions may be missing"));
            return Ok(());
        };
        for entry in entries.iter().filter(|entry| entry.is_in_use() && !entry.is_extended()) {
            scan.push(entry.partition(disk_id, *number, at, unit), disk.len());
            *number += 1;
        }
        let Some(link) = entries.iter().find(|entry| entry.is_in_use() && entry.is_extended()) else {
            return Ok(());
        };
        at = extended.first.saturating_add(link.first);
    }
    scan.problems.push(format!("the chain of logical partitions comes back to sector {at}; cut there"));
    Ok(())
}

impl Entry {
    fn parse(raw: &[u8]) -> Option<Self> {
        let active = match raw.first()? {
            0 => false,
            0x80 => true,
            _ => return None,
        };
        let (first, sectors) = (u64::from(le32(raw, 8)), u64::from(le32(raw, 12)));
        Some(Self { active, kind: *raw.get(4)?, first, sectors })
    }

    fn is_in_use(self) -> bool {
        self.kind != 0 && self.sectors != 0
    }

    fn is_extended(self) -> bool {
        matches!(self.kind, 0x05 | 0x0f | 0x85)
    }

    /// Makes a partition of the entry, which counts sectors of `unit` bytes from sector `base` on.
    fn partition(self, disk_id: &str, number: u32, base: u64, unit: u64) -> Partition {
        let flags = PartitionFlags {
            bootable: self.active,
            esp: self.kind == EFI_SYSTEM,
            bios_boot: false,
            extended: self.is_extended(),
        };
        Partition {
            number,
            path: None,
            // Saturated values fail the check against the disk's end.
            start_bytes: base.saturating_add(self.first).saturating_mul(unit),
            size_bytes: self.sectors.saturating_mul(unit),
            kind: Some(type_names::of_byte(self.kind)),
            name: None,
            uuid: Some(format!("{disk_id}-{number:02x}")),
            flags,
            contents: Contents::default(),
        }
    }
}

/// Parses the four entries of a boot record, master or extended.
fn entries(sector: &[u8]) -> Option<[Entry; 4]> {
    if !has(sector, SIGNATURE_AT, &[0x55, 0xaa]) {
        return None;
    }
    let raw = sector.get(ENTRIES_AT..SIGNATURE_AT)?;
    let entry = |index: usize| Entry::parse(&raw[16 * index..16 * (index + 1)]);
    Some([entry(0)?, entry(1)?, entry(2)?, entry(3)?])
}

fn is_filesystem_boot_sector(sector: &[u8]) -> bool {
    has(sector, 54, b"FAT") || has(sector, 82, b"FAT") || has(sector, 3, b"NTFS") || has(sector, 3, b"EXFAT")
}
