//! Reading a qcow2 that anybody may have made, alone or as a layer: no panic, no room beyond a few clusters, no endless
//! work, and a cluster that is whole.

#![no_main]

use image::qcow2::{Cluster, Qcow2Reader};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    for reader in [Qcow2Reader::open(data), Qcow2Reader::open_layer(data, "disk-0.base")] {
        let Ok(mut reader) = reader else { continue };
        let (size, step) = (reader.size(), reader.cluster_bytes());
        // Both ends of the disk, and what is around the end of each second-level table.
        for cluster in (0..64).chain(size / step - (size / step).min(64)..=size / step) {
            if let Ok(Cluster::Data(data)) = reader.cluster(cluster.saturating_mul(step)) {
                assert_eq!(data.len() as u64, step);
            }
        }
    }
});
