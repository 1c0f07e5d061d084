//! GUID partition tables (UEFI specification 2.10, chapter 5.3).

use std::io::{self, Read, Seek};

use super::{Scan, type_names};
use crate::disk::{Contents, Partition, PartitionFlags, PartitionTable};
use crate::window::{MAX_READ, Window, array, be16, be32, has, le16, le32, le64, printable};

const ESP: &str = "c12a7328-f81f-11d2-ba4b-00a0c93ec93b";
const BIOS_BOOT: &str = "21686148-6449-6e6f-744e-656564454649";
const HEADER_BYTES: u32 = 92;
const LEGACY_BIOS_BOOTABLE: u64 = 1 << 2;

/// Reads the primary table or, if that is damaged, the backup in the last sector.
pub(super) fn read<R: Read + Seek>(disk: &mut Window<'_, R>, sector_bytes: u32) -> io::Result<Scan> {
    let primary = match Copy::read(disk, sector_bytes, 1)? {
        Ok(copy) => return Ok(copy.scan(disk.len(), sector_bytes, None)),
        Err(reason) => reason,
    };
    let last = (disk.len() / u64::from(sector_bytes)).saturating_sub(1);
    match Copy::read(disk, sector_bytes, last)? {
        Ok(copy) => Ok(copy.scan(disk.len(), sector_bytes, Some(primary))),
        Err(backup) => {
            let reason = format!("primary GPT: {primary}; backup GPT: {backup}");
            Ok(Scan { table: PartitionTable::Damaged { reason }, ..Scan::none() })
        }
    }
}

/// Formats a GUID as stored on disk: the first three fields little-endian, the rest in order.
pub(super) fn guid(raw: [u8; 16]) -> String {
    let (time_low, time_mid, time_high) = (le32(&raw, 0), le16(&raw, 4), le16(&raw, 6));
    let (clock, node) = (be16(&raw, 8), u64::from(be16(&raw, 10)) << 32 | u64::from(be32(&raw, 12)));
    format!("{time_low:08x}-{time_mid:04x}-{time_high:04x}-{clock:04x}-{node:012x}")
}

/// One copy of the table whose header and entries both have the right checksum.
struct Copy {
    disk_guid: [u8; 16],
    entry_bytes: usize,
    entries: Vec<u8>,
}

impl Copy {
    /// Reads the copy whose header is at sector `lba`; the inner error says what is wrong with it.
    fn read<R: Read + Seek>(
        disk: &mut Window<'_, R>,
        sector_bytes: u32,
        lba: u64,
    ) -> io::Result<Result<Self, &'static str>> {
        let Some(offset) = lba.checked_mul(u64::from(sector_bytes)) else { return Ok(Err("no such sector")) };
        let Some(header) = disk.read(offset, sector_bytes as usize)? else {
            return Ok(Err("beyond the end of the disk"));
        };
        let layout = match Layout::check(&header, lba) {
            Ok(layout) => layout,
            Err(reason) => return Ok(Err(reason)),
        };
        let offset = layout.entries_lba.checked_mul(u64::from(sector_bytes));
        let table_bytes = layout.entry_bytes * layout.entry_count;
        let entries = match offset {
            Some(offset) => disk.read(offset, table_bytes)?,
            None => None,
        };
        let Some(entries) = entries else { return Ok(Err("its entries lie beyond the end of the disk")) };
        if crc32fast::hash(&entries) != layout.entries_crc {
            return Ok(Err("wrong checksum of its entries"));
        }
        Ok(Ok(Self { disk_guid: layout.disk_guid, entry_bytes: layout.entry_bytes, entries }))
    }

    fn scan(&self, disk_bytes: u64, sector_bytes: u32, primary_damage: Option<&str>) -> Scan {
        let table =
            PartitionTable::Gpt { disk_guid: guid(self.disk_guid), from_backup: primary_damage.is_some() };
        let mut scan = Scan { table, ..Scan::none() };
        if let Some(reason) = primary_damage {
            scan.problems.push(format!("primary GPT damaged ({reason}); the backup was used"));
        }
        for (number, entry) in (1u32..).zip(self.entries.chunks_exact(self.entry_bytes)) {
            match partition(number, entry, sector_bytes) {
                Some(Ok(partition)) => scan.push(partition, disk_bytes),
                Some(Err(reason)) => scan.problems.push(format!("partition {number} left out: {reason}")),
                None => {}
            }
        }
        scan.problems.truncate(super::MAX_PARTITIONS);
        scan
    }
}

/// What a sound header says about where the entries are.
struct Layout {
    disk_guid: [u8; 16],
    entries_lba: u64,
    entry_count: usize,
    entry_bytes: usize,
    entries_crc: u32,
}

impl Layout {
    fn check(header: &[u8], lba: u64) -> Result<Self, &'static str> {
        if !has(header, 0, b"EFI PART") {
            return Err("no signature");
        }
        let header_bytes = le32(header, 12);
        let checked = header.get(..header_bytes as usize).filter(|_| header_bytes >= HEADER_BYTES);
        let Some(checked) = checked else { return Err("impossible header size") };
        let mut zeroed = checked.to_vec();
        zeroed[16..20].fill(0);
        if crc32fast::hash(&zeroed) != le32(header, 16) {
            return Err("wrong checksum of its header");
        }
        if le64(header, 24) != lba {
            return Err("the header belongs to another sector");
        }
        let (entry_count, entry_bytes) = (le32(header, 80) as usize, le32(header, 84) as usize);
        let plausible = (128..=4096).contains(&entry_bytes) && entry_bytes.is_power_of_two();
        if !plausible || entry_count > MAX_READ / entry_bytes {
            return Err("impossible size or number of entries");
        }
        let disk_guid = array(header, 56).unwrap_or_default();
        Ok(Self {
            disk_guid,
            entries_lba: le64(header, 72),
            entry_count,
            entry_bytes,
            entries_crc: le32(header, 88),
        })
    }
}

/// Parses one entry; `None` if it is unused.
fn partition(number: u32, entry: &[u8], sector_bytes: u32) -> Option<Result<Partition, &'static str>> {
    let kind: [u8; 16] = array(entry, 0)?;
    if kind == [0; 16] {
        return None;
    }
    let (first, last) = (le64(entry, 32), le64(entry, 40));
    let sectors = last.checked_sub(first).and_then(|length| length.checked_add(1));
    let Some(sectors) = sectors else { return Some(Err("it ends before it starts")) };
    let unit = u64::from(sector_bytes);
    let (Some(start_bytes), Some(size_bytes)) = (first.checked_mul(unit), sectors.checked_mul(unit)) else {
        return Some(Err("it lies beyond any disk"));
    };
    let kind = type_names::of_guid(guid(kind));
    let flags = PartitionFlags {
        bootable: le64(entry, 48) & LEGACY_BIOS_BOOTABLE != 0,
        esp: kind.code == ESP,
        bios_boot: kind.code == BIOS_BOOT,
        extended: false,
    };
    Some(Ok(Partition {
        number,
        path: None,
        start_bytes,
        size_bytes,
        kind: Some(kind),
        name: name(entry),
        uuid: array(entry, 16).map(guid),
        flags,
        contents: Contents::default(),
    }))
}

fn name(entry: &[u8]) -> Option<String> {
    let units = entry.get(56..128)?.chunks_exact(2).map(|pair| le16(pair, 0));
    let units: Vec<u16> = units.take_while(|unit| *unit != 0).collect();
    printable(&String::from_utf16_lossy(&units))
}
