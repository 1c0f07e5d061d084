//! How a copy travels: frames in both directions over one encrypted, reliable stream.
//!
//! A frame is eight bytes of head, then its body, integers little-endian:
//!
//! | bytes | holds |
//! |---|---|
//! | 0–3 | bytes of the body |
//! | 4 | kind |
//! | 5 | 0, reserved |
//! | 6–7 | number of the disk, 0 where a frame is about none |
//!
//! TLS keeps frames whole on their way; an extent besides carries the digest that its source computed, so that a fault
//! of memory or of a program between reading and writing is found as well. Frames of the agent that need an answer carry
//! a sequence number of their stream, from 1; the center's `Durable` and `Want` refer to it.

mod body;
mod messages;

pub use messages::{Failed, Hello, Settings, Welcome};

use std::borrow::Cow;

use bytes::Bytes;

use crate::{
    codec::{Codec, CodecError},
    digest::{self, DIGEST_BYTES, Leaf, LeafKey},
    range::{COMPARED_BYTES, EXTENT_BYTES, LEAF_BYTES, Range, RangeError},
};

/// Bytes of a frame's head.
pub const HEAD_BYTES: usize = 8;

/// Bytes of a body at the most: an extent with its own head, and some room.
pub const MAX_BODY: usize = (1 << 20) + 4096;

/// Leaves that an offer names at the most.
pub const OFFER_LEAVES: usize = 4096;

/// One frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// The agent begins.
    Hello(Hello),
    /// Content of a range.
    Extent(Extent),
    /// A range holds zeros, or nothing that counts.
    Zero {
        /// Number of the frame in its stream.
        sequence: u64,
        /// Which disk.
        disk: u16,
        /// Where.
        range: Range,
    },
    /// The source has leaves of these digests; the center answers which it wants.
    Offer {
        /// Number of the frame in its stream.
        sequence: u64,
        /// Which disk.
        disk: u16,
        /// The first byte of the first leaf.
        offset: u64,
        /// The digests of consecutive leaves.
        leaves: Vec<Leaf>,
    },
    /// The leaves of a range have digests of this digest; the center answers whether its own have.
    Summary {
        /// Number of the frame in its stream.
        sequence: u64,
        /// Which disk.
        disk: u16,
        /// Where.
        range: Range,
        /// Over the digests of its leaves.
        digest: [u8; 32],
    },
    /// Everything before should be made durable now.
    Sync {
        /// Number of the frame in its stream.
        sequence: u64,
    },
    /// The copy equals the source at one moment; nothing follows in this run.
    Done {
        /// Number of the frame in its stream.
        sequence: u64,
    },
    /// The center takes part, and how.
    Welcome(Welcome),
    /// Everything up to this frame is on the center's disk.
    Durable {
        /// The last frame of which this is true.
        sequence: u64,
    },
    /// Which leaves of an offer, or whether a summary's range, the center lacks.
    Want {
        /// The offer's or summary's number.
        sequence: u64,
        /// A bit for each leaf, the first in the lowest bit of the first byte; one bit for a summary.
        wanted: Vec<u8>,
    },
    /// How to copy from now on.
    Settings(Settings),
    /// The center cannot go on.
    Failed(Failed),
}

/// Content of a range, packed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Number of the frame in its stream.
    pub sequence: u64,
    /// Which disk.
    pub disk: u16,
    /// Where.
    pub range: Range,
    /// How the payload is packed.
    pub codec: Codec,
    /// Over the digests of its leaves, as the source computed them.
    pub digest: [u8; 32],
    /// The content, packed.
    pub payload: Bytes,
}

/// An extent whose content is not what its source hashed, or cannot be unpacked.
#[derive(Debug, thiserror::Error)]
pub enum ExtentError {
    /// The payload cannot be unpacked.
    #[error("the extent of {length} bytes at {offset} of disk {disk}: {error}")]
    Payload {
        /// Which disk.
        disk: u16,
        /// Where it begins.
        offset: u64,
        /// How long it is.
        length: u64,
        /// What is wrong.
        error: CodecError,
    },
    /// The content has another digest.
    #[error(
        "the extent of {length} bytes at {offset} of disk {disk} is not what the source hashed; the memory or a program of one side is faulty"
    )]
    Digest {
        /// Which disk.
        disk: u16,
        /// Where it begins.
        offset: u64,
        /// How long it is.
        length: u64,
    },
}

