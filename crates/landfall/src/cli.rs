//! The tree of commands, and the way from arguments to an exit code.

use std::{
    ffi::{OsStr, OsString},
    io::{self, IsTerminal, Write},
    process::ExitCode,
};

use anyhow::Context;
use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;
use smc::access_token::AccessTokenCode;
use tokio::runtime::{Builder, Runtime};
use tracing_subscriber::EnvFilter;

use crate::{
    admin::{self, AdminArgs},
    api::{self, ApiArgs},
    demo::{self, DemoArgs},
    failure,
    image::{self, ImageArgs},
    job::{self, JobArgs},
    output::Said,
    serve::{self, ServeArgs},
    source::{self, SourceArgs},
    token::{self, TokenArgs},
    web_console::{self, ConsoleArgs},
};

const HELP: &str = "\
Environment:
  LANDFALL_ENDPOINT                the center's API [http://127.0.0.1:8620]
  ALIBABA_CLOUD_ACCESS_KEY_ID,
  ALIBABA_CLOUD_ACCESS_KEY_SECRET  the AccessKey to sign with
  LANDFALL_DATA_DIR,
  LANDFALL_DATABASE_URL            the center's data, for serve and admin
  LANDFALL_LOG                     what is logged to standard error: warn, info, debug
  NO_COLOR                         no colours

Data goes to standard output, everything else to standard error.
Exit codes: 0 done, 1 refused or failed, 2 wrong usage.";

/// Moves servers into a private cloud while they run: a self-hosted Server Migration Center.
#[derive(Parser)]
#[command(name = "landfall", version, after_help = HELP, max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run a center
    Serve(Box<ServeArgs>),
    /// Do the whole job once, on this machine, in a temporary directory
    Demo(DemoArgs),
    /// Activation codes: make, list, show, disable, delete
    Token(TokenArgs),
    /// Migration sources: list, show, rename, delete
    Source(SourceArgs),
    /// Replication jobs: create, start, stop, cutover, list, show, watch, delete
    Job(Box<JobArgs>),
    /// Images: list, show, verify, export, test-boot, remove, directly on a center's data
    Image(Box<ImageArgs>),
    /// Make a link that signs in to the web console
    Console(ConsoleArgs),
    /// Call any operation of the API by its name
    Api(ApiArgs),
    /// Accounts, users, keys, policies and audit, directly on a center's data
    Admin(Box<AdminArgs>),
    /// What landfall-agent does, for machines that have this program
    #[command(disable_help_flag = true)]
    Agent {
        /// What landfall-agent would be given
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        words: Vec<OsString>,
    },
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// Does what the arguments ask for.
pub(crate) fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let command = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli.command,
        Err(error) => return usage(&error),
    };
    let runtime = match runtime(&command) {
        Ok(runtime) => runtime,
        Err(error) => return fail(&anyhow::Error::new(error).context("starting")),
    };
    let done = runtime.block_on(perform(command));
    // A look at a failing disk may take minutes more; nobody waits for it.
    runtime.shutdown_background();
    done.unwrap_or_else(|error| fail(&error))
}

async fn perform(command: Command) -> anyhow::Result<ExitCode> {
    let said = match command {
        Command::Agent { words } => return Ok(landfall_agent::main("landfall agent", words).await),
        Command::Serve(args) => {
            log("info");
            return Box::pin(serve::run(*args)).await;
        }
        Command::Demo(args) => {
            log("warn");
            return Box::pin(demo::run(args)).await;
        }
        Command::Token(args) => token::run(args).await?,
        Command::Source(args) => source::run(args).await?,
        Command::Console(args) => web_console::run(args).await?,
        Command::Api(args) => api::run(args).await?,
        Command::Admin(args) => admin::run(*args).await?,
        Command::Job(args) => job::run(*args).await?,
        Command::Image(args) => {
            let (said, code) = image::run(*args).await?;
            said.print().context("writing the result")?;
            return Ok(code);
        }
        Command::Completions { shell } => Said::data(completions(shell)),
    };
    said.print().context("writing the result")?;
    Ok(ExitCode::SUCCESS)
}

/// Centers work on all processors; everything else waits for one answer.
fn runtime(command: &Command) -> io::Result<Runtime> {
    match command {
        Command::Serve(_) | Command::Demo(_) => Builder::new_multi_thread().enable_all().build(),
        _ => Builder::new_current_thread().enable_all().build(),
    }
}

fn completions(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "landfall", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// Says what clap has to say: help and version on standard output, wrong usage on standard error.
fn usage(error: &clap::Error) -> ExitCode {
    let colours = if error.use_stderr() { io::stderr().is_terminal() } else { io::stdout().is_terminal() };
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let text = error.render();
    let text = if colours && !plain { text.ansi().to_string() } else { text.to_string() };
    // A reader that is gone does not want it.
    let _ = if error.use_stderr() {
        io::stderr().write_all(without_codes(&text).as_bytes())
    } else {
        io::stdout().write_all(text.as_bytes())
    };
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

fn fail(error: &anyhow::Error) -> ExitCode {
    let _ = io::stderr().write_all(failure::told(error).as_bytes());
    ExitCode::from(failure::exit_code(error))
}

/// Hides activation codes in what is said about arguments: one may have been given where an id belongs.
fn without_codes(text: &str) -> String {
    let is_code = |word: &str| AccessTokenCode::parse(word).is_ok();
    let words = text.split_inclusive(|character: char| !character.is_ascii_alphanumeric());
    words
        .map(|word| {
            let bare = word.trim_end_matches(|character: char| !character.is_ascii_alphanumeric());
            if is_code(bare) { word.replace(bare, "[hidden]") } else { word.to_owned() }
        })
        .collect()
}

/// Logs to standard error what LANDFALL_LOG asks for.
fn log(usual: &str) {
    let asked = std::env::var("LANDFALL_LOG").ok().and_then(|text| EnvFilter::try_new(text).ok());
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| value != OsStr::new(""));
    let _ = tracing_subscriber::fmt()
        .with_env_filter(asked.unwrap_or_else(|| EnvFilter::new(usual)))
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal() && !plain)
        .try_init();
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;
    use smc::access_token::AccessTokenCode;

    use super::{Cli, without_codes};

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_code_given_by_mistake_is_not_repeated() {
        let code = AccessTokenCode::from_random(&[7; 64]);
        let told = without_codes(&format!("error: invalid value '{}' for '<at-…>'", code.reveal()));
        assert_eq!(told, "error: invalid value '[hidden]' for '<at-…>'");
        let word = "a".repeat(32);
        assert_eq!(without_codes(&word), word);
    }
}
