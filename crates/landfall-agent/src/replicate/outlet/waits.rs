//! What a stream waits for: the pace, room in the window, durability, the center's last words.

use std::time::Duration;

use replication::progress::Limit;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::{Instant, timeout},
};

use super::{Outlet, SILENCE};
use crate::replicate::ReplicateError;

/// How long the center's last words are waited for, once it takes nothing more.
const LAST_WORDS: Duration = Duration::from_secs(5);

impl<S: AsyncRead + AsyncWrite + Send + 'static> Outlet<S> {
    /// Waits until the limit allows these bytes; a limit that changes meanwhile counts at once.
    pub(super) async fn pace(&mut self, bytes: u64) {
        let begun = Instant::now();
        while let Err(wait) = self.bandwidth.admit(bytes) {
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                changed = self.state.changed() => if changed.is_err() {
                    return;
                }
            }
            self.meter.note_wait(Limit::Bandwidth, begun);
        }
    }

    /// Waits until the window has room for content.
    pub(super) async fn wait_for_room(&mut self, bytes: u64) -> Result<(), ReplicateError> {
        let begun = Instant::now();
        loop {
            let durable = self.state.borrow_and_update().durable;
            while self.unacknowledged.front().is_some_and(|(sequence, _)| *sequence <= durable) {
                self.unacknowledged.pop_front();
            }
            let under_way: u64 = self.unacknowledged.iter().map(|(_, bytes)| bytes).sum();
            if self.unacknowledged.is_empty() || under_way + bytes <= self.welcome.window_bytes {
                self.meter.note_wait(Limit::CenterDisk, begun);
                return Ok(());
            }
            self.push(&[]).await?;
            self.listen_on().await?;
        }
    }

    pub(super) async fn wait_durable(&mut self, sequence: u64) -> Result<(), ReplicateError> {
        self.push(&[]).await?;
        loop {
            if self.state.borrow_and_update().durable >= sequence {
                return Ok(());
            }
            self.listen_on().await?;
        }
    }

    /// Waits until the center says something more.
    async fn listen_on(&mut self) -> Result<(), ReplicateError> {
        let over = self.state.borrow().over.is_some();
        if over || !matches!(timeout(SILENCE, self.state.changed()).await, Ok(Ok(()))) {
            return Err(self.ended().await);
        }
        Ok(())
    }

    /// Why nothing more is heard of the center.
    pub(super) async fn ended(&mut self) -> ReplicateError {
        let heard = match self.listening.take() {
            Some(mut listening) => {
                let heard = timeout(LAST_WORDS, &mut listening).await.ok();
                listening.abort();
                heard
            }
            None => None,
        };
        let over = self.state.borrow().over.clone();
        match (over, heard) {
            (Some(Err(failed)), _) => ReplicateError::Center(failed),
            (_, Some(Ok(Err(error)))) => error.into(),
            _ => ReplicateError::Closed,
        }
    }
}
