//! What is looked at before anything is served: keys, clock, and whether the database is used for real.

use smc::ports::{Clock, Tx};
use store::Database;

use super::StartError;
use crate::{
    clock::{SystemClock, SystemRandom},
    identity::{Identities, IdentityError, NewKey},
    keyring::{Keyring, MasterKeySource, finish_interrupted},
};

/// How far the clock may be behind the last entry of the audit trail before a start is refused, in seconds.
const CLOCK_TOLERANCE: i64 = 300;

/// Opens the keyring, after finishing a rotation of the master key that a crash cut off. A master key is only
/// ever generated for a database that has no keyring: beside one that has, its absence is the error.
pub async fn open_keyring(database: &Database, source: &MasterKeySource) -> Result<Keyring, StartError> {
    let mut source = source.clone();
    if let MasterKeySource::File { path, generate } = &mut source {
        finish_interrupted(database, path).await?;
        *generate &= database.read(|tx| tx.keyring()).await?.is_none();
    }
    let master = source.load(&SystemRandom)?;
    Ok(Keyring::open(database, &master, &SystemRandom).await?)
}

/// The emulator's key, or the first key of a database that has none yet.
pub(super) async fn first_key(
    identities: &Identities,
    emulator: bool,
) -> Result<Option<NewKey>, IdentityError> {
    if emulator {
        identities.bootstrap(NewKey::emulator()).await?;
        return Ok(Some(NewKey::emulator()));
    }
    identities.bootstrap(NewKey::generate(&SystemRandom)?).await
}

/// Keeps the key that everybody knows out of databases that are used for real, whichever way round.
pub(super) async fn check_purpose(database: &Database, emulator: bool) -> Result<(), StartError> {
    let id = NewKey::emulator().id;
    let (used, emulated) =
        database.read(move |tx| Ok((!tx.accounts()?.is_empty(), tx.key(&id)?.is_some()))).await?;
    match (emulator, emulated) {
        (true, false) if used => Err(StartError::EmulatorOnRealData),
        (false, true) => Err(StartError::RealOnEmulatorData),
        _ => Ok(()),
    }
}

/// Refuses a clock that was set back: codes would live too long.
pub(super) async fn check_clock(database: &Database, clock: &SystemClock) -> Result<(), StartError> {
    let last = database.read(|tx| Tx::last_recorded(tx)).await?;
    let now = clock.now();
    match last {
        Some(last) if now.plus_seconds(CLOCK_TOLERANCE) < last => Err(StartError::ClockSetBack { now, last }),
        _ => Ok(()),
    }
}
