//! Keeping what differs from a former image, where the filesystem cannot share blocks.
//!
//! The layer is a qcow2 over the former image's raw file, to which the new image gets a name of its own. If the former
//! image is a layer itself, the new one is put over the same raw file, so that a disk is never more than two files deep:
//! nothing has to be merged, and a removal breaks nothing. The price is that a layer holds what changed since the raw
//! file and not since the last image; when that is more than half of the disk's content, a copy is made again.

use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use replication::digest::is_zero;

use super::{
    Library, MANIFEST,
    build::{new_file, seal},
    form, read,
};
use crate::{
    DiskManifest, How, ImageError, Origin,
    content::{Content, SPARSE_SIZE},
    error::During,
    qcow2::Qcow2Writer,
};

/// The raw file of a former image that a layer can be put over.
pub(super) struct Base {
    image: String,
    file: PathBuf,
}

impl Base {
    /// Finds the newest image of the same job that has the disk, in the same size.
    pub(super) fn find(library: &Library, origin: &Origin, disk: &DiskManifest) -> Option<Self> {
        if origin.job.is_empty() {
            return None;
        }
        // An image that cannot be read is none to build on, and no reason not to build. None is held either: one that is
        // removed meanwhile cannot be linked to.
        let manifests = library.ids().ok()?.into_iter().filter_map(|id| {
            let directory = library.directory.join(&id);
            let (_, manifest) = read(&directory.join(MANIFEST), &id).ok()?;
            Some((directory, manifest))
        });
        let mut former: Vec<_> =
            manifests.filter(|(_, manifest)| manifest.origin.job == origin.job).collect();
        former.sort_by(|(_, a), (_, b)| {
            (&a.origin.finished, &a.origin.id).cmp(&(&b.origin.finished, &b.origin.id))
        });
        former.into_iter().rev().find_map(|(directory, manifest)| {
            let alike = |old: &&DiskManifest| old.index == disk.index && old.size_bytes == disk.size_bytes;
            let old = manifest.disks.iter().find(alike)?;
            Some(Self { file: form(&directory, old).raw().to_owned(), image: manifest.origin.id.clone() })
        })
    }

    /// Writes what differs into an image's directory. Nothing is left there if the file cannot have another name, or if
    /// a copy would not need much more room.
    pub(super) fn layer(
        &self,
        directory: &Path,
        disk: &DiskManifest,
        from: &Path,
    ) -> Result<Option<How>, ImageError> {
        let base = directory.join(disk.base_file());
        // The image may be removed meanwhile, or have as many names as the filesystem allows.
        if fs::hard_link(&self.file, &base).is_err() {
            return Ok(None);
        }
        let path = directory.join(disk.layer_file());
        let written = write(&path, &base, from)?;
        if written.is_none() {
            for path in [path, base] {
                fs::remove_file(&path).during("removing", &path)?;
            }
        }
        Ok(written.map(|(bytes, digest)| How::Overlay { base: self.image.clone(), bytes, digest }))
    }
}

/// Writes the layer; gives its length and digest, or nothing if it would hold more than half of the content.
fn write(path: &Path, base: &Path, from: &Path) -> Result<Option<(u64, String)>, ImageError> {
    let mut disk = Content::whole(from)?;
    let mut below = Content::whole(base)?;
    if below.size() != disk.size() {
        return Ok(None);
    }
    let bound = fs::metadata(from).during("reading the size of", from)?.blocks() * 512 / 2;
    let file = new_file(path)?;
    let name = base.file_name().unwrap_or_default().to_string_lossy();
    let mut writer = Qcow2Writer::layer(&file, disk.size(), &name).during("beginning", path)?;
    let mut stored = 0;
    for offset in disk.offsets() {
        let (new, old) = (disk.chunk(offset)?, below.chunk(offset)?);
        if new.data.is_none() && old.data.is_none() {
            continue;
        }
        let zeros = vec![0; usize::try_from(new.length).unwrap_or(0)];
        let (new, old) = (new.data.unwrap_or(&zeros), old.data.unwrap_or(&zeros));
        let parts = new.chunks(SPARSE_SIZE).zip(old.chunks(SPARSE_SIZE));
        for (at, (new, old)) in (offset..).step_by(SPARSE_SIZE).zip(parts) {
            if new == old {
                continue;
            }
            if is_zero(new) {
                writer.put_zeros(at).during("writing", path)?;
            } else {
                writer.put(at, new).during("writing", path)?;
                stored += new.len() as u64;
            }
        }
        if stored > bound {
            return Ok(None);
        }
    }
    writer.finish().during("writing", path)?;
    seal(&file, path)?;
    let (bytes, digest) = digest(path).during("reading", path)?;
    Ok(Some((bytes, digest)))
}

/// The length and the BLAKE3 of a file.
pub(super) fn digest(path: &Path) -> io::Result<(u64, String)> {
    let mut hasher = blake3::Hasher::new();
    let bytes = io::copy(&mut fs::File::open(path)?, &mut hasher)?;
    Ok((bytes, hasher.finalize().to_hex().to_string()))
}
