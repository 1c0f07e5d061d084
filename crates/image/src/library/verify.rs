//! Proving that an image still is what its center signed.

use std::{fs, path::Path};

use super::{Image, MOST_MANIFEST_BYTES, SIGNATURE};
use crate::{
    CHUNK_BYTES, DiskManifest, ImageError, PublicKey,
    disk_file::DiskFile,
    error::During,
    manifest::{SignatureFault, check},
    qcow2::Qcow2Reader,
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
            let path = self.data(disk);
            let Some(digests) = self.digests(disk, &mut damage) else { continue };
            let content = match DiskFile::open(&path) {
                Ok(content) => content,
                Err(error) => {
                    damage.push(unreadable(disk, disk.data_file(), &error));
                    continue;
                }
            };
            if content.size != disk.size_bytes {
                let (found, expected) = (content.size, disk.size_bytes);
                damage.push(Damage::Size { disk: disk.index, found, expected });
                continue;
            }
            let mut expected = digests.as_chunks::<32>().0.iter();
            content.each_chunk(|chunk| {
                if expected.next() != Some(&content.digest(&chunk)) {
                    differing(&mut damage, disk.index, chunk.offset, chunk.length);
                }
                progress(chunk.length);
                Ok(())
            })?;
        }
        Ok(Verified { signed_by, damage })
    }

    /// Checks a qcow2 that was exported of a disk against the manifest; gives what differs.
    pub fn verify_qcow2(&self, index: u16, path: &Path) -> Result<Vec<Damage>, ImageError> {
        let disk = self.disk(index)?;
        let file = fs::File::open(path).during("opening", path)?;
        let broken = |error| ImageError::Qcow2 { path: path.into(), error };
        let mut reader = Qcow2Reader::open(file).map_err(broken)?;
        let mut damage = Vec::new();
        let Some(digests) = self.digests(disk, &mut damage) else { return Ok(damage) };
        if reader.size() != disk.size_bytes {
            let (found, expected) = (reader.size(), disk.size_bytes);
            return Ok(vec![Damage::Size { disk: index, found, expected }]);
        }
        let mut cluster: Option<(u64, Option<Vec<u8>>)> = None;
        for (number, expected) in (0..).zip(digests.as_chunks::<32>().0) {
            let begin = number * CHUNK_BYTES;
            let end = (begin + CHUNK_BYTES).min(disk.size_bytes);
            let mut hasher = blake3::Hasher::new();
            let mut at = begin;
            while at < end {
                let bytes = reader.cluster_bytes();
                let start = at / bytes * bytes;
                if cluster.as_ref().is_none_or(|(place, _)| *place != start) {
                    cluster = Some((start, reader.cluster(start).map_err(broken)?));
                }
                let until = (start + bytes).min(end);
                let part = |place: u64| usize::try_from(place - start).unwrap_or(usize::MAX);
                match &cluster {
                    Some((_, Some(data))) => {
                        hasher.update(&data[part(at)..part(until)]);
                    }
                    _ => {
                        hasher.update(&vec![0; part(until) - part(at)]);
                    }
                }
                at = until;
            }
            if hasher.finalize().as_bytes() != expected {
                differing(&mut damage, index, begin, end - begin);
            }
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
        match read.during("reading", &path) {
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

/// Adds a chunk to what differs, to the range before if that ends where it begins.
fn differing(damage: &mut Vec<Damage>, disk: u16, at: u64, bytes: u64) {
    match damage.last_mut() {
        Some(Damage::Content { disk: of, offset, length }) if *of == disk && *offset + *length == at => {
            *length += bytes;
        }
        _ => damage.push(Damage::Content { disk, offset: at, length: bytes }),
    }
}
