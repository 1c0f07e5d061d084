//! Users, policies, and the wall between accounts.

use ram::{AccountId, KeyStatus, UserName};

use crate::harness::{Center, Key};

async fn user_key(center: &Center, policies: &[&str]) -> Key {
    let identities = center.identities().await;
    let account = identities.accounts().await.unwrap()[0].id;
    let name: UserName = "mia".parse().unwrap();
    identities.create_user(account, name.clone(), String::new()).await.unwrap();
    for policy in policies {
        identities.attach(account, name.clone(), policy.parse().unwrap()).await.unwrap();
    }
    Key::from(&identities.create_key(account, Some(name)).await.unwrap())
}

#[tokio::test]
async fn a_user_may_do_what_its_policies_allow_and_is_told_what_is_missing() {
    let center = Center::start().await;
    let key = user_key(&center, &["LandfallCodeIssuerAccess"]).await;
    let made = center.call_as(&key, "CreateAccessToken", &[]).await.ok();
    let id = made["AccessTokenId"].as_str().unwrap();
    center.call_as(&key, "ListAccessTokens", &[]).await.ok();

    let denied = center.call_as(&key, "DeleteAccessToken", &[("AccessTokenId", id)]).await;
    assert_eq!(denied.refused(), (403, "Forbidden.Unauthorized"));
    let detail = &denied.body["AccessDeniedDetail"];
    assert_eq!(detail["AuthAction"], "smc:DeleteAccessToken");
    assert_eq!(detail["NoPermissionType"], "ImplicitDeny");
    assert_eq!(detail["AuthPrincipalDisplayName"], "mia");
    assert_eq!(
        center.call("ListAccessTokens", &[]).await.ok()["TotalCount"],
        1,
        "a denied call changes nothing"
    );
}

#[tokio::test]
async fn a_user_without_policies_may_do_nothing() {
    let center = Center::start().await;
    let key = user_key(&center, &[]).await;
    for action in [
        "CreateAccessToken",
        "ListAccessTokens",
        "DescribeSourceServers",
        "ListAuditEvents",
        "GetAgentEndpoint",
    ] {
        assert_eq!(center.call_as(&key, action, &[]).await.refused().0, 403, "{action}");
    }
}

#[tokio::test]
async fn accounts_neither_see_nor_name_each_others_codes() {
    let center = Center::start().await;
    let (id, _) = center.code(&[]).await;
    let (_, other) = center.identities().await.create_account("other").await.unwrap();
    let other = Key::from(&other);
    assert_eq!(center.call_as(&other, "ListAccessTokens", &[]).await.ok()["TotalCount"], 0);
    for action in ["DisableAccessToken", "DeleteAccessToken", "DescribeAccessToken"] {
        let answer = center.call_as(&other, action, &[("AccessTokenId", &id)]).await;
        assert_eq!(answer.refused(), (404, "InvalidAccessTokenId.NotFound"), "{action}");
    }
    assert_eq!(center.call("ListAccessTokens", &[]).await.ok()["TotalCount"], 1);
}

#[tokio::test]
async fn a_disabled_key_signs_nothing_and_an_unknown_one_is_told() {
    let center = Center::start().await;
    let identities = center.identities().await;
    let account: AccountId = identities.accounts().await.unwrap()[0].id;
    let second = identities.create_key(account, None).await.unwrap();
    identities.set_key_status(account, second.id.clone(), KeyStatus::Inactive).await.unwrap();
    let answer = center.call_as(&Key::from(&second), "ListAccessTokens", &[]).await;
    assert_eq!(answer.refused(), (400, "InvalidAccessKeyId.Inactive"));
    let unknown = Key { id: "LTAI0123456789".into(), secret: "x".into() };
    assert_eq!(
        center.call_as(&unknown, "ListAccessTokens", &[]).await.refused(),
        (404, "InvalidAccessKeyId.NotFound")
    );
    let wrong = Key { secret: "wrong".into(), ..center.key.clone() };
    assert_eq!(
        center.call_as(&wrong, "ListAccessTokens", &[]).await.refused(),
        (400, "SignatureDoesNotMatch")
    );
}

#[tokio::test]
async fn a_holder_has_two_active_keys_at_the_most() {
    let center = Center::start().await;
    let identities = center.identities().await;
    let account = identities.accounts().await.unwrap()[0].id;
    let second = identities.create_key(account, None).await.unwrap();
    assert!(identities.create_key(account, None).await.is_err());
    identities.set_key_status(account, second.id.clone(), KeyStatus::Inactive).await.unwrap();
    identities.create_key(account, None).await.unwrap();
    assert!(identities.set_key_status(account, second.id, KeyStatus::Active).await.is_err());
}

#[tokio::test]
async fn a_policy_that_is_attached_or_built_in_stays() {
    let center = Center::start().await;
    let identities = center.identities().await;
    let account = identities.accounts().await.unwrap()[0].id;
    let document = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"smc:List*","Resource":"*"}]}"#;
    let (user, policy): (UserName, ram::PolicyName) = ("mia".parse().unwrap(), "lists".parse().unwrap());
    identities.create_user(account, user.clone(), String::new()).await.unwrap();
    identities.put_policy(account, policy.clone(), document.into(), String::new()).await.unwrap();
    assert!(identities.put_policy(account, policy.clone(), "not JSON".into(), String::new()).await.is_err());
    assert!(
        identities
            .put_policy(account, "LandfallFullAccess".parse().unwrap(), document.into(), String::new())
            .await
            .is_err()
    );
    identities.attach(account, user.clone(), policy.clone()).await.unwrap();
    assert!(identities.delete_policy(account, policy.clone()).await.is_err());
    assert!(identities.detach(account, user, policy.clone()).await.unwrap());
    identities.delete_policy(account, policy).await.unwrap();
}
