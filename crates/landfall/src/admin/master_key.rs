//! `landfall admin rotate-master-key`.

use anyhow::bail;
use center::{
    clock::{SystemClock, SystemRandom},
    keyring::{self, MasterKeySource},
    server::open_keyring,
};
use serde::Serialize;
use smc::ports::Clock;
use store::{Database, Options};

use super::View;
use crate::{
    location::Storage,
    output::{Said, facts},
};

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Rotated {
    before: String,
    after: String,
    secrets: usize,
}

pub(super) async fn rotate(storage: &Storage, view: View) -> anyhow::Result<Said> {
    let places = storage.existing()?;
    let MasterKeySource::File { path, .. } = &places.master_key else {
        bail!(
            "rotating the master key: it is given by LANDFALL_MASTER_KEY, and a new one must be kept somewhere; write it to a file of mode 0600, name that with --master-key-file, and use the file from then on"
        );
    };
    let database = Database::open(&places.database, Options::default())?;
    // Finishes a rotation that was cut off, and refuses a key that is not this database's.
    open_keyring(&database, &places.master_key).await?;
    let done = keyring::rotate(&database, path, &SystemRandom, SystemClock::default().now()).await?;
    let shown = Rotated { before: done.before, after: done.after, secrets: done.secrets };
    let said = view.output.say(&shown, || {
        facts(
            view.screen,
            &[
                ("Master key", path.display().to_string().into()),
                ("Before", shown.before.as_str().into()),
                ("Now", shown.after.as_str().into()),
                ("Secrets sealed anew", shown.secrets.to_string().into()),
            ],
        )
    });
    Ok(said.with_aside(
        "Centers that read this file go on; give the others the new one and restart them. Backups of the database from before need the key from before.",
    ))
}
