//! AccessKeys: making them, switching them, deleting them.

use ram::{AccessKeyId, AccountId, KeyStatus, Principal, UserName, limits::ACTIVE_ACCESS_KEYS_PER_USER};
use smc::{
    Timestamp,
    audit::Event,
    ports::{Clock, Random, RandomError, StoreError},
};
use store::{Transaction, identities::KeyRow};
use zeroize::Zeroizing;

use super::{Identities, IdentityError, actor::Change};
use crate::{
    clock::SystemRandom,
    keyring::{OpenError, RenewError, Sealed, SealingKey},
};

/// How often a new key is sealed: once more for each rotation of the master key that comes between.
const TRIES: u32 = 3;

const SECRET_CHARACTERS: usize = 30;
const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// The secret of an AccessKey on its way to whoever asked for the key: shown once, wiped when dropped.
#[derive(Clone)]
pub struct SecretText(Zeroizing<String>);

/// Whose a key is to be, and since when.
#[derive(Clone)]
pub(super) struct KeyHolder {
    pub(super) account: AccountId,
    pub(super) user: Option<UserName>,
    pub(super) created: Timestamp,
}

/// An AccessKey just made.
#[derive(Clone)]
pub struct NewKey {
    /// Its public half.
    pub id: AccessKeyId,
    /// Its secret.
    pub secret: SecretText,
}

impl SecretText {
    /// Hands out the secret.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Opens the secret of a key that was sealed when it was made.
    pub(super) fn open(row: &KeyRow, sealing: &SealingKey) -> Result<Self, OpenError> {
        let sealed = Sealed::from_stored(&row.sealed)?;
        let plain = sealing.open(&secret_context(&row.id), &sealed)?;
        let text = std::str::from_utf8(&plain).map_err(|_| OpenError)?;
        Ok(Self(Zeroizing::new(text.to_owned())))
    }
}

impl NewKey {
    /// Draws a key: `LTAI` and 20 characters, and a secret of 30, which carry 178 bits.
    pub fn generate(random: &impl Random) -> Result<Self, RandomError> {
        let mut secret = Zeroizing::new(String::with_capacity(SECRET_CHARACTERS));
        while secret.len() < SECRET_CHARACTERS {
            let bytes = Zeroizing::new(random.bytes::<64>()?);
            // 248 = 4 × 62: without the bias of a plain remainder.
            let letters = bytes
                .iter()
                .filter(|byte| **byte < 248)
                .map(|byte| char::from(ALPHABET[usize::from(byte % 62)]));
            let room = SECRET_CHARACTERS - secret.len();
            secret.extend(letters.take(room));
        }
        Ok(Self { id: AccessKeyId::from_random(random.bytes()?), secret: SecretText(secret) })
    }

    /// The emulator's key pair: the same on every machine, so it is only ever used on loopback and on a database
    /// of its own.
    pub fn emulator() -> Self {
        let secret = Zeroizing::new("landfall-dev-secret".to_owned());
        Self { id: AccessKeyId::emulator(), secret: SecretText(secret) }
    }

    fn row(&self, holder: &KeyHolder, sealing: &SealingKey) -> Result<KeyRow, RandomError> {
        let sealed = sealing.seal(&secret_context(&self.id), self.secret.0.as_bytes(), &SystemRandom)?;
        Ok(KeyRow {
            id: self.id.clone(),
            account: holder.account,
            user: holder.user.clone(),
            sealed: sealed.as_bytes().to_vec(),
            status: KeyStatus::Active,
            created: holder.created,
            last_used: None,
        })
    }
}

/// What a sealed secret is bound to, so that it cannot be put into another key's row.
pub fn secret_context(id: &AccessKeyId) -> String {
    format!("access key {id}")
}

impl Identities {
    /// Makes a key for an account's owner or for a user; the secret is in the reply only.
    pub async fn create_key(
        &self,
        account: AccountId,
        user: Option<UserName>,
    ) -> Result<NewKey, IdentityError> {
        Ok(self.create_dated_key(account, user).await?.0)
    }

    /// The same, and when it was made.
    pub async fn create_dated_key(
        &self,
        account: AccountId,
        user: Option<UserName>,
    ) -> Result<(NewKey, Timestamp), IdentityError> {
        let key = NewKey::generate(&SystemRandom)?;
        let at = self.clock.now();
        let actor = self.actor.clone();
        let holder = KeyHolder { account, user, created: at };
        self.write_sealed(&key, holder, move |tx, row| {
            if let Some(refusal) = absent(tx, account, row.user.as_ref())? {
                return Ok(Err(refusal));
            }
            if let Some(refusal) = too_many(tx, account, row.user.as_ref())? {
                return Ok(Err(refusal));
            }
            tx.insert_key(row)?;
            let detail = row.user.as_ref().map_or("owner", UserName::as_str);
            let (event, resource) = (Event::KeyCreated, row.id.as_str());
            actor.record(tx, &Change { account, at, event, resource, detail })?;
            Ok(Ok(()))
        })
        .await?;
        Ok((key, at))
    }

