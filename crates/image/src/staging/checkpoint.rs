//! Making durable what was written, while more is written.

use std::sync::{MutexGuard, PoisonError};

use super::Staging;
use crate::{StagingError, error::During};

impl Staging {
    /// Makes everything durable whose write has returned. Waits for another checkpoint that has begun.
    pub fn checkpoint(&self) -> Result<(), StagingError> {
        self.begin_checkpoint().end()
    }

    fn begin_checkpoint(&self) -> Checkpoint<'_> {
        let alone = self.checkpoint.lock().unwrap_or_else(PoisonError::into_inner);
        // Writes that have begun must end first: their marks are about to be taken away.
        let _still = self.writing.write().unwrap_or_else(PoisonError::into_inner);
        self.marks().begin_checkpoint();
        Checkpoint { staging: self, _alone: alone }
    }
}

/// A checkpoint that has begun. One at a time: the end of an earlier one would take away the mark of a region that was
/// written to since, and that only the later one makes durable.
struct Checkpoint<'a> {
    staging: &'a Staging,
    _alone: MutexGuard<'a, ()>,
}

impl Checkpoint<'_> {
    fn end(self) -> Result<(), StagingError> {
        let Staging { data, leaves, place, .. } = self.staging;
        data.sync_data().during("syncing", &place.data())?;
        leaves.sync_data().during("syncing", &place.leaves())?;
        self.staging.marks().end_checkpoint()
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, thread, time::Duration};

    use replication::{LeafKey, Range};

    use crate::staging::{Place, REGION_BYTES, Staging};

    #[test]
    fn a_mark_stays_until_what_it_stands_for_is_durable_whatever_other_checkpoints_do() {
        let directory = tempfile::tempdir().unwrap();
        let key = LeafKey::new([7; 32]);
        let staging = Staging::create(Place::new(directory.path(), 0), REGION_BYTES, key).unwrap();
        let write = || staging.write_zeros(Range::new(0, 4096, REGION_BYTES).unwrap()).unwrap();
        let marked = || staging.marks().marked().len();
        write();
        let first = staging.begin_checkpoint();
        write();
        thread::scope(|scope| {
            let (begun, second) = mpsc::channel();
            let staging = &staging;
            scope.spawn(move || {
                let checkpoint = staging.begin_checkpoint();
                begun.send(()).unwrap();
                checkpoint.end().unwrap();
            });
            // Were it not to wait, it would take the second write for its own, and the first would take its mark away.
            second.recv_timeout(Duration::from_millis(100)).unwrap_err();
            first.end().unwrap();
            second.recv().unwrap();
        });
        assert_eq!(marked(), 0);
    }
}
