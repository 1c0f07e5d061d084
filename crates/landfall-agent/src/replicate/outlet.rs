//! One stream to the center: numbering, window, pace, and the center's answers.

mod waits;
mod window;

use std::{sync::Arc, time::Duration};

use agent_api::{StreamError, read_frame, write_frame};
use bytes::Bytes;
use replication::{
    Codec, Frame, Leaf, LeafKey, Range, digest,
    frame::{Extent, Hello, Settings, Welcome},
    progress::{Limit, Tracking},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt, WriteHalf},
    sync::{oneshot, watch},
    task::JoinHandle,
    time::{Instant, timeout},
};

use super::{
    Bandwidth, Meter, ReplicateError,
    heard::{Heard, State, listen},
};

/// A center that has been asked and says nothing for so long is not there any more, whatever the connection says: a proxy
/// between may keep that up. Less than the time in which the slowest disk takes half a window.
const SILENCE: Duration = Duration::from_mins(5);

/// Bytes after which the speed of the link is taken anew.
const MEASURED_BYTES: u64 = 4 << 20;

/// Bytes of frames that are collected before they are sent: a connection takes few large pieces faster than many small
/// ones. Payloads of more than this are not copied.
const COLLECTED_BYTES: usize = 64 << 10;

/// One stream to the center.
pub struct Outlet<S> {
    writer: WriteHalf<S>,
    /// Frames on their way to the connection. They go at the latest when something is waited for.
    collected: Vec<u8>,
    heard: Arc<Heard>,
    state: watch::Receiver<State>,
    /// Until it was asked for its end.
    listening: Option<JoinHandle<Result<(), StreamError>>>,
    key: LeafKey,
    welcome: Welcome,
    number: u16,
    sequence: u64,
    /// Content that is not durable yet: the number of its frame, and its bytes.
    unacknowledged: std::collections::VecDeque<(u64, u64)>,
    /// Bytes of content since the center was asked to make it durable.
    unsynced: u64,
    /// How long the center took to greet.
    greeting: Duration,
    bandwidth: Arc<Bandwidth>,
    meter: Arc<Meter>,
    /// Bytes written and time it took since the link's speed was taken, and that speed.
    measured: (u64, Duration, Option<f64>),
}

