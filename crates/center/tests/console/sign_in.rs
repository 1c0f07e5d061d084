//! Who gets in, and who does not.

use std::sync::Arc;

use center::{clock::SystemClock, console::Settings};
use ram::KeyStatus;
use serde_json::{Value, json};

use crate::{
    browser::{Browser, center_with, pair, token},
    harness::{Center, Key},
};

async fn events(center: &Center) -> Vec<(String, String, String)> {
    let body = center.call("ListAuditEvents", &[]).await.ok();
    let text = |event: &Value, name: &str| event[name].as_str().unwrap_or_default().to_owned();
    let all = body["AuditEvents"]["AuditEvent"].as_array().unwrap();
    all.iter().map(|e| (text(e, "Event"), text(e, "Actor"), text(e, "Detail"))).collect()
}

#[tokio::test]
async fn a_key_pair_signs_in_and_is_in_the_trail() {
    let center = Center::start().await;
    let mut browser = Browser::new(&center);
    assert_eq!(browser.get("/console/session").await.refused(), (401, "SessionRequired".to_owned()));
    let seen = browser.sign_in(&pair(&center.key)).await;
    let session = seen.ok();
    let account = session["AccountId"].as_str().unwrap();
    assert_eq!(session["Principal"], format!("acs:ram::{account}:root"));
    assert_eq!(
        (&session["Owner"], &session["UserName"], &session["Emulator"], &session["IdleSeconds"]),
        (&json!(true), &Value::Null, &json!(false), &json!(1800))
    );
    assert_eq!(session["Version"], env!("CARGO_PKG_VERSION"));
    assert!(session["ExpiresAt"].as_str().unwrap().ends_with('Z'));

    let port = center.running.api_address.port();
    let cookie = seen.header("set-cookie").unwrap();
    let (value, attributes) = cookie.split_once(';').unwrap();
    assert_eq!(attributes, " HttpOnly; SameSite=Strict; Path=/console");
    let value = value.strip_prefix(&format!("landfall_session_{port}=")).unwrap();
    assert_eq!(value.len(), 64);
    assert!(!seen.text().contains(value), "what the cookie holds is no page's business");
    assert_eq!(browser.get("/console/session").await.ok(), session);

    browser.sign_out().await.ok();
    let trail = events(&center).await;
    let root = format!("acs:ram::{account}:root");
    assert_eq!(trail[0], ("session.ended".to_owned(), root.clone(), String::new()));
    assert_eq!(trail[1], ("session.began".to_owned(), root, format!("AccessKey {}", center.key.id)));
}

#[tokio::test]
async fn whoever_guesses_is_told_the_same_and_slowed_down() {
    let center = Center::start().await;
    let identities = center.identities().await;
    let account = identities.accounts().await.unwrap()[0].id;
    let disabled = Key::from(&identities.create_key(account, None).await.unwrap());
    let id = disabled.id.parse().unwrap();
    identities.set_key_status(account, id, KeyStatus::Inactive).await.unwrap();
    let mut browser = Browser::new(&center);
    let mut told = Vec::new();
    for (id, secret) in [
        (center.key.id.as_str(), "wrong"),
        (&center.key.id, ""),
        (&center.key.id, &center.key.secret[1..]),
        ("LTAIunknown", &center.key.secret),
        ("not an id!", "x"),
        ("", ""),
        (&disabled.id, &disabled.secret),
    ] {
        let seen = browser.sign_in(&json!({ "AccessKeyId": id, "AccessKeySecret": secret })).await;
        assert_eq!(seen.refused(), (401, "SignIn.Failed".to_owned()), "{id}");
        assert_eq!(seen.header("set-cookie"), None);
        told.push(seen.text());
    }
    told.dedup();
    assert_eq!(told.len(), 1, "{told:?}");
    let refusals = events(&center).await;
    let refusals: Vec<_> = refusals.iter().filter(|(event, ..)| event == "session.refused").collect();
    assert_eq!(refusals.len(), 4, "only of keys that exist: {refusals:?}");
    assert_eq!(refusals[0].2, "SignIn.Failed: key disabled");
    assert_eq!(refusals[1].2, "SignIn.Failed: wrong secret");
    assert!(refusals.iter().all(|(_, actor, _)| actor == "unknown"));

    for _ in told.len() + 6..20 {
        browser.sign_in(&json!({ "AccessKeyId": center.key.id, "AccessKeySecret": "wrong" })).await.refused();
    }
    let seen = browser.sign_in(&pair(&center.key)).await;
    assert_eq!(seen.refused(), (429, "Throttling".to_owned()), "even with the right secret");
    let wait: i64 = seen.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait));
    let refusals = events(&center).await.iter().filter(|(event, ..)| event == "session.refused").count();
    assert_eq!(refusals, 5, "the trail is not filled by whoever guesses");
}

