//! Sending ranges of one disk.

use std::{collections::VecDeque, sync::Arc};

use replication::{Leaf, Range, progress::Tracking, range::EXTENT_BYTES};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::oneshot,
};

use super::{
    DiskSource, Meter, Outlet, ReplicateError,
    packing::Packing,
    pieces::{AT_ONCE, Piece, Pieces},
};

/// Answers waited for at once: enough blocks of 4 KiB to fill a link that is far away.
const MOST_ASKED: usize = 1024;

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
    meter: Arc<Meter>,
    packing: Packing,
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
        let meter = Meter::new(Tracking::Rescan { reason: "not asked for".to_owned() });
        Self::among(disk, number, Arc::new(meter))
    }

    /// As [`Copier::new`], counting with others.
    pub fn among(disk: Arc<dyn DiskSource>, number: u16, meter: Arc<Meter>) -> Self {
        let packing = Packing::new(meter.clone());
        Self { disk, number, copied: Copied::default(), meter, packing }
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
        let mut pieces = Pieces::new(self.disk.clone(), outlet.key(), ranges, self.meter.clone());
        while let Some(batch) = pieces.next().await? {
            for piece in batch {
                self.note_read(&piece);
                let all: Vec<bool> = piece.leaves.iter().map(|leaf| *leaf != Leaf::ZERO).collect();
                self.send_leaves(outlet, &piece, &all).await?;
                self.meter.note_through(self.number, piece.range.length());
            }
        }
        Ok(())
    }

    /// Asks by digests what the copy lacks of these ranges, and sends that: for ranges of which most is the same.
    pub async fn compare<S>(
        &mut self,
        outlet: &mut Outlet<S>,
        ranges: impl IntoIterator<Item = Range, IntoIter: Send + 'static>,
    ) -> Result<(), ReplicateError>
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        self.ask_all(outlet, ranges, Question::Summary).await
    }

    /// Asks leaf by leaf what the copy lacks of these ranges, and sends that: for blocks that changed.
    pub async fn offer<S>(
        &mut self,
        outlet: &mut Outlet<S>,
        ranges: impl IntoIterator<Item = Range, IntoIter: Send + 'static>,
    ) -> Result<(), ReplicateError>
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        self.ask_all(outlet, ranges, Question::Offer).await
    }

    /// As [`Copier::offer`] for content that was read before.
    pub(super) async fn offer_held<S>(
        &mut self,
        outlet: &mut Outlet<S>,
        held: impl IntoIterator<Item = (Range, Vec<u8>), IntoIter: Send>,
    ) -> Result<(), ReplicateError>
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        let mut asked = VecDeque::new();
        for (range, data) in held {
            let leaves = outlet.key().leaves(&data);
            self.ask(outlet, Piece { range, data: Some(data.into()), leaves }, Question::Offer, &mut asked)
                .await?;
        }
        self.settle_all(outlet, asked).await
    }

    async fn ask_all<S>(
        &mut self,
        outlet: &mut Outlet<S>,
        ranges: impl IntoIterator<Item = Range, IntoIter: Send + 'static>,
        question: Question,
    ) -> Result<(), ReplicateError>
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        let mut pieces = Pieces::new(self.disk.clone(), outlet.key(), ranges, self.meter.clone());
        let mut asked = VecDeque::new();
        while let Some(batch) = pieces.next().await? {
            for piece in batch {
                self.note_read(&piece);
                self.ask(outlet, piece, question, &mut asked).await?;
            }
            // The center answers while more is read.
            outlet.flush().await?;
            while let Some(answered) = answered(&mut asked) {
                self.settle(outlet, answered, &mut asked).await?;
            }
        }
        self.settle_all(outlet, asked).await
    }

    /// Asks about a piece; takes answers when enough are waited for.
    async fn ask<S>(
        &mut self,
        outlet: &mut Outlet<S>,
        piece: Piece,
        question: Question,
        asked: &mut VecDeque<Asked>,
    ) -> Result<(), ReplicateError>
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        let answer = match question {
            Question::Summary => outlet.summary(self.number, piece.range, &piece.leaves).await?,
            Question::Offer => outlet.offer(self.number, piece.range.offset(), piece.leaves.clone()).await?,
        };
        asked.push_back(Asked { piece, question, answer });
        while bytes_of(asked) >= AT_ONCE as u64 * EXTENT_BYTES || asked.len() >= MOST_ASKED {
            self.settle_next(outlet, asked).await?;
        }
        Ok(())
    }

    async fn settle_all<S>(
        &mut self,
        outlet: &mut Outlet<S>,
        mut asked: VecDeque<Asked>,
    ) -> Result<(), ReplicateError>
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        while !asked.is_empty() {
            self.settle_next(outlet, &mut asked).await?;
        }
        Ok(())
    }

    /// Waits for the answer about the piece that waits longest.
    async fn settle_next<S>(
        &mut self,
        outlet: &mut Outlet<S>,
        asked: &mut VecDeque<Asked>,
    ) -> Result<(), ReplicateError>
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        let Some(Asked { piece, question, answer }) = asked.pop_front() else { return Ok(()) };
        let wanted = outlet.answer(answer).await?;
        self.settle(outlet, (piece, question, wanted), asked).await
    }

    /// Does what an answer about a piece says: asks on, sends, or is done with it.
    async fn settle<S>(
        &mut self,
        outlet: &mut Outlet<S>,
        (piece, question, wanted): (Piece, Question, Vec<u8>),
        asked: &mut VecDeque<Asked>,
    ) -> Result<(), ReplicateError>
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        match question {
            Question::Summary if wanted.first().is_none_or(|bits| bits & 1 == 0) => {
                self.meter.note_through(self.number, piece.range.length());
                Ok(())
            }
            Question::Summary => {
                let answer = outlet.offer(self.number, piece.range.offset(), piece.leaves.clone()).await?;
                asked.push_back(Asked { piece, question: Question::Offer, answer });
                Ok(())
            }
            Question::Offer => {
                let bit = |leaf: usize| wanted.get(leaf / 8).is_some_and(|bits| bits >> (leaf % 8) & 1 == 1);
                let wanted: Vec<bool> = (0..piece.leaves.len()).map(bit).collect();
                self.send_leaves(outlet, &piece, &wanted).await?;
                self.meter.note_through(self.number, piece.range.length());
                Ok(())
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
                self.meter.note_zeros(range.length());
            } else {
                let content = piece.content(range);
                let level = outlet.settings().compression_level;
                let packed = self.packing.pack(content, level, outlet.link_rate()).await?;
                self.copied.sent_bytes += range.length();
                self.meter.note_sent(range.length(), packed.1.len() as u64);
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

/// The piece that waits longest with its answer, if that is there.
fn answered(asked: &mut VecDeque<Asked>) -> Option<(Piece, Question, Vec<u8>)> {
    let wanted = asked.front_mut()?.answer.try_recv().ok()?;
    asked.pop_front().map(|Asked { piece, question, .. }| (piece, question, wanted))
}

fn bytes_of(asked: &VecDeque<Asked>) -> u64 {
    asked.iter().map(|asked| asked.piece.range.length()).sum()
}
