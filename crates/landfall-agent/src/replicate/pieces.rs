//! Reading ahead: ranges in pieces of at most a mebibyte, with their digests.

use std::{collections::VecDeque, sync::Arc};

use replication::{LEAF_BYTES, Leaf, LeafKey, Range, progress::Limit, range::EXTENT_BYTES};
use tokio::{
    task::{JoinHandle, spawn_blocking},
    time::Instant,
};

use super::{DiskSource, Meter, ReplicateError};

/// Pieces that are read, or whose answer is waited for, at once: 8 MiB of content.
pub(super) const AT_ONCE: usize = 8;

/// A range as it was read.
pub(super) struct Piece {
    pub(super) range: Range,
    /// `None` when it is a hole.
    pub(super) data: Option<Vec<u8>>,
    pub(super) leaves: Vec<Leaf>,
}

/// Reads ahead, in order.
pub(super) struct Pieces {
    disk: Arc<dyn DiskSource>,
    key: LeafKey,
    cut: Box<dyn Iterator<Item = Range> + Send>,
    reading: VecDeque<JoinHandle<Result<Piece, ReplicateError>>>,
    meter: Arc<Meter>,
}

impl Pieces {
    pub(super) fn new<I>(disk: Arc<dyn DiskSource>, key: LeafKey, ranges: I, meter: Arc<Meter>) -> Self
    where
        I: IntoIterator<Item = Range, IntoIter: Send + 'static>,
    {
        let cut = ranges.into_iter().flat_map(|range| range.pieces(EXTENT_BYTES));
        Self { disk, key, cut: Box::new(cut), reading: VecDeque::new(), meter }
    }

    pub(super) async fn next(&mut self) -> Result<Option<Piece>, ReplicateError> {
        while self.reading.len() < AT_ONCE {
            let Some(range) = self.cut.next() else { break };
            let (disk, key, meter) = (self.disk.clone(), self.key, self.meter.clone());
            self.reading.push_back(spawn_blocking(move || read(&*disk, &key, range, &meter)));
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

    pub(super) fn content(&self, range: Range) -> Vec<u8> {
        let begin = usize::try_from(range.offset() - self.range.offset()).unwrap_or(usize::MAX);
        let length = usize::try_from(range.length()).unwrap_or(usize::MAX);
        match self.data.as_deref().and_then(|data| data.get(begin..begin.saturating_add(length))) {
            Some(content) => content.to_vec(),
            None => vec![0; length],
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

fn read(disk: &dyn DiskSource, key: &LeafKey, range: Range, meter: &Meter) -> Result<Piece, ReplicateError> {
    step_back();
    let failed = |error| ReplicateError::Disk { offset: range.offset(), length: range.length(), error };
    if disk.is_hole(range).map_err(failed)? {
        let leaves = usize::try_from(range.leaves()).unwrap_or(usize::MAX);
        return Ok(Piece { range, data: None, leaves: vec![Leaf::ZERO; leaves] });
    }
    let begun = std::time::Instant::now();
    let data = disk.read(range).map_err(failed)?;
    meter.note_read(range.length(), begun.elapsed());
    let leaves = key.leaves(&data);
    Ok(Piece { range, data: Some(data), leaves })
}
