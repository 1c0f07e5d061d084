//! Rotating the master key: a new key file, a new sealing key, every secret sealed anew.
//!
//! Order makes it crash-safe. The new key is made durable beside the old (`.new`); then one transaction
//! replaces keyring and secrets; then the new file takes the old one's name. After a crash before the
//! transaction the old key still opens the keyring and the `.new` file is left over; after it, the `.new`
//! file is the one that opens it, and [`finish_interrupted`] renames it on the next start.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use smc::ports::{Random, StoreError};
use store::Database;

use super::{
    Keyring, KeyringError, MasterKey, MasterKeyError, OpenError, Row, Sealed, SealingKey,
    master::sync_directory,
};
use crate::identity::secret_context;

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

/// Rotates the master key kept in a file. Centers that run have the keyring in memory and go on, but must be
/// restarted before AccessKeys are created with them, so rotate while no center runs.
pub async fn rotate(
    database: &Database,
    path: &Path,
    random: &impl Random,
) -> Result<Rotated, RotationError> {
    let old_master = MasterKey::read(path)?;
    let old = Keyring::open(database, &old_master, random).await?;
    let new_master = MasterKey::generate(random)?;
    let new = Keyring {
        code_key: old.code_key.clone(),
        sealing_key: SealingKey::new(random.bytes()?),
        authority: old.authority.clone(),
    };
    let waiting = waiting_path(path);
    if waiting.exists() {
        fs::remove_file(&waiting).map_err(|error| MasterKeyError::File { path: waiting.clone(), error })?;
    }
    new_master.write_new(&waiting)?;

    let row = new.seal(&new_master, random)?;
    let keys = database.read(|tx| tx.all_keys()).await?;
    let mut resealed = Vec::with_capacity(keys.len());
    for key in keys {
        let context = secret_context(&key.id);
        let fail = |_: OpenError| RotationError::Secret(key.id.to_string());
        let plain =
            Sealed::from_stored(&key.sealed).and_then(|sealed| old.sealing_key.open(&context, &sealed));
        let sealed = new.sealing_key.seal(&context, &plain.map_err(fail)?, random)?;
        resealed.push((key.id, sealed));
    }
    let secrets = resealed.len();
    database
        .write(move |tx| {
            for (id, sealed) in &resealed {
                tx.replace_sealed(id, sealed.as_bytes())?;
            }
            tx.put_keyring(&row)
        })
        .await?;
    take_name(&waiting, path).map_err(|error| RotationError::Rename { path: waiting, error })?;
    Ok(Rotated { before: old_master.id(), after: new_master.id(), secrets })
}

/// Finishes a rotation that was cut off between the database and the key file; does nothing otherwise.
pub async fn finish_interrupted(database: &Database, path: &Path) -> Result<(), RotationError> {
    let waiting = waiting_path(path);
    if !waiting.exists() {
        return Ok(());
    }
    let new_id = MasterKey::read(&waiting)?.id();
    let Some(text) = database.read(|tx| tx.keyring()).await? else { return Ok(()) };
    let in_use = serde_json::from_str::<Row>(&text).is_ok_and(|row| row.master_key_id == new_id);
    if in_use {
        take_name(&waiting, path).map_err(|error| RotationError::Rename { path: waiting, error })?;
    }
    Ok(())
}

fn waiting_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    name.into()
}

fn take_name(waiting: &Path, path: &Path) -> io::Result<()> {
    fs::rename(waiting, path)?;
    sync_directory(path)
}
