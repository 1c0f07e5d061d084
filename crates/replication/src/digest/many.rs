//! The digests of many leaves at once.
//!
//! A processor's wide registers hash sixteen chunks of 1 KiB side by side, and a leaf has four: one leaf after another leaves
//! three quarters of them empty. Here the first chunks of sixteen leaves are hashed together, then their second ones, and so on;
//! then the two halves of each leaf, then the leaves. What comes of it is the keyed BLAKE3 of each leaf.
//!
//! The crate shows the function that does this as one for benchmarks, which may change: its version is fixed, and the first
//! leaves of a program are hashed in both ways. Were they ever different, all would be hashed one by one.

use std::sync::OnceLock;

use blake3::{
    IncrementCounter,
    platform::{Platform, words_from_le_bytes_32},
};

use super::LEAF;

/// Leaves that are hashed together.
pub(super) const TOGETHER: usize = 16;

/// Bytes of a chunk, how many a leaf has, and bytes of the output for one.
const CHUNK: usize = 1024;
const CHUNKS: usize = LEAF / CHUNK;
const OUT: usize = 32;

/// BLAKE3's marks of what is hashed (section 2.1 of its paper).
const CHUNK_START: u8 = 1;
const CHUNK_END: u8 = 1 << 1;
const PARENT: u8 = 1 << 2;
const ROOT: u8 = 1 << 3;
const KEYED_HASH: u8 = 1 << 4;

/// Whether many at once come to the same as one after another here.
static AGREES: OnceLock<bool> = OnceLock::new();

/// The keyed hashes of sixteen leaves that follow each other; `None` where they are to be hashed one by one.
pub(super) fn hashes(key: &[u8; 32], leaves: &[u8; LEAF * TOGETHER]) -> Option<[[u8; OUT]; TOGETHER]> {
    let agrees = AGREES.get_or_init(|| {
        let hashed = together(key, leaves);
        let (each, _) = leaves.as_chunks::<LEAF>();
        hashed.is_some_and(|hashed| {
            hashed.iter().zip(each).all(|(hash, leaf)| *hash == *blake3::keyed_hash(key, leaf).as_bytes())
        })
    });
    if *agrees { together(key, leaves) } else { None }
}

fn together(key: &[u8; 32], leaves: &[u8; LEAF * TOGETHER]) -> Option<[[u8; OUT]; TOGETHER]> {
    let platform = Platform::detect();
    let key = words_from_le_bytes_32(key);
    let (chunks, _) = leaves.as_chunks::<CHUNK>();
    // What each chunk of each leaf comes to, leaf by leaf.
    let mut values = [0; OUT * CHUNKS * TOGETHER];
    for number in 0..CHUNKS {
        let inputs: [&[u8; CHUNK]; TOGETHER] = std::array::from_fn(|leaf| &chunks[leaf * CHUNKS + number]);
        let mut out = [0; OUT * TOGETHER];
        platform.hash_many(
            &inputs,
            &key,
            number as u64,
            IncrementCounter::No,
            KEYED_HASH,
            CHUNK_START,
            CHUNK_END,
            &mut out,
        );
        for (leaf, value) in out.as_chunks::<OUT>().0.iter().enumerate() {
            let at = (leaf * CHUNKS + number) * OUT;
            values.get_mut(at..at + OUT)?.copy_from_slice(value);
        }
    }
    let parents = |values: &[u8], flags: u8, out: &mut [u8]| {
        let inputs: Vec<&[u8; 2 * OUT]> = values.as_chunks().0.iter().collect();
        platform.hash_many(&inputs, &key, 0, IncrementCounter::No, flags, 0, 0, out);
    };
    let mut halves = [0; OUT * 2 * TOGETHER];
    parents(&values, KEYED_HASH | PARENT, &mut halves);
    let mut roots = [0; OUT * TOGETHER];
    parents(&halves, KEYED_HASH | PARENT | ROOT, &mut roots);
    roots.as_chunks().0.try_into().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn many_at_once_are_each_one_keyed_hash(key: [u8; 32], seed: [u8; 32]) {
            let mut leaves = vec![0; LEAF * TOGETHER];
            let mut noise = blake3::Hasher::new();
            noise.update(&seed);
            noise.finalize_xof().fill(&mut leaves);
            let leaves: &[u8; LEAF * TOGETHER] = leaves.as_slice().try_into().unwrap();
            let hashed = together(&key, leaves).unwrap();
            for (hash, leaf) in hashed.iter().zip(leaves.as_chunks::<LEAF>().0) {
                prop_assert_eq!(*hash, *blake3::keyed_hash(&key, leaf).as_bytes());
            }
            prop_assert_eq!(hashes(&key, leaves), Some(hashed));
        }
    }
}
