//! Sending ranges of one disk.

use std::{collections::VecDeque, sync::Arc};

use replication::{Codec, LEAF_BYTES, Leaf, LeafKey, Range, codec::Packer, range::EXTENT_BYTES};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::oneshot,
    task::{JoinHandle, spawn_blocking},
};

use super::{DiskSource, Outlet, ReplicateError};

/// Pieces that are read, or whose answer is waited for, at once: 8 MiB of content.
const AT_ONCE: usize = 8;

/// The level of zstd when the center leaves it to the agent.
const USUAL_LEVEL: i32 = 1;

/// What a copy came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Copied {
    /// Bytes read from the disk.
    pub read_bytes: u64,
    /// Bytes of content sent, before packing.
    pub sent_bytes: u64,
    /// Bytes of content sent, as packed.
    pub packed_bytes: u64,
    /// Bytes that the center was told to be zeros.
    pub zero_bytes: u64,
}

/// Sends ranges of one disk through an outlet.
pub struct Copier {
    disk: Arc<dyn DiskSource>,
    number: u16,
    copied: Copied,
}

/// A range as it was read.
struct Piece {
    range: Range,
    /// `None` when it is a hole.
    data: Option<Vec<u8>>,
    leaves: Vec<Leaf>,
}

/// A piece that the center was asked about.
struct Asked {
    piece: Piece,
    question: Question,
    answer: oneshot::Receiver<Vec<u8>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Question {
    /// Does anything differ?
    Summary,
    /// Which leaves do?
    Offer,
}

impl Copier {
    /// Prepares to copy a disk that frames name by this number.
    pub fn new(disk: Arc<dyn DiskSource>, number: u16) -> Self {
        Self { disk, number, copied: Copied::default() }
    }

    /// What was copied so far.
    pub const fn copied(&self) -> Copied {
        self.copied
    }

    /// Sends ranges outright: for a copy that is empty. Zeros are passed over, since the copy has them already.
    pub async fn send<S>(
        &mut self,
        outlet: &mut Outlet<S>,
        ranges: impl IntoIterator<Item = Range, IntoIter: Send + 'static>,
    ) -> Result<(), ReplicateError>
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        let mut pieces = Pieces::new(self.disk.clone(), outlet.key(), ranges);
        while let Some(piece) = pieces.next().await? {
            self.note_read(&piece);
            let all: Vec<bool> = piece.leaves.iter().map(|leaf| *leaf != Leaf::ZERO).collect();
            self.send_leaves(outlet, &piece, &all).await?;
        }
        Ok(())
    }

    /// Asks by digests what the copy lacks of these ranges, and sends that.
    pub async fn compare<S>(
        &mut self,
        outlet: &mut Outlet<S>,
        ranges: impl IntoIterator<Item = Range, IntoIter: Send + 'static>,
    ) -> Result<(), ReplicateError>
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        let mut pieces = Pieces::new(self.disk.clone(), outlet.key(), ranges);
        let mut asked: VecDeque<Asked> = VecDeque::new();
        while let Some(piece) = pieces.next().await? {
            self.note_read(&piece);
            let answer = outlet.summary(self.number, piece.range, &piece.leaves).await?;
            asked.push_back(Asked { piece, question: Question::Summary, answer });
            while asked.len() >= AT_ONCE {
                self.settle(outlet, &mut asked).await?;
            }
        }
        while !asked.is_empty() {
            self.settle(outlet, &mut asked).await?;
        }
        Ok(())
    }

    /// Takes the answer about the piece that waits longest: asks on, sends, or is done with it.
    async fn settle<S>(
        &mut self,
        outlet: &mut Outlet<S>,
        asked: &mut VecDeque<Asked>,
    ) -> Result<(), ReplicateError>
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        let Some(Asked { piece, question, answer }) = asked.pop_front() else { return Ok(()) };
        let wanted = outlet.answer(answer).await?;
        match question {
            Question::Summary if wanted.first().is_none_or(|bits| bits & 1 == 0) => Ok(()),
            Question::Summary => {
                let answer = outlet.offer(self.number, piece.range.offset(), piece.leaves.clone()).await?;
                asked.push_back(Asked { piece, question: Question::Offer, answer });
                Ok(())
            }
            Question::Offer => {
                let bit = |leaf: usize| wanted.get(leaf / 8).is_some_and(|bits| bits >> (leaf % 8) & 1 == 1);
                let wanted: Vec<bool> = (0..piece.leaves.len()).map(bit).collect();
                self.send_leaves(outlet, &piece, &wanted).await
            }
        }
    }

    /// Sends the wanted leaves of a piece, neighbours together; those of zeros as such.
    async fn send_leaves<S>(
        &mut self,
        outlet: &mut Outlet<S>,
        piece: &Piece,
        wanted: &[bool],
    ) -> Result<(), ReplicateError>
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        let kind = |leaf: usize| wanted[leaf].then(|| piece.leaves[leaf] == Leaf::ZERO);
        let mut leaf = 0;
        while leaf < wanted.len() {
            let Some(zero) = kind(leaf) else {
                leaf += 1;
                continue;
            };
            let end = (leaf..wanted.len()).find(|next| kind(*next) != Some(zero)).unwrap_or(wanted.len());
            let range = piece.part(leaf, end)?;
            if zero {
                outlet.zeros(self.number, range).await?;
                self.copied.zero_bytes += range.length();
            } else {
                let content = piece.content(range);
                let packed = pack(content, outlet.settings().compression_level).await?;
                self.copied.sent_bytes += range.length();
                self.copied.packed_bytes += packed.1.len() as u64;
                outlet.extent(self.number, range, &piece.leaves[leaf..end], packed).await?;
            }
            leaf = end;
        }
        Ok(())
    }

    fn note_read(&mut self, piece: &Piece) {
        if piece.data.is_some() {
            self.copied.read_bytes += piece.range.length();
        }
    }
}

