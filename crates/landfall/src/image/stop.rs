//! Long work that a Ctrl-C stops, and that then cleans up behind itself.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use anyhow::Context;
use image::ImageError;
use tokio::signal::unix::{SignalKind, signal};

/// Whether the work was told to stop.
#[derive(Clone, Default)]
pub(super) struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Whether it was.
    pub(super) fn asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Does work on a thread of its own. SIGINT and SIGTERM are passed on to it, and it is waited for.
pub(super) async fn stoppable<T: Send + 'static>(
    work: impl FnOnce(&Stop) -> Result<T, ImageError> + Send + 'static,
) -> anyhow::Result<T> {
    let stop = Stop::default();
    let of_work = stop.clone();
    let mut interrupt = signal(SignalKind::interrupt()).context("listening for Ctrl-C")?;
    let mut terminate = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
    let mut work = tokio::task::spawn_blocking(move || work(&of_work));
    loop {
        tokio::select! {
            done = &mut work => return Ok(done.context("waiting for the work")??),
            _ = interrupt.recv() => stop.0.store(true, Ordering::Relaxed),
            _ = terminate.recv() => stop.0.store(true, Ordering::Relaxed),
        }
    }
}
