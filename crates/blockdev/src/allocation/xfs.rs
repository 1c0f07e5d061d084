//! XFS: each allocation group has a tree of its free extents, sorted by place. What is in no tree is allocated: headers,
//! the trees themselves, the group's free list (AGFL) and the log included.
//!
//! After the "XFS Algorithms & Data Structures" document, versions 4 and 5.

use std::ops::Range;

use super::ReadAt;
use super::checksum::xfs_holds;
use super::part::{Part, Refusal, ensure};
use super::xfs_log;
use crate::window::{be16, be32, has};

/// Features that leave the free-space trees and their place as they are known here.
const KNOWN_INCOMPATIBLE: u32 = 0x1ef;
const KNOWN_READ_ONLY: u32 = 0x0f;
/// A tree of 2^31 blocks has fewer levels.
const MAX_LEVELS: u32 = 9;
const NO_BLOCK: u32 = u32::MAX;

struct Shape {
    version: u16,
    block_bytes: usize,
    sector_bytes: usize,
    blocks: u64,
    group_blocks: u32,
    groups: u32,
    /// Free blocks as the superblock counts them: exact once the filesystem was unmounted.
    free_blocks: u64,
    /// Where the log is, in bytes; empty at 0 where it is on another device.
    log: Range<u64>,
}

pub(super) fn free<S: ReadAt + ?Sized>(part: &mut Part<'_, S>, mounted: bool) -> Result<(), Refusal> {
    let shape = Shape::read(part)?;
    let mut counted = 0;
    for group in 0..shape.groups {
        counted += group_free(part, &shape, group)?;
    }
    part.flush();
    if mounted {
        return Ok(());
    }
    ensure(shape.log.start > 0, "its log is on another device")?;
    xfs_log::ensure_empty(part, shape.log.start, shape.log.end - shape.log.start)?;
    // Brought up to date when the log is emptied.
    ensure(
        counted == shape.free_blocks,
        "its groups and its superblock count different numbers of free blocks",
    )
}

impl Shape {
    fn read<S: ReadAt + ?Sized>(part: &Part<'_, S>) -> Result<Self, Refusal> {
        let first = part.read(0, 512)?;
        ensure(has(&first, 0, b"XFSB"), "its superblock is gone")?;
        let sector_bytes = usize::from(be16(&first, 102));
        let block_bytes = be32(&first, 4) as usize;
        ensure(
            (512..=32768).contains(&sector_bytes) && sector_bytes.is_power_of_two(),
            "no known sector size",
        )?;
        ensure((512..=65536).contains(&block_bytes) && block_bytes.is_power_of_two(), "no known block size")?;
        ensure(block_bytes >= sector_bytes, "its blocks are smaller than its sectors")?;
        let version = be16(&first, 100) & 0xf;
        ensure(version == 4 || version == 5, "its version is not known")?;
        ensure(first[126] == 0, "it was not made to the end")?;
        if version == 5 {
            ensure(xfs_holds(&part.read(0, sector_bytes)?, 224), "its superblock's checksum is wrong")?;
            let known =
                be32(&first, 216) & !KNOWN_INCOMPATIBLE == 0 && be32(&first, 212) & !KNOWN_READ_ONLY == 0;
            ensure(known, "it has features that are not known, or needs repair")?;
        }
        let group_blocks = be32(&first, 84);
        let group_bits = u32::from(first[124]);
        ensure(group_bits < 32, "its groups have no known size")?;
        let log_at = be64(&first, 48);
        let log_group = log_at >> group_bits;
        let log_block = log_group
            .checked_mul(u64::from(group_blocks))
            .unwrap_or(u64::MAX / 2)
            .saturating_add(log_at & ((1 << group_bits) - 1));
        let log_start = log_block.saturating_mul(block_bytes as u64);
        let log_bytes = if log_at == 0 { 0 } else { u64::from(be32(&first, 96)) * block_bytes as u64 };
        let shape = Self {
            log: log_start..log_start.saturating_add(log_bytes),
            version,
            block_bytes,
            sector_bytes,
            blocks: be64(&first, 8),
            group_blocks,
            groups: be32(&first, 88),
            free_blocks: be64(&first, 144),
        };
        let whole = u64::from(shape.groups).checked_mul(u64::from(shape.group_blocks)).unwrap_or(0);
        let fits = shape.blocks <= whole
            && shape.blocks + u64::from(shape.group_blocks) > whole
            && shape.blocks.checked_mul(block_bytes as u64).is_some_and(|bytes| bytes <= part.size_bytes());
        ensure(fits && shape.blocks > 0, "its allocation groups do not make up its size")?;
        Ok(shape)
    }

    fn group_start(&self, group: u32) -> u64 {
        u64::from(group) * u64::from(self.group_blocks) * self.block_bytes as u64
    }

