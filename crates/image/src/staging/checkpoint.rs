//! Making durable what was written, while more is written.
//!
//! Several streams write to one disk, and each asks for what it wrote to be made durable. A checkpoint that began after they asked
//! serves all of them, so that the disk is told once rather than once for each.

use std::{
    io,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use super::Staging;
use crate::{StagingError, error::During};

/// The checkpoints of one disk, numbered from 1.
#[derive(Debug, Default)]
pub(super) struct Checkpoints {
    /// The last that began.
    begun: AtomicU64,
    /// The last that came to its end; held by the one that is under way.
    ended: Mutex<Ended>,
}

#[derive(Debug, Default)]
struct Ended {
    last: u64,
    /// How one failed. The system tells of a write that it could not keep only once, so whatever a later one says,
    /// something may be missing.
    failed: Option<io::ErrorKind>,
}

impl Staging {
    /// Makes everything durable whose write has returned. Waits for another checkpoint that has begun. After one that
    /// failed, all fail, until the disk is opened again.
    pub fn checkpoint(&self) -> Result<(), StagingError> {
        let asked = self.checkpoints.begun.load(Ordering::SeqCst);
        match self.begin_checkpoint(asked)? {
            Some(checkpoint) => checkpoint.end(),
            None => Ok(()),
        }
    }

    /// Begins a checkpoint, unless one that began after number `asked` has come to its end meanwhile.
    fn begin_checkpoint(&self, asked: u64) -> Result<Option<Checkpoint<'_>>, StagingError> {
        let alone = self.checkpoints.ended.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kind) = alone.failed {
            let failed = io::Error::new(kind, "an earlier attempt failed, and what it lost is not known");
            return Ok(Err(failed).during("syncing", &self.place.data())?);
        }
        if alone.last > asked {
            return Ok(None);
        }
        // Writes that have begun must end first: their marks are about to be taken away.
        let _still = self.writing.write().unwrap_or_else(PoisonError::into_inner);
        let number = self.checkpoints.begun.fetch_add(1, Ordering::SeqCst) + 1;
        self.marks().begin_checkpoint();
        Ok(Some(Checkpoint { staging: self, number, alone }))
    }
}

/// A checkpoint that has begun. One at a time: the end of an earlier one would take away the mark of a region that was
/// written to since, and that only the later one makes durable.
struct Checkpoint<'a> {
    staging: &'a Staging,
    number: u64,
    alone: MutexGuard<'a, Ended>,
}

impl Checkpoint<'_> {
    fn end(mut self) -> Result<(), StagingError> {
        let synced = self.staging.sync();
        if let Err(error) = &synced {
            let full = error.is_full();
            self.alone.failed = Some(if full { io::ErrorKind::StorageFull } else { io::ErrorKind::Other });
        }
        synced?;
        self.staging.marks().end_checkpoint()?;
        self.alone.last = self.number;
        Ok(())
    }
}

impl Staging {
    /// Copy and digests together, since a filesystem's journal can take both in one step.
    fn sync(&self) -> Result<(), StagingError> {
        let Self { data, leaves, place, .. } = self;
        thread::scope(|scope| {
            let digests = thread::Builder::new()
                .name("digests".to_owned())
                .spawn_scoped(scope, || leaves.sync_data())
                .during("syncing", &place.leaves())?;
            data.sync_data().during("syncing", &place.data())?;
            let synced =
                digests.join().unwrap_or_else(|_| Err(io::Error::other("the thread ended unexpectedly")));
            Ok(synced.during("syncing", &place.leaves())?)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, thread, time::Duration};

    use replication::{LeafKey, Range};

    use crate::staging::{Place, REGION_BYTES, Staging};

    fn disk(directory: &std::path::Path) -> Staging {
        Staging::create(Place::new(directory, 0), REGION_BYTES, LeafKey::new([7; 32])).unwrap()
    }

    fn write(staging: &Staging) {
        staging.write_zeros(Range::new(0, 4096, REGION_BYTES).unwrap()).unwrap();
    }

    #[test]
    fn a_mark_stays_until_what_it_stands_for_is_durable_whatever_other_checkpoints_do() {
        let directory = tempfile::tempdir().unwrap();
        let staging = &disk(directory.path());
        write(staging);
        let first = staging.begin_checkpoint(0).unwrap().unwrap();
        write(staging);
        thread::scope(|scope| {
            let (begun, second) = mpsc::channel();
            scope.spawn(move || {
                // It asks after the first began, so that the first is none of its own.
                let checkpoint = staging.begin_checkpoint(1).unwrap().unwrap();
                begun.send(()).unwrap();
                checkpoint.end().unwrap();
            });
            // Were it not to wait, it would take the second write for its own, and the first would take its mark away.
            second.recv_timeout(Duration::from_millis(100)).unwrap_err();
            first.end().unwrap();
            assert_eq!(staging.marks().marked().len(), 1);
            second.recv().unwrap();
        });
        assert_eq!(staging.marks().marked().len(), 0);
    }

    #[test]
    fn who_asked_before_a_checkpoint_began_is_served_by_it_and_who_asks_later_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let staging = disk(directory.path());
        staging.begin_checkpoint(0).unwrap().unwrap().end().unwrap();
        assert!(staging.begin_checkpoint(0).unwrap().is_none(), "the first began after it was asked for");
        assert!(staging.begin_checkpoint(1).unwrap().is_some(), "what was written since is not durable yet");
    }

    #[test]
    fn what_could_not_be_made_durable_is_never_said_to_be() {
        let directory = tempfile::tempdir().unwrap();
        let staging = disk(directory.path());
        staging.checkpoints.ended.lock().unwrap().failed = Some(std::io::ErrorKind::Other);
        let refused = staging.checkpoint().unwrap_err().to_string();
        assert!(refused.contains("an earlier attempt failed"), "{refused}");
    }
}
