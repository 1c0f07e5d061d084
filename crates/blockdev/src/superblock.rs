//! What a device holds, by the signatures at its fixed places.
//!
//! One read of 68 KiB from the front and two small ones near the end; nothing found is followed further into the device.
//! Containers (LUKS, RAID, LVM) come before filesystems, because what they contain may show through them.

use std::io::{self, Read, Seek};

use crate::disk::{Contents, Format};
use crate::window::{Window, array, be16, be32, has, le16, le32, le64, text};

/// Far enough to hold the Btrfs superblock (64 KiB + 4 KiB).
const HEAD_BYTES: u64 = 68 * 1024;
const RAID_MAGIC: u32 = 0xa92b_4efc;

/// Finds out what is in the window. Reads past the end of a truncated image count as zeros.
pub(crate) fn probe<R: Read + Seek>(device: &mut Window<'_, R>) -> io::Result<Contents> {
    let head = head(device)?;
    if let Some(found) = luks(&head).or_else(|| raid_in_front(&head)) {
        return Ok(found);
    }
    if let Some(found) = raid_at_end(device)? {
        return Ok(found);
    }
    let parsers = [lvm, btrfs, xfs, ext, swap, iso9660, ntfs, exfat, vfat];
    let nothing = if head.iter().all(|byte| *byte == 0) { Format::None } else { Format::Unknown };
    Ok(parsers.iter().find_map(|parse| parse(&head)).unwrap_or_else(|| plain(nothing)))
}

/// Finds out only whether the window ends as a member of a RAID (metadata 0.90 or 1.0), which looks from the front like
/// the disk inside it.
pub(crate) fn raid_at_end<R: Read + Seek>(device: &mut Window<'_, R>) -> io::Result<Option<Contents>> {
    let sectors = device.len() / 512;
    // Both places are the kernel's: md_p.h `MD_NEW_SIZE_SECTORS` for 0.90; drivers/md/md.c, super_1_load for 1.0.
    let v1 = sectors.saturating_sub(16) & !7;
    if v1 > 0
        && let Some(block) = device.read(v1 * 512, 256)?
        && let Some(found) = raid_v1(&block, v1)
    {
        return Ok(Some(found));
    }
    let v0 = (sectors & !127).saturating_sub(128);
    if v0 == 0 {
        return Ok(None);
    }
    Ok(device.read(v0 * 512, 64)?.and_then(|block| raid_v0(&block)))
}

fn head<R: Read + Seek>(device: &mut Window<'_, R>) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    // In steps, so that a truncated image still shows what it has.
    while (head.len() as u64) < HEAD_BYTES.min(device.len()) {
        let step = (device.len() - head.len() as u64).min(4096);
        match device.read(head.len() as u64, usize::try_from(step).unwrap_or(0))? {
            Some(bytes) => head.extend(bytes),
            None => break,
        }
    }
    Ok(head)
}

fn plain(format: Format) -> Contents {
    Contents { format, ..Contents::default() }
}

fn found(format: Format, uuid: Option<String>, label: Option<String>) -> Contents {
    Contents { format, uuid, label, ..Contents::default() }
}

fn luks(head: &[u8]) -> Option<Contents> {
    let version = be16(head, 6);
    if !has(head, 0, b"LUKS\xba\xbe") || !(1..=2).contains(&version) {
        return None;
    }
    let label = if version == 2 { text(head, 24, 48) } else { None };
    Some(found(Format::Luks, text(head, 168, 40), label))
}

fn raid_in_front(head: &[u8]) -> Option<Contents> {
    raid_v1(head, 0).or_else(|| raid_v1(head.get(4096..)?, 8))
}

/// Metadata 1.x, whose superblock repeats the sector it lies at.
fn raid_v1(block: &[u8], sector: u64) -> Option<Contents> {
    let sound = le32(block, 0) == RAID_MAGIC && le32(block, 4) == 1 && le64(block, 144) == sector;
    if !sound || block.len() < 152 {
        return None;
    }
    Some(found(Format::RaidMember, uuid(block, 16), text(block, 32, 32)))
}

