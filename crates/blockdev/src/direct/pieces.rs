//! Cuts ranges into reads that fit a buffer and the device's alignment.

use std::ops::Range;

/// One read: what was asked for and how it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// What was asked for.
    pub(super) wanted: Range<u64>,
    /// First byte read; at most one block before what was asked for.
    pub(super) offset: u64,
    /// Bytes read, a multiple of the block.
    pub(super) bytes: usize,
}

/// Cuts at multiples of the buffer's size, so that a piece never grows over it by alignment.
pub(super) struct Pieces {
    ranges: Box<dyn Iterator<Item = Range<u64>> + Send>,
    rest: Range<u64>,
    buffer_bytes: u64,
    block_bytes: u64,
}

impl Pieces {
    pub(super) fn new(
        ranges: Box<dyn Iterator<Item = Range<u64>> + Send>,
        buffer_bytes: usize,
        block_bytes: u32,
    ) -> Self {
        Self { ranges, rest: 0..0, buffer_bytes: buffer_bytes as u64, block_bytes: u64::from(block_bytes) }
    }
}

impl Iterator for Pieces {
    type Item = Piece;

    fn next(&mut self) -> Option<Piece> {
        while self.rest.is_empty() {
            self.rest = self.ranges.next()?;
        }
        let start = self.rest.start;
        let boundary = (start / self.buffer_bytes + 1).saturating_mul(self.buffer_bytes);
        let end = self.rest.end.min(boundary);
        self.rest.start = end;
        let offset = start - start % self.block_bytes;
        let bytes = (end - offset).next_multiple_of(self.block_bytes);
        Some(Piece { wanted: start..end, offset, bytes: usize::try_from(bytes).unwrap_or(usize::MAX) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_cover_the_ranges_and_fit_a_buffer() {
        let ranges = vec![0..10, 4000..4100, 5..5, 8191..20_000];
        let pieces: Vec<_> = Pieces::new(Box::new(ranges.into_iter()), 8192, 512).collect();
        let wanted: Vec<_> = pieces.iter().map(|piece| piece.wanted.clone()).collect();
        assert_eq!(wanted, [0..10, 4000..4100, 8191..8192, 8192..16384, 16384..20_000]);
        for piece in pieces {
            assert!(piece.offset <= piece.wanted.start && piece.offset.is_multiple_of(512), "{piece:?}");
            assert!(piece.offset + piece.bytes as u64 >= piece.wanted.end, "{piece:?}");
            assert!(piece.bytes <= 8192 && piece.bytes.is_multiple_of(512), "{piece:?}");
        }
    }
}
