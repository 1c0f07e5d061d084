//! The command line: each option once, with its help and its variable.

use std::path::PathBuf;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use smc::AccessTokenId;

use crate::{center_url::CenterUrl, state, trust::Pin};

const IMPORT_HELP: &str = "\
The activation code itself is never an option, because every user of a machine can read options. It comes from \
the file named by --token-code-file, from standard input (--token-code-file -), from the variable \
LANDFALL_TOKEN_CODE, or from a prompt. Its checksum is verified before anything is sent.

Importing the same machine again gives the same source and spends nothing. The code is not kept.

Exit codes: 0 imported, 1 refused or failed, 2 wrong usage (a mistyped code among it).";

const AFTER_HELP: &str = "\
LANDFALL_LOG sets what is logged to standard error (error, warn, info, debug, trace). https_proxy and no_proxy \
are honoured.";

/// What the agent is asked to do.
#[derive(Debug, Parser)]
#[command(
    name = "landfall-agent",
    version,
    about = "Imports this machine into a Landfall center as a migration source, and copies its disks there"
)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Cli {
    /// The command.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Import this machine with an activation code
    #[command(after_help = IMPORT_HELP)]
    Import(ImportArgs),
    /// Keep this machine online at its center and copy its disks when the center asks, until stopped
    Run {
        #[command(flatten)]
        state: StateArgs,
        /// Do not have the kernel tell which blocks change: everything is read and compared, which takes longer and
        /// needs a source that is quiet, or a freeze that is long enough
        #[arg(long, env = "LANDFALL_NO_TRACKING", value_parser = clap::builder::FalseyValueParser::new())]
        no_tracking: bool,
    },
    /// Show which source this machine is, when its center was last heard, and what is being copied
    Status {
        #[command(flatten)]
        state: StateArgs,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Show what would be sent to a center about this machine
    Inventory {
        #[command(flatten)]
        disks: DiskArgs,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Show what a copy of this machine's disks would read and freeze; nothing is written
    Plan {
        #[command(flatten)]
        disks: DiskArgs,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Print a systemd unit that keeps the agent running
    Service(StateArgs),
    /// Print the version of the agent and of the protocol it speaks
    Version,
}

/// Options of `import`.
#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// Where the center's agent port is, such as https://center.example:8621
    #[arg(long, value_name = "URL", env = "LANDFALL_SERVER")]
    pub(crate) server: CenterUrl,
    /// Fingerprint of the center's authority, sha256:HEX, as `landfall serve` and `landfall token create` print it
    #[arg(long, value_name = "FINGERPRINT", env = "LANDFALL_CA_FINGERPRINT")]
    pub(crate) ca_fingerprint: Pin,
    /// Id of the activation code
    #[arg(long, value_name = "at-…", env = "LANDFALL_TOKEN_ID", value_parser = AccessTokenId::parse)]
    pub(crate) token_id: AccessTokenId,
    /// File that holds the activation code; - for standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) token_code_file: Option<PathBuf>,
    /// Name of the source; by default made of host name and address
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Only ask whether the code would import a machine; nothing is spent and nothing is written
    #[arg(long)]
    pub(crate) check: bool,
    #[command(flatten)]
    pub(crate) disks: DiskArgs,
    #[command(flatten)]
    pub(crate) state: StateArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// Which disks are meant.
#[derive(Debug, Args)]
pub(crate) struct DiskArgs {
    /// Disk to migrate, repeatable. Block devices limit the list to those named; files that hold a disk image
    /// are added to it. Without it: all whole disks
    #[arg(long = "disk", value_name = "PATH")]
    pub(crate) disks: Vec<String>,
    /// Leave the machine's own disks alone: only the disk images named by --disk are meant
    #[arg(long, requires = "disks")]
    pub(crate) images_only: bool,
}

/// Where the state is.
#[derive(Debug, Args)]
pub(crate) struct StateArgs {
    /// Directory of the agent's key and memory; it writes nowhere else
    #[arg(long, value_name = "DIR", env = "LANDFALL_STATE_DIR", default_value = state::DEFAULT)]
    pub(crate) state_dir: PathBuf,
}

/// How data is written.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct OutputArgs {
    /// How to write the result to standard output
    #[arg(long, value_enum, default_value_t = Output::Text)]
    pub(crate) output: Output,
}

/// A form of output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people
    Text,
    /// One JSON object
    Json,
}

/// Reads the arguments that follow the program's name.
pub(crate) fn parse(invoked_as: &str, arguments: &[std::ffi::OsString]) -> Result<Cli, clap::Error> {
    let program = std::ffi::OsString::from(invoked_as);
    let words = std::iter::once(&program).chain(arguments);
    let matches = Cli::command().bin_name(invoked_as).no_binary_name(false).try_get_matches_from(words)?;
    Cli::from_arg_matches(&matches)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Cli;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
