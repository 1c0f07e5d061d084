//! Every refusal of the gateway: what was wrong with an otherwise good request, and the code it gets.

use bytes::Bytes;
use http::Method;
use pop::sign::{self, Payload, Request};
use pop::v3::Algorithm;
use pop::{Gateway, Incoming, Limits, Rate, Secret};

use crate::support::{Echo, NOW, VERSION, blank, copy, gateway, send, set, text, verdict};

/// A description of a good request; the tests alter one thing.
#[derive(Clone)]
struct Good {
    v1: bool,
    key: &'static str,
    secret: &'static str,
    token: Option<&'static str>,
    action: &'static str,
    version: &'static str,
    params: Vec<(String, String)>,
    form: Vec<(String, String)>,
    bytes: Option<(&'static str, Vec<u8>)>,
    at: i64,
    nonce: String,
}

fn good(v1: bool) -> Good {
    Good {
        v1,
        key: "testid",
        secret: "testsecret",
        token: None,
        action: "CreateAccessToken",
        version: VERSION,
        params: vec![("Name".into(), "a b*".into())],
        form: vec![],
        bytes: None,
        at: NOW,
        nonce: "n-1".into(),
    }
}

impl Good {
    fn signed(&self) -> Incoming {
        let secret = Secret::new(self.secret);
        let body = match (&self.bytes, self.form.is_empty()) {
            (Some((content_type, bytes)), _) => Payload::Bytes { content_type, bytes },
            (None, true) => Payload::None,
            (None, false) => Payload::Form(&self.form),
        };
        let request = Request {
            access_key_id: self.key,
            secret: &secret,
            security_token: self.token,
            method: &Method::POST,
            host: "127.0.0.1:8620",
            action: self.action,
            version: self.version,
            params: &self.params,
            body,
            now: self.at,
            nonce: &self.nonce,
        };
        let signed = if self.v1 { sign::v1(&request) } else { sign::v3(&request, Algorithm::HmacSha256) };
        let signed = signed.expect("signs");
        Incoming { query: signed.query, headers: signed.headers, body: signed.body, ..blank(Method::POST) }
    }
}

fn with(v1: bool, alter: impl Fn(&mut Good)) -> Incoming {
    let mut request = good(v1);
    alter(&mut request);
    request.signed()
}

/// Alters a request after it was signed.
fn spoilt(v1: bool, alter: impl Fn(&mut Incoming)) -> Incoming {
    let mut incoming = good(v1).signed();
    alter(&mut incoming);
    incoming
}

fn without_query(incoming: &mut Incoming, name: &str) {
    let kept = incoming.query.split('&').filter(|pair| !pair.starts_with(&format!("{name}=")));
    incoming.query = kept.collect::<Vec<_>>().join("&");
}

fn replace_query(incoming: &mut Incoming, name: &str, value: &str) {
    without_query(incoming, name);
    incoming.query = format!("{}&{name}={value}", incoming.query);
}

fn unsign(incoming: &mut Incoming, header: &str) {
    let authorization =
        incoming.headers["authorization"].to_str().expect("text").replace(&format!("{header};"), "");
    set(&mut incoming.headers, "authorization", &authorization);
}

fn check(cases: Vec<(&str, Incoming, &str)>) {
    for (name, incoming, expected) in cases {
        assert_eq!(verdict(&gateway(), incoming), expected, "{name}");
    }
}

#[test]
fn good_requests_are_answered_by_both_schemes() {
    for v1 in [true, false] {
        let form = |request: &mut Good| request.form = vec![("Tag.1.Key".into(), "中 +".into())];
        check(vec![
            ("query", good(v1).signed(), "200"),
            ("form", with(v1, form), "200"),
            ("temporary key", with(v1, |r| (r.key, r.token) = ("STS.fresh", Some("TOKEN/abc+def=="))), "200"),
            ("clock 15 minutes behind", with(v1, |r| r.at = NOW - 900), "200"),
            ("clock 15 minutes ahead", with(v1, |r| r.at = NOW + 900), "200"),
            (
                "Content-MD5 of an empty body",
                spoilt(v1, |i| set(&mut i.headers, "content-md5", "1B2M2Y8AsgTpgAmY7PhCfg==")),
                "200",
            ),
            ("Content-Length", spoilt(v1, |i| set(&mut i.headers, "content-length", "0")), "200"),
        ]);
    }
    let headers_win_nothing = spoilt(true, |i| set(&mut i.headers, "x-acs-action", "NoSuchAction"));
    check(vec![
        ("V1 with unsigned V3 headers", headers_win_nothing, "200"),
        (
            "V3 JSON",
            with(false, |r| r.bytes = Some(("application/json; charset=utf-8", b"{\"A\":[1]}".to_vec()))),
            "200",
        ),
        (
            "an unsigned type on no body, as one official client adds",
            spoilt(false, |i| set(&mut i.headers, "content-type", "application/octet-stream")),
            "200",
        ),
        ("a Host with a scheme, signed verbatim", host_with_scheme(), "200"),
    ]);
}

fn host_with_scheme() -> Incoming {
    let secret = Secret::new("testsecret");
    let request = Request {
        access_key_id: "testid",
        secret: &secret,
        security_token: None,
        method: &Method::GET,
        host: "http://127.0.0.1:18765",
        action: "ListAccessTokens",
        version: VERSION,
        params: &[],
        body: Payload::None,
        now: NOW,
        nonce: "n",
    };
    let signed = sign::v3(&request, Algorithm::HmacSm3).expect("signs");
    Incoming { query: signed.query, headers: signed.headers, ..blank(Method::GET) }
}

#[test]
fn what_both_schemes_refuse() {
    for v1 in [true, false] {
        let form = |request: &mut Good| request.form = vec![("A".into(), "1".into())];
        let mut query_and_form = with(v1, form);
        query_and_form.query.push_str("&A=1");
        check(vec![
            ("unknown key", with(v1, |r| r.key = "nobody"), "404 InvalidAccessKeyId.NotFound"),
            ("disabled key", with(v1, |r| r.key = "disabled"), "400 InvalidAccessKeyId.Inactive"),
            ("wrong secret", with(v1, |r| r.secret = "testsecreT"), "400 SignatureDoesNotMatch"),
            ("unknown version", with(v1, |r| r.version = "1999-01-01"), "400 InvalidVersion"),
            ("unknown action", with(v1, |r| r.action = "NoSuchAction"), "404 InvalidAction.NotFound"),
            ("too old", with(v1, |r| r.at = NOW - 901), "400 InvalidTimeStamp.Expired"),
            ("too new", with(v1, |r| r.at = NOW + 901), "400 InvalidTimeStamp.Expired"),
            ("a day off", with(v1, |r| r.at = NOW - 86_400), "400 InvalidTimeStamp.Expired"),
            ("no token", with(v1, |r| r.key = "STS.fresh"), "400 MissingSecurityToken"),
            (
                "expired token",
                with(v1, |r| (r.key, r.token) = ("STS.stale", Some("TOKEN/abc+def=="))),
                "400 InvalidSecurityToken.Expired",
            ),
            (
                "other token",
                with(v1, |r| (r.key, r.token) = ("STS.fresh", Some("TOKEN"))),
                "400 InvalidSecurityToken.MismatchWithAccessKey",
            ),
            (
                "a token too many",
                with(v1, |r| r.token = Some("TOKEN")),
                "400 InvalidSecurityToken.MismatchWithAccessKey",
            ),
            (
                "not a token",
                with(v1, |r| (r.key, r.token) = ("STS.fresh", Some("a b"))),
                "400 InvalidSecurityToken.Malformed",
            ),
            ("policy", with(v1, |r| r.action = "Deny"), "403 Forbidden.RAM"),
            ("path", spoilt(v1, |i| i.path = "/api".into()), "404 InvalidApi.NotFound"),
            ("PUT", spoilt(v1, |i| i.method = Method::PUT), "403 UnsupportedHTTPMethod"),
            ("OPTIONS", spoilt(v1, |i| i.method = Method::OPTIONS), "403 UnsupportedHTTPMethod"),
            (
                "lower-case method",
                spoilt(v1, |i| i.method = "post".parse().expect("a method")),
                "403 UnsupportedHTTPMethod",
            ),
            ("another method", spoilt(v1, |i| i.method = Method::GET), "400 SignatureDoesNotMatch"),
            ("twice in the query", spoilt(v1, |i| i.query.push_str("&Name=x")), "400 InvalidParameter.Name"),
            ("cut UTF-8", spoilt(v1, |i| i.query.push_str("&D=%e4%b8")), "400 InvalidParameter.D"),
            ("NUL", spoilt(v1, |i| i.query.push_str("&D=%00")), "400 InvalidParameter.D"),
            ("bad escape", spoilt(v1, |i| i.query.push_str("&D=%4")), "400 InvalidParameter.D"),
            ("10,000 parameters", spoilt(v1, |i| i.query = many(10_000)), "400 TooManyParameters"),
            (
                "long query",
                spoilt(v1, |i| i.query += &["&L=", &"x".repeat(70_000)].concat()),
                "414 RequestUriTooLong",
            ),
            ("2 MiB body", spoilt(v1, |i| i.body = vec![b'x'; 2 << 20].into()), "413 RequestEntityTooLarge"),
            (
                "wrong length",
                spoilt(v1, |i| set(&mut i.headers, "content-length", "1")),
                "400 ContentLengthDoesNotMatch",
            ),
            (
                "wrong MD5",
                spoilt(v1, |i| set(&mut i.headers, "content-md5", "1B2M2Y8AsgTpgAmY7PhCfA==")),
                "400 ContentMD5NotMatched",
            ),
            ("format", spoilt(v1, |i| replace_query(i, "Format", "YAML")), "400 InvalidParameter.Format"),
            ("twice, query and form", query_and_form, "400 InvalidParameter.A"),
        ]);
        let mut tampered = with(v1, form);
        tampered.body = Bytes::from_static(b"A=2");
        check(vec![("tampered body", tampered, "400 SignatureDoesNotMatch")]);
    }
}

fn many(count: usize) -> String {
    (0..count).map(|n| format!("P{n}=v")).collect::<Vec<_>>().join("&")
}

#[test]
fn what_rpc_v1_refuses() {
    let mut cases = Vec::new();
    let mandatory = [
        ("Action", "400 MissingAction"),
        ("Version", "400 MissingVersion"),
        ("AccessKeyId", "400 MissingAccessKeyId"),
        ("Signature", "400 MissingSignature"),
        ("SignatureMethod", "400 MissingSignatureMethod"),
        ("SignatureVersion", "400 MissingSignatureVersion"),
        ("SignatureNonce", "400 MissingSignatureNonce"),
        ("Timestamp", "400 MissingTimestamp"),
    ];
    for (name, expected) in mandatory {
        cases.push((name, spoilt(true, |i| without_query(i, name)), expected));
        cases.push((name, spoilt(true, |i| replace_query(i, name, "")), expected));
    }
    let json = |r: &mut Good| r.bytes = Some(("application/json", b"{\"A\":1}".to_vec()));
    cases.extend([
        ("nothing at all", blank(Method::GET), "400 MissingAction"),
        (
            "method",
            spoilt(true, |i| replace_query(i, "SignatureMethod", "HMAC-SHA256")),
            "400 InvalidSignatureMethod",
        ),
        (
            "method in another case",
            spoilt(true, |i| replace_query(i, "SignatureMethod", "Hmac-SHA1")),
            "400 SignatureDoesNotMatch",
        ),
        (
            "version",
            spoilt(true, |i| replace_query(i, "SignatureVersion", "2.0")),
            "400 InvalidParameter.SignatureVersion",
        ),
        (
            "fraction",
            spoilt(true, |i| replace_query(i, "Timestamp", "2026-01-02T03:04:05.5Z")),
            "400 InvalidTimeStamp.Format",
        ),
        (
            "bearer",
            spoilt(true, |i| replace_query(i, "SignatureType", "BEARERTOKEN")),
            "400 InvalidParameter.SignatureType",
        ),
        (
            "key pair",
            spoilt(true, |i| replace_query(i, "SignatureType", "PRIVATEKEY")),
            "400 InvalidParameter.SignatureType",
        ),
        ("a body it does not cover", with(true, json), "400 InvalidParameter.Content-Type"),
        (
            "an Authorization of another kind",
            spoilt(true, |i| {
                set(&mut i.headers, "authorization", "Basic x");
                i.query = String::new();
            }),
            "400 MissingAction",
        ),
    ]);
    check(cases);
}

#[test]
fn what_acs3_refuses() {
    let header =
        |name: &'static str, value: &'static str| spoilt(false, |i| set(&mut i.headers, name, value));
    let without = |name: &'static str| spoilt(false, |i| drop(i.headers.remove(name)));
    let authorization = |from: &'static str, to: &'static str| {
        spoilt(false, |i| {
            let text = i.headers["authorization"].to_str().expect("text").replace(from, to);
            set(&mut i.headers, "authorization", &text);
        })
    };
    let twice = |name: &'static str| {
        spoilt(false, |i| {
            let value = i.headers[name].clone();
            i.headers.append(name, value);
        })
    };
    let body =
        |content_type, bytes: &'static [u8]| with(false, |r| r.bytes = Some((content_type, bytes.to_vec())));
    let mut cases = vec![
        ("no action", without("x-acs-action"), "400 MissingAction"),
        ("no version", without("x-acs-version"), "400 MissingVersion"),
        ("no date", without("x-acs-date"), "400 MissingTimestamp"),
        ("no nonce", without("x-acs-signature-nonce"), "400 MissingSignatureNonce"),
        ("no hash", without("x-acs-content-sha256"), "400 MissingContentSha256"),
        ("no host", without("host"), "400 IncompleteSignature"),
        ("anonymous", without("authorization"), "400 MissingAccessKeyId"),
        (
            "bearer",
            spoilt(false, |i| {
                i.headers.remove("authorization");
                set(&mut i.headers, "x-acs-bearer-token", "t");
            }),
            "400 InvalidParameter.SignatureType",
        ),
        (
            "identity token",
            spoilt(false, |i| {
                i.headers.remove("authorization");
                set(&mut i.headers, "x-acs-zero-trust-idtoken", "t");
            }),
            "400 InvalidParameter.SignatureType",
        ),
        ("RSA", authorization("ACS3-HMAC-SHA256", "ACS3-RSA-SHA256"), "400 InvalidSignatureMethod"),
        ("other algorithm", authorization("ACS3-HMAC-SHA256", "ACS3-HMAC-SM3"), "400 SignatureDoesNotMatch"),
        ("no credential", authorization("Credential=testid,", ""), "400 IncompleteSignature"),
        ("empty credential", authorization("testid", ""), "400 IncompleteSignature"),
        (
            "twice a part",
            authorization("Credential=testid", "Credential=testid,Credential=testid"),
            "400 IncompleteSignature",
        ),
        (
            "unknown part",
            authorization("Credential=testid", "Credential=testid,Extra=1"),
            "400 IncompleteSignature",
        ),
        ("only the scheme", header("authorization", "ACS3-HMAC-SHA256"), "400 IncompleteSignature"),
        (
            "signed header absent",
            authorization("SignedHeaders=", "SignedHeaders=accept;"),
            "400 IncompleteSignature",
        ),
        (
            "signed header twice",
            authorization("SignedHeaders=", "SignedHeaders=Host;"),
            "400 IncompleteSignature",
        ),
        ("unsigned x-acs header", header("x-acs-extra", "1"), "400 IncompleteSignature"),
        ("date", header("x-acs-date", "2026-01-02T03:04:05.000Z"), "400 InvalidTimeStamp.Format"),
        ("date altered", header("x-acs-date", "2026-01-02T03:04:06Z"), "400 SignatureDoesNotMatch"),
        ("host altered", header("host", "127.0.0.1:8621"), "400 SignatureDoesNotMatch"),
        ("hash altered", header("x-acs-content-sha256", "00"), "400 SignatureDoesNotMatch"),
        ("not JSON", body("application/json", b"{"), "400 InvalidParameter.Body"),
        ("JSON list", body("application/json", b"[1]"), "400 InvalidParameter.Body"),
        ("JSON key twice", body("application/json", b"{\"A\":1,\"A\":2}"), "400 InvalidParameter.A"),
        ("query and JSON", body("application/json", b"{\"Name\":1}"), "400 InvalidParameter.Name"),
        ("JSON as deep as a well", body("application/json", &[b'['; 1000]), "400 InvalidParameter.Body"),
        ("stream", body("application/octet-stream", b"x"), "400 InvalidParameter.Content-Type"),
        ("text", body("text/plain", b"A=1"), "400 InvalidParameter.Content-Type"),
    ];
    for name in
        ["host", "x-acs-action", "x-acs-date", "x-acs-signature-nonce", "x-acs-version", "authorization"]
    {
        let expected = match name {
            "host" => "400 InvalidParameter.host",
            "x-acs-action" => "400 InvalidParameter.x-acs-action",
            "x-acs-date" => "400 InvalidParameter.x-acs-date",
            "x-acs-signature-nonce" => "400 InvalidParameter.x-acs-signature-nonce",
            "x-acs-version" => "400 InvalidParameter.x-acs-version",
            _ => "400 InvalidParameter.authorization",
        };
        cases.push((name, twice(name), expected));
    }
    for name in ["host", "x-acs-action", "x-acs-content-sha256", "x-acs-date", "x-acs-signature-nonce"] {
        cases.push((name, spoilt(false, |i| unsign(i, name)), "400 IncompleteSignature"));
    }
    let untyped = spoilt(false, |_| {});
    cases.push(("the untouched request still passes", untyped, "200"));
    check(cases);
}

