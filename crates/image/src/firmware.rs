//! Which firmware a disk is made for, by what is at its beginning. Nothing there is trusted.

use crate::{Image, ImageError};

/// What a machine starts with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Firmware {
    /// The PC's old way.
    Bios,
    /// The new one.
    Uefi,
}

/// An entry of a partition table that a firmware looks for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Entry {
    /// The partition that UEFI starts from.
    System,
    /// Room for a loader that BIOS starts, on a GPT disk.
    BiosBoot,
    Other,
}

const SECTOR: usize = 512;
const GPT_ENTRIES: u32 = 128;
const MBR_SYSTEM: u8 = 0xef;
/// Type ids as they are on disk.
const GPT_SYSTEM: [u8; 16] =
    [0x28, 0x73, 0x2a, 0xc1, 0x1f, 0xf8, 0xd2, 0x11, 0xba, 0x4b, 0x00, 0xa0, 0xc9, 0x3e, 0xc9, 0x3b];
const GPT_BIOS_BOOT: [u8; 16] = *b"Hah!IdontNeedEFI";

impl Image {
    /// The firmware that the first disk is made for.
    pub fn firmware(&self) -> Result<Firmware, ImageError> {
        match self.manifest().disks.first() {
            Some(disk) => Ok(Firmware::of(self.form(disk).open()?.chunk(0)?.data.unwrap_or_default())),
            None => Err(ImageError::NoDisk(0)),
        }
    }
}

impl Firmware {
    /// Guesses from a disk's first bytes. A disk that can be started both ways, as those of clouds can, counts as made
    /// for BIOS, which needs nothing beside QEMU.
    fn of(head: &[u8]) -> Self {
        let Some(record) = head.get(..SECTOR).filter(|record| record[510..] == [0x55, 0xaa]) else {
            return Self::Bios;
        };
        let has_code = record[..440].iter().any(|byte| *byte != 0);
        let old: Vec<Entry> = (0..4)
            .map(|entry| if record[450 + 16 * entry] == MBR_SYSTEM { Entry::System } else { Entry::Other })
            .collect();
        let gpt = entries(head);
        let for_bios = match &gpt {
            Some(entries) => has_code && entries.contains(&Entry::BiosBoot),
            None => has_code,
        };
        let for_uefi = gpt.as_ref().unwrap_or(&old).contains(&Entry::System);
        if for_uefi && !for_bios { Self::Uefi } else { Self::Bios }
    }
}

/// The entries of a GPT, if there is one.
fn entries(head: &[u8]) -> Option<Vec<Entry>> {
    let header = head.get(SECTOR..2 * SECTOR).filter(|header| header.starts_with(b"EFI PART"))?;
    let word = |at: usize| u32::from_le_bytes(*header[at..].first_chunk().unwrap_or(&[0; 4]));
    let begin = u64::from_le_bytes(*header[72..].first_chunk().unwrap_or(&[0; 8]));
    let begin = usize::try_from(begin).ok()?.checked_mul(SECTOR)?;
    let length = usize::try_from(word(84)).ok()?.max(1);
    let count = usize::try_from(word(80).min(GPT_ENTRIES)).ok()?;
    let entries = head.get(begin..)?.chunks(length).take(count);
    Some(
        entries
            .map(|entry| match entry.first_chunk() {
                Some(&GPT_SYSTEM) => Entry::System,
                Some(&GPT_BIOS_BOOT) => Entry::BiosBoot,
                _ => Entry::Other,
            })
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::{Firmware, GPT_BIOS_BOOT, GPT_SYSTEM, MBR_SYSTEM};

    /// A disk's beginning with a boot loader or none, and a GPT of these types or one entry of the old table.
    fn head(code: bool, old: u8, types: Option<&[[u8; 16]]>) -> Vec<u8> {
        let mut head = vec![0; 64 << 10];
        head[0] = u8::from(code) * 0xeb;
        head[450] = old;
        head[510..512].copy_from_slice(&[0x55, 0xaa]);
        if let Some(types) = types {
            head[512..520].copy_from_slice(b"EFI PART");
            head[512 + 72] = 2;
            head[512 + 80] = 128;
            head[512 + 84] = 128;
            for (at, kind) in (1024..).step_by(128).zip(types) {
                head[at..at + 16].copy_from_slice(kind);
            }
        }
        head
    }

    #[test]
    fn the_firmware_is_told_from_the_table() {
        const DATA: [u8; 16] = [7; 16];
        let cases = [
            (head(true, 0x83, None), Firmware::Bios),
            (head(true, MBR_SYSTEM, None), Firmware::Bios),
            (head(false, MBR_SYSTEM, None), Firmware::Uefi),
            (head(false, 0xee, Some(&[GPT_SYSTEM, DATA])), Firmware::Uefi),
            (head(true, 0xee, Some(&[DATA, GPT_SYSTEM])), Firmware::Uefi),
            (head(true, 0xee, Some(&[GPT_BIOS_BOOT, GPT_SYSTEM])), Firmware::Bios),
            (head(false, 0xee, Some(&[GPT_BIOS_BOOT, GPT_SYSTEM])), Firmware::Uefi),
            (head(true, 0xee, Some(&[GPT_BIOS_BOOT])), Firmware::Bios),
            (vec![], Firmware::Bios),
            (vec![0; 512], Firmware::Bios),
        ];
        for (number, (head, expected)) in cases.iter().enumerate() {
            assert_eq!(Firmware::of(head), *expected, "case {number}");
        }
        // What the header says may be anything.
        let mut head = head(false, 0xee, Some(&[GPT_SYSTEM]));
        for at in [72, 79, 80, 83, 84, 87] {
            for value in [0, 1, 0xff] {
                head[512 + at] = value;
                let _ = Firmware::of(&head);
            }
        }
    }
}
