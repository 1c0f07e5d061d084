//! Reading ahead: ranges in pieces of at most a mebibyte, with their digests. Several threads read, each a mebibyte; short
//! pieces come many to a thread, since handing a block of 4 KiB from one to another costs more than reading it, and go
//! through its queue several at a time.

use std::{
    collections::VecDeque,
    io,
    iter::Peekable,
    sync::{Arc, Mutex, PoisonError},
};

use blockdev::direct::{Buffer, Place, Queue};
use bytes::Bytes;
use replication::{LEAF_BYTES, Leaf, LeafKey, Range, progress::Limit, range::EXTENT_BYTES};
use tokio::{
    task::{JoinHandle, spawn_blocking},
    time::Instant,
};

use super::{DiskSource, Meter, ReplicateError};

/// Batches that are read, or long pieces whose answer is waited for, at once: 8 MiB of content.
pub(super) const AT_ONCE: usize = 8;

/// Pieces of a batch at the most.
const BATCH_PIECES: usize = 32;

/// What the size of memory for content is a multiple of.
const ROOM_BYTES: usize = 64 << 10;

/// A range as it was read.
pub(super) struct Piece {
    pub(super) range: Range,
    /// `None` when it is a hole.
    pub(super) data: Option<Bytes>,
    pub(super) leaves: Vec<Leaf>,
}

/// Reads ahead, in order.
pub(super) struct Pieces {
    disk: Arc<dyn DiskSource>,
    key: LeafKey,
    cut: Peekable<Box<dyn Iterator<Item = Range> + Send>>,
    reading: VecDeque<JoinHandle<Result<Vec<Piece>, ReplicateError>>>,
    meter: Arc<Meter>,
    spare: Arc<Spare>,
}

/// What is read with and not in use now: making memory anew for each piece costs more than reading into it.
#[derive(Default)]
struct Spare {
    buffers: Mutex<Vec<Buffer>>,
    queues: Mutex<Vec<Queue>>,
}

/// Content in memory that is given back when nobody needs it any more.
struct Kept {
    buffer: Option<Buffer>,
    length: usize,
    spare: Arc<Spare>,
}

impl Pieces {
    pub(super) fn new<I>(disk: Arc<dyn DiskSource>, key: LeafKey, ranges: I, meter: Arc<Meter>) -> Self
    where
        I: IntoIterator<Item = Range, IntoIter: Send + 'static>,
    {
        let cut: Box<dyn Iterator<Item = Range> + Send> =
            Box::new(ranges.into_iter().flat_map(|range| range.pieces(EXTENT_BYTES)));
        Self { disk, key, cut: cut.peekable(), reading: VecDeque::new(), meter, spare: Arc::default() }
    }

    /// The pieces that come next, of a mebibyte together at the most; `None` when there are no more.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<Piece>>, ReplicateError> {
        while self.reading.len() < AT_ONCE {
            let batch = self.batch();
            if batch.is_empty() {
                break;
            }
            let (disk, key) = (self.disk.clone(), self.key);
            let (meter, spare) = (self.meter.clone(), self.spare.clone());
            self.reading.push_back(spawn_blocking(move || read(&*disk, &key, &batch, &meter, &spare)));
        }
        let Some(batch) = self.reading.pop_front() else { return Ok(None) };
        let begun = Instant::now();
        let batch = batch.await;
        self.meter.note_wait(Limit::SourceDisk, begun);
        match batch {
            Ok(batch) => batch.map(Some),
            Err(error) => Err(std::io::Error::other(error).into()),
        }
    }

    fn batch(&mut self) -> Vec<Range> {
        let mut batch = Vec::new();
        let mut bytes = 0;
        while batch.len() < BATCH_PIECES {
            let Some(range) = self.cut.next_if(|range| bytes + room(*range) <= EXTENT_BYTES) else { break };
            bytes += room(range);
            batch.push(range);
        }
        batch
    }
}

/// What a range takes in a batch's memory, where direct reads begin at multiples of a leaf.
const fn room(range: Range) -> u64 {
    range.length().next_multiple_of(LEAF_BYTES)
}

