//! The directory itself: private, and each file in it whole or absent.

use std::{
    fs::{DirBuilder, File, OpenOptions, TryLockError},
    io::{self, ErrorKind, Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use serde::{Serialize, de::DeserializeOwned};
use zeroize::Zeroizing;

use crate::still::GATE;

/// Where the state is unless told otherwise.
pub const DEFAULT: &str = "/var/lib/landfall-agent";

/// Bytes of a file at the most; what the agent writes is far below.
const LARGEST: u64 = 256 * 1024;

/// The state directory.
#[derive(Clone, Debug)]
pub struct StateDir {
    path: PathBuf,
}

/// Held by the one agent that runs on a state directory; released with the process, however it ends.
#[derive(Debug)]
pub struct RunLock(#[expect(dead_code, reason = "held, never read")] File);

/// Why the state directory does not serve.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The system refuses.
    #[error(
        "{doing} {path}: {source}; run the agent as root, or choose a directory of its own with --state-dir"
    )]
    Io {
        /// What was being done.
        doing: &'static str,
        /// To which file.
        path: String,
        /// What the system says.
        source: io::Error,
    },
    /// Others may write to it.
    #[error("the state directory {0} can be written by others than its owner; run: chmod go-w {0}")]
    Open(String),
    /// There is none.
    #[error("there is no state directory {0}: this machine is not imported; run landfall-agent import first")]
    Absent(String),
    /// A file in it is not what the agent wrote.
    #[error(
        "reading {path}: {reason}; remove the file and run landfall-agent import again, the machine stays the same source"
    )]
    Damaged {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Another agent runs on it.
    #[error(
        "another landfall-agent runs with the state directory {0}; stop it first, or leave the work to it"
    )]
    Running(String),
}

impl StateDir {
    /// Opens the directory, creating it (mode 0700) where it is missing.
    pub fn create_at(path: &Path) -> Result<Self, StateError> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
        made.map_err(|source| failed("creating the state directory", path, source))?;
        Self::open(path)
    }

    /// Opens the directory.
    pub fn open(path: &Path) -> Result<Self, StateError> {
        let metadata = match path.metadata() {
            Ok(metadata) if metadata.is_dir() => metadata,
            Ok(_) => {
                let source = io::Error::from(ErrorKind::NotADirectory);
                return Err(failed("opening the state directory", path, source));
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(StateError::Absent(path.display().to_string()));
            }
            Err(source) => return Err(failed("opening the state directory", path, source)),
        };
        if metadata.permissions().mode() & 0o022 != 0 {
            return Err(StateError::Open(path.display().to_string()));
        }
        Ok(Self { path: path.to_owned() })
    }

    /// The path of a file in it, for messages.
    pub fn path(&self, name: &str) -> String {
        self.path.join(name).display().to_string()
    }

    /// The directory's own path.
    pub fn root(&self) -> &Path {
        &self.path
    }

    /// Reads a file that holds a secret; `None` if it does not exist.
    pub fn read_secret(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, StateError> {
        let path = self.path.join(name);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(failed("opening", &path, source)),
        };
        let mut content = Zeroizing::new(Vec::with_capacity(4096));
        file.take(LARGEST).read_to_end(&mut content).map_err(|source| failed("reading", &path, source))?;
        Ok(Some(content))
    }

    /// Reads a record; `None` if it does not exist.
    pub fn read<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, StateError> {
        let Some(content) = self.read_secret(name)? else { return Ok(None) };
        let damaged = |error: serde_json::Error| StateError::Damaged {
            path: self.path(name),
            reason: error.to_string(),
        };
        serde_json::from_slice(&content).map(Some).map_err(damaged)
    }

    /// Creates a file with this content, durable once this returns; `false` if it existed already and is left.
    pub fn create(&self, name: &str, content: &[u8]) -> Result<bool, StateError> {
        let path = self.path.join(name);
        let draft = self.draft(name, content)?;
        draft.sync_all(&self.path)?;
        // A link, unlike a rename, does not replace what another process put there meanwhile.
        let linked = std::fs::hard_link(&draft.path, &path);
        draft.discard();
        match linked {
            Ok(()) => self.sync().map(|()| true),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
            Err(source) => Err(failed("creating", &path, source)),
        }
    }

    /// Replaces a record, durable once this returns.
    pub fn replace<T: Serialize>(&self, name: &str, record: &T) -> Result<(), StateError> {
        let draft = self.draft(name, &self.text(name, record)?)?;
        draft.sync_all(&self.path)?;
        draft.put(&self.path.join(name))?;
        self.sync()
    }

    /// Replaces a record that may be lost with the machine: without waiting for the disk. While filesystems stand still
    /// this is put off until they do not.
    pub fn replace_volatile<T: Serialize>(&self, name: &str, record: &T) -> Result<(), StateError> {
        let (directory, name, text) = (self.clone(), name.to_owned(), self.text(name, record)?);
        GATE.write(move || directory.draft(&name, &text)?.put(&directory.path.join(&name)))
    }

    /// Takes the place of the one running agent.
    pub fn lock(&self) -> Result<RunLock, StateError> {
        let path = self.path.join("run.lock");
        let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path);
        let file = file.map_err(|source| failed("opening", &path, source))?;
        match file.try_lock() {
            Ok(()) => Ok(RunLock(file)),
            Err(TryLockError::WouldBlock) => Err(StateError::Running(self.path.display().to_string())),
            Err(TryLockError::Error(source)) => Err(failed("locking", &path, source)),
        }
    }

    fn text<T: Serialize>(&self, name: &str, record: &T) -> Result<Vec<u8>, StateError> {
        let mut text = serde_json::to_vec_pretty(record)
            .map_err(|error| failed("writing", &self.path.join(name), error.into()))?;
        text.push(b'\n');
        Ok(text)
    }

    /// Writes a file beside the one meant, under a name that no other process uses.
    fn draft(&self, name: &str, content: &[u8]) -> Result<Draft, StateError> {
        let path = self.path.join(format!(".{name}.{}", std::process::id()));
        // A draft of this name can only be left over from a process that is gone.
        let _ = std::fs::remove_file(&path);
        let file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&path);
        let mut file = file.map_err(|source| failed("writing", &path, source))?;
        match file.write_all(content) {
            Ok(()) => Ok(Draft { file, path }),
            Err(source) => {
                let _ = std::fs::remove_file(&path);
                Err(failed("writing", &path, source))
            }
        }
    }

    fn sync(&self) -> Result<(), StateError> {
        let synced = File::open(&self.path).and_then(|directory| directory.sync_all());
        synced.map_err(|source| failed("flushing", &self.path, source))
    }
}

