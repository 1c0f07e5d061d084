//! The certificate authority that a center makes on its first start, and the leaf it presents.

use base64::{Engine, engine::general_purpose::STANDARD};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, PublicKeyData, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// A certificate authority together with the key of the leaf that it signs.
#[derive(Clone)]
pub struct Authority {
    certificate: CertificateDer<'static>,
    key_pem: Zeroizing<String>,
    leaf_key_pem: Zeroizing<String>,
    pin: String,
}

/// The form in which the keyring keeps an authority.
#[derive(Serialize, Deserialize)]
pub struct AuthorityPem {
    certificate: String,
    key: Zeroizing<String>,
    leaf_key: Zeroizing<String>,
}

/// Why there is no authority or no leaf.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// A key or certificate could not be made or read.
    #[error("making the agent listener's certificate: {0}")]
    Certificate(#[from] rcgen::Error),
    /// What the keyring holds is not a certificate.
    #[error(
        "reading the agent listener's certificate from the keyring: it is damaged; restore the database from a backup"
    )]
    Damaged,
    /// TLS refused the configuration.
    #[error("configuring TLS for agents: {0}")]
    Tls(String),
}

impl Authority {
    /// Makes a new authority and a key for its leaf (ECDSA P-256).
    pub fn generate() -> Result<Self, AuthorityError> {
        let (key, leaf_key) = (KeyPair::generate()?, KeyPair::generate()?);
        let certificate = authority_params().self_signed(&key)?.der().clone();
        Ok(Self {
            certificate,
            pin: key_pin(&leaf_key),
            key_pem: Zeroizing::new(key.serialize_pem()),
            leaf_key_pem: Zeroizing::new(leaf_key.serialize_pem()),
        })
    }

    /// SHA-256 of the authority's certificate: `sha256:` and 64 hexadecimal digits.
    pub fn fingerprint(&self) -> String {
        format!("sha256:{}", hex::encode(Sha256::digest(&self.certificate)))
    }

    /// SHA-256 of the leaf's public key in the form of `curl --pinnedpubkey`: `sha256//` and base64.
    pub fn key_pin(&self) -> &str {
        &self.pin
    }

    /// Signs a leaf for these names and addresses; gives the chain to present and its key.
    pub fn leaf(
        &self,
        names: &[String],
    ) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), AuthorityError> {
        let key = KeyPair::from_pem(&self.key_pem)?;
        let leaf_key = KeyPair::from_pem(&self.leaf_key_pem)?;
        let issuer = Issuer::new(authority_params(), key);
        let mut params = CertificateParams::new(names.to_vec())?;
        params.distinguished_name = name("Landfall center");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2100, 1, 1));
        let leaf = params.signed_by(&leaf_key, &issuer)?;
        let key_der = PrivatePkcs8KeyDer::from(leaf_key.serialize_der());
        Ok((vec![leaf.der().clone(), self.certificate.clone()], key_der.into()))
    }

    /// The form for the keyring.
    pub fn to_pem(&self) -> AuthorityPem {
        AuthorityPem {
            certificate: STANDARD.encode(&self.certificate),
            key: self.key_pem.clone(),
            leaf_key: self.leaf_key_pem.clone(),
        }
    }

    /// Reads the keyring's form.
    pub fn from_pem(stored: AuthorityPem) -> Result<Self, AuthorityError> {
        let certificate = STANDARD.decode(&stored.certificate).map_err(|_| AuthorityError::Damaged)?;
        KeyPair::from_pem(&stored.key)?;
        let pin = key_pin(&KeyPair::from_pem(&stored.leaf_key)?);
        Ok(Self { certificate: certificate.into(), key_pem: stored.key, leaf_key_pem: stored.leaf_key, pin })
    }
}

/// The authority's own certificate, the same every time but for its key. It is valid for as long as a date
/// can matter: agents pin it, so that an end date would add nothing but an outage.
fn authority_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = name("Landfall agent authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2100, 1, 1));
    params
}

fn name(common: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common);
    name
}

fn key_pin(key: &KeyPair) -> String {
    format!("sha256//{}", STANDARD.encode(Sha256::digest(key.subject_public_key_info())))
}

#[cfg(test)]
mod tests {
    use super::Authority;

    #[test]
    fn an_authority_keeps_its_pins_through_the_keyring() {
        let made = Authority::generate().unwrap();
        let read = Authority::from_pem(made.to_pem()).unwrap();
        assert_eq!((made.fingerprint(), made.key_pin()), (read.fingerprint(), read.key_pin()));
        let (chain, _) = read.leaf(&["center.example".into(), "127.0.0.1".into()]).unwrap();
        assert_eq!(chain[1], made.certificate);
    }
}
