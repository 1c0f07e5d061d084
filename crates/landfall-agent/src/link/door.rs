//! Where a center is entered: dialling and TLS, for calls and for streams of disk data alike.

use std::{sync::Arc, time::Duration};

use agent_api::{JOB, REPLICATE, RUN, SESSION, UPGRADE};
use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::{client::conn::http1::handshake, upgrade::Upgraded};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use tokio::time::timeout;
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{CallError, Dial, Stream, call::LARGEST_REPLY};
use crate::center_url::CenterUrl;

/// How long opening a connection, TLS included, may take; and then the answer to an upgrade.
pub(super) const CONNECT_WITHIN: Duration = Duration::from_secs(10);

/// The way to one center.
pub struct Door {
    center: CenterUrl,
    tls: TlsConnector,
    dial: Arc<dyn Dial>,
}

/// A stream of disk data to a center.
pub type DataStream = TokioIo<Upgraded>;

impl Door {
    /// Prepares the way; nothing is dialled before it is gone.
    pub fn new(center: CenterUrl, tls: Arc<ClientConfig>, dial: Arc<dyn Dial>) -> Self {
        Self { center, tls: TlsConnector::from(tls), dial }
    }

    /// The center behind it.
    pub fn center(&self) -> &CenterUrl {
        &self.center
    }

    /// Opens a stream of disk data for a session of a run.
    pub async fn replicate(&self, job: &str, run: &str, session: &str) -> Result<DataStream, CallError> {
        let interrupted = |reason: &dyn ToString| CallError::interrupted(&self.center, &reason.to_string());
        let request = Request::post(REPLICATE)
            .header(header::HOST, self.center.authority())
            .header(header::USER_AGENT, concat!("landfall-agent/", env!("CARGO_PKG_VERSION")))
            .header(header::CONNECTION, "upgrade")
            .header(header::UPGRADE, UPGRADE)
            .header(JOB, job)
            .header(RUN, run)
            .header(SESSION, session)
            .body(Empty::<Bytes>::new())
            .map_err(|error| interrupted(&error))?;
        let stream = self.enter().await?;
        let (mut sender, connection) =
            handshake(TokioIo::new(stream)).await.map_err(|error| interrupted(&error))?;
        // Ends when the connection has become a stream, or was closed.
        tokio::spawn(async move {
            let _ = connection.with_upgrades().await;
        });
        let opened = async {
            let response = sender.send_request(request).await.map_err(|error| interrupted(&error))?;
            let status = response.status();
            if status == StatusCode::SWITCHING_PROTOCOLS {
                let upgraded = hyper::upgrade::on(response).await.map_err(|error| interrupted(&error))?;
                return Ok(TokioIo::new(upgraded));
            }
            let body = Limited::new(response.into_body(), LARGEST_REPLY).collect().await;
            let body = body.map_err(|error| interrupted(&error))?.to_bytes();
            Err(CallError::of_reply(&self.center, status.as_u16(), &body))
        };
        let nothing = |_| interrupted(&format!("nothing within {} seconds", CONNECT_WITHIN.as_secs()));
        timeout(CONNECT_WITHIN, opened).await.map_err(nothing)?
    }

    /// Opens a connection to the center, and makes sure that it is the one.
    pub(super) async fn enter(&self) -> Result<TlsStream<Box<dyn Stream>>, CallError> {
        let entered = async {
            let name = self.center.server_name();
            let name = name.map_err(|error| CallError::unreachable(&self.center, &error.to_string()))?;
            let stream = self.dial.dial(&self.center).await;
            let stream = stream.map_err(|error| CallError::of_dial(&self.center, &error))?;
            let stream = self.tls.connect(name, stream).await;
            stream.map_err(|error| CallError::of_tls(&self.center, &error))
        };
        let nothing = |_| {
            let within = CONNECT_WITHIN.as_secs();
            let reason = format!(
                "no answer within {within} seconds; check the address, and that firewalls let it through"
            );
            CallError::unreachable(&self.center, &reason)
        };
        timeout(CONNECT_WITHIN, entered).await.map_err(nothing)?
    }
}
