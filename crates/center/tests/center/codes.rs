//! The life of a code, and who may see it.

use serde_json::json;

use crate::harness::Center;

#[tokio::test]
async fn a_code_is_created_listed_disabled_and_deleted() {
    let center = Center::start().await;
    let (id, code) = center.code(&[("Name", "racks"), ("Count", "3"), ("TimeToLiveInDays", "7")]).await;
    assert_eq!(code.len(), 32);

    let listed = center.call("ListAccessTokens", &[]).await.ok();
    let row = &listed["AccessTokens"]["AccessToken"][0];
    assert_eq!(row["AccessTokenId"], json!(id));
    let fields = ["Name", "Count", "RegisteredCount", "TimeToLiveInDays", "Status"]
        .map(|field| row[field].as_str().unwrap());
    assert_eq!(fields, ["racks", "3", "0", "7", "activated"]);
    assert!(!listed.to_string().contains(&code), "a listing never holds the code");
    assert_eq!((&listed["TotalCount"], &listed["PageNumber"]), (&json!(1), &json!(1)));

    for _ in 0..2 {
        center.call("DisableAccessToken", &[("AccessTokenId", &id)]).await.ok();
    }
    let disabled = center.call("ListAccessTokens", &[("Status", "unactivated")]).await.ok();
    assert_eq!(disabled["AccessTokens"]["AccessToken"][0]["Status"], "unactivated");
    center.call("DeleteAccessToken", &[("AccessTokenId", &id)]).await.ok();
    let again = center.call("DeleteAccessToken", &[("AccessTokenId", &id)]).await;
    assert_eq!(again.refused(), (404, "InvalidAccessTokenId.NotFound"));
    assert_eq!(center.call("ListAccessTokens", &[]).await.ok()["TotalCount"], 0);
}

#[tokio::test]
async fn defaults_are_the_documented_ones() {
    let center = Center::start().await;
    center.code(&[]).await;
    let listed = center.call("ListAccessTokens", &[]).await.ok();
    let row = &listed["AccessTokens"]["AccessToken"][0];
    assert_eq!((&row["Count"], &row["TimeToLiveInDays"]), (&json!("100"), &json!("30")));
}

#[tokio::test]
async fn bad_values_are_refused_by_name_and_change_nothing() {
    let center = Center::start().await;
    for (name, value) in [
        ("Count", "0"),
        ("Count", "1001"),
        ("Count", "-1"),
        ("Count", "1e2"),
        ("Count", "٣"),
        ("Count", " 5"),
        ("Count", "1000000000000000000000000000000"),
        ("TimeToLiveInDays", "91"),
        ("Name", "x"),
        ("Name", "1st"),
        ("Name", "http://x"),
        ("Name", "<b>bold</b>"),
        ("Description", "two\nlines"),
    ] {
        let answer = center.call("CreateAccessToken", &[(name, value)]).await;
        assert_eq!(answer.refused(), (400, format!("InvalidParameter.{name}").as_str()), "{name}={value}");
        assert!(answer.body["Message"].as_str().unwrap().contains(name));
    }
    assert_eq!(center.call("ListAccessTokens", &[]).await.ok()["TotalCount"], 0);
}

#[tokio::test]
async fn pages_are_honoured_when_asked_for() {
    let center = Center::start().await;
    for _ in 0..5 {
        center.code(&[]).await;
    }
    let page = center.call("ListAccessTokens", &[("PageNumber", "2"), ("PageSize", "2")]).await.ok();
    assert_eq!(page["AccessTokens"]["AccessToken"].as_array().unwrap().len(), 2);
    assert_eq!(
        (&page["TotalCount"], &page["PageNumber"], &page["PageSize"]),
        (&json!(5), &json!(2), &json!(2))
    );
    let over = center.call("ListAccessTokens", &[("PageSize", "101")]).await;
    assert_eq!(over.refused(), (400, "InvalidParameter.PageSize"));
}

#[tokio::test]
async fn the_quota_counts_codes_that_are_not_expired() {
    let directory = tempfile::tempdir().unwrap();
    let mut config = crate::harness::config(directory.path());
    config.settings.code_quota = Some(2);
    let center = Center::start_with(directory, config).await;
    let (id, _) = center.code(&[]).await;
    center.code(&[]).await;
    assert_eq!(center.call("CreateAccessToken", &[]).await.refused(), (400, "QuotaExceeded.AccessToken"));
    center.call("DeleteAccessToken", &[("AccessTokenId", &id)]).await.ok();
    center.code(&[]).await;
}

#[tokio::test]
async fn what_is_not_built_says_so() {
    let center = Center::start().await;
    let params = [("RegionId", "cn-hangzhou"), ("InstanceId", "i-bp1e2fsl57knvuugabcd")];
    let answer = center.call("CreateCrossZoneMigrationJob", &params).await;
    assert_eq!(answer.status, 501);
    let message = answer.body["Message"].as_str().unwrap();
    assert!(message.contains("CreateCrossZoneMigrationJob"), "{}", answer.body);
}
