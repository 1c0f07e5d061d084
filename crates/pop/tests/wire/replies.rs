//! What clients parse: bodies, their types and the headers around them.

use http::Method;
use pop::sign::{self, Payload, Request};
use pop::v3::Algorithm;
use pop::{ApiError, ErrorContext, Format, Incoming, Secret, error_response};

use crate::support::{NOW, REQUEST_ID, VERSION, blank, gateway, ready, set, text};

fn signed(action: &str, format: &str) -> Incoming {
    let secret = Secret::new("testsecret");
    let mut params = vec![("Name".to_owned(), "<&\u{7}".to_owned())];
    if !format.is_empty() {
        params.push(("Format".to_owned(), format.to_owned()));
    }
    let request = Request {
        access_key_id: "testid",
        secret: &secret,
        security_token: None,
        method: &Method::POST,
        host: "center:8620",
        action,
        version: VERSION,
        params: &params,
        body: Payload::None,
        now: NOW,
        nonce: "n",
    };
    let signed = sign::v3(&request, Algorithm::HmacSha256).expect("signs");
    Incoming { query: signed.query, headers: signed.headers, ..blank(Method::POST) }
}

/// Status, content type and body of the reply.
fn reply(incoming: Incoming) -> String {
    let response = ready(gateway().handle(incoming));
    let content_type = response.headers()["content-type"].to_str().expect("text");
    format!("{} {content_type}\n{}", response.status().as_u16(), text(&response))
}

