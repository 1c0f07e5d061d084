//! The bodies of frames: bytes to values and back.

use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};

use super::{Extent, Frame, FrameError, HEAD_BYTES, Head, OFFER_LEAVES, extent_range};
use crate::{
    codec::Codec,
    digest::{DIGEST_BYTES, Leaf},
    range::{COMPARED_BYTES, LEAF_BYTES, Range},
};

const HELLO: u8 = 1;
const EXTENT: u8 = 2;
const ZERO: u8 = 3;
const OFFER: u8 = 4;
const SUMMARY: u8 = 5;
const SYNC: u8 = 6;
const DONE: u8 = 7;
const WELCOME: u8 = 65;
const DURABLE: u8 = 66;
const WANT: u8 = 67;
const SETTINGS: u8 = 68;
const FAILED: u8 = 69;

pub(super) fn read(head: Head, body: Bytes) -> Result<Frame, FrameError> {
    let disk = head.disk;
    let mut fields = Fields { name: name(head.kind)?, whole: body.len(), rest: body };
    if fields.whole != head.length {
        return Err(fields.misfit());
    }
    let frame = match head.kind {
        HELLO => Frame::Hello(fields.message()?),
        WELCOME => Frame::Welcome(fields.message()?),
        SETTINGS => Frame::Settings(fields.message()?),
        FAILED => Frame::Failed(fields.message()?),
        EXTENT => {
            let (sequence, offset, length) = (fields.u64()?, fields.u64()?, fields.u32()?);
            let [number] = fields.array()?;
            let codec = Codec::of_number(number).ok_or(FrameError::Codec(number))?;
            let digest = fields.array()?;
            let range = extent_range(offset, length.into())?;
            Frame::Extent(Extent { sequence, disk, range, codec, digest, payload: fields.take_rest() })
        }
        ZERO => {
            let (sequence, offset, length) = (fields.u64()?, fields.u64()?, fields.u64()?);
            Frame::Zero { sequence, disk, range: Range::new(offset, length, u64::MAX)? }
        }
        OFFER => {
            let (sequence, offset) = (fields.u64()?, fields.u64()?);
            let digests = fields.take_rest();
            let (leaves, odd) = digests.as_chunks::<DIGEST_BYTES>();
            if !odd.is_empty() || leaves.is_empty() || leaves.len() > OFFER_LEAVES {
                return Err(fields.misfit());
            }
            let length = u64::try_from(leaves.len()).unwrap_or(u64::MAX).saturating_mul(LEAF_BYTES);
            let range = Range::new(offset, length, COMPARED_BYTES)?;
            Frame::Offer {
                sequence,
                disk,
                offset: range.offset(),
                leaves: leaves.iter().copied().map(Leaf).collect(),
            }
        }
        SUMMARY => {
            let (sequence, offset, length) = (fields.u64()?, fields.u64()?, fields.u32()?);
            let range = Range::new(offset, length.into(), COMPARED_BYTES)?;
            Frame::Summary { sequence, disk, range, digest: fields.array()? }
        }
        SYNC => Frame::Sync { sequence: fields.u64()? },
        DONE => Frame::Done { sequence: fields.u64()? },
        DURABLE => Frame::Durable { sequence: fields.u64()? },
        WANT => {
            let sequence = fields.u64()?;
            let wanted = fields.take_rest();
            if wanted.is_empty() || wanted.len() > OFFER_LEAVES / 8 {
                return Err(fields.misfit());
            }
            Frame::Want { sequence, wanted: wanted.to_vec() }
        }
        kind => return Err(FrameError::Kind(kind)),
    };
    if fields.rest.is_empty() { Ok(frame) } else { Err(fields.misfit()) }
}

