//! Other programs with a bound on their time: nothing in the boot test may wait for ever.

use std::{
    ffi::OsStr,
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context, bail};

/// What `timeout` of coreutils ends with when the bound was reached.
const LATE: i32 = 124;

/// A program that gets a signal when this one ends, also where nothing is cleaned up.
pub(super) fn tied(signal: &str, program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", signal, "--"]).arg(program);
    command
}

/// A program that is ended, with what it started, after a bound.
pub(super) struct Bounded {
    command: Command,
    shown: String,
    bound: Duration,
}

impl Bounded {
    /// Prepares a program.
    pub(super) fn new(bound: Duration, program: impl AsRef<OsStr>) -> Self {
        let program = program.as_ref();
        let mut command = tied("TERM", "timeout");
        command.args(["--kill-after=10", &bound.as_secs().to_string()]).arg(program).stdin(Stdio::null());
        Self { command, shown: program.to_string_lossy().into_owned(), bound }
    }

    /// Adds arguments.
    pub(super) fn args<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        for argument in arguments {
            self.shown.push(' ');
            self.shown.push_str(&argument.as_ref().to_string_lossy());
            self.command.arg(argument);
        }
        self
    }

    /// Sets a variable of its environment.
    pub(super) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Runs it and gives what it prints; what it says besides is part of the error if it fails.
    pub(super) fn output(self) -> anyhow::Result<String> {
        let ended = self.end()?;
        if !ended.success {
            bail!("{} failed: {}{}", ended.shown, ended.printed, ended.said);
        }
        Ok(ended.printed)
    }

    /// Runs it for what it does.
    pub(super) fn run(self) -> anyhow::Result<()> {
        self.output().map(drop)
    }

    /// Runs it to its end, whatever that is.
    pub(super) fn end(mut self) -> anyhow::Result<Ended> {
        let output = self.command.output().with_context(|| format!("starting {}", self.shown))?;
        if output.status.code() == Some(LATE) {
            bail!("{} was not done within {} s and was ended", self.shown, self.bound.as_secs());
        }
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok(Ended {
            shown: self.shown,
            success: output.status.success(),
            printed: text(&output.stdout),
            said: text(&output.stderr),
        })
    }
}

/// A program that has ended.
pub(super) struct Ended {
    /// What was run.
    pub(super) shown: String,
    /// Whether it says that all went well.
    pub(super) success: bool,
    /// Its standard output.
    pub(super) printed: String,
    /// Its standard error.
    pub(super) said: String,
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Bounded;

    #[test]
    fn a_program_that_does_not_end_is_ended() {
        let error = Bounded::new(Duration::from_secs(1), "sleep").args(["60"]).run().unwrap_err();
        assert_eq!(error.to_string(), "sleep 60 was not done within 1 s and was ended");
    }

    #[test]
    fn a_failure_says_what_the_program_said() {
        let words = ["-c", "echo data; echo why >&2; exit 3"];
        let error = Bounded::new(Duration::from_secs(10), "sh").args(words).output().unwrap_err();
        assert!(error.to_string().ends_with("failed: data\nwhy\n"), "{error}");
    }
}
