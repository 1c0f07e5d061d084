//! One request, one connection: TCP, TLS where the endpoint has it, HTTP/1.1.

use std::{io, path::Path, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;
use pop::sign::Signed;
use rustls::{ClientConfig, pki_types::ServerName};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::TlsConnector;

use super::{
    CallError,
    endpoint::Endpoint,
    failure::{self, Unanswered},
    trust,
};

/// Seconds that connecting may take.
const CONNECTING: u64 = 10;

/// Seconds that an answer may take.
const ANSWERING: u64 = 60;

/// Bytes of an answer at the most: 100,000 codes are about 35 MB.
const LARGEST: usize = 256 << 20;

/// How an endpoint is reached.
pub(super) enum Transport {
    Plain,
    Tls { config: Arc<ClientConfig>, name: ServerName<'static> },
}

impl Transport {
    /// Prepares to reach an endpoint, trusting the authorities in a PEM file, else the system's.
    pub(super) fn to(endpoint: &Endpoint, authorities: Option<&Path>) -> Result<Self, CallError> {
        if !endpoint.secure() {
            return Ok(Self::Plain);
        }
        let config = trust::config(authorities)?;
        let name = ServerName::try_from(endpoint.host().to_owned())
            .map_err(|error| failure::trust(Path::new(endpoint.host()), &error))?;
        Ok(Self::Tls { config, name })
    }

    /// Sends a request and gives the answer.
    pub(super) async fn exchange(
        &self,
        endpoint: &Endpoint,
        signed: Signed,
    ) -> Result<Response<Bytes>, Unanswered> {
        let connecting = TcpStream::connect((endpoint.host(), endpoint.port()));
        let stream = in_time(CONNECTING, connecting).await?.map_err(Unanswered::Connect)?;
        let request = request(signed)?;
        match self {
            Self::Plain => in_time(ANSWERING, converse(stream, request)).await?,
            Self::Tls { config, name } => {
                let connector = TlsConnector::from(config.clone());
                let shaking = connector.connect(name.clone(), stream);
                let stream = in_time(CONNECTING, shaking).await?.map_err(Unanswered::Tls)?;
                in_time(ANSWERING, converse(stream, request)).await?
            }
        }
    }
}

async fn in_time<T>(seconds: u64, work: impl Future<Output = T>) -> Result<T, Unanswered> {
    timeout(Duration::from_secs(seconds), work).await.map_err(|_| Unanswered::Slow(seconds))
}

fn request(signed: Signed) -> Result<Request<Full<Bytes>>, Unanswered> {
    let target = if signed.query.is_empty() { "/".to_owned() } else { format!("/?{}", signed.query) };
    let broken = |error: http::Error| Unanswered::Exchange(error.to_string());
    let mut request = Request::post(target).body(Full::new(signed.body)).map_err(broken)?;
    *request.headers_mut() = signed.headers;
    Ok(request)
}

async fn converse<S>(stream: S, request: Request<Full<Bytes>>) -> Result<Response<Bytes>, Unanswered>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let broken = |error: hyper::Error| {
        if error.is_parse() { Unanswered::NotHttp } else { Unanswered::Exchange(told(&error)) }
    };
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    let carrying = tokio::spawn(connection);
    let answer = async {
        let response = sender.send_request(request).await.map_err(broken)?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, LARGEST).collect().await;
        let body = body.map_err(|error| Unanswered::Exchange(error.to_string()))?.to_bytes();
        Ok(Response::from_parts(head, body))
    };
    let answer = answer.await;
    carrying.abort();
    answer
}

/// An error of hyper with its cause, which is what says something.
fn told(error: &hyper::Error) -> String {
    match std::error::Error::source(error).and_then(|cause| cause.downcast_ref::<io::Error>()) {
        Some(cause) => cause.to_string(),
        None => error.to_string(),
    }
}
