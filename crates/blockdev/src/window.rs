//! Bounded reads at offsets of something that holds a disk or a part of one.
//!
//! Every byte of a disk that this crate looks at comes through here, so the bound on memory is in one place.

use std::io::{self, Read, Seek, SeekFrom};

/// The most that one read returns: a GPT of 8192 entries, far above what any tool writes.
pub(crate) const MAX_READ: usize = 1024 * 1024;

/// A range of a reader, addressed from 0.
pub(crate) struct Window<'a, R> {
    reader: &'a mut R,
    start: u64,
    len: u64,
}

impl<'a, R: Read + Seek> Window<'a, R> {
    /// Makes a window on `len` bytes of `reader` from `start` on.
    pub(crate) fn new(reader: &'a mut R, start: u64, len: u64) -> Self {
        Self { reader, start, len: len.min(u64::MAX - start) }
    }

    /// Returns a window on a part of this one, cut off at its end.
    pub(crate) fn part(&mut self, start: u64, len: u64) -> Window<'_, R> {
        let start = start.min(self.len);
        let len = len.min(self.len - start);
        Window { reader: self.reader, start: self.start + start, len }
    }

    /// Returns the window's length in bytes.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// Reads exactly `len` bytes at `offset`; `None` if they do not all lie inside the window, if `len` is over
    /// [`MAX_READ`], or if the reader ends before the window does (a truncated image).
    pub(crate) fn read(&mut self, offset: u64, len: usize) -> io::Result<Option<Vec<u8>>> {
        let inside = offset.checked_add(len as u64).is_some_and(|end| end <= self.len);
        if !inside || len > MAX_READ {
            return Ok(None);
        }
        self.reader.seek(SeekFrom::Start(self.start + offset))?;
        let mut bytes = vec![0; len];
        match self.reader.read_exact(&mut bytes) {
            Ok(()) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Returns the two bytes at `at` as a little-endian number; 0 if they are not all there.
pub(crate) fn le16(bytes: &[u8], at: usize) -> u16 {
    array(bytes, at).map_or(0, u16::from_le_bytes)
}

/// Returns the four bytes at `at` as a little-endian number; 0 if they are not all there.
pub(crate) fn le32(bytes: &[u8], at: usize) -> u32 {
    array(bytes, at).map_or(0, u32::from_le_bytes)
}

/// Returns the eight bytes at `at` as a little-endian number; 0 if they are not all there.
pub(crate) fn le64(bytes: &[u8], at: usize) -> u64 {
    array(bytes, at).map_or(0, u64::from_le_bytes)
}

/// Returns the two bytes at `at` as a big-endian number; 0 if they are not all there.
pub(crate) fn be16(bytes: &[u8], at: usize) -> u16 {
    array(bytes, at).map_or(0, u16::from_be_bytes)
}

/// Returns the four bytes at `at` as a big-endian number; 0 if they are not all there.
pub(crate) fn be32(bytes: &[u8], at: usize) -> u32 {
    array(bytes, at).map_or(0, u32::from_be_bytes)
}

/// Returns the `N` bytes at `at`, if they are all there.
pub(crate) fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.get(..N)?.try_into().ok()
}

/// Returns whether `bytes` has `magic` at `at`.
pub(crate) fn has(bytes: &[u8], at: usize, magic: &[u8]) -> bool {
    bytes.get(at..).is_some_and(|rest| rest.starts_with(magic))
}

/// Returns the text in the `len` bytes at `at`: up to the first NUL, trimmed, control characters replaced because it ends
/// up on terminals. `None` if nothing is left.
pub(crate) fn text(bytes: &[u8], at: usize, len: usize) -> Option<String> {
    let field = bytes.get(at..)?;
    let field = &field[..field.len().min(len)];
    let field = field.split(|byte| *byte == 0).next().unwrap_or_default();
    printable(&String::from_utf8_lossy(field))
}

/// Returns `raw` trimmed and with control characters replaced; `None` if nothing is left.
pub(crate) fn printable(raw: &str) -> Option<String> {
    let trimmed = raw.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    let clean: String =
        trimmed.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect();
    (!clean.is_empty()).then_some(clean)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn reads_stay_inside_the_window() {
        let mut disk = Cursor::new((0..=255u8).collect::<Vec<_>>());
        let mut whole = Window::new(&mut disk, 0, 256);
        let mut part = whole.part(100, 50);
        assert_eq!(part.read(0, 2).unwrap(), Some(vec![100, 101]));
        assert_eq!(part.read(48, 2).unwrap(), Some(vec![148, 149]));
        assert_eq!(part.read(49, 2).unwrap(), None);
        assert_eq!(part.read(u64::MAX, 2).unwrap(), None);
        assert_eq!(whole.part(250, 50).len(), 6);
        assert_eq!(whole.part(u64::MAX, u64::MAX).len(), 0);
    }

    #[test]
    fn a_window_larger_than_its_file_reads_nothing_past_the_end() {
        let mut disk = Cursor::new(vec![0; 512]);
        let mut window = Window::new(&mut disk, 0, 1 << 40);
        assert_eq!(window.read(500, 20).unwrap(), None);
        assert_eq!(window.read(0, MAX_READ + 1).unwrap(), None);
    }

    #[test]
    fn text_ends_at_nul_and_carries_no_terminal_escapes() {
        for (bytes, expected) in [
            (&b"data\0rest"[..], Some("data")),
            (b"  padded   ", Some("padded")),
            (b"\x1b[31mred", Some("\u{fffd}[31mred")),
            (b"\xff\xfe", Some("\u{fffd}\u{fffd}")),
            (b"\0\0\0", None),
            (b"", None),
        ] {
            assert_eq!(text(bytes, 0, 16).as_deref(), expected, "{bytes:?}");
        }
    }
}
