//! Connections at rest: what keeps them small.
//!
//! Ten thousand agents stay connected and say a word each half minute. What the HTTP framework has for a connection, two
//! buffers of 8 KiB and room for headers among it, is of use only while a request is under way. So a connection is given
//! to the framework when its first bytes are there, and is taken back when an answer has gone out whole and nothing more
//! has come: [`Watched`] sees what goes in and out, [`Marked`] when an answer has been taken over to its end.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes};
use hyper::body::{Body, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// As much as the framework reads first: it takes less for a sign that little comes.
const FIRST: usize = 8 << 10;

/// A request is under way, or none has come yet.
const BUSY: u8 = 0;
/// The framework has taken over the whole answer.
const ANSWERED: u8 = 1;
/// The answer is out.
const SENT: u8 = 2;
/// And since then there was nothing to read.
const RESTING: u8 = 3;

/// How far a connection is with its request, as its stream and the answer to it see that.
#[derive(Clone, Debug, Default)]
pub(super) struct Turn(Arc<AtomicU8>);

impl Turn {
    /// Whether the framework holds nothing that is still needed.
    pub(super) fn is_over(&self) -> bool {
        self.0.load(Ordering::Relaxed) == RESTING
    }

    /// A request has come.
    pub(super) fn begin(&self) {
        self.0.store(BUSY, Ordering::Relaxed);
    }

    fn step(&self, from: u8, to: u8) {
        let _ = self.0.compare_exchange(from, to, Ordering::Relaxed, Ordering::Relaxed);
    }
}

/// A stream that knows when its connection rests.
pub(super) struct Watched<T> {
    stream: T,
    turn: Turn,
    /// What was read while the connection rested, or given back by the framework.
    ahead: Bytes,
}

impl<T> Watched<T> {
    /// Watches a stream.
    pub(super) fn new(stream: T, turn: Turn) -> Self {
        Self { stream, turn, ahead: Bytes::new() }
    }

    /// Takes back bytes that the framework has read and not used; they come before all others.
    pub(super) fn give_back(&mut self, unused: Bytes) {
        if self.ahead.is_empty() {
            self.ahead = unused;
        } else if !unused.is_empty() {
            self.ahead = [unused, std::mem::take(&mut self.ahead)].concat().into();
        }
    }
}

impl<T: AsyncRead + Unpin> Watched<T> {
    /// Waits until there is something to read; says whether there is, or the other end is done.
    pub(super) async fn wakes(&mut self) -> io::Result<bool> {
        if !self.ahead.is_empty() {
            return Ok(true);
        }
        self.ahead = std::future::poll_fn(|cx| {
            // Here and not in the future: whoever waits has no use for it.
            let mut room = [0; FIRST];
            let mut room = ReadBuf::new(&mut room);
            ready!(Pin::new(&mut self.stream).poll_read(cx, &mut room))?;
            Poll::Ready(io::Result::Ok(Bytes::copy_from_slice(room.filled())))
        })
        .await?;
        Ok(!self.ahead.is_empty())
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Watched<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.ahead.is_empty() {
            let size = self.ahead.len().min(buffer.remaining());
            buffer.put_slice(&self.ahead[..size]);
            self.ahead.advance(size);
            self.turn.begin();
            return Poll::Ready(Ok(()));
        }
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        match read {
            Poll::Pending => self.turn.step(SENT, RESTING),
            Poll::Ready(_) => self.turn.begin(),
        }
        read
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Watched<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buffer)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        self.turn.step(ANSWERED, SENT);
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// A body that tells when it has been taken over to its end, or is not wanted any more.
pub(super) struct Marked<B> {
    body: B,
    _end: End,
}

struct End(Turn);

impl Drop for End {
    fn drop(&mut self) {
        self.0.step(BUSY, ANSWERED);
    }
}

impl<B> Marked<B> {
    /// Marks the body of an answer.
    pub(super) fn new(body: B, turn: Turn) -> Self {
        Self { body, _end: End(turn) }
    }
}

impl<B: Body + Unpin> Body for Marked<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
