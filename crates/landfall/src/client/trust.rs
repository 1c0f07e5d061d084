//! Whom to trust that an https endpoint is who it says: a file's authorities, else the system's (SSL_CERT_FILE among
//! them).

use std::{path::Path, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject},
};

use super::{CallError, failure};

/// A TLS configuration that trusts these authorities, or the system's.
pub(super) fn config(authorities: Option<&Path>) -> Result<Arc<ClientConfig>, CallError> {
    let roots = match authorities {
        Some(path) => from_file(path)?,
        None => of_the_system()?,
    };
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| failure::trust(Path::new("the TLS provider"), &error))?;
    Ok(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
}

fn from_file(path: &Path) -> Result<RootCertStore, CallError> {
    let mut roots = RootCertStore::empty();
    let certificates = CertificateDer::pem_file_iter(path).map_err(|error| failure::trust(path, &error))?;
    for certificate in certificates {
        let certificate = certificate.map_err(|error| failure::trust(path, &error))?;
        roots.add(certificate).map_err(|error| failure::trust(path, &error))?;
    }
    if roots.is_empty() { Err(failure::trust(path, &"it holds no certificate")) } else { Ok(roots) }
}

fn of_the_system() -> Result<RootCertStore, CallError> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let reason = found.errors.first().map_or_else(|| "there are none".to_owned(), ToString::to_string);
        return Err(failure::trust(Path::new("the system"), &reason));
    }
    Ok(roots)
}
