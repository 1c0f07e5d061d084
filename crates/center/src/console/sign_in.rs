//! `/console/session`: signing in by key pair or link, saying who is signed in, signing out.

use std::{net::IpAddr, sync::Arc};

use http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts};
use hyper::body::Incoming;
use serde::{Deserialize, Serialize};
use smc::audit::Event;
use zeroize::Zeroizing;

use super::{
    Console,
    access::SignedIn,
    links::Link,
    origin::{check_json, check_origin},
    reply::{Refusal, Reply, data},
    sessions::{Holder, IDLE, Session},
    trail::Happened,
};
use crate::{http::Peer, identity::Identity};

/// Largest body of a sign-in, in bytes.
const MAX_BODY: usize = 4 << 10;

/// What a browser signs in with.
#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Credentials {
    Link {
        #[serde(rename = "Token")]
        token: Zeroizing<String>,
    },
    Pair {
        #[serde(rename = "AccessKeyId")]
        id: String,
        #[serde(rename = "AccessKeySecret")]
        secret: Zeroizing<String>,
    },
}

/// What a page is told about its session.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Described<'a> {
    csrf: &'a str,
    account_id: String,
    principal: String,
    user_name: Option<&'a str>,
    owner: bool,
    emulator: bool,
    expires_at: String,
    idle_seconds: i64,
    version: &'static str,
}

/// Somebody who may come in, and how they proved it.
struct Proven {
    holder: Holder,
    until: Option<smc::Timestamp>,
    identity: Arc<Identity>,
    how: String,
}

