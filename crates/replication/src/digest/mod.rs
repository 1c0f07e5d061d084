//! How content is compared without being sent.
//!
//! A leaf's digest is the first half of its keyed BLAKE3: 128 bits are plenty against chance, and the key, which each
//! job draws anew and only the two ends know, takes away what makes 128 bits too few against malice: a user of the
//! source cannot search for two contents with one digest. A leaf of zeros has the digest of zeros, which is also what a
//! sparse file of digests holds for what was never written.
//!
//! The digest of an extent is the BLAKE3 of its leaves' digests, so that either end hashes the data itself once.

mod many;

use std::fmt;

use crate::range::LEAF_BYTES;

#[expect(clippy::cast_possible_truncation, reason = "4096 fits every usize")]
const LEAF: usize = LEAF_BYTES as usize;

/// Bytes of a leaf's digest.
pub const DIGEST_BYTES: usize = 16;

/// The digest of one leaf.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Leaf(pub [u8; DIGEST_BYTES]);

impl Leaf {
    /// The digest of a leaf of zeros.
    pub const ZERO: Self = Self([0; DIGEST_BYTES]);

    /// The first half of a hash.
    fn of(hash: &[u8; 2 * DIGEST_BYTES]) -> Self {
        let mut digest = [0; DIGEST_BYTES];
        digest.copy_from_slice(&hash[..DIGEST_BYTES]);
        Self(digest)
    }
}

/// The key of a job's digests.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct LeafKey([u8; 32]);

impl fmt::Debug for LeafKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("LeafKey(…)")
    }
}

impl LeafKey {
    /// Takes 32 random bytes as a key.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, for the other end of an encrypted stream and for the job's own files.
    pub const fn reveal(&self) -> &[u8; 32] {
        &self.0
    }

    /// The digest of one leaf; the last of a disk may be shorter than the others.
    pub fn leaf(&self, data: &[u8]) -> Leaf {
        if is_zero(data) {
            return Leaf::ZERO;
        }
        Leaf::of(blake3::keyed_hash(&self.0, data).as_bytes())
    }

    /// The digests of consecutive leaves.
    pub fn leaves(&self, data: &[u8]) -> Vec<Leaf> {
        let mut leaves = Vec::with_capacity(data.len().div_ceil(LEAF));
        let (groups, rest) = data.as_chunks::<{ LEAF * many::TOGETHER }>();
        for group in groups {
            if is_zero(group) {
                leaves.extend([Leaf::ZERO; many::TOGETHER]);
                continue;
            }
            match many::hashes(&self.0, group) {
                Some(hashes) => {
                    let each = group.as_chunks::<LEAF>().0.iter().zip(&hashes);
                    leaves.extend(
                        each.map(|(leaf, hash)| if is_zero(leaf) { Leaf::ZERO } else { Leaf::of(hash) }),
                    );
                }
                None => leaves.extend(group.chunks(LEAF).map(|leaf| self.leaf(leaf))),
            }
        }
        leaves.extend(rest.chunks(LEAF).map(|leaf| self.leaf(leaf)));
        leaves
    }
}

/// The digest over the digests of consecutive leaves: what an extent carries, and what a summary compares.
pub fn over(leaves: &[Leaf]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    for leaf in leaves {
        hasher.update(&leaf.0);
    }
    *hasher.finalize().as_bytes()
}

/// Says whether all bytes are zero. Whole words at a time, since most of a disk may be.
pub fn is_zero(data: &[u8]) -> bool {
    let (words, rest) = data.as_chunks::<16>();
    words.iter().all(|word| u128::from_ne_bytes(*word) == 0) && rest.iter().all(|byte| *byte == 0)
}

#[cfg(test)]
mod tests {
    use super::{Leaf, LeafKey, is_zero, over};

    const KEY: LeafKey = LeafKey::new([7; 32]);

    #[test]
    fn leaves_tell_contents_keys_and_lengths_apart() {
        let data: Vec<u8> = (0..10_000_u32).map(|n| n.to_le_bytes()[0]).collect();
        let leaves = KEY.leaves(&data);
        assert_eq!(leaves.len(), 3);
        assert_eq!(leaves[0], KEY.leaf(&data[..4096]));
        assert_ne!(leaves[0], LeafKey::new([8; 32]).leaf(&data[..4096]));
        assert_ne!(KEY.leaf(&data[..512]), KEY.leaf(&data[..513]));
        let mut changed = data;
        changed[5000] ^= 1;
        let after = KEY.leaves(&changed);
        assert_eq!((after[0], after[2]), (leaves[0], leaves[2]));
        assert_ne!(after[1], leaves[1]);
        assert_ne!(over(&after), over(&leaves));
    }

    #[test]
    fn leaves_are_the_same_however_many_are_asked_for_at_once() {
        let mut data = vec![0; 40 * 4096 + 700];
        blake3::Hasher::new().finalize_xof().fill(&mut data[..]);
        data[5 * 4096..7 * 4096].fill(0);
        data[16 * 4096..32 * 4096].fill(0);
        let each: Vec<Leaf> = data.chunks(4096).map(|leaf| KEY.leaf(leaf)).collect();
        assert_eq!(KEY.leaves(&data), each);
        assert_eq!((each[5], each[6]), (Leaf::ZERO, Leaf::ZERO));
    }

    #[test]
    fn zeros_are_known_without_a_key() {
        assert_eq!(KEY.leaf(&[0; 4096]), Leaf::ZERO);
        assert_eq!(KEY.leaf(&[0; 17]), Leaf::ZERO);
        for place in 0..40 {
            let mut data = [0; 40];
            data[place] = 1;
            assert!(!is_zero(&data), "{place}");
        }
    }

    #[test]
    fn a_key_is_not_printed() {
        assert_eq!(format!("{KEY:?}"), "LeafKey(…)");
    }
}
