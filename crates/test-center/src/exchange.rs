//! One HTTP/1.1 exchange after the other on one connection.

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncWrite};

/// Bytes of a reply at the most: a list of 100,000 codes is below.
const LARGEST_REPLY: usize = 256 << 20;

/// Why a client has no answer, or not the one hoped for.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// There is no connection, or it broke: the center may or may not have acted.
    #[error("talking to the center: {0}")]
    Broken(String),
    /// The request could not be made.
    #[error("making a request: {0}")]
    Unmade(String),
    /// The center refuses.
    #[error("the center answers {status} {code}: {message}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The code of the refusal.
        code: String,
        /// Its words.
        message: String,
    },
}

impl ClientError {
    /// The code of the center's refusal; empty for other failures.
    pub fn code(&self) -> &str {
        match self {
            Self::Refused { code, .. } => code,
            _ => "",
        }
    }

    pub(crate) fn broken(error: &impl ToString) -> Self {
        Self::Broken(error.to_string())
    }
}

/// An open connection.
pub(crate) struct Exchange {
    sender: SendRequest<Full<Bytes>>,
}

/// What a refusal looks like from either listener.
#[derive(serde::Deserialize)]
struct Refusal {
    #[serde(alias = "Code")]
    code: String,
    #[serde(alias = "Message")]
    message: String,
}

impl Exchange {
    pub(crate) async fn over<T>(stream: T) -> Result<Self, ClientError>
    where
        T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let (sender, connection) =
            handshake(TokioIo::new(stream)).await.map_err(|error| ClientError::broken(&error))?;
        tokio::spawn(async move {
            // Whoever waits for an answer is told when it breaks.
            let _ = connection.await;
        });
        Ok(Self { sender })
    }

    /// Sends a request and reads the reply as JSON.
    pub(crate) async fn send<R: DeserializeOwned>(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> Result<R, ClientError> {
        self.sender.ready().await.map_err(|error| ClientError::broken(&error))?;
        let response =
            self.sender.send_request(request).await.map_err(|error| ClientError::broken(&error))?;
        let status = response.status();
        let body = Limited::new(response.into_body(), LARGEST_REPLY)
            .collect()
            .await
            .map_err(|error| ClientError::broken(&error))?;
        read(status, &body.to_bytes())
    }
}

fn read<R: DeserializeOwned>(status: StatusCode, body: &[u8]) -> Result<R, ClientError> {
    if status.is_success() {
        return serde_json::from_slice(body).map_err(|error| ClientError::broken(&error));
    }
    let refusal: Refusal = serde_json::from_slice(body).map_err(|error| ClientError::broken(&error))?;
    Err(ClientError::Refused { status: status.as_u16(), code: refusal.code, message: refusal.message })
}
