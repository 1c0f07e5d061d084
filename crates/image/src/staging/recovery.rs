//! Reading the copy itself: to compute digests anew, and to prove that copy and digests agree.

use std::io;

use replication::{LEAF_BYTES, Leaf, Range};
use rustix::fs::{Advice, SeekFrom, fadvise, seek};

use super::{MOST_BYTES, READ_BYTES, REGION_BYTES, Staging};
use crate::{
    StagingError,
    error::{During, FileError},
};

impl Staging {
    /// Computes the digests of marked regions from the copy; gives the bytes that were read for it.
    pub(super) fn recover(&self) -> Result<u64, StagingError> {
        let regions = self.marks().marked();
        let mut read = 0;
        if !regions.is_empty() {
            // What was written and could not be made durable may still be in memory, and is not to be believed.
            fadvise(&self.data, 0, None, Advice::DontNeed)
                .map_err(io::Error::from)
                .during("reading anew", &self.place.data())?;
        }
        for region in &regions {
            let begin = region * REGION_BYTES;
            let length = REGION_BYTES.min(self.size - begin);
            for piece in Range::new(begin, length, MOST_BYTES)?.pieces(READ_BYTES) {
                self.put_leaves(piece.first_leaf(), &self.key.leaves(&self.read(piece)?))?;
            }
            read += length;
        }
        if !regions.is_empty() {
            self.data.sync_data().during("syncing", &self.place.data())?;
            self.leaves.sync_data().during("syncing", &self.place.leaves())?;
            self.marks().recovered(&regions)?;
        }
        Ok(read)
    }

    /// Reads the whole copy and compares it with its digests, which came from the source; gives the leaves that
    /// differ, as ranges, and tells `progress` of every byte passed. Nothing may be written meanwhile.
    pub fn verify(&self, mut progress: impl FnMut(u64)) -> Result<Vec<Range>, StagingError> {
        let mut damaged: Vec<Range> = Vec::new();
        for piece in Range::new(0, self.size, MOST_BYTES)?.pieces(READ_BYTES) {
            let expected = self.leaves(piece)?;
            let found = if self.is_hole(piece)? {
                vec![Leaf::ZERO; expected.len()]
            } else {
                self.key.leaves(&self.read(piece)?)
            };
            for (leaf, _) in
                piece.pieces(LEAF_BYTES).zip(expected.iter().zip(&found)).filter(|(_, (a, b))| a != b)
            {
                match damaged.last_mut() {
                    Some(last) if last.end() == leaf.offset() => {
                        *last = Range::new(last.offset(), last.length() + leaf.length(), MOST_BYTES)?;
                    }
                    _ => damaged.push(leaf),
                }
            }
            progress(piece.length());
        }
        Ok(damaged)
    }

    /// Whether a range has no room on disk, so that reading it would give zeros.
    fn is_hole(&self, range: Range) -> Result<bool, FileError> {
        match seek(&self.data, SeekFrom::Data(range.offset())) {
            Ok(next) => Ok(next >= range.end()),
            // Nothing but a hole up to the end of the file.
            Err(rustix::io::Errno::NXIO) => Ok(true),
            Err(error) => Err(io::Error::from(error)).during("looking for holes in", &self.place.data()),
        }
    }
}
