//! Calls of pages: the gateway's own answers, for whoever is signed in and nobody else.

use serde_json::json;

use crate::{
    browser::Browser,
    harness::{Center, Key},
};

#[tokio::test]
async fn a_call_is_answered_as_the_gateway_answers_it() {
    let center = Center::start().await;
    let browser = Browser::of_owner(&center).await;
    let made =
        browser.call("CreateAccessToken", json!({ "Description": "wave & 1", "Count": "5" })).await.reply();
    let direct = center.call("ListAccessTokens", &[]).await.ok();
    assert_eq!(direct["AccessTokens"]["AccessToken"][0]["AccessTokenId"], made["AccessTokenId"]);
    assert_eq!(direct["AccessTokens"]["AccessToken"][0]["Description"], "wave & 1");
    for (scheme, method) in [("V3", "POST"), ("V3", "GET"), ("V1", "POST"), ("V1", "GET")] {
        let wanted = json!({
            "Version": "2019-06-01", "Action": "ListAccessTokens", "Scheme": scheme, "Method": method,
            "Parameters": { "AccessTokenId.1": made["AccessTokenId"] },
        });
        let outcome = browser.ask(&wanted).await;
        assert_eq!(outcome.header("cache-control"), Some("no-store"));
        let text = outcome.text();
        assert_eq!(outcome.reply()["TotalCount"], 1, "{text}");
        let outcome = outcome.ok();
        assert_eq!((&outcome["Reason"], &outcome["Request"]), (&json!("OK"), &json!(null)));
        assert!(outcome["Millis"].as_f64().unwrap() > 0.0);
        let header = |name: &str| {
            let all = outcome["Headers"].as_array().unwrap();
            all.iter().find(|pair| pair[0] == name).map(|pair| pair[1].as_str().unwrap().to_owned())
        };
        assert_eq!(header("content-type").as_deref(), Some("application/json;charset=utf-8"));
        assert!(header("x-acs-request-id").is_some());
    }
    for (wanted, status, code) in [
        (json!({ "Version": "2019-06-01", "Action": "Nothing" }), 404, "InvalidAction.NotFound"),
        (json!({ "Version": "2000-01-01", "Action": "ListAccessTokens" }), 400, "InvalidVersion"),
        (
            json!({ "Version": "2019-06-01", "Action": "CreateAccessToken", "Parameters": { "Count": "x" } }),
            400,
            "InvalidParameter.Count",
        ),
    ] {
        let outcome = browser.ask(&wanted).await.ok();
        assert_eq!(outcome["Status"], status, "{outcome}");
        assert!(outcome["Body"].as_str().unwrap().contains(code), "{outcome}");
    }
    let xml = json!({
        "Version": "2019-06-01", "Action": "ListAccessTokens", "Parameters": { "Format": "XML" },
    });
    assert!(browser.ask(&xml).await.ok()["Body"].as_str().unwrap().starts_with("<?xml"));
}

#[tokio::test]
async fn a_request_can_be_looked_at_but_not_sent_again() {
    let center = Center::start().await;
    let browser = Browser::of_owner(&center).await;
    for scheme in ["V3", "V1"] {
        let wanted = json!({
            "Version": "2019-06-01", "Action": "ListAccessTokens", "Scheme": scheme, "Detail": true,
            "Parameters": { "Name": "a b" },
        });
        let outcome = browser.ask(&wanted).await;
        outcome.reply();
        let request = &outcome.ok()["Request"];
        let text = request.to_string();
        let url = request["Url"].as_str().unwrap();
        assert!(url.starts_with(&format!("http://{}/", center.running.api_address)), "{url}");
        assert_eq!(request["Body"], "Name=a%20b");
        let random = text.split(|c: char| !c.is_ascii_hexdigit()).filter(|word| word.len() == 64).count();
        if scheme == "V3" {
            let canonical = request["CanonicalRequest"].as_str().unwrap();
            assert!(
                canonical.starts_with("POST\n/\n\ncontent-type:application/x-www-form-urlencoded\nhost:")
            );
            assert!(canonical.contains("\nx-acs-security-token:***\n"), "{canonical}");
            assert!(request["StringToSign"].as_str().unwrap().starts_with("ACS3-HMAC-SHA256\n"));
            assert!(text.contains("Credential=STS.") && text.contains("Signature=***"), "{text}");
            // The payload's hash as header and in the canonical request (twice), and the hash of that.
            assert_eq!(random, 4, "{text}");
        } else {
            assert!(url.contains("&Signature=***") && url.contains("SecurityToken=***"), "{url}");
            let to_sign = request["StringToSign"].as_str().unwrap();
            assert!(to_sign.starts_with("POST&%2F&AccessKeyId%3DSTS."), "{to_sign}");
            assert!(to_sign.contains("%26SecurityToken%3D***%26"), "{to_sign}");
            assert_eq!(random, 0, "{text}");
        }
    }
}

