//! Who the agent speaks to and who it is: the center's pinned authority, and the agent's own key.
//!
//! An agent trusts exactly one certificate authority, the one whose certificate has the digest that its
//! operator was given, and no public one. It proves who it is with a key that it made itself.

mod identity;
mod pin;
mod verifier;

pub use identity::{Identity, IdentityError};
pub use pin::{NotAFingerprint, Pin};
pub use verifier::{PinnedAuthority, Untrusted};

use std::sync::Arc;

use rustls::{
    CipherSuite, ClientConfig,
    client::Resumption,
    crypto::{CryptoProvider, ring},
    version,
};

/// Sessions kept for resumption; an agent has one center, and a session carries a few tickets.
const SESSIONS: usize = 2;

/// Puts together the TLS configuration of an agent: the pinned center on the other side, the agent's own
/// certificate on this one, TLS 1.3 or 1.2, and resumption so that reconnecting costs no signature.
pub fn client_config(pin: Pin, identity: &Identity) -> Result<Arc<ClientConfig>, IdentityError> {
    let provider = Arc::new(provider());
    let verifier = PinnedAuthority::new(pin, &provider);
    let (certificate, key) = identity.certificate()?;
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&version::TLS13, &version::TLS12])
        .map_err(|error| IdentityError::Tls(error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_client_auth_cert(vec![certificate], key)
        .map_err(|error| IdentityError::Tls(error.to_string()))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.resumption = Resumption::in_memory_sessions(SESSIONS);
    Ok(Arc::new(config))
}

/// AES with keys of 128 bits before all others: nobody breaks either, and its rounds are ten where those of 256 bits are fourteen, for
/// every byte of every disk and at both ends. A center takes what its agent names first.
fn provider() -> CryptoProvider {
    let mut provider = ring::default_provider();
    provider.cipher_suites.sort_by_key(|suite| suite.suite() != CipherSuite::TLS13_AES_128_GCM_SHA256);
    provider
}

#[cfg(test)]
mod tests {
    use rustls::{CipherSuite, crypto::ring};

    #[test]
    fn the_cheapest_cipher_comes_first_and_none_is_lost() {
        let suites = super::provider().cipher_suites;
        assert_eq!(suites[0].suite(), CipherSuite::TLS13_AES_128_GCM_SHA256);
        assert_eq!(suites.len(), ring::default_provider().cipher_suites.len());
    }
}