/// Metadata 0.90, in the byte order of the machine that made it.
fn raid_v0(block: &[u8]) -> Option<Contents> {
    let swapped = match array(block, 0)? {
        raw if u32::from_le_bytes(raw) == RAID_MAGIC => false,
        raw if u32::from_be_bytes(raw) == RAID_MAGIC => true,
        _ => return None,
    };
    let major = if swapped { be32(block, 4) } else { le32(block, 4) };
    if major != 0 {
        return None;
    }
    let mut raw = [0; 16];
    for (part, at) in raw.chunks_exact_mut(4).zip([20, 52, 56, 60]) {
        let word: [u8; 4] = array(block, at)?;
        part.copy_from_slice(&word);
    }
    Some(found(Format::RaidMember, uuid(&raw, 0), None))
}

/// An LVM2 label in one of the first four sectors, with its checksum.
fn lvm(head: &[u8]) -> Option<Contents> {
    head.chunks_exact(512).take(4).zip(0u64..).find_map(|(sector, number)| {
        let labelled =
            has(sector, 0, b"LABELONE") && has(sector, 24, b"LVM2 001") && le64(sector, 8) == number;
        if !labelled || le32(sector, 16) != lvm_checksum(&sector[20..]) {
            return None;
        }
        let header = sector.get(usize::try_from(le32(sector, 20)).ok()?..)?;
        let raw = text(header.get(..32)?, 0, 32).filter(|raw| raw.len() == 32 && raw.is_ascii())?;
        let mut rest = raw.as_str();
        let mut groups = Vec::new();
        for length in [6, 4, 4, 4, 4, 4, 6] {
            let (group, after) = rest.split_at_checked(length)?;
            groups.push(group);
            rest = after;
        }
        Some(found(Format::LvmMember, Some(groups.join("-")), None))
    })
}

/// CRC-32 with LVM's own start value and without the usual inversions.
fn lvm_checksum(bytes: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new_with_initial(!0xf597_a6cf);
    hasher.update(bytes);
    !hasher.finalize()
}

fn btrfs(head: &[u8]) -> Option<Contents> {
    const AT: usize = 64 * 1024;
    if !has(head, AT + 64, b"_BHRfS_M") || le64(head, AT + 48) != AT as u64 {
        return None;
    }
    Some(found(Format::Btrfs, uuid(head, AT + 32), text(head, AT + 299, 256)))
}

fn xfs(head: &[u8]) -> Option<Contents> {
    let block_bytes = be32(head, 4);
    let plausible = (512..=65536).contains(&block_bytes) && block_bytes.is_power_of_two();
    if !has(head, 0, b"XFSB") || !plausible || !(1..=5).contains(&(be16(head, 100) & 0xf)) {
        return None;
    }
    Some(found(Format::Xfs, uuid(head, 32), text(head, 108, 12)))
}

/// ext2, ext3 and ext4 differ by their feature flags only (Documentation/filesystems/ext4/super.rst).
fn ext(head: &[u8]) -> Option<Contents> {
    const HAS_JOURNAL: u32 = 0x4;
    const JOURNAL_DEVICE: u32 = 0x8;
    const INCOMPATIBLE_BEFORE_4: u32 = 0x2 | 0x4 | 0x8 | 0x10;
    const READ_ONLY_BEFORE_4: u32 = 0x1 | 0x2 | 0x4;
    let block = head.get(1024..2048)?;
    if le16(block, 56) != 0xef53 || le32(block, 24) > 6 || le32(block, 32) == 0 {
        return None;
    }
    let (compatible, incompatible, read_only) = (le32(block, 92), le32(block, 96), le32(block, 100));
    let format = if incompatible & JOURNAL_DEVICE != 0 {
        Format::ExtJournal
    } else if incompatible & !INCOMPATIBLE_BEFORE_4 != 0 || read_only & !READ_ONLY_BEFORE_4 != 0 {
        Format::Ext4
    } else if compatible & HAS_JOURNAL != 0 {
        Format::Ext3
    } else {
        Format::Ext2
    };
    Some(found(format, uuid(block, 104), text(block, 120, 16)))
}

