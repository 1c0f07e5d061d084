//! What a command says: data for standard output, the rest for standard error, as text for people or JSON for programs.
//!
//! Commands give back a [`Said`] and never print, so that everything they say can be tested and a reader that is gone
//! is dealt with in one place.

mod amount;
mod moment;
mod screen;
mod table;

pub(crate) use amount::bytes;
pub(crate) use screen::Screen;
pub(crate) use table::{Cell, Tone, facts, table};

use std::io::{self, Write};

use serde::Serialize;

/// What a command has to say when it is done.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Said {
    /// The data: standard output.
    pub(crate) data: String,
    /// The rest: standard error.
    pub(crate) aside: String,
}

/// How data is written.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct OutputArgs {
    /// Write the result for people or for programs
    #[arg(long, global = true, value_enum, value_name = "FORM", default_value_t = Output::Text)]
    pub(crate) output: Output,
}

/// A form of output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Output {
    Text,
    Json,
}

impl Said {
    /// Says this on standard output.
    pub(crate) fn data(data: impl Into<String>) -> Self {
        Self { data: data.into(), aside: String::new() }
    }

    /// Says nothing on standard output, and this line on standard error.
    pub(crate) fn aside(line: impl Into<String>) -> Self {
        Self::default().with_aside(line)
    }

    /// Says this line on standard error as well.
    #[must_use]
    pub(crate) fn with_aside(mut self, line: impl Into<String>) -> Self {
        self.aside.push_str(&line.into());
        self.aside.push('\n');
        self
    }

    /// Prints it. A reader that is gone does not want it, and that is no failure.
    pub(crate) fn print(&self) -> io::Result<()> {
        let mut out = io::stdout().lock();
        let shown = out.write_all(self.data.as_bytes()).and_then(|()| out.flush());
        let told = io::stderr().write_all(self.aside.as_bytes());
        for result in [shown, told] {
            match result {
                Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}

impl Output {
    /// Says a value as JSON, or as the text that is made for people.
    pub(crate) fn say<T: Serialize>(self, value: &T, text: impl FnOnce() -> String) -> Said {
        match self {
            Self::Text => Said::data(text()),
            Self::Json => Said::data(json(value)),
        }
    }
}

/// A value as indented JSON with a line break at its end.
fn json(value: &impl Serialize) -> String {
    // All that is said has string keys and no fallible parts.
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}
