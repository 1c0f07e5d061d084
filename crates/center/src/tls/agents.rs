//! Who an agent is: the public key of the certificate it presents.

use std::sync::Arc;

use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme,
    client::danger::HandshakeSignatureValid,
    crypto::{CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, UnixTime},
    server::danger::{ClientCertVerified, ClientCertVerifier},
};
use smc::source::KeyFingerprint;
use webpki::EndEntityCert;

/// Accepts any well-formed certificate, or none: a certificate only carries the agent's key, and the
/// handshake's signature, which is verified, proves that the agent holds it.
#[derive(Debug)]
pub struct AnyAgent {
    algorithms: WebPkiSupportedAlgorithms,
}

impl AnyAgent {
    /// Verifies handshakes with the provider's algorithms.
    pub fn new(provider: &Arc<CryptoProvider>) -> Self {
        Self { algorithms: provider.signature_verification_algorithms }
    }
}

/// The fingerprint of the key inside a certificate; `None` if it is not a certificate.
pub fn fingerprint(certificate: &CertificateDer<'_>) -> Option<KeyFingerprint> {
    let certificate = EndEntityCert::try_from(certificate).ok()?;
    Some(KeyFingerprint::of(&certificate.subject_public_key_info()))
}

impl ClientCertVerifier for AnyAgent {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        match fingerprint(end_entity) {
            Some(_) => Ok(ClientCertVerified::assertion()),
            None => Err(Error::InvalidCertificate(CertificateError::BadEncoding)),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
