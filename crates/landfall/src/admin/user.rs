//! `landfall admin user`.

use anyhow::Context;
use clap::Subcommand;
use ram::{Principal, UserName};
use serde::Serialize;
use store::identities::{KeyRow, UserRow};

use super::{Desk, View, key};
use crate::output::{Cell, Said, facts, table};

#[derive(Subcommand)]
pub(super) enum UserCommand {
    /// Make a user; it has no key and may do nothing until it gets a policy
    Create {
        /// Name, 1 to 64 letters, digits, periods, hyphens and underscores
        name: UserName,
        /// What people call it
        #[arg(long, value_name = "TEXT", default_value = "")]
        display_name: String,
    },
    /// List users by name
    List,
    /// Show a user with its policies and keys
    Show {
        /// Name of the user
        name: UserName,
    },
    /// Remove a user with its keys
    Delete {
        /// Name of the user
        name: UserName,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct UserShown {
    user_name: String,
    display_name: String,
    arn: String,
    creation_time: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct UserWithRights {
    #[serde(flatten)]
    user: UserShown,
    policies: Vec<String>,
    access_keys: Vec<key::KeyShown>,
}

pub(super) async fn run(desk: Desk, command: UserCommand, view: View) -> anyhow::Result<Said> {
    match command {
        UserCommand::Create { name, display_name } => create(&desk, name, display_name).await,
        UserCommand::List => list(&desk, view).await,
        UserCommand::Show { name } => show(&desk, name, view).await,
        UserCommand::Delete { name } => {
            desk.identities.delete_user(desk.account, name.clone()).await?;
            Ok(Said::aside(format!("Deleted {name}; its keys sign nothing any more")))
        }
    }
}

async fn create(desk: &Desk, name: UserName, display_name: String) -> anyhow::Result<Said> {
    let user = desk.identities.create_user(desk.account, name, display_name).await?;
    let name = user.name;
    Ok(Said::aside(format!("Made {name}. It has no key and may do nothing yet; next:"))
        .with_aside(format!("  landfall admin policy attach LandfallCodeIssuerAccess --user {name}"))
        .with_aside(format!("  landfall admin key create --user {name}")))
}

async fn list(desk: &Desk, view: View) -> anyhow::Result<Said> {
    let users = desk.identities.users(desk.account).await?;
    let all: Vec<UserShown> = users.iter().map(shown).collect();
    Ok(view.output.say(&all, || {
        let row = |user: &UserRow| {
            [
                user.name.as_str().into(),
                Cell::known(Some(&user.display_name)),
                view.screen.moment(user.created),
            ]
        };
        table(view.screen, ["USER", "CALLED", "CREATED"], &users.iter().map(row).collect::<Vec<_>>())
    }))
}

async fn show(desk: &Desk, name: UserName, view: View) -> anyhow::Result<Said> {
    let users = desk.identities.users(desk.account).await?;
    let user = users
        .into_iter()
        .find(|user| user.name == name)
        .with_context(|| format!("the account has no user {name}; landfall admin user list shows them"))?;
    let policies = desk.identities.attached(desk.account, name.clone()).await?;
    let keys = key::of_user(desk, name).await?;
    let all = UserWithRights {
        user: shown(&user),
        policies: policies.iter().map(ToString::to_string).collect(),
        access_keys: keys.iter().map(key::shown).collect(),
    };
    Ok(view.output.say(&all, || text(&user, &all, &keys, view)))
}

fn text(user: &UserRow, all: &UserWithRights, keys: &[KeyRow], view: View) -> String {
    let policies =
        if all.policies.is_empty() { "none; it may do nothing".to_owned() } else { all.policies.join(", ") };
    let mut text = facts(
        view.screen,
        &[
            ("User", user.name.as_str().into()),
            ("Called", Cell::known(Some(&user.display_name))),
            ("ARN", all.user.arn.as_str().into()),
            ("Created", view.screen.moment(user.created)),
            ("Policies", policies.into()),
        ],
    );
    if !keys.is_empty() {
        text.push('\n');
        text.push_str(&key::rows(keys, view.screen));
    }
    text
}

fn shown(user: &UserRow) -> UserShown {
    UserShown {
        user_name: user.name.to_string(),
        display_name: user.display_name.clone(),
        arn: Principal::User { account: user.account, name: user.name.clone() }.arn(),
        creation_time: user.created.to_string(),
    }
}