impl Piece {
    /// The part from one leaf to before another.
    fn part(&self, first: usize, end: usize) -> Result<Range, ReplicateError> {
        let at = |leaf: usize| (self.range.offset() + leaf as u64 * LEAF_BYTES).min(self.range.end());
        Range::new(at(first), at(end) - at(first), EXTENT_BYTES)
            .map_err(|_| ReplicateError::Greeting("it wants leaves that there are not"))
    }

    fn content(&self, range: Range) -> Vec<u8> {
        let begin = usize::try_from(range.offset() - self.range.offset()).unwrap_or(usize::MAX);
        let length = usize::try_from(range.length()).unwrap_or(usize::MAX);
        match self.data.as_deref().and_then(|data| data.get(begin..begin.saturating_add(length))) {
            Some(content) => content.to_vec(),
            None => vec![0; length],
        }
    }
}

/// Reads ahead, in order.
struct Pieces {
    disk: Arc<dyn DiskSource>,
    key: LeafKey,
    cut: Box<dyn Iterator<Item = Range> + Send>,
    reading: VecDeque<JoinHandle<Result<Piece, ReplicateError>>>,
}

impl Pieces {
    fn new<I>(disk: Arc<dyn DiskSource>, key: LeafKey, ranges: I) -> Self
    where
        I: IntoIterator<Item = Range, IntoIter: Send + 'static>,
    {
        let cut = ranges.into_iter().flat_map(|range| range.pieces(EXTENT_BYTES));
        Self { disk, key, cut: Box::new(cut), reading: VecDeque::new() }
    }

    async fn next(&mut self) -> Result<Option<Piece>, ReplicateError> {
        while self.reading.len() < AT_ONCE {
            let Some(range) = self.cut.next() else { break };
            let (disk, key) = (self.disk.clone(), self.key);
            self.reading.push_back(spawn_blocking(move || read(&*disk, &key, range)));
        }
        match self.reading.pop_front() {
            Some(piece) => match piece.await {
                Ok(piece) => piece.map(Some),
                Err(error) => Err(std::io::Error::other(error).into()),
            },
            None => Ok(None),
        }
    }
}

fn read(disk: &dyn DiskSource, key: &LeafKey, range: Range) -> Result<Piece, ReplicateError> {
    let failed = |error| ReplicateError::Disk { offset: range.offset(), length: range.length(), error };
    if disk.is_hole(range).map_err(failed)? {
        let leaves = usize::try_from(range.leaves()).unwrap_or(usize::MAX);
        return Ok(Piece { range, data: None, leaves: vec![Leaf::ZERO; leaves] });
    }
    let data = disk.read(range).map_err(failed)?;
    let leaves = key.leaves(&data);
    Ok(Piece { range, data: Some(data), leaves })
}

/// Packs content beside everything else.
async fn pack(content: Vec<u8>, level: Option<i32>) -> Result<(Codec, Vec<u8>), ReplicateError> {
    let level = level.unwrap_or(USUAL_LEVEL);
    if level == 0 {
        return Ok((Codec::Raw, content));
    }
    let packing = spawn_blocking(move || {
        let packed = Packer::new(level)?.pack(&content)?;
        Ok(packed.map_or((Codec::Raw, content), |packed| (Codec::Zstd, packed)))
    });
    packing.await.map_err(std::io::Error::other)?.map_err(ReplicateError::Pack)
}
