//! The images of one directory: made, listed, given out, removed.
//!
//! An image is a directory of its id:
//!
//! | file | holds |
//! |---|---|
//! | `disk-N.raw` | the content of disk N, sparse; or in its place |
//! | `disk-N.qcow2` | a layer with what differs from the file below |
//! | `disk-N.base` | the file below: the same file as a former image's, by a second name (a hard link) |
//! | `disk-N.chunks` | the BLAKE3 of every MiB of it |
//! | `manifest.json` | what the image is, see [`Manifest`] |
//! | `manifest.sig` | the center's signature over the manifest |
//!
//! It is made under a name with a dot in front and renamed when all of it is on disk; removing renames it first. So
//! whatever has an image's name is whole, and what a death left behind has a dot. Whoever reads an image holds a shared
//! lock on its manifest, which its removal must have alone.
//!
//! No image needs another one: a layer's base is a name of its own for a file that several images have, which goes with
//! the last of its names. So any image can be removed at any time, and no layer is ever over another layer.

mod build;
mod export;
mod layer;
mod verify;

pub use build::Built;
pub use export::Format;
pub use verify::{Damage, Verified};

use std::{
    fs::{self, File, TryLockError},
    io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use crate::{
    DiskManifest, ImageError, Manifest, content::Content, error::During, manifest::MANIFEST_VERSION,
    staging::MOST_BYTES,
};

/// What holds a disk of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    /// A raw file.
    Whole(PathBuf),
    /// A qcow2 over a raw file beside it.
    Layer {
        /// The qcow2.
        layer: PathBuf,
        /// The raw file.
        base: PathBuf,
    },
}

/// Bytes that files take on disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Room {
    /// Those that removing the image gives back, but for blocks that the filesystem shares.
    pub own: u64,
    /// Those of files that other images have as well.
    pub shared: u64,
}

pub(crate) const MANIFEST: &str = "manifest.json";
pub(crate) const SIGNATURE: &str = "manifest.sig";

/// Bytes of a manifest at the most.
const MOST_MANIFEST_BYTES: u64 = 1 << 20;

/// A directory of images.
#[derive(Clone, Debug)]
pub struct Library {
    directory: PathBuf,
}

/// An image that is there for as long as this value is.
#[derive(Debug)]
pub struct Image {
    directory: PathBuf,
    manifest: Manifest,
    /// The bytes that are signed.
    text: Vec<u8>,
    _lock: File,
}

impl Library {
    /// The images of a directory, which is made when the first image is.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into() }
    }

    /// The ids of the images that are there, sorted.
    pub fn ids(&self) -> Result<Vec<String>, ImageError> {
        let entries = match fs::read_dir(&self.directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.during("listing", &self.directory)?,
        };
        let mut ids = Vec::new();
        for entry in entries {
            let name = entry.during("listing", &self.directory)?.file_name();
            if let Some(name) = name.to_str().filter(|name| check_id(name).is_ok())
                && self.directory.join(name).join(MANIFEST).exists()
            {
                ids.push(name.to_owned());
            }
        }
        ids.sort_unstable();
        Ok(ids)
    }

    /// Opens an image; it is not removed meanwhile.
    pub fn image(&self, id: &str) -> Result<Image, ImageError> {
        check_id(id)?;
        let directory = self.directory.join(id);
        let path = directory.join(MANIFEST);
        let lock = match File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(ImageError::Missing(id.to_owned()));
            }
            file => file.during("opening", &path)?,
        };
        match lock.try_lock_shared() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(ImageError::InUse(id.to_owned())),
            Err(TryLockError::Error(error)) => return Ok(Err(error).during("locking", &path)?),
        }
        // It may have been removed between opening and locking.
        if !path.exists() {
            return Err(ImageError::Missing(id.to_owned()));
        }
        let (text, manifest) = read(&path, id)?;
        Ok(Image { directory, manifest, text, _lock: lock })
    }

    /// Removes an image that nobody reads.
    pub fn remove(&self, id: &str) -> Result<(), ImageError> {
        check_id(id)?;
        let (from, gone) = (self.directory.join(id), self.directory.join(format!(".{id}.removed")));
        let path = from.join(MANIFEST);
        let lock = match File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(ImageError::Missing(id.to_owned()));
            }
            file => file.during("opening", &path)?,
        };
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(ImageError::InUse(id.to_owned())),
            Err(TryLockError::Error(error)) => return Ok(Err(error).during("locking", &path)?),
        }
        clear(&gone)?;
        match fs::rename(&from, &gone) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(ImageError::Missing(id.to_owned()));
            }
            renamed => renamed.during("removing", &from)?,
        }
        sync_directory(&self.directory)?;
        clear(&gone)
    }

    /// Removes what a death left half made or half removed; nothing may be built meanwhile.
    pub fn sweep(&self) -> Result<(), ImageError> {
        let entries = match fs::read_dir(&self.directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries.during("listing", &self.directory)?,
        };
        for entry in entries {
            let entry = entry.during("listing", &self.directory)?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with('.') && (name.ends_with(".building") || name.ends_with(".removed")) {
                clear(&entry.path())?;
            }
        }
        Ok(())
    }
}

