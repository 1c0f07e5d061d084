//! Where agents connect to, and what they pin: shown by `serve`, `token create` and `GET /healthz`.

use serde::Serialize;

/// The agent listener as the outside sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AgentEndpoint {
    /// `HOST:PORT` under which agents reach it, best first.
    pub addresses: Vec<String>,
    /// SHA-256 of the authority's certificate, as `sha256:HEX`.
    pub ca_fingerprint: String,
    /// SHA-256 of the listener's public key, as `curl --pinnedpubkey` takes it.
    pub key_pin: String,
    /// Whether installers can fetch the agent there.
    pub hands_out_agent: bool,
}
