//! ext2, ext3 and ext4: a bitmap of each group's blocks or clusters, found through group descriptors.
//!
//! After the kernel's "ext4 Data Structures and Algorithms". Bitmaps that were never written (uninitialised groups) say
//! that all is free but the metadata; so that nothing depends on where mke2fs puts it, all metadata is marked as
//! allocated once more at the end.

use std::ops::Range;

use super::ReadAt;
use super::checksum::{crc16, crc32c};
use super::ext_shape::{Checksums, Shape};
use super::part::{Part, Refusal, ensure};
use crate::window::{le16, le32};

const BLOCK_UNINITIALISED: u16 = 2;

/// What a group descriptor says.
struct Group {
    bitmap: u64,
    inode_bitmap: u64,
    inode_table: u64,
    free: u64,
    uninitialised: bool,
    bitmap_checksum: u32,
}

pub(super) fn free<S: ReadAt + ?Sized>(part: &mut Part<'_, S>, mounted: bool) -> Result<(), Refusal> {
    let shape = Shape::read(&part.read(1024, 1024)?, part.size_bytes())?;
    ensure(mounted || !shape.needs_recovery, "it was not unmounted; its journal may hold newer records")?;
    for number in 0..shape.groups {
        let group = Group::read(part, &shape, number)?;
        free_group(part, &shape, number, &group)?;
    }
    part.flush();
    for number in 0..shape.groups {
        let group = Group::read(part, &shape, number)?;
        for blocks in metadata(&shape, number, &group) {
            part.allocate(&bytes_of(&shape, &blocks));
        }
    }
    Ok(())
}

fn free_group<S: ReadAt + ?Sized>(
    part: &mut Part<'_, S>,
    shape: &Shape,
    number: u64,
    group: &Group,
) -> Result<(), Refusal> {
    let blocks = shape.group_range(number);
    if group.uninitialised {
        part.free(bytes_of(shape, &blocks));
        return Ok(());
    }
    let bitmap = part
        .read(group.bitmap * shape.block_bytes, usize::try_from(shape.block_bytes).unwrap_or(usize::MAX))?;
    let used = usize::try_from(shape.clusters_per_group / 8).ok().and_then(|bytes| bitmap.get(..bytes));
    let used = used.unwrap_or_default();
    if let Checksums::Crc32c { seed } = shape.checksums {
        let mask = if shape.descriptor_bytes >= 58 { u32::MAX } else { 0xffff };
        ensure(crc32c(seed, used) & mask == group.bitmap_checksum & mask, "a bitmap's checksum is wrong")?;
    }
    let clusters = (blocks.end - blocks.start).div_ceil(shape.cluster_blocks);
    let mut free = 0;
    let mut cluster = 0;
    while cluster < clusters {
        let byte = usize::try_from(cluster / 8).ok().and_then(|at| used.get(at)).copied().unwrap_or(u8::MAX);
        // Most bytes are all free or all in use: those are taken at once.
        let whole = cluster.is_multiple_of(8) && clusters - cluster >= 8 && matches!(byte, 0 | u8::MAX);
        let count = if whole { 8 } else { 1 };
        if byte >> (cluster % 8) & 1 == 0 {
            free += count;
            let start = blocks.start + cluster * shape.cluster_blocks;
            let end = (start + count * shape.cluster_blocks).min(blocks.end);
            part.free(bytes_of(shape, &(start..end)));
        }
        cluster += count;
    }
    ensure(free == group.free, "a bitmap and its group count different numbers of free blocks")
}

/// Lists what a group's descriptor and place in the filesystem say is in use, whatever bitmaps say.
fn metadata(shape: &Shape, number: u64, group: &Group) -> [Range<u64>; 4] {
    let first = shape.group_range(number).start;
    let has_super = shape.has_superblock(number);
    let backups = if shape.meta_groups && number / shape.descriptors_per_block() >= shape.first_meta_group {
        // Superblock, and a block of descriptors in the first, second and last group of the meta group.
        first..first + 3
    } else if has_super {
        first..first + 2 + shape.table_blocks() + shape.reserved_table_blocks
    } else {
        first..first
    };
    [
        backups,
        group.bitmap..group.bitmap + 1,
        group.inode_bitmap..group.inode_bitmap + 1,
        group.inode_table..group.inode_table + shape.inode_table_blocks,
    ]
}

fn bytes_of(shape: &Shape, blocks: &Range<u64>) -> Range<u64> {
    let end = blocks.end.min(shape.blocks);
    blocks.start.min(end) * shape.block_bytes..end * shape.block_bytes
}

impl Group {
    fn read<S: ReadAt + ?Sized>(part: &Part<'_, S>, shape: &Shape, number: u64) -> Result<Self, Refusal> {
        let block = shape.descriptor_block(number / shape.descriptors_per_block());
        let within = number % shape.descriptors_per_block() * shape.descriptor_bytes as u64;
        ensure(block < shape.blocks, "a group's descriptor lies outside of it")?;
        let raw = part.read(block * shape.block_bytes + within, shape.descriptor_bytes)?;
        check(shape, number, &raw)?;
        let wide = shape.descriptor_bytes >= 64;
        let number64 = |low: usize, high: usize| {
            u64::from(le32(&raw, low)) | if wide { u64::from(le32(&raw, high)) << 32 } else { 0 }
        };
        let number32 = |low: usize, high: usize| {
            u32::from(le16(&raw, low)) | if wide { u32::from(le16(&raw, high)) << 16 } else { 0 }
        };
        let flagged = le16(&raw, 18) & BLOCK_UNINITIALISED != 0;
        let group = Self {
            bitmap: number64(0, 32),
            inode_bitmap: number64(4, 36),
            inode_table: number64(8, 40),
            free: u64::from(number32(12, 44)),
            uninitialised: flagged && !matches!(shape.checksums, Checksums::None),
            bitmap_checksum: number32(24, 56),
        };
        let inside = |block: u64, count: u64| {
            block >= shape.first_block && block.checked_add(count).is_some_and(|end| end <= shape.blocks)
        };
        let sound = inside(group.bitmap, 1)
            && inside(group.inode_bitmap, 1)
            && inside(group.inode_table, shape.inode_table_blocks);
        ensure(sound, "a group's bitmaps or inodes lie outside of it")?;
        Ok(group)
    }
}

/// Checks a descriptor's checksum, in which the checksum itself counts as zero or not at all.
fn check(shape: &Shape, number: u64, raw: &[u8]) -> Result<(), Refusal> {
    let (Some(before), Some(after)) = (raw.get(..30), raw.get(32..)) else {
        return ensure(false, "a group's descriptor is too short");
    };
    let number = u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes();
    let expected = match shape.checksums {
        Checksums::None => return Ok(()),
        Checksums::Crc16 { seed } => crc16(crc16(crc16(seed, &number), before), after),
        Checksums::Crc32c { seed } => {
            let crc = crc32c(crc32c(crc32c(crc32c(seed, &number), before), &[0; 2]), after);
            (crc & 0xffff) as u16
        }
    };
    ensure(expected == le16(raw, 30), "a group's checksum is wrong")
}
