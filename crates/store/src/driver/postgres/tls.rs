//! TLS to PostgreSQL: `sslmode` and `sslrootcert` of the database URL.
//!
//! There is no mode that encrypts without knowing to whom: `require`, `verify-ca` and `verify-full` all check the
//! certificate and the host name, against the certificates in the file that `sslrootcert` names.

use std::{
    error::Error,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use percent_encoding::percent_decode_str;
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::{
    Socket,
    tls::{ChannelBinding, MakeTlsConnect, TlsConnect},
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::OpenError;

/// What a database URL says of TLS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    mode: Option<String>,
    root: Option<String>,
}

/// Makes TLS connections.
#[derive(Clone)]
pub(super) struct Tls(TlsConnector);

/// Makes one TLS connection.
pub(super) struct Handshake {
    connector: TlsConnector,
    name: ServerName<'static>,
}

/// A TLS connection.
pub(super) struct Encrypted(TlsStream<Socket>);

/// Takes the parameters of TLS out of a database URL; what remains is for the client library, which knows fewer modes.
pub(super) fn take_parameters(url: &str) -> Result<(String, Wanted), OpenError> {
    if !["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
        return Err(OpenError::Url("it does not start with postgres://".into()));
    }
    let Some((address, query)) = url.split_once('?') else { return Ok((url.to_owned(), Wanted::default())) };
    let mut wanted = Wanted::default();
    let mut rest = Vec::new();
    for parameter in query.split('&') {
        let value = |text: &str| {
            let decoded = percent_decode_str(text).decode_utf8();
            decoded
                .map(|text| Some(text.into_owned()))
                .map_err(|_| OpenError::Url("a parameter is not UTF-8".into()))
        };
        match parameter.split_once('=') {
            Some(("sslmode", mode)) => wanted.mode = value(mode)?,
            Some(("sslrootcert", root)) => wanted.root = value(root)?,
            _ => rest.push(parameter),
        }
    }
    let rest = rest.join("&");
    Ok((if rest.is_empty() { address.to_owned() } else { format!("{address}?{rest}") }, wanted))
}

/// Says whether a handshake failed by what was said in it, and not by the network.
pub(super) fn is_about_tls(error: &tokio_postgres::Error) -> bool {
    let cause = error.source().and_then(|cause| cause.downcast_ref::<io::Error>());
    cause.and_then(io::Error::get_ref).is_some_and(<dyn Error + Send + Sync>::is::<rustls::Error>)
}

impl Tls {
    /// `None` when the connection is to be plain: `disable`, `allow`, `prefer`, or nothing said.
    pub(super) fn new(wanted: &Wanted) -> Result<Option<Self>, OpenError> {
        match wanted.mode.as_deref() {
            None | Some("disable" | "allow" | "prefer") => return Ok(None),
            Some("require" | "verify-ca" | "verify-full") => {}
            Some(_) => {
                return Err(OpenError::Url(
                    "sslmode must be disable, require, verify-ca or verify-full".into(),
                ));
            }
        }
        let Some(root) = &wanted.root else {
            return Err(OpenError::Tls(
                "sslmode asks for it without sslrootcert; add sslrootcert=FILE with the certificate of the server's \
                 authority to the database URL"
                    .into(),
            ));
        };
        let unreadable = |reason: String| {
            OpenError::Tls(format!("reading sslrootcert {root}: {reason}; name a file of PEM certificates"))
        };
        let mut roots = RootCertStore::empty();
        for certificate in
            CertificateDer::pem_file_iter(root).map_err(|error| unreadable(error.to_string()))?
        {
            let certificate = certificate.map_err(|error| unreadable(error.to_string()))?;
            roots.add(certificate).map_err(|error| unreadable(error.to_string()))?;
        }
        if roots.is_empty() {
            return Err(unreadable("there is no certificate in it".into()));
        }
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| OpenError::Tls(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Some(Self(TlsConnector::from(Arc::new(config)))))
    }
}

impl MakeTlsConnect<Socket> for Tls {
    type Stream = Encrypted;
    type TlsConnect = Handshake;
    type Error = rustls::pki_types::InvalidDnsNameError;

    fn make_tls_connect(&mut self, domain: &str) -> Result<Handshake, Self::Error> {
        let name = ServerName::try_from(domain.to_owned())?;
        Ok(Handshake { connector: self.0.clone(), name })
    }
}

impl TlsConnect<Socket> for Handshake {
    type Stream = Encrypted;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Encrypted>> + Send>>;

    fn connect(self, stream: Socket) -> Self::Future {
        Box::pin(async move { self.connector.connect(self.name, stream).await.map(Encrypted) })
    }
}

impl tokio_postgres::tls::TlsStream for Encrypted {
    /// The certificate is checked in full, so that binding the login to it adds nothing.
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl AsyncRead for Encrypted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Encrypted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::{Tls, take_parameters};

    fn outcome(url: &str) -> String {
        match take_parameters(url)
            .and_then(|(rest, wanted)| Tls::new(&wanted).map(|tls| (rest, tls.is_some())))
        {
            Ok((rest, encrypted)) => format!("{rest} encrypted={encrypted}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn the_modes_of_tls_are_taken_or_refused() {
        let urls = [
            "postgres://u:p@h/d",
            "postgresql://h/d?sslmode=disable&connect_timeout=3",
            "postgres://h/d?sslmode=prefer",
            "postgres://h/d?sslmode=require",
            "postgres://h/d?sslmode=verify-full&sslrootcert=%2Fnowhere%2Fca.pem",
            "postgres://h/d?sslmode=maybe",
            "mysql://u:secret@h/d",
        ];
        insta::assert_snapshot!(urls.map(outcome).join("\n"), @"
        postgres://u:p@h/d encrypted=false
        postgresql://h/d?connect_timeout=3 encrypted=false
        postgres://h/d encrypted=false
        setting up TLS to PostgreSQL: sslmode asks for it without sslrootcert; add sslrootcert=FILE with the certificate of the server's authority to the database URL
        setting up TLS to PostgreSQL: reading sslrootcert /nowhere/ca.pem: I/O error: No such file or directory (os error 2); name a file of PEM certificates
        reading the database URL: sslmode must be disable, require, verify-ca or verify-full; write postgres://USER:PASSWORD@HOST:PORT/DATABASE
        reading the database URL: it does not start with postgres://; write postgres://USER:PASSWORD@HOST:PORT/DATABASE
        ");
    }
}
