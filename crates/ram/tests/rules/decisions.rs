//! A table of policies, calls and what becomes of them.

use ram::{Decision, authorize, decide};

use super::call::{Call, attached, call, short};

const ALLOW_ALL: &str = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

/// Checks what policies of one statement each decide; a statement is written without its braces.
#[track_caller]
fn check(statements: &[&str], call: &Call, expected: &str) {
    let documents: Vec<String> = statements
        .iter()
        .map(|statement| format!(r#"{{"Version":"1","Statement":[{{{statement}}}]}}"#))
        .collect();
    let documents: Vec<&str> = documents.iter().map(String::as_str).collect();
    assert_eq!(short(&decide(&attached(&documents), &call.request())), expected, "{statements:?}");
}

/// Checks a condition both ways: what it lets an Allow do, and what it lets a Deny do.
#[track_caller]
fn check_condition(condition: &str, call: &Call, allows: bool, denies: bool) {
    let statement =
        |effect| format!(r#""Effect":"{effect}","Action":"*","Resource":"*","Condition":{{{condition}}}"#);
    check(&[&statement("Allow")], call, if allows { "allow p0[0]" } else { "nothing" });
    let everything = r#""Effect":"Allow","Action":"*","Resource":"*""#;
    check(&[everything, &statement("Deny")], call, if denies { "deny p1[0]" } else { "allow p0[0]" });
}

#[track_caller]
fn holds(condition: &str, call: &Call, expected: bool) {
    check_condition(condition, call, expected, expected);
}

#[test]
fn deny_beats_allow_beats_silence() {
    let create = call("smc:CreateAccessToken");
    let allow = r#""Effect":"Allow","Action":"smc:*","Resource":"*""#;
    let deny = r#""Effect":"Deny","Action":"smc:CreateAccessToken","Resource":"*""#;
    check(&[], &create, "nothing");
    check(&[allow], &create, "allow p0[0]");
    check(&[deny], &create, "deny p0[0]");
    check(&[allow, deny], &create, "deny p1[0]");
    check(&[deny, allow], &create, "deny p0[0]");
    check(&[allow, deny], &call("smc:ListAccessTokens"), "allow p0[0]");
    check(&[allow], &call("landfall:GetAgentEndpoint"), "nothing");
}

#[test]
fn not_action_covers_everything_else() {
    let others = r#""Effect":"Allow","NotAction":["smc:Delete*","ram:*"],"Resource":"*""#;
    check(&[others], &call("smc:CreateAccessToken"), "allow p0[0]");
    check(&[others], &call("SMC:deleteAccessToken"), "nothing");
    check(&[others], &call("ram:CreateUser"), "nothing");
    let only = r#""Effect":"Deny","NotAction":"smc:Describe*","Resource":"*""#;
    check(&[only], &call("smc:DescribeSourceServers"), "nothing");
    check(&[only], &call("smc:CreateAccessToken"), "deny p0[0]");
}

#[test]
fn every_resource_must_be_allowed() {
    let start = call("smc:CreateReplicationJob").on(&["sourceServer/s-1", "replicationJob/*"]);
    let sources = r#""Effect":"Allow","Action":"smc:*","Resource":"acs:smc:*:*:sourceServer/*""#;
    let jobs = r#""Effect":"Allow","Action":"smc:*","Resource":"acs:smc:*:*:replicationJob/*""#;
    let no_jobs = r#""Effect":"Deny","Action":"smc:*","Resource":"acs:smc:*:*:replicationJob/*""#;
    check(&[sources], &start, "nothing");
    check(&[jobs], &start, "nothing");
    check(&[jobs, sources], &start, "allow p1[0]");
    // A deny of a later resource is found although an earlier one is not allowed either.
    check(&[no_jobs], &start, "deny p0[0]");
    let both =
        r#""Effect":"Allow","Action":"smc:*","Resource":["acs:smc:*:*:sourceServer/*","acs:smc:*:*:r*"]"#;
    check(&[both], &start, "allow p0[0]");
}

#[test]
fn nothing_acted_on_is_not_everything_allowed() {
    let nowhere = call("smc:CreateAccessToken").on(&[]);
    assert_eq!(
        decide(&attached(&[ALLOW_ALL]), &nowhere.request()),
        Decision::ImplicitDeny { resource: None }
    );
}

#[test]
fn owners_are_limited_to_their_account_only() {
    let deny = r#"{"Version":"1","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}"#;
    let create = call("smc:CreateAccessToken");
    for (call, expected) in [
        (create, "deny p0[0]"),
        (call("smc:CreateAccessToken").by_owner(), "owner"),
        (call("smc:X").by_owner().on_arn("acs:smc:cn-local:9999999999999999:sourceServer/s-1"), "nothing"),
    ] {
        assert_eq!(short(&authorize(&attached(&[deny]), &call.request())), expected);
    }
}

#[test]
fn no_policy_reaches_into_another_account() {
    let foreign = call("smc:DeleteSourceServer").on_arn("acs:smc:cn-local:9999999999999999:sourceServer/s-1");
    assert_eq!(short(&authorize(&attached(&[ALLOW_ALL]), &foreign.request())), "nothing");
}

#[test]
fn text_operators_compare_the_caller() {
    let by_ci = call("smc:X");
    for (condition, expected) in [
        (r#""StringEquals":{"acs:PrincipalARN":"acs:ram::1234567890123456:user/ci"}"#, true),
        (r#""StringEquals":{"acs:PrincipalARN":"acs:ram::1234567890123456:user/CI"}"#, false),
        (r#""StringEquals":{"acs:PrincipalARN":"acs:ram::*:user/ci"}"#, false),
        (r#""StringEquals":{"acs:PrincipalARN":["x","acs:ram::1234567890123456:user/ci"]}"#, true),
        (r#""StringNotEquals":{"acs:PrincipalARN":["x","acs:ram::1234567890123456:user/ci"]}"#, false),
        (r#""StringNotEquals":{"acs:PrincipalARN":["x","y"]}"#, true),
        (r#""StringEqualsIgnoreCase":{"acs:PrincipalARN":"ACS:RAM::1234567890123456:USER/CI"}"#, true),
        (r#""StringNotEqualsIgnoreCase":{"acs:PrincipalARN":"ACS:RAM::1234567890123456:USER/CI"}"#, false),
        (r#""StringLike":{"acs:PrincipalARN":"acs:ram::*:user/c?"}"#, true),
        (r#""StringLike":{"acs:PrincipalARN":"acs:ram::*:user/C?"}"#, false),
        (r#""StringNotLike":{"acs:PrincipalARN":"*:root"}"#, true),
        (r#""StringNotLike":{"acs:PrincipalARN":["*:root","*user*"]}"#, false),
    ] {
        holds(condition, &by_ci, expected);
    }
}

#[test]
fn date_operators_compare_whole_seconds() {
    let at_eight = call("smc:X");
    for (operator, date, expected) in [
        ("DateEquals", "2026-01-31T08:00:00Z", true),
        ("DateEquals", "2026-01-31T16:00:00+08:00", true),
        ("DateNotEquals", "2026-01-31T08:00:00Z", false),
        ("DateLessThan", "2026-01-31T08:00:00Z", false),
        ("DateLessThan", "2026-01-31T08:00:01Z", true),
        ("DateLessThanEquals", "2026-01-31T08:00:00Z", true),
        ("DateGreaterThan", "2026-01-31T08:00:00Z", false),
        ("DateGreaterThan", "2026-01-31T07:59:59Z", true),
        ("DateGreaterThanEquals", "2026-01-31T08:00:00Z", true),
    ] {
        holds(&format!(r#""{operator}":{{"acs:CurrentTime":"{date}"}}"#), &at_eight, expected);
    }
}

#[test]
fn address_operators_know_blocks_and_both_versions() {
    for (condition, address, expected) in [
        (r#""IpAddress":{"acs:SourceIp":"10.1.2.3"}"#, "10.1.2.3", true),
        (r#""IpAddress":{"acs:SourceIp":["192.168.0.0/16","10.0.0.0/8"]}"#, "10.1.2.3", true),
        (r#""IpAddress":{"acs:SourceIp":"10.0.0.0/8"}"#, "::ffff:10.1.2.3", true),
        (r#""IpAddress":{"acs:SourceIp":"fd00::/8"}"#, "10.1.2.3", false),
        (r#""NotIpAddress":{"acs:SourceIp":["192.168.0.0/16","10.0.0.0/8"]}"#, "10.1.2.3", false),
        (r#""NotIpAddress":{"acs:SourceIp":["192.168.0.0/16","10.0.0.0/8"]}"#, "203.0.113.1", true),
    ] {
        holds(condition, &call("smc:X").coming_from(address), expected);
    }
}

#[test]
fn bool_tells_transport_and_second_factor() {
    for (condition, plain, over_tls) in [
        (r#""Bool":{"acs:SecureTransport":"true"}"#, false, true),
        (r#""Bool":{"acs:SecureTransport":"False"}"#, true, false),
        (r#""Bool":{"acs:SecureTransport":["true","false"]}"#, true, true),
        (r#""Bool":{"acs:MFAPresent":"false"}"#, true, true),
    ] {
        holds(condition, &call("smc:X"), plain);
        holds(condition, &call("smc:X").over_tls(), over_tls);
    }
}

#[test]
fn numeric_operators_compare_tags_exactly() {
    for (operator, wanted, expected) in [
        ("NumericEquals", "10.0", true),
        ("NumericNotEquals", "10", false),
        ("NumericLessThan", "10", false),
        ("NumericLessThan", "10.00000000000000000001", true),
        ("NumericLessThanEquals", "10", true),
        ("NumericGreaterThan", "9", true),
        ("NumericGreaterThan", "-9", true),
        ("NumericGreaterThanEquals", "11", false),
    ] {
        let tagged = call("smc:X").giving_tags(&[("wave", "10")]);
        holds(&format!(r#""{operator}":{{"acs:RequestTag/wave":"{wanted}"}}"#), &tagged, expected);
    }
}

#[test]
fn tags_are_those_of_each_resource() {
    let condition = r#""StringEquals":{"acs:ResourceTag/env":"test"}"#;
    let on = |tagged| call("smc:X").on_tagged(tagged);
    holds(condition, &on(&[&[("env", "test")]]), true);
    holds(condition, &on(&[&[("env", "prod")]]), false);
    holds(condition, &on(&[&[("Env", "test")]]), false);
    // One of two: not enough to allow both, enough to deny.
    check_condition(condition, &on(&[&[("env", "test")], &[("env", "prod")]]), false, true);
}

#[test]
fn ignoring_case_works_from_both_sides() {
    let shouting = call("smc:X").giving_tags(&[("env", "ÜBUNG")]);
    holds(r#""StringEqualsIgnoreCase":{"acs:RequestTag/env":"Übung"}"#, &shouting, true);
    holds(r#""StringNotEqualsIgnoreCase":{"acs:RequestTag/env":"übung"}"#, &shouting, false);
    holds(r#""StringEquals":{"acs:RequestTag/env":"übung"}"#, &shouting, false);
}

#[test]
fn a_missing_key_fails_plain_operators_and_passes_negated_ones() {
    let bare = call("smc:X");
    for (condition, expected) in [
        (r#""StringEquals":{"acs:ResourceTag/env":"prod"}"#, false),
        (r#""StringLike":{"acs:SourceVpc":"*"}"#, false),
        (r#""NumericLessThan":{"acs:RequestTag/wave":"10"}"#, false),
        (r#""IpAddress":{"acs:VpcSourceIp":"0.0.0.0/0"}"#, false),
        (r#""StringNotEquals":{"acs:ResourceTag/env":"prod"}"#, true),
        (r#""StringNotLike":{"acs:PrincipalRDPath":"*"}"#, true),
        (r#""NumericNotEquals":{"acs:RequestTag/wave":"10"}"#, true),
        (r#""NotIpAddress":{"acs:VpcSourceIp":"0.0.0.0/0"}"#, true),
    ] {
        holds(condition, &bare, expected);
    }
}

#[test]
fn what_cannot_be_compared_counts_against_the_request() {
    let tagged = call("smc:X").giving_tags(&[("wave", "ten")]);
    for condition in [
        r#""NumericLessThan":{"acs:RequestTag/wave":"10"}"#,
        r#""NumericNotEquals":{"acs:RequestTag/wave":"10"}"#,
        r#""DateLessThan":{"acs:RequestTag/wave":"2026-01-01T00:00:00Z"}"#,
        r#""Bool":{"acs:RequestTag/wave":"true"}"#,
        r#""NotIpAddress":{"acs:RequestTag/wave":"10.0.0.1"}"#,
        r#""NumericEquals":{"acs:RequestTag/wave":"10"},"Bool":{"acs:SecureTransport":"false"}"#,
    ] {
        check_condition(condition, &tagged, false, true);
    }
    // Another clause that certainly fails still keeps a Deny from applying.
    let failing = r#""NumericEquals":{"acs:RequestTag/wave":"10"},"Bool":{"acs:SecureTransport":"true"}"#;
    check_condition(failing, &tagged, false, false);
}

#[test]
fn all_keys_and_all_operators_must_hold() {
    let from_ten = call("smc:X").giving_tags(&[("env", "test"), ("team", "sea")]);
    for (condition, expected) in [
        (r#""StringEquals":{"acs:RequestTag/env":"test","acs:RequestTag/team":"sea"}"#, true),
        (r#""StringEquals":{"acs:RequestTag/env":"test","acs:RequestTag/team":"air"}"#, false),
        (r#""StringEquals":{"acs:RequestTag/env":"test"},"IpAddress":{"acs:SourceIp":"10.0.0.0/8"}"#, true),
        (r#""StringEquals":{"acs:RequestTag/env":"test"},"IpAddress":{"acs:SourceIp":"11.0.0.0/8"}"#, false),
        ("", true),
    ] {
        holds(condition, &from_ten, expected);
    }
}
