//! Taking disk data in: one stream of a source, from its greeting to the end of its run.
//!
//! A stream is read by one task, worked on by one blocking thread in the order of its frames, and answered by a second
//! task. Between them are bounded queues, so that a slow disk slows the source down and memory stays within
//! [`STREAM_BYTES`]. What is acknowledged as durable is on the center's disk, content and digests.

mod desk;
mod work;

pub(crate) use desk::Place;
pub use desk::{Assignment, Desk, NotTaken, RunKey, SESSION_STREAMS, StreamEnded};

use std::sync::Arc;

use agent_api::{StreamError, read_frame, write_frame};
use image::{Staging, StagingError};
use replication::{
    Frame, LeafKey,
    frame::{ExtentError, Failed, Settings, Welcome},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch},
};

/// Content that may be on its way to a stream without being durable. Half of it is made durable at a time: with less, a disk
/// spends its time on being told to; more would only be sent again after a break.
pub const WINDOW_BYTES: u64 = 32 << 20;

/// Bytes of frames that wait for the disk at the most: eight of the longest.
const QUEUE_BYTES: u32 = 8 << 20;

/// What a frame counts for at the least, so that short ones are bounded in number.
const LEAST_COUNTED: u32 = 8 << 10;

/// Frames that wait for the disk at the most. Short ones come by the thousand: the more of them wait, the less often one
/// thread has to wake the other.
const QUEUE: usize = (QUEUE_BYTES / LEAST_COUNTED) as usize;

/// Answers that wait to be sent. Those about blocks of 4 KiB have a few bytes each.
const ANSWERS: usize = 256;

/// Bytes of answers that are sent together.
const COLLECTED_BYTES: usize = 16 << 10;

/// Memory of one stream at the most: queue, the frames that are read and worked on, and the answers.
pub const STREAM_BYTES: u64 = 16 << 20;

/// The staging disks of a run, by the numbers that frames name them by.
#[derive(Debug)]
pub struct StagingSet {
    /// The disks.
    pub disks: Vec<Staging>,
    /// The key of their digests.
    pub key: LeafKey,
}

impl StagingSet {
    /// Whether nothing was ever written to any of them.
    pub fn is_fresh(&self) -> bool {
        self.disks.iter().all(Staging::is_fresh)
    }
}

/// How a stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The source said that the run is complete, and all of it is durable.
    Complete(Received),
    /// The source left between two frames; what was acknowledged is kept.
    Left(Received),
}

/// What a stream brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Received {
    /// Number of the stream in its session.
    pub stream: u16,
    /// Bytes of content written.
    pub content_bytes: u64,
    /// Bytes of content as they came over the network.
    pub packed_bytes: u64,
    /// Bytes that were made zeros.
    pub zero_bytes: u64,
    /// Leaves whose digests were compared.
    pub compared_leaves: u64,
}

