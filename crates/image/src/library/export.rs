//! Giving a disk out, as raw or as qcow2, checked on the way.

use std::{
    fs::{self, File, OpenOptions},
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use super::{Image, sync_directory};
use crate::{DiskManifest, ImageError, disk_file::DiskFile, error::During, qcow2::Qcow2Writer};

/// A form that a disk is given out in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// The bytes of the disk, sparse.
    Raw,
    /// qcow2, packed at a level of zstd if there is one.
    Qcow2 {
        /// The level, 1 to 19.
        level: Option<i32>,
    },
}

impl Image {
    /// Writes a disk to a new file; content that is not what the manifest says is not given out. Tells `progress` of
    /// the bytes that are done.
    pub fn export(
        &self,
        index: u16,
        target: &Path,
        format: Format,
        progress: impl FnMut(u64),
    ) -> Result<(), ImageError> {
        let disk = self.disk(index)?;
        if target.exists() {
            return Err(ImageError::Exists(target.display().to_string()));
        }
        let part = beside(target);
        let written = self.write(disk, &part, format, progress).and_then(|()| {
            fs::rename(&part, target).during("naming", target)?;
            match target.parent() {
                Some(parent) if parent.as_os_str().is_empty() => sync_directory(Path::new(".")),
                Some(parent) => sync_directory(parent),
                None => Ok(()),
            }
        });
        if written.is_err() {
            let _ = fs::remove_file(&part);
        }
        written
    }

    fn write(
        &self,
        disk: &DiskManifest,
        path: &Path,
        format: Format,
        progress: impl FnMut(u64),
    ) -> Result<(), ImageError> {
        let options = &mut OpenOptions::new();
        let options = options.read(true).write(true).create(true).truncate(true).mode(0o600);
        let file = options.open(path).during("creating", path)?;
        match format {
            Format::Raw => {
                file.set_len(disk.size_bytes).during("sizing", path)?;
                self.checked(disk, progress, |offset, data| {
                    file.write_all_at(data, offset).during("writing", path)
                })?;
                file.sync_all().during("syncing", path)
            }
            Format::Qcow2 { level } => self.write_qcow2(disk, (path, &file), level, progress),
        }
    }

    fn write_qcow2(
        &self,
        disk: &DiskManifest,
        (path, file): (&Path, &File),
        level: Option<i32>,
        progress: impl FnMut(u64),
    ) -> Result<(), ImageError> {
        let mut writer = Qcow2Writer::new(file, disk.size_bytes, level).during("beginning", path)?;
        self.checked(disk, progress, |offset, data| writer.put(offset, data).during("writing", path))?;
        writer.finish().during("writing", path)
    }

    /// Hands out the content of a disk, without its holes, once it is proven.
    fn checked(
        &self,
        disk: &DiskManifest,
        mut progress: impl FnMut(u64),
        mut take: impl FnMut(u64, &[u8]) -> Result<(), ImageError>,
    ) -> Result<(), ImageError> {
        let damaged = |offset| ImageError::Damaged { disk: disk.index, offset };
        let digests = self.digests(disk, &mut Vec::new()).ok_or(damaged(0))?;
        let content = DiskFile::open(&self.data(disk))?;
        if content.size != disk.size_bytes {
            return Err(damaged(content.size.min(disk.size_bytes)));
        }
        let mut expected = digests.as_chunks::<32>().0.iter();
        content.each_chunk(|chunk| {
            if expected.next() != Some(&content.digest(&chunk)) {
                return Err(damaged(chunk.offset));
            }
            if let Some(data) = chunk.data {
                take(chunk.offset, data)?;
            }
            progress(chunk.length);
            Ok(())
        })
    }
}

/// Where a file is written before it has its name.
fn beside(target: &Path) -> PathBuf {
    let mut name = target.as_os_str().to_owned();
    name.push(".part");
    name.into()
}
