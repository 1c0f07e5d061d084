//! The checksums of ext4 and XFS.

/// Continues a CRC-32C over `bytes`. Neither inverted before nor after: ext4 starts with all ones and keeps what comes out,
/// XFS inverts the end.
pub(super) fn crc32c(crc: u32, bytes: &[u8]) -> u32 {
    bytes.iter().fold(crc, |crc, byte| TABLE[usize::from(crc.to_le_bytes()[0] ^ byte)] ^ (crc >> 8))
}

/// Continues a CRC-16 (of the "ANSI" polynomial, reflected) over `bytes`, as ext4's older group checksums use it.
pub(super) fn crc16(crc: u16, bytes: &[u8]) -> u16 {
    bytes.iter().fold(crc, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xa001 } else { crc >> 1 })
    })
}

/// Returns whether an XFS structure has its CRC, a little-endian number at `at` that counts as zero in it.
pub(super) fn xfs_holds(bytes: &[u8], at: usize) -> bool {
    let (Some(before), Some(stored), Some(after)) =
        (bytes.get(..at), crate::window::array(bytes, at), bytes.get(at + 4..))
    else {
        return false;
    };
    !crc32c(crc32c(crc32c(u32::MAX, before), &[0; 4]), after) == u32::from_le_bytes(stored)
}

static TABLE: [u32; 256] = table();

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        #[expect(clippy::cast_possible_truncation, reason = "below 256")]
        let mut crc = index as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0x82f6_3b78 } else { crc >> 1 };
            bit += 1;
        }
        table[index] = crc;
        index += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_values_of_the_catalogues() {
        assert_eq!(!crc32c(u32::MAX, b"123456789"), 0xe306_9283);
        assert_eq!(crc16(0, b"123456789"), 0xbb3d);
    }
}
