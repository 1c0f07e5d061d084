//! Users, AccessKeys and policies through the gateway.

use serde_json::Value;

use crate::harness::{Center, Key};

const ANYTHING: &str = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

/// Makes a user with policies and a key, all through the API.
pub(crate) async fn user(center: &Center, name: &str, policies: &[&str]) -> Key {
    center.call("CreateUser", &[("UserName", name)]).await.ok();
    for policy in policies {
        center.call("AttachPolicyToUser", &[("UserName", name), ("PolicyName", policy)]).await.ok();
    }
    key_of(&center.call("CreateAccessKey", &[("UserName", name)]).await.ok())
}

fn key_of(body: &Value) -> Key {
    let text = |name: &str| body[name].as_str().unwrap().to_owned();
    Key { id: text("AccessKeyId"), secret: text("AccessKeySecret") }
}

fn names<'a>(list: &'a Value, member: &str) -> Vec<&'a str> {
    list.as_array().unwrap().iter().map(|entry| entry[member].as_str().unwrap_or("-")).collect()
}

#[tokio::test]
async fn a_user_is_made_given_rights_and_taken_away() {
    let center = Center::start().await;
    let made = center.call("CreateUser", &[("UserName", "mia"), ("Comments", "Night shift")]).await.ok();
    assert!(made["Arn"].as_str().unwrap().ends_with(":user/mia"));
    let again = center.call("CreateUser", &[("UserName", "mia")]).await;
    assert_eq!(again.refused(), (409, "EntityAlreadyExists.User"));

    let key = key_of(&center.call("CreateAccessKey", &[("UserName", "mia")]).await.ok());
    assert_eq!(center.call_as(&key, "ListAccessTokens", &[]).await.refused().0, 403);
    let attached = [("UserName", "mia"), ("PolicyName", "LandfallReadOnlyAccess")];
    center.call("AttachPolicyToUser", &attached).await.ok();
    center.call_as(&key, "ListAccessTokens", &[]).await.ok();

    let users = center.call("ListUsers", &[]).await.ok();
    let shown = &users["Users"]["User"][0];
    assert_eq!((&shown["UserName"], &shown["Comments"]), (&"mia".into(), &"Night shift".into()));
    assert_eq!((&shown["AccessKeyCount"], &shown["PolicyCount"]), (&1.into(), &1.into()));
    let policies = center.call("ListPoliciesForUser", &[("UserName", "mia")]).await.ok();
    assert_eq!(names(&policies["Policies"]["Policy"], "PolicyName"), ["LandfallReadOnlyAccess"]);

    center.call("DetachPolicyFromUser", &attached).await.ok();
    assert_eq!(center.call_as(&key, "ListAccessTokens", &[]).await.refused().0, 403);
    let gone = center.call("DetachPolicyFromUser", &attached).await;
    assert_eq!(gone.refused(), (404, "EntityNotExist.User.Policy"));
    center.call("DeleteUser", &[("UserName", "mia")]).await.ok();
    assert_eq!(
        center.call_as(&key, "ListAccessTokens", &[]).await.refused().1,
        "InvalidAccessKeyId.NotFound"
    );
    let absent = center.call("DeleteUser", &[("UserName", "mia")]).await;
    assert_eq!(absent.refused(), (404, "EntityNotExist.User"));
}

