//! Calling a center: signed requests over HTTP or HTTPS.
//!
//! One call is one connection: a command makes a handful. What an operation is comes from `smc_model`, how a request is
//! signed from `pop`; which key and center are meant is [`ConnectionArgs`]'s.

mod connection;
mod endpoint;
mod failure;
mod pages;
mod remedy;
mod reply;
mod transport;
mod trust;

pub(crate) use connection::ConnectionArgs;
pub(crate) use failure::CallError;
#[cfg(test)]
pub(crate) use failure::Refused;
pub(crate) use pages::{PAGE, every_page};
pub(crate) use reply::{Format, Reply};

use std::path::Path;

use center::clock::{SystemClock, SystemRandom};
use http::Method;
use pop::{
    Secret,
    sign::{self, Payload},
    v3::Algorithm,
};
use serde::de::DeserializeOwned;
use smc::ports::{Clock, Random};
use smc_model::{Operation, Request};

use self::{endpoint::Endpoint, failure::Unanswered, transport::Transport};

/// A center and the key to call it with.
pub(crate) struct Client {
    endpoint: Endpoint,
    transport: Transport,
    access_key_id: String,
    secret: Secret,
}

impl Client {
    /// Calls the center at a URL with an AccessKey; for https the system's authorities are trusted.
    pub(crate) fn new(
        endpoint: &str,
        access_key_id: String,
        access_key_secret: &str,
    ) -> Result<Self, CallError> {
        Self::trusting(endpoint, access_key_id, access_key_secret, None)
    }

    /// As [`Client::new`], but trusting only the authorities in a PEM file.
    pub(crate) fn trusting(
        endpoint: &str,
        access_key_id: String,
        access_key_secret: &str,
        authorities: Option<&Path>,
    ) -> Result<Self, CallError> {
        let endpoint = Endpoint::parse(endpoint)?;
        let transport = Transport::to(&endpoint, authorities)?;
        Ok(Self { endpoint, transport, access_key_id, secret: Secret::new(access_key_secret) })
    }

    /// The URL of the center's API.
    pub(crate) fn address(&self) -> String {
        self.endpoint.to_string()
    }

    /// Whether replies cross a network in plain text.
    pub(crate) fn in_plain_text(&self) -> bool {
        self.endpoint.in_plain_text()
    }

    /// Calls an operation and reads its reply.
    pub(crate) async fn call<R>(&self, request: &R) -> Result<R::Response, CallError>
    where
        R: Request,
        R::Response: DeserializeOwned,
    {
        let reply = self.send(R::OPERATION, &request.encode(), Format::Json).await?;
        reply.parse().map_err(|reason| self.unanswered(Unanswered::Unreadable(reason)))
    }

    /// Calls an operation with flat parameters, which are the center's to judge.
    pub(crate) async fn send(
        &self,
        operation: &Operation,
        parameters: &[(String, String)],
        format: Format,
    ) -> Result<Reply, CallError> {
        let nonce = hex::encode(SystemRandom.bytes::<16>()?);
        let mut query = Vec::new();
        if format == Format::Xml {
            query.push(("Format".to_owned(), "XML".to_owned()));
        }
        let signed = sign::v3(
            &sign::Request {
                access_key_id: &self.access_key_id,
                secret: &self.secret,
                security_token: None,
                method: &Method::POST,
                host: self.endpoint.authority(),
                action: operation.name,
                version: operation.version,
                params: &query,
                body: if parameters.is_empty() { Payload::None } else { Payload::Form(parameters) },
                now: SystemClock::default().now().unix(),
                nonce: &nonce,
            },
            Algorithm::HmacSha256,
        )?;
        let answer = self.transport.exchange(&self.endpoint, signed).await;
        let answer = answer.map_err(|error| self.unanswered(error))?;
        reply::read(operation, answer, format).map_err(|failure| match failure {
            reply::Failure::Refused(refused) => CallError::Refused(refused),
            reply::Failure::Unanswered(error) => self.unanswered(error),
        })
    }

    fn unanswered(&self, error: Unanswered) -> CallError {
        CallError::Unanswered { endpoint: self.endpoint.to_string(), error }
    }
}
