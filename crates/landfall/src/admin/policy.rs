//! `landfall admin policy`: documents, and who has which.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use center::identity::{PolicyKind, PolicyText};
use clap::Subcommand;
use ram::{PolicyName, UserName};
use serde::Serialize;

use super::{Desk, View, policy_test};
use crate::output::{Said, table};

/// Bytes of a document that are looked at; one over this is refused.
const LARGEST: u64 = 1 << 20;

#[derive(Subcommand)]
pub(super) enum PolicyCommand {
    /// Write a policy, new or in place of the one of that name
    Put {
        /// Name, 1 to 128 letters, digits and hyphens
        name: PolicyName,
        /// The document, in RAM's grammar, version "1"; - for standard input
        #[arg(long, value_name = "FILE")]
        file: PathBuf,
        /// What it is for
        #[arg(long, value_name = "TEXT", default_value = "")]
        description: String,
    },
    /// List policies, those that come with Landfall first
    List,
    /// Print the document of a policy
    Show {
        /// Name of the policy
        name: PolicyName,
    },
    /// Remove a policy that no user has
    Delete {
        /// Name of the policy
        name: PolicyName,
    },
    /// Give a user a policy
    Attach(Attachment),
    /// Take a policy from a user
    Detach(Attachment),
    /// Decide about a call without making it, and say why
    Test(policy_test::TestArgs),
}

#[derive(clap::Args)]
pub(super) struct Attachment {
    /// Name of the policy
    name: PolicyName,
    /// The user
    #[arg(long, value_name = "NAME")]
    user: UserName,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct PolicyShown<'a> {
    policy_name: String,
    policy_type: &'static str,
    description: &'a str,
    policy_document: &'a str,
}

pub(super) async fn run(desk: Desk, command: PolicyCommand, view: View) -> anyhow::Result<Said> {
    let (identities, account) = (&desk.identities, desk.account);
    match command {
        PolicyCommand::Put { name, file, description } => {
            let document = read_document(&file)?;
            identities.put_policy(account, name.clone(), document, description).await?;
            Ok(Said::aside(format!("Wrote {name}; users that have it are under it within a second")))
        }
        PolicyCommand::List => list(&desk, view).await,
        PolicyCommand::Show { name } => show(&desk, &name, view).await,
        PolicyCommand::Delete { name } => {
            identities.delete_policy(account, name.clone()).await?;
            Ok(Said::aside(format!("Deleted {name}")))
        }
        PolicyCommand::Attach(Attachment { name, user }) => {
            identities.attach(account, user.clone(), name.clone()).await?;
            Ok(Said::aside(format!("{user} has {name} now")))
        }
        PolicyCommand::Detach(Attachment { name, user }) => {
            if !identities.detach(account, user.clone(), name.clone()).await? {
                bail!("{user} does not have {name}; landfall admin user show {user} tells what it has");
            }
            Ok(Said::aside(format!("{user} no longer has {name}")))
        }
        PolicyCommand::Test(args) => policy_test::run(&desk, args, view).await,
    }
}

/// Reads a document from a file or standard input.
pub(super) fn read_document(path: &Path) -> anyhow::Result<String> {
    let named =
        if path.as_os_str() == "-" { "standard input".to_owned() } else { path.display().to_string() };
    let mut text = String::new();
    let read = if path.as_os_str() == "-" {
        io::stdin().lock().take(LARGEST + 1).read_to_string(&mut text)
    } else {
        File::open(path).and_then(|file| file.take(LARGEST + 1).read_to_string(&mut text))
    };
    read.with_context(|| format!("reading the policy from {named}"))?;
    if text.len() as u64 > LARGEST {
        bail!("reading the policy from {named}: it is larger than 1 MiB; is it the right file?");
    }
    Ok(text)
}

async fn list(desk: &Desk, view: View) -> anyhow::Result<Said> {
    let policies = desk.identities.policies(desk.account).await?;
    let all: Vec<_> = policies.iter().map(shown).collect();
    Ok(view.output.say(&all, || {
        let row = |policy: &PolicyText| {
            [policy.name.as_str().into(), kind(policy).into(), policy.description.as_str().into()]
        };
        table(view.screen, ["POLICY", "TYPE", "FOR"], &policies.iter().map(row).collect::<Vec<_>>())
    }))
}

async fn show(desk: &Desk, name: &PolicyName, view: View) -> anyhow::Result<Said> {
    let upstream = ram::builtin::find(name.as_str()).map_or(name.as_str(), |policy| policy.name);
    let policies = desk.identities.policies(desk.account).await?;
    let policy = policies.iter().find(|policy| policy.name.as_str() == upstream).with_context(|| {
        format!("the account has no policy {name}; landfall admin policy list shows them")
    })?;
    Ok(view.output.say(&shown(policy), || format!("{}\n", policy.document.trim_end())))
}

fn shown(policy: &PolicyText) -> PolicyShown<'_> {
    PolicyShown {
        policy_name: policy.name.to_string(),
        policy_type: kind(policy),
        description: &policy.description,
        policy_document: &policy.document,
    }
}

/// RAM's words.
fn kind(policy: &PolicyText) -> &'static str {
    match policy.kind {
        PolicyKind::System => "System",
        PolicyKind::Custom => "Custom",
    }
}
