//! What an image says of itself, and the center's signature under it.
//!
//! A disk's content is described by the BLAKE3 of each MiB (the last may be shorter), 32 bytes each, in a file of its
//! own beside the manifest; the manifest holds the BLAKE3 of that file as the disk's root. Both can be checked with
//! standard tools: `b3sum disk-0.chunks` gives the root.
//!
//! The signature is Ed25519 over the bytes of `manifest.json` as they are, so that no form of JSON has to be agreed on.

use std::collections::BTreeMap;

use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use serde::{Deserialize, Serialize};

use crate::ImageError;

/// Bytes of a disk that one digest describes.
pub const CHUNK_BYTES: u64 = 1 << 20;

/// The version of manifests that this program writes and reads.
pub const MANIFEST_VERSION: u32 = 1;

/// What an image says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of the form, [`MANIFEST_VERSION`].
    pub version: u32,
    /// Where the image comes from.
    #[serde(flatten)]
    pub origin: Origin,
    /// Its disks, the first one boots.
    pub disks: Vec<DiskManifest>,
}

/// Where an image comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The image's id, its directory's name.
    pub id: String,
    /// The name that people gave it.
    pub name: String,
    /// The migration source's id.
    pub source: String,
    /// The replication job's id.
    pub job: String,
    /// The run's id.
    pub run: String,
    /// When the run began, ISO 8601 in UTC.
    pub started: String,
    /// When the copy equalled the source, ISO 8601 in UTC.
    pub finished: String,
    /// Versions of the programs that took part.
    pub tools: BTreeMap<String, String>,
}

/// One disk of an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiskManifest {
    /// Its number on the source.
    pub index: u16,
    /// Bytes of the disk.
    pub size_bytes: u64,
    /// The BLAKE3 of the file of chunk digests, hexadecimal.
    pub root: String,
    /// How its content came into the image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub how: Option<How>,
}

/// How a disk's content came into its image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "lowercase")]
pub enum How {
    /// It shares the blocks of the staging disk: nothing was copied.
    Reflink,
    /// The filesystem cannot share blocks: what differs from a former image is in a layer over that one's file.
    Overlay {
        /// The image that has the file below, too.
        base: String,
        /// Bytes of the layer, which were written.
        bytes: u64,
        /// The BLAKE3 of the layer's file, hexadecimal.
        digest: String,
    },
    /// The filesystem cannot share blocks, and there was no former image, or one that differs much.
    Copied {
        /// Bytes written.
        bytes: u64,
    },
}

impl std::fmt::Display for How {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Reflink => write!(f, "shares its blocks with the copy"),
            Self::Overlay { base, bytes, .. } => {
                write!(f, "a layer of {bytes} bytes over what {base} has; the filesystem cannot share blocks")
            }
            Self::Copied { bytes } => {
                write!(f, "{bytes} bytes were copied: the filesystem cannot share blocks; XFS and btrfs can")
            }
        }
    }
}

impl DiskManifest {
    /// The name of the file that holds the content.
    pub fn data_file(&self) -> String {
        format!("disk-{}.raw", self.index)
    }

    /// The name of the qcow2 that holds what differs from the file below, in place of [`Self::data_file`].
    pub fn layer_file(&self) -> String {
        format!("disk-{}.qcow2", self.index)
    }

    /// The name of the file below the layer.
    pub fn base_file(&self) -> String {
        format!("disk-{}.base", self.index)
    }

    /// The name of the file that holds the chunks' digests.
    pub fn chunks_file(&self) -> String {
        format!("disk-{}.chunks", self.index)
    }

    /// How many chunks it has.
    pub const fn chunks(&self) -> u64 {
        self.size_bytes.div_ceil(CHUNK_BYTES)
    }
}

/// The key that a center signs its images with.
pub struct Signer(Ed25519KeyPair);

/// The public half of a [`Signer`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey(pub [u8; 32]);

/// A detached signature, as its file holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// Always `Ed25519`.
    pub algorithm: String,
    /// The signer's public key, hexadecimal.
    pub public_key: String,
    /// Over the bytes of the manifest, hexadecimal.
    pub signature: String,
}

/// What is wrong with a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureFault {
    /// The file cannot be understood.
    #[error("the signature cannot be read")]
    Unreadable,
    /// It is by another key than the one that is trusted.
    #[error("the manifest is signed by another key than this center's")]
    OtherKey,
    /// The manifest is not what was signed.
    #[error("the manifest is not what was signed")]
    Wrong,
}

impl Signature {
    /// What its file holds.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        // Three strings always become JSON.
        serde_json::to_vec_pretty(self).unwrap_or_default()
    }
}

impl Signer {
    /// Makes the key pair of 32 random bytes, always the same of the same.
    pub fn from_seed(seed: &[u8; 32]) -> Result<Self, ImageError> {
        Ed25519KeyPair::from_seed_unchecked(seed).map(Self).map_err(|_| ImageError::Key)
    }

    /// The public half.
    pub fn public_key(&self) -> Result<PublicKey, ImageError> {
        self.0.public_key().as_ref().try_into().map(PublicKey).map_err(|_| ImageError::Key)
    }

    pub(crate) fn sign(&self, manifest: &[u8]) -> Signature {
        Signature {
            algorithm: "Ed25519".to_owned(),
            public_key: hex::encode(self.0.public_key()),
            signature: hex::encode(self.0.sign(manifest)),
        }
    }
}

/// Checks the bytes of a signature file against a manifest's bytes and, if given, the one key that is trusted; gives
/// the key that signed.
pub(crate) fn check(
    manifest: &[u8],
    signature: &[u8],
    trusted: Option<PublicKey>,
) -> Result<PublicKey, SignatureFault> {
    let text = signature;
    let signature: Signature = serde_json::from_slice(text).map_err(|_| SignatureFault::Unreadable)?;
    let mut key = [0; 32];
    hex::decode_to_slice(&signature.public_key, &mut key).map_err(|_| SignatureFault::Unreadable)?;
    let bytes = hex::decode(&signature.signature).map_err(|_| SignatureFault::Unreadable)?;
    // One form only, so that no bit of the file can change unnoticed.
    let canonical = Signature {
        algorithm: "Ed25519".to_owned(),
        public_key: hex::encode(key),
        signature: hex::encode(&bytes),
    };
    if canonical.to_bytes() != text {
        return Err(SignatureFault::Unreadable);
    }
    if trusted.is_some_and(|trusted| trusted.0 != key) {
        return Err(SignatureFault::OtherKey);
    }
    UnparsedPublicKey::new(&ED25519, key).verify(manifest, &bytes).map_err(|_| SignatureFault::Wrong)?;
    Ok(PublicKey(key))
}

#[cfg(test)]
mod tests {
    use super::{SignatureFault, Signer, check};

    #[test]
    fn a_signature_is_of_one_text_and_one_key() {
        let signer = Signer::from_seed(&[1; 32]).unwrap();
        let other = Signer::from_seed(&[2; 32]).unwrap();
        let key = signer.public_key().unwrap();
        let signature = signer.sign(b"text").to_bytes();
        assert_eq!(check(b"text", &signature, Some(key)), Ok(key));
        assert_eq!(check(b"text", &signature, None), Ok(key));
        assert_eq!(check(b"texT", &signature, None), Err(SignatureFault::Wrong));
        let by_other = other.sign(b"text").to_bytes();
        assert_eq!(check(b"text", &by_other, Some(key)), Err(SignatureFault::OtherKey));
        assert_eq!(check(b"text", b"{}", None), Err(SignatureFault::Unreadable));
    }
}