#[test]
fn a_signed_body_type_cannot_be_left_out_of_the_signature() {
    let mut incoming = with(false, |r| r.form = vec![("A".into(), "1".into())]);
    unsign(&mut incoming, "content-type");
    assert_eq!(verdict(&gateway(), incoming), "400 IncompleteSignature");
}

#[test]
fn query_names_cannot_be_merged_under_the_lenient_form() {
    // `a=1&b=2` signed; resent as one parameter named `a=1&b`, which the undocumented raw form would spell the same.
    let mut incoming = with(false, |r| r.params = vec![("a".into(), "1".into()), ("b".into(), "2".into())]);
    incoming.query = "a%3D1%26b=2".into();
    assert_eq!(verdict(&gateway(), incoming), "400 SignatureDoesNotMatch");
}

#[test]
fn a_nonce_works_once_and_only_a_right_signature_uses_it_up() {
    for v1 in [true, false] {
        let gateway = gateway();
        assert_eq!(verdict(&gateway, with(v1, |r| r.secret = "guess")), "400 SignatureDoesNotMatch");
        assert_eq!(verdict(&gateway, good(v1).signed()), "200");
        assert_eq!(verdict(&gateway, good(v1).signed()), "400 SignatureNonceUsed");
        let later = with(v1, |r| r.at = NOW + 900);
        assert_eq!(verdict(&gateway, copy(&later)), "400 SignatureNonceUsed", "a new time does not renew it");
        let at_the_end = Incoming { now: NOW + 1_800, ..later };
        assert_eq!(verdict(&gateway, at_the_end), "400 SignatureNonceUsed");
        assert_eq!(verdict(&gateway, with(v1, |r| r.nonce = "n-2".into())), "200");
    }
}

