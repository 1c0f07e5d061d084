//! Reading with several reads in flight, into a bounded pool of buffers.

use std::fmt;
use std::ops::{Deref, Range};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use tokio::sync::mpsc;

use super::buffer::{Buffer, Pool};
use super::pieces::{Piece, Pieces};
use super::ring::Ring;
use super::{MAX_BLOCK_BYTES, ReadError, Reader};

/// How a stream reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamOptions {
    /// Reads in flight.
    pub depth: usize,
    /// Size of a buffer, and the most that one chunk carries; rounded up to 4 KiB.
    pub chunk_bytes: usize,
    /// Buffers in all, in flight and at the consumer; at least `depth`. Times `chunk_bytes` it is the memory used.
    pub buffers: usize,
    /// How reads are issued.
    pub engine: Engine,
}

impl Default for StreamOptions {
    /// 8 reads of 1 MiB in flight and as many with the consumer: 16 MiB.
    fn default() -> Self {
        Self { depth: 8, chunk_bytes: 1024 * 1024, buffers: 16, engine: Engine::Ring }
    }
}

/// How reads are issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// One thread and an io_uring; where the kernel has none or forbids it, as [`Engine::Threads`].
    Ring,
    /// A thread for each read in flight.
    Threads,
}

/// What is being read, delivered as it is read: chunks come in the order of completion, not of offset. Dropping the stream
/// ends the reading; reads in flight are waited for by their own thread.
pub struct Stream {
    chunks: mpsc::Receiver<Result<Chunk, ReadError>>,
    pool: Arc<Pool>,
    engine: Engine,
}

impl Stream {
    pub(super) fn start(
        reader: Reader,
        ranges: Box<dyn Iterator<Item = Range<u64>> + Send>,
        options: StreamOptions,
    ) -> Result<Self, ReadError> {
        let depth = options.depth.clamp(1, 1024);
        let buffers = options.buffers.max(depth);
        let buffer_bytes = options.chunk_bytes.max(1).next_multiple_of(MAX_BLOCK_BYTES as usize);
        let pool = Arc::new(Pool::new(buffers, buffer_bytes)?);
        let (sender, chunks) = mpsc::channel(buffers);
        let pieces = Pieces::new(ranges, buffer_bytes, reader.block_bytes());
        let ring = match options.engine {
            Engine::Ring => Ring::new(depth),
            Engine::Threads => None,
        };
        let engine = if ring.is_some() { Engine::Ring } else { Engine::Threads };
        let path = reader.path().to_owned();
        let work = Work { reader, pool: Arc::clone(&pool), sender };
        // Made first: should a thread fail to start, dropping it ends those that run.
        let stream = Self { chunks, pool, engine };
        let fail = |source| ReadError::Thread { path: path.clone(), source };
        let builder = || thread::Builder::new().name("disk-read".to_owned());
        if let Some(ring) = ring {
            builder().spawn(move || ring.run(&work, pieces)).map_err(fail)?;
        } else {
            let pieces = Arc::new(Mutex::new(pieces));
            for _ in 0..depth {
                let (work, pieces) = (work.clone(), Arc::clone(&pieces));
                builder().spawn(move || work.read_by_calls(&pieces)).map_err(fail)?;
            }
        }
        Ok(stream)
    }

    /// Waits for the next chunk; `None` when everything is delivered. An error is that of one read and names it: the
    /// others go on. Safe to drop while waiting.
    pub async fn next(&mut self) -> Option<Result<Chunk, ReadError>> {
        self.chunks.recv().await
    }

    /// As [`Stream::next`], outside of an async runtime.
    pub fn blocking_next(&mut self) -> Option<Result<Chunk, ReadError>> {
        self.chunks.blocking_recv()
    }

    /// Returns how reads are issued in fact.
    pub fn engine(&self) -> Engine {
        self.engine
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.pool.close();
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Stream").field("engine", &self.engine).finish_non_exhaustive()
    }
}

/// A part of the disk that was read. Dropping it gives its memory back to the stream, which waits when all of it is out.
#[derive(Debug)]
pub struct Chunk {
    offset: u64,
    place: Range<usize>,
    /// Present until it is dropped.
    buffer: Option<Buffer>,
    pool: Arc<Pool>,
}

impl Chunk {
    /// Returns the offset on the disk of its first byte.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Returns the range of the disk it holds.
    pub fn range(&self) -> Range<u64> {
        self.offset..self.offset + self.place.len() as u64
    }
}

impl Deref for Chunk {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.buffer.as_ref().and_then(|buffer| buffer.get(self.place.clone())).unwrap_or_default()
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        if let Some(buffer) = self.buffer.take() {
            self.pool.put(buffer);
        }
    }
}

/// What the reading threads share.
#[derive(Clone)]
pub(super) struct Work {
    pub(super) reader: Reader,
    pub(super) pool: Arc<Pool>,
    sender: mpsc::Sender<Result<Chunk, ReadError>>,
}

impl Work {
    /// Delivers a piece that was read, or gives its buffer back and delivers why it was not.
    pub(super) fn deliver(&self, piece: &Piece, buffer: Buffer, result: Result<(), ReadError>) {
        let skip = usize::try_from(piece.wanted.start - piece.offset).unwrap_or(0);
        let length = usize::try_from(piece.wanted.end - piece.wanted.start).unwrap_or(0);
        let chunk = Chunk {
            offset: piece.wanted.start,
            place: skip..skip + length,
            buffer: Some(buffer),
            pool: Arc::clone(&self.pool),
        };
        // The consumer may be gone; then what it wanted does not matter.
        let _ = self.sender.blocking_send(result.map(|()| chunk));
    }

    /// Delivers an error that no buffer is left of.
    pub(super) fn report(&self, error: ReadError) {
        let _ = self.sender.blocking_send(Err(error));
    }

    /// Checks that a piece lies on the disk.
    pub(super) fn check(&self, piece: &Piece) -> Result<(), ReadError> {
        self.reader.check_end(piece.wanted.start, piece.wanted.end - piece.wanted.start)
    }

    fn read_by_calls(&self, pieces: &Mutex<Pieces>) {
        while let Some(mut buffer) = self.pool.take() {
            let piece = pieces.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some(piece) = piece else { return self.pool.put(buffer) };
            let result =
                self.check(&piece).and_then(|()| self.reader.fill(&mut buffer[..piece.bytes], piece.offset));
            self.deliver(&piece, buffer, result);
        }
    }
}
