//! The web console: its files, who is signed in to it, and the calls that its pages make.
//!
//! The console can do nothing that the API cannot. A session is an identity with a key of its own, and whatever a page
//! shows or does is a call of an operation, signed with that key, through the whole gateway.
//!
//! | request | answer |
//! |---|---|
//! | `GET /console/…` | a file, or the application's page |
//! | `POST /console/session` | signs in with a link's token or an AccessKey pair |
//! | `GET /console/session` | says who is signed in |
//! | `DELETE /console/session` | signs out |
//! | `POST /console/call` | makes a call and passes its reply on |

mod access;
mod call;
mod hidden;
mod links;
mod origin;
mod reply;
mod sent;
mod sessions;
mod settings;
mod sign_in;
mod site;
mod trail;

pub(crate) use access::Access;
pub(crate) use links::LIVES as LINK_LIVES;
pub use settings::{Asset, Settings};

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header, request::Parts};
use http_body_util::Full;
use hyper::body::Incoming;
use store::Database;
use tokio::sync::Semaphore;

use self::{reply::Refusal, site::Site, trail::Trail};
use crate::{
    api_service::Api,
    clock::SystemClock,
    guard::Guard,
    http::{BodyError, Peer},
    identity::KeyUses,
};

/// Where the console is.
pub(crate) const PATH: &str = "/console";

/// Sign-ins that may fail from one address in a minute.
const ATTEMPTS: u32 = 20;

/// Failed sign-ins from one address that are written into the audit trail in a minute.
const NOTED: u32 = 5;

/// Calls that run at once at the most: each may hold a reply in memory.
const CALLS: usize = 64;

/// What a [`Console`] is made of.
pub(crate) struct Parties {
    /// What it was told.
    pub(crate) settings: Settings,
    /// Who is signed in.
    pub(crate) access: Arc<Access>,
    /// What makes its calls.
    pub(crate) api: Arc<Api>,
    /// Where its audit lines go.
    pub(crate) database: Database,
    /// The center's time, for those lines.
    pub(crate) clock: Arc<SystemClock>,
    /// Which keys were used lately.
    pub(crate) key_uses: Arc<KeyUses>,
    /// The port it is served on.
    pub(crate) port: u16,
    /// Whether the center is an emulator.
    pub(crate) emulator: bool,
}

/// The console.
pub(crate) struct Console {
    access: Arc<Access>,
    api: Arc<Api>,
    trail: Trail,
    key_uses: Arc<KeyUses>,
    site: Site,
    guard: Guard,
    noted: Guard,
    calls: Arc<Semaphore>,
    cookie: String,
    emulator: bool,
}

impl Console {
    /// Puts it together.
    pub(crate) fn new(parties: Parties) -> Self {
        Self {
            access: parties.access,
            api: parties.api,
            trail: Trail::new(parties.database, parties.clock),
            key_uses: parties.key_uses,
            site: Site::new(&parties.settings),
            guard: Guard::new(ATTEMPTS),
            noted: Guard::new(NOTED),
            calls: Arc::new(Semaphore::new(CALLS)),
            // Cookies know no ports: two centers on one machine would sign each other's visitors out.
            cookie: format!("landfall_session_{}", parties.port),
            emulator: parties.emulator,
        }
    }

    /// Answers a request of `/console` or below.
    pub(crate) async fn answer(
        &self,
        peer: &Arc<Peer>,
        parts: Parts,
        body: Incoming,
    ) -> Response<Full<Bytes>> {
        let path = parts.uri.path();
        let path = path.strip_prefix(PATH).unwrap_or(path).trim_start_matches('/');
        let done = match (path, &parts.method) {
            ("session", &Method::POST) => self.sign_in(peer, &parts, body).await,
            ("session", &Method::GET) => self.who(&parts).await,
            ("session", &Method::DELETE) => self.sign_out(peer, &parts).await,
            ("session", _) => Ok(not_allowed("GET, POST, DELETE")),
            ("call", &Method::POST) => self.call(peer, &parts, body).await,
            ("call", _) => Ok(not_allowed("POST")),
            (_, &Method::GET | &Method::HEAD) => Ok(self.site.serve(path, &parts.headers).await),
            _ => Ok(not_allowed("GET, HEAD")),
        };
        done.unwrap_or_else(Refusal::reply)
    }
}

/// Answers a browser that was pointed at `/`, where the API is; `None` for what may be a call.
pub(crate) fn welcome(parts: &Parts) -> Option<Response<Full<Bytes>>> {
    let empty = parts.uri.path() == "/" && parts.uri.query().unwrap_or_default().is_empty();
    let plain = matches!(parts.method, Method::GET | Method::HEAD) && !signed(&parts.headers);
    let accept =
        parts.headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    (empty && plain && accept.contains("text/html")).then(site::welcome)
}

/// Whether a path is the console's.
pub(crate) fn owns(path: &str) -> bool {
    path.strip_prefix(PATH).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn signed(headers: &HeaderMap) -> bool {
    headers.contains_key(header::AUTHORIZATION)
        || headers.keys().any(|name| name.as_str().starts_with("x-acs-"))
}

fn not_allowed(methods: &'static str) -> Response<Full<Bytes>> {
    let message = format!("This takes {methods}.");
    let mut reply = Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "UnsupportedHTTPMethod", message).reply();
    reply.headers_mut().insert(header::ALLOW, HeaderValue::from_static(methods));
    reply
}

/// Words a body that was not read.
fn unread(error: BodyError) -> Refusal {
    match error {
        BodyError::TooLarge(_) => {
            Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "RequestBodyTooLarge", error.to_string())
        }
        BodyError::TooSlow => Refusal::new(StatusCode::REQUEST_TIMEOUT, "RequestTimeout", error.to_string()),
        BodyError::Broken => Refusal::malformed("The body could not be read to its end."),
    }
}