impl Image {
    /// What the image says of itself. Whether that is true is for [`Image::verify`].
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Where the image is.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Bytes that its files take on disk.
    pub fn room(&self) -> Result<Room, ImageError> {
        let mut room = Room::default();
        for entry in fs::read_dir(&self.directory).during("listing", &self.directory)? {
            let entry = entry.during("listing", &self.directory)?;
            let file = entry.metadata().during("reading the size of", &entry.path())?;
            let bytes = file.blocks() * 512;
            if file.nlink() > 1 { room.shared += bytes } else { room.own += bytes }
        }
        Ok(room)
    }

    /// What holds a disk of the image.
    pub fn form(&self, disk: &DiskManifest) -> Form {
        form(&self.directory, disk)
    }

    fn disk(&self, index: u16) -> Result<&DiskManifest, ImageError> {
        self.manifest.disks.iter().find(|disk| disk.index == index).ok_or(ImageError::NoDisk(index))
    }
}

/// Says what holds a disk in an image's directory: whatever is there, or the raw file that should be.
fn form(directory: &Path, disk: &DiskManifest) -> Form {
    let (whole, layer) = (directory.join(disk.data_file()), directory.join(disk.layer_file()));
    if !whole.exists() && layer.exists() {
        Form::Layer { layer, base: directory.join(disk.base_file()) }
    } else {
        Form::Whole(whole)
    }
}

impl Form {
    /// Opens the content for reading.
    pub(crate) fn open(&self) -> Result<Content, ImageError> {
        match self {
            Self::Whole(file) => Content::whole(file),
            Self::Layer { layer, base } => Content::layer(layer, base),
        }
    }

    /// The raw file that a layer can be put over.
    fn raw(&self) -> &Path {
        match self {
            Self::Whole(file) | Self::Layer { base: file, .. } => file,
        }
    }

    /// The name of the file that is opened first.
    fn name(&self) -> String {
        let (Self::Whole(file) | Self::Layer { layer: file, .. }) = self;
        file.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }
}

fn check_id(id: &str) -> Result<(), ImageError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if (1..=64).contains(&id.len()) && id.bytes().all(plain) {
        Ok(())
    } else {
        Err(ImageError::Id(id.chars().take(100).collect()))
    }
}

/// Reads the manifest of an image; gives its bytes, which are signed, and what they say.
fn read(path: &Path, id: &str) -> Result<(Vec<u8>, Manifest), ImageError> {
    let text = bounded(path)?;
    let manifest = parse(path, &text)?;
    if manifest.origin.id == id {
        Ok((text, manifest))
    } else {
        Err(ImageError::Manifest { path: path.into(), reason: "it is of another image".to_owned() })
    }
}

fn parse(path: &Path, text: &[u8]) -> Result<Manifest, ImageError> {
    let wrong = |reason: String| ImageError::Manifest { path: path.into(), reason };
    let manifest: Manifest = serde_json::from_slice(text).map_err(|error| wrong(error.to_string()))?;
    if manifest.version != MANIFEST_VERSION {
        return Err(wrong(format!(
            "its version is {}, this program knows {MANIFEST_VERSION}",
            manifest.version
        )));
    }
    match manifest.disks.iter().find(|disk| {
        disk.size_bytes == 0 || disk.size_bytes > MOST_BYTES || !disk.size_bytes.is_multiple_of(512)
    }) {
        Some(disk) => Err(wrong(format!("disk {} has an impossible size", disk.index))),
        None => Ok(manifest),
    }
}

/// Reads a small file whole.
fn bounded(path: &Path) -> Result<Vec<u8>, ImageError> {
    let length = fs::metadata(path).during("reading", path)?.len();
    if length > MOST_MANIFEST_BYTES {
        return Err(ImageError::Manifest { path: path.into(), reason: format!("it has {length} bytes") });
    }
    Ok(fs::read(path).during("reading", path)?)
}

fn clear(directory: &Path) -> Result<(), ImageError> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => Ok(removed.during("removing", directory)?),
    }
}

fn sync_directory(directory: &Path) -> Result<(), ImageError> {
    Ok(File::open(directory).and_then(|file| file.sync_all()).during("syncing", directory)?)
}
