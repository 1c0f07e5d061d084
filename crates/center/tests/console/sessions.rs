//! How sessions end, and that nobody else can use one.

use std::sync::Arc;

use center::{clock::SystemClock, console::Settings};
use ram::KeyStatus;
use serde_json::json;

use crate::{
    browser::{Browser, center_with, token},
    harness::{Center, Key},
};

fn signed_out() -> (u16, String) {
    (401, "SessionRequired".to_owned())
}

#[tokio::test]
async fn a_session_ends_half_an_hour_after_its_last_use() {
    let clock = Arc::new(SystemClock::default());
    let center = center_with(Settings { clock: clock.clone(), ..Settings::default() }).await;
    let browser = Browser::of_owner(&center).await;
    clock.advance(29 * 60);
    browser.call("ListAccessTokens", json!({})).await.reply();
    clock.advance(29 * 60);
    let background = json!({ "Version": "2019-06-01", "Action": "ListAccessTokens", "Background": true });
    browser.ask(&background).await.reply();
    clock.advance(60);
    assert_eq!(browser.ask(&background).await.refused(), signed_out(), "what goes on by itself is no use");
    assert_eq!(browser.get("/console/session").await.refused(), signed_out());
}

#[tokio::test]
async fn a_session_ends_after_twelve_hours_of_use() {
    let clock = Arc::new(SystemClock::default());
    let center = center_with(Settings { clock: clock.clone(), ..Settings::default() }).await;
    let browser = Browser::of_owner(&center).await;
    for _ in 0..35 {
        clock.advance(20 * 60);
        browser.call("ListAccessTokens", json!({})).await.reply();
    }
    // A link made by a session leads to one that ends with it.
    let made = browser.call("CreateSignInLink", json!({})).await.reply();
    let mut other = Browser::new(&center);
    let session = other.sign_in(&token(made["Path"].as_str().unwrap())).await.ok();
    assert_eq!(session["ExpiresAt"], browser.get("/console/session").await.ok()["ExpiresAt"]);
    clock.advance(20 * 60);
    assert_eq!(browser.call("ListAccessTokens", json!({})).await.refused(), signed_out());
    assert_eq!(other.call("ListAccessTokens", json!({})).await.refused(), signed_out());
}

#[tokio::test]
async fn a_session_of_the_emulator_does_not_end_by_a_clock_that_is_moved() {
    let center = Center::start_emulator().await;
    let link = center.running.console_link().await.unwrap();
    let mut browser = Browser::new(&center);
    assert_eq!(browser.sign_in(&token(&link)).await.ok()["Emulator"], true);
    center.advance(400 * 86_400).await;
    browser.call("ListAccessTokens", json!({})).await.reply();
    let before = browser.get("/console/session").await.ok()["AccountId"].clone();
    center.post("/_landfall/reset", "").await.ok();
    let after = browser.get("/console/session").await.ok()["AccountId"].clone();
    assert_ne!(before, after, "a session goes with its key to the new account");
}

#[tokio::test]
async fn after_signing_out_the_cookie_is_worth_nothing() {
    let center = Center::start().await;
    let browser = Browser::of_owner(&center).await;
    let other = Browser::of_owner(&center).await;
    let seen = browser.sign_out().await;
    seen.ok();
    let cleared = seen.header("set-cookie").unwrap();
    let port = center.running.api_address.port();
    assert_eq!(
        cleared,
        format!("landfall_session_{port}=; HttpOnly; SameSite=Strict; Path=/console; Max-Age=0")
    );
    assert_eq!(browser.get("/console/session").await.refused(), signed_out());
    assert_eq!(browser.call("ListAccessTokens", json!({})).await.refused(), signed_out());
    assert_eq!(browser.sign_out().await.refused(), signed_out());
    other.call("ListAccessTokens", json!({})).await.reply();
}

