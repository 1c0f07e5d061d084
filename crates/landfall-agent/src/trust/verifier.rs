//! Recognises a center by its authority's fingerprint.
//!
//! The center presents its leaf and the authority's certificate. The one with the pinned digest becomes the
//! only root, and the leaf must lead to it by signatures that hold. There is no check of names: the authority
//! is private and signs nothing but centers, which move between addresses.
//!
//! Times are not a reason to refuse. A source's clock may be off by decades (a dead battery, a restored
//! snapshot), the pin is what its operator vouches for, and neither the import nor the agent's identity
//! depends on time. A certificate outside its validity by this machine's clock is accepted with one warning;
//! a center whose key leaked is locked out by a new authority and its new fingerprint, not by waiting.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use rustls::{
    CertificateError, DigitallySignedStruct, Error, OtherError, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};

use super::Pin;

/// How many certificates of one chain may be outside their validity.
const TIME_CORRECTIONS: usize = 4;

/// Trusts the center whose authority has the pinned fingerprint.
pub struct PinnedAuthority {
    pin: Pin,
    algorithms: WebPkiSupportedAlgorithms,
    warned: AtomicBool,
}

/// Why the other side is not the pinned center.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Untrusted {
    /// No certificate presented has the pinned digest.
    #[error(
        "this is not the pinned center: expected the authority {expected}, it presents {presented}; compare with the fingerprint that `landfall serve` shows, and trust it only if you know why it changed"
    )]
    OtherAuthority {
        /// The pinned fingerprint.
        expected: Pin,
        /// The fingerprint of the last certificate presented, which is the authority's in a usual chain.
        presented: Pin,
    },
    /// The pin is that of the center's own certificate.
    #[error(
        "the pinned fingerprint {expected} is that of the center's own certificate; pin its authority instead, which is {authority}"
    )]
    Leaf {
        /// The pinned fingerprint.
        expected: Pin,
        /// The fingerprint of the last certificate presented.
        authority: Pin,
    },
    /// The pinned authority is presented, but did not sign the rest.
    #[error(
        "the center presents the pinned authority {expected}, which did not sign its certificate ({reason}): something stands between this machine and the center"
    )]
    NotSigned {
        /// The pinned fingerprint.
        expected: Pin,
        /// What is wrong with the chain.
        reason: String,
    },
}

impl PinnedAuthority {
    /// Pins the authority with this fingerprint.
    pub fn new(pin: Pin, provider: &Arc<CryptoProvider>) -> Self {
        let algorithms = provider.signature_verification_algorithms;
        Self { pin, algorithms, warned: AtomicBool::new(false) }
    }

    fn check(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), Untrusted> {
        let expected = self.pin;
        let last = Pin::of(others.last().unwrap_or(leaf));
        let Some(root) = others.iter().find(|certificate| Pin::of(certificate) == expected) else {
            let is_leaf = Pin::of(leaf) == expected && !others.is_empty();
            return Err(if is_leaf {
                Untrusted::Leaf { expected, authority: last }
            } else {
                Untrusted::OtherAuthority { expected, presented: last }
            });
        };
        let off = self
            .chain(leaf, root, others, now)
            .map_err(|error| Untrusted::NotSigned { expected, reason: error.to_string() })?;
        if let Some(times) = off
            && !self.warned.swap(true, Ordering::Relaxed)
        {
            tracing::warn!(
                "the center's certificate is {times} by this machine's clock; it has the pinned fingerprint and is accepted, but check the clocks of both"
            );
        }
        Ok(())
    }

    /// Follows the signatures from leaf to root. A time that is off is noted and taken out of the question by
    /// looking at the chain as of the certificate's own nearest valid moment.
    fn chain(
        &self,
        leaf: &CertificateDer<'_>,
        root: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<Option<&'static str>, webpki::Error> {
        let leaf = EndEntityCert::try_from(leaf)?;
        let anchors = [anchor_from_trusted_cert(root)?];
        let (mut moment, mut off) = (now, None);
        for _ in 0..TIME_CORRECTIONS {
            let usage = KeyUsage::server_auth();
            match leaf.verify_for_usage(self.algorithms.all, &anchors, others, moment, usage, None, None) {
                Ok(_) => return Ok(off),
                Err(webpki::Error::CertExpired { not_after, .. }) => {
                    (moment, off) = (not_after, Some("expired"));
                }
                Err(webpki::Error::CertNotValidYet { not_before, .. }) => {
                    (moment, off) = (not_before, Some("not valid yet"));
                }
                Err(error) => return Err(error),
            }
        }
        Err(webpki::Error::InvalidCertValidity)
    }
}

