//! The agent's own key: made on the first import, kept in the state directory, never sent.
//!
//! The key is on disk, durably, before the first request that uses it. A reply that gets lost therefore costs
//! nothing: the next attempt presents the same key and gets the same source.

use rcgen::{
    CertificateParams, DistinguishedName, DnType, KeyPair, PKCS_ECDSA_P256_SHA256, PublicKeyData,
    date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use smc::source::KeyFingerprint;
use zeroize::Zeroizing;

use crate::state::{StateDir, StateError};

/// The file that holds the key, PEM (PKCS #8), mode 0600.
pub(super) const KEY_FILE: &str = "key.pem";

/// The key that makes this agent the source it is.
pub struct Identity {
    key: KeyPair,
}

/// Why there is no key to present.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The state directory does not give or take it.
    #[error(transparent)]
    State(#[from] StateError),
    /// The file holds something else.
    #[error(
        "reading the agent's key {path}: it is not an ECDSA P-256 key ({reason}); restore it from a backup, or remove it to import this machine with a new one"
    )]
    Damaged {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A key or certificate could not be made.
    #[error("making the agent's key: {0}")]
    Make(rcgen::Error),
    /// TLS refused the configuration.
    #[error("configuring TLS: {0}")]
    Tls(String),
}

impl Identity {
    /// Reads the key of the state directory; `None` if there is none yet.
    pub fn load(state: &StateDir) -> Result<Option<Self>, IdentityError> {
        let Some(pem) = state.read_secret(KEY_FILE)? else { return Ok(None) };
        let damaged = |reason: String| IdentityError::Damaged { path: state.path(KEY_FILE), reason };
        let pem = std::str::from_utf8(&pem).map_err(|error| damaged(error.to_string()))?;
        let key = KeyPair::from_pem(pem).map_err(|error| damaged(error.to_string()))?;
        if key.is_compatible(&PKCS_ECDSA_P256_SHA256) {
            Ok(Some(Self { key }))
        } else {
            Err(damaged("it is of another kind".to_owned()))
        }
    }

    /// Reads the key, or makes one and has it on disk before returning.
    pub fn load_or_create(state: &StateDir) -> Result<Self, IdentityError> {
        if let Some(identity) = Self::load(state)? {
            return Ok(identity);
        }
        let made = Self::generate()?;
        let pem = Zeroizing::new(made.key.serialize_pem());
        if state.create(KEY_FILE, pem.as_bytes())? {
            return Ok(made);
        }
        // Another import of this machine was faster: its key is the machine's.
        Self::load(state)?.ok_or_else(|| IdentityError::Damaged {
            path: state.path(KEY_FILE),
            reason: "it came and went".to_owned(),
        })
    }

    /// Makes a key that is not kept, for requests that need no lasting identity.
    pub fn generate() -> Result<Self, IdentityError> {
        KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map(|key| Self { key }).map_err(IdentityError::Make)
    }

    /// The fingerprint by which the center knows the agent.
    pub fn fingerprint(&self) -> KeyFingerprint {
        KeyFingerprint::of(&self.key.subject_public_key_info())
    }

    /// A certificate that carries the key, and the key for the handshake. It says nothing else and its dates
    /// cover every clock: the center looks at the key alone.
    pub(super) fn certificate(
        &self,
    ) -> Result<(CertificateDer<'static>, PrivateKeyDer<'static>), IdentityError> {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "landfall-agent");
        (params.not_before, params.not_after) = (date_time_ymd(1970, 1, 1), date_time_ymd(9999, 12, 31));
        let certificate = params.self_signed(&self.key).map_err(IdentityError::Make)?;
        Ok((certificate.der().clone(), PrivatePkcs8KeyDer::from(self.key.serialize_der()).into()))
    }
}

#[cfg(test)]
mod tests {
    use super::{Identity, IdentityError, KEY_FILE};
    use crate::state::StateDir;

    #[test]
    fn the_key_is_made_once_and_stays() {
        let directory = tempfile::tempdir().unwrap();
        let state = StateDir::create_at(&directory.path().join("agent")).unwrap();
        assert!(Identity::load(&state).unwrap().is_none());
        let made = Identity::load_or_create(&state).unwrap().fingerprint();
        assert_eq!(Identity::load_or_create(&state).unwrap().fingerprint(), made);
        assert_ne!(Identity::generate().unwrap().fingerprint(), made);
    }

    #[test]
    fn a_damaged_key_is_never_replaced_silently() {
        let directory = tempfile::tempdir().unwrap();
        let state = StateDir::create_at(directory.path()).unwrap();
        for content in
            [&b""[..], b"\xff\xfe", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]
        {
            std::fs::write(directory.path().join(KEY_FILE), content).unwrap();
            assert!(matches!(Identity::load_or_create(&state), Err(IdentityError::Damaged { .. })));
        }
    }
}
