//! Places on a disk.

/// Bytes of a leaf: the least that is compared and sent.
pub const LEAF_BYTES: u64 = 4096;

/// Bytes of a block: what is read at once during a freeze, and what is kept of marks between runs. A block has 16 leaves.
pub const BLOCK_BYTES: u64 = 65_536;

/// Bytes that one extent carries at the most.
pub const EXTENT_BYTES: u64 = 1 << 20;

/// Bytes that one offer or summary covers at the most.
pub const COMPARED_BYTES: u64 = 16 << 20;

/// A part of a disk: it begins on a leaf, is not empty, and does not pass the end of what can be addressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Range {
    offset: u64,
    length: u64,
}

/// Why something is no part of a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RangeError {
    /// It begins inside a leaf.
    #[error("the range at {0} does not begin on a multiple of {LEAF_BYTES}")]
    Unaligned(u64),
    /// It has no bytes, or more than fit.
    #[error("the range at {offset} has {length} bytes; from 1 to {most} are allowed")]
    Length {
        /// Where it begins.
        offset: u64,
        /// How long it would be.
        length: u64,
        /// How long it may be.
        most: u64,
    },
    /// It ends inside a leaf that is not the disk's last, or behind the disk.
    #[error("the range of {length} bytes at {offset} does not fit a disk of {disk} bytes")]
    OffDisk {
        /// Where it begins.
        offset: u64,
        /// How long it is.
        length: u64,
        /// The disk's size.
        disk: u64,
    },
}

impl Range {
    /// Makes a range of at most `most` bytes. Whether it lies on the disk is for [`Range::on_disk`].
    pub const fn new(offset: u64, length: u64, most: u64) -> Result<Self, RangeError> {
        if !offset.is_multiple_of(LEAF_BYTES) {
            return Err(RangeError::Unaligned(offset));
        }
        if length == 0 || length > most || offset.checked_add(length).is_none() {
            return Err(RangeError::Length { offset, length, most });
        }
        Ok(Self { offset, length })
    }

    /// Checks that the range lies on a disk of this size and ends on a leaf, or with the disk.
    pub const fn on_disk(self, disk: u64) -> Result<Self, RangeError> {
        let end = self.offset + self.length;
        if end > disk || (!end.is_multiple_of(LEAF_BYTES) && end != disk) {
            return Err(RangeError::OffDisk { offset: self.offset, length: self.length, disk });
        }
        Ok(self)
    }

    /// The first byte.
    pub const fn offset(self) -> u64 {
        self.offset
    }

    /// How many bytes.
    pub const fn length(self) -> u64 {
        self.length
    }

    /// The first byte behind it.
    pub const fn end(self) -> u64 {
        self.offset + self.length
    }

    /// The number of its first leaf on the disk.
    pub const fn first_leaf(self) -> u64 {
        self.offset / LEAF_BYTES
    }

    /// How many leaves it touches.
    pub const fn leaves(self) -> u64 {
        self.length.div_ceil(LEAF_BYTES)
    }

    /// Cuts the range into pieces of at most `most` bytes, a multiple of [`LEAF_BYTES`].
    pub fn pieces(self, most: u64) -> impl Iterator<Item = Self> {
        let most = (most / LEAF_BYTES).max(1) * LEAF_BYTES;
        (0..self.length.div_ceil(most)).map(move |piece| {
            let offset = self.offset + piece * most;
            Self { offset, length: most.min(self.end() - offset) }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Range, RangeError};

    #[test]
    fn ranges_begin_and_end_on_leaves_or_with_the_disk() {
        for (offset, length, disk, expected) in [
            (0, 4096, 8192, None),
            (4096, 512, 4608, None),
            (4096, 512, 8192, Some(RangeError::OffDisk { offset: 4096, length: 512, disk: 8192 })),
            (4096, 8192, 8192, Some(RangeError::OffDisk { offset: 4096, length: 8192, disk: 8192 })),
            (512, 4096, 8192, Some(RangeError::Unaligned(512))),
            (0, 0, 8192, Some(RangeError::Length { offset: 0, length: 0, most: 1 << 20 })),
            (
                0,
                (1 << 20) + 1,
                1 << 30,
                Some(RangeError::Length { offset: 0, length: (1 << 20) + 1, most: 1 << 20 }),
            ),
        ] {
            let made = Range::new(offset, length, 1 << 20).and_then(|range| range.on_disk(disk));
            assert_eq!(made.err(), expected, "{offset} {length} {disk}");
        }
        let last = u64::MAX - 4095;
        assert!(Range::new(last, 4096, u64::MAX).is_err());
    }

    #[test]
    fn pieces_cover_a_range_without_gaps() {
        let range = Range::new(8192, 10_000, 1 << 20).unwrap();
        let pieces: Vec<(u64, u64)> =
            range.pieces(4096).map(|piece| (piece.offset(), piece.length())).collect();
        assert_eq!(pieces, [(8192, 4096), (12_288, 4096), (16_384, 1808)]);
        assert_eq!((range.first_leaf(), range.leaves(), range.end()), (2, 3, 18_192));
    }
}
