//! `landfall token`: activation codes, from making one to deleting it.

mod create;
mod end;
mod list;
mod show;

use clap::{Args, Subcommand, builder::PossibleValuesParser};
use smc_model::generated::shared::AccessTokenStatus;

use crate::{
    client::ConnectionArgs,
    output::{Cell, OutputArgs, Said, Screen, Tone},
};

/// Options of `landfall token`.
#[derive(Args)]
pub(crate) struct TokenArgs {
    #[command(subcommand)]
    command: TokenCommand,
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Subcommand)]
enum TokenCommand {
    /// Make an activation code and print it, this once, with the command to paste on a source
    Create(CreateArgs),
    /// List activation codes, newest first
    List(ListArgs),
    /// Show a code: its uses, and the servers it imported
    Show(TokenArg),
    /// Switch a code off for good; servers imported with it stay
    Disable(TokenArg),
    /// Remove a code; servers imported with it stay
    Delete(TokenArg),
}

#[derive(Args)]
struct CreateArgs {
    /// Name, 2 to 128 characters, such as the wave of the migration it is for
    #[arg(long)]
    name: Option<String>,

    /// Description, at most 256 characters
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,

    /// How many servers may be imported with it, 1 to 1000
    #[arg(long, value_name = "N", default_value_t = 100)]
    count: u32,

    /// For how many days it can be redeemed, 1 to 90
    #[arg(long, value_name = "DAYS", default_value_t = 30)]
    ttl_days: u32,
}

#[derive(Args)]
struct ListArgs {
    /// Only codes of this status
    #[arg(long, value_parser = PossibleValuesParser::new(AccessTokenStatus::ALL.iter().map(|status| status.as_str())))]
    status: Option<String>,

    /// Only codes of this name
    #[arg(long)]
    name: Option<String>,
}

#[derive(Args)]
struct TokenArg {
    /// Id of the code; not the code itself
    #[arg(value_name = "at-…", value_parser = token_id)]
    id: String,
}

/// Does what `landfall token` is asked for.
pub(crate) async fn run(args: TokenArgs) -> anyhow::Result<Said> {
    let client = args.connection.client()?;
    let (output, screen) = (args.output.output, Screen::of_stdout());
    match args.command {
        TokenCommand::Create(args) => create::run(&client, args, output, screen).await,
        TokenCommand::List(args) => list::run(&client, args, output, screen).await,
        TokenCommand::Show(TokenArg { id }) => show::run(&client, id, output, screen).await,
        TokenCommand::Disable(TokenArg { id }) => end::disable(&client, id).await,
        TokenCommand::Delete(TokenArg { id }) => end::delete(&client, id).await,
    }
}

/// Takes the id of a code. Whether there is one is the center's to say; what cannot be an id is not repeated, since a
/// code given by mistake would be.
fn token_id(text: &str) -> Result<String, &'static str> {
    if text.starts_with("at-") && text.len() <= 64 {
        return Ok(text.to_owned());
    }
    Err(
        "an id begins with at-; landfall token list shows them. If this was a code, disable it: arguments are not secret",
    )
}

/// A status with its tone; a code whose uses are spent stays `activated`, which deserves a word.
fn status(status: &str, spent: bool) -> Cell {
    match (status, spent) {
        ("activated", false) => Cell::new(status, Tone::Good),
        ("activated", true) => Cell::new("activated, used up", Tone::Doubtful),
        _ => Cell::new(status, Tone::Bad),
    }
}

/// Whether the uses of a code are spent, told by two decimal strings.
fn spent(used: &str, count: &str) -> bool {
    matches!((used.parse::<u64>(), count.parse::<u64>()), (Ok(used), Ok(count)) if used >= count)
}
