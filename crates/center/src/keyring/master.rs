//! The master key: 32 bytes, from a file that only its owner can read, or from the environment.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};
use smc::ports::{Random, RandomError};
use zeroize::Zeroizing;

use super::SealingKey;

/// The key that opens the keyring.
pub struct MasterKey(Zeroizing<[u8; 32]>);

/// Where the master key comes from.
#[derive(Clone)]
pub enum MasterKeySource {
    /// A file; it is generated if it does not exist and `generate` is set.
    File {
        /// Its path.
        path: PathBuf,
        /// Whether to make one where there is none.
        generate: bool,
    },
    /// Its 64 hexadecimal digits, as the environment gave them.
    Given(Zeroizing<String>),
}

/// Why there is no master key.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    /// The file cannot be read or written.
    #[error("reading the master key {path}: {error}; check that the file exists and belongs to this user")]
    File {
        /// Its path.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// Others can read the file.
    #[error("the master key {path} can be read by other users (mode {mode:o}); run chmod 600 on it")]
    Exposed {
        /// Its path.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It is not a key.
    #[error("the master key must be 64 hexadecimal digits; what {0} gives is not")]
    Malformed(String),
    /// There is no randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
}

impl MasterKeySource {
    /// Reads the key, or generates it where that is allowed.
    pub fn load(&self, random: &impl Random) -> Result<MasterKey, MasterKeyError> {
        match self {
            Self::Given(text) => MasterKey::parse(text, "LANDFALL_MASTER_KEY"),
            Self::File { path, generate } => match MasterKey::read(path) {
                Err(MasterKeyError::File { error, .. })
                    if *generate && error.kind() == io::ErrorKind::NotFound =>
                {
                    let key = MasterKey::generate(random)?;
                    match key.write_new(path) {
                        // Another center that starts now was first; its key is as good.
                        Err(MasterKeyError::File { error, .. })
                            if error.kind() == io::ErrorKind::AlreadyExists =>
                        {
                            MasterKey::read(path)
                        }
                        written => written.map(|()| key),
                    }
                }
                read => read,
            },
        }
    }
}

impl MasterKey {
    /// Draws a new key.
    pub fn generate(random: &impl Random) -> Result<Self, RandomError> {
        Ok(Self(Zeroizing::new(random.bytes()?)))
    }

    /// Reads a key file; refuses one that others can read.
    pub fn read(path: &Path) -> Result<Self, MasterKeyError> {
        let file_error = |error| MasterKeyError::File { path: path.to_owned(), error };
        let mode = fs::metadata(path).map_err(file_error)?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(MasterKeyError::Exposed { path: path.to_owned(), mode });
        }
        let text = Zeroizing::new(fs::read_to_string(path).map_err(file_error)?);
        Self::parse(&text, &path.display().to_string())
    }

    /// Writes the key to a new file with mode 0600, and makes the file durable. The file is there whole or not at all,
    /// and never takes the place of another: a crash leaves no half of a key, and no key is lost to a newer one.
    pub fn write_new(&self, path: &Path) -> Result<(), MasterKeyError> {
        self.write_beside(path).map_err(|error| MasterKeyError::File { path: path.to_owned(), error })
    }

    fn write_beside(&self, path: &Path) -> io::Result<()> {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{}.part", std::process::id()));
        let part = PathBuf::from(name);
        // What an earlier process of this number left, before it was done.
        match fs::remove_file(&part) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let written = self.write_to(&part).and_then(|()| fs::hard_link(&part, path));
        fs::remove_file(&part)?;
        written?;
        sync_directory(path)
    }

    fn write_to(&self, path: &Path) -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(Zeroizing::new(hex::encode(*self.0)).as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()
    }

    /// A name for the key that does not help to find it: the start of a digest.
    pub fn id(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(b"landfall master key id");
        hash.update(*self.0);
        hex::encode(&hash.finalize()[..8])
    }

    pub(super) fn sealing_key(&self) -> SealingKey {
        SealingKey::new(*self.0)
    }

    fn parse(text: &str, whence: &str) -> Result<Self, MasterKeyError> {
        let mut key = Zeroizing::new([0; 32]);
        hex::decode_to_slice(text.trim(), key.as_mut_slice())
            .map_err(|_| MasterKeyError::Malformed(whence.to_owned()))?;
        Ok(Self(key))
    }
}

/// Makes a created or renamed entry of the file's directory durable.
pub(super) fn sync_directory(path: &Path) -> io::Result<()> {
    fs::File::open(directory_of(path))?.sync_all()
}

/// The directory that a file is in.
pub(super) fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemRandom;

    #[test]
    fn a_generated_key_is_private_and_reads_back() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("master.key");
        let source = |generate| MasterKeySource::File { path: path.clone(), generate };
        assert!(matches!(source(false).load(&SystemRandom), Err(MasterKeyError::File { .. })));
        let made = source(true).load(&SystemRandom).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(source(false).load(&SystemRandom).unwrap().id(), made.id());

        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(source(true).load(&SystemRandom), Err(MasterKeyError::Exposed { mode: 0o640, .. })));
    }

    #[test]
    fn a_key_file_is_whole_and_takes_no_others_place() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("master.key");
        let names = || {
            let entries = fs::read_dir(directory.path()).unwrap();
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect::<Vec<_>>()
        };
        let first = MasterKey::generate(&SystemRandom).unwrap();
        // As a crash leaves it: a part of a key under the name that is written to before.
        let left = directory.path().join(format!("master.key.{}.part", std::process::id()));
        fs::write(&left, "5a5a").unwrap();
        first.write_new(&path).unwrap();
        let error = MasterKey::generate(&SystemRandom).unwrap().write_new(&path).unwrap_err();
        assert!(
            matches!(&error, MasterKeyError::File { error, .. } if error.kind() == io::ErrorKind::AlreadyExists)
        );
        assert_eq!(MasterKey::read(&path).unwrap().id(), first.id());
        assert_eq!(names(), ["master.key"]);
    }

    #[test]
    fn what_is_not_a_key_is_refused_without_repeating_it() {
        for text in ["", "ab", &"g".repeat(64), &"a".repeat(63)] {
            let error =
                MasterKeySource::Given(Zeroizing::new(text.to_owned())).load(&SystemRandom).err().unwrap();
            assert!(!error.to_string().contains("gggg"), "{error}");
        }
    }
}
