//! Reading a qcow2 that anybody may have made, alone or as a layer: no panic, no room beyond a few clusters, no endless
//! work, and a cluster that is whole.
//!
//! The first byte says whether the bytes behind it are read as they are, or with a head that fits: few heads do, and what
//! is behind them should be seen too.

#![no_main]

use image::qcow2::{Cluster, Qcow2Reader};
use libfuzzer_sys::fuzz_target;

const BASE: &str = "disk-0.base";

fuzz_target!(|data: &[u8]| {
    let [fitting, rest @ ..] = data else { return };
    match fitting % 3 {
        0 => read(Qcow2Reader::open(data)),
        1 => read(Qcow2Reader::open(with_head(rest, false).as_slice())),
        _ => read(Qcow2Reader::open_layer(with_head(rest, true).as_slice(), BASE)),
    }
});

fn read<E>(reader: Result<Qcow2Reader<&[u8]>, E>) {
    let Ok(mut reader) = reader else { return };
    let (size, step) = (reader.size(), reader.cluster_bytes());
    // Both ends of the disk, and what is around the end of each second-level table.
    for cluster in (0..64).chain(size / step - (size / step).min(64)..=size / step) {
        if let Ok(Cluster::Data(data)) = reader.cluster(cluster.saturating_mul(step)) {
            assert_eq!(data.len() as u64, step);
        }
    }
}

/// Bytes under a head of version 3 that a reader takes: what they say of sizes is kept within what the file can have.
fn with_head(bytes: &[u8], layer: bool) -> Vec<u8> {
    let mut file = bytes.to_vec();
    file.resize(file.len().max(1024), 0);
    let mut put = |at: usize, bytes: &[u8]| file[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, b"QFI\xfb\x00\x00\x00\x03");
    put(8, &[0; 12]);
    put(20, &[0, 0, 0, 9 + bytes.get(23).copied().unwrap_or(0) % 3]);
    // Less than 16 MiB: at most 512 entries of the smallest tables.
    put(24, &[0; 5]);
    put(32, &[0; 4]);
    put(36, &[0, 0, 2, 0]);
    put(40, &[0, 0, 0, 0, 0, 0]);
    put(72, &[0; 7]);
    put(79, &[8]);
    put(104, &[1]);
    if layer {
        put(8, &[0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 11]);
        put(256, BASE.as_bytes());
    }
    file
}
