//! An agent in a process of its own.

use std::net::SocketAddr;

use super::{agent::Copied, process::Process};
use crate::lab::this_program;

/// A started agent; ends with its value.
pub(crate) struct Agent {
    process: Process,
}

impl Agent {
    /// Starts one that copies a disk; changes are tracked once this returns.
    pub(crate) fn start(disk: &str, center: SocketAddr, pin: &str, streams: u16) -> anyhow::Result<Self> {
        Self::start_with(&[], &["--disk", disk], center, pin, streams)
    }

    /// As [`Agent::start`], of another kind of disk or with another program before it.
    pub(crate) fn start_with(
        before: &[&str],
        disk: &[&str],
        center: SocketAddr,
        pin: &str,
        streams: u16,
    ) -> anyhow::Result<Self> {
        let mut words: Vec<String> = before.iter().map(|word| (*word).to_owned()).collect();
        words.push(this_program()?);
        let (center, streams) = (center.to_string(), streams.to_string());
        let rest = ["--center", &center, "--pin", pin, "--streams", &streams];
        words.extend(["agent"].iter().chain(disk).chain(&rest).map(|word| (*word).to_owned()));
        let mut process = Process::start(&words)?;
        let _: String = process.hear()?;
        Ok(Self { process })
    }

    /// Copies everything.
    pub(crate) fn everything(&mut self) -> anyhow::Result<Copied> {
        self.process.ask("everything")
    }

    /// Copies what changed since the run before.
    pub(crate) fn changes(&mut self) -> anyhow::Result<Copied> {
        self.process.ask("changes")
    }
}
