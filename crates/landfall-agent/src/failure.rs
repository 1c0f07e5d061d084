//! Everything that ends a command, with its exit code and what to do about it.

use agent_api::ErrorReply;

pub use crate::code::NoCode;

use crate::{
    link::{BadProxy, CallError},
    machine::MachineError,
    state::StateError,
    trust::IdentityError,
};

/// Why a command did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The command line is wrong.
    #[error("{0}")]
    Usage(String),
    /// There is no code to present.
    #[error(transparent)]
    Code(#[from] NoCode),
    /// The environment names no usable proxy.
    #[error(transparent)]
    Proxy(#[from] BadProxy),
    /// The machine cannot be described.
    #[error(transparent)]
    Machine(#[from] MachineError),
    /// The state directory does not serve.
    #[error(transparent)]
    State(#[from] StateError),
    /// There is no key to present.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The center did not do it.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The center did it, and says something that cannot be right about it.
    #[error(
        "the center's reply names {0:?}, which is not the id of a source; is it a Landfall center of a current version?"
    )]
    Reply(String),
    /// The running agent's source is gone.
    #[error(
        "the center at {center} does not know this agent any more: {source_id} was deleted there, or another machine with the same identity took its place"
    )]
    Gone {
        /// The center.
        center: String,
        /// The source that this machine was.
        source_id: String,
    },
    /// The system does not let the agent wait for signals.
    #[error("waiting for signals: {0}")]
    Signals(std::io::Error),
}

impl Failure {
    /// 2 for wrong usage, 1 for everything else.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_)
            | Self::Proxy(_)
            | Self::Code(NoCode::Argument | NoCode::Nowhere | NoCode::Malformed { .. }) => 2,
            _ => 1,
        }
    }

    /// What to do, where the message does not say it already.
    pub fn remedy(&self) -> Option<&'static str> {
        match self {
            Self::Call(CallError::Interrupted { .. }) => Some(
                "run the same command again: this machine keeps its key, so that it becomes the same source and no second use is spent",
            ),
            Self::Call(error @ CallError::Refused { .. }) => of_code(error.code()),
            Self::Gone { .. } => Some(
                "to import this machine again, run `landfall-agent import` with an activation code; to be rid of the agent, disable its service and remove its state directory",
            ),
            _ => None,
        }
    }
}

/// What to do about each refusal of a center that a person at the source can meet.
fn of_code(code: &str) -> Option<&'static str> {
    Some(match code {
        "AccessToken.Unknown" => {
            "compare the id with `landfall token list` on the center; a code is shown once, when it is created, so if it is lost create another"
        }
        "AccessToken.Disabled" | "AccessToken.Expired" => {
            "create another on the center: landfall token create; machines that are already imported are not affected"
        }
        "AccessToken.Exhausted" => {
            "create another on the center: landfall token create --count N; deleting a source gives no use back"
        }
        "Source.OtherAccount" => {
            "use a code of the account that the source belongs to, or delete the source there first"
        }
        "SourceServerName.Duplicate" | "InvalidParameter.Name" => {
            "leave --name out to get a name made of host name and address"
        }
        "Inventory.Invalid" => {
            "see what would be sent with `landfall-agent inventory`, and limit it with --disk PATH"
        }
        "Protocol.AgentTooOld" => "install the agent that this center offers",
        "Protocol.CenterTooOld" => "upgrade the center first, agents after it",
        "Request.Malformed" => {
            "check the options; if they are right, install the agent that this center offers"
        }
        ErrorReply::UNKNOWN_AGENT => "run `landfall-agent import` with an activation code",
        "ServiceUnavailable" | "InternalError" | "Throttling" => {
            "run the same command again in a minute; if it stays so, the center's log says why"
        }
        _ => return None,
    })
}
