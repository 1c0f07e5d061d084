//! What is on a disk: its partition table and what the whole of it and each partition hold.
//!
//! Works on any reader, so that a block device and an image file are looked at by the same code.

use std::io::{self, Read, Seek};

use crate::disk::{Contents, Format, Partition, PartitionTable};
use crate::superblock;
use crate::table::{self, Scan};
use crate::window::Window;

/// Reads the table of a disk and what the whole disk holds. The contents of partitions are left to [`partition`].
///
/// `raid_member` says that the kernel uses the whole disk in a RAID: then a table seen on it belongs to what is inside.
pub(crate) fn whole<R: Read + Seek>(
    disk: &mut Window<'_, R>,
    sector_bytes: u32,
    raid_member: bool,
) -> io::Result<(Scan, Contents)> {
    let mut scan = table::read(disk, sector_bytes)?;
    let held = superblock::probe(disk)?;
    if raid_member && held.format == Format::RaidMember {
        scan.table = PartitionTable::None;
        scan.partitions.clear();
        return Ok((scan, held));
    }
    // Boot code of a filesystem that fills the disk ends in the same two bytes as an empty table.
    if matches!(scan.table, PartitionTable::Mbr { .. }) && scan.partitions.is_empty() && is_known(held.format)
    {
        scan.table = PartitionTable::None;
    }
    // With a table, what else is found is left from a former life of the disk, between the table and the first partition.
    // A hybrid image is the exception: made to be both, for optical media and for USB sticks.
    let keep = scan.table == PartitionTable::None || held.format == Format::Iso9660;
    let contents = if keep { held } else { Contents::default() };
    Ok((scan, contents))
}

/// Finds out what a partition holds, given the whole disk.
pub(crate) fn partition<R: Read + Seek>(
    disk: &mut Window<'_, R>,
    partition: &Partition,
) -> io::Result<Contents> {
    if partition.flags.extended {
        return Ok(Contents::default());
    }
    superblock::probe(&mut disk.part(partition.start_bytes, partition.size_bytes))
}

fn is_known(format: Format) -> bool {
    !matches!(format, Format::None | Format::Unknown | Format::Unread)
}
