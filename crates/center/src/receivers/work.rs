//! What a stream's blocking thread does with its frames, in their order.

use std::io;

use replication::{Frame, frame::Extent};
use tokio::sync::mpsc;

use super::{Ended, ReceiveError, Received, StagingSet, WINDOW_BYTES};

/// Content that is written at the most before it is made durable: half a window, so that the source sends the other
/// half meanwhile.
const CHECKPOINT_BYTES: u64 = WINDOW_BYTES / 2;

/// Works on frames until the run is complete or no more come. Answers go to the source; when they cannot, it is gone.
pub(super) fn work(
    set: &StagingSet,
    stream: u16,
    mut frames: mpsc::Receiver<Frame>,
    answers: &mpsc::Sender<Frame>,
) -> Result<Ended, ReceiveError> {
    let received = Received { stream, ..Received::default() };
    let mut worker = Worker { set, answers, received, unsynced: 0, last: 0 };
    while let Some(frame) = frames.blocking_recv() {
        if let Some(complete) = worker.take(frame)? {
            return Ok(Ended::Complete(complete));
        }
    }
    // What came is kept, even if its source does not hear of it.
    worker.checkpoint()?;
    Ok(Ended::Left(worker.received))
}

struct Worker<'a> {
    set: &'a StagingSet,
    answers: &'a mpsc::Sender<Frame>,
    received: Received,
    /// Bytes written since the last checkpoint.
    unsynced: u64,
    /// The last frame that was worked on.
    last: u64,
}

impl Worker<'_> {
    /// Works on one frame; gives what was received if it was the last.
    fn take(&mut self, frame: Frame) -> Result<Option<Received>, ReceiveError> {
        match frame {
            Frame::Extent(extent) => {
                self.follow(extent.sequence)?;
                self.write(&extent)?;
            }
            Frame::Zero { sequence, disk, range } => {
                self.follow(sequence)?;
                self.disk(disk)?.write_zeros(range)?;
                self.received.zero_bytes += range.length();
            }
            Frame::Offer { sequence, disk, offset, leaves } => {
                self.follow(sequence)?;
                let wanted = self.disk(disk)?.wanted(offset, &leaves)?;
                self.received.compared_leaves += leaves.len() as u64;
                self.answer(Frame::Want { sequence, wanted })?;
            }
            Frame::Summary { sequence, disk, range, digest } => {
                self.follow(sequence)?;
                let differs = self.disk(disk)?.differs(range, &digest)?;
                self.received.compared_leaves += range.leaves();
                self.answer(Frame::Want { sequence, wanted: vec![u8::from(differs)] })?;
            }
            Frame::Sync { sequence } => {
                self.follow(sequence)?;
                self.acknowledge()?;
            }
            Frame::Done { sequence } => {
                self.follow(sequence)?;
                self.acknowledge()?;
                return Ok(Some(self.received));
            }
            Frame::Hello(_) => return Err(ReceiveError::Order("a stream begins once")),
            Frame::Welcome(_)
            | Frame::Durable { .. }
            | Frame::Want { .. }
            | Frame::Settings(_)
            | Frame::Failed(_) => return Err(ReceiveError::Order("only a center sends such frames")),
        }
        if self.unsynced >= CHECKPOINT_BYTES {
            self.acknowledge()?;
        }
        Ok(None)
    }

    fn write(&mut self, extent: &Extent) -> Result<(), ReceiveError> {
        let (data, leaves) = extent.open(&self.set.key)?;
        self.disk(extent.disk)?.write(extent.range, &data, &leaves)?;
        self.received.content_bytes += extent.range.length();
        self.received.packed_bytes += extent.payload.len() as u64;
        self.unsynced += extent.range.length();
        Ok(())
    }

    fn disk(&self, number: u16) -> Result<&image::Staging, ReceiveError> {
        self.set.disks.get(usize::from(number)).ok_or(ReceiveError::NoDisk(number))
    }

    /// Frames are numbered from 1 without gaps: one that was lost or came twice would be noticed.
    fn follow(&mut self, sequence: u64) -> Result<(), ReceiveError> {
        if sequence != self.last + 1 {
            return Err(ReceiveError::Order("its number is not the next"));
        }
        self.last = sequence;
        Ok(())
    }

    fn acknowledge(&mut self) -> Result<(), ReceiveError> {
        self.checkpoint()?;
        self.answer(Frame::Durable { sequence: self.last })
    }

    fn checkpoint(&mut self) -> Result<(), ReceiveError> {
        for disk in &self.set.disks {
            disk.checkpoint()?;
        }
        self.unsynced = 0;
        Ok(())
    }

    fn answer(&self, frame: Frame) -> Result<(), ReceiveError> {
        let gone =
            |_| io::Error::new(io::ErrorKind::BrokenPipe, "the source does not listen any more").into();
        self.answers.blocking_send(frame).map_err(gone)
    }
}
