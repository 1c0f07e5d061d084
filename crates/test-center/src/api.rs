//! A caller of the API: one kept connection, every call signed with V3.

use std::{
    net::SocketAddr,
    sync::atomic::{AtomicU64, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

use agent_api::WireCode;
use http::{Method, Request};
use http_body_util::Full;
use pop::{
    Secret,
    sign::{self, Payload},
    v3::Algorithm,
};
use serde_json::Value;
use smc::Timestamp;
use tokio::net::TcpStream;

use crate::exchange::{ClientError, Exchange};

/// The version of the official operations, and the one of Landfall's own.
const OFFICIAL: &str = "2019-06-01";
const OWN: &str = "2026-11-24";

/// An AccessKey.
#[derive(Clone)]
pub struct ApiKey {
    id: String,
    secret: Secret,
}

/// A code as its creator gets it.
pub struct Code {
    /// Names it.
    pub id: String,
    /// Its value.
    pub value: WireCode,
}

/// A caller of the API.
pub struct ApiClient {
    exchange: Exchange,
    host: String,
    key: ApiKey,
    /// No two clients of a machine share it; with the number of the call it makes a nonce.
    name: String,
    calls: AtomicU64,
}

impl ApiKey {
    /// Puts the halves of a key together.
    pub fn new(id: &str, secret: &str) -> Self {
        Self { id: id.to_owned(), secret: Secret::new(secret) }
    }

    /// Its public half.
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl ApiClient {
    /// Connects to an API that speaks plain HTTP.
    pub async fn connect(address: SocketAddr, key: &ApiKey) -> Result<Self, ClientError> {
        let stream = TcpStream::connect(address).await.map_err(|error| ClientError::broken(&error))?;
        stream.set_nodelay(true).map_err(|error| ClientError::broken(&error))?;
        let mut random = [0; 12];
        getrandom::fill(&mut random).map_err(|error| ClientError::Unmade(error.to_string()))?;
        Ok(Self {
            exchange: Exchange::over(stream).await?,
            host: address.to_string(),
            key: key.clone(),
            name: hex::encode(random),
            calls: AtomicU64::new(0),
        })
    }

    /// Calls an official operation and gives its reply.
    pub async fn call(&mut self, action: &str, params: &[(&str, &str)]) -> Result<Value, ClientError> {
        self.call_version(OFFICIAL, action, params).await
    }

    /// Calls an operation that only Landfall has, and gives its reply.
    pub async fn call_own(&mut self, action: &str, params: &[(&str, &str)]) -> Result<Value, ClientError> {
        self.call_version(OWN, action, params).await
    }

    async fn call_version(
        &mut self,
        version: &str,
        action: &str,
        params: &[(&str, &str)],
    ) -> Result<Value, ClientError> {
        let params: Vec<_> = params.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let nonce = format!("{}-{}", self.name, self.calls.fetch_add(1, Ordering::Relaxed));
        let signed = sign::v3(
            &sign::Request {
                access_key_id: &self.key.id,
                secret: &self.key.secret,
                security_token: None,
                method: &Method::POST,
                host: &self.host,
                action,
                version,
                params: &params,
                body: Payload::None,
                now: now().unix(),
                nonce: &nonce,
            },
            Algorithm::HmacSha256,
        );
        let signed = signed.map_err(|error| ClientError::Unmade(error.to_string()))?;
        let mut request = Request::post(format!("/?{}", signed.query))
            .body(Full::new(signed.body))
            .map_err(|error| ClientError::Unmade(error.to_string()))?;
        *request.headers_mut() = signed.headers;
        self.exchange.send(request).await
    }

    /// Creates a code of this Count.
    pub async fn create_code(&mut self, count: u32) -> Result<Code, ClientError> {
        let reply = self.call("CreateAccessToken", &[("Count", &count.to_string())]).await?;
        match (reply["AccessTokenId"].as_str(), reply["AccessTokenCode"].as_str()) {
            (Some(id), Some(value)) => Ok(Code { id: id.to_owned(), value: WireCode::new(value) }),
            _ => Err(ClientError::Broken("the reply to CreateAccessToken holds no code".into())),
        }
    }
}

/// The time by the system's clock.
#[expect(clippy::disallowed_methods, reason = "the center, in its own process, runs on the system's clock")]
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_unix(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}
