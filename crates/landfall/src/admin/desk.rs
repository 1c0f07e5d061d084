//! An open center's data with one account of it chosen: what most administration starts from.

use std::sync::Arc;

use center::{
    clock::SystemClock,
    identity::{Identities, IdentityError},
    keyring::Vault,
    server::open_keyring,
};
use ram::AccountId;
use store::{Database, Options, identities::AccountRow};

use crate::location::{Places, Storage};

/// The identities of a center, and the account that is meant.
pub(super) struct Desk {
    pub(super) identities: Identities,
    pub(super) account: AccountId,
}

impl Desk {
    /// Opens the data of a center that has run before, and chooses an account by number or name, or the only one.
    pub(super) async fn open(storage: &Storage, account: Option<&str>) -> anyhow::Result<Self> {
        let identities = identities(storage.existing()?).await?;
        let account = choose(&identities.accounts().await?, account)?;
        Ok(Self { identities, account })
    }
}

/// Opens database and keyring.
pub(super) async fn identities(places: Places) -> anyhow::Result<Identities> {
    let database = Database::open(&places.database, Options::default())?;
    let keyring = Arc::new(open_keyring(&database, &places.master_key).await?);
    let vault = Arc::new(Vault::new(database.clone(), places.master_key, keyring));
    Ok(Identities::new(database, vault, Arc::new(SystemClock::default())))
}

/// Chooses an account by number or name, or the only one.
pub(super) fn choose(accounts: &[AccountRow], wanted: Option<&str>) -> Result<AccountId, IdentityError> {
    let named =
        |row: &&AccountRow| wanted.is_none_or(|wanted| row.id.to_string() == wanted || row.name == wanted);
    let mut found = accounts.iter().filter(named);
    match (found.next(), found.next(), wanted) {
        (Some(only), None, _) => Ok(only.id),
        (Some(_), Some(_), _) => Err(IdentityError::WhichAccount),
        (None, _, wanted) => Err(IdentityError::NoAccount(wanted.unwrap_or("yet").to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use smc::Timestamp;
    use store::identities::AccountRow;

    use super::choose;

    fn told(accounts: &[(&str, &str)], wanted: Option<&str>) -> String {
        let rows: Vec<AccountRow> = accounts
            .iter()
            .map(|(id, name)| AccountRow {
                id: id.parse().unwrap(),
                name: (*name).to_owned(),
                created: Timestamp::from_unix(0),
            })
            .collect();
        choose(&rows, wanted).map_or_else(|error| error.to_string(), |account| account.to_string())
    }

    #[test]
    fn an_account_is_chosen_only_when_there_is_no_doubt() {
        const ONE: (&str, &str) = ("1111111111111111", "default");
        const TWO: (&str, &str) = ("2222222222222222", "lab");
        const THREE: (&str, &str) = ("3333333333333333", "lab");
        let several = "there are several accounts; say which with --account";
        assert_eq!(told(&[ONE], None), ONE.0);
        assert_eq!(told(&[ONE, TWO], None), several);
        assert_eq!(told(&[ONE, TWO], Some("lab")), TWO.0);
        assert_eq!(told(&[ONE, TWO], Some(ONE.0)), ONE.0);
        assert_eq!(told(&[TWO, THREE], Some("lab")), several);
        assert!(told(&[ONE], Some("lab")).contains("no account lab"));
        assert!(told(&[], None).contains("no account yet"));
    }
}