impl Console {
    /// Begins a session.
    pub(super) async fn sign_in(&self, peer: &Peer, parts: &Parts, body: Incoming) -> Result<Reply, Refusal> {
        check_origin(&parts.headers)?;
        check_json(&parts.headers)?;
        let address = peer.address.ip().to_canonical();
        self.guard.admit(address, self.access.now()).map_err(|seconds| {
            let message = "Too many sign-ins failed from this address. Wait a minute.";
            Refusal::new(StatusCode::TOO_MANY_REQUESTS, "Throttling", message).after(seconds)
        })?;
        let body = peer.bodies.read(body, MAX_BODY).await.map_err(super::unread)?;
        let credentials = serde_json::from_slice(&body).map_err(|_| {
            Refusal::malformed(r#"Send {"Token":…} or {"AccessKeyId":…,"AccessKeySecret":…} as JSON."#)
        })?;
        let proven = match credentials {
            Credentials::Link { token } => self.by_link(address, &token).await?,
            Credentials::Pair { id, secret } => self.by_pair(address, &id, &secret).await?,
        };
        let (session, cookie) = self.access.begin(proven.holder, proven.until)?;
        let begun = self.trail.record(Happened {
            account: proven.identity.principal.account(),
            event: Event::SessionBegan,
            resource: &session.key_id,
            actor: proven.identity.principal.arn(),
            address: address.to_string(),
            detail: &proven.how,
        });
        if let Err(error) = begun.await {
            self.access.end(&session);
            return Err(error.into());
        }
        tracing::info!(principal = %proven.identity.principal.arn(), %address, session = session.key_id, "signed in to the console");
        let mut reply = data(&self.described(&session, &proven.identity));
        self.set_cookie(reply.headers_mut(), peer, cookie.reveal(), None)?;
        Ok(reply)
    }

    /// Says who is signed in.
    pub(super) async fn who(&self, parts: &Parts) -> Result<Reply, Refusal> {
        let SignedIn { session, identity } = self.signed_in(&parts.headers, false).await?;
        Ok(data(&self.described(&session, &identity)))
    }

    /// Ends the session.
    pub(super) async fn sign_out(&self, peer: &Peer, parts: &Parts) -> Result<Reply, Refusal> {
        let SignedIn { session, identity } = self.proven_session(&parts.headers, false).await?;
        self.access.end(&session);
        self.trail
            .note(Happened {
                account: identity.principal.account(),
                event: Event::SessionEnded,
                resource: &session.key_id,
                actor: identity.principal.arn(),
                address: peer.address.ip().to_canonical().to_string(),
                detail: "",
            })
            .await;
        let mut reply = data(&serde_json::json!({}));
        self.set_cookie(reply.headers_mut(), peer, "", Some(0))?;
        Ok(reply)
    }

    /// Who is signed in, if the request is theirs and not another site's.
    pub(super) async fn proven_session(
        &self,
        headers: &HeaderMap,
        background: bool,
    ) -> Result<SignedIn, Refusal> {
        check_origin(headers)?;
        let signed_in = self.signed_in(headers, background).await?;
        let given = headers.get("x-landfall-csrf").and_then(|value| value.to_str().ok()).unwrap_or_default();
        if !signed_in.session.csrf.matches(given) {
            let message =
                "The header X-Landfall-Csrf is missing or not that of this session. Load the page again.";
            return Err(Refusal::new(StatusCode::FORBIDDEN, "Csrf", message));
        }
        Ok(signed_in)
    }

    async fn signed_in(&self, headers: &HeaderMap, background: bool) -> Result<SignedIn, Refusal> {
        let cookie = cookie(headers, &self.cookie).ok_or_else(Refusal::signed_out)?;
        self.access.signed_in(cookie, background).await?.ok_or_else(Refusal::signed_out)
    }

    async fn by_link(&self, address: IpAddr, token: &str) -> Result<Proven, Refusal> {
        if let Some(Link { holder, until, .. }) = self.access.spend(token)
            && let Some(identity) = self.access.identity(&holder).await?
        {
            return Ok(Proven { holder, until, identity, how: "link".to_owned() });
        }
        self.guard.note_failure(address, self.access.now());
        tracing::warn!(%address, "a sign-in by link was refused");
        let message = "The link was used already, is older than 30 minutes, or was made by a center that has \
                       stopped since. Make a new one: landfall console";
        Err(Refusal::new(StatusCode::UNAUTHORIZED, "SignIn.LinkInvalid", message))
    }

    async fn by_pair(&self, address: IpAddr, id: &str, secret: &str) -> Result<Proven, Refusal> {
        let key = id.parse().ok();
        let found = match &key {
            Some(key) => self.access.key_holder(key).await?,
            None => None,
        };
        if let (Some(key), Some(identity)) = (key, &found)
            && pop::Secret::new(identity.secret.reveal()).matches(secret)
            && identity.active
        {
            let how = format!("AccessKey {key}");
            self.key_uses.note(key.as_str(), self.access.now().unix());
            return Ok(Proven { holder: Holder::Key(key), until: None, identity: identity.clone(), how });
        }
        self.refused(address, id, found.as_deref()).await;
        // The same for all of them: who guesses learns nothing.
        let message = "There is no active AccessKey with this id and secret.";
        Err(Refusal::new(StatusCode::UNAUTHORIZED, "SignIn.Failed", message))
    }

    /// Attempts with keys that exist are in the trail, a few a minute at the most: a stranger cannot fill the database.
    async fn refused(&self, address: IpAddr, id: &str, found: Option<&Identity>) {
        let now = self.access.now();
        self.guard.note_failure(address, now);
        tracing::warn!(%address, known = found.is_some(), "a sign-in by AccessKey was refused");
        let Some(identity) = found else { return };
        if self.noted.admit(address, now).is_err() {
            return;
        }
        self.noted.note_failure(address, now);
        let detail =
            if identity.active { "SignIn.Failed: wrong secret" } else { "SignIn.Failed: key disabled" };
        self.trail
            .note(Happened {
                account: identity.principal.account(),
                event: Event::SessionRefused,
                resource: id,
                actor: "unknown".to_owned(),
                address: address.to_string(),
                detail,
            })
            .await;
    }

    fn described<'a>(&self, session: &'a Session, identity: &'a Identity) -> Described<'a> {
        let user_name = match &identity.principal {
            ram::Principal::Owner { .. } => None,
            ram::Principal::User { name, .. } => Some(name.as_str()),
        };
        Described {
            csrf: session.csrf.reveal(),
            account_id: identity.principal.account().to_string(),
            principal: identity.principal.arn(),
            user_name,
            owner: user_name.is_none(),
            emulator: self.emulator,
            expires_at: session.ends.to_string(),
            idle_seconds: IDLE,
            version: env!("CARGO_PKG_VERSION"),
        }
    }

    fn set_cookie(
        &self,
        headers: &mut HeaderMap,
        peer: &Peer,
        value: &str,
        max_age: Option<u32>,
    ) -> Result<(), Refusal> {
        let text = cookie_text(&self.cookie, value, max_age, peer.secure);
        let mut cookie = HeaderValue::from_str(&text)
            .map_err(|_| Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", "No cookie."))?;
        cookie.set_sensitive(true);
        headers.insert(header::SET_COOKIE, cookie);
        Ok(())
    }
}

/// A cookie that no script reads, that no other site sends, and over TLS none that a plaintext request carries.
fn cookie_text(name: &str, value: &str, max_age: Option<u32>, over_tls: bool) -> String {
    let age = max_age.map(|seconds| format!("; Max-Age={seconds}")).unwrap_or_default();
    let secure = if over_tls { "; Secure" } else { "" };
    format!("{name}={value}; HttpOnly; SameSite=Strict; Path=/console{age}{secure}")
}

/// The value of a cookie; of several, the first that is not empty.
fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(given, value)| *given == name && !value.is_empty())
        .map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::{cookie, cookie_text};
    use http::HeaderMap;

    #[test]
    fn over_tls_the_cookie_is_secure() {
        for (max_age, over_tls, expected) in [
            (None, false, "c=v; HttpOnly; SameSite=Strict; Path=/console"),
            (None, true, "c=v; HttpOnly; SameSite=Strict; Path=/console; Secure"),
            (Some(0), true, "c=v; HttpOnly; SameSite=Strict; Path=/console; Max-Age=0; Secure"),
        ] {
            assert_eq!(cookie_text("c", "v", max_age, over_tls), expected);
        }
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        for (text, expected) in [
            ("landfall_session_1=abc", Some("abc")),
            ("a=b; landfall_session_1=abc; c=d", Some("abc")),
            ("landfall_session_1=; landfall_session_1=abc", Some("abc")),
            ("landfall_session_12=abc", None),
            ("xlandfall_session_1=abc", None),
            ("landfall_session_1", None),
            ("", None),
        ] {
            let headers: HeaderMap =
                [("cookie".parse().unwrap(), text.parse().unwrap())].into_iter().collect();
            assert_eq!(cookie(&headers, "landfall_session_1"), expected, "{text}");
        }
    }
}
