//! Rotating the master key: a new key file, a new sealing key, every secret sealed anew.
//!
//! Order makes it crash-safe. The new key is made durable beside the old (`.new`); then one transaction reads
//! every secret and replaces keyring and secrets, so that nothing sealed meanwhile is left out; then the new
//! file takes the old one's name. Only one rotation at a time gets that far: a second would take the first
//! one's `.new` file away. After a crash before the
//! transaction the old key still opens the keyring and the `.new` file is left over; after it, the `.new`
//! file is the one that opens it, and [`finish_interrupted`] renames it on the next start.

use std::{
    fs, io,
    os::unix::fs::{MetadataExt, chown},
    path::{Path, PathBuf},
};

use ram::AccessKeyId;
use smc::{
    Timestamp,
    audit::Event,
    ports::{Random, StoreError},
};
use store::{Database, identities::KeyRow};

use super::{
    Keyring, KeyringError, MasterKey, MasterKeyError, OpenError, Row, Sealed, SealingKey,
    master::{directory_of, sync_directory},
};
use crate::identity::{Actor, Change, secret_context};

/// What a rotation did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotated {
    /// Id of the master key before.
    pub before: String,
    /// Id of the master key now.
    pub after: String,
    /// How many AccessKey secrets were sealed anew.
    pub secrets: usize,
}

/// Why a rotation was not done; the old key keeps working.
#[derive(Debug, thiserror::Error)]
pub enum RotationError {
    /// The keyring could not be opened, made or stored.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// The key file could not be read or written.
    #[error(transparent)]
    MasterKey(#[from] MasterKeyError),
    /// A secret does not open with the keyring's key.
    #[error(
        "sealing the secret of AccessKey {0} anew: it does not open; delete that key and create another, then rotate again"
    )]
    Secret(String),
    /// Another rotation is going on.
    #[error("rotating the master key {0}: another rotation of it is going on; wait until it is done")]
    Busy(PathBuf),
    /// The keyring is no longer the one that was opened.
    #[error("rotating the master key: another rotation came first; try again with the key it made")]
    Overtaken,
    /// The new key is in use, but the file could not be given its name.
    #[error(
        "renaming {path} over the old key: {error}; the new key is in use, do this by hand before the next start"
    )]
    Rename {
        /// The new file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

impl From<StoreError> for RotationError {
    fn from(error: StoreError) -> Self {
        Self::Keyring(error.into())
    }
}

impl From<smc::ports::RandomError> for RotationError {
    fn from(error: smc::ports::RandomError) -> Self {
        Self::Keyring(error.into())
    }
}

/// Rotates the master key kept in a file. Centers that run read the keyring again when they next need it, if
/// they see the file; others say that they need the new key. The trail of every account says so, at this moment.
pub async fn rotate<R: Random + Clone>(
    database: &Database,
    path: &Path,
    random: &R,
    at: Timestamp,
) -> Result<Rotated, RotationError> {
    let _alone = alone(path)?;
    let old_master = MasterKey::read(path)?;
    let old = Keyring::open(database, &old_master, random).await?;
    let new_master = MasterKey::generate(random)?;
    let new = Keyring {
        code_key: old.code_key.clone(),
        sealing_key: SealingKey::new(random.bytes()?),
        authority: old.authority.clone(),
        row: String::new(),
    };
    let waiting = waiting_path(path);
    write_beside(&new_master, path, &waiting)?;

    let row = new.seal(&new_master, random)?;
    let (drawn, name) = (random.clone(), new_master.id());
    let done = database
        .write(move |tx| {
            if !old.is_stored(tx)? {
                return Ok(Err(RotationError::Overtaken));
            }
            // Everything opens before anything is replaced: a refusal undoes nothing by itself.
            let resealed = match reseal(tx.all_keys()?, &old, &new, &drawn) {
                Ok(resealed) => resealed,
                Err(error) => return Ok(Err(error)),
            };
            for (id, sealed) in &resealed {
                tx.replace_sealed(id, sealed.as_bytes())?;
            }
            tx.put_keyring(&row)?;
            for account in tx.accounts()? {
                let (account, event) = (account.id, Event::MasterKeyRotated);
                let detail = format!("{} secrets sealed anew", resealed.len());
                let change = Change { account, at, event, resource: &name, detail: &detail };
                Actor::Operator.record(tx, &change)?;
            }
            Ok(Ok(resealed.len()))
        })
        .await?;
    let secrets = match done {
        Ok(secrets) => secrets,
        Err(error) => {
            // Nothing was stored, so nothing needs this key.
            let _ = fs::remove_file(&waiting);
            return Err(error);
        }
    };
    take_name(&waiting, path, &new_master).map_err(|error| RotationError::Rename { path: waiting, error })?;
    Ok(Rotated { before: old_master.id(), after: new_master.id(), secrets })
}

/// Finishes a rotation that was cut off between the database and the key file; does nothing otherwise.
pub async fn finish_interrupted(database: &Database, path: &Path) -> Result<(), RotationError> {
    let waiting = waiting_path(path);
    if !waiting.exists() {
        return Ok(());
    }
    let new = MasterKey::read(&waiting)?;
    let Some(text) = database.read(|tx| tx.keyring()).await? else { return Ok(()) };
    let in_use = serde_json::from_str::<Row>(&text).is_ok_and(|row| row.master_key_id == new.id());
    if in_use {
        take_name(&waiting, path, &new).map_err(|error| RotationError::Rename { path: waiting, error })?;
    }
    Ok(())
}

/// Seals the secrets of all keys anew.
fn reseal(
    keys: Vec<KeyRow>,
    old: &Keyring,
    new: &Keyring,
    random: &impl Random,
) -> Result<Vec<(AccessKeyId, Sealed)>, RotationError> {
    let mut resealed = Vec::with_capacity(keys.len());
    for key in keys {
        let context = secret_context(&key.id);
        let fail = |_: OpenError| RotationError::Secret(key.id.to_string());
        let plain =
            Sealed::from_stored(&key.sealed).and_then(|sealed| old.sealing_key.open(&context, &sealed));
        let sealed = new.sealing_key.seal(&context, &plain.map_err(fail)?, random)?;
        resealed.push((key.id, sealed));
    }
    Ok(resealed)
}

/// Where the new key is kept until the database has it.
pub(super) fn waiting_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    name.into()
}

