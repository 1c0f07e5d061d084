//! What a browser does: it keeps a cookie, sends it along, and says where a request comes from.

use bytes::Bytes;
use center::console::Settings;
use http::{HeaderMap, Request, header};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;

use crate::harness::{Center, Key, config};

/// A browser on a center.
pub(crate) struct Browser<'a> {
    center: &'a Center,
    pub cookie: String,
    pub csrf: String,
}

/// What the center answered a browser.
#[derive(Debug)]
pub(crate) struct Seen {
    pub status: u16,
    pub headers: HeaderMap,
    pub bytes: Bytes,
}

/// Starts a center whose console is told something.
pub(crate) async fn center_with(settings: Settings) -> Center {
    let directory = tempfile::tempdir().unwrap();
    let config = center::server::Config { console: settings, ..config(directory.path()) };
    Center::start_with(directory, config).await
}

impl<'a> Browser<'a> {
    /// A browser that is not signed in.
    pub(crate) fn new(center: &'a Center) -> Self {
        Self { center, cookie: String::new(), csrf: String::new() }
    }

    /// A browser that the owner is signed in with.
    pub(crate) async fn of_owner(center: &'a Center) -> Self {
        Self::of_key(center, &center.key).await
    }

    /// A browser that somebody is signed in with by key.
    pub(crate) async fn of_key(center: &'a Center, key: &Key) -> Self {
        let mut browser = Self::new(center);
        browser.sign_in(&pair(key)).await.ok();
        browser
    }

    /// Signs in, and keeps the cookie if that is answered with one.
    pub(crate) async fn sign_in(&mut self, credentials: &Value) -> Seen {
        let seen = self.send("POST", "/console/session", &[], &credentials.to_string()).await;
        if let Some(cookie) = seen.header("set-cookie") {
            cookie.split(';').next().unwrap().clone_into(&mut self.cookie);
            seen.json()["Csrf"].as_str().unwrap().clone_into(&mut self.csrf);
        }
        seen
    }

    /// Calls an operation as a page does.
    pub(crate) async fn call(&self, action: &str, parameters: Value) -> Seen {
        let version =
            if smc_model::operation("2019-06-01", action).is_some() { "2019-06-01" } else { "2026-11-24" };
        self.ask(&json!({ "Version": version, "Action": action, "Parameters": parameters })).await
    }

    /// Sends what a page asks for.
    pub(crate) async fn ask(&self, wanted: &Value) -> Seen {
        let csrf = [("x-landfall-csrf", self.csrf.as_str())];
        self.send("POST", "/console/call", &csrf, &wanted.to_string()).await
    }

    /// Fetches a path.
    pub(crate) async fn get(&self, path: &str) -> Seen {
        self.send("GET", path, &[], "").await
    }

    /// Signs out.
    pub(crate) async fn sign_out(&self) -> Seen {
        self.send("DELETE", "/console/session", &[("x-landfall-csrf", &self.csrf)], "").await
    }

    /// Sends a request; a header given replaces the one that a browser would send, an empty one removes it.
    pub(crate) async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Seen {
        let host = self.center.running.api_address.to_string();
        let origin = format!("http://{host}");
        let usual = [
            ("host", host.as_str()),
            ("cookie", &self.cookie),
            ("content-type", if body.is_empty() { "" } else { "application/json" }),
            ("origin", if method == "GET" || method == "HEAD" { "" } else { &origin }),
            ("sec-fetch-site", "same-origin"),
        ];
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in usual.iter().filter(|(name, _)| headers.iter().all(|(given, _)| given != name)) {
            if !value.is_empty() {
                request = request.header(*name, *value);
            }
        }
        for (name, value) in headers.iter().filter(|(_, value)| !value.is_empty()) {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(Bytes::from(body.to_owned()))).unwrap();
        let stream = TcpStream::connect(self.center.running.api_address).await.unwrap();
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let response = sender.send_request(request).await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Seen { status, headers, bytes: response.into_body().collect().await.unwrap().to_bytes() }
    }
}

impl Seen {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The body of what has to be a success.
    #[track_caller]
    pub(crate) fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text());
        self.json()
    }

    /// The reply of the gateway in it, which has to be a success.
    #[track_caller]
    pub(crate) fn reply(&self) -> Value {
        let outcome = self.ok();
        assert_eq!(outcome["Status"], 200, "{outcome}");
        serde_json::from_str(outcome["Body"].as_str().unwrap()).unwrap()
    }

    /// Status and code of what has to be a refusal of the console.
    #[track_caller]
    pub(crate) fn refused(&self) -> (u16, String) {
        assert!(self.status >= 400, "{}", self.text());
        assert_eq!(self.header(header::CACHE_CONTROL.as_str()), Some("no-store"));
        (self.status, self.json()["Code"].as_str().unwrap().to_owned())
    }
}

/// The credentials of a key.
pub(crate) fn pair(key: &Key) -> Value {
    json!({ "AccessKeyId": key.id, "AccessKeySecret": key.secret })
}

/// The credentials in a link.
pub(crate) fn token(link: &str) -> Value {
    json!({ "Token": link.strip_prefix("/console/#token=").unwrap() })
}