/// The signature ends the first page, whose size is that of the machine that made the swap space.
fn swap(head: &[u8]) -> Option<Contents> {
    const SIGNATURES: [&[u8]; 5] =
        [b"SWAPSPACE2", b"SWAP-SPACE", b"S1SUSPEND\0", b"S2SUSPEND\0", b"ULSUSPEND\0"];
    let signed = |page: usize| SIGNATURES.iter().any(|signature| has(head, page - 10, signature));
    if ![4096, 8192, 16384, 32768, 65536].into_iter().any(signed) {
        return None;
    }
    Some(found(Format::Swap, uuid(head, 1036), text(head, 1052, 16)))
}

fn iso9660(head: &[u8]) -> Option<Contents> {
    let volume = head.get(32768..34816)?;
    if !has(volume, 0, b"\x01CD001") {
        return None;
    }
    // No UUID: the modification time (failing that the creation time) stands in for it.
    let stamp = [830, 813].into_iter().find_map(|at| {
        let digits = std::str::from_utf8(volume.get(at..at + 16)?).ok()?;
        let real = digits.bytes().all(|b| b.is_ascii_digit()) && digits.bytes().any(|b| b != b'0');
        real.then_some(digits)
    });
    let uuid = stamp.map(|digits| {
        let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
        [part(0, 4), part(4, 6), part(6, 8), part(8, 10), part(10, 12), part(12, 14), part(14, 16)].join("-")
    });
    Some(found(Format::Iso9660, uuid, text(volume, 40, 32)))
}

fn ntfs(head: &[u8]) -> Option<Contents> {
    if !has(head, 3, b"NTFS    ") || !has(head, 510, &[0x55, 0xaa]) {
        return None;
    }
    Some(found(Format::Ntfs, Some(format!("{:016X}", le64(head, 72))), None))
}

fn exfat(head: &[u8]) -> Option<Contents> {
    if !has(head, 3, b"EXFAT   ") || !has(head, 510, &[0x55, 0xaa]) {
        return None;
    }
    Some(found(Format::Exfat, Some(dos_serial(le32(head, 100))), None))
}

fn vfat(head: &[u8]) -> Option<Contents> {
    let (serial_at, name_at) = if has(head, 82, b"FAT") {
        (67, 71)
    } else if has(head, 54, b"FAT") {
        (39, 43)
    } else {
        return None;
    };
    let sector_bytes = le16(head, 11);
    let cluster_sectors = *head.get(13)?;
    let plausible = (512..=4096).contains(&sector_bytes)
        && sector_bytes.is_power_of_two()
        && cluster_sectors.is_power_of_two()
        && le16(head, 14) != 0
        && matches!(head.get(16), Some(1 | 2))
        && *head.get(21)? >= 0xf0
        && has(head, 510, &[0x55, 0xaa]);
    if !plausible {
        return None;
    }
    let label = text(head, name_at, 11).filter(|label| label != "NO NAME");
    Some(found(Format::Vfat, Some(dos_serial(le32(head, serial_at))), label))
}

fn dos_serial(serial: u32) -> String {
    format!("{:04X}-{:04X}", serial >> 16, serial & 0xffff)
}

/// Returns the 16 bytes at `at` as a UUID in its usual byte order; `None` if they are all zero.
fn uuid(bytes: &[u8], at: usize) -> Option<String> {
    let raw: [u8; 16] = array(bytes, at)?;
    if raw == [0; 16] {
        return None;
    }
    let node = u64::from(be16(&raw, 10)) << 32 | u64::from(be32(&raw, 12));
    let (low, mid, high, clock) = (be32(&raw, 0), be16(&raw, 4), be16(&raw, 6), be16(&raw, 8));
    Some(format!("{low:08x}-{mid:04x}-{high:04x}-{clock:04x}-{node:012x}"))
}