#[test]
fn too_many_requests_are_refused_before_their_signature_is_looked_at() {
    let limits = |address: u32, key: u32| Limits {
        address_rate: Some(Rate { per_second: 1, burst: address }),
        key_rate: Some(Rate { per_second: 1, burst: key }),
        ..Limits::default()
    };
    let forged = || with(false, |r| r.secret = "guess");
    let another = |n: u32| with(false, |r| r.nonce = format!("another-{n}"));
    let user = Gateway::new(Echo::default(), limits(100, 2));
    assert_eq!([1, 2].map(|n| verdict(&user, another(n))), ["200", "200"]);
    let far = |incoming: Incoming| Incoming { peer: "198.51.100.9".parse().expect("an address"), ..incoming };
    assert_eq!(verdict(&user, far(forged())), "400 Throttling.User", "before its signature is looked at");
    assert_eq!(
        verdict(&user, far(another(3))),
        "400 Throttling.User",
        "a rate of the key, not of one address"
    );
    let address = Gateway::new(Echo::default(), limits(2, 100));
    for expected in ["404 InvalidApi.NotFound", "400 SignatureDoesNotMatch", "400 Throttling"] {
        let path = if expected.starts_with("404") { "/x" } else { "/" };
        assert_eq!(verdict(&address, Incoming { path: path.into(), ..forged() }), expected);
    }
    let elsewhere = Incoming { peer: "192.0.2.8".parse().expect("an address"), ..good(false).signed() };
    assert_eq!(verdict(&address, elsewhere), "200");
    let response = crate::support::ready(address.handle(forged()));
    assert_eq!(response.headers()["x-acs-retry-after"], "1000");
    assert_eq!(verdict(&address, Incoming { now: NOW + 1, ..with(true, |r| r.nonce = "n-2".into()) }), "200");
}

