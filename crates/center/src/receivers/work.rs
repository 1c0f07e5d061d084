//! What a stream's blocking thread does with its frames, in their order, while a second one makes durable what it wrote.

use std::{io, sync::mpsc as blocking, thread};

use replication::{Frame, frame::Extent};
use tokio::sync::mpsc;

use super::{Ended, Queued, ReceiveError, Received, StagingSet, WINDOW_BYTES};

/// Content that is written at the most before it is made durable: half a window, so that the source sends the other
/// half meanwhile.
const CHECKPOINT_BYTES: u64 = WINDOW_BYTES / 2;

/// Works on frames until the run is complete or no more come. Answers go to the source; when they cannot, it is gone.
pub(super) fn work(
    set: &StagingSet,
    stream: u16,
    mut frames: mpsc::Receiver<Queued>,
    answers: &mpsc::Sender<Frame>,
) -> Result<Ended, ReceiveError> {
    let received = Received { stream, ..Received::default() };
    thread::scope(|scope| {
        // Without room: one checkpoint runs, and the next is waited with until it has.
        let (checkpoints, wanted) = blocking::sync_channel(0);
        let durable = thread::Builder::new()
            .name("checkpoints".to_owned())
            .spawn_scoped(scope, move || make_durable(set, wanted, answers))?;
        let mut worker = Worker { set, answers, checkpoints, received, unsynced: 0, last: 0 };
        let outcome = worker.all(&mut frames);
        // Ends the other thread once what it was asked for is done.
        drop(worker);
        // Its failure is the reason for which this one could not go on.
        durable.join().unwrap_or(Err(ReceiveError::Worker)).and(outcome)
    })
}

/// Makes durable what was written before it was asked, and tells the source up to which frame that is.
fn make_durable(
    set: &StagingSet,
    wanted: blocking::Receiver<Checkpoint>,
    answers: &mpsc::Sender<Frame>,
) -> Result<(), ReceiveError> {
    for Checkpoint { sequence, done } in wanted {
        for disk in &set.disks {
            disk.checkpoint()?;
        }
        if let Some(sequence) = sequence {
            answer(answers, Frame::Durable { sequence })?;
        }
        if let Some(done) = done {
            // Who asked waits for it.
            let _ = done.send(());
        }
    }
    Ok(())
}

/// What is to be made durable.
struct Checkpoint {
    /// The last frame that is worked on; the source is told. `None` when it is gone.
    sequence: Option<u64>,
    /// Told when it is done.
    done: Option<blocking::SyncSender<()>>,
}

struct Worker<'a> {
    set: &'a StagingSet,
    answers: &'a mpsc::Sender<Frame>,
    checkpoints: blocking::SyncSender<Checkpoint>,
    received: Received,
    /// Bytes written since the last checkpoint.
    unsynced: u64,
    /// The last frame that was worked on.
    last: u64,
}

impl Worker<'_> {
    fn all(&mut self, frames: &mut mpsc::Receiver<Queued>) -> Result<Ended, ReceiveError> {
        while let Some(queued) = frames.blocking_recv() {
            if let Some(complete) = self.take(queued.frame)? {
                return Ok(Ended::Complete(complete));
            }
        }
        // What came is kept, even if its source does not hear of it.
        self.checkpoint(None, true)?;
        Ok(Ended::Left(self.received))
    }

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
                answer(self.answers, Frame::Want { sequence, wanted })?;
            }
            Frame::Summary { sequence, disk, range, digest } => {
                self.follow(sequence)?;
                let differs = self.disk(disk)?.differs(range, &digest)?;
                self.received.compared_leaves += range.leaves();
                answer(self.answers, Frame::Want { sequence, wanted: vec![u8::from(differs)] })?;
            }
            Frame::Sync { sequence } => {
                self.follow(sequence)?;
                self.checkpoint(Some(sequence), true)?;
            }
            Frame::Done { sequence } => {
                self.follow(sequence)?;
                self.checkpoint(Some(sequence), true)?;
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
            self.checkpoint(Some(self.last), false)?;
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

    /// Has everything made durable that was written; comes back when that has begun, or when it is done.
    fn checkpoint(&mut self, sequence: Option<u64>, to_its_end: bool) -> Result<(), ReceiveError> {
        let (done, waiting) = blocking::sync_channel(1);
        let checkpoint = Checkpoint { sequence, done: to_its_end.then_some(done) };
        // Whoever makes durable ends early only with an error of its own, which is the one that is reported.
        self.checkpoints.send(checkpoint).map_err(|_| ReceiveError::Worker)?;
        self.unsynced = 0;
        if to_its_end {
            waiting.recv().map_err(|_| ReceiveError::Worker)?;
        }
        Ok(())
    }
}

fn answer(answers: &mpsc::Sender<Frame>, frame: Frame) -> Result<(), ReceiveError> {
    let gone = |_| io::Error::new(io::ErrorKind::BrokenPipe, "the source does not listen any more").into();
    answers.blocking_send(frame).map_err(gone)
}
