//! Reading ahead: ranges in pieces of at most a mebibyte, with their digests. Short pieces are read many at a time, since
//! handing a block of 4 KiB from thread to thread costs more than reading it.

use std::{
    collections::VecDeque,
    io,
    iter::Peekable,
    sync::{Arc, Mutex, PoisonError},
};

use blockdev::direct::Buffer;
use bytes::Bytes;
use replication::{LEAF_BYTES, Leaf, LeafKey, Range, progress::Limit, range::EXTENT_BYTES};
use tokio::{
    task::{JoinHandle, spawn_blocking},
    time::Instant,
};

use super::{DiskSource, Meter, ReplicateError};

/// Batches that are read, or long pieces whose answer is waited for, at once: 8 MiB of content.
pub(super) const AT_ONCE: usize = 8;

/// Pieces of a batch at the most. Their reads follow one another, so that a slow disk takes no more than it has to.
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

/// Memory for content that is not in use now. Making it anew for each piece costs more than reading into it.
#[derive(Default)]
struct Spare(Mutex<Vec<Buffer>>);

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
        let mut spare = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match spare.iter().position(|buffer| (room..=2 * room).contains(&buffer.len())) {
            Some(place) => Ok(spare.swap_remove(place)),
            None => Buffer::new(room).map_err(io::Error::other),
        }
    }

    fn put(&self, buffer: Buffer) {
        let mut spare = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if spare.len() < AT_ONCE {
            spare.push(buffer);
        }
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
    let (mut memory, mut bytes) = (None, 0);
    // Where each piece is in the memory; `None` for a hole.
    let mut places = Vec::with_capacity(ranges.len());
    let mut next = 0;
    for range in ranges {
        if disk.is_hole(*range).map_err(failed(*range))? {
            places.push(None);
            continue;
        }
        let buffer = match &mut memory {
            Some(buffer) => buffer,
            None => memory.insert(
                spare
                    .take(bytes_of(ranges.iter().map(|range| room(*range)).sum()))
                    .map_err(failed(*range))?,
            ),
        };
        disk.hold(buffer, next, *range).map_err(failed(*range))?;
        let end = next + bytes_of(range.length());
        places.push(Some(next..end));
        next += bytes_of(room(*range));
        bytes += range.length();
    }
    meter.note_read(bytes, begun.elapsed());
    let data = memory
        .map(|buffer| Bytes::from_owner(Kept { buffer: Some(buffer), length: next, spare: spare.clone() }));
    let piece = |(range, place): (&Range, Option<std::ops::Range<usize>>)| match (&data, place) {
        (Some(data), Some(place)) => {
            let data = data.slice(place);
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

    use blockdev::direct::Buffer;
    use replication::{Leaf, LeafKey, Range, progress::Tracking, range::EXTENT_BYTES};

    use super::{BATCH_PIECES, Pieces};
    use crate::replicate::{DiskSource, Meter};

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

        fn hold(&self, memory: &mut Buffer, at: usize, range: Range) -> io::Result<()> {
            self.0.lock().unwrap().push(at);
            for (number, byte) in (range.offset()..range.end()).zip(&mut memory[at..]) {
                *byte = content(number);
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