#[tokio::test]
async fn a_key_is_switched_and_its_secret_is_told_once() {
    let center = Center::start().await;
    let key = user(&center, "mia", &["LandfallReadOnlyAccess"]).await;
    let second = center.call("CreateAccessKey", &[("UserName", "mia")]).await.ok();
    let third = center.call("CreateAccessKey", &[("UserName", "mia")]).await;
    assert_eq!(third.refused(), (409, "LimitExceeded.User.AccessKey"));

    let status = |status| [("UserAccessKeyId", key.id.as_str()), ("Status", status)];
    center.call("UpdateAccessKey", &status("Inactive")).await.ok();
    let refused = center.call_as(&key, "ListAccessTokens", &[]).await;
    assert_eq!(refused.refused().1, "InvalidAccessKeyId.Inactive");
    center.call("UpdateAccessKey", &status("Active")).await.ok();
    center.call_as(&key, "ListAccessTokens", &[]).await.ok();

    for params in [&[][..], &[("UserName", "mia")]] {
        let listed = center.call("ListAccessKeys", params).await.ok().to_string();
        assert!(listed.contains(&key.id), "{listed}");
        for secret in [&key.secret, second["AccessKeySecret"].as_str().unwrap()] {
            assert!(!listed.contains(secret), "a secret is listed");
        }
    }
    center.call("DeleteAccessKey", &[("UserAccessKeyId", &key.id)]).await.ok();
    let gone = center.call("DeleteAccessKey", &[("UserAccessKeyId", &key.id)]).await;
    assert_eq!(gone.refused(), (404, "EntityNotExist.AccessKey"));
}

#[tokio::test]
async fn nobody_takes_away_what_the_call_is_signed_with() {
    let center = Center::start().await;
    let own = center.key.id.as_str();
    let refused = center.call("DeleteAccessKey", &[("UserAccessKeyId", own)]).await;
    assert_eq!(refused.refused(), (409, "OperationConflict.SigningKey"));
    let refused = center.call("UpdateAccessKey", &[("UserAccessKeyId", own), ("Status", "Inactive")]).await;
    assert_eq!(refused.refused(), (409, "OperationConflict.SigningKey"));

    let admin = user(&center, "admin", &["LandfallAdministratorAccess"]).await;
    let refused = center.call_as(&admin, "DeleteUser", &[("UserName", "admin")]).await;
    assert_eq!(refused.refused(), (409, "OperationConflict.SigningKey"));
    let refused = center.call_as(&admin, "DeleteAccessKey", &[("UserAccessKeyId", &admin.id)]).await;
    assert_eq!(refused.refused(), (409, "OperationConflict.SigningKey"));

    // A second key of the owner may delete the first, after which it is the only one.
    let second = key_of(&center.call("CreateAccessKey", &[]).await.ok());
    center.call_as(&second, "DeleteAccessKey", &[("UserAccessKeyId", own)]).await.ok();
    let listed = center.call_as(&second, "ListAccessKeys", &[]).await.ok();
    assert_eq!(names(&listed["AccessKeys"]["AccessKey"], "UserName"), ["-", "admin"]);
    assert_eq!(listed["AccessKeys"]["AccessKey"][0]["Signing"], true);
}

#[tokio::test]
async fn a_user_cannot_reach_for_the_owner() {
    let center = Center::start().await;
    let admin = user(&center, "admin", &["LandfallAdministratorAccess"]).await;
    let owners = center.key.id.as_str();
    for (action, params) in [
        ("DeleteAccessKey", &[("UserAccessKeyId", owners)][..]),
        ("UpdateAccessKey", &[("UserAccessKeyId", owners), ("Status", "Inactive")]),
        ("UpdateAccessKey", &[("UserAccessKeyId", owners), ("Status", "Active")]),
    ] {
        let refused = center.call_as(&admin, action, params).await;
        assert_eq!(refused.refused(), (403, "Forbidden.OwnerAccessKey"), "{action} {params:?}");
    }
    let made = center.call_as(&admin, "CreateAccessKey", &[]).await.ok();
    assert_eq!(made["UserName"], "admin", "a key without a user's name is the caller's own");
}

#[tokio::test]
async fn rights_on_identities_are_not_part_of_full_access() {
    let center = Center::start().await;
    let full = user(&center, "full", &["LandfallFullAccess"]).await;
    let reader = user(&center, "reader", &["LandfallReadOnlyAccess"]).await;
    for key in [&full, &reader] {
        for action in ["ListUsers", "ListAccessKeys", "ListPolicies"] {
            center.call_as(key, action, &[]).await.ok();
        }
        for (action, params) in [
            ("CreateUser", &[("UserName", "x")][..]),
            ("CreateAccessKey", &[]),
            ("DeleteUser", &[("UserName", "reader")]),
            ("CreatePolicy", &[("PolicyName", "x"), ("PolicyDocument", ANYTHING)]),
            ("UpdatePolicy", &[("PolicyName", "x"), ("PolicyDocument", ANYTHING)]),
            ("AttachPolicyToUser", &[("UserName", "full"), ("PolicyName", "LandfallAdministratorAccess")]),
        ] {
            let refused = center.call_as(key, action, params).await;
            assert_eq!(refused.refused(), (403, "Forbidden.Unauthorized"), "{action}");
        }
    }
}

