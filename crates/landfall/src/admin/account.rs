//! `landfall admin account`.

use center::identity::NewKey;
use clap::Subcommand;
use serde::Serialize;
use store::identities::AccountRow;

use super::{View, desk, key};
use crate::{
    location::Storage,
    output::{Said, table},
};

#[derive(Subcommand)]
pub(super) enum AccountCommand {
    /// Make an account and its owner's AccessKey, whose secret is printed this once
    Create {
        /// What people call it, at most 64 characters
        name: String,
    },
    /// List accounts, oldest first
    List,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct AccountShown {
    account_id: String,
    name: String,
    creation_time: String,
}

/// An account with its owner's key. It holds the secret, so it has no `Debug`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Created<'a> {
    #[serde(flatten)]
    account: AccountShown,
    #[serde(flatten)]
    key: key::Shown<'a>,
}

pub(super) async fn run(storage: &Storage, command: AccountCommand, view: View) -> anyhow::Result<Said> {
    match command {
        AccountCommand::Create { name } => create(storage, &name, view).await,
        AccountCommand::List => list(storage, view).await,
    }
}

/// The first account may be made before a center ever ran.
async fn create(storage: &Storage, name: &str, view: View) -> anyhow::Result<Said> {
    let identities = desk::identities(storage.prepare()?).await?;
    let (account, key): (AccountRow, NewKey) = identities.create_account(name).await?;
    let principal = ram::Principal::Owner { account: account.id }.arn();
    let created = Created { account: shown(&account), key: key::Shown::of(&key, &principal) };
    let said = view.output.say(&created, || created.key.text(view.screen));
    Ok(said.with_aside(key::SHOWN_ONCE).with_aside(key::OWNER))
}

async fn list(storage: &Storage, view: View) -> anyhow::Result<Said> {
    let accounts = desk::identities(storage.existing()?).await?.accounts().await?;
    let all: Vec<AccountShown> = accounts.iter().map(shown).collect();
    Ok(view.output.say(&all, || {
        let row = |row: &AccountRow| {
            [row.id.to_string().into(), row.name.as_str().into(), view.screen.moment(row.created)]
        };
        table(view.screen, ["ACCOUNT", "NAME", "CREATED"], &accounts.iter().map(row).collect::<Vec<_>>())
    }))
}

fn shown(row: &AccountRow) -> AccountShown {
    AccountShown {
        account_id: row.id.to_string(),
        name: row.name.clone(),
        creation_time: row.created.to_string(),
    }
}
