//! Commands of what is not built yet: they are there, and say so.

use std::ffi::OsString;

use anyhow::bail;

use crate::output::Said;

/// Anything after a command that is not built yet.
#[derive(clap::Args)]
pub(crate) struct Unbuilt {
    /// Ignored in this version
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    _words: Vec<OsString>,
}

/// Refuses what is not built yet.
pub(crate) fn refuse(command: &str) -> anyhow::Result<Said> {
    bail!("landfall {command} is not built yet in this version; see README's table")
}
