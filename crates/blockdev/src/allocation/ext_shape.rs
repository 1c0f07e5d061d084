//! What the superblock of ext2, ext3 and ext4 says of the shape of the filesystem.

use std::ops::Range;

use super::checksum::{crc16, crc32c};
use super::part::{Refusal, ensure};
use crate::window::{le16, le32};

/// Features that leave bitmaps and descriptors where and as they are known here.
const KNOWN_INCOMPATIBLE: u32 = 0x3_f7d6;
const KNOWN_READ_ONLY: u32 = 0x1_b77f;
const NEEDS_RECOVERY: u32 = 0x4;
const META_GROUPS: u32 = 0x10;
const WIDE: u32 = 0x80;
const CHECKSUM_SEED: u32 = 0x2000;
const SPARSE_SUPER: u32 = 0x1;
const GROUP_CHECKSUMS: u32 = 0x10;
const BIG_CLUSTERS: u32 = 0x200;
const METADATA_CHECKSUMS: u32 = 0x400;
const HAS_JOURNAL: u32 = 0x4;
const SPARSE_SUPER_2: u32 = 0x200;
const CLEAN: u16 = 1;
const WITH_ERRORS: u16 = 2;

pub(super) struct Shape {
    pub(super) block_bytes: u64,
    pub(super) blocks: u64,
    /// The first block that belongs to a group: 1 where blocks have 1 KiB, for the boot sector's sake.
    pub(super) first_block: u64,
    pub(super) groups: u64,
    pub(super) clusters_per_group: u64,
    pub(super) cluster_blocks: u64,
    pub(super) descriptor_bytes: usize,
    pub(super) inode_table_blocks: u64,
    pub(super) reserved_table_blocks: u64,
    pub(super) meta_groups: bool,
    pub(super) first_meta_group: u64,
    pub(super) checksums: Checksums,
    /// Whether records newer than those in place may exist.
    pub(super) needs_recovery: bool,
    backups: Backups,
}

/// How group descriptors and bitmaps are protected.
pub(super) enum Checksums {
    None,
    /// Descriptors only.
    Crc16 {
        seed: u16,
    },
    Crc32c {
        seed: u32,
    },
}

enum Backups {
    Everywhere,
    Sparse,
    Two([u64; 2]),
}

impl Shape {
    /// Reads the superblock of a filesystem in `size_bytes`.
    pub(super) fn read(raw: &[u8], size_bytes: u64) -> Result<Self, Refusal> {
        ensure(le16(raw, 56) == 0xef53, "its superblock is gone")?;
        let (compatible, incompatible, read_only) = match le32(raw, 76) {
            0 => (0, 0, 0),
            _ => (le32(raw, 92), le32(raw, 96), le32(raw, 100)),
        };
        let known = incompatible & !KNOWN_INCOMPATIBLE == 0 && read_only & !KNOWN_READ_ONLY == 0;
        ensure(known, "it has features that are not known")?;
        ensure(le16(raw, 58) & WITH_ERRORS == 0, "it has recorded errors; check it (e2fsck)")?;
        let checksums = checksums(raw, incompatible, read_only)?;
        let (log_block, log_cluster) = (le32(raw, 24), le32(raw, 28));
        ensure(log_block <= 6 && log_cluster <= 19, "no known block size")?;
        let block_bytes = 1024u64 << log_block;
        let wide = incompatible & WIDE != 0;
        let big_clusters = read_only & BIG_CLUSTERS != 0;
        ensure(!big_clusters || log_cluster >= log_block, "its clusters are smaller than its blocks")?;
        let cluster_blocks = if big_clusters { 1u64 << (log_cluster - log_block) } else { 1 };
        let blocks_per_group = u64::from(le32(raw, 32));
        let clusters_per_group = if big_clusters { u64::from(le32(raw, 36)) } else { blocks_per_group };
        let fits = clusters_per_group > 0
            && clusters_per_group.is_multiple_of(8)
            && clusters_per_group <= 8 * block_bytes
            && clusters_per_group * cluster_blocks == blocks_per_group;
        ensure(fits, "no bitmap describes groups of its size")?;
        let blocks = u64::from(le32(raw, 4)) | if wide { u64::from(le32(raw, 336)) << 32 } else { 0 };
        let first_block = u64::from(le32(raw, 20));
        ensure(first_block <= 1 && blocks > first_block + 1, "it has no blocks")?;
        let inside = blocks.checked_mul(block_bytes).is_some_and(|bytes| bytes <= size_bytes);
        ensure(inside, "it is larger than its partition")?;
        let descriptor_bytes = if wide { usize::from(le16(raw, 254)) } else { 32 };
        let descriptors_fit = descriptor_bytes.is_power_of_two()
            && (if wide { 64 } else { 32 }..=1024).contains(&descriptor_bytes);
        ensure(descriptors_fit, "no known descriptor size")?;
        let inode_bytes = if le32(raw, 76) == 0 { 128 } else { u64::from(le16(raw, 88)) };
        let inode_table_blocks = (u64::from(le32(raw, 40)) * inode_bytes).div_ceil(block_bytes);
        ensure(inode_table_blocks > 0 && inode_table_blocks < blocks, "no known number of inodes")?;
        let unclean = le16(raw, 58) & CLEAN == 0;
        let journal = compatible & HAS_JOURNAL != 0;
        Ok(Self {
            block_bytes,
            blocks,
            first_block,
            groups: (blocks - first_block).div_ceil(blocks_per_group),
            clusters_per_group,
            cluster_blocks,
            descriptor_bytes,
            inode_table_blocks,
            reserved_table_blocks: u64::from(le16(raw, 206)),
            meta_groups: incompatible & META_GROUPS != 0,
            first_meta_group: u64::from(le32(raw, 260)),
            checksums,
            needs_recovery: incompatible & NEEDS_RECOVERY != 0 || (unclean && !journal),
            backups: if compatible & SPARSE_SUPER_2 != 0 {
                Backups::Two([u64::from(le32(raw, 588)), u64::from(le32(raw, 592))])
            } else if read_only & SPARSE_SUPER != 0 {
                Backups::Sparse
            } else {
                Backups::Everywhere
            },
        })
    }