/// Why a stream was given up.
#[derive(Debug, thiserror::Error)]
pub enum ReceiveError {
    /// The connection broke, or what came is no frame.
    #[error(transparent)]
    Stream(#[from] StreamError),
    /// A frame came where none of its kind belongs.
    #[error("a frame came out of order: {0}; use an agent of this center's version")]
    Order(&'static str),
    /// A frame names a disk that the run does not have.
    #[error("a frame names disk {0}, which the run does not have")]
    NoDisk(u16),
    /// An extent is not what its source hashed.
    #[error(transparent)]
    Extent(#[from] ExtentError),
    /// The staging disk did not do its work.
    #[error(transparent)]
    Staging(#[from] StagingError),
    /// A newer session of the run has taken over, or the run has ended.
    #[error("the run goes on elsewhere or has ended; ask the center for work again")]
    Superseded,
    /// The thread that writes ended unexpectedly.
    #[error("writing disk data ended unexpectedly; see the center's log")]
    Worker,
}

impl From<std::io::Error> for ReceiveError {
    fn from(error: std::io::Error) -> Self {
        Self::Stream(error.into())
    }
}

impl ReceiveError {
    /// The code that the agent shows and the book explains.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Stream(StreamError::Broken(_)) => "Replication.Broken",
            Self::Stream(StreamError::Frame(_)) | Self::Order(_) | Self::NoDisk(_) => "Replication.Protocol",
            Self::Extent(_) => "Replication.Corrupt",
            Self::Superseded => "Replication.Superseded",
            Self::Staging(error) if error.is_full() => "Staging.NoSpace",
            Self::Staging(_) | Self::Worker => "Staging.Failed",
        }
    }

    /// Whether the same may succeed later without a change of the job.
    pub const fn again(&self) -> bool {
        match self {
            Self::Stream(StreamError::Broken(_)) | Self::Extent(_) => true,
            Self::Staging(error) => error.is_full(),
            _ => false,
        }
    }
}

/// Takes one stream in, until its run is complete, the source leaves, or something fails; a failure is told to the
/// source before it is given back. Changes of `settings` reach the source at once.
pub async fn receive<S>(
    stream: S,
    set: Arc<StagingSet>,
    settings: watch::Receiver<Settings>,
) -> Result<Ended, ReceiveError>
where
    S: AsyncRead + AsyncWrite + Send + 'static,
{
    receive_until(stream, set, settings, std::future::pending()).await
}

/// As [`receive`], but gives the stream up as superseded when `stopped` returns; what came is kept.
pub async fn receive_until<S>(
    stream: S,
    set: Arc<StagingSet>,
    mut settings: watch::Receiver<Settings>,
    stopped: impl Future<Output = ()>,
) -> Result<Ended, ReceiveError>
where
    S: AsyncRead + AsyncWrite + Send + 'static,
{
    let (mut reader, mut writer) = tokio::io::split(stream);
    let (answers, answered) = mpsc::channel(ANSWERS);
    let stream = match read_frame(&mut reader).await? {
        Some(Frame::Hello(hello)) => {
            tracing::debug!(
                agent = hello.agent_version,
                session = hello.session,
                hello.stream,
                "stream begins"
            );
            hello.stream
        }
        Some(_) => return Err(ReceiveError::Order("a stream begins with a greeting")),
        None => return Ok(Ended::Left(Received::default())),
    };
    let welcome = Welcome {
        center_version: env!("CARGO_PKG_VERSION").to_owned(),
        window_bytes: WINDOW_BYTES,
        leaf_key: hex::encode(set.key.reveal()),
        // Of now: an earlier session of the same run may have brought something.
        fresh: set.is_fresh(),
        settings: *settings.borrow_and_update(),
    };
    write_frame(&mut writer, &Frame::Welcome(welcome)).await?;

    let (frames, queued) = mpsc::channel(QUEUE);
    let reading = tokio::spawn(forward(reader, frames));
    let working = tokio::task::spawn_blocking(move || work::work(&set, stream, queued, &answers));
    // Ends when the worker has ended, or when the source does not take answers any more.
    let answering = tokio::select! {
        answering = answer(&mut writer, answered, settings) => answering,
        () = stopped => Err(ReceiveError::Superseded),
    };
    reading.abort();
    let read = reading.await.unwrap_or(Ok(()));
    let worked = working.await.map_err(|_| ReceiveError::Worker)?;
    let outcome = match answering {
        // The worker may have failed for want of someone to answer, which is not the reason.
        Err(ReceiveError::Superseded) => Err(ReceiveError::Superseded),
        answering => worked.and_then(|ended| match ended {
            // All of it is durable. Once its source hears so it leaves, at which the connection may break as it likes.
            Ended::Complete(_) => Ok(ended),
            Ended::Left(_) => read.and(answering).map(|()| ended),
        }),
    };
    if let Err(error) = &outcome {
        let failed =
            Failed { code: error.code().to_owned(), message: error.to_string(), again: error.again() };
        // A source that is gone does not hear it.
        let _ = write_frame(&mut writer, &Frame::Failed(failed)).await;
    }
    outcome
}

/// A frame that waits for the disk, with its share of the memory for such.
struct Queued {
    frame: Frame,
    _room: OwnedSemaphorePermit,
}

/// Passes frames on to the worker, until the source leaves or the worker has ended.
async fn forward(
    mut reader: impl AsyncRead + Unpin,
    frames: mpsc::Sender<Queued>,
) -> Result<(), ReceiveError> {
    let room = Arc::new(Semaphore::new(QUEUE_BYTES as usize));
    while let Some(frame) = read_frame(&mut reader).await? {
        let bytes =
            u32::try_from(frame.body_bytes()).unwrap_or(QUEUE_BYTES).clamp(LEAST_COUNTED, QUEUE_BYTES);
        // Nobody closes it.
        let Ok(room) = room.clone().acquire_many_owned(bytes).await else { break };
        if frames.send(Queued { frame, _room: room }).await.is_err() {
            break;
        }
    }
    Ok(())
}

/// Passes answers and changed settings on to the source, until the worker has ended.
async fn answer(
    writer: &mut (impl AsyncWrite + Unpin),
    mut answers: mpsc::Receiver<Frame>,
    mut settings: watch::Receiver<Settings>,
) -> Result<(), ReceiveError> {
    let mut live = true;
    let mut bytes = Vec::new();
    loop {
        let frame = tokio::select! {
            answer = answers.recv() => match answer {
                Some(frame) => frame,
                None => return Ok(()),
            },
            changed = settings.changed(), if live => {
                live = changed.is_ok();
                Frame::Settings(*settings.borrow_and_update())
            }
        };
        frame.write(&mut bytes);
        // What else is there goes with it.
        while bytes.len() < COLLECTED_BYTES
            && let Ok(frame) = answers.try_recv()
        {
            frame.write(&mut bytes);
        }
        writer.write_all(&bytes).await?;
        writer.flush().await?;
        bytes.clear();
    }
}