impl Piece {
    /// The part from one leaf to before another.
    pub(super) fn part(&self, first: usize, end: usize) -> Result<Range, ReplicateError> {
        let at = |leaf: usize| (self.range.offset() + leaf as u64 * LEAF_BYTES).min(self.range.end());
        Range::new(at(first), at(end) - at(first), EXTENT_BYTES)
            .map_err(|_| ReplicateError::Greeting("it wants leaves that there are not"))
    }

    pub(super) fn content(&self, range: Range) -> Bytes {
        let begin = usize::try_from(range.offset() - self.range.offset()).unwrap_or(usize::MAX);
        let length = usize::try_from(range.length()).unwrap_or(usize::MAX);
        match &self.data {
            Some(data) if begin.saturating_add(length) <= data.len() => data.slice(begin..begin + length),
            _ => vec![0; length].into(),
        }
    }
}

/// Makes the calling thread give way to production, from its first piece on.
pub(super) fn step_back() {
    thread_local!(static DONE: std::cell::Cell<bool> = const { std::cell::Cell::new(false) });
    if !DONE.replace(true) {
        // A refusal costs nothing but speed of others.
        let _ = blockdev::priority::stand_back();
    }
}

impl Spare {
    /// Memory for so many bytes, and not much more.
    fn take(&self, length: usize) -> io::Result<Buffer> {
        let room = length.next_multiple_of(ROOM_BYTES);
        let mut spare = self.buffers.lock().unwrap_or_else(PoisonError::into_inner);
        match spare.iter().position(|buffer| (room..=2 * room).contains(&buffer.len())) {
            Some(place) => Ok(spare.swap_remove(place)),
            None => Buffer::new(room).map_err(io::Error::other),
        }
    }

    fn put(&self, buffer: Buffer) {
        let mut spare = self.buffers.lock().unwrap_or_else(PoisonError::into_inner);
        if spare.len() < AT_ONCE {
            spare.push(buffer);
        }
    }

    /// Reads places of a disk, and keeps what they were read through.
    fn read(
        &self,
        disk: &dyn DiskSource,
        memory: &mut Buffer,
        places: &[Place],
    ) -> Result<(), ReplicateError> {
        let queue = self.queues.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut queue = queue.unwrap_or_default();
        disk.hold(&mut queue, memory, places)?;
        self.queues.lock().unwrap_or_else(PoisonError::into_inner).push(queue);
        Ok(())
    }
}

impl AsRef<[u8]> for Kept {
    fn as_ref(&self) -> &[u8] {
        self.buffer.as_deref().and_then(|memory| memory.get(..self.length)).unwrap_or_default()
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        if let Some(buffer) = self.buffer.take() {
            self.spare.put(buffer);
        }
    }
}

