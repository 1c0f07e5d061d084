//! The controls of `--dev`: reset, clock, faults. They exist on a loopback listener only and need no signature.

use std::{borrow::Cow, sync::Arc};

use bytes::Bytes;
use http::{Method, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use pop::ApiError;
use serde::Deserialize;
use serde_json::json;
use smc::{Timestamp, ports::Clock};

use crate::{
    agents::KnownAgents,
    clock::SystemClock,
    gateway::{Fault, Faults},
    heartbeats::Heartbeats,
    http::{Peer, json as reply},
    identity::{Identities, Lookup, NewKey},
};

/// Moves the clock.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "lowercase")]
enum Move {
    /// By a time such as `31d`, `12h`, `5m`, `30s`.
    Advance(String),
    /// To a moment, `YYYY-MM-DDThh:mm:ssZ`.
    Set(String),
}

/// What the controls act on.
pub(crate) struct Emulator {
    /// Gives the well-known key a new account.
    pub identities: Identities,
    /// Must forget which account the key had.
    pub lookup: Arc<Lookup>,
    /// The clock to move.
    pub clock: Arc<SystemClock>,
    /// The failures to make.
    pub faults: Arc<Faults>,
    /// Forgotten by a reset, with the sources they were.
    pub(crate) known: Arc<KnownAgents>,
    /// Forgotten by a reset, so that no heartbeat outlives its source.
    pub heartbeats: Arc<Heartbeats>,
}

impl Emulator {
    /// Performs a control, named by what follows `/_landfall/`.
    pub(crate) async fn control(
        &self,
        peer: &Peer,
        method: &Method,
        name: &str,
        body: Incoming,
    ) -> Result<Response<Full<Bytes>>, ApiError> {
        if method != Method::POST {
            return Err(refusal(405, "UnsupportedHTTPMethod", "Controls take POST."));
        }
        let Ok(body) = peer.bodies.read(body, 64 << 10).await else {
            return Err(refusal(400, "InvalidRequest", "The body could not be read."));
        };
        match name {
            "reset" => self.reset().await,
            "clock" => self.move_clock(&body),
            "faults" => self.add_fault(&body),
            _ => Err(refusal(404, "InvalidApi.NotFound", "There are the controls reset, clock and faults.")),
        }
    }

    /// Starts anew: the key gets an account in which nothing ever happened. What the account before had is
    /// removed but for its audit trail, which nothing can remove and nobody can see any more.
    async fn reset(&self) -> Result<Response<Full<Bytes>>, ApiError> {
        if let Err(error) = self.identities.renew_account(&NewKey::emulator()).await {
            return Err(refusal(503, "ServiceUnavailable", error.to_string()));
        }
        self.lookup.forget();
        self.heartbeats.take();
        self.known.forget();
        self.faults.clear();
        self.clock.reset();
        Ok(self.now())
    }

    fn move_clock(&self, body: &[u8]) -> Result<Response<Full<Bytes>>, ApiError> {
        let wanted = serde_json::from_slice::<Move>(body);
        let moved = match &wanted {
            Ok(Move::Advance(text)) => seconds(text).map(|seconds| self.clock.advance(seconds)),
            Ok(Move::Set(text)) => Timestamp::parse(text).map(|moment| self.clock.set(moment)),
            Err(_) => None,
        };
        match moved {
            Some(()) => Ok(self.now()),
            None => Err(refusal(
                400,
                "InvalidRequest",
                r#"Send {"advance":"31d"} (s, m, h, d) or {"set":"2026-01-01T00:00:00Z"}."#,
            )),
        }
    }

    fn add_fault(&self, body: &[u8]) -> Result<Response<Full<Bytes>>, ApiError> {
        let added = match serde_json::from_slice::<Fault>(body) {
            Ok(fault) => self.faults.add(fault).map_err(str::to_owned),
            Err(error) => Err(error.to_string()),
        };
        match added {
            Ok(()) => Ok(reply(StatusCode::OK, &json!({}))),
            Err(reason) => Err(refusal(
                400,
                "InvalidRequest",
                format!(
                    r#"{reason}; send such as {{"operation":"CreateAccessToken","status":503,"code":"ServiceUnavailable","times":3}}."#
                ),
            )),
        }
    }

    fn now(&self) -> Response<Full<Bytes>> {
        reply(StatusCode::OK, &json!({ "now": self.clock.now().to_string() }))
    }
}

fn refusal(status: u16, code: &'static str, message: impl Into<Cow<'static, str>>) -> ApiError {
    ApiError::new(status, code, message)
}

/// Reads a time such as `31d`.
fn seconds(text: &str) -> Option<i64> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let unit = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    number.parse::<i64>().ok()?.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn times_have_a_unit() {
        for (text, expected) in [
            ("31d", Some(2_678_400)),
            ("-1h", Some(-3_600)),
            ("5", None),
            ("", None),
            ("d", None),
            ("1.5d", None),
            ("9223372036854775807d", None),
            ("1é", None),
        ] {
            assert_eq!(seconds(text), expected, "{text}");
        }
    }
}