impl fmt::Debug for PinnedAuthority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PinnedAuthority").field(&self.pin).finish()
    }
}

impl ServerCertVerifier for PinnedAuthority {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let refuse =
            |why: Untrusted| Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(why))));
        self.check(end_entity, intermediates, now).map_err(refuse)?;
        Ok(ServerCertVerified::assertion())
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

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
    use rustls::{
        crypto::ring,
        pki_types::{CertificateDer, UnixTime},
    };

    use super::{Pin, PinnedAuthority, Untrusted};

    const NOW: UnixTime = UnixTime::since_unix_epoch(Duration::from_hours(500_000));

    struct Authority {
        certificate: CertificateDer<'static>,
        issuer: Issuer<'static, KeyPair>,
    }

    fn authority() -> Authority {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        let certificate = params.self_signed(&key).unwrap().der().clone();
        Authority { certificate, issuer: Issuer::new(params, key) }
    }

    fn leaf(authority: &Authority, years: (i32, i32)) -> CertificateDer<'static> {
        let mut params = CertificateParams::new(vec!["center".to_owned()]).unwrap();
        params.not_before = date_time_ymd(years.0, 1, 1);
        params.not_after = date_time_ymd(years.1, 1, 1);
        params.signed_by(&KeyPair::generate().unwrap(), &authority.issuer).unwrap().der().clone()
    }

    #[test]
    fn only_a_leaf_signed_by_the_pinned_authority_is_trusted() {
        let (ours, other) = (authority(), authority());
        let pin = Pin::of(&ours.certificate);
        let verifier = PinnedAuthority::new(pin, &Arc::new(ring::default_provider()));
        let (good, forged) = (leaf(&ours, (2020, 2100)), leaf(&other, (2020, 2100)));
        let check = |leaf: &CertificateDer<'static>, others: &[&Authority]| {
            let others: Vec<_> = others.iter().map(|authority| authority.certificate.clone()).collect();
            verifier.check(leaf, &others, NOW)
        };
        assert_eq!(check(&good, &[&ours]), Ok(()));
        assert_eq!(check(&good, &[&other, &ours]), Ok(()));
        let presented = Pin::of(&other.certificate);
        assert_eq!(check(&forged, &[&other]), Err(Untrusted::OtherAuthority { expected: pin, presented }));
        assert!(matches!(check(&forged, &[&ours]), Err(Untrusted::NotSigned { .. })));
        assert!(matches!(check(&good, &[]), Err(Untrusted::OtherAuthority { .. })));
        assert!(matches!(check(&ours.certificate, &[]), Err(Untrusted::OtherAuthority { .. })));
        let junk = CertificateDer::from(vec![0x30, 0x03, 1, 2, 3]);
        assert!(matches!(check(&junk, &[&ours]), Err(Untrusted::NotSigned { .. })));
    }

    #[test]
    fn a_pin_of_the_leaf_is_explained() {
        let ours = authority();
        let leaf = leaf(&ours, (2020, 2100));
        let verifier = PinnedAuthority::new(Pin::of(&leaf), &Arc::new(ring::default_provider()));
        let found = verifier.check(&leaf, std::slice::from_ref(&ours.certificate), NOW);
        let authority = Pin::of(&ours.certificate);
        assert_eq!(found, Err(Untrusted::Leaf { expected: Pin::of(&leaf), authority }));
    }

    #[test]
    fn a_wrong_clock_is_no_reason_to_refuse_but_is_said() {
        let ours = authority();
        let verifier = PinnedAuthority::new(Pin::of(&ours.certificate), &Arc::new(ring::default_provider()));
        let others = [ours.certificate.clone()];
        for (years, said) in
            [((2020, 2100), None), ((2000, 2001), Some("expired")), ((2090, 2100), Some("not valid yet"))]
        {
            let leaf = leaf(&ours, years);
            assert_eq!(verifier.chain(&leaf, &others[0], &others, NOW), Ok(said), "{years:?}");
        }
    }
}