#[test]
fn nobody_but_its_holder_uses_up_the_rate_of_a_key() {
    let key_rate = Some(Rate { per_second: 1, burst: 3 });
    let from = |n: u8, incoming: Incoming| Incoming {
        peer: std::net::Ipv4Addr::new(198, 51, 100, n).into(),
        ..incoming
    };
    for v1 in [true, false] {
        let gateway = Gateway::new(Echo::default(), Limits { key_rate, ..Limits::default() });
        let captured = with(v1, |r| r.nonce = "captured".into());
        assert_eq!(verdict(&gateway, copy(&captured)), "200");
        for stranger in 0..20 {
            let forged = || from(stranger, with(v1, |r| r.secret = "guess"));
            let expected = if stranger < 10 { "400 SignatureDoesNotMatch" } else { "400 SignatureNonceUsed" };
            for _ in 0..3 {
                let sent = if stranger < 10 { forged() } else { from(stranger, copy(&captured)) };
                assert_eq!(verdict(&gateway, sent), expected);
            }
            assert_eq!(verdict(&gateway, forged()), "400 Throttling.User", "one address is held back");
        }
        let own = |n: u8| verdict(&gateway, with(v1, |r| r.nonce = n.to_string()));
        assert_eq!([1, 2, 3].map(own), ["200", "200", "400 Throttling.User"], "the rest of its own three");
    }
}