/// A file on its way to its name.
struct Draft {
    file: File,
    path: PathBuf,
}

impl Draft {
    fn sync_all(&self, directory: &Path) -> Result<(), StateError> {
        self.file.sync_all().map_err(|source| {
            self.discard();
            failed("flushing to", directory, source)
        })
    }

    fn put(&self, path: &Path) -> Result<(), StateError> {
        std::fs::rename(&self.path, path).map_err(|source| {
            self.discard();
            failed("writing", path, source)
        })
    }

    fn discard(&self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

fn failed(doing: &'static str, path: &Path, source: io::Error) -> StateError {
    StateError::Io { doing, path: path.display().to_string(), source }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::{StateDir, StateError};

    #[test]
    fn everything_is_private_and_drafts_do_not_stay() {
        let parent = tempfile::tempdir().unwrap();
        let root = parent.path().join("a/b");
        let state = StateDir::create_at(&root).unwrap();
        assert!(state.create("key.pem", b"one").unwrap());
        assert!(!state.create("key.pem", b"two").unwrap());
        state.replace("source.json", &1).unwrap();
        state.replace("source.json", &2).unwrap();
        state.replace_volatile("heartbeat.json", &3).unwrap();
        let _lock = state.lock().unwrap();
        assert_eq!(state.read_secret("key.pem").unwrap().unwrap().as_slice(), b"one");
        assert_eq!(state.read::<u32>("source.json").unwrap(), Some(2));
        assert_eq!(state.read::<u32>("none.json").unwrap(), None);
        let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&root), 0o700);
        let mut names: Vec<_> =
            std::fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().path()).collect();
        names.sort();
        assert!(names.iter().all(|path| mode(path) == 0o600), "{names:?}");
        let names: Vec<_> = names.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["heartbeat.json", "key.pem", "run.lock", "source.json"]);
    }

    #[test]
    fn one_agent_runs_at_a_time() {
        let directory = tempfile::tempdir().unwrap();
        let state = StateDir::create_at(directory.path()).unwrap();
        let held = state.lock().unwrap();
        assert!(matches!(state.lock(), Err(StateError::Running(_))));
        drop(held);
        assert!(state.lock().is_ok());
    }

    #[test]
    fn places_that_do_not_serve_are_named() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        std::fs::write(at("file"), "").unwrap();
        std::fs::create_dir(at("open")).unwrap();
        std::fs::set_permissions(at("open"), PermissionsExt::from_mode(0o777)).unwrap();
        assert!(matches!(StateDir::open(&at("none")), Err(StateError::Absent(_))));
        assert!(matches!(StateDir::open(&at("file")), Err(StateError::Io { .. })));
        assert!(matches!(StateDir::create_at(&at("file/below")), Err(StateError::Io { .. })));
        assert!(matches!(StateDir::create_at(&at("open")), Err(StateError::Open(_))));
        let state = StateDir::create_at(&at("state")).unwrap();
        std::fs::write(at("state/source.json"), "{").unwrap();
        assert!(matches!(state.read::<u32>("source.json"), Err(StateError::Damaged { .. })));
    }
}