    /// Seals a key and runs the work that stores it, in a transaction that sees the keyring it was sealed with: after a
    /// rotation of the master key it is sealed again.
    pub(super) async fn write_sealed<T, F>(
        &self,
        key: &NewKey,
        holder: KeyHolder,
        work: F,
    ) -> Result<T, IdentityError>
    where
        T: Send + 'static,
        F: Fn(&mut Transaction<'_>, &KeyRow) -> Result<Result<T, IdentityError>, StoreError>
            + Clone
            + Send
            + 'static,
    {
        for _ in 0..TRIES {
            let keyring = self.vault.keyring();
            let row = key.row(&holder, keyring.sealing_key())?;
            let work = work.clone();
            let done = self
                .database
                .write(move |tx| if keyring.is_stored(tx)? { work(tx, &row).map(Some) } else { Ok(None) });
            if let Some(done) = done.await? {
                return done;
            }
            self.vault.renew().await.map_err(|error| match error {
                RenewError::Store(error) => IdentityError::Store(error),
                superseded @ RenewError::Superseded(_) => IdentityError::Keyring(superseded),
            })?;
        }
        Err(IdentityError::Rotating)
    }

    /// The keys of an account's owner and users, or of one user.
    pub async fn keys(
        &self,
        account: AccountId,
        user: Option<UserName>,
    ) -> Result<Vec<KeyRow>, IdentityError> {
        Ok(self.database.read(move |tx| tx.keys(account, user.as_ref())).await?)
    }

    /// All keys of an account: the owner's, then those of its users by name.
    pub async fn all_keys(&self, account: AccountId) -> Result<Vec<KeyRow>, IdentityError> {
        Ok(self.database.read(move |tx| tx.account_keys(account)).await?)
    }

    /// Switches a key on or off.
    pub async fn set_key_status(
        &self,
        account: AccountId,
        id: AccessKeyId,
        status: KeyStatus,
    ) -> Result<(), IdentityError> {
        let (actor, at) = (self.actor.clone(), self.clock.now());
        self.database
            .write(move |tx| {
                let Some(key) = tx.key(&id)?.filter(|key| key.account == account) else {
                    return Ok(Err(IdentityError::NoKey(id.clone())));
                };
                let (event, refusal) = match status {
                    KeyStatus::Active => (Event::KeyEnabled, actor.may_touch(&key)),
                    KeyStatus::Inactive => (Event::KeyDisabled, actor.may_silence(tx, &key)?),
                };
                if let Some(refusal) = refusal {
                    return Ok(Err(refusal));
                }
                if key.status == status {
                    return Ok(Ok(()));
                }
                if status == KeyStatus::Active
                    && let Some(refusal) = too_many(tx, account, key.user.as_ref())?
                {
                    return Ok(Err(refusal));
                }
                tx.set_key_status(account, &id, status)?;
                let detail = key.user.as_ref().map_or("owner", UserName::as_str);
                actor.record(tx, &Change { account, at, event, resource: id.as_str(), detail })?;
                Ok(Ok(()))
            })
            .await?
    }

    /// Deletes a key.
    pub async fn delete_key(&self, account: AccountId, id: AccessKeyId) -> Result<(), IdentityError> {
        let (actor, at) = (self.actor.clone(), self.clock.now());
        self.database
            .write(move |tx| {
                let Some(key) = tx.key(&id)?.filter(|key| key.account == account) else {
                    return Ok(Err(IdentityError::NoKey(id.clone())));
                };
                if let Some(refusal) = actor.may_silence(tx, &key)? {
                    return Ok(Err(refusal));
                }
                tx.delete_key(account, &id)?;
                let detail = key.user.as_ref().map_or("owner", UserName::as_str);
                let (event, resource) = (Event::KeyDeleted, id.as_str());
                actor.record(tx, &Change { account, at, event, resource, detail })?;
                Ok(Ok(()))
            })
            .await?
    }
}

/// The refusal to give if the account or its user does not exist.
pub(super) fn absent(
    tx: &mut Transaction<'_>,
    account: AccountId,
    user: Option<&UserName>,
) -> Result<Option<IdentityError>, StoreError> {
    if tx.account(account)?.is_none() {
        return Ok(Some(IdentityError::NoAccount(account.to_string())));
    }
    match user {
        Some(name) if tx.user(account, name)?.is_none() => Ok(Some(IdentityError::NoUser(name.clone()))),
        _ => Ok(None),
    }
}

fn too_many(
    tx: &mut Transaction<'_>,
    account: AccountId,
    user: Option<&UserName>,
) -> Result<Option<IdentityError>, StoreError> {
    let keys = tx.keys(account, user)?;
    let active =
        keys.iter().filter(|key| key.user.as_ref() == user && key.status == KeyStatus::Active).count();
    let who = || match user {
        Some(name) => Principal::User { account, name: name.clone() }.arn(),
        None => Principal::Owner { account }.arn(),
    };
    Ok((active >= ACTIVE_ACCESS_KEYS_PER_USER).then(|| IdentityError::TooManyKeys(who())))
}
