//! FAT12, FAT16 and FAT32: a cluster is free whose entry is zero in every copy of the table.
//!
//! After Microsoft's "FAT32 File System Specification" and Linux's reading of it: the width of entries follows from whether the
//! old field for the table's size is in use, then from the number of clusters.

use super::ReadAt;
use super::part::{Part, Refusal, ensure};
use crate::window::{has, le16, le32};

/// Entries are read in pieces of this many, a multiple of what shares bytes in FAT12.
const ENTRIES_AT_ONCE: u64 = 16 * 1024;

struct Shape {
    table_start: u64,
    table_bytes: u64,
    tables: u64,
    data_start: u64,
    cluster_bytes: u64,
    clusters: u64,
    /// Bits of an entry.
    width: u64,
    media: u8,
}

pub(super) fn free<S: ReadAt + ?Sized>(part: &mut Part<'_, S>) -> Result<(), Refusal> {
    let shape = shape(&part.read(0, 512)?, part.size_bytes())?;
    let entries = shape.clusters + 2;
    let mut first = 0;
    while first < entries {
        let count = ENTRIES_AT_ONCE.min(entries - first);
        let offset = first * shape.width / 8;
        let bytes = usize::try_from((count * shape.width).div_ceil(8)).unwrap_or(usize::MAX);
        let tables = (0..shape.tables)
            .map(|table| part.read(shape.table_start + table * shape.table_bytes + offset, bytes))
            .collect::<Result<Vec<_>, _>>()?;
        if first == 0 {
            let marked = tables.iter().all(|table| table.first() == Some(&shape.media));
            ensure(marked, "its allocation table does not start with its medium")?;
        }
        for index in 0..count {
            let cluster = first + index;
            if cluster >= 2 && tables.iter().all(|table| entry(table, index, shape.width) == 0) {
                let start = shape.data_start + (cluster - 2) * shape.cluster_bytes;
                part.free(start..start + shape.cluster_bytes);
            }
        }
        first += count;
    }
    part.flush();
    Ok(())
}

fn shape(boot: &[u8], size_bytes: u64) -> Result<Shape, Refusal> {
    ensure(has(boot, 510, &[0x55, 0xaa]), "its boot sector is not signed")?;
    let sector = u64::from(le16(boot, 11));
    let cluster_sectors = u64::from(boot[13]);
    ensure((512..=4096).contains(&sector) && sector.is_power_of_two(), "its sectors have no known size")?;
    ensure(cluster_sectors.is_power_of_two(), "its clusters have no known size")?;
    let (reserved, tables) = (u64::from(le16(boot, 14)), u64::from(boot[16]));
    ensure(reserved > 0 && (1..=2).contains(&tables), "it has no table or more than two")?;
    let root_sectors = (u64::from(le16(boot, 17)) * 32).div_ceil(sector);
    let either = |small: u16, large: u32| if small == 0 { u64::from(large) } else { u64::from(small) };
    let old_table = le16(boot, 22);
    let table_sectors = either(old_table, le32(boot, 36));
    let sectors = either(le16(boot, 19), le32(boot, 32));
    let data = reserved + tables * table_sectors + root_sectors;
    ensure(table_sectors > 0 && data < sectors, "its boot sector leaves no room for data")?;
    ensure(sectors * sector <= size_bytes, "it is larger than its partition")?;
    let clusters = (sectors - data) / cluster_sectors;
    let width = if old_table == 0 {
        // Bit 7: only one of the tables is kept up to date.
        ensure(le16(boot, 40) & 0x80 == 0, "its tables are not kept alike")?;
        32
    } else if clusters > 4084 {
        16
    } else {
        12
    };
    ensure(clusters < 0x0fff_fff7 && (width == 32 || clusters < 65_525), "it has too many clusters")?;
    let table_bytes = table_sectors * sector;
    ensure(((clusters + 2) * width).div_ceil(8) <= table_bytes, "its table is too short")?;
    Ok(Shape {
        table_start: reserved * sector,
        table_bytes,
        tables,
        data_start: data * sector,
        cluster_bytes: cluster_sectors * sector,
        clusters,
        width,
        media: boot[21],
    })
}

/// Returns an entry of a piece of the table; all ones, which is no free one, if it is not there.
fn entry(table: &[u8], index: u64, width: u64) -> u32 {
    let at = usize::try_from(index * width / 8).unwrap_or(usize::MAX);
    let there = at.checked_add(2).is_some_and(|end| end <= table.len());
    match width {
        12 if there && index.is_multiple_of(2) => u32::from(le16(table, at) & 0xfff),
        12 if there => u32::from(le16(table, at) >> 4),
        16 if there => u32::from(le16(table, at)),
        32 if there && at + 4 <= table.len() => le32(table, at) & 0x0fff_ffff,
        _ => u32::MAX,
    }
}