    fn header_bytes(&self) -> usize {
        if self.version == 5 { 56 } else { 16 }
    }
}

/// Frees the extents in a group's tree. Returns its free blocks as the superblock counts them.
fn group_free<S: ReadAt + ?Sized>(part: &mut Part<'_, S>, shape: &Shape, group: u32) -> Result<u64, Refusal> {
    let header = part.read(shape.group_start(group) + shape.sector_bytes as u64, shape.sector_bytes)?;
    ensure(has(&header, 0, b"XAGF") && be32(&header, 8) == group, "a group's header is not in its place")?;
    ensure(shape.version == 4 || xfs_holds(&header, 216), "a group's checksum is wrong")?;
    let length = be32(&header, 12);
    let before = u64::from(group) * u64::from(shape.group_blocks);
    let expected = (shape.blocks - before).min(u64::from(shape.group_blocks));
    ensure(u64::from(length) == expected, "a group has the wrong length")?;
    let levels = be32(&header, 28);
    ensure((1..=MAX_LEVELS).contains(&levels), "a tree has no known height")?;
    let mut tree = Tree { group, length, levels, blocks_left: length };

    let mut block = be32(&header, 16);
    for level in (1..levels).rev() {
        block = tree.first_child(part, shape, block, level)?;
    }
    let (mut end, mut total) = (0, 0);
    while block != NO_BLOCK {
        let leaf = tree.read(part, shape, block, 0)?;
        for record in 0..usize::from(be16(&leaf, 6)) {
            let at = shape.header_bytes() + record * 8;
            let extent =
                u64::from(be32(&leaf, at))..u64::from(be32(&leaf, at)) + u64::from(be32(&leaf, at + 4));
            let sound = extent.start >= end && !extent.is_empty() && extent.end <= u64::from(length);
            ensure(sound, "a tree's extents are out of order or out of bounds")?;
            (end, total) = (extent.end, total + extent.end - extent.start);
            part.free(on_part(shape, group, &extent));
        }
        block = be32(&leaf, 12);
    }
    ensure(
        total == u64::from(be32(&header, 52)),
        "a tree and its group count different numbers of free blocks",
    )?;
    Ok(total + u64::from(be32(&header, 48)) + u64::from(be32(&header, 60)))
}

struct Tree {
    group: u32,
    length: u32,
    levels: u32,
    /// Bounds the walk where siblings form a ring.
    blocks_left: u32,
}

impl Tree {
    fn read<S: ReadAt + ?Sized>(
        &mut self,
        part: &Part<'_, S>,
        shape: &Shape,
        block: u32,
        level: u32,
    ) -> Result<Vec<u8>, Refusal> {
        ensure(block < self.length && self.blocks_left > 0, "a tree leads out of its group")?;
        self.blocks_left -= 1;
        let offset = shape.group_start(self.group) + u64::from(block) * shape.block_bytes as u64;
        let bytes = part.read(offset, shape.block_bytes)?;
        let magic: &[u8] = if shape.version == 5 { b"AB3B" } else { b"ABTB" };
        ensure(
            has(&bytes, 0, magic) && u32::from(be16(&bytes, 4)) == level,
            "a tree leads to something else",
        )?;
        if shape.version == 5 {
            ensure(xfs_holds(&bytes, 52), "a tree's checksum is wrong")?;
            let own = be32(&bytes, 48) == self.group && be64(&bytes, 16) == offset / 512;
            ensure(own, "a tree's block belongs elsewhere")?;
        }
        let room = shape.block_bytes - shape.header_bytes();
        let most = if level == 0 { room / 8 } else { room / 12 };
        let count = usize::from(be16(&bytes, 6));
        // Only the root of a group without free space is empty.
        let root_leaf = level == 0 && self.levels == 1;
        ensure(count <= most && (count > 0 || root_leaf), "a tree's block has too many or no records")?;
        Ok(bytes)
    }

    fn first_child<S: ReadAt + ?Sized>(
        &mut self,
        part: &Part<'_, S>,
        shape: &Shape,
        block: u32,
        level: u32,
    ) -> Result<u32, Refusal> {
        let node = self.read(part, shape, block, level)?;
        let most = (shape.block_bytes - shape.header_bytes()) / 12;
        Ok(be32(&node, shape.header_bytes() + most * 8))
    }
}

fn on_part(shape: &Shape, group: u32, extent: &Range<u64>) -> Range<u64> {
    let place = |block: u64| shape.group_start(group) + block * shape.block_bytes as u64;
    place(extent.start)..place(extent.end)
}

fn be64(bytes: &[u8], at: usize) -> u64 {
    u64::from(be32(bytes, at)) << 32 | u64::from(be32(bytes, at + 4))
}
