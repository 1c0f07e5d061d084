//! What people are told: the caller who is denied, and the writer of policies. And what the built-in ones give.

use ram::{AccessDeniedDetail, NamedPolicy, authorize, builtin, decide, explain};

use super::call::{Call, attached, call};

const OFFICE_HOURS: &str = r#"{"Version":"1","Statement":[
    {"Effect":"Allow","Action":"smc:*","Resource":"acs:smc:*:*:sourceServer/*","Condition":{
        "IpAddress":{"acs:SourceIp":["10.0.0.0/8","fd00::/8"]},
        "DateLessThan":{"acs:CurrentTime":"2026-01-01T00:00:00Z"}}},
    {"Effect":"Allow","Action":"smc:*","Resource":"*","Condition":{
        "StringNotLike":{"acs:RequestTag/env":"prod-*"}}},
    {"Effect":"Deny","Action":"smc:Delete*","Resource":"acs:smc:*:*:sourceServer/*","Condition":{
        "NumericGreaterThan":{"acs:RequestTag/wave":"3"}}}
]}"#;

fn told(call: &Call) -> String {
    explain(&attached(&[OFFICE_HOURS]), &call.request()).to_string()
}

#[test]
fn writers_are_told_what_each_statement_said() {
    let delete = || call("smc:DeleteSourceServer").on(&["sourceServer/s-1"]);
    insta::assert_snapshot!(told(&delete()), @"
    allowed: smc:DeleteSourceServer for acs:ram::1234567890123456:user/ci by p0 Statement[1]
      on acs:smc:cn-local:1234567890123456:sourceServer/s-1
        p0 Statement[0] Allow: needs acs:CurrentTime DateLessThan 2026-01-01T00:00:00Z; the request has 2026-01-31T08:00:00Z
        p0 Statement[1] Allow: applies
        p0 Statement[2] Deny: needs acs:RequestTag/wave NumericGreaterThan 3; the request has none
    ");
    insta::assert_snapshot!(told(&delete().giving_tags(&[("env", "prod-7"), ("wave", "2")])), @r#"
    denied: smc:DeleteSourceServer for acs:ram::1234567890123456:user/ci; nothing allows it on acs:smc:cn-local:1234567890123456:sourceServer/s-1
      on acs:smc:cn-local:1234567890123456:sourceServer/s-1
        p0 Statement[0] Allow: needs acs:CurrentTime DateLessThan 2026-01-01T00:00:00Z; the request has 2026-01-31T08:00:00Z
        p0 Statement[1] Allow: needs acs:RequestTag/env StringNotLike "prod-*"; the request has "prod-7"
        p0 Statement[2] Deny: needs acs:RequestTag/wave NumericGreaterThan 3; the request has "2"
    "#);
    insta::assert_snapshot!(told(&delete().giving_tags(&[("wave", "last")])), @r#"
    denied: smc:DeleteSourceServer for acs:ram::1234567890123456:user/ci by p0 Statement[2] on acs:smc:cn-local:1234567890123456:sourceServer/s-1
      on acs:smc:cn-local:1234567890123456:sourceServer/s-1
        p0 Statement[0] Allow: needs acs:CurrentTime DateLessThan 2026-01-01T00:00:00Z; the request has 2026-01-31T08:00:00Z
        p0 Statement[1] Allow: applies
        p0 Statement[2] Deny: applies, as it cannot be compared: acs:RequestTag/wave NumericGreaterThan 3; the request has "last"
    "#);
    insta::assert_snapshot!(told(&delete().on(&["sourceServer/s-1", "replicationJob/*"])), @"
    allowed: smc:DeleteSourceServer for acs:ram::1234567890123456:user/ci by p0 Statement[1]
      on acs:smc:cn-local:1234567890123456:sourceServer/s-1
        p0 Statement[0] Allow: needs acs:CurrentTime DateLessThan 2026-01-01T00:00:00Z; the request has 2026-01-31T08:00:00Z
        p0 Statement[1] Allow: applies
        p0 Statement[2] Deny: needs acs:RequestTag/wave NumericGreaterThan 3; the request has none
      on acs:smc:cn-local:1234567890123456:replicationJob/*
        p0 Statement[0] Allow: covers other resources
        p0 Statement[1] Allow: applies
        p0 Statement[2] Deny: covers other resources
    ");
    insta::assert_snapshot!(told(&call("landfall:GetAgentEndpoint")), @"
    denied: landfall:GetAgentEndpoint for acs:ram::1234567890123456:user/ci; nothing allows it on acs:smc:cn-local:1234567890123456:*
      on acs:smc:cn-local:1234567890123456:*
        p0 Statement[0] Allow: covers other operations
        p0 Statement[1] Allow: covers other operations
        p0 Statement[2] Deny: covers other operations
    ");
    insta::assert_snapshot!(told(&delete().by_owner()), @"allowed: smc:DeleteSourceServer for acs:ram::1234567890123456:root; policies do not limit the account's owner");
    insta::assert_snapshot!(told(&delete().on(&[])), @"denied: smc:DeleteSourceServer for acs:ram::1234567890123456:user/ci; it names no resource");
}

#[test]
fn explanations_decide_as_authorize_does() {
    for call in [call("smc:X"), call("smc:X").by_owner(), call("landfall:X"), call("smc:X").on(&[])] {
        let policies = attached(&[OFFICE_HOURS]);
        assert_eq!(explain(&policies, &call.request()).decision, authorize(&policies, &call.request()));
    }
}

fn detail(call: &Call) -> Option<String> {
    let decision = authorize(&attached(&[OFFICE_HOURS]), &call.request());
    let detail = AccessDeniedDetail::of(&decision, &call.request())?;
    let message = decoded(&detail.encoded_diagnostic_message);
    Some(format!("{}\n{message}", serde_json::to_string_pretty(&detail).unwrap()))
}

fn decoded(message: &str) -> String {
    use base64::Engine as _;
    String::from_utf8(base64::engine::general_purpose::STANDARD.decode(message).unwrap()).unwrap()
}

#[test]
fn callers_are_told_what_they_may_know() {
    let denied = call("smc:DeleteSourceServer").on(&["sourceServer/s-1"]).giving_tags(&[("wave", "4")]);
    insta::assert_snapshot!(detail(&denied).unwrap(), @r#"
    {
      "AuthAction": "smc:DeleteSourceServer",
      "AuthPrincipalDisplayName": "ci",
      "AuthPrincipalOwnerId": "1234567890123456",
      "AuthPrincipalType": "SubUser",
      "NoPermissionType": "ExplicitDeny",
      "PolicyType": "AccountLevelIdentityBasedPolicy",
      "EncodedDiagnosticMessage": "eyJBdXRoQWN0aW9uIjoic21jOkRlbGV0ZVNvdXJjZVNlcnZlciIsIkF1dGhQcmluY2lwYWwiOiJhY3M6cmFtOjoxMjM0NTY3ODkwMTIzNDU2OnVzZXIvY2kiLCJBdXRoUmVzb3VyY2UiOiJhY3M6c21jOmNuLWxvY2FsOjEyMzQ1Njc4OTAxMjM0NTY6c291cmNlU2VydmVyL3MtMSIsIkV4cGxpY2l0RGVueSI6dHJ1ZSwiTm9QZXJtaXNzaW9uUG9saWN5VHlwZSI6IkFjY291bnRMZXZlbElkZW50aXR5QmFzZWRQb2xpY3kifQ=="
    }
    {"AuthAction":"smc:DeleteSourceServer","AuthPrincipal":"acs:ram::1234567890123456:user/ci","AuthResource":"acs:smc:cn-local:1234567890123456:sourceServer/s-1","ExplicitDeny":true,"NoPermissionPolicyType":"AccountLevelIdentityBasedPolicy"}
    "#);
    insta::assert_snapshot!(detail(&call("landfall:X")).unwrap(), @r#"
    {
      "AuthAction": "landfall:X",
      "AuthPrincipalDisplayName": "ci",
      "AuthPrincipalOwnerId": "1234567890123456",
      "AuthPrincipalType": "SubUser",
      "NoPermissionType": "ImplicitDeny",
      "PolicyType": "AccountLevelIdentityBasedPolicy",
      "EncodedDiagnosticMessage": "eyJBdXRoQWN0aW9uIjoibGFuZGZhbGw6WCIsIkF1dGhQcmluY2lwYWwiOiJhY3M6cmFtOjoxMjM0NTY3ODkwMTIzNDU2OnVzZXIvY2kiLCJBdXRoUmVzb3VyY2UiOiJhY3M6c21jOmNuLWxvY2FsOjEyMzQ1Njc4OTAxMjM0NTY6KiIsIkV4cGxpY2l0RGVueSI6ZmFsc2UsIk5vUGVybWlzc2lvblBvbGljeVR5cGUiOiJBY2NvdW50TGV2ZWxJZGVudGl0eUJhc2VkUG9saWN5In0="
    }
    {"AuthAction":"landfall:X","AuthPrincipal":"acs:ram::1234567890123456:user/ci","AuthResource":"acs:smc:cn-local:1234567890123456:*","ExplicitDeny":false,"NoPermissionPolicyType":"AccountLevelIdentityBasedPolicy"}
    "#);
    let foreign = call("smc:X").by_owner().on_arn("acs:smc:cn-local:9999999999999999:sourceServer/s-1");
    insta::assert_snapshot!(detail(&foreign).unwrap(), @r#"
    {
      "AuthAction": "smc:X",
      "AuthPrincipalDisplayName": "1234567890123456",
      "AuthPrincipalOwnerId": "1234567890123456",
      "AuthPrincipalType": "Account",
      "NoPermissionType": "ImplicitDeny",
      "PolicyType": "AccountLevelIdentityBasedPolicy",
      "EncodedDiagnosticMessage": "eyJBdXRoQWN0aW9uIjoic21jOlgiLCJBdXRoUHJpbmNpcGFsIjoiYWNzOnJhbTo6MTIzNDU2Nzg5MDEyMzQ1Njpyb290IiwiQXV0aFJlc291cmNlIjoiYWNzOnNtYzpjbi1sb2NhbDo5OTk5OTk5OTk5OTk5OTk5OnNvdXJjZVNlcnZlci9zLTEiLCJFeHBsaWNpdERlbnkiOmZhbHNlLCJOb1Blcm1pc3Npb25Qb2xpY3lUeXBlIjoiQWNjb3VudExldmVsSWRlbnRpdHlCYXNlZFBvbGljeSJ9"
    }
    {"AuthAction":"smc:X","AuthPrincipal":"acs:ram::1234567890123456:root","AuthResource":"acs:smc:cn-local:9999999999999999:sourceServer/s-1","ExplicitDeny":false,"NoPermissionPolicyType":"AccountLevelIdentityBasedPolicy"}
    "#);
    assert_eq!(detail(&call("smc:X")), None);
}

#[test]
fn callers_never_learn_what_policies_say() {
    let denied = call("smc:DeleteSourceServer").on(&["sourceServer/s-1"]).giving_tags(&[("wave", "4")]);
    let everything = detail(&denied).unwrap();
    for secret in ["p0", "Statement", "10.0.0.0", "NumericGreaterThan", "wave", "smc:Delete*"] {
        assert!(!everything.contains(secret), "{secret} in {everything}");
    }
}

#[test]
fn builtin_policies_give_what_they_say() {
    const ACTIONS: [&str; 12] = [
        "smc:CreateAccessToken",
        "smc:ListAccessTokens",
        "smc:DisableAccessToken",
        "smc:DeleteAccessToken",
        "smc:DescribeSourceServers",
        "smc:DeleteSourceServer",
        "smc:ListTagResources",
        "smc:TagResources",
        "landfall:GetAgentEndpoint",
        "landfall:ListAuditEvents",
        "landfall:DeleteAuditEvents",
        "ram:CreateUser",
    ];
    let table = builtin::ALL.map(|policy| {
        let name = policy.name.parse().unwrap();
        let attached = [NamedPolicy { name, policy: policy.policy().unwrap() }];
        let allowed =
            ACTIONS.into_iter().filter(|action| decide(&attached, &call(action).request()).is_allowed());
        format!("{}: {}", policy.name, allowed.collect::<Vec<_>>().join(" "))
    });
    insta::assert_snapshot!(table.join("\n"), @"
    LandfallAdministratorAccess: smc:CreateAccessToken smc:ListAccessTokens smc:DisableAccessToken smc:DeleteAccessToken smc:DescribeSourceServers smc:DeleteSourceServer smc:ListTagResources smc:TagResources landfall:GetAgentEndpoint landfall:ListAuditEvents landfall:DeleteAuditEvents
    LandfallFullAccess: smc:CreateAccessToken smc:ListAccessTokens smc:DisableAccessToken smc:DeleteAccessToken smc:DescribeSourceServers smc:DeleteSourceServer smc:ListTagResources smc:TagResources landfall:GetAgentEndpoint landfall:ListAuditEvents
    LandfallReadOnlyAccess: smc:ListAccessTokens smc:DescribeSourceServers smc:ListTagResources landfall:GetAgentEndpoint landfall:ListAuditEvents
    LandfallCodeIssuerAccess: smc:CreateAccessToken smc:ListAccessTokens landfall:GetAgentEndpoint
    ");
}

#[test]
fn builtin_policies_answer_to_their_names() {
    for policy in builtin::ALL {
        assert_eq!(builtin::find(policy.name), Some(&policy));
    }
    assert_eq!(builtin::find("AliyunSMCFullAccess"), Some(&builtin::FULL_ACCESS));
    assert_eq!(builtin::find("landfallfullaccess"), None);
}