#[tokio::test]
async fn attaching_can_be_limited_to_named_policies() {
    let center = Center::start().await;
    let document = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"landfall:AttachPolicyToUser","Resource":
        ["acs:landfall:*:*:user/*","acs:landfall:*:*:policy/LandfallReadOnlyAccess"]}]}"#;
    center.call("CreatePolicy", &[("PolicyName", "lend"), ("PolicyDocument", document)]).await.ok();
    let key = user(&center, "desk", &["lend"]).await;
    let attach = |policy| [("UserName", "desk"), ("PolicyName", policy)];
    center.call_as(&key, "AttachPolicyToUser", &attach("LandfallReadOnlyAccess")).await.ok();
    let refused = center.call_as(&key, "AttachPolicyToUser", &attach("LandfallAdministratorAccess")).await;
    assert_eq!(refused.refused(), (403, "Forbidden.Unauthorized"));
}

#[tokio::test]
async fn a_policy_is_written_once_changed_and_kept_while_somebody_has_it() {
    let center = Center::start().await;
    let put = [("PolicyName", "lab"), ("PolicyDocument", ANYTHING), ("Description", "the lab")];
    center.call("CreatePolicy", &put).await.ok();
    assert_eq!(center.call("CreatePolicy", &put).await.refused(), (409, "EntityAlreadyExists.Policy"));
    user(&center, "mia", &["lab"]).await;

    let other = r#"{"Version":"1","Statement":{"Effect":"Deny","Action":"smc:*","Resource":"*"}}"#;
    center.call("UpdatePolicy", &[("PolicyName", "lab"), ("PolicyDocument", other)]).await.ok();
    let shown = center.call("GetPolicy", &[("PolicyName", "lab")]).await.ok();
    assert_eq!((&shown["PolicyDocument"], &shown["Description"]), (&other.into(), &"the lab".into()));
    assert_eq!(shown["AttachedUsers"]["UserName"][0], "mia");
    let conflict = center.call("DeletePolicy", &[("PolicyName", "lab")]).await;
    assert_eq!(conflict.refused(), (409, "DeleteConflict.Policy.User"));
    assert!(conflict.body["Message"].as_str().unwrap().contains("mia"));

    for (action, name, document, code) in [
        ("CreatePolicy", "LandfallFullAccess", ANYTHING, "OperationConflict.SystemPolicy"),
        ("UpdatePolicy", "none", ANYTHING, "EntityNotExist.Policy"),
        ("CreatePolicy", "bad", "not json", "MalformedPolicyDocument"),
        ("CreatePolicy", "bad", r#"{"Version":"2","Statement":[]}"#, "MalformedPolicyDocument"),
        ("CreatePolicy", "a b", ANYTHING, "InvalidParameter.PolicyName"),
    ] {
        let refused = center.call(action, &[("PolicyName", name), ("PolicyDocument", document)]).await;
        assert_eq!(refused.refused().1, code, "{action} {name} {document}: {}", refused.body);
    }
    let listed = center.call("ListPolicies", &[("PageSize", "3")]).await.ok();
    assert_eq!(listed["TotalCount"], 5);
    let rest = center.call("ListPolicies", &[("PageSize", "3"), ("PageNumber", "2")]).await.ok();
    assert_eq!(names(&rest["Policies"]["Policy"], "PolicyName"), ["LandfallCodeIssuerAccess", "lab"]);
}

#[tokio::test]
async fn changes_are_in_the_audit_trail_and_secrets_are_not() {
    let center = Center::start().await;
    let key = user(&center, "mia", &["LandfallReadOnlyAccess"]).await;
    center.identities().await.delete_user(account(&center).await, "mia".parse().unwrap()).await.unwrap();
    let trail = center.call("ListAuditEvents", &[]).await.ok();
    let events = &trail["AuditEvents"]["AuditEvent"];
    let expected = ["user.deleted", "key.created", "policy.attached", "user.created"];
    assert_eq!(names(events, "Event"), expected);
    assert_eq!(events[0]["Actor"], "operator");
    assert!(events[1]["Actor"].as_str().unwrap().ends_with(":root"), "{}", events[1]);
    assert_eq!((&events[1]["ResourceId"], &events[1]["Detail"]), (&key.id.as_str().into(), &"mia".into()));
    assert!(!trail.to_string().contains(&key.secret));

    let by = |actor| [("Actor", actor)];
    let operators = center.call("ListAuditEvents", &by("operator")).await.ok();
    assert_eq!(names(&operators["AuditEvents"]["AuditEvent"], "Event"), ["user.deleted"]);
    let nobodys = center.call("ListAuditEvents", &by("nobody")).await.ok();
    assert_eq!(names(&nobodys["AuditEvents"]["AuditEvent"], "Event"), [""; 0]);
}

#[tokio::test]
async fn every_change_of_a_key_a_policy_or_an_account_leaves_its_line() {
    let center = Center::start().await;
    let key = user(&center, "mia", &[]).await;
    let with = |status| [("UserAccessKeyId", key.id.as_str()), ("UserName", "mia"), ("Status", status)];
    let policy = [("PolicyName", "all"), ("PolicyDocument", ANYTHING)];
    let other = ANYTHING.replace("\"*\",\"Resource\"", "\"smc:*\",\"Resource\"");
    let held = [("PolicyName", "all"), ("UserName", "mia")];
    for (action, params, event, resource, detail) in [
        ("UpdateAccessKey", &with("Inactive")[..], "key.disabled", key.id.as_str(), "mia"),
        ("UpdateAccessKey", &with("Active"), "key.enabled", &key.id, "mia"),
        ("DeleteAccessKey", &with("")[..2], "key.deleted", &key.id, "mia"),
        ("CreatePolicy", &policy, "policy.created", "all", ""),
        ("UpdatePolicy", &[policy[0], ("PolicyDocument", &other)], "policy.changed", "all", ""),
        ("AttachPolicyToUser", &held, "policy.attached", "all", "mia"),
        ("DetachPolicyFromUser", &held, "policy.detached", "all", "mia"),
        ("DeletePolicy", &policy[..1], "policy.deleted", "all", ""),
    ] {
        center.call(action, params).await.ok();
        let trail = center.call("ListAuditEvents", &[("MaxResults", "1")]).await.ok();
        let line = &trail["AuditEvents"]["AuditEvent"][0];
        let told = ["Event", "ResourceId", "Detail"].map(|member| line[member].as_str().unwrap_or_default());
        assert_eq!(told, [event, resource, detail], "{action}");
        assert!(
            line["Actor"].as_str().unwrap().ends_with(":root") && line["SourceIp"] == "127.0.0.1",
            "{line}"
        );
    }
    let (made, owner) = center.identities().await.create_account("lab").await.unwrap();
    let owner = Key::from(&owner);
    let trail = center.call_as(&owner, "ListAuditEvents", &[]).await.ok();
    let lines = &trail["AuditEvents"]["AuditEvent"];
    assert_eq!(names(lines, "Event"), ["key.created", "account.created"]);
    assert_eq!(names(lines, "ResourceId"), [owner.id.clone(), made.id.to_string()]);
    assert_eq!((names(lines, "Detail"), names(lines, "Actor")), (vec!["owner", "lab"], vec!["operator"; 2]));
}

#[tokio::test]
async fn accounts_do_not_see_each_others_identities() {
    let center = Center::start().await;
    let key = user(&center, "mia", &[]).await;
    let (_, other) = center.identities().await.create_account("other").await.unwrap();
    let other = Key::from(&other);
    assert_eq!(center.call_as(&other, "ListUsers", &[]).await.ok()["TotalCount"], 0);
    for (action, params, code) in [
        ("DeleteUser", &[("UserName", "mia")][..], "EntityNotExist.User"),
        ("DeleteAccessKey", &[("UserAccessKeyId", key.id.as_str())], "EntityNotExist.AccessKey"),
        ("SimulateAccess", &[("UserName", "mia"), ("ActionName", "smc:TagResources")], "EntityNotExist.User"),
    ] {
        assert_eq!(center.call_as(&other, action, params).await.refused(), (404, code));
    }
}

#[tokio::test]
async fn a_simulation_says_what_the_center_does_and_which_statement_decided() {
    let center = Center::start().await;
    let document = r#"{"Version":"1","Statement":[
        {"Effect":"Allow","Action":"smc:List*","Resource":"*"},
        {"Effect":"Allow","Action":"smc:DeleteSourceServer","Resource":"*",
         "Condition":{"StringEquals":{"acs:ResourceTag/env":"lab"}}},
        {"Effect":"Deny","Action":"smc:ListTagResources","Resource":"*"}]}"#;
    center.call("CreatePolicy", &[("PolicyName", "lab"), ("PolicyDocument", document)]).await.ok();
    let key = user(&center, "mia", &["lab"]).await;

    let asked = |action: &'static str| [("UserName", "mia"), ("ActionName", action)];
    let allowed = center.call("SimulateAccess", &asked("smc:ListAccessTokens")).await.ok();
    assert_eq!(allowed["Decision"], "Allow");
    assert_eq!((&allowed["DecidingPolicy"], &allowed["DecidingStatement"]), (&"lab".into(), &0.into()));
    center.call_as(&key, "ListAccessTokens", &[]).await.ok();

    let denied = center.call("SimulateAccess", &asked("smc:ListTagResources")).await.ok();
    assert_eq!((&denied["Decision"], &denied["DecidingStatement"]), (&"ExplicitDeny".into(), &2.into()));

    let without = center.call("SimulateAccess", &asked("smc:DeleteSourceServer")).await.ok();
    assert_eq!(without["Decision"], "ImplicitDeny");
    assert_eq!(
        names(&without["Statements"]["Statement"], "Outcome"),
        ["OtherAction", "ConditionNotMet", "OtherAction"]
    );
    let tagged = [
        ("UserName", "mia"),
        ("ActionName", "smc:DeleteSourceServer"),
        ("Resource", "sourceServer/s-1"),
        ("Context.1.Key", "acs:ResourceTag/env"),
        ("Context.1.Value", "lab"),
    ];
    assert_eq!(center.call("SimulateAccess", &tagged).await.ok()["Decision"], "Allow");

    // A document in place of what is attached, and beside it.
    let given = [("UserName", "mia"), ("ActionName", "smc:ListTagResources"), ("PolicyDocument", ANYTHING)];
    assert_eq!(center.call("SimulateAccess", &given).await.ok()["DecidingPolicy"], "under-test");
    let beside = [given.as_slice(), &[("WithAttached", "true")]].concat();
    assert_eq!(center.call("SimulateAccess", &beside).await.ok()["Decision"], "ExplicitDeny");

    let owner = center.call("SimulateAccess", &[("ActionName", "smc:TagResources")]).await.ok();
    assert_eq!((&owner["Decision"], &owner["Owner"]), (&"Allow".into(), &true.into()));
    for (name, value, code) in [
        ("ActionName", "smc:Nothing", "InvalidParameter.ActionName"),
        ("Resource", "a b", "InvalidParameter.Resource"),
        ("Context.1.Key", "acs:Nothing", "InvalidParameter.ContextKey"),
    ] {
        let params = [("ActionName", "smc:TagResources"), (name, value)];
        let params = if name == "ActionName" { &params[1..] } else { &params };
        assert_eq!(center.call("SimulateAccess", params).await.refused(), (400, code));
    }
}

async fn account(center: &Center) -> ram::AccountId {
    center.identities().await.accounts().await.unwrap()[0].id
}
