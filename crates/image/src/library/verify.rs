//! Proving that an image still is what its center signed.

use std::{fs, path::Path};

use super::{Form, Image, MOST_MANIFEST_BYTES, SIGNATURE, layer};
use crate::{
    DiskManifest, How, ImageError, PublicKey,
    content::Content,
    error::During,
    manifest::{SignatureFault, check},
};

/// What verifying an image came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The key that signed the manifest, if the signature holds.
    pub signed_by: Option<PublicKey>,
    /// What is wrong; nothing if the image is what was signed.
    pub damage: Vec<Damage>,
}

/// Something that is wrong with an image.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// The signature does not hold.
    #[error("{0}")]
    Signature(SignatureFault),
    /// A file is not there or cannot be read.
    #[error("disk {disk}: {file} cannot be read: {reason}")]
    Unreadable {
        /// Which disk.
        disk: u16,
        /// The name of the file.
        file: String,
        /// What the system says.
        reason: String,
    },
    /// The digests of the chunks are not those of the manifest.
    #[error("disk {0}: the digests of its chunks are not those that were signed")]
    Chunks(u16),
    /// The layer's file is not the one that was signed, whether its content differs or not.
    #[error("disk {0}: the file of its layer is not the one that was signed")]
    Layer(u16),
    /// The disk has another size.
    #[error("disk {disk} has {found} bytes where the manifest says {expected}")]
    Size {
        /// Which disk.
        disk: u16,
        /// Bytes found.
        found: u64,
        /// Bytes that were signed.
        expected: u64,
    },
    /// Content differs.
    #[error("disk {disk} differs in the {length} bytes at {offset}")]
    Content {
        /// Which disk.
        disk: u16,
        /// The first byte of the first chunk that differs.
        offset: u64,
        /// Bytes of the consecutive chunks that differ.
        length: u64,
    },
}

impl Image {
    /// Checks signature, digests and all content; tells `progress` of the bytes that were read. With a key, a signature
    /// by any other is damage.
    pub fn verify(
        &self,
        trusted: Option<PublicKey>,
        mut progress: impl FnMut(u64),
    ) -> Result<Verified, ImageError> {
        let mut damage = Vec::new();
        let signed_by = match self.signed_by(trusted) {
            Ok(key) => Some(key),
            Err(fault) => {
                damage.push(Damage::Signature(fault));
                None
            }
        };
        for disk in &self.manifest.disks {
            let Some(digests) = self.digests(disk, &mut damage) else { continue };
            let form = self.form(disk);
            if let (Form::Layer { layer, .. }, Some(How::Overlay { digest, .. })) = (&form, &disk.how)
                && layer::digest(layer).is_ok_and(|(_, found)| found != *digest)
            {
                damage.push(Damage::Layer(disk.index));
            }
            match form.open() {
                Ok(content) => compare(disk, &digests, content, &mut damage, &mut progress),
                Err(error) => damage.push(unreadable(disk, form.name(), &error)),
            }
        }
        Ok(Verified { signed_by, damage })
    }

    /// Checks a file against what was signed of a disk: a qcow2 that stands alone, or else a raw file; gives what
    /// differs. The signature itself is for [`Self::signed_by`].
    pub fn verify_file(
        &self,
        index: u16,
        path: &Path,
        mut progress: impl FnMut(u64),
    ) -> Result<Vec<Damage>, ImageError> {
        let disk = self.disk(index)?;
        let content = Content::foreign(path)?;
        let mut damage = Vec::new();
        if let Some(digests) = self.digests(disk, &mut damage) {
            compare(disk, &digests, content, &mut damage, &mut progress);
        }
        Ok(damage)
    }

    /// The key that signed the manifest; with a key, a signature by any other is a fault. The content is not looked at.
    pub fn signed_by(&self, trusted: Option<PublicKey>) -> Result<PublicKey, SignatureFault> {
        let path = self.directory.join(SIGNATURE);
        let small = fs::metadata(&path).is_ok_and(|file| file.len() <= MOST_MANIFEST_BYTES);
        let signature = fs::read(&path).ok().filter(|_| small).ok_or(SignatureFault::Unreadable)?;
        check(&self.text, &signature, trusted)
    }

    /// The digests of a disk's chunks, if they are the ones that the manifest names.
    pub(super) fn digests(&self, disk: &DiskManifest, damage: &mut Vec<Damage>) -> Option<Vec<u8>> {
        let path = self.directory.join(disk.chunks_file());
        let expected = disk.chunks() * 32;
        let read = match fs::metadata(&path) {
            Ok(file) if file.len() != expected => Ok(Vec::new()),
            Ok(_) => fs::read(&path),
            Err(error) => Err(error),
        };
        match read.during("reading", &path).map_err(ImageError::from) {
            Ok(digests) if blake3::hash(&digests).to_hex().as_str() == disk.root => Some(digests),
            Ok(_) => {
                damage.push(Damage::Chunks(disk.index));
                None
            }
            Err(error) => {
                damage.push(unreadable(disk, disk.chunks_file(), &error));
                None
            }
        }
    }
}

fn unreadable(disk: &DiskManifest, file: String, error: &ImageError) -> Damage {
    Damage::Unreadable { disk: disk.index, file, reason: error.to_string() }
}

/// Adds what of a disk's content differs from its digests.
fn compare(
    disk: &DiskManifest,
    digests: &[u8],
    mut content: Content,
    damage: &mut Vec<Damage>,
    progress: &mut dyn FnMut(u64),
) {
    if content.size() != disk.size_bytes {
        let (found, expected) = (content.size(), disk.size_bytes);
        damage.push(Damage::Size { disk: disk.index, found, expected });
        return;
    }
    for (offset, expected) in content.offsets().zip(digests.as_chunks::<32>().0) {
        let length = content.length(offset);
        // What cannot be read differs: the ranges tell all that is lost.
        if content.chunk(offset).map(|chunk| chunk.digest()).ok().as_ref() != Some(expected) {
            differing(damage, disk.index, offset, length);
        }
        progress(length);
    }
}

/// Adds a chunk to what differs, to the range before if that ends where it begins.
fn differing(damage: &mut Vec<Damage>, disk: u16, at: u64, bytes: u64) {
    match damage.last_mut() {
        Some(Damage::Content { disk: of, offset, length }) if *of == disk && *offset + *length == at => {
            *length += bytes;
        }
        _ => damage.push(Damage::Content { disk, offset: at, length: bytes }),
    }
}
