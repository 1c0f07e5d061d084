//! What a run does on threads, because it blocks, and waiting for all of it when the run ends.

use tokio::{sync::mpsc, task::spawn_blocking};

use super::{ReplicateError, drive::Drive};

impl Drive {
    /// Has filesystems write out what they hold back. Where that fails the freeze takes longer, and says why if it fails too.
    pub(super) async fn flush(&self) -> Result<(), ReplicateError> {
        let freezer = self.source.freezer.clone();
        let flush = move || {
            if let Err(error) = freezer.flush() {
                tracing::debug!(%error, "filesystems were not flushed");
            }
            Ok(())
        };
        self.blocking(flush).await
    }

    /// Does what blocks on a thread where that is allowed.
    pub(super) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, ReplicateError> + Send + 'static,
    ) -> Result<T, ReplicateError> {
        let busy = self.busy();
        let working = spawn_blocking(move || {
            let done = work();
            drop(busy);
            done
        });
        working.await.map_err(std::io::Error::other)?
    }

    /// What a thread holds while it works for this run.
    pub(super) fn busy(&self) -> mpsc::Sender<()> {
        self.busy.clone()
    }

    /// Returns when no thread works for this run any more.
    pub(super) async fn rest(self) {
        let Self { busy, mut idle, .. } = self;
        drop(busy);
        // Nothing is ever sent.
        while idle.recv().await.is_some() {}
    }
}