#[test]
fn success_is_json_with_the_request_id_first() {
    insta::assert_snapshot!(reply(signed("ListAccessTokens", "")), @r#"
    200 application/json;charset=utf-8
    {"RequestId":"7B2F9E0C-4D5A-4E1B-9C3D-0123456789AB","Key":"testid","Operation":"2019-06-01/ListAccessTokens","Params":{"Param":[["Name","<&\u0007"]]},"Principal":"holder of testid"}
    "#);
}

#[test]
fn success_in_xml_is_rooted_in_the_action() {
    insta::assert_snapshot!(reply(signed("ListAccessTokens", "xml")), @r#"
    200 text/xml;charset=utf-8
    <?xml version='1.0' encoding='UTF-8'?><ListAccessTokensResponse><RequestId>7B2F9E0C-4D5A-4E1B-9C3D-0123456789AB</RequestId><Key>testid</Key><Operation>2019-06-01/ListAccessTokens</Operation><Params><Param>Name</Param><Param>&lt;&amp;�</Param></Params><Principal>holder of testid</Principal></ListAccessTokensResponse>
    "#);
}

#[test]
fn every_spelling_of_the_format_is_understood() {
    for (format, json) in [("JSON", true), ("json", true), ("None", true), ("XML", false), ("Xml", false)] {
        assert_eq!(
            reply(signed("X", format)).contains("application/json;charset=utf-8\n{"),
            json,
            "{format}"
        );
        assert_eq!(reply(signed("X", format)).contains("text/xml;charset=utf-8\n<?xml"), !json, "{format}");
    }
}

#[test]
fn a_success_never_carries_a_code_of_its_own() {
    insta::assert_snapshot!(reply(signed("Misbehave", "")), @r#"
    200 application/json;charset=utf-8
    {"RequestId":"7B2F9E0C-4D5A-4E1B-9C3D-0123456789AB","Fine":1}
    "#);
}

#[test]
fn denial_says_what_was_denied() {
    insta::assert_snapshot!(reply(signed("Deny", "")), @r#"
    403 application/json;charset=utf-8
    {"RequestId":"7B2F9E0C-4D5A-4E1B-9C3D-0123456789AB","HostId":"center:8620","Code":"Forbidden.RAM","Message":"User not authorized to operate on the specified resource, or this API doesn't support RAM.","Recommend":"https://api.aliyun.com/troubleshoot?q=Forbidden.RAM&product=Smc","AccessDeniedDetail":{"AuthAction":"smc:Deny","AuthPrincipalType":"SubUser","AuthPrincipalOwnerId":"","AuthPrincipalDisplayName":"","NoPermissionType":"ImplicitDeny","PolicyType":"","EncodedDiagnosticMessage":""}}
    "#);
    insta::assert_snapshot!(reply(signed("Deny", "XML")), @r#"
    403 text/xml;charset=utf-8
    <?xml version='1.0' encoding='UTF-8'?><Error><RequestId>7B2F9E0C-4D5A-4E1B-9C3D-0123456789AB</RequestId><HostId>center:8620</HostId><Code>Forbidden.RAM</Code><Message>User not authorized to operate on the specified resource, or this API doesn't support RAM.</Message><Recommend><![CDATA[https://api.aliyun.com/troubleshoot?q=Forbidden.RAM&product=Smc]]></Recommend><AccessDeniedDetail><AuthAction>smc:Deny</AuthAction><AuthPrincipalDisplayName></AuthPrincipalDisplayName><AuthPrincipalOwnerId></AuthPrincipalOwnerId><AuthPrincipalType>SubUser</AuthPrincipalType><EncodedDiagnosticMessage></EncodedDiagnosticMessage><NoPermissionType>ImplicitDeny</NoPermissionType><PolicyType></PolicyType></AccessDeniedDetail></Error>
    "#);
}

#[test]
fn v3_mismatch_shows_what_the_server_computed() {
    let mut incoming = signed("ListAccessTokens", "");
    set(&mut incoming.headers, "host", "elsewhere");
    insta::assert_snapshot!(reply(incoming), @r#"
    400 application/json;charset=utf-8
    {"RequestId":"7B2F9E0C-4D5A-4E1B-9C3D-0123456789AB","HostId":"elsewhere","Code":"SignatureDoesNotMatch","Message":"Specified signature does not match our calculation. server StringToSign is [ACS3-HMAC-SHA256\n5c76bbf7ab66eb80f069b7a8790700e6f698e020c26048d4863ae8652dcf4146] server CanonicalRequest is [POST\n/\nName=%3C%26%07\nhost:elsewhere\nx-acs-action:ListAccessTokens\nx-acs-content-sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\nx-acs-date:2026-01-02T03:04:05Z\nx-acs-signature-nonce:n\nx-acs-version:2019-06-01\n\nhost;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version\ne3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855]","Recommend":"https://api.aliyun.com/troubleshoot?q=SignatureDoesNotMatch&product=Smc"}
    "#);
}

#[test]
fn a_body_that_is_not_the_one_hashed_is_named_as_the_cause() {
    let mut incoming = signed("ListAccessTokens", "");
    incoming.body = "x".into();
    set(&mut incoming.headers, "content-type", "application/x-www-form-urlencoded");
    let authorization = incoming.headers["authorization"].to_str().expect("text");
    let authorization = authorization.replace("SignedHeaders=", "SignedHeaders=content-type;");
    set(&mut incoming.headers, "authorization", &authorization);
    let reply = reply(incoming);
    assert!(
        reply.contains(
            "x-acs-content-sha256 is not the hash of the body: server hash of the body is \
             [2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881]"
        ),
        "{reply}"
    );
}

#[test]
fn v1_mismatch_shows_the_string_to_sign_after_its_first_colon() {
    let mut incoming = blank(Method::GET);
    incoming.query = "Action=A&Version=2019-06-01&AccessKeyId=testid&Signature=x&SignatureMethod=HMAC-SHA1\
                      &SignatureVersion=1.0&SignatureNonce=n&Timestamp=2026-01-02T03%3A04%3A05Z"
        .into();
    insta::assert_snapshot!(reply(incoming), @r#"
    400 application/json;charset=utf-8
    {"RequestId":"7B2F9E0C-4D5A-4E1B-9C3D-0123456789AB","HostId":"","Code":"SignatureDoesNotMatch","Message":"Specified signature is not matched with our calculation. server string to sign is:GET&%2F&AccessKeyId%3Dtestid%26Action%3DA%26SignatureMethod%3DHMAC-SHA1%26SignatureNonce%3Dn%26SignatureVersion%3D1.0%26Timestamp%3D2026-01-02T03%253A04%253A05Z%26Version%3D2019-06-01","Recommend":"https://api.aliyun.com/troubleshoot?q=SignatureDoesNotMatch&product=Smc"}
    "#);
}

#[test]
fn malformed_requests_are_answered_in_the_format_they_ask_for() {
    let mut incoming = blank(Method::GET);
    incoming.query = "Format=XML&Name=%e4&Name=<b>".into();
    insta::assert_snapshot!(reply(incoming), @r#"
    400 text/xml;charset=utf-8
    <?xml version='1.0' encoding='UTF-8'?><Error><RequestId>7B2F9E0C-4D5A-4E1B-9C3D-0123456789AB</RequestId><HostId></HostId><Code>InvalidParameter.Name</Code><Message>Specified parameter Name is not valid: it is not valid UTF-8.</Message><Recommend><![CDATA[https://api.aliyun.com/troubleshoot?q=InvalidParameter.Name&product=Smc]]></Recommend></Error>
    "#);
    let mut in_form = blank(Method::POST);
    set(&mut in_form.headers, "content-type", "application/x-www-form-urlencoded");
    in_form.body = "%=&Format=xml".into();
    assert!(reply(in_form).starts_with("400 text/xml;charset=utf-8\n"));
}

#[test]
fn the_http_layer_answers_in_the_same_envelope() {
    let context =
        ErrorContext { request_id: REQUEST_ID, host: "center:8620", product: "Smc", format: Format::Json };
    let shown = |error: &ApiError| {
        let response = error_response(error, &context);
        format!("{} {}", response.status().as_u16(), text(&response))
    };
    insta::assert_snapshot!(
        [
            ApiError::path_not_found(),
            ApiError::method_not_allowed(),
            ApiError::request_timeout(),
            ApiError::body_too_large(1_048_576),
            ApiError::query_too_long(65_536),
            ApiError::internal_error(),
            ApiError::not_implemented("CreateCrossZoneMigrationJob"),
            ApiError::service_unavailable(),
        ]
        .iter()
        .map(shown)
        .collect::<Vec<_>>()
        .join("\n"),
        @r#"
    404 {"RequestId":"7B2F9E0C-4D5A-4E1B-9C3D-0123456789AB","HostId":"center:8620","Code":"InvalidApi.NotFound","Message":"Specified api is not found, please check your url and method.","Recommend":"https://api.aliyun.com/troubleshoot?q=InvalidApi.NotFound&product=Smc"}
    405 {"RequestId":"7B2F9E0C-4D5A-4E1B-9C3D-0123456789AB","HostId":"center:8620","Code":"UnsupportedHTTPMethod","Message":"This http method is not supported.","Recommend":"https://api.aliyun.com/troubleshoot?q=UnsupportedHTTPMethod&product=Smc"}
    408 {"RequestId":"7B2F9E0C-4D5A-4E1B-9C3D-0123456789AB","HostId":"center:8620","Code":"RequestTimeout","Message":"The request did not arrive completely in time.","Recommend":"https://api.aliyun.com/troubleshoot?q=RequestTimeout&product=Smc"}
    413 {"RequestId":"7B2F9E0C-4D5A-4E1B-9C3D-0123456789AB","HostId":"center:8620","Code":"RequestEntityTooLarge","Message":"The request body is larger than 1048576 bytes.","Recommend":"https://api.aliyun.com/troubleshoot?q=RequestEntityTooLarge&product=Smc"}
    414 {"RequestId":"7B2F9E0C-4D5A-4E1B-9C3D-0123456789AB","HostId":"center:8620","Code":"RequestUriTooLong","Message":"The query string is longer than 65536 bytes.","Recommend":"https://api.aliyun.com/troubleshoot?q=RequestUriTooLong&product=Smc"}
    500 {"RequestId":"7B2F9E0C-4D5A-4E1B-9C3D-0123456789AB","HostId":"center:8620","Code":"InternalError","Message":"The request processing has failed due to some unknown error, exception or failure.","Recommend":"https://api.aliyun.com/troubleshoot?q=InternalError&product=Smc"}
    501 {"RequestId":"7B2F9E0C-4D5A-4E1B-9C3D-0123456789AB","HostId":"center:8620","Code":"UnsupportedOperation","Message":"CreateCrossZoneMigrationJob is not available on this server yet.","Recommend":"https://api.aliyun.com/troubleshoot?q=UnsupportedOperation&product=Smc"}
    503 {"RequestId":"7B2F9E0C-4D5A-4E1B-9C3D-0123456789AB","HostId":"center:8620","Code":"ServiceUnavailable","Message":"The request has failed due to a temporary failure of the server.","Recommend":"https://api.aliyun.com/troubleshoot?q=ServiceUnavailable&product=Smc"}
    "#
    );
}

#[test]
fn no_error_is_a_success_or_a_redirect() {
    let context = ErrorContext { request_id: "", host: "", product: "Smc", format: Format::Json };
    for (status, sent) in [(0, 500), (200, 500), (302, 500), (999, 500), (404, 404), (503, 503)] {
        let response = error_response(&ApiError::new(status, "X", "x"), &context);
        assert_eq!(response.status().as_u16(), sent);
    }
}

#[test]
fn headers_say_who_answered_what_and_keep_it_out_of_caches() {
    let response = ready(gateway().handle(signed("X", "")));
    let mut headers: Vec<_> = response
        .headers()
        .iter()
        .map(|(name, value)| format!("{name}: {}", value.to_str().expect("text")))
        .collect();
    headers.sort();
    insta::assert_snapshot!(headers.join("\n"), @r#"
    cache-control: no-store
    content-type: application/json;charset=utf-8
    x-acs-request-id: 7B2F9E0C-4D5A-4E1B-9C3D-0123456789AB
    x-acs-trace-id: 7b2f9e0c4d5a4e1b9c3d0123456789ab
    x-content-type-options: nosniff
    "#);
}
