//! `landfall api`: any operation of the contract, signed.
//!
//! Names are checked here against the model, so that a slip of the pen is told before anything is sent; values are the
//! center's to judge. Options of this program are in lower case, parameters of operations begin with a capital.

mod names;
mod reference;
mod words;

use clap::Args;
use smc_model::Operation;

use crate::{
    client::{Client, ConnectionArgs, Format},
    failure::Usage,
    output::{Said, Screen},
};

const HELP: &str = "\
Examples:
  landfall api --list
  landfall api CreateAccessToken --help
  landfall api CreateAccessToken --Name wave-1 --Count 20
  landfall api TagResources --ResourceType sourceserver --ResourceId.1 s-… --Tag.1.Key wave";

/// Options of `landfall api`.
#[derive(Args)]
#[command(after_help = HELP, override_usage = "landfall api [OPTIONS] ACTION [--Parameter VALUE]...")]
pub(crate) struct ApiArgs {
    #[command(flatten)]
    options: Options,

    /// List the operations
    #[arg(long)]
    list: bool,

    /// An operation, then its parameters as --Name VALUE
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ACTION")]
    words: Vec<String>,
}

/// Options that may stand before the operation or among its parameters.
#[derive(Args, Clone)]
struct Options {
    #[command(flatten)]
    connection: ConnectionArgs,

    /// Form of the reply
    #[arg(long, value_enum, ignore_case = true, default_value_t = Format::Json)]
    format: Format,
}

/// Does what `landfall api` is asked for.
pub(crate) async fn run(args: ApiArgs) -> anyhow::Result<Said> {
    let Some((action, rest)) = args.words.split_first() else {
        if args.list {
            return Ok(Said::data(reference::list(Screen::of_stdout())));
        }
        return Err(Usage::new("landfall api needs an operation; landfall api --list shows them").into());
    };
    let operation = names::operation(action)?;
    let asked = words::read(operation, rest, &args.options)?;
    if asked.help {
        return Ok(Said::data(reference::describe(operation, Screen::of_stdout())));
    }
    let client = asked.options.connection.client()?;
    call(&client, operation, &asked.parameters, asked.options.format).await
}

async fn call(
    client: &Client,
    operation: &Operation,
    parameters: &[(String, String)],
    format: Format,
) -> anyhow::Result<Said> {
    Ok(Said::data(client.send(operation, parameters, format).await?.text()))
}
