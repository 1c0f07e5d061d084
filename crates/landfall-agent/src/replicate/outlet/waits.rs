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
            if self.unacknowledged.is_empty() || under_way + bytes <= self.window() {
                self.meter.note_wait(Limit::CenterDisk, begun);
                return Ok(());
            }
            // The window may have become smaller since the center was asked.
            self.ask_for_room().await?;
            self.push(&[]).await?;
            self.listen_on().await?;
        }
    }

    pub(super) async fn wait_durable(&mut self, sequence: u64) -> Result<(), ReplicateError> {
        self.push(&[]).await?;
        loop {
            if self.is_durable(sequence) {
                return Ok(());
            }
            self.listen_on().await?;
        }
    }

    /// Whether everything up to a frame is on the center's disk.
    pub(super) fn is_durable(&mut self, sequence: u64) -> bool {
        self.state.borrow_and_update().durable >= sequence
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

#[cfg(test)]
mod tests {
    use std::{
        io,
        pin::Pin,
        sync::{
            Arc,
            atomic::{AtomicBool, Ordering},
        },
        task::{Context, Poll, ready},
        time::Duration,
    };

    use agent_api::{read_frame, write_frame};
    use replication::{
        Frame,
        frame::{Hello, Settings, Welcome},
    };
    use tokio::{
        io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf, duplex},
        sync::oneshot,
        time::sleep,
    };

    use crate::replicate::Outlet;

    /// A connection whose flushes take until it is told, once that is asked for.
    struct Late {
        inner: DuplexStream,
        asked: Arc<AtomicBool>,
        told: oneshot::Receiver<()>,
    }

    impl AsyncRead for Late {
        fn poll_read(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            buffer: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            Pin::new(&mut self.inner).poll_read(cx, buffer)
        }
    }

    impl AsyncWrite for Late {
        fn poll_write(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            Pin::new(&mut self.inner).poll_write(cx, bytes)
        }

        fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            if self.asked.load(Ordering::SeqCst) {
                let _ = ready!(Pin::new(&mut self.told).poll(cx));
                self.asked.store(false, Ordering::SeqCst);
            }
            Pin::new(&mut self.inner).poll_flush(cx)
        }

        fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.inner).poll_shutdown(cx)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_center_that_closes_after_the_last_word_has_said_it() {
        let (near, mut far) = duplex(1 << 16);
        let asked = Arc::new(AtomicBool::new(false));
        let (tell, told) = oneshot::channel();
        let late = Late { inner: near, asked: asked.clone(), told };
        let center = tokio::spawn(async move {
            assert!(matches!(read_frame(&mut far).await, Ok(Some(Frame::Hello(_)))));
            let welcome = Welcome {
                center_version: "test".into(),
                window_bytes: 1 << 20,
                leaf_key: "00".repeat(32),
                fresh: true,
                settings: Settings::default(),
            };
            write_frame(&mut far, &Frame::Welcome(welcome)).await.unwrap();
            asked.store(true, Ordering::SeqCst);
            let Ok(Some(Frame::Done { sequence })) = read_frame(&mut far).await else { unreachable!() };
            write_frame(&mut far, &Frame::Durable { sequence }).await.unwrap();
            drop(far);
            // The clock moves when everybody waits: by then the end was noticed.
            sleep(Duration::from_secs(1)).await;
            tell.send(()).unwrap();
        });
        let hello = Hello { agent_version: "test".into(), session: "test".into(), stream: 0 };
        Outlet::open(late, hello).await.unwrap().done().await.unwrap();
        center.await.unwrap();
    }
}
