//! Custody of keys: what must be recoverable is sealed, and one master key opens it all.
//!
//! The **master key** (32 bytes) is outside the database: in a file that the center generates, or given by
//! the operator. The **keyring** is one row in the database, sealed under the master key: the key that
//! digests activation codes, the key that seals AccessKey secrets, and the agent listener's certificate
//! authority. So several centers on one database share one identity, and whoever has the database alone
//! has nothing. Rotation ([`rotate`]) makes a new master key and a new sealing key, and seals everything
//! anew; the digest key stays, since a digest cannot be made again without the code. Centers go on beside it:
//! what they seal and open with is asked of the [`Vault`], which reads the keyring again when it has to.

mod master;
mod rotation;
mod sealing;
mod vault;

pub use master::{MasterKey, MasterKeyError, MasterKeySource};
pub use rotation::{Rotated, RotationError, finish_interrupted, rotate};
pub use sealing::{OpenError, Sealed, SealingKey};
pub use vault::{RenewError, Vault};

use hmac::{Hmac, KeyInit, Mac};
use replication::LeafKey;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use smc::{
    access_token::CodeKey,
    ports::{Random, RandomError, StoreError},
};
use store::{Database, Transaction};
use zeroize::Zeroizing;

use crate::tls::{Authority, AuthorityError};

/// The keys of a center, open.
pub struct Keyring {
    code_key: Zeroizing<[u8; 32]>,
    sealing_key: SealingKey,
    authority: Authority,
    /// The row that it was opened from; empty for one that was never stored.
    row: String,
}

/// Why the keyring could not be opened or made.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// The database could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The master key is not the one that sealed the keyring.
    #[error(
        "opening the keyring: it was sealed with master key {sealed_by}, the one given is {given}; give the right one with --master-key-file or LANDFALL_MASTER_KEY"
    )]
    WrongMasterKey {
        /// Id of the key it was sealed with.
        sealed_by: String,
        /// Id of the key given.
        given: String,
    },
    /// The row is not what Landfall wrote.
    #[error("opening the keyring: the database row is damaged ({0}); restore the database from a backup")]
    Damaged(String),
    /// The certificate authority could not be made.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
}

/// The row as it is stored.
#[derive(Serialize, Deserialize)]
struct Row {
    version: u32,
    master_key_id: String,
    sealed: Sealed,
}

/// What is inside the seal.
#[derive(Serialize, Deserialize)]
struct Contents {
    code_key: String,
    sealing_key: String,
    authority: crate::tls::AuthorityPem,
}

/// What the seal is bound to, so that no other sealed value can be put in its place.
const CONTEXT: &str = "landfall keyring";
const VERSION: u32 = 1;

impl Keyring {
    /// Opens the keyring of a database, or makes one where there is none. Two centers that start at once on
    /// an empty database end up with the same.
    pub async fn open(
        database: &Database,
        master: &MasterKey,
        random: &impl Random,
    ) -> Result<Self, KeyringError> {
        let stored = database.read(|tx| tx.keyring()).await?;
        if let Some(text) = stored {
            return Self::unseal(&text, master);
        }
        let fresh = Self::generate(random)?.seal(master, random)?;
        let stored = database
            .write(move |tx| match tx.keyring()? {
                Some(other) => Ok(other),
                None => tx.put_keyring(&fresh).map(|()| fresh.clone()),
            })
            .await?;
        Self::unseal(&stored, master)
    }

    /// The key that digests codes.
    pub fn code_key(&self) -> CodeKey {
        CodeKey::new(*self.code_key)
    }

    /// The key that seals AccessKey secrets.
    pub fn sealing_key(&self) -> &SealingKey {
        &self.sealing_key
    }

    /// Whether this is the keyring that the database has now: what is sealed with any other is lost. Ask in the
    /// transaction that stores what was sealed.
    pub fn is_stored(&self, tx: &mut Transaction<'_>) -> Result<bool, StoreError> {
        Ok(tx.keyring()?.is_some_and(|row| self.is_sealed_as(&row)))
    }