/// Writes a frame but for the payload of an extent, which it gives.
pub(super) fn write<'frame>(frame: &'frame Frame, out: &mut Vec<u8>) -> &'frame [u8] {
    let mut payload: &[u8] = &[];
    let begin = out.len();
    out.extend_from_slice(&[0; HEAD_BYTES]);
    let mut disk = 0;
    let kind = match frame {
        Frame::Hello(message) => json(HELLO, message, out),
        Frame::Welcome(message) => json(WELCOME, message, out),
        Frame::Settings(message) => json(SETTINGS, message, out),
        Frame::Failed(message) => json(FAILED, message, out),
        Frame::Extent(extent) => {
            disk = extent.disk;
            place(out, extent.sequence, extent.range.offset());
            length32(out, extent.range);
            out.push(extent.codec.number());
            out.extend_from_slice(&extent.digest);
            payload = &extent.payload;
            EXTENT
        }
        Frame::Zero { sequence, disk: of, range } => {
            disk = *of;
            place(out, *sequence, range.offset());
            out.extend_from_slice(&range.length().to_le_bytes());
            ZERO
        }
        Frame::Offer { sequence, disk: of, offset, leaves } => {
            disk = *of;
            place(out, *sequence, *offset);
            for leaf in leaves {
                out.extend_from_slice(&leaf.0);
            }
            OFFER
        }
        Frame::Summary { sequence, disk: of, range, digest } => {
            disk = *of;
            place(out, *sequence, range.offset());
            length32(out, *range);
            out.extend_from_slice(digest);
            SUMMARY
        }
        Frame::Sync { sequence } => number(SYNC, *sequence, out),
        Frame::Done { sequence } => number(DONE, *sequence, out),
        Frame::Durable { sequence } => number(DURABLE, *sequence, out),
        Frame::Want { sequence, wanted } => {
            out.extend_from_slice(&sequence.to_le_bytes());
            out.extend_from_slice(wanted);
            WANT
        }
    };
    let length = u32::try_from(out.len() - begin - HEAD_BYTES + payload.len()).unwrap_or(u32::MAX);
    out[begin..begin + 4].copy_from_slice(&length.to_le_bytes());
    out[begin + 4] = kind;
    out[begin + 6..begin + HEAD_BYTES].copy_from_slice(&disk.to_le_bytes());
    payload
}

fn place(out: &mut Vec<u8>, sequence: u64, offset: u64) {
    out.extend_from_slice(&sequence.to_le_bytes());
    out.extend_from_slice(&offset.to_le_bytes());
}

/// Ranges of extents and summaries are far shorter than four gibibytes: their type says so at its making.
fn length32(out: &mut Vec<u8>, range: Range) {
    out.extend_from_slice(&u32::try_from(range.length()).unwrap_or(u32::MAX).to_le_bytes());
}

fn number(kind: u8, sequence: u64, out: &mut Vec<u8>) -> u8 {
    out.extend_from_slice(&sequence.to_le_bytes());
    kind
}

/// Messages have text keys and nothing fallible in them.
fn json(kind: u8, message: &impl Serialize, out: &mut Vec<u8>) -> u8 {
    let _ = serde_json::to_writer(out, message);
    kind
}

fn name(kind: u8) -> Result<&'static str, FrameError> {
    Ok(match kind {
        HELLO => "hello",
        EXTENT => "extent",
        ZERO => "zero",
        OFFER => "offer",
        SUMMARY => "summary",
        SYNC => "sync",
        DONE => "done",
        WELCOME => "welcome",
        DURABLE => "durable",
        WANT => "want",
        SETTINGS => "settings",
        FAILED => "failed",
        kind => return Err(FrameError::Kind(kind)),
    })
}

/// A body that is taken apart from its front.
struct Fields {
    name: &'static str,
    whole: usize,
    rest: Bytes,
}

impl Fields {
    fn misfit(&self) -> FrameError {
        FrameError::Size(self.name, self.whole)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], FrameError> {
        let field = *self.rest.first_chunk::<N>().ok_or_else(|| self.misfit())?;
        let _ = self.rest.split_to(N);
        Ok(field)
    }

    fn u32(&mut self) -> Result<u32, FrameError> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64, FrameError> {
        self.array().map(u64::from_le_bytes)
    }

    fn take_rest(&mut self) -> Bytes {
        std::mem::take(&mut self.rest)
    }

    fn message<T: DeserializeOwned>(&mut self) -> Result<T, FrameError> {
        let text = self.take_rest();
        serde_json::from_slice(&text).map_err(|error| FrameError::Message(self.name, error))
    }
}
