//! Requests signed by the official clients' own functions, through the pure functions and through the gateway.

use bytes::Bytes;
use http::{HeaderMap, Method};
use pop::v3::{Algorithm, QueryNames};
use pop::{Body, Gateway, Incoming, Limits, Parameters, Secret, v1, v3};
use serde_json::Value;

use crate::support::{self, Echo, Key, blank, send, set};

const VECTORS: &str = include_str!("../data/signature-vectors.json");

fn vectors(scheme: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(VECTORS).expect("the vectors are JSON");
    all[scheme].as_array().expect("a list").clone()
}

fn str_of<'a>(vector: &'a Value, member: &str) -> &'a str {
    vector[member].as_str().unwrap_or_default()
}

fn pairs(vector: &Value, member: &str) -> Vec<(String, String)> {
    let pair = |pair: &Value| {
        let text = |at: usize| pair[at].as_str().expect("a string").to_owned();
        (text(0), text(1))
    };
    vector[member].as_array().expect("a list").iter().map(pair).collect()
}

/// Encodes the way no client does, every byte: what counts is the decoded text.
fn encode(pairs: &[(String, String)]) -> String {
    let text = |text: &str| {
        let digits = hex::encode(text).into_bytes();
        digits.chunks(2).flat_map(|pair| [b"%", pair].concat()).map(char::from).collect::<String>()
    };
    let pairs: Vec<_> = pairs.iter().map(|(name, value)| [text(name), text(value)].join("=")).collect();
    pairs.join("&")
}

/// The same request wherever the vector gives it: as emitted by the client if recorded, otherwise encoded here.
fn incoming_v1(vector: &Value) -> Incoming {
    let mut incoming = blank(str_of(vector, "method").parse().expect("a method"));
    let mut query = pairs(vector, "queryParams");
    let mut form = pairs(vector, "formBodyParams");
    let signature = ("Signature".to_owned(), str_of(vector, "signature").to_owned());
    let in_form = query.is_empty();
    if in_form { &mut form } else { &mut query }.push(signature);
    let emitted = str_of(vector, "emittedPathAndQuery").split_once('?').map(|(_, query)| query.to_owned());
    incoming.query = emitted.unwrap_or_else(|| encode(&query));
    incoming.body =
        vector["emittedBody"].as_str().map_or_else(|| encode(&form).into(), |body| body.to_owned().into());
    set(&mut incoming.headers, "host", "127.0.0.1:8080");
    set(&mut incoming.headers, "content-type", "application/x-www-form-urlencoded");
    incoming.now =
        unix(query.iter().chain(&form).find(|(name, _)| name == "Timestamp").map_or("", |(_, value)| value));
    incoming
}

fn incoming_v3(vector: &Value) -> Incoming {
    let mut incoming = blank(str_of(vector, "method").parse().expect("a method"));
    incoming.query = encode(&pairs(vector, "queryParams"));
    incoming.body = Bytes::from(hex::decode(str_of(vector, "bodyHex")).expect("hexadecimal"));
    for (name, value) in pairs(vector, "headers") {
        set(&mut incoming.headers, &name, &value);
    }
    set(&mut incoming.headers, "authorization", str_of(vector, "authorization"));
    incoming.now = unix(incoming.headers["x-acs-date"].to_str().expect("text"));
    incoming
}

fn unix(text: &str) -> i64 {
    let format = time::macros::format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
    time::PrimitiveDateTime::parse(text, &format).expect("a time stamp").assume_utc().unix_timestamp()
}

/// A gateway that knows exactly the vector's key.
fn gateway(vector: &Value, id: &str) -> Gateway<Echo> {
    let token = vector["securityToken"].as_str().map(|token| (token.to_owned(), i64::MAX));
    let secret = str_of(vector, "accessKeySecret").to_owned();
    let key = Key { id: id.to_owned(), secret, active: true, token };
    Gateway::new(Echo { keys: vec![key] }, Limits::default())
}

#[test]
fn v1_strings_and_signatures_are_the_official_ones() {
    for vector in vectors("rpc_v1") {
        let name = str_of(&vector, "name");
        let (query, form) =
            (encode(&pairs(&vector, "queryParams")), encode(&pairs(&vector, "formBodyParams")));
        let parameters = Parameters::decode(&query, Body::Form(form.as_bytes()), &Limits::default());
        let parameters = parameters.expect("decodes");
        let method: Method = str_of(&vector, "method").parse().expect("a method");
        let signed = v1::string_to_sign(&method, parameters.sorted());
        assert_eq!(signed, str_of(&vector, "stringToSign"), "{name}");
        let secret = Secret::new(str_of(&vector, "accessKeySecret"));
        assert_eq!(v1::signature(&secret, &signed), str_of(&vector, "signature"), "{name}");
        if let Some(published) = vector["publishedSignature"].as_str() {
            assert_eq!(published, str_of(&vector, "signature"), "{name}");
        }
    }
}

#[test]
fn v3_strings_and_signatures_are_the_official_ones() {
    for vector in vectors("v3") {
        let name = str_of(&vector, "name");
        let algorithm = Algorithm::from_name(str_of(&vector, "scheme")).expect("an algorithm");
        let incoming = incoming_v3(&vector);
        let parameters =
            Parameters::decode(&incoming.query, Body::None, &Limits::default()).expect("decodes");
        let names = if name == "unencoded-query-key-py" { QueryNames::Raw } else { QueryNames::Encoded };
        let query = v3::canonical_query(&parameters, names).expect("a form");
        let hash = algorithm.hash(&incoming.body);
        assert_eq!(hash, str_of(&vector, "hashedPayload"), "{name}");
        let headers: &HeaderMap = &incoming.headers;
        let canonical =
            v3::canonical_request(&incoming.method, &query, headers, str_of(&vector, "signedHeaders"), &hash);
        assert_eq!(String::from_utf8_lossy(&canonical), str_of(&vector, "canonicalRequest"), "{name}");
        let signed = v3::string_to_sign(algorithm, &canonical);
        assert_eq!(signed, str_of(&vector, "stringToSign"), "{name}");
        let secret = Secret::new(str_of(&vector, "accessKeySecret"));
        assert_eq!(v3::signature(algorithm, &secret, &signed), str_of(&vector, "signature"), "{name}");
    }
}

#[test]
fn the_gateway_accepts_what_official_clients_signed_and_nothing_twice() {
    let v1 = vectors("rpc_v1").into_iter().map(|vector| (incoming_v1(&vector), vector, "accessKeyId"));
    let v3 = vectors("v3").into_iter().map(|vector| (incoming_v3(&vector), vector, "accessKeyId"));
    let all: Vec<_> = v1.chain(v3).collect();
    assert_eq!(all.len(), 34);
    for (incoming, vector, id) in all {
        let name = str_of(&vector, "name");
        let credential =
            str_of(&vector, "authorization").split(['=', ',']).nth(1).unwrap_or(str_of(&vector, id));
        let gateway = gateway(&vector, credential);
        let again = support::copy(&incoming);
        let (status, body) = send(&gateway, incoming);
        if name.starts_with("octet-stream-body") {
            // Authenticated, and refused only because no operation takes a byte stream.
            assert!(
                status == 400 && body.contains(r#""Code":"InvalidParameter.Content-Type""#),
                "{name}: {body}"
            );
        } else {
            assert_eq!(status, 200, "{name}: {body}");
        }
        let (status, body) = send(&gateway, again);
        assert!(status == 400 && body.contains("SignatureNonceUsed"), "{name}: {body}");
    }
}
