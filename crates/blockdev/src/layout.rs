//! What is on a disk: its partition table and what the whole of it and each partition hold.
//!
//! Works on any reader, so that a block device and an image file are looked at by the same code.

use std::io::{self, Read, Seek};

use crate::disk::{Contents, Format, Partition, PartitionTable};
use crate::superblock;
use crate::table::{self, Scan};
use crate::window::Window;

/// Reads the table of a disk and what the whole disk holds. The contents of partitions are left to [`partition`].
///
/// `raid_member` says that the kernel uses the whole disk in a RAID: then a table seen on it belongs to what is inside.
pub(crate) fn whole<R: Read + Seek>(
    disk: &mut Window<'_, R>,
    sector_bytes: u32,
    raid_member: bool,
) -> io::Result<(Scan, Contents)> {
    let mut scan = table::read(disk, sector_bytes)?;
    let held = superblock::probe(disk)?;
    if raid_member && held.format == Format::RaidMember {
        scan.table = PartitionTable::None;
        scan.partitions.clear();
        return Ok((scan, held));
    }
    // Boot code of a filesystem that fills the disk ends in the same two bytes as an empty table.
    if matches!(scan.table, PartitionTable::Mbr { .. }) && scan.partitions.is_empty() && is_known(held.format)
    {
        scan.table = PartitionTable::None;
    }
    // With a table, what else is found is left from a former life of the disk, between the table and the first partition.
    // A hybrid image is the exception: made to be both, for optical media and for USB sticks.
    let keep = scan.table == PartitionTable::None || held.format == Format::Iso9660;
    let contents = if keep { held } else { Contents::default() };
    Ok((scan, contents))
}

/// Finds out what a partition holds, given the whole disk.
pub(crate) fn partition<R: Read + Seek>(
    disk: &mut Window<'_, R>,
    partition: &Partition,
) -> io::Result<Contents> {
    if partition.flags.extended {
        return Ok(Contents::default());
    }
    superblock::probe(&mut disk.part(partition.start_bytes, partition.size_bytes))
}

fn is_known(format: Format) -> bool {
    !matches!(format, Format::None | Format::Unknown | Format::Unread)
}

#[cfg(test)]
mod tests {
    use std::io::SeekFrom;

    use proptest::prelude::*;

    use super::*;
    use crate::table::MAX_PARTITIONS;
    use crate::window::MAX_READ;

    /// A disk of any size whose first bytes are given and that is zero behind; it counts what is read of it.
    struct Counting {
        front: Vec<u8>,
        position: u64,
        largest: usize,
        total: u64,
    }

