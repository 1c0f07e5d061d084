//! Making an image of the staging disks of a finished run.
//!
//! Blocks are shared with the staging disk where the filesystem can do that, else the content becomes a layer over a
//! former image's or is copied, which the manifest says. Then the image itself is read back, once: its leaves must be
//! those that the source sent, and its chunks are hashed for the manifest.

use std::{
    fs::{self, File, OpenOptions},
    io::{BufWriter, Write},
    os::unix::fs::{FileExt, OpenOptionsExt, PermissionsExt},
    path::Path,
};

use replication::{LEAF_BYTES, Leaf, Range};
use rustix::io::Errno;

use super::{Library, MANIFEST, SIGNATURE, check_id, clear, form, layer::Base, sync_directory};
use crate::{
    DiskManifest, How, ImageError, Manifest, Origin, Signer, Staging, StagingError,
    content::Content,
    error::{During, FileError},
    manifest::MANIFEST_VERSION,
};

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
        let made = self.fill(&building, origin, disks, signer, &mut progress).and_then(|built| {
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

    fn fill(
        &self,
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
            let size_bytes = staging.size();
            let mut disk = DiskManifest { index: *index, size_bytes, root: String::new(), how: None };
            let taken = self.take(directory, &origin, &disk, &staging.place().data())?;
            disk.root = prove(directory, &disk, staging, progress)?;
            disk.how = Some(taken.clone());
            how.push(taken);
            described.push(disk);
        }
        let manifest = Manifest { version: MANIFEST_VERSION, origin, disks: described };
        let path = directory.join(MANIFEST);
        let text = serde_json::to_vec_pretty(&manifest)
            .map_err(|error| ImageError::Manifest { path: path.clone(), reason: error.to_string() })?;
        put(&path, &text)?;
        put(&directory.join(SIGNATURE), &signer.sign(&text).to_bytes())?;
        Ok(Built { manifest, how })
    }

    /// Takes the content of a staging disk into an image.
    fn take(
        &self,
        directory: &Path,
        origin: &Origin,
        disk: &DiskManifest,
        from: &Path,
    ) -> Result<How, ImageError> {
        let to = directory.join(disk.data_file());
        if reflink(from, &to)? {
            return Ok(How::Reflink);
        }
        if let Some(base) = Base::find(self, origin, disk)
            && let Some(how) = base.layer(directory, disk, from)?
        {
            return Ok(how);
        }
        let bytes = copy(from, &to)?;
        Ok(How::Copied { bytes })
    }
}

/// Gives a new file the blocks of another one, if the filesystem can do that.
fn reflink(from: &Path, to: &Path) -> Result<bool, FileError> {
    let source = File::open(from).during("opening", from)?;
    let target = new_file(to)?;
    match rustix::fs::ioctl_ficlone(&target, &source) {
        Ok(()) => seal(&target, to).map(|()| true),
        Err(Errno::OPNOTSUPP | Errno::XDEV | Errno::INVAL | Errno::NOTTY | Errno::NOSYS) => {
            fs::remove_file(to).during("removing", to)?;
            Ok(false)
        }
        Err(error) => Err(std::io::Error::from(error)).during("cloning into", to),
    }
}

/// Gives a new file the content of another one; gives the bytes that were written.
fn copy(from: &Path, to: &Path) -> Result<u64, ImageError> {
    let mut source = Content::whole(from)?;
    let target = new_file(to)?;
    target.set_len(source.size()).during("sizing", to)?;
    let mut bytes = 0;
    for offset in source.offsets() {
        for (place, part) in source.chunk(offset)?.parts() {
            target.write_all_at(part, place).during("writing", to)?;
            bytes += part.len() as u64;
        }
    }
    seal(&target, to)?;
    Ok(bytes)
}

/// Sees a file on disk that never changes again.
pub(super) fn seal(file: &File, path: &Path) -> Result<(), FileError> {
    file.sync_all().during("syncing", path)?;
    file.set_permissions(fs::Permissions::from_mode(0o400)).during("protecting", path)
}

/// Reads an image's disk back: compares its leaves with the source's, and writes its chunks' digests; gives their root.
fn prove(
    directory: &Path,
    disk: &DiskManifest,
    staging: &Staging,
    progress: &mut dyn FnMut(u64),
) -> Result<String, ImageError> {
    let mut image = form(directory, disk).open()?;
    let path = directory.join(disk.chunks_file());
    let mut root = blake3::Hasher::new();
    let mut digests = BufWriter::new(new_file(&path)?);
    for offset in image.offsets() {
        let chunk = image.chunk(offset)?;
        let range = Range::new(offset, chunk.length, chunk.length).map_err(StagingError::from)?;
        let expected = staging.leaves(range)?;
        let found = match chunk.data {
            Some(data) => staging.key().leaves(data),
            None => vec![Leaf::ZERO; expected.len()],
        };
        if let Some(leaf) = (0..).zip(expected.iter().zip(&found)).find(|(_, (a, b))| a != b) {
            let offset = offset + leaf.0 * LEAF_BYTES;
            return Err(ImageError::CopyDamaged { disk: disk.index, offset });
        }
        let digest = chunk.digest();
        root.update(&digest);
        progress(chunk.length);
        digests.write_all(&digest).during("writing", &path)?;
    }
    let file = digests.into_inner().map_err(|error| error.into_error()).during("writing", &path)?;
    file.sync_all().during("syncing", &path)?;
    Ok(root.finalize().to_hex().to_string())
}

fn put(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let mut file = new_file(path)?;
    file.write_all(bytes).during("writing", path)?;
    file.sync_all().during("syncing", path)
}

pub(super) fn new_file(path: &Path) -> Result<File, FileError> {
    OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path).during("creating", path)
}
