//! A correctly signed request, altered by the fuzzer: it never panics, and it passes only if it still means what was
//! signed.
//!
//! Input: a selector byte, then alterations of three bytes each (place, position, new byte) up to a zero place, then
//! text appended to the query. With an odd selector the rest is a whole request of the fuzzer's own making instead.

#![no_main]

use std::pin::pin;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method};
use libfuzzer_sys::fuzz_target;
use pop::sign::{self, Payload, Request};
use pop::v3::Algorithm;
use pop::{AccessKey, ApiError, Backend, Call, Gateway, Incoming, Limits, Secret};
use serde_json::Value;

const NOW: i64 = 1_767_323_045;

/// Records the calls that passed.
struct Recorder(Mutex<Vec<(String, Vec<(String, String)>)>>);

impl Backend for &'static Recorder {
    type Operation = ();
    type Principal = ();

    fn product(&self) -> &'static str {
        "Smc"
    }

    fn resolve(&self, _version: &str, _action: &str) -> Result<(), ApiError> {
        Ok(())
    }

    async fn find_key(&self, id: &str) -> Result<Option<AccessKey<()>>, ApiError> {
        let key = AccessKey {
            secret: Secret::new("testsecret"),
            active: true,
            security_token: None,
            principal: (),
        };
        Ok((id == "testid").then_some(key))
    }

    async fn call(&self, call: Call<(), ()>) -> Result<Value, ApiError> {
        let mut passed = self.0.lock().expect("not poisoned");
        passed.push((call.action, call.params));
        Ok(Value::Null)
    }
}

static RECORDER: Recorder = Recorder(Mutex::new(Vec::new()));

fuzz_target!(|data: &[u8]| {
    let Some((&selector, rest)) = data.split_first() else { return };
    let limits = Limits { address_rate: None, key_rate: None, ..Limits::default() };
    let gateway = Gateway::new(&RECORDER, limits);
    RECORDER.0.lock().expect("not poisoned").clear();
    let incoming = if selector & 1 == 1 { invented(rest) } else { altered(selector, rest) };
    let Poll::Ready(response) = pin!(gateway.handle(incoming)).poll(&mut Context::from_waker(Waker::noop()))
    else {
        panic!("the gateway waited for something")
    };
    let status = response.status().as_u16();
    assert!(status == 200 || (400..600).contains(&status), "{status}");
    assert!(!response.body().is_empty());
    let passed = RECORDER.0.lock().expect("not poisoned");
    if selector & 1 == 1 {
        assert!(passed.is_empty(), "a forged request passed");
    }
    for (action, params) in passed.iter() {
        assert_eq!(action, "CreateAccessToken");
        assert_eq!(params, &business(selector));
    }
});

fn business(selector: u8) -> Vec<(String, String)> {
    let (mut query, form) = parts(selector);
    query.extend(form);
    query
}

fn parts(selector: u8) -> (Vec<(String, String)>, Vec<(String, String)>) {
    let own =
        |pairs: &[(&str, &str)]| pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    let query = own(&[("Name", "a b*~"), ("Tag.1.Key", "中"), ("odd #name", "+")]);
    let form = if selector & 8 == 0 { vec![] } else { own(&[("Count", "10"), ("Empty", "")]) };
    (query, form)
}

/// A good request with the fuzzer's alterations.
fn altered(selector: u8, mut rest: &[u8]) -> Incoming {
    let secret = Secret::new("testsecret");
    let (params, form) = parts(selector);
    let request = Request {
        access_key_id: "testid",
        secret: &secret,
        security_token: None,
        method: &Method::POST,
        host: "center:8620",
        action: "CreateAccessToken",
        version: "2019-06-01",
        params: &params,
        body: if form.is_empty() { Payload::None } else { Payload::Form(&form) },
        now: NOW,
        nonce: "n",
    };
    let signed = match selector >> 1 & 3 {
        0 => sign::v1(&request),
        1 => sign::v3(&request, Algorithm::HmacSm3),
        _ => sign::v3(&request, Algorithm::HmacSha256),
    };
    let signed = signed.expect("signs");
    let mut incoming = request_with(signed.query, signed.headers, signed.body);
    let names: Vec<_> = incoming.headers.keys().cloned().collect();
    while let [place, at, byte, more @ ..] = rest {
        rest = more;
        let replace = |bytes: &[u8]| {
            let mut bytes = bytes.to_vec();
            if let Some(at) = usize::from(*at).checked_rem(bytes.len()) {
                bytes[at] = *byte;
            }
            bytes
        };
        match place {
            0 => break,
            1 => incoming.query = String::from_utf8_lossy(&replace(incoming.query.as_bytes())).into_owned(),
            2 => incoming.body = Bytes::from(replace(&incoming.body)),
            place => {
                let name = &names[usize::from(*place) % names.len()];
                if let Ok(value) = HeaderValue::from_bytes(&replace(incoming.headers[name].as_bytes())) {
                    incoming.headers.insert(name, value);
                }
            }
        }
    }
    incoming.query.push_str(&String::from_utf8_lossy(rest));
    incoming
}

/// A request written by the fuzzer: query, NUL, header lines, NUL, body.
fn invented(data: &[u8]) -> Incoming {
    let mut sections = data.splitn(3, |&byte| byte == 0);
    let mut next = || sections.next().unwrap_or_default();
    let query = String::from_utf8_lossy(next()).into_owned();
    let mut headers = HeaderMap::new();
    for line in next().split(|&byte| byte == b'\n') {
        let mut halves = line.splitn(2, |&byte| byte == b':');
        let (name, value) = (halves.next().unwrap_or_default(), halves.next().unwrap_or_default());
        if let (Ok(name), Ok(value)) = (http::HeaderName::from_bytes(name), HeaderValue::from_bytes(value)) {
            headers.append(name, value);
        }
    }
    request_with(query, headers, Bytes::copy_from_slice(next()))
}

fn request_with(query: String, headers: HeaderMap, body: Bytes) -> Incoming {
    Incoming {
        method: Method::POST,
        path: "/".into(),
        query,
        headers,
        body,
        peer: [192, 0, 2, 7].into(),
        secure: false,
        now: NOW,
        request_id: "7B2F9E0C-4D5A-4E1B-9C3D-0123456789AB".into(),
    }
}