    impl Read for Counting {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            buffer.fill(0);
            let at = usize::try_from(self.position).unwrap_or(usize::MAX);
            let rest = self.front.get(at..).unwrap_or_default();
            let count = rest.len().min(buffer.len());
            buffer[..count].copy_from_slice(&rest[..count]);
            self.position = self.position.saturating_add(buffer.len() as u64);
            self.largest = self.largest.max(buffer.len());
            self.total += buffer.len() as u64;
            Ok(buffer.len())
        }
    }

    impl Seek for Counting {
        fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
            if let SeekFrom::Start(position) = to {
                self.position = position;
            }
            Ok(self.position)
        }
    }

    /// Looks at everything on the disk and checks that time, memory and answer stay bounded.
    fn check(front: Vec<u8>, size_bytes: u64, sector_bytes: u32) -> Scan {
        let mut reader = Counting { front, position: 0, largest: 0, total: 0 };
        let mut window = Window::new(&mut reader, 0, size_bytes);
        let (scan, contents) = whole(&mut window, sector_bytes, false).unwrap();
        for found in &scan.partitions {
            assert!(found.start_bytes + found.size_bytes <= size_bytes, "{found:?}");
            partition(&mut window, found).unwrap();
        }
        assert!(scan.partitions.len() <= MAX_PARTITIONS && scan.problems.len() <= MAX_PARTITIONS);
        assert!(contents.label.is_none_or(|label| label.len() <= 3 * 256));
        assert!(reader.largest <= MAX_READ, "one read of {} bytes", reader.largest);
        let budget = 3 * MAX_READ as u64 + 1024 * 1024 + (MAX_PARTITIONS as u64 + 1) * 128 * 1024;
        assert!(reader.total <= budget, "{} bytes read", reader.total);
        scan
    }

    const MAGICS: &[(usize, &[u8])] = &[
        (510, &[0x55, 0xaa]),
        (450, &[0xee]),
        (450, &[0x05]),
        (512, b"EFI PART\0\0\x01\0\x5c\0\0\0"),
        (4096, b"EFI PART"),
        (512, b"LABELONE\x01\0\0\0\0\0\0\0"),
        (536, b"LVM2 001"),
        (1080, &[0x53, 0xef]),
        (0, b"XFSB"),
        (0, b"LUKS\xba\xbe\0\x02"),
        (4086, b"SWAPSPACE2"),
        (32768, b"\x01CD001"),
        (65600, b"_BHRfS_M"),
        (82, b"FAT32"),
        (4096, &[0xfc, 0x4e, 0x2b, 0xa9, 1, 0, 0, 0]),
    ];

    fn disk() -> impl Strategy<Value = Vec<u8>> {
        let bytes = prop::collection::vec(any::<u8>(), 0..80 * 1024);
        let sparse = prop::collection::vec((0usize..80 * 1024, any::<u8>()), 0..64).prop_map(|bytes| {
            let mut disk = vec![0; 80 * 1024];
            for (at, byte) in bytes {
                disk[at] = byte;
            }
            disk
        });
        let magics = prop::collection::vec(prop::sample::select(MAGICS), 0..6);
        (prop_oneof![1 => bytes, 7 => sparse], magics).prop_map(|(mut disk, magics)| {
            for (at, magic) in magics {
                if let Some(place) = disk.get_mut(at..at + magic.len()) {
                    place.copy_from_slice(magic);
                }
            }
            disk
        })
    }

    /// A table that passes every checksum with anything else in it.
    fn gpt(fields: [u64; 6], count: u32, entry_bytes: u32, entries: &[u8]) -> Vec<u8> {
        let mut disk = vec![0; 1024];
        disk[510..512].copy_from_slice(&[0x55, 0xaa]);
        disk[450] = 0xee;
        disk.extend(entries);
        disk.resize(1024 + 64 * 1024, 0);
        let table = (count as usize).checked_mul(entry_bytes as usize).unwrap_or(0);
        let crc = disk.get(1024..).and_then(|rest| rest.get(..table)).map_or(0, crc32fast::hash);
        let header = &mut disk[512..1024];
        header[..8].copy_from_slice(b"EFI PART");
        header[12] = 92;
        for (at, field) in [24, 32, 40, 48, 56, 72].into_iter().zip(fields) {
            header[at..at + 8].copy_from_slice(&field.to_le_bytes());
        }
        for (at, field) in [80, 84, 88].into_iter().zip([count, entry_bytes, crc]) {
            header[at..at + 4].copy_from_slice(&field.to_le_bytes());
        }
        let sum = crc32fast::hash(&header[..92]);
        header[16..20].copy_from_slice(&sum.to_le_bytes());
        disk
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn no_bytes_make_it_panic_or_read_without_end(
            front in disk(),
            size_bytes in prop_oneof![0u64..200_000, any::<u64>()],
            sector_bytes in prop_oneof![Just(512u32), Just(4096), any::<u32>()],
        ) {
            check(front, size_bytes, sector_bytes);
        }

        #[test]
        fn a_gpt_with_right_checksums_is_still_not_trusted(
            entries in prop::collection::vec(prop_oneof![4 => Just(0u8), 1 => any::<u8>()], 128..32 * 1024),
            mut fields in any::<[u64; 6]>(),
            count in prop_oneof![0u32..600, any::<u32>()],
            entry_bytes in prop_oneof![Just(128u32), Just(256), any::<u32>()],
            size_bytes in prop_oneof![100_000u64..2_000_000, any::<u64>()],
        ) {
            (fields[0], fields[5]) = (1, 2);
            check(gpt(fields, count, entry_bytes, &entries), size_bytes, 512);
        }
    }

    #[test]
    fn sizes_at_the_edge_of_arithmetic_are_left_out() {
        let entry = |first: u64, last: u64| {
            let mut entry = vec![0; 128];
            entry[0] = 1;
            entry[32..40].copy_from_slice(&first.to_le_bytes());
            entry[40..48].copy_from_slice(&last.to_le_bytes());
            entry
        };
        let ranges = [(0, u64::MAX), (u64::MAX, u64::MAX), (10, 9), (1 << 55, 1 << 56), (34, 34)];
        let entries: Vec<u8> = ranges.iter().flat_map(|(first, last)| entry(*first, *last)).collect();
        let scan = check(gpt([1, 0, 0, 0, 0, 2], 5, 128, &entries), u64::MAX, 512);
        let kept: Vec<_> = scan.partitions.iter().map(|p| (p.number, p.start_bytes, p.size_bytes)).collect();
        assert_eq!(kept, [(5, 17408, 512)]);
        assert_eq!(scan.problems.len(), 4, "{:?}", scan.problems);
    }

    #[test]
    fn of_a_thousand_partitions_the_kernels_256_are_listed() {
        let mut entry = [0; 128];
        (entry[0], entry[32], entry[40]) = (1, 34, 34);
        let scan = check(gpt([1, 0, 0, 0, 0, 2], 512, 128, &entry.repeat(512)), 1 << 40, 512);
        assert_eq!(scan.partitions.len(), MAX_PARTITIONS);
        assert_eq!(scan.problems[0], "partition 257 left out: more than 256 partitions");
    }
}
