//! A signature stands for exactly what was signed: whatever is altered on the way is refused, or means the same.

use bytes::Bytes;
use http::{HeaderValue, Method};
use pop::sign::{self, Payload, Request};
use pop::v3::Algorithm;
use pop::{Incoming, Limits, Rate, Secret};
use proptest::prelude::*;

use crate::support::{NOW, VERSION, blank, copy, gateway, ready, send, text};

#[derive(Clone, Copy, Debug)]
enum Scheme {
    V1,
    Sha256,
    Sm3,
}

fn scheme() -> impl Strategy<Value = Scheme> {
    prop_oneof![Just(Scheme::V1), Just(Scheme::Sha256), Just(Scheme::Sm3)]
}

type Pairs = Vec<(String, String)>;

/// Two disjoint sets of business parameters.
fn parameters() -> impl Strategy<Value = (Pairs, Pairs)> {
    let map = proptest::collection::btree_map("x[^\0]{0,8}", "[^\0]{0,16}", 0..8);
    (map, 0_usize..8).prop_map(|(map, split)| {
        let mut first: Pairs = map.into_iter().collect();
        let second = first.split_off(split.min(first.len()));
        (first, second)
    })
}

fn signed(scheme: Scheme, params: &Pairs, form: &Pairs, nonce: &str) -> Incoming {
    let secret = Secret::new("testsecret");
    let request = Request {
        access_key_id: "testid",
        secret: &secret,
        security_token: None,
        method: &Method::POST,
        host: "center:8620",
        action: "CreateAccessToken",
        version: VERSION,
        params,
        body: if form.is_empty() { Payload::None } else { Payload::Form(form) },
        now: NOW,
        nonce,
    };
    let signed = match scheme {
        Scheme::V1 => sign::v1(&request),
        Scheme::Sha256 => sign::v3(&request, Algorithm::HmacSha256),
        Scheme::Sm3 => sign::v3(&request, Algorithm::HmacSm3),
    };
    let signed = signed.expect("signs");
    Incoming { query: signed.query, headers: signed.headers, body: signed.body, ..blank(Method::POST) }
}

/// What the service was told, if the request passed.
fn accepted(incoming: Incoming) -> Option<String> {
    let (status, body) = send(&gateway(), incoming);
    (status == 200).then_some(body)
}

/// Replaces one byte; `None` where the place does not exist or the result could not be received.
fn altered(incoming: &Incoming, place: usize, at: usize, byte: u8) -> Option<Incoming> {
    let mut changed = copy(incoming);
    let replace = |bytes: &[u8]| {
        let mut bytes = bytes.to_vec();
        let at = at.checked_rem(bytes.len())?;
        bytes[at] = byte;
        Some(bytes)
    };
    let names: Vec<_> = incoming.headers.keys().cloned().collect();
    match place {
        0 => changed.query = String::from_utf8(replace(incoming.query.as_bytes())?).ok()?,
        1 => changed.body = Bytes::from(replace(&incoming.body)?),
        header => {
            let name = &names[(header - 2) % names.len()];
            let value = HeaderValue::from_bytes(&replace(incoming.headers[name].as_bytes())?).ok()?;
            changed.headers.insert(name, value);
        }
    }
    Some(changed)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn what_is_signed_is_accepted_as_sent(
        scheme in scheme(), (params, form) in parameters(), nonce in "[!-~]{1,40}",
    ) {
        let body = accepted(signed(scheme, &params, &form, &nonce)).expect("accepted");
        let body: serde_json::Value = serde_json::from_str(&body).expect("JSON");
        let expected: Vec<_> =
            params.into_iter().chain(form).map(|(name, value)| serde_json::json!([name, value])).collect();
        prop_assert_eq!(&body["Params"]["Param"], &serde_json::Value::from(expected));
    }

    #[test]
    fn one_byte_altered_is_refused_or_means_the_same(
        scheme in scheme(), (params, form) in parameters(), place in 0_usize..12, at: usize, byte: u8,
    ) {
        let original = signed(scheme, &params, &form, "n");
        let Some(changed) = altered(&original, place, at, byte) else { return Ok(()) };
        if let Some(body) = accepted(changed) {
            prop_assert_eq!(Some(body), accepted(original));
        }
    }

    #[test]
    fn arbitrary_requests_never_panic_and_never_pass(
        query in "(Action=A|Format=XML|AccessKeyId=testid|Signature=|Timestamp=|%[0-9a-f]{0,2}|&|=|\\PC){0,20}",
        headers in proptest::collection::vec((
            prop_oneof![
                Just("authorization"), Just("host"), Just("x-acs-date"), Just("x-acs-action"), Just("x-acs-version"),
                Just("content-type"), Just("content-md5"), Just("x-acs-content-sha256"), Just("x-acs-signature-nonce"),
            ],
            prop_oneof![
                Just("ACS3-HMAC-SHA256 Credential=testid,SignedHeaders=host,Signature=0".to_owned()),
                Just("application/json".to_owned()),
                Just("application/x-www-form-urlencoded".to_owned()),
                "[ -~]{0,40}",
            ],
        ), 0..8),
        body: Vec<u8>,
    ) {
        let mut incoming = Incoming { query, body: body.into(), ..blank(Method::POST) };
        for (name, value) in headers {
            incoming.headers.append(name, value.parse().expect("printable"));
        }
        let response = ready(gateway().handle(incoming));
        prop_assert!(response.status().as_u16() >= 400);
        prop_assert!(!text(&response).is_empty());
    }
}

#[test]
fn every_byte_of_a_v3_request_counts() {
    let params = vec![("Name".to_owned(), "a b".to_owned())];
    let form = vec![("Tag.1.Key".to_owned(), "k".to_owned())];
    let original = signed(Scheme::Sha256, &params, &form, "n");
    let limits = Limits { address_rate: None, key_rate: None::<Rate>, ..Limits::default() };
    let gateway = pop::Gateway::new(crate::support::Echo::default(), limits);
    for place in 0..2 + original.headers.len() {
        for at in 0..256 {
            let Some(changed) = altered(&original, place, at, b'~') else { continue };
            let (status, body) = send(&gateway, changed);
            assert!(status >= 400, "place {place}, byte {at}: {body}");
        }
    }
    assert_eq!(send(&gateway, original).0, 200, "and unaltered it passes");
}
