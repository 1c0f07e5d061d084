//! `landfall admin`: identities, audit and the master key, directly on a center's data.
//!
//! It works beside a running center, which sees changes within a second. It needs no AccessKey: whoever may read the
//! data directory and the master key owns the center anyway.

mod account;
mod audit;
mod desk;
mod key;
mod master_key;
mod policy;
mod policy_test;
mod user;

use clap::{Args, Subcommand};

use crate::{
    location::Storage,
    output::{Output, OutputArgs, Said, Screen},
};

use desk::Desk;

/// Options of `landfall admin`.
#[derive(Args)]
pub(crate) struct AdminArgs {
    #[command(subcommand)]
    command: AdminCommand,

    /// Number or name of the account, where there are several
    #[arg(long, global = true, value_name = "ACCOUNT")]
    account: Option<String>,

    #[command(flatten)]
    output: OutputArgs,

    #[command(flatten)]
    storage: Storage,
}

#[derive(Subcommand)]
enum AdminCommand {
    /// Accounts: each sees its own codes, sources and users only
    #[command(subcommand)]
    Account(account::AccountCommand),
    /// RAM users of an account
    #[command(subcommand)]
    User(user::UserCommand),
    /// AccessKeys of an account's owner or of a user
    #[command(subcommand)]
    Key(key::KeyCommand),
    /// Policies: what users may do
    #[command(subcommand)]
    Policy(policy::PolicyCommand),
    /// Show the audit trail, newest first
    Audit(audit::AuditArgs),
    /// Replace the master key and seal every secret anew; centers go on beside it
    RotateMasterKey,
}

/// Does what `landfall admin` is asked for.
pub(crate) async fn run(args: AdminArgs) -> anyhow::Result<Said> {
    let storage = args.storage;
    let view = View { output: args.output.output, screen: Screen::of_stdout() };
    let account = args.account.as_deref();
    match args.command {
        AdminCommand::Account(command) => account::run(&storage, command, view).await,
        AdminCommand::User(command) => user::run(Desk::open(&storage, account).await?, command, view).await,
        AdminCommand::Key(command) => key::run(Desk::open(&storage, account).await?, command, view).await,
        AdminCommand::Policy(command) => {
            policy::run(Desk::open(&storage, account).await?, command, view).await
        }
        AdminCommand::Audit(args) => audit::run(&storage, account, args, view).await,
        AdminCommand::RotateMasterKey => master_key::rotate(&storage, view).await,
    }
}

/// How what is found is shown.
#[derive(Clone, Copy)]
struct View {
    output: Output,
    screen: Screen,
}
