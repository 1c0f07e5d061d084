//! The agent listener's side of TLS: the center's own certificate authority, and who an agent is.
//!
//! Agents pin the authority's certificate by fingerprint; installers that only have `curl` pin the leaf's
//! public key. Both are made once, kept in the keyring, and shared by all centers on one database. Agents
//! present certificates that they made themselves: no authority vouches for them, and the handshake proves
//! that they hold the key, which is all that identifies them.

mod agents;
mod authority;

pub use agents::{AnyAgent, fingerprint};
pub use authority::{Authority, AuthorityError, AuthorityPem};

use std::sync::Arc;

use rustls::{ServerConfig, crypto::ring, server::NoServerSessionStorage, version};

/// Puts together the TLS configuration of the agent listener, with a leaf for these host names and addresses.
pub fn agent_listener(authority: &Authority, names: &[String]) -> Result<Arc<ServerConfig>, AuthorityError> {
    let provider = Arc::new(ring::default_provider());
    let (chain, key) = authority.leaf(names)?;
    let mut config = ServerConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&version::TLS13, &version::TLS12])
        .map_err(|error| AuthorityError::Tls(error.to_string()))?
        .with_client_cert_verifier(Arc::new(AnyAgent::new(&provider)))
        .with_single_cert(chain, key)
        .map_err(|error| AuthorityError::Tls(error.to_string()))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // Tickets carry the agent's identity sealed to the agent itself, so that a reconnecting fleet costs the
    // center no signatures and no memory.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.ticketer = ring::Ticketer::new().map_err(|error| AuthorityError::Tls(error.to_string()))?;
    config.send_tls13_tickets = 1;
    Ok(Arc::new(config))
}