    pub(super) fn descriptors_per_block(&self) -> u64 {
        self.block_bytes / self.descriptor_bytes as u64
    }

    /// Returns the blocks that one copy of the descriptors takes where it is in one piece.
    pub(super) fn table_blocks(&self) -> u64 {
        let all = self.groups.div_ceil(self.descriptors_per_block());
        if self.meta_groups { all.min(self.first_meta_group) } else { all }
    }

    /// Returns the blocks of a group.
    pub(super) fn group_range(&self, number: u64) -> Range<u64> {
        let size = self.clusters_per_group * self.cluster_blocks;
        let start = self.first_block + number * size;
        start..(start + size).min(self.blocks)
    }

    /// Returns whether a group starts with a copy of the superblock.
    pub(super) fn has_superblock(&self, number: u64) -> bool {
        let power_of = |base: u64| {
            let mut power = base;
            while power < number {
                power *= base;
            }
            power == number
        };
        number == 0
            || match self.backups {
                Backups::Everywhere => true,
                Backups::Sparse => number == 1 || power_of(3) || power_of(5) || power_of(7),
                Backups::Two(groups) => groups.contains(&number),
            }
    }

    /// Returns where the block `index` of the group descriptors is.
    pub(super) fn descriptor_block(&self, index: u64) -> u64 {
        let superblock = 1024 / self.block_bytes;
        if !self.meta_groups || index < self.first_meta_group {
            return superblock + 1 + index;
        }
        let group = index * self.descriptors_per_block();
        // With big clusters block 0 belongs to group 0 although the superblock is in block 1.
        let moved = u64::from(self.block_bytes == 1024 && index == 0 && self.first_block == 0);
        self.group_range(group).start + u64::from(self.has_superblock(group)) + moved
    }
}

fn checksums(raw: &[u8], incompatible: u32, read_only: u32) -> Result<Checksums, Refusal> {
    let uuid = raw.get(104..120).unwrap_or_default();
    if read_only & METADATA_CHECKSUMS != 0 {
        ensure(raw.get(373) == Some(&1), "its checksums are of an unknown kind")?;
        let sum = crc32c(u32::MAX, raw.get(..1020).unwrap_or_default());
        ensure(sum == le32(raw, 1020), "its superblock's checksum is wrong")?;
        let seeded = incompatible & CHECKSUM_SEED != 0;
        let seed = if seeded { le32(raw, 624) } else { crc32c(u32::MAX, uuid) };
        Ok(Checksums::Crc32c { seed })
    } else if read_only & GROUP_CHECKSUMS != 0 {
        Ok(Checksums::Crc16 { seed: crc16(u16::MAX, uuid) })
    } else {
        Ok(Checksums::None)
    }
}
