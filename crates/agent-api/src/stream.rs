//! Frames of a copy over a stream of bytes, for either end.

use std::io;

use replication::{
    Frame, FrameError,
    frame::{HEAD_BYTES, Head},
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Opens a stream of disk data: a `POST` with the headers [`JOB`], [`RUN`], [`SESSION`], and an upgrade to [`UPGRADE`].
pub const REPLICATE: &str = "/agent/v1/replicate";
/// What the connection becomes; the number changes with the frames.
pub const UPGRADE: &str = "landfall-replication/1";
/// The header of the job's id.
pub const JOB: &str = "landfall-job";
/// The header of the run's id.
pub const RUN: &str = "landfall-run";
/// The header of the name of this attempt at the run; its streams share it, and a newer one ends an older one.
pub const SESSION: &str = "landfall-session";

/// Why there is no further frame.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// The connection broke.
    #[error("the stream of disk data broke: {0}")]
    Broken(#[from] io::Error),
    /// What came is no frame.
    #[error(transparent)]
    Frame(#[from] FrameError),
}

/// Reads a frame; `None` when the other end left between two frames.
///
/// Not safe to cancel: a frame that was half read is lost, and with it the stream.
pub async fn read_frame<R: AsyncRead + Unpin>(stream: &mut R) -> Result<Option<Frame>, StreamError> {
    let mut head = [0; HEAD_BYTES];
    if stream.read(&mut head[..1]).await? == 0 {
        return Ok(None);
    }
    stream.read_exact(&mut head[1..]).await?;
    let head = Head::read(head)?;
    // Room that is not cleared first, since most of what a copy costs is touching memory.
    let mut body = Vec::with_capacity(head.body_length());
    stream.take(head.body_length() as u64).read_to_end(&mut body).await?;
    if body.len() < head.body_length() {
        return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
    }
    Ok(Some(Frame::read(head, body.into())?))
}

/// Writes a frame, and sees it on its way.
pub async fn write_frame<W: AsyncWrite + Unpin>(stream: &mut W, frame: &Frame) -> io::Result<()> {
    let mut bytes = Vec::new();
    frame.write(&mut bytes);
    stream.write_all(&bytes).await?;
    stream.flush().await
}
