//! How content is packed for the network.

use std::{borrow::Cow, io};

/// How a payload is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// As it is.
    Raw,
    /// One zstd frame.
    Zstd,
}

/// A payload that cannot be unpacked to what its extent says.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    /// The payload is no frame of its codec.
    #[error("a compressed payload cannot be read: {0}")]
    Broken(#[from] io::Error),
    /// It holds another number of bytes than its extent has.
    #[error("a payload holds {found} bytes where its extent has {expected}")]
    Length {
        /// Bytes found, or one more than expected when there are more.
        found: usize,
        /// Bytes of the extent.
        expected: usize,
    },
}

/// The greatest window that a payload may ask room for, as a power of two: twice the largest extent.
const WINDOW_LOG: u32 = 21;

/// Least saving that is worth unpacking for: a sixteenth.
const WORTHWHILE: usize = 16;

impl Codec {
    /// The number that frames know it by.
    pub const fn number(self) -> u8 {
        match self {
            Self::Raw => 0,
            Self::Zstd => 1,
        }
    }

    /// The codec of a number.
    pub const fn of_number(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::Raw),
            1 => Some(Self::Zstd),
            _ => None,
        }
    }

    /// Unpacks a payload into exactly `length` bytes; a payload that would give more is given up at the first byte
    /// too many. What is not packed is not copied.
    pub fn unpack(self, payload: &[u8], length: usize) -> Result<Cow<'_, [u8]>, CodecError> {
        let data = match self {
            Self::Raw => Cow::Borrowed(payload),
            Self::Zstd => {
                let mut data = Vec::with_capacity(length);
                let mut decoder = zstd::stream::read::Decoder::with_buffer(payload)?;
                // What a frame says of its window is room that is made, and no extent needs more than its own size.
                decoder.window_log_max(WINDOW_LOG)?;
                // One byte more than expected is enough to know that there are too many.
                let most = u64::try_from(length).unwrap_or(u64::MAX).saturating_add(1);
                io::Read::read_to_end(&mut io::Read::take(decoder, most), &mut data)?;
                Cow::Owned(data)
            }
        };
        if data.len() == length {
            Ok(data)
        } else {
            Err(CodecError::Length { found: data.len(), expected: length })
        }
    }
}

/// Packs content with a kept zstd context.
pub struct Packer {
    context: zstd::bulk::Compressor<'static>,
    level: i32,
}

impl Packer {
    /// Makes a packer at a level of zstd, negative ones included.
    pub fn new(level: i32) -> io::Result<Self> {
        Ok(Self { context: zstd::bulk::Compressor::new(level)?, level })
    }

    /// Goes on at another level.
    pub fn set_level(&mut self, level: i32) -> io::Result<()> {
        if level != self.level {
            self.context.set_compression_level(level)?;
            self.level = level;
        }
        Ok(())
    }

    /// Packs content; what compression does not make smaller by a sixteenth is not packed, and `None`.
    pub fn pack(&mut self, data: &[u8]) -> io::Result<Option<Vec<u8>>> {
        let packed = self.context.compress(data)?;
        Ok((packed.len() + data.len() / WORTHWHILE <= data.len()).then_some(packed))
    }
}

#[cfg(test)]
mod tests {
    use super::{Codec, CodecError, Packer};

    fn text() -> Vec<u8> {
        (0..100_000_u32).flat_map(|n| (n / 100).to_le_bytes()).collect()
    }

    /// Bytes without a pattern that zstd could find.
    fn noise(length: usize) -> Vec<u8> {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[3]
        };
        (0..length).map(|_| next()).collect()
    }

    #[test]
    fn content_comes_back_whatever_the_level() {
        let mut packer = Packer::new(1).unwrap();
        for level in [-5, -1, 1, 3, 9] {
            packer.set_level(level).unwrap();
            let small = packer.pack(&text()).unwrap().unwrap();
            assert_eq!(Codec::Zstd.unpack(&small, text().len()).unwrap(), text(), "{level}");
        }
        assert_eq!(*Codec::Raw.unpack(b"abc", 3).unwrap(), *b"abc");
    }

    #[test]
    fn what_does_not_shrink_goes_as_it_is() {
        assert_eq!(Packer::new(3).unwrap().pack(&noise(65_536)).unwrap(), None);
    }

    #[test]
    fn a_payload_of_another_length_is_refused() {
        let packed = Packer::new(1).unwrap().pack(&text()).unwrap().unwrap();
        for expected in [0, text().len() - 1, text().len() + 1] {
            let refused = Codec::Zstd.unpack(&packed, expected).unwrap_err();
            assert!(matches!(refused, CodecError::Length { .. }), "{expected}: {refused}");
        }
        assert!(matches!(Codec::Zstd.unpack(b"nonsense", 8), Err(CodecError::Broken(_))));
        assert!(matches!(Codec::Raw.unpack(b"abc", 4), Err(CodecError::Length { .. })));
    }

    /// A frame of a few bytes may claim to hold a terabyte.
    #[test]
    fn a_bomb_is_given_up_early() {
        let bomb = zstd::bulk::compress(&vec![0; 64 << 20], 1).unwrap();
        let refused = Codec::Zstd.unpack(&bomb, 4096).unwrap_err();
        assert!(matches!(refused, CodecError::Length { found: 4097, expected: 4096 }), "{refused}");
    }
}
