//! `landfall source`: the servers that were imported.

mod list;
mod plan;
mod show;

use clap::{Args, Subcommand, builder::PossibleValuesParser};
use smc_model::generated::{
    shared::SourceServerState,
    source_server::{DeleteSourceServerRequest, ModifySourceServerAttributeRequest},
};

use crate::{
    client::{Client, ConnectionArgs},
    output::{Cell, OutputArgs, Said, Screen, Tone},
};

/// Options of `landfall source`.
#[derive(Args)]
pub(crate) struct SourceArgs {
    #[command(subcommand)]
    command: SourceCommand,
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Subcommand)]
enum SourceCommand {
    /// List migration sources, newest first
    List(ListArgs),
    /// Show a source: machine, disks, filesystems, the code that brought it, its last heartbeat
    Show(SourceArg),
    /// Give a source another name
    Rename {
        #[command(flatten)]
        source: SourceArg,
        /// The new name, 2 to 128 characters
        name: String,
    },
    /// Forget a source; its server is left as it is, and the use of the code is not given back
    Delete {
        #[command(flatten)]
        source: SourceArg,
        /// Even if it has a replication job
        #[arg(long)]
        force: bool,
    },
}

#[derive(Args)]
struct ListArgs {
    /// Only sources in this state
    #[arg(long, value_parser = PossibleValuesParser::new(SourceServerState::ALL.iter().map(|state| state.as_str())))]
    state: Option<String>,

    /// Only sources of this name
    #[arg(long)]
    name: Option<String>,
}

#[derive(Args)]
struct SourceArg {
    /// Id of the source
    #[arg(value_name = "s-…", value_parser = source_id)]
    id: String,
}

/// Does what `landfall source` is asked for.
pub(crate) async fn run(args: SourceArgs) -> anyhow::Result<Said> {
    let client = args.connection.client()?;
    let (output, screen) = (args.output.output, Screen::of_stdout());
    match args.command {
        SourceCommand::List(args) => list::run(&client, args, output, screen).await,
        SourceCommand::Show(source) => show::run(&client, source.id, output, screen).await,
        SourceCommand::Rename { source, name } => rename(&client, source.id, name).await,
        SourceCommand::Delete { source, force } => delete(&client, source.id, force).await,
    }
}

async fn rename(client: &Client, id: String, name: String) -> anyhow::Result<Said> {
    let said = Said::aside(format!("Renamed {id}"));
    let request = ModifySourceServerAttributeRequest { source_id: id, name: Some(name), description: None };
    client.call(&request).await?;
    Ok(said)
}

async fn delete(client: &Client, id: String, force: bool) -> anyhow::Result<Said> {
    let said = Said::aside(format!("Deleted {id}")).with_aside(
        "The server itself is untouched; its agent stops when it next calls. The use of the code is not given back.",
    );
    client.call(&DeleteSourceServerRequest { source_id: id, force }).await?;
    Ok(said)
}

/// Takes the id of a source. Whether there is one is the center's to say.
fn source_id(text: &str) -> Result<String, &'static str> {
    let is_id = text.starts_with("s-") && text.len() <= 64;
    if is_id { Ok(text.to_owned()) } else { Err("an id begins with s-; landfall source list shows them") }
}

/// A state with its tone.
pub(crate) fn state(state: &str) -> Cell {
    let tone = match state {
        "Available" => Tone::Good,
        "InUse" => Tone::Doubtful,
        _ => Tone::Bad,
    };
    Cell::new(state, tone)
}