impl Extent {
    /// Unpacks the content and proves that it is what the source hashed; gives it with the digests of its leaves.
    pub fn open(&self, key: &LeafKey) -> Result<(Cow<'_, [u8]>, Vec<Leaf>), ExtentError> {
        let (disk, offset, length) = (self.disk, self.range.offset(), self.range.length());
        let bytes = usize::try_from(length).unwrap_or(usize::MAX);
        let data = self.codec.unpack(&self.payload, bytes).map_err(|error| ExtentError::Payload {
            disk,
            offset,
            length,
            error,
        })?;
        let leaves = key.leaves(&data);
        if digest::over(&leaves) == self.digest {
            Ok((data, leaves))
        } else {
            Err(ExtentError::Digest { disk, offset, length })
        }
    }
}

/// Why bytes are no frame.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// The body would be longer than any frame's.
    #[error("a frame announces {0} bytes, at most {MAX_BODY} are allowed")]
    TooLong(u32),
    /// There is no frame of this kind.
    #[error("a frame is of the unknown kind {0}; the other side is newer: upgrade this one")]
    Kind(u8),
    /// The reserved byte is used.
    #[error("a frame uses the reserved byte ({0}); the other side is newer: upgrade this one")]
    Reserved(u8),
    /// The body is shorter or longer than its kind needs.
    #[error("a {0} frame has a body of {1} bytes, which does not fit what it says")]
    Size(&'static str, usize),
    /// There is no codec of this number.
    #[error("an extent uses the unknown codec {0}; the other side is newer: upgrade this one")]
    Codec(u8),
    /// It names no part of a disk.
    #[error(transparent)]
    Range(#[from] RangeError),
    /// A message is not what it should be.
    #[error("a {0} frame cannot be read: {1}")]
    Message(&'static str, serde_json::Error),
}

/// The head of a frame whose body is still to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    kind: u8,
    disk: u16,
    length: usize,
}

impl Head {
    /// Reads a head; a body that is too long is refused before room is made for it.
    pub fn read(bytes: [u8; HEAD_BYTES]) -> Result<Self, FrameError> {
        let [a, b, c, d, kind, reserved, low, high] = bytes;
        let announced = u32::from_le_bytes([a, b, c, d]);
        let length = usize::try_from(announced).map_err(|_| FrameError::TooLong(announced))?;
        if length > MAX_BODY {
            return Err(FrameError::TooLong(announced));
        }
        if reserved != 0 {
            return Err(FrameError::Reserved(reserved));
        }
        Ok(Self { kind, disk: u16::from_le_bytes([low, high]), length })
    }

    /// How many bytes of body follow.
    pub const fn body_length(self) -> usize {
        self.length
    }
}

impl Frame {
    /// Reads the body that follows a head.
    pub fn read(head: Head, body: Bytes) -> Result<Self, FrameError> {
        body::read(head, body)
    }

    /// Appends the frame to what is to be sent.
    pub fn write(&self, out: &mut Vec<u8>) {
        let payload = body::write(self, out);
        out.extend_from_slice(payload);
    }

    /// Appends the frame but for the payload of an extent, which is given back and is to be sent next. So it need not be
    /// copied.
    pub fn write_head(&self, out: &mut Vec<u8>) -> &[u8] {
        body::write(self, out)
    }

    /// Bytes of memory that the frame holds beside itself, where it may be much.
    pub const fn body_bytes(&self) -> usize {
        match self {
            Self::Extent(extent) => extent.payload.len(),
            Self::Offer { leaves, .. } => leaves.len() * DIGEST_BYTES,
            Self::Want { wanted, .. } => wanted.len(),
            _ => 0,
        }
    }

    /// Bytes of content that the frame keeps the sender's window occupied with.
    pub const fn weight(&self) -> u64 {
        match self {
            Self::Extent(extent) => extent.range.length(),
            _ => 0,
        }
    }
}

/// The number of leaves that fit an offer of this many bytes, for callers that cut ranges.
pub const fn offered_bytes() -> u64 {
    let most = OFFER_LEAVES as u64 * LEAF_BYTES;
    if most < COMPARED_BYTES { most } else { COMPARED_BYTES }
}

/// Checks the range of an extent.
fn extent_range(offset: u64, length: u64) -> Result<Range, RangeError> {
    Range::new(offset, length, EXTENT_BYTES)
}
