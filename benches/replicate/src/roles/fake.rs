//! A disk that is made up, since no machine has one that large to spare.

use std::io;

use blockdev::direct::Buffer;
use landfall_agent::replicate::DiskSource;
use replication::{Range, range::EXTENT_BYTES};

/// Of so many pieces of a mebibyte, one has content: the others are holes.
const CONTENT_EVERY: u64 = 8192;

/// A disk of holes with some content, different at every place.
pub(super) struct Fake {
    pub(super) size: u64,
}

impl DiskSource for Fake {
    fn size(&self) -> u64 {
        self.size
    }

    fn read(&self, range: Range) -> io::Result<Vec<u8>> {
        let words = range.offset() / 8..range.end().div_ceil(8);
        // A mixture that zstd finds nothing in.
        Ok(words
            .flat_map(|word| (word.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ word.rotate_left(29)).to_le_bytes())
            .collect())
    }

    fn hold(&self, memory: &mut Buffer, at: usize, range: Range) -> io::Result<()> {
        let data = self.read(range)?;
        let place = at.checked_add(data.len()).and_then(|end| memory.get_mut(at..end));
        place.ok_or(io::ErrorKind::InvalidInput)?.copy_from_slice(&data);
        Ok(())
    }

    fn is_hole(&self, range: Range) -> io::Result<bool> {
        Ok(!(range.offset() / EXTENT_BYTES).is_multiple_of(CONTENT_EVERY))
    }
}