#[tokio::test]
async fn a_link_signs_in_once_and_within_half_an_hour() {
    let clock = Arc::new(SystemClock::default());
    let center = center_with(Settings { clock: clock.clone(), ..Settings::default() }).await;
    let link = center.running.console_link().await.unwrap();
    let mut browser = Browser::new(&center);
    let session = browser.sign_in(&token(&link)).await.ok();
    assert_eq!(session["Owner"], true);
    browser.call("ListAccessTokens", json!({})).await.reply();
    assert_eq!(events(&center).await[0].2, "link");
    let again = Browser::new(&center).sign_in(&token(&link)).await;
    assert_eq!(again.refused(), (401, "SignIn.LinkInvalid".to_owned()));

    let link = center.running.console_link().await.unwrap();
    clock.advance(29 * 60);
    Browser::new(&center).sign_in(&token(&link)).await.ok();
    let link = center.running.console_link().await.unwrap();
    clock.advance(30 * 60);
    let late = Browser::new(&center).sign_in(&token(&link)).await;
    assert_eq!(late.refused(), (401, "SignIn.LinkInvalid".to_owned()));
    let made_up = Browser::new(&center).sign_in(&json!({ "Token": "0".repeat(64) })).await;
    assert_eq!(made_up.refused(), (401, "SignIn.LinkInvalid".to_owned()));
}

#[tokio::test]
async fn a_link_made_by_a_call_signs_in_who_made_it() {
    let center = Center::start().await;
    let identities = center.identities().await;
    let account = identities.accounts().await.unwrap()[0].id;
    let name: ram::UserName = "mia".parse().unwrap();
    identities.create_user(account, name.clone(), String::new()).await.unwrap();
    let key = Key::from(&identities.create_key(account, Some(name.clone())).await.unwrap());
    let denied = center.call_as(&key, "CreateSignInLink", &[]).await;
    assert_eq!(denied.refused(), (403, "Forbidden.Unauthorized"));

    let policy = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"landfall:CreateSignInLink","Resource":"*"}]}"#;
    let policy_name: ram::PolicyName = "link".parse().unwrap();
    identities.put_policy(account, policy_name.clone(), policy.to_owned(), String::new()).await.unwrap();
    identities.attach(account, name, policy_name).await.unwrap();
    tokio::time::timeout(std::time::Duration::from_secs(30), async {
        // What is known of a key may be a second old.
        while center.call_as(&key, "CreateSignInLink", &[]).await.status != 200 {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
    let made = center.call_as(&key, "CreateSignInLink", &[]).await.ok();
    assert_eq!(made["ExpiresInSeconds"], 1800);
    let mut browser = Browser::new(&center);
    let session = browser.sign_in(&token(made["Path"].as_str().unwrap())).await.ok();
    assert_eq!((&session["Owner"], &session["UserName"]), (&json!(false), &json!("mia")));
    let outcome = browser.call("ListAccessTokens", json!({})).await.ok();
    assert_eq!(outcome["Status"], 403);
}

#[tokio::test]
async fn what_is_no_sign_in_is_refused_without_repeating_it() {
    let center = Center::start().await;
    let browser = Browser::new(&center);
    for body in [
        "",
        "{",
        "[]",
        "null",
        "\u{0}",
        r#"{"Token":1}"#,
        r#"{"Token":null}"#,
        r#"{"AccessKeyId":"s3cr3t"}"#,
        r#"{"AccessKeySecret":"s3cr3t"}"#,
        r#"{"Token":"s3cr3t","Extra":1}"#,
        r#"{"AccessKeyId":{"s3cr3t":1},"AccessKeySecret":"s3cr3t"}"#,
    ] {
        let json = [("content-type", "application/json")];
        let seen = browser.send("POST", "/console/session", &json, body).await;
        assert_eq!(seen.refused(), (400, "MalformedRequest".to_owned()), "{body}");
        assert!(!seen.text().contains("s3cr3t"));
    }
    let large = json!({ "Token": "x".repeat(5_000) }).to_string();
    let seen = browser.send("POST", "/console/session", &[], &large).await;
    assert_eq!(seen.refused(), (413, "RequestBodyTooLarge".to_owned()));
    let body = pair(&center.key).to_string();
    for kind in ["text/plain", "application/x-www-form-urlencoded", ""] {
        let seen = browser.send("POST", "/console/session", &[("content-type", kind)], &body).await;
        assert_eq!(seen.refused(), (415, "UnsupportedMediaType".to_owned()), "{kind}");
    }
    for headers in [
        [("origin", "http://evil.example"), ("sec-fetch-site", "")],
        [("origin", ""), ("sec-fetch-site", "cross-site")],
        [("origin", "null"), ("sec-fetch-site", "")],
    ] {
        let seen = browser.send("POST", "/console/session", &headers, &body).await;
        assert_eq!(seen.refused(), (403, "Csrf".to_owned()), "{headers:?}");
    }
    let seen = browser.send("PUT", "/console/session", &[], "").await;
    assert_eq!((seen.refused().0, seen.header("allow")), (405, Some("GET, POST, DELETE")));
}
