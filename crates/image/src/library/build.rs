//! Making an image of the staging disks of a finished run.
//!
//! Blocks are shared with the staging disk where the filesystem can do that, else copied, which the caller is told. Then
//! the image itself is read back, once: its leaves must be those that the source sent, and its chunks are hashed for
//! the manifest.

use std::{
    fs::{self, File, OpenOptions},
    io::{BufWriter, Write},
    os::unix::fs::{FileExt, OpenOptionsExt, PermissionsExt},
    path::Path,
};

use replication::{LEAF_BYTES, Leaf, Range};
use rustix::io::Errno;

use super::{Library, MANIFEST, SIGNATURE, check_id, clear, sync_directory};
use crate::{
    DiskManifest, ImageError, Manifest, Origin, Signer, Staging, disk_file::DiskFile, error::During,
    manifest::MANIFEST_VERSION,
};

/// How a disk's content came into its image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// It shares the blocks of the staging disk: nothing was copied.
    Reflink,
    /// The filesystem cannot share blocks: so many bytes were copied.
    Copied {
        /// Bytes written.
        bytes: u64,
    },
}

/// An image that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Built {
    /// What it says of itself.
    pub manifest: Manifest,
    /// How each disk's content came into it, in the order of the manifest.
    pub how: Vec<How>,
}

impl Library {
    /// Makes an image of staging disks, given with their numbers, that nothing writes to meanwhile; tells `progress` of
    /// the bytes that were checked.
    pub fn build(
        &self,
        origin: Origin,
        disks: &[(u16, &Staging)],
        signer: &Signer,
        mut progress: impl FnMut(u64),
    ) -> Result<Built, ImageError> {
        check_id(&origin.id)?;
        let ready = self.directory.join(&origin.id);
        let building = self.directory.join(format!(".{}.building", origin.id));
        if ready.exists() {
            return Err(ImageError::Exists(origin.id));
        }
        clear(&building)?;
        fs::create_dir_all(&building).during("making", &building)?;
        let made = fill(&building, origin, disks, signer, &mut progress).and_then(|built| {
            sync_directory(&building)?;
            fs::rename(&building, &ready).during("naming", &ready)?;
            sync_directory(&self.directory)?;
            Ok(built)
        });
        if made.is_err() {
            // What cannot be removed now is swept at the next start.
            let _ = clear(&building);
        }
        made
    }
}

fn fill(
    directory: &Path,
    origin: Origin,
    disks: &[(u16, &Staging)],
    signer: &Signer,
    progress: &mut dyn FnMut(u64),
) -> Result<Built, ImageError> {
    let mut how = Vec::new();
    let mut described = Vec::new();
    for (index, staging) in disks {
        staging.checkpoint()?;
        let mut disk = DiskManifest { index: *index, size_bytes: staging.size(), root: String::new() };
        let path = directory.join(disk.data_file());
        how.push(share(&staging.place().data(), &path)?);
        disk.root = prove(&path, &directory.join(disk.chunks_file()), &disk, staging, progress)?;
        described.push(disk);
    }
    let manifest = Manifest { version: MANIFEST_VERSION, origin, disks: described };
    let path = directory.join(MANIFEST);
    let text = serde_json::to_vec_pretty(&manifest)
        .map_err(|error| ImageError::Manifest { path: path.clone(), reason: error.to_string() })?;
    put(&path, &text)?;
    let signature = serde_json::to_vec_pretty(&signer.sign(&text))
        .map_err(|error| ImageError::Manifest { path: path.clone(), reason: error.to_string() })?;
    put(&directory.join(SIGNATURE), &signature)?;
    Ok(Built { manifest, how })
}

/// Gives a new file the content of another one.
fn share(from: &Path, to: &Path) -> Result<How, ImageError> {
    let source = DiskFile::open(from)?;
    let target = new_file(to)?;
    let how = match rustix::fs::ioctl_ficlone(&target, &source.file) {
        Ok(()) => How::Reflink,
        Err(Errno::OPNOTSUPP | Errno::XDEV | Errno::INVAL | Errno::NOTTY | Errno::NOSYS) => {
            target.set_len(source.size).during("sizing", to)?;
            let mut bytes = 0;
            source.each_chunk(|chunk| {
                if let Some(data) = chunk.data {
                    target.write_all_at(data, chunk.offset).during("writing", to)?;
                    bytes += chunk.length;
                }
                Ok(())
            })?;
            How::Copied { bytes }
        }
        Err(error) => return Err(std::io::Error::from(error)).during("cloning into", to),
    };
    target.sync_all().during("syncing", to)?;
    // An image never changes.
    target.set_permissions(fs::Permissions::from_mode(0o400)).during("protecting", to)?;
    Ok(how)
}

/// Reads an image's disk back: compares its leaves with the source's, and writes its chunks' digests; gives their root.
fn prove(
    path: &Path,
    chunks: &Path,
    disk: &DiskManifest,
    staging: &Staging,
    progress: &mut dyn FnMut(u64),
) -> Result<String, ImageError> {
    let image = DiskFile::open(path)?;
    let mut root = blake3::Hasher::new();
    let mut digests = BufWriter::new(new_file(chunks)?);
    image.each_chunk(|chunk| {
        let expected = staging.leaves(
            Range::new(chunk.offset, chunk.length, chunk.length)
                .map_err(|error| ImageError::Staging(error.into()))?,
        )?;
        let found = match chunk.data {
            Some(data) => staging.key().leaves(data),
            None => vec![Leaf::ZERO; expected.len()],
        };
        if let Some(leaf) = (0..).zip(expected.iter().zip(&found)).find(|(_, (a, b))| a != b) {
            let offset = chunk.offset + leaf.0 * LEAF_BYTES;
            return Err(ImageError::CopyDamaged { disk: disk.index, offset });
        }
        let digest = image.digest(&chunk);
        root.update(&digest);
        progress(chunk.length);
        digests.write_all(&digest).during("writing", chunks)
    })?;
    let file = digests.into_inner().map_err(|error| error.into_error()).during("writing", chunks)?;
    file.sync_all().during("syncing", chunks)?;
    Ok(root.finalize().to_hex().to_string())
}

fn put(path: &Path, bytes: &[u8]) -> Result<(), ImageError> {
    let mut file = new_file(path)?;
    file.write_all(bytes).during("writing", path)?;
    file.sync_all().during("syncing", path)
}

fn new_file(path: &Path) -> Result<File, ImageError> {
    OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path).during("creating", path)
}
