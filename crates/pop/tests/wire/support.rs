//! A service that echoes what reached it, an executor that never waits, and requests to alter.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response};
use pop::{AccessKey, ApiError, Backend, Call, Gateway, Incoming, Limits, Secret, SecurityToken};
use serde_json::{Value, json};

/// 2026-01-02T03:04:05Z, the time of most vectors.
pub(crate) const NOW: i64 = 1_767_323_045;
pub(crate) const REQUEST_ID: &str = "7B2F9E0C-4D5A-4E1B-9C3D-0123456789AB";
pub(crate) const VERSION: &str = "2019-06-01";

/// What the echoing service knows.
pub(crate) struct Echo {
    pub(crate) keys: Vec<Key>,
}

/// An AccessKey; the token of a temporary one comes with the second at which it expires.
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) active: bool,
    pub(crate) token: Option<(String, i64)>,
}

impl Default for Echo {
    fn default() -> Self {
        let key = |id: &str, active, token: Option<&str>, expires| Key {
            id: id.to_owned(),
            secret: "testsecret".to_owned(),
            active,
            token: token.map(|token| (token.to_owned(), expires)),
        };
        Self {
            keys: vec![
                key("testid", true, None, 0),
                key("disabled", false, None, 0),
                key("STS.fresh", true, Some("TOKEN/abc+def=="), NOW + 1),
                key("STS.stale", true, Some("TOKEN/abc+def=="), NOW),
            ],
        }
    }
}

impl Backend for Echo {
    type Operation = String;
    type Principal = String;

    fn product(&self) -> &'static str {
        "Smc"
    }

    fn resolve(&self, version: &str, action: &str) -> Result<String, ApiError> {
        match (version, action) {
            ("1999-01-01", _) => Err(ApiError::invalid_version()),
            (_, "NoSuchAction") => Err(ApiError::action_not_found()),
            _ => Ok(format!("{version}/{action}")),
        }
    }

    async fn find_key(&self, access_key_id: &str) -> Result<Option<AccessKey<String>>, ApiError> {
        let found = self.keys.iter().find(|key| key.id == access_key_id);
        Ok(found.map(|key| AccessKey {
            secret: Secret::new(key.secret.as_str()),
            active: key.active,
            security_token: key.token.as_ref().map(|(value, expires_at)| SecurityToken {
                value: Secret::new(value.as_str()),
                expires_at: *expires_at,
            }),
            principal: format!("holder of {access_key_id}"),
        }))
    }

    async fn call(&self, call: Call<String, String>) -> Result<Value, ApiError> {
        if call.action == "Deny" {
            return Err(ApiError::forbidden_ram(pop::AccessDeniedDetail {
                auth_action: "smc:Deny".into(),
                auth_principal_type: "SubUser".into(),
                no_permission_type: "ImplicitDeny".into(),
                ..Default::default()
            }));
        }
        if call.action == "Misbehave" {
            return Ok(json!({"Code": "Oops", "RequestId": "other", "Fine": 1}));
        }
        let params: Vec<_> = call.params.iter().map(|(name, value)| json!([name, value])).collect();
        Ok(json!({
            "Operation": call.operation,
            "Key": call.access_key_id,
            "Principal": *call.principal,
            "Params": {"Param": params},
        }))
    }
}

/// Polls once; everything in these tests is ready. Takes only what a server may move between threads.
pub(crate) fn ready<T>(future: impl Future<Output = T> + Send) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the gateway waited for something"),
    }
}

pub(crate) fn gateway() -> Gateway<Echo> {
    Gateway::new(Echo::default(), Limits::default())
}

/// A request from the documentation network, before anything of it is filled in.
pub(crate) fn blank(method: Method) -> Incoming {
    Incoming {
        method,
        path: "/".into(),
        query: String::new(),
        headers: HeaderMap::new(),
        body: Bytes::new(),
        peer: "192.0.2.7".parse().expect("an address"),
        secure: false,
        now: NOW,
        request_id: REQUEST_ID.into(),
    }
}

pub(crate) fn copy(incoming: &Incoming) -> Incoming {
    Incoming {
        method: incoming.method.clone(),
        path: incoming.path.clone(),
        query: incoming.query.clone(),
        headers: incoming.headers.clone(),
        body: incoming.body.clone(),
        request_id: incoming.request_id.clone(),
        ..*incoming
    }
}

pub(crate) fn set(headers: &mut HeaderMap, name: &str, value: &str) {
    let name: HeaderName = name.parse().expect("a header name");
    headers.insert(name, HeaderValue::from_bytes(value.as_bytes()).expect("a header value"));
}

/// Sends one request and reads the reply as status and text.
pub(crate) fn send(gateway: &Gateway<Echo>, incoming: Incoming) -> (u16, String) {
    let response = ready(gateway.handle(incoming));
    (response.status().as_u16(), text(&response))
}

pub(crate) fn text(response: &Response<Bytes>) -> String {
    String::from_utf8(response.body().to_vec()).expect("replies are UTF-8")
}

/// Returns `200` or `<status> <code>` of a JSON reply.
pub(crate) fn verdict(gateway: &Gateway<Echo>, incoming: Incoming) -> String {
    let (status, body) = send(gateway, incoming);
    let body: Value = serde_json::from_str(&body).expect("replies are JSON");
    assert_eq!(body["RequestId"], REQUEST_ID);
    body["Code"].as_str().map_or_else(|| status.to_string(), |code| format!("{status} {code}"))
}
