//! Reading ahead: ranges in pieces of at most a mebibyte, with their digests.

use std::{
    collections::VecDeque,
    io,
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

/// Pieces that are read, or whose answer is waited for, at once: 8 MiB of content.
pub(super) const AT_ONCE: usize = 8;

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
    cut: Box<dyn Iterator<Item = Range> + Send>,
    reading: VecDeque<JoinHandle<Result<Piece, ReplicateError>>>,
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
        let cut = ranges.into_iter().flat_map(|range| range.pieces(EXTENT_BYTES));
        Self { disk, key, cut: Box::new(cut), reading: VecDeque::new(), meter, spare: Arc::default() }
    }

    pub(super) async fn next(&mut self) -> Result<Option<Piece>, ReplicateError> {
        while self.reading.len() < AT_ONCE {
            let Some(range) = self.cut.next() else { break };
            let (disk, key) = (self.disk.clone(), self.key);
            let (meter, spare) = (self.meter.clone(), self.spare.clone());
            self.reading.push_back(spawn_blocking(move || read(&*disk, &key, range, &meter, &spare)));
        }
        let Some(piece) = self.reading.pop_front() else { return Ok(None) };
        let begun = Instant::now();
        let piece = piece.await;
        self.meter.note_wait(Limit::SourceDisk, begun);
        match piece {
            Ok(piece) => piece.map(Some),
            Err(error) => Err(std::io::Error::other(error).into()),
        }
    }
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
    range: Range,
    meter: &Meter,
    spare: &Arc<Spare>,
) -> Result<Piece, ReplicateError> {
    step_back();
    let failed = |error| ReplicateError::Disk { offset: range.offset(), length: range.length(), error };
    if disk.is_hole(range).map_err(failed)? {
        let leaves = usize::try_from(range.leaves()).unwrap_or(usize::MAX);
        return Ok(Piece { range, data: None, leaves: vec![Leaf::ZERO; leaves] });
    }
    let begun = std::time::Instant::now();
    let length = usize::try_from(range.length()).unwrap_or(usize::MAX);
    let mut buffer = spare.take(length).map_err(failed)?;
    disk.hold(&mut buffer, 0, range).map_err(failed)?;
    meter.note_read(range.length(), begun.elapsed());
    let data = Bytes::from_owner(Kept { buffer: Some(buffer), length, spare: spare.clone() });
    let leaves = key.leaves(&data);
    Ok(Piece { range, data: Some(data), leaves })
}
