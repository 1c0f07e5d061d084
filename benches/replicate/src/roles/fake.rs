//! A disk that is made up, since no machine has one that large to spare.

use std::io;

use blockdev::direct::{Buffer, Place, Queue};
use landfall_agent::replicate::{DiskSource, PlacesRead};
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

    fn hold(&self, _: &mut Queue, memory: &mut Buffer, places: &[Place]) -> PlacesRead {
        places.iter().try_for_each(|place| {
            let range = Range::new(place.offset, place.bytes as u64, self.size);
            let data =
                range.map_err(|_| io::ErrorKind::InvalidInput.into()).and_then(|range| self.read(range));
            let data = data.map_err(|error| (*place, error))?;
            let memory = place.at.checked_add(data.len()).and_then(|end| memory.get_mut(place.at..end));
            memory.ok_or((*place, io::ErrorKind::InvalidInput.into()))?.copy_from_slice(&data);
            Ok(())
        })
    }

    fn is_hole(&self, range: Range) -> io::Result<bool> {
        Ok(!(range.offset() / EXTENT_BYTES).is_multiple_of(CONTENT_EVERY))
    }
}
