//! Giving a disk out, as raw or as qcow2, checked on the way.

use std::{fs::File, io, ops::ControlFlow, os::unix::fs::FileExt, path::Path};

use tempfile::{Builder, PersistError};

use super::{Image, sync_directory};
use crate::{DiskManifest, ImageError, content::Chunk, error::During, qcow2::Qcow2Writer};

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
    /// Writes a disk to a new file, which has its name only when it is whole; content that is not what the manifest says
    /// is not given out. Tells `progress` of the bytes that are done, which may break it off.
    pub fn export(
        &self,
        index: u16,
        target: &Path,
        format: Format,
        progress: impl FnMut(u64) -> ControlFlow<()>,
    ) -> Result<(), ImageError> {
        let disk = self.disk(index)?;
        if target.exists() {
            return Err(ImageError::InTheWay(target.to_owned()));
        }
        let directory = match target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        File::open(directory).during("opening", directory)?;
        let name = target.file_name().unwrap_or_default().to_string_lossy();
        // It is removed when it is dropped without being named.
        let part = Builder::new().prefix(&format!(".{name}.")).suffix(".part").tempfile_in(directory);
        let part = part.during("creating a file in", directory)?;
        self.write(disk, target, part.as_file(), format, progress)?;
        match part.persist_noclobber(target) {
            Ok(_) => sync_directory(directory),
            Err(PersistError { error, .. }) if error.kind() == io::ErrorKind::AlreadyExists => {
                Err(ImageError::InTheWay(target.to_owned()))
            }
            Err(PersistError { error, .. }) => Ok(Err(error).during("naming", target)?),
        }
    }

    fn write(
        &self,
        disk: &DiskManifest,
        path: &Path,
        file: &File,
        format: Format,
        progress: impl FnMut(u64) -> ControlFlow<()>,
    ) -> Result<(), ImageError> {
        match format {
            Format::Raw => {
                file.set_len(disk.size_bytes).during("sizing", path)?;
                self.checked(disk, progress, |chunk| {
                    chunk.parts().try_for_each(|(place, part)| {
                        Ok(file.write_all_at(part, place).during("writing", path)?)
                    })
                })?;
                Ok(file.sync_all().during("syncing", path)?)
            }
            Format::Qcow2 { level } => {
                let mut writer = Qcow2Writer::new(file, disk.size_bytes, level).during("beginning", path)?;
                self.checked(disk, progress, |chunk| {
                    let data = chunk.data.unwrap_or_default();
                    Ok(writer.put(chunk.offset, data).during("writing", path)?)
                })?;
                Ok(writer.finish().during("writing", path)?)
            }
        }
    }

    /// Hands out the chunks of a disk, each once it is proven.
    fn checked(
        &self,
        disk: &DiskManifest,
        mut progress: impl FnMut(u64) -> ControlFlow<()>,
        mut take: impl FnMut(&Chunk<'_>) -> Result<(), ImageError>,
    ) -> Result<(), ImageError> {
        let damaged = |offset| ImageError::Damaged { disk: disk.index, offset };
        let digests = self.digests(disk, &mut Vec::new()).ok_or(damaged(0))?;
        let mut content = self.form(disk).open()?;
        if content.size() != disk.size_bytes {
            return Err(damaged(content.size().min(disk.size_bytes)));
        }
        for (offset, expected) in content.offsets().zip(digests.as_chunks::<32>().0) {
            let chunk = content.chunk(offset)?;
            if chunk.digest() != *expected {
                return Err(damaged(offset));
            }
            take(&chunk)?;
            if progress(chunk.length).is_break() {
                return Err(ImageError::Stopped);
            }
        }
        Ok(())
    }
}