    fn is_sealed_as(&self, row: &str) -> bool {
        self.row == row
    }

    /// The agent listener's certificate authority.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// The seed of the key that images are signed with. It goes with the keyring, so that every center on a database
    /// signs alike, and a new master key changes nothing.
    pub fn image_signer_seed(&self) -> Zeroizing<[u8; 32]> {
        self.derived("landfall image signer", "")
    }

    /// The key of the digests by which the copies of a job are compared.
    pub fn leaf_key(&self, job: &str) -> LeafKey {
        LeafKey::new(*self.derived("landfall leaf digests", job))
    }

    /// A key of its own for each purpose and subject.
    fn derived(&self, purpose: &str, subject: &str) -> Zeroizing<[u8; 32]> {
        // HMAC fills a shorter key up with zeros to the length of a block.
        let mut block = Zeroizing::new([0; 64]);
        block[..32].copy_from_slice(&*self.code_key);
        let mut mac = Hmac::<Sha256>::new(&(*block).into());
        mac.update(purpose.as_bytes());
        mac.update(&[0]);
        mac.update(subject.as_bytes());
        Zeroizing::new(mac.finalize().into_bytes().into())
    }

    fn generate(random: &impl Random) -> Result<Self, KeyringError> {
        Ok(Self {
            code_key: Zeroizing::new(random.bytes()?),
            sealing_key: SealingKey::new(random.bytes()?),
            authority: Authority::generate()?,
            row: String::new(),
        })
    }

    fn seal(&self, master: &MasterKey, random: &impl Random) -> Result<String, KeyringError> {
        let contents = Contents {
            code_key: hex::encode(*self.code_key),
            sealing_key: self.sealing_key.to_hex(),
            authority: self.authority.to_pem(),
        };
        let plain =
            serde_json::to_vec(&contents).map_err(|error| KeyringError::Damaged(error.to_string()))?;
        let sealed = master.sealing_key().seal(CONTEXT, &Zeroizing::new(plain), random)?;
        let row = Row { version: VERSION, master_key_id: master.id(), sealed };
        serde_json::to_string(&row).map_err(|error| KeyringError::Damaged(error.to_string()))
    }

    fn unseal(text: &str, master: &MasterKey) -> Result<Self, KeyringError> {
        let damaged = |what: &str| KeyringError::Damaged(what.to_owned());
        let row: Row = serde_json::from_str(text).map_err(|_| damaged("not the JSON it should be"))?;
        if row.version != VERSION {
            return Err(KeyringError::Damaged(format!("version {} is not known", row.version)));
        }
        if row.master_key_id != master.id() {
            return Err(KeyringError::WrongMasterKey { sealed_by: row.master_key_id, given: master.id() });
        }
        let plain =
            master.sealing_key().open(CONTEXT, &row.sealed).map_err(|_| damaged("the seal does not fit"))?;
        let contents: Contents = serde_json::from_slice(&plain).map_err(|_| damaged("its contents"))?;
        let key = |text: &str| -> Result<[u8; 32], KeyringError> {
            let mut bytes = [0; 32];
            hex::decode_to_slice(text, &mut bytes).map_err(|_| damaged("a key's length"))?;
            Ok(bytes)
        };
        Ok(Self {
            code_key: Zeroizing::new(key(&contents.code_key)?),
            sealing_key: SealingKey::new(key(&contents.sealing_key)?),
            authority: Authority::from_pem(contents.authority)?,
            row: text.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Keyring;
    use crate::clock::SystemRandom;

    #[test]
    fn each_purpose_and_subject_has_a_key_of_its_own() {
        let keyring = Keyring::generate(&SystemRandom).unwrap();
        let seed = keyring.image_signer_seed();
        assert_eq!(seed, keyring.image_signer_seed());
        let (one, other) = (keyring.leaf_key("j-1"), keyring.leaf_key("j-2"));
        assert!(one == keyring.leaf_key("j-1") && one != other && one.reveal() != &*seed);
        assert!(*seed != *Keyring::generate(&SystemRandom).unwrap().image_signer_seed());
    }
}