fn read(
    disk: &dyn DiskSource,
    key: &LeafKey,
    ranges: &[Range],
    meter: &Meter,
    spare: &Arc<Spare>,
) -> Result<Vec<Piece>, ReplicateError> {
    step_back();
    let bytes_of = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
    let failed = |range: Range| {
        move |error| ReplicateError::Disk { offset: range.offset(), length: range.length(), error }
    };
    let begun = std::time::Instant::now();
    // Where each piece is in the memory; `None` for a hole.
    let mut places = Vec::with_capacity(ranges.len());
    let mut end = 0;
    for range in ranges {
        let hole = disk.is_hole(*range).map_err(failed(*range))?;
        let place = Place { at: end, offset: range.offset(), bytes: bytes_of(range.length()) };
        end += if hole { 0 } else { bytes_of(room(*range)) };
        places.push((!hole).then_some(place));
    }
    let wanted: Vec<Place> = places.iter().flatten().copied().collect();
    let memory = match ranges.first() {
        Some(first) if !wanted.is_empty() => {
            let mut memory = spare.take(end).map_err(failed(*first))?;
            spare.read(disk, &mut memory, &wanted)?;
            Some(memory)
        }
        _ => None,
    };
    meter.note_read(wanted.iter().map(|place| place.bytes as u64).sum(), begun.elapsed());
    let data = memory
        .map(|buffer| Bytes::from_owner(Kept { buffer: Some(buffer), length: end, spare: spare.clone() }));
    let piece = |(range, place): (&Range, Option<Place>)| match (&data, place) {
        (Some(data), Some(place)) => {
            let data = data.slice(place.at..place.at + place.bytes);
            let leaves = key.leaves(&data);
            Piece { range: *range, data: Some(data), leaves }
        }
        _ => Piece { range: *range, data: None, leaves: vec![Leaf::ZERO; bytes_of(range.leaves())] },
    };
    Ok(ranges.iter().zip(places).map(piece).collect())
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{Arc, Mutex},
    };

    use blockdev::direct::{Buffer, Place, Queue};
    use replication::{Leaf, LeafKey, Range, progress::Tracking, range::EXTENT_BYTES};

    use super::{BATCH_PIECES, Pieces};
    use crate::replicate::{DiskSource, Meter, PlacesRead};

    const BYTES: u64 = 8 << 20;

    /// A disk whose every byte is the number of its leaf, but for a hole; it notes which memory is read into.
    #[derive(Default)]
    struct Numbered(Mutex<Vec<usize>>);

    impl DiskSource for Numbered {
        fn size(&self) -> u64 {
            BYTES
        }

        fn read(&self, _: Range) -> io::Result<Vec<u8>> {
            Err(io::ErrorKind::Unsupported.into())
        }

        fn hold(&self, _: &mut Queue, memory: &mut Buffer, places: &[Place]) -> PlacesRead {
            for place in places {
                self.0.lock().unwrap().push(place.at);
                for (number, byte) in (place.offset..).zip(&mut memory[place.at..place.at + place.bytes]) {
                    *byte = content(number);
                }
            }
            Ok(())
        }

        fn is_hole(&self, range: Range) -> io::Result<bool> {
            Ok(range.offset() == 40 * 8192)
        }
    }

    fn content(at: u64) -> u8 {
        u8::try_from(at / 4096 % 251).unwrap() + 1
    }

    #[tokio::test]
    async fn short_pieces_come_together_and_long_ones_alone() {
        let short = (0..50).map(|number| Range::new(number * 8192, 4096, u64::MAX).unwrap());
        // The last leaf of a disk may be shorter.
        let long = [(2 << 20, 3 << 20), (6 << 20, 512), (7 << 20, 4096)];
        let long = long.map(|(offset, length)| Range::new(offset, length, u64::MAX).unwrap());
        let meter = Arc::new(Meter::new(Tracking::Rescan { reason: String::new() }));
        let (disk, key) = (Arc::new(Numbered::default()), LeafKey::new([7; 32]));
        let ranges: Vec<Range> = short.chain(long).collect();
        let mut pieces = Pieces::new(disk.clone(), key, ranges.clone(), meter);
        let (mut sizes, mut all) = (Vec::new(), Vec::new());
        while let Some(batch) = pieces.next().await.unwrap() {
            sizes.push(batch.len());
            all.extend(batch);
        }
        assert_eq!(sizes, [BATCH_PIECES, 50 - BATCH_PIECES, 1, 1, 1, 2]);
        let expected: Vec<Range> = ranges.iter().flat_map(|range| range.pieces(EXTENT_BYTES)).collect();
        assert_eq!(all.iter().map(|piece| piece.range).collect::<Vec<_>>(), expected);
        assert!(disk.0.lock().unwrap().iter().all(|at| at % 4096 == 0), "direct reads need aligned memory");
        for piece in all {
            let expected: Vec<u8> = (piece.range.offset()..piece.range.end()).map(content).collect();
            if piece.range.offset() == 40 * 8192 {
                assert!(piece.data.is_none() && piece.leaves == [Leaf::ZERO]);
            } else {
                assert_eq!(piece.data.as_deref(), Some(&expected[..]));
                assert_eq!(piece.leaves, key.leaves(&expected));
            }
        }
    }
}