/// Holds the directory's lock: the key's own file is another one after each rotation.
fn alone(path: &Path) -> Result<fs::File, RotationError> {
    let file = |error| MasterKeyError::File { path: path.to_owned(), error };
    let directory = fs::File::open(directory_of(path)).map_err(file)?;
    match directory.try_lock() {
        Ok(()) => Ok(directory),
        Err(fs::TryLockError::WouldBlock) => Err(RotationError::Busy(path.to_owned())),
        Err(fs::TryLockError::Error(error)) => Err(file(error).into()),
    }
}

/// Writes the new key for whoever the old one belongs to: root may rotate the key of a center that is not root's.
fn write_beside(key: &MasterKey, path: &Path, waiting: &Path) -> Result<(), MasterKeyError> {
    let failed = |error| MasterKeyError::File { path: waiting.to_owned(), error };
    if waiting.exists() {
        fs::remove_file(waiting).map_err(failed)?;
    }
    key.write_new(waiting)?;
    let (old, new) = (fs::metadata(path).map_err(failed)?, fs::metadata(waiting).map_err(failed)?);
    if (old.uid(), old.gid()) != (new.uid(), new.gid()) {
        chown(waiting, Some(old.uid()), Some(old.gid())).map_err(failed)?;
    }
    Ok(())
}

/// Gives the new key the old one's name, unless a center that starts has done so already.
fn take_name(waiting: &Path, path: &Path, key: &MasterKey) -> io::Result<()> {
    match fs::rename(waiting, path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if !MasterKey::read(path).is_ok_and(|there| there.id() == key.id()) {
                return Err(error);
            }
        }
        renamed => renamed?,
    }
    sync_directory(path)
}