#[tokio::test]
async fn a_disabled_key_ends_its_sessions_and_no_others() {
    let center = Center::start().await;
    let identities = center.identities().await;
    let account = identities.accounts().await.unwrap()[0].id;
    let key = Key::from(&identities.create_key(account, None).await.unwrap());
    let browser = Browser::of_key(&center, &key).await;
    let other = Browser::of_owner(&center).await;
    let link = center.call_as(&key, "CreateSignInLink", &[]).await.ok();
    browser.call("ListAccessTokens", json!({})).await.reply();
    identities.set_key_status(account, key.id.parse().unwrap(), KeyStatus::Inactive).await.unwrap();
    // What is known of a key may be a second old.
    let ended = async { while browser.get("/console/session").await.status == 200 {} };
    tokio::time::timeout(std::time::Duration::from_secs(30), ended).await.unwrap();
    assert_eq!(browser.call("ListAccessTokens", json!({})).await.refused(), signed_out());
    let by_link = Browser::new(&center).sign_in(&token(link["Path"].as_str().unwrap())).await;
    assert_eq!(by_link.refused(), (401, "SignIn.LinkInvalid".to_owned()));
    identities.set_key_status(account, key.id.parse().unwrap(), KeyStatus::Active).await.unwrap();
    assert_eq!(browser.get("/console/session").await.refused(), signed_out(), "ended is ended");
    other.call("ListAccessTokens", json!({})).await.reply();
}

#[tokio::test]
async fn a_deleted_user_is_signed_out() {
    let center = Center::start().await;
    let identities = center.identities().await;
    let account = identities.accounts().await.unwrap()[0].id;
    let name: ram::UserName = "mia".parse().unwrap();
    identities.create_user(account, name.clone(), String::new()).await.unwrap();
    let key = Key::from(&identities.create_key(account, Some(name.clone())).await.unwrap());
    let browser = Browser::of_key(&center, &key).await;
    identities.delete_user(account, name).await.unwrap();
    let ended = async { while browser.get("/console/session").await.status == 200 {} };
    tokio::time::timeout(std::time::Duration::from_secs(30), ended).await.unwrap();
    assert_eq!(browser.get("/console/session").await.refused(), signed_out());
}

#[tokio::test]
async fn a_cookie_alone_changes_nothing() {
    let center = Center::start().await;
    let browser = Browser::of_owner(&center).await;
    let other = Browser::of_owner(&center).await;
    let wanted = json!({ "Version": "2019-06-01", "Action": "CreateAccessToken" }).to_string();
    let good = ("x-landfall-csrf", browser.csrf.as_str());
    for headers in [
        vec![],
        vec![("x-landfall-csrf", "0")],
        vec![("x-landfall-csrf", other.csrf.as_str())],
        vec![good, ("origin", "http://evil.example")],
        vec![good, ("origin", "null")],
        vec![good, ("sec-fetch-site", "cross-site")],
        vec![good, ("sec-fetch-site", "same-site"), ("origin", "")],
    ] {
        for (method, path, body) in
            [("POST", "/console/call", wanted.as_str()), ("DELETE", "/console/session", "")]
        {
            let seen = browser.send(method, path, &headers, body).await;
            assert_eq!(seen.refused(), (403, "Csrf".to_owned()), "{method} {path} {headers:?}");
        }
    }
    for kind in ["text/plain", "application/x-www-form-urlencoded", ""] {
        let seen = browser.send("POST", "/console/call", &[good, ("content-type", kind)], &wanted).await;
        assert_eq!(seen.refused(), (415, "UnsupportedMediaType".to_owned()), "{kind}");
    }
    for cookie in ["", "landfall_session=1", &browser.cookie[..browser.cookie.len() - 1]] {
        let seen = browser.send("POST", "/console/call", &[good, ("cookie", cookie)], &wanted).await;
        assert_eq!(seen.refused(), signed_out(), "{cookie}");
    }
    assert_eq!(browser.call("ListAccessTokens", json!({})).await.reply()["TotalCount"], 0);
    let seen = browser.send("OPTIONS", "/console/call", &[("origin", "http://evil.example")], "").await;
    assert_eq!(seen.status, 405);
    assert!(seen.headers.keys().all(|name| !name.as_str().starts_with("access-control-")));
}
