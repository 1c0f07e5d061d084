//! Both ends of a copy, each a process of its own, so that time and memory of each can be told apart.
//!
//! They are this program again, told what to do by lines on standard input, and answering with a line of JSON each.

mod agent;
mod agent_process;
mod center;
mod center_process;
mod fake;
mod process;
mod relay;
mod wire;
mod writer;

pub(crate) use agent::{AgentOptions, Copied};
pub(crate) use agent_process::Agent;
pub(crate) use center::CenterOptions;
pub(crate) use center_process::Center;
pub(crate) use relay::{Relay, RelayOptions};
pub(crate) use writer::{Writer, WriterOptions};

use clap::Subcommand;

/// What this program is when a measurement starts it.
#[derive(Subcommand)]
pub(crate) enum Role {
    /// The agent's side of a copy.
    #[command(hide = true)]
    Agent(AgentOptions),
    /// The center's side of copies.
    #[command(hide = true)]
    Center(CenterOptions),
    /// A place on the way that holds everything up for a while.
    #[command(hide = true)]
    Relay(RelayOptions),
    /// A program that writes at a steady rate and notes how long it is held up.
    #[command(hide = true)]
    Writer(WriterOptions),
}

/// Plays a role until standard input ends.
pub(crate) fn play(role: &Role) -> anyhow::Result<()> {
    match role {
        Role::Agent(options) => agent::play(options),
        Role::Center(options) => center::play(options),
        Role::Relay(options) => relay::play(options),
        Role::Writer(options) => writer::play(options),
    }
}
