//! Bounded reads of the small files the kernel and the system describe themselves with.
//!
//! A missing file is an ordinary answer here (another kernel, another driver), so most of these return an `Option`.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use crate::window::printable;

/// The most that is read of a one-line attribute; sysfs itself stops at a page.
const ATTRIBUTE_BYTES: u64 = 4096;
/// The most entries looked at in one directory.
const MAX_ENTRIES: usize = 16_384;

/// Reads at most `limit` bytes of a file.
pub(crate) fn bytes(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Reads at most `limit` bytes of a text file; bytes that are not UTF-8 are replaced.
pub(crate) fn text(path: &Path, limit: u64) -> Option<String> {
    bytes(path, limit).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// Reads the first line of an attribute, trimmed and printable; `None` if there is no such file or nothing in it.
pub(crate) fn line(path: &Path) -> Option<String> {
    text(path, ATTRIBUTE_BYTES)?.lines().next().and_then(printable)
}

/// Reads an attribute that is a decimal number.
pub(crate) fn number(path: &Path) -> Option<u64> {
    line(path)?.parse().ok()
}

/// Reads an attribute that is 0 or 1; anything else, or no such file, is `false`.
pub(crate) fn flag(path: &Path) -> bool {
    number(path) == Some(1)
}

/// Lists the names in a directory, sorted; those that are not UTF-8 are left out, as the kernel makes none.
pub(crate) fn names(directory: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(directory)?.take(MAX_ENTRIES) {
        names.extend(entry?.file_name().to_str().map(ToOwned::to_owned));
    }
    names.sort_by_key(|name| natural_order(name));
    Ok(names)
}

/// Decodes the octal escapes (`\040`) of `/proc/mounts`, `mountinfo` and `swaps`.
pub(crate) fn unescape(field: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((first, after)) = rest.split_first() {
        let escaped = (*first == b'\\').then(|| after.get(..3).and_then(octal)).flatten();
        if let Some(byte) = escaped {
            out.push(byte);
            rest = &after[3..];
        } else {
            out.push(*first);
            rest = after;
        }
    }
    out
}

fn octal(digits: &[u8]) -> Option<u8> {
    u8::from_str_radix(std::str::from_utf8(digits).ok().filter(|d| !d.starts_with('+'))?, 8).ok()
}

/// Returns a key that sorts `sdb` before `sdaa` and `nvme2n1` before `nvme10n1`, and keeps each driver's disks together.
pub(crate) fn natural_order(name: &str) -> Vec<(String, usize, String)> {
    let mut parts: Vec<(String, usize, String)> = Vec::new();
    let mut in_digits = None;
    for character in name.chars() {
        let digit = character.is_ascii_digit();
        if in_digits != Some(digit) {
            parts.push(Default::default());
            in_digits = Some(digit);
        }
        if let Some((driver, length, text)) = parts.last_mut() {
            // Drivers have two letters (`sd`, `vd`, `xvd` by its first two); the shorter of two names is the earlier disk.
            if !digit && *length < 2 {
                driver.push(character);
            }
            *length += 1;
            text.push(character);
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octal_escapes_are_decoded_and_anything_else_is_kept() {
        for (raw, expected) in [
            (&br"/mnt/with\040space"[..], &b"/mnt/with space"[..]),
            (br"\011\012\134\043", b"\t\n\\#"),
            (br"\377", b"\xff"),
            (br"\400", br"\400"),
            (br"\+12", br"\+12"),
            (br"\04", br"\04"),
            (br"trailing\", br"trailing\"),
            (b"", b""),
        ] {
            assert_eq!(unescape(raw), expected, "{raw:?}");
        }
    }

    #[test]
    fn disks_sort_as_people_count() {
        let mut names = ["sdaa", "sdb", "nvme10n1", "nvme2n1", "sda", "sda10", "sda9"];
        names.sort_by_key(|name| natural_order(name));
        assert_eq!(names, ["nvme2n1", "nvme10n1", "sda", "sda9", "sda10", "sdb", "sdaa"]);
    }
}
