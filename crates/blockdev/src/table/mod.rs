//! Partition tables, read from anything that holds a disk.
//!
//! GPT is taken only behind a protective MBR, as the kernel does: a disk relabelled to DOS keeps stale GPT headers.
//! A protective MBR without a sound GPT is [`PartitionTable::Damaged`], never an empty disk.

mod gpt;
mod mbr;
mod type_names;

use std::io::{self, Read, Seek};

use crate::disk::{Partition, PartitionTable};
use crate::window::Window;

/// The most partitions listed of one disk, the kernel's own limit (`DISK_MAX_PARTS`).
pub(crate) const MAX_PARTITIONS: usize = 256;

/// A partition table and what is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scan {
    /// The kind of table.
    pub(crate) table: PartitionTable,
    /// Its partitions by number, with no path and with empty contents.
    pub(crate) partitions: Vec<Partition>,
    /// Entries left out, and why.
    pub(crate) problems: Vec<String>,
}

impl Scan {
    fn none() -> Self {
        Self { table: PartitionTable::None, partitions: Vec::new(), problems: Vec::new() }
    }

    /// Adds a partition, or says why it does not fit.
    fn push(&mut self, partition: Partition, disk_bytes: u64) {
        let Partition { number, start_bytes, size_bytes, .. } = partition;
        if start_bytes.checked_add(size_bytes).is_none_or(|end| end > disk_bytes) {
            self.problems.push(format!(
                "partition {number} ({size_bytes} bytes at {start_bytes}) reaches past the end of the disk"
            ));
        } else if self.partitions.len() >= MAX_PARTITIONS {
            self.problems.push(format!("partition {number} left out: more than {MAX_PARTITIONS} partitions"));
        } else {
            self.partitions.push(partition);
        }
        self.problems.truncate(MAX_PARTITIONS);
    }
}

/// Reads the partition table of the disk in `disk`, whose tables count in sectors of `sector_bytes`.
pub(crate) fn read<R: Read + Seek>(disk: &mut Window<'_, R>, sector_bytes: u32) -> io::Result<Scan> {
    if !(512..=4096).contains(&sector_bytes) || !sector_bytes.is_power_of_two() {
        return Ok(Scan {
            problems: vec![format!("no sector size of {sector_bytes} bytes")],
            ..Scan::none()
        });
    }
    let Some(sector) = disk.read(0, 512)? else { return Ok(Scan::none()) };
    let Some(boot_record) = mbr::BootRecord::parse(&sector) else { return Ok(Scan::none()) };
    if boot_record.is_protective() {
        gpt::read(disk, sector_bytes)
    } else {
        mbr::read(&boot_record, disk, sector_bytes)
    }
}