#[test]
fn what_was_signed_before_the_start_is_refused() {
    for v1 in [true, false] {
        let gateway = gateway().refusing_signed_before(NOW - 5);
        let sent = |at: i64| verdict(&gateway, with(v1, |r| (r.at, r.nonce) = (at, at.to_string())));
        assert_eq!(sent(NOW - 6), "400 InvalidTimeStamp.Expired");
        assert_eq!(sent(NOW - 5), "200");
        let (_, body) = send(&gateway, with(v1, |r| r.at = NOW - 60));
        assert!(
            body.contains("is expired: the server started after it was signed, sign the request again."),
            "{body}"
        );
    }
}

#[test]
fn a_full_memory_of_nonces_throttles_rather_than_forgets() {
    let gateway = Gateway::new(Echo::default(), Limits { max_nonces_per_key: 1, ..Limits::default() });
    assert_eq!(verdict(&gateway, good(false).signed()), "200");
    let response = crate::support::ready(gateway.handle(with(false, |r| r.nonce = "n-2".into())));
    assert!(text(&response).contains(r#""Code":"Throttling""#));
    assert!(response.headers().contains_key("x-acs-retry-after"));
    assert_eq!(verdict(&gateway, good(false).signed()), "400 SignatureNonceUsed");
}

#[test]
fn only_business_parameters_reach_the_service() {
    let claims = vec![
        ("RegionId".to_owned(), "cn-hangzhou".to_owned()),
        ("SourceIp".to_owned(), "10.0.0.1".to_owned()),
        ("SecureTransport".to_owned(), "true".to_owned()),
        ("SignatureType".to_owned(), String::new()),
        ("Z".to_owned(), String::new()),
        ("A".to_owned(), "1".to_owned()),
    ];
    for v1 in [true, false] {
        let (_, body) = send(&gateway(), with(v1, |r| r.params.clone_from(&claims)));
        let expected = r#""Params":{"Param":[["RegionId","cn-hangzhou"],["Z",""],["A","1"]]}"#;
        assert!(body.contains(expected), "{body}");
    }
}
