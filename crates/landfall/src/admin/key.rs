//! `landfall admin key`: AccessKeys. A secret is printed when its key is made, and never again.

use anyhow::Context;
use center::identity::NewKey;
use clap::Subcommand;
use ram::{AccessKeyId, KeyStatus, Principal, UserName};
use serde::Serialize;
use store::identities::KeyRow;

use super::{Desk, View};
use crate::output::{Cell, Said, Screen, Tone, facts, table};

/// What goes with every secret.
pub(super) const SHOWN_ONCE: &str =
    "The secret is shown this once; the center keeps it sealed and never tells it again.";

/// What goes with an owner's key.
pub(super) const OWNER: &str = "This is a key of the account's owner, whom policies do not limit; for programs, make a user and give it a policy.";

#[derive(Subcommand)]
pub(super) enum KeyCommand {
    /// Make an AccessKey for a user, or for the account's owner, and print its secret this once
    Create {
        /// The user; without it, the account's owner
        #[arg(long, value_name = "NAME")]
        user: Option<UserName>,
    },
    /// List AccessKeys of the owner and all users
    List {
        /// Only this user's
        #[arg(long, value_name = "NAME")]
        user: Option<UserName>,
    },
    /// Let a key sign no more; it can be enabled again
    Disable {
        /// Id of the key
        #[arg(value_name = "KEY")]
        id: AccessKeyId,
    },
    /// Let a key sign again
    Enable {
        /// Id of the key
        #[arg(value_name = "KEY")]
        id: AccessKeyId,
    },
    /// Remove a key
    Delete {
        /// Id of the key
        #[arg(value_name = "KEY")]
        id: AccessKeyId,
    },
}

/// A key just made. It holds the secret, so it has no `Debug`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Shown<'a> {
    principal: &'a str,
    access_key_id: String,
    access_key_secret: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct KeyShown {
    access_key_id: String,
    user: Option<String>,
    status: &'static str,
    creation_time: String,
    last_used_time: Option<String>,
}

impl<'a> Shown<'a> {
    /// Shows a key of a principal.
    pub(super) fn of(key: &'a NewKey, principal: &'a str) -> Self {
        Self { principal, access_key_id: key.id.to_string(), access_key_secret: key.secret.reveal() }
    }

    /// For people: as the lines that make the SDKs and this program use the key.
    pub(super) fn text(&self, screen: Screen) -> String {
        let whose = facts(screen, &[("Key of", self.principal.into())]);
        let (id, secret) = (&self.access_key_id, self.access_key_secret);
        format!(
            "{whose}export ALIBABA_CLOUD_ACCESS_KEY_ID={id}\nexport ALIBABA_CLOUD_ACCESS_KEY_SECRET={secret}\n"
        )
    }
}

pub(super) async fn run(desk: Desk, command: KeyCommand, view: View) -> anyhow::Result<Said> {
    match command {
        KeyCommand::Create { user } => create(&desk, user, view).await,
        KeyCommand::List { user } => list(&desk, user, view).await,
        KeyCommand::Disable { id } => {
            desk.identities.set_key_status(desk.account, id.clone(), KeyStatus::Inactive).await?;
            Ok(Said::aside(format!("Disabled {id}")))
        }
        KeyCommand::Enable { id } => {
            desk.identities.set_key_status(desk.account, id.clone(), KeyStatus::Active).await?;
            Ok(Said::aside(format!("Enabled {id}")))
        }
        KeyCommand::Delete { id } => {
            desk.identities.delete_key(desk.account, id.clone()).await?;
            Ok(Said::aside(format!("Deleted {id}")))
        }
    }
}

async fn create(desk: &Desk, user: Option<UserName>, view: View) -> anyhow::Result<Said> {
    let account = desk.account;
    let principal = match &user {
        Some(name) => Principal::User { account, name: name.clone() },
        None => Principal::Owner { account },
    };
    let key = desk.identities.create_key(account, user.clone()).await?;
    let arn = principal.arn();
    let shown = Shown::of(&key, &arn);
    let said = view.output.say(&shown, || shown.text(view.screen)).with_aside(SHOWN_ONCE);
    let Some(user) = user else { return Ok(said.with_aside(OWNER)) };
    // The key is made; that it may do nothing yet is worth saying, failing to find out is not.
    let without = desk.identities.attached(account, user.clone()).await.is_ok_and(|names| names.is_empty());
    Ok(if without {
        said.with_aside(format!(
            "{user} may do nothing yet; give it a policy: landfall admin policy attach LandfallCodeIssuerAccess --user {user}"
        ))
    } else {
        said
    })
}

async fn list(desk: &Desk, user: Option<UserName>, view: View) -> anyhow::Result<Said> {
    let keys = match user {
        Some(user) => of_user(desk, user).await?,
        None => of_all(desk).await?,
    };
    let all: Vec<KeyShown> = keys.iter().map(shown).collect();
    Ok(view.output.say(&all, || rows(&keys, view.screen)))
}

async fn of_all(desk: &Desk) -> anyhow::Result<Vec<KeyRow>> {
    let mut keys = desk.identities.keys(desk.account, None).await?;
    for user in desk.identities.users(desk.account).await? {
        keys.extend(desk.identities.keys(desk.account, Some(user.name)).await?);
    }
    Ok(keys)
}

/// The keys of a user that exists.
pub(super) async fn of_user(desk: &Desk, user: UserName) -> anyhow::Result<Vec<KeyRow>> {
    let known = desk.identities.users(desk.account).await?.into_iter().any(|row| row.name == user);
    known
        .then_some(())
        .with_context(|| format!("the account has no user {user}; landfall admin user list shows them"))?;
    Ok(desk.identities.keys(desk.account, Some(user)).await?)
}

/// A table of keys.
pub(super) fn rows(keys: &[KeyRow], screen: Screen) -> String {
    let row = |key: &KeyRow| {
        let tone = if key.status == KeyStatus::Active { Tone::Good } else { Tone::Bad };
        [
            key.id.as_str().into(),
            key.user.as_ref().map_or("(owner)", UserName::as_str).into(),
            Cell::new(key.status.as_str(), tone),
            screen.moment(key.created),
            key.last_used.map_or_else(|| "-".into(), |at| screen.moment(at)),
        ]
    };
    let rows: Vec<_> = keys.iter().map(row).collect();
    table(screen, ["KEY", "USER", "STATUS", "CREATED", "LAST USED"], &rows)
}

/// A key without its secret.
pub(super) fn shown(key: &KeyRow) -> KeyShown {
    KeyShown {
        access_key_id: key.id.to_string(),
        user: key.user.as_ref().map(ToString::to_string),
        status: key.status.as_str(),
        creation_time: key.created.to_string(),
        last_used_time: key.last_used.map(|at| at.to_string()),
    }
}
