//! Documents that are refused, and what their writer is told.

use std::fmt::Write as _;

use ram::{Policy, limits};

/// Lists the message for each document.
fn messages<S: AsRef<str>>(documents: &[S]) -> String {
    documents.iter().fold(String::new(), |mut messages, document| {
        let Err(error) = Policy::parse(document.as_ref()) else { panic!("accepted: {}", document.as_ref()) };
        writeln!(messages, "{error}").unwrap();
        messages
    })
}

/// Puts each statement, written without its braces, second after a good one.
fn second(statements: &[&str]) -> Vec<String> {
    let good = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;
    let whole = |statement: &&str| format!(r#"{{"Version":"1","Statement":[{good},{{{statement}}}]}}"#);
    statements.iter().map(whole).collect()
}

fn conditions(conditions: &[&str]) -> Vec<String> {
    let whole = |condition: &&str| {
        format!(
            r#"{{"Version":"1","Statement":{{"Effect":"Deny","Action":"*","Resource":"*","Condition":{condition}}}}}"#
        )
    };
    conditions.iter().map(whole).collect()
}

#[test]
fn documents() {
    insta::assert_snapshot!(messages(&[
        "",
        "allow everything",
        "{\n  \"Version\": \"1\",\n  \"Statement\": [}",
        r#"{"Version":"1"} x"#,
        "[]",
        "{}",
        r#"{"Version":1,"Statement":[]}"#,
        r#"{"Version":"2012-10-17","Statement":[]}"#,
        r#"{"Version":"1"}"#,
        r#"{"Version":"1","Statement":[]}"#,
        r#"{"Version":"1","Statement":"*"}"#,
        r#"{"Version":"1","Statement":[[]]}"#,
        r#"{"Version":"1","Id":"x","Statement":[]}"#,
        r#"{"Version":"1","Version":"1","Statement":[]}"#,
    ]), @r#"
    reading the policy: it is not JSON at line 1, column 0: EOF while parsing a value
    reading the policy: it is not JSON at line 1, column 1: expected value
    reading the policy: it is not JSON at line 3, column 17: expected value
    reading the policy: it is not JSON at line 1, column 17: trailing characters
    reading the policy at the top level: it must be an object, not a list
    reading the policy at the top level: Version is missing; write "Version": "1"
    reading the policy at Version: it must be a string, not a number
    reading the policy at Version: "2012-10-17" is not supported; the only version is "1"
    reading the policy at the top level: Statement is missing; write a list of statements
    reading the policy at Statement: it is empty; write at least one statement
    reading the policy at Statement: it must be an object or a list of objects, not a string
    reading the policy at Statement[0]: it must be an object, not a list
    reading the policy at the top level: "Id" is not an element of RAM policies; allowed here are Version and Statement
    reading the policy at Version: it appears twice in one object; keep one
    "#);
}

#[test]
fn statements() {
    insta::assert_snapshot!(messages(&second(&[
        "",
        r#""Effect":"allow","Action":"*","Resource":"*""#,
        r#""Effect":true,"Action":"*","Resource":"*""#,
        r#""Effect":"Allow","Resource":"*""#,
        r#""Effect":"Allow","Action":"*""#,
        r#""Effect":"Allow","Action":"*","NotAction":"smc:*","Resource":"*""#,
        r#""Effect":"Allow","Action":"*","Action":"smc:*","Resource":"*""#,
        r#""Effect":"Allow","Action":[],"Resource":"*""#,
        r#""Effect":"Allow","Action":["smc:*",7],"Resource":"*""#,
        r#""Effect":"Allow","Action":["smc:*","CreateAccessToken"],"Resource":"*""#,
        r#""Effect":"Allow","NotAction":"smc","Resource":"*""#,
        r#""Effect":"Allow","Action":"*","Resource":"sourceServer/s-1""#,
        r#""Effect":"Allow","Action":"*","Resource":["*","acs:smc:*:42:x"]"#,
        r#""Effect":"Allow","Action":"*","Resource":{}"#,
        r#""Effect":"Allow","Action":"*","NotResource":"*""#,
        r#""Effect":"Allow","Action":"*","Resource":"*","Principal":"*""#,
        r#""Effect":"Allow","Action":"*","Resource":"*","Sid":"1""#,
    ])), @r#"
    reading the policy at Statement[1]: Effect is missing; write Allow or Deny
    reading the policy at Statement[1].Effect: "allow" is not an effect; write Allow or Deny
    reading the policy at Statement[1].Effect: it must be a string, not a boolean
    reading the policy at Statement[1]: Action is missing; name the operations, or * for all
    reading the policy at Statement[1]: Resource is missing; name the resources, or * for all
    reading the policy at Statement[1]: Action and NotAction exclude each other; keep one
    reading the policy at Statement[1].Action: it appears twice in one object; keep one
    reading the policy at Statement[1].Action: it is empty; write at least one value
    reading the policy at Statement[1].Action[1]: it must be a string, not a number
    reading the policy at Statement[1].Action[1]: "CreateAccessToken" is not an action: write <service>:<Operation>, such as smc:CreateAccessToken, or *
    reading the policy at Statement[1].NotAction: "smc" is not an action: write <service>:<Operation>, such as smc:CreateAccessToken, or *
    reading the policy at Statement[1].Resource: "sourceServer/s-1" is not a resource: write acs:<service>:<region>:<account>:<resource>
    reading the policy at Statement[1].Resource[1]: "acs:smc:*:42:x" is not a resource: the account must be 16 decimal digits
    reading the policy at Statement[1].Resource: it must be a string or a list of strings, not an object
    reading the policy at Statement[1]: NotResource is not an element of RAM policies; name what is meant with Resource
    reading the policy at Statement[1]: Principal belongs to trust policies; attach this policy to the user instead
    reading the policy at Statement[1]: "Sid" is not an element of RAM policies; allowed here are Effect, Action or NotAction, Resource and Condition
    "#);
}

#[test]
fn condition_elements() {
    insta::assert_snapshot!(messages(&conditions(&[
        "[]",
        r#"{"StringEqualsIfExists":{"acs:SourceVpc":"x"}}"#,
        r#"{"ipAddress":{"acs:SourceIp":"10.0.0.1"}}"#,
        r#"{"Bool":"true"}"#,
        r#"{"Bool":{}}"#,
        r#"{"Bool":{"acs:SecureTransport":"true"},"Bool":{"acs:MFAPresent":"true"}}"#,
        r#"{"Bool":{"acs:SecureTransport":"true","acs:SecureTransport":"false"}}"#,
        r#"{"Bool":{"acs:SecureTransport":true}}"#,
        r#"{"Bool":{"acs:SecureTransport":"yes"}}"#,
        r#"{"Bool":{"acs:securetransport":"true"}}"#,
        r#"{"Bool":{"acs:CurrentTime":"true"}}"#,
        r#"{"StringEquals":{"acs:SourceIp":"10.0.0.1"}}"#,
        r#"{"StringEquals":{"ecs:InstanceType":"x"}}"#,
        r#"{"StringEquals":{"acs:RequestTag/":"x"}}"#,
        r#"{"StringLike":{"acs:PrincipalARN":"${acs:x}"}}"#,
        r#"{"StringLike":{"acs:PrincipalARN":[]}}"#,
        r#"{"IpAddress":{"acs:SourceIp":["10.0.0.0/8","10.0.0.0/33"]}}"#,
        r#"{"DateLessThan":{"acs:CurrentTime":"tomorrow"}}"#,
        r#"{"NumericEquals":{"acs:RequestTag/wave":"1e2"}}"#,
    ])), @r#"
    reading the policy at Statement.Condition: it must be an object, not a list
    reading the policy at Statement.Condition: "StringEqualsIfExists" is not a condition operator; there are the String, Numeric and Date operators, Bool, IpAddress and NotIpAddress, and no IfExists, ForAnyValue or Null
    reading the policy at Statement.Condition: "ipAddress" is not a condition operator; did you mean IpAddress?
    reading the policy at Statement.Condition.Bool: it must be an object, not a string
    reading the policy at Statement.Condition.Bool: it is empty; write at least one key
    reading the policy at Statement.Condition.Bool: it appears twice in one object; keep one
    reading the policy at Statement.Condition.Bool.acs:SecureTransport: it appears twice in one object; keep one
    reading the policy at Statement.Condition.Bool.acs:SecureTransport: it must be a string or a list of strings, not a boolean
    reading the policy at Statement.Condition.Bool.acs:SecureTransport: "yes" is not a boolean; write true or false
    reading the policy at Statement.Condition.Bool: "acs:securetransport" is not a condition key; did you mean acs:SecureTransport?
    reading the policy at Statement.Condition.Bool.acs:CurrentTime: Bool cannot compare it; use the Date operators
    reading the policy at Statement.Condition.StringEquals.acs:SourceIp: StringEquals cannot compare it; use IpAddress or NotIpAddress
    reading the policy at Statement.Condition.StringEquals: "ecs:InstanceType" is not a condition key known here; known are acs:CurrentTime, acs:SecureTransport, acs:SourceIp, acs:MFAPresent, acs:PrincipalARN, acs:PrincipalRDId, acs:PrincipalRDPath, acs:SourceVpc, acs:VpcSourceIp, acs:Service, acs:RequestTag/<key>, acs:ResourceTag/<key>
    reading the policy at Statement.Condition.StringEquals: "acs:RequestTag/" needs the key of a tag after the slash, 1 to 128 characters
    reading the policy at Statement.Condition.StringLike.acs:PrincipalARN: "${acs:x}" has a policy variable, which is not supported; write the value itself
    reading the policy at Statement.Condition.StringLike.acs:PrincipalARN: it is empty; write at least one value
    reading the policy at Statement.Condition.IpAddress.acs:SourceIp[1]: "10.0.0.0/33" is not an address; write one such as 10.0.0.1, 10.0.0.0/8 or fd00::/8
    reading the policy at Statement.Condition.DateLessThan.acs:CurrentTime: "tomorrow" is not a date; write one such as 2026-01-31T08:00:00Z, in whole seconds
    reading the policy at Statement.Condition.NumericEquals.acs:RequestTag/wave: "1e2" is not a number; write decimal digits, such as 10 or -2.5
    "#);
}

#[test]
fn a_document_of_exactly_the_limit_is_accepted() {
    let document = r#"{"Version":"1","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
    let padded = format!("{document:width$}", width = limits::POLICY_CHARACTERS);
    assert_eq!(Policy::parse(&padded).unwrap().document(), padded);
    insta::assert_snapshot!(messages(&[format!("{padded} ")]), @"reading the policy: it has 4097 characters; at most 4096 are allowed, so split it");
}
