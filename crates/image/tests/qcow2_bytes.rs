//! A qcow2 that is damaged anywhere is read or refused; it never takes the reader down.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::io::Read;

use image::qcow2::{Cluster, Qcow2Error, Qcow2Reader, Qcow2Writer};
use proptest::prelude::*;

const SIZE: u64 = 3 << 20;

/// A small image with plain, packed and absent clusters.
fn written(level: Option<i32>) -> Vec<u8> {
    let mut file = tempfile::tempfile().unwrap();
    let mut writer = Qcow2Writer::new(&file, SIZE, level).unwrap();
    writer.put(0, &content()).unwrap();
    writer.finish().unwrap();
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).unwrap();
    bytes
}

fn content() -> Vec<u8> {
    let text = (0..200_000_u32).flat_map(|n| (n / 100).to_le_bytes());
    text.collect()
}

fn read(bytes: &[u8]) -> Result<Vec<u8>, Qcow2Error> {
    let mut reader = Qcow2Reader::open(bytes)?;
    let mut disk = Vec::new();
    for offset in (0..reader.size().min(SIZE)).step_by(usize::try_from(reader.cluster_bytes()).unwrap()) {
        match reader.cluster(offset)? {
            Cluster::Data(data) => disk.extend(data),
            Cluster::Absent | Cluster::Zeros => {
                disk.resize(disk.len() + usize::try_from(reader.cluster_bytes()).unwrap(), 0);
            }
        }
    }
    Ok(disk)
}

#[test]
fn what_is_written_is_read() {
    for level in [None, Some(1), Some(9)] {
        let disk = read(&written(level)).unwrap();
        let content = content();
        assert!(disk[..content.len()] == content && disk[content.len()..].iter().all(|byte| *byte == 0));
        assert_eq!(disk.len() as u64, SIZE);
    }
}

/// A layer over `base` of a few clusters.
fn layer(base: &str) -> Vec<u8> {
    let mut file = tempfile::tempfile().unwrap();
    let mut writer = Qcow2Writer::layer(&file, SIZE, base).unwrap();
    writer.put(65_536, &vec![7; 65_536]).unwrap();
    writer.put_zeros(131_072).unwrap();
    writer.finish().unwrap();
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).unwrap();
    bytes
}

#[test]
fn a_layer_is_read_over_its_own_base_only() {
    let bytes = layer("disk-0.base");
    let mut reader = Qcow2Reader::open_layer(bytes.as_slice(), "disk-0.base").unwrap();
    assert_eq!(reader.cluster(0).unwrap(), Cluster::Absent);
    assert_eq!(reader.cluster(65_536).unwrap(), Cluster::Data(vec![7; 65_536]));
    assert_eq!(reader.cluster(131_072).unwrap(), Cluster::Zeros);
    let refused = |bytes: &[u8], base| Qcow2Reader::open_layer(bytes, base).err().unwrap().to_string();
    assert!(refused(&bytes, "disk-1.base").contains("over another file"));
    assert!(refused(&bytes, "disk-0.bas").contains("no layer over"));
    assert!(refused(&written(None), "disk-0.base").contains("no layer over"));
    assert!(Qcow2Reader::open(bytes.as_slice()).is_err());
    // The name's place and length may say anything.
    for at in 8..20 {
        for value in [0, 1, 0x7f, 0xff] {
            let mut bytes = bytes.clone();
            if bytes[at] != value {
                bytes[at] = value;
                refused(&bytes, "disk-0.base");
            }
        }
    }
    let file = tempfile::tempfile().unwrap();
    for name in ["", "/etc/passwd", "../disk-0.raw", "nbd:localhost", &"x".repeat(256)] {
        assert!(Qcow2Writer::layer(&file, SIZE, name).is_err(), "{name}");
    }
}

#[test]
fn what_is_not_read_here_is_named() {
    let original = written(Some(1));
    for (at, value, expected) in [
        (0, 0, "it is no qcow2"),
        (7, 9, "another version"),
        (15, 1, "a backing file"),
        (35, 1, "encryption"),
        (79, 16, "features of newer versions"),
        (104, 7, "an unknown compression"),
        (23, 30, "clusters of an impossible size"),
        (24, 1, "does not cover its disk"),
        (40, 1, "outside of the file"),
    ] {
        let mut bytes = original.clone();
        bytes[at] = value;
        let told = Qcow2Reader::open(bytes.as_slice()).err().unwrap().to_string();
        assert!(told.contains(expected), "{at}: {told}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damage_never_takes_the_reader_down(
        packed in any::<bool>(),
        changes in prop::collection::vec((prop_oneof![0_usize..128, 65_536_usize..65_600, 0_usize..400_000], any::<u8>()), 1..12),
        kept in 0.0..1.0_f64,
    ) {
        let mut bytes = written(packed.then_some(1));
        for (at, value) in changes {
            if let Some(byte) = bytes.get_mut(at) {
                *byte = value;
            }
        }
        let _ = read(&bytes);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a part of a small length")]
        bytes.truncate((bytes.len() as f64 * kept) as usize);
        let _ = read(&bytes);
    }
}
