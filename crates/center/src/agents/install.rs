//! What an installer fetches: the script and the agent's one static file.
//!
//! `curl --pinnedpubkey` fetches both, so nothing is run that did not come from this center. The code is
//! never part of a URL or of an argument: the script hands its environment on to the agent.

use std::{io, path::PathBuf, sync::Arc};

use bytes::Bytes;
use http::{Response, StatusCode};
use http_body_util::Full;
use sha2::{Digest, Sha256};

use crate::{
    endpoint::AgentEndpoint,
    http::{content, json},
};

const TEMPLATE: &str = include_str!("install.sh");

/// The agent's file, read once.
#[derive(Clone)]
pub(crate) struct AgentBinary {
    bytes: Bytes,
    sha256: String,
}

impl AgentBinary {
    /// Reads the file.
    pub(crate) fn read(path: &PathBuf) -> io::Result<Self> {
        let bytes = Bytes::from(std::fs::read(path)?);
        let sha256 = hex::encode(Sha256::digest(&bytes));
        Ok(Self { bytes, sha256 })
    }
}

/// Serves installers.
pub(crate) struct Installer {
    endpoint: Arc<AgentEndpoint>,
    binary: Option<AgentBinary>,
}

impl Installer {
    /// Serves an agent file, if there is one.
    pub(crate) fn new(endpoint: Arc<AgentEndpoint>, binary: Option<AgentBinary>) -> Self {
        Self { endpoint, binary }
    }

    /// Answers a `GET`.
    pub(crate) fn answer(&self, path: &str) -> Response<Full<Bytes>> {
        let wanted = match path {
            "/install.sh" => self.binary.as_ref().map(|binary| {
                let script = self.script(binary);
                content(StatusCode::OK, "text/x-shellscript; charset=utf-8", script.into())
            }),
            "/landfall-agent" => self
                .binary
                .as_ref()
                .map(|binary| content(StatusCode::OK, "application/octet-stream", binary.bytes.clone())),
            _ => return not_found("Request.NotFound", "the agent listener has no such page"),
        };
        wanted.unwrap_or_else(|| {
            not_found(
                "Agent.NotServed",
                "this center has no agent file to hand out; build one with cargo xtask agent-static and start it with --agent-binary",
            )
        })
    }

    fn script(&self, binary: &AgentBinary) -> String {
        let server = self.endpoint.addresses.first().map(String::as_str).unwrap_or_default();
        TEMPLATE
            .replace("@SERVER@", &format!("https://{server}"))
            .replace("@CA_FINGERPRINT@", &self.endpoint.ca_fingerprint)
            .replace("@KEY_PIN@", &self.endpoint.key_pin)
            .replace("@AGENT_SHA256@", &binary.sha256)
    }
}

fn not_found(code: &str, message: &str) -> Response<Full<Bytes>> {
    json(StatusCode::NOT_FOUND, &agent_api::ErrorReply { code: code.to_owned(), message: message.to_owned() })
}