#[tokio::test]
async fn a_user_is_told_what_is_missing_and_accounts_stay_apart() {
    let center = Center::start().await;
    let identities = center.identities().await;
    let account = identities.accounts().await.unwrap()[0].id;
    let name: ram::UserName = "mia".parse().unwrap();
    identities.create_user(account, name.clone(), String::new()).await.unwrap();
    identities.attach(account, name.clone(), "LandfallCodeIssuerAccess".parse().unwrap()).await.unwrap();
    let key = Key::from(&identities.create_key(account, Some(name)).await.unwrap());
    let browser = Browser::of_key(&center, &key).await;
    let made = browser.call("CreateAccessToken", json!({})).await.reply();
    let id = made["AccessTokenId"].clone();
    let outcome = browser.call("DeleteAccessToken", json!({ "AccessTokenId": id })).await.ok();
    assert_eq!((&outcome["Status"], &outcome["Reason"]), (&json!(403), &json!("Forbidden")));
    let body: serde_json::Value = serde_json::from_str(outcome["Body"].as_str().unwrap()).unwrap();
    assert_eq!(body["Code"], "Forbidden.Unauthorized");
    assert_eq!(body["AccessDeniedDetail"]["AuthAction"], "smc:DeleteAccessToken");
    assert_eq!(body["AccessDeniedDetail"]["AuthPrincipalDisplayName"], "mia");

    let (_, other) = identities.create_account("other").await.unwrap();
    let other = Browser::of_key(&center, &Key::from(&other)).await;
    assert_eq!(other.call("ListAccessTokens", json!({})).await.reply()["TotalCount"], 0);
    let outcome = other.call("DisableAccessToken", json!({ "AccessTokenId": id })).await.ok();
    assert_eq!(outcome["Status"], 404);
}

#[tokio::test]
async fn what_is_no_call_is_refused() {
    let center = Center::start().await;
    let browser = Browser::of_owner(&center).await;
    let csrf = [("x-landfall-csrf", browser.csrf.as_str()), ("content-type", "application/json")];
    for body in [
        "",
        "{",
        "[]",
        "{}",
        r#"{"Version":"2019-06-01"}"#,
        r#"{"Version":"2019-06-01","Action":"ListAccessTokens","Parameters":{"Count":5}}"#,
        r#"{"Version":"2019-06-01","Action":"ListAccessTokens","Parameters":["s3cr3t"]}"#,
        r#"{"Version":"2019-06-01","Action":"ListAccessTokens","Scheme":"V2"}"#,
        r#"{"Version":"2019-06-01","Action":"ListAccessTokens","Method":"DELETE"}"#,
        r#"{"Version":"2019-06-01","Action":"ListAccessTokens","Url":"http://evil.example"}"#,
    ] {
        let seen = browser.send("POST", "/console/call", &csrf, body).await;
        assert_eq!(seen.refused(), (400, "MalformedRequest".to_owned()), "{body}");
        assert!(!seen.text().contains("s3cr3t"));
    }
    let large = json!({ "Version": "x".repeat(2 << 20), "Action": "x" }).to_string();
    assert_eq!(
        browser.send("POST", "/console/call", &csrf, &large).await.refused(),
        (413, "RequestBodyTooLarge".to_owned())
    );
    let unsignable = json!({ "Version": "2019-06-01", "Action": "a\r\nx-acs-date: 1" });
    assert_eq!(browser.ask(&unsignable).await.refused(), (400, "CannotSign".to_owned()));
    let endless = json!({
        "Version": "2019-06-01", "Action": "ListAccessTokens", "Method": "GET",
        "Parameters": { "Name": "x".repeat(100_000) },
    });
    let seen = browser.ask(&endless).await;
    assert!(seen.status == 400 || seen.ok()["Status"].as_u64().unwrap() >= 400, "{}", seen.text());
    assert_eq!(browser.get("/console/call").await.refused().0, 405);
}

#[tokio::test]
async fn a_large_form_goes_through_the_pipe() {
    let center = Center::start().await;
    let browser = Browser::of_owner(&center).await;
    let wanted = json!({
        "Version": "2019-06-01", "Action": "CreateAccessToken",
        "Parameters": { "Description": "长".repeat(70_000) },
    });
    let outcome = browser.ask(&wanted).await.ok();
    assert_eq!(outcome["Status"], 400);
    assert!(outcome["Body"].as_str().unwrap().contains("InvalidParameter.Description"), "{outcome}");
}
