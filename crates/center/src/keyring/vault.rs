//! The keyring of a running center, which may be sealed anew at any time by a rotation of the master key.
//!
//! What a rotation replaces is the sealing key; the other keys stay. So whoever holds a [`Keyring`] may keep it
//! for those, and whoever opens or seals asks the vault each time, and has it look again when a seal does not
//! open, or when the row that a seal would go with is no longer the one that is open.

use std::sync::{Arc, Mutex, PoisonError};

use smc::ports::StoreError;
use store::Database;

use super::{Keyring, KeyringError, MasterKeyError, MasterKeySource, rotation::waiting_path};
use crate::clock::SystemRandom;

/// How often row and file are read: between the two another rotation may come.
const TRIES: u32 = 3;

/// The open keyring of a database, and where to read it again.
pub struct Vault {
    database: Database,
    source: MasterKeySource,
    open: Mutex<Arc<Keyring>>,
}

/// Why a keyring that was sealed anew could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum RenewError {
    /// The database could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The new key is not where this center looks for it.
    #[error(
        "opening the keyring, which was sealed anew while this center runs: {0}; restart it with the new master key"
    )]
    Superseded(String),
}

impl Vault {
    /// Keeps an open keyring; the source is read again when the keyring is found sealed anew.
    pub fn new(database: Database, source: MasterKeySource, open: Arc<Keyring>) -> Self {
        Self { database, source, open: Mutex::new(open) }
    }

    /// The keyring as it was last opened.
    pub fn keyring(&self) -> Arc<Keyring> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Opens the keyring again if the database has another than the one that is open.
    pub async fn renew(&self) -> Result<(), RenewError> {
        let mut refused = String::new();
        for _ in 0..TRIES {
            let Some(row) = self.database.read(|tx| tx.keyring()).await? else {
                return Err(RenewError::Superseded("the database has none any more".to_owned()));
            };
            if self.keyring().is_sealed_as(&row) {
                return Ok(());
            }
            match self.unseal(&row) {
                Ok(renewed) => {
                    tracing::info!("the master key was rotated; the keyring is open with the new one");
                    *self.open.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(renewed);
                    return Ok(());
                }
                Err(error) => refused = error.to_string(),
            }
        }
        Err(RenewError::Superseded(refused))
    }

    fn unseal(&self, row: &str) -> Result<Keyring, UnsealError> {
        let open = |source: &MasterKeySource| -> Result<Keyring, UnsealError> {
            Ok(Keyring::unseal(row, &source.load(&SystemRandom)?)?)
        };
        let MasterKeySource::File { path, .. } = &self.source else { return open(&self.source) };
        let named = |path| MasterKeySource::File { path, generate: false };
        // The database has the new key a moment before its file has its name. A running center only looks:
        // renaming is for the rotation, or for the start after one that was cut off.
        open(&named(path.clone()))
            .or_else(|error| open(&named(waiting_path(path))).or(Err(error)))
            // The rotation may have given the file its name in between.
            .or_else(|error| open(&named(path.clone())).or(Err(error)))
    }
}

#[derive(Debug, thiserror::Error)]
enum UnsealError {
    #[error(transparent)]
    Key(#[from] MasterKeyError),
    #[error(transparent)]
    Keyring(#[from] KeyringError),
}