impl<S: AsyncRead + AsyncWrite + Send + 'static> Outlet<S> {
    /// Greets the center over the only stream of a session.
    pub async fn open(stream: S, hello: Hello) -> Result<Self, ReplicateError> {
        let meter = Meter::new(Tracking::Rescan { reason: "not asked for".to_owned() });
        Self::open_among(stream, hello, Arc::default(), Arc::new(meter)).await
    }

    /// Greets the center over a stream that shares bandwidth and figures with others.
    pub async fn open_among(
        stream: S,
        hello: Hello,
        bandwidth: Arc<Bandwidth>,
        meter: Arc<Meter>,
    ) -> Result<Self, ReplicateError> {
        let number = hello.stream;
        let (mut reader, mut writer) = tokio::io::split(stream);
        let begun = Instant::now();
        write_frame(&mut writer, &Frame::Hello(hello)).await?;
        let welcome = match read_frame(&mut reader).await? {
            Some(Frame::Welcome(welcome)) => welcome,
            Some(Frame::Failed(failed)) => return Err(ReplicateError::Center(failed)),
            Some(_) => return Err(ReplicateError::Greeting("it is another frame")),
            None => return Err(ReplicateError::Closed),
        };
        let greeting = begun.elapsed();
        let mut key = [0; 32];
        hex::decode_to_slice(&welcome.leaf_key, &mut key)
            .map_err(|_| ReplicateError::Greeting("the key of its digests is not one"))?;
        let heard = Arc::new(Heard::default());
        let (states, state) = watch::channel(State { settings: welcome.settings, ..State::default() });
        let listening = tokio::spawn(listen(reader, heard.clone(), states, bandwidth.clone()));
        bandwidth.set(welcome.settings.bandwidth_bytes_per_second);
        Ok(Self {
            writer,
            collected: Vec::new(),
            heard,
            state,
            listening: Some(listening),
            key: LeafKey::new(key),
            welcome,
            number,
            sequence: 0,
            unacknowledged: std::collections::VecDeque::new(),
            unsynced: 0,
            greeting,
            bandwidth,
            meter,
            measured: (0, Duration::ZERO, None),
        })
    }

    /// The stream's number in its session.
    pub const fn number(&self) -> u16 {
        self.number
    }

    /// The key of the job's digests.
    pub const fn key(&self) -> LeafKey {
        self.key
    }

    /// Whether the center's copy is empty.
    pub const fn fresh(&self) -> bool {
        self.welcome.fresh
    }

    /// How to copy, as the center said last.
    pub fn settings(&self) -> Settings {
        self.state.borrow().settings
    }

    /// Sends content, as soon as window and pace allow.
    pub async fn extent(
        &mut self,
        disk: u16,
        range: Range,
        leaves: &[Leaf],
        (codec, payload): (Codec, Bytes),
    ) -> Result<(), ReplicateError> {
        self.wait_for_room(range.length()).await?;
        let sequence = self.next();
        let digest = digest::over(leaves);
        let frame = Frame::Extent(Extent { sequence, disk, range, codec, digest, payload });
        self.unacknowledged.push_back((sequence, range.length()));
        self.send(&frame).await?;
        self.unsynced += range.length();
        if self.unsynced >= self.window() / 2 {
            self.ask_for_room().await?;
        }
        Ok(())
    }

    /// Says that a range holds zeros, or nothing that counts.
    pub async fn zeros(&mut self, disk: u16, range: Range) -> Result<(), ReplicateError> {
        let sequence = self.next();
        self.send(&Frame::Zero { sequence, disk, range }).await
    }

    /// Asks which of these leaves the center lacks; the answer comes through the receiver.
    pub async fn offer(
        &mut self,
        disk: u16,
        offset: u64,
        leaves: Vec<Leaf>,
    ) -> Result<oneshot::Receiver<Vec<u8>>, ReplicateError> {
        let sequence = self.next();
        let answer = self.expect(sequence);
        self.send(&Frame::Offer { sequence, disk, offset, leaves }).await?;
        Ok(answer)
    }

    /// Asks whether the center's leaves of a range are others than these.
    pub async fn summary(
        &mut self,
        disk: u16,
        range: Range,
        leaves: &[Leaf],
    ) -> Result<oneshot::Receiver<Vec<u8>>, ReplicateError> {
        let sequence = self.next();
        let answer = self.expect(sequence);
        self.send(&Frame::Summary { sequence, disk, range, digest: digest::over(leaves) }).await?;
        Ok(answer)
    }

    /// Sends what was collected on its way.
    pub async fn flush(&mut self) -> Result<(), ReplicateError> {
        self.push(&[]).await
    }

    /// Waits for an answer.
    pub async fn answer(
        &mut self,
        mut answer: oneshot::Receiver<Vec<u8>>,
    ) -> Result<Vec<u8>, ReplicateError> {
        if let Ok(wanted) = answer.try_recv() {
            return Ok(wanted);
        }
        self.push(&[]).await?;
        match timeout(SILENCE, answer).await {
            Ok(Ok(wanted)) => Ok(wanted),
            _ => Err(self.ended().await),
        }
    }

    /// Returns once everything sent is on the center's disk.
    pub async fn sync(&mut self) -> Result<(), ReplicateError> {
        let sequence = self.next();
        self.send(&Frame::Sync { sequence }).await?;
        self.wait_durable(sequence).await
    }

    /// Ends the run; returns once the whole copy is on the center's disk.
    pub async fn done(mut self) -> Result<(), ReplicateError> {
        let sequence = self.next();
        let sent = async {
            self.send(&Frame::Done { sequence }).await?;
            self.wait_durable(sequence).await
        };
        match sent.await {
            // The center closes once it has said so, which may be noticed first.
            Err(_) if self.is_durable(sequence) => Ok(()),
            outcome => outcome,
        }
    }

    fn next(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }

    fn expect(&self, sequence: u64) -> oneshot::Receiver<Vec<u8>> {
        let (sender, receiver) = oneshot::channel();
        self.heard.waiting().insert(sequence, sender);
        receiver
    }

    async fn send(&mut self, frame: &Frame) -> Result<(), ReplicateError> {
        let before = self.collected.len();
        let payload = frame.write_head(&mut self.collected);
        self.pace((self.collected.len() - before + payload.len()) as u64).await;
        if payload.len() <= COLLECTED_BYTES {
            self.collected.extend_from_slice(payload);
            if self.collected.len() < COLLECTED_BYTES {
                return Ok(());
            }
            self.push(&[]).await
        } else {
            self.push(payload).await
        }
    }

    /// Sends what was collected, then a payload.
    async fn push(&mut self, payload: &[u8]) -> Result<(), ReplicateError> {
        if self.collected.is_empty() {
            return Ok(());
        }
        let begun = Instant::now();
        let bytes = (self.collected.len() + payload.len()) as u64;
        let written = async {
            self.writer.write_all(&self.collected).await?;
            self.writer.write_all(payload).await?;
            self.writer.flush().await
        };
        let written = timeout(SILENCE, written).await;
        if !matches!(written, Ok(Ok(()))) || self.state.borrow().over.is_some() {
            // What the center said last tells more than a broken pipe.
            return Err(self.ended().await);
        }
        self.collected.clear();
        self.meter.note_wait(Limit::Link, begun);
        self.measure(bytes, begun.elapsed());
        Ok(())
    }

    fn measure(&mut self, bytes: u64, took: Duration) {
        self.measured.0 += bytes;
        self.measured.1 += took;
        if self.measured.0 >= MEASURED_BYTES {
            #[expect(clippy::cast_precision_loss, reason = "a few megabytes")]
            let rate = self.measured.0 as f64 / self.measured.1.as_secs_f64().max(1e-6);
            self.measured = (0, Duration::ZERO, Some(rate));
        }
    }

    /// Bytes a second that the link takes, or is allowed to take; `None` before enough was sent to tell.
    pub fn link_rate(&self) -> Option<f64> {
        let allowed = self.settings().bandwidth_bytes_per_second.filter(|limit| *limit > 0);
        #[expect(clippy::cast_precision_loss, reason = "a figure for a decision")]
        let allowed = allowed.map(|limit| limit as f64);
        match (self.measured.2, allowed) {
            (Some(measured), Some(allowed)) => Some(measured.min(allowed)),
            (measured, allowed) => measured.or(allowed),
        }
    }
}

impl<S> Drop for Outlet<S> {
    /// The listening task holds half of the stream, which must end with the outlet.
    fn drop(&mut self) {
        if let Some(listening) = &self.listening {
            listening.abort();
        }
    }
}
