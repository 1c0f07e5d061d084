//! What callers must not send, and the code each gets.

use insta::assert_snapshot;
use smc_model::{Violation, operation, validate};

use crate::pairs;

/// The violation of a call of an official operation, beside whose required parameters the given ones are sent.
fn refusal(action: &str, params: &[(&str, &str)]) -> Violation {
    let operation = operation("2019-06-01", action).unwrap();
    let mut call = crate::sample::smallest(operation);
    let replaced: Vec<_> = params.iter().filter_map(|(name, _)| name.split('.').next()).collect();
    call.retain(|(name, _)| !replaced.contains(&name.split('.').next().unwrap()));
    call.extend(pairs(params));
    let violation = validate(operation, &call).expect_err(&format!("{action} takes {params:?}"));
    assert_eq!(violation.status, 400);
    assert!(operation.errors.contains(&violation.code.as_str()), "{action} does not list {}", violation.code);
    assert!(smc_model::error(&violation.code).is_some(), "{} is not explained", violation.code);
    violation
}

fn assert_refused(action: &str, name: &str, values: &[&str], code: &str) {
    for value in values {
        let violation = refusal(action, &[(name, value)]);
        assert_eq!(
            (violation.code.as_str(), violation.parameter.as_str()),
            (code, name),
            "{action} {name}={value:?}"
        );
        assert!(violation.message.contains(name), "{violation}");
    }
}

const NOT_WHOLE_NUMBERS: &[&str] = &[
    "-1",
    "+5",
    "1e2",
    "٣",
    "５",
    " 5",
    "5 ",
    "5.0",
    "0x5",
    "1_0",
    "five",
    "-",
    "\u{0}",
    "1000000000000000000000000000000",
];

#[test]
fn numbers_out_of_range_or_not_decimal_are_refused_never_clamped() {
    for (action, name, out_of_range, code) in [
        ("CreateAccessToken", "Count", &["0", "1001", "18446744073709551616"][..], "InvalidParameter.Count"),
        ("CreateAccessToken", "TimeToLiveInDays", &["0", "91"], "InvalidParameter.TimeToLiveInDays"),
        ("ListAccessTokens", "PageNumber", &["0", "2147483648"], "InvalidParameter.PageNumber"),
        ("ListAccessTokens", "PageSize", &["0", "101"], "InvalidParameter.PageSize"),
        ("DescribeSourceServers", "PageNumber", &["0"], "InvalidParameter.PageNumber"),
        ("DescribeSourceServers", "PageSize", &["0", "51"], "InvalidParameter.PageSize"),
        ("CreateReplicationJob", "Frequency", &["0", "169"], "InvalidParameter.Frequency"),
        ("CreateReplicationJob", "NetMode", &["1", "3"], "InvalidParameter.NetMode"),
        ("CreateReplicationJob", "JobType", &["4"], "InvalidParameter.JobType"),
        ("CreateReplicationJob", "SystemDiskSize", &["19", "2049"], "InvalidParameter.SystemDiskSize"),
        ("CreateReplicationJob", "DataDisk.1.Size", &["19", "32769"], "InvalidParameter.DataDiskSize"),
        ("CreateReplicationJob", "Disks.System.Size", &["0"], "InvalidParameter.DisksSystemSize"),
        (
            "CreateReplicationJob",
            "DataDisk.16.Part.32.SizeBytes",
            &["0"],
            "InvalidParameter.DataDiskPartSizeBytes",
        ),
    ] {
        assert_refused(action, name, out_of_range, code);
        assert_refused(action, name, NOT_WHOLE_NUMBERS, code);
    }
}

#[test]
fn names_outside_the_rule_are_refused() {
    let long = "a".repeat(129);
    let bad = [
        "a",
        "1ab",
        "_ab",
        "-ab",
        ":ab",
        "http://x",
        "https://x",
        "a b",
        "a.b",
        "a🦀",
        "🦀a",
        "a\u{0}b",
        "a\nb",
        "<b>x</b>",
        "é1",
        "ａｂ",
        &long,
    ];
    for action in ["CreateAccessToken", "ModifySourceServerAttribute", "CreateReplicationJob"] {
        assert_refused(action, "Name", &bad, "InvalidParameter.Name");
    }
    let long = "a".repeat(65);
    assert_refused("CreateWorkgroup", "Name", &["a", ".a", "a b", &long], "InvalidParameter.Name");
}

#[test]
fn texts_too_long_or_with_control_characters_are_refused() {
    let (long, longer) = ("x".repeat(257), "字".repeat(1_000_000));
    for (action, name, values, code) in [
        (
            "CreateAccessToken",
            "Description",
            &["a\u{0}", "a\nb", "\u{7f}", &long, &longer][..],
            "InvalidParameter.Description",
        ),
        (
            "ModifySourceServerAttribute",
            "Description",
            &["http://x", "HTTPS://x", "a\rb", &long],
            "InvalidParameter.Description",
        ),
        ("CreateReplicationJob", "ClientToken", &["é", &long], "InvalidParameter.ClientToken"),
        (
            "CreateReplicationJob",
            "ValidTime",
            &["2026-02-30T00:00:00Z", "2026-11-24", "2026-11-24T08:00:00.000Z", "soon"],
            "InvalidParameter.ValidTime",
        ),
        (
            "CreateReplicationJob",
            "ReplicationParameters",
            &["[]", "{", "BandWidthLimit:0"],
            "InvalidParameter.ReplicationParameters",
        ),
        (
            "DisableAccessToken",
            "AccessTokenId",
            &["at-", "s-1", "at 1", "AT-1", "at-é", &long],
            "InvalidParameter.AccessTokenId",
        ),
        ("DeleteSourceServer", "SourceId", &["at-1", "x"], "InvalidParameter.SourceId"),
    ] {
        assert_refused(action, name, values, code);
    }
}

#[test]
fn choices_and_booleans_outside_the_list_are_refused() {
    for (action, name, values, code) in [
        ("ListAccessTokens", "Status", &["Activated", "disabled", " expired"][..], "InvalidParameter.Status"),
        ("DescribeSourceServers", "State", &["InError", "Offline"], "InvalidParameter.State"),
        ("DescribeSourceServers", "RelatedJobType.1", &["server"], "InvalidParameter.RelatedJobType"),
        ("CreateReplicationJob", "TargetType", &["Instance"], "InvalidParameter.TargetType"),
        ("DeleteSourceServer", "Force", &["1", "yes", "t", " true"], "InvalidParameter.Force"),
        (
            "TagResources",
            "ResourceType",
            &["SourceServer", "workgroup", "ALIYUN::SMC::SOURCESERVER"],
            "InvalidResourceType.NotFound",
        ),
        ("ListTagResources", "ResourceType", &["x"], "InvalidResourceType.NotFound"),
    ] {
        assert_refused(action, name, values, code);
    }
}

#[test]
fn tags_outside_their_rules_are_refused() {
    let long = "k".repeat(65);
    let prefixed = ["aliyun", "aliyun-x", "acs:x", "http://x", "see https://x", "a\u{0}", &long];
    assert_refused("TagResources", "Tag.1.Key", &prefixed, "InvalidParameter.TagKey");
    assert_refused("DescribeSourceServers", "Tag.1.Key", &prefixed, "InvalidParameter.TagKey");
    for (action, params, code) in [
        ("TagResources", &[("Tag.1.Key", "a"), ("Tag.1.Value", "http://x")][..], "InvalidParameter.TagValue"),
        ("TagResources", &[("Tag.1.Key", "a"), ("Tag.1.Value", &long)], "InvalidParameter.TagValue"),
        ("TagResources", &[("Tag.1.Key", "a"), ("Tag.2.Key", "a")], "InvalidParameter.TagKey"),
        ("TagResources", &[("Tag.1.Value", "v")], "MissingParameter.TagKey"),
        ("TagResources", &[("Tag.1.Key", "")], "MissingParameter.Tag"),
        ("ListTagResources", &[("Tag.1.Value", "v")], "InvalidParameter.TagValue"),
        ("TagResources", &[("ResourceType", "")], "MissingParameter.ResourceType"),
        ("TagResources", &[("ResourceId.1", "s-1"), ("ResourceId.2", "s-1")], "Duplicate.ResourceId"),
        (
            "CreateReplicationJob",
            &[("Tag.1.Key", "a"), ("Tag.1.Value", "acs:x")],
            "InvalidParameter.TagValue",
        ),
        (
            "CreateReplicationJob",
            &[("DataDisk.1.Index", "1"), ("DataDisk.2.Index", "1")],
            "DataDisk.DuplicateIndex",
        ),
    ] {
        assert_eq!(refusal(action, params).code, code, "{action} {params:?}");
    }
}

#[test]
fn names_that_are_not_shaped_as_documented_are_refused_not_ignored() {
    for (action, params, code) in [
        ("TagResources", &[("Tag.0.Key", "a")][..], "InvalidParameter.Tag"),
        ("TagResources", &[("Tag.01.Key", "a")], "InvalidParameter.Tag"),
        ("TagResources", &[("Tag.N.Key", "a")], "InvalidParameter.Tag"),
        ("TagResources", &[("Tag.-1.Key", "a")], "InvalidParameter.Tag"),
        ("TagResources", &[("Tag.+1.Key", "a")], "InvalidParameter.Tag"),
        ("TagResources", &[("Tag.１.Key", "a")], "InvalidParameter.Tag"),
        ("TagResources", &[("Tag..Key", "a")], "InvalidParameter.Tag"),
        ("TagResources", &[("Tag.Key", "a")], "InvalidParameter.Tag"),
        ("TagResources", &[("Tag.1", "a")], "InvalidParameter.Tag"),
        ("TagResources", &[("Tag", "a")], "InvalidParameter.Tag"),
        ("TagResources", &[("Tag.21.Key", "a")], "NumberExceed.Tags"),
        ("TagResources", &[("Tag.999999999.Key", "a")], "NumberExceed.Tags"),
        ("TagResources", &[("Tag.99999999999999999999.Key", "a")], "NumberExceed.Tags"),
        ("UntagResources", &[("TagKey.21", "a")], "NumberExceed.Tags"),
        ("UntagResources", &[("TagKey", "a")], "InvalidParameter.TagKey"),
        ("UntagResources", &[("ResourceId.51", "s-1")], "NumberExceed.ResourceIds"),
        ("ListTagResources", &[("ResourceId.51", "s-1")], "NumberExceed.ResourceIds"),
        ("ListAccessTokens", &[("AccessTokenId.101", "at-1")], "InvalidParameter.AccessTokenId"),
        ("DescribeSourceServers", &[("SourceId", "s-1")], "InvalidParameter.SourceId"),
        ("DescribeSourceServers", &[("SourceId.1.x", "s-1")], "InvalidParameter.SourceId"),
        ("AssociateSourceServers", &[("SourceId.51", "s-1")], "InvalidParameter.SourceId"),
        ("CreateAccessToken", &[("Count.1", "5")], "InvalidParameter.Count"),
        ("CreateReplicationJob", &[("Disks", "{}")], "InvalidParameter.Disks"),
        ("CreateReplicationJob", &[("DataDisk.17.Size", "20")], "InvalidParameter.DataDisk"),
        ("CreateReplicationJob", &[("DataDisk.1.Part.33.Block", "true")], "InvalidParameter.DataDiskPart"),
    ] {
        assert_eq!(refusal(action, params).code, code, "{action} {params:?}");
    }
}

#[test]
fn the_same_parameter_twice_is_refused() {
    for (action, params, code) in [
        ("CreateAccessToken", &[("Count", "5"), ("Count", "5")][..], "InvalidParameter.Count"),
        ("CreateAccessToken", &[("Name", ""), ("Name", "ab")], "InvalidParameter.Name"),
        ("TagResources", &[("Tag.1.Key", "a"), ("Tag.1.Key", "b")], "InvalidParameter.TagKey"),
        ("TagResources", &[("ResourceId.1", "s-1"), ("ResourceId.1", "s-2")], "InvalidParameter.ResourceId"),
    ] {
        assert_eq!(refusal(action, params).code, code, "{action} {params:?}");
    }
}

#[test]
fn operations_that_are_not_built_are_validated_all_the_same() {
    let violation = refusal("StartReplicationJob", &[("JobId", "s-1")]);
    assert_eq!(violation.code, "InvalidParameter.JobId");
}

#[test]
fn ten_thousand_parameters_are_no_burden() {
    let operation = operation("2019-06-01", "TagResources").unwrap();
    let many: Vec<_> = (1..=10_000).map(|index| (format!("Tag.{index}.Key"), "a".to_owned())).collect();
    assert_eq!(validate(operation, &many).unwrap_err().code, "NumberExceed.Tags");
}

#[test]
fn messages_say_what_the_rule_is_and_what_was_sent() {
    let long = "名".repeat(200);
    let messages: Vec<_> = [
        ("CreateAccessToken", &[("Count", "1e2")][..]),
        ("CreateAccessToken", &[("Name", "1\n\"<b>")]),
        ("CreateAccessToken", &[("Name", &long)]),
        ("CreateAccessToken", &[("Name", "ab"), ("Name", "cd")]),
        ("ListAccessTokens", &[("Status", "on")]),
        ("DisableAccessToken", &[("AccessTokenId", "B57QoTXEA2Tytr0uZWoNY5Aju5Jt1234")]),
        ("DisableAccessToken", &[("AccessTokenId", "")]),
        ("CreateReplicationJob", &[("NetMode", "7")]),
        ("TagResources", &[("Tag.21.Key", "a")]),
        ("TagResources", &[("Tag.2.Key", "acs:x")]),
        (
            "TagResources",
            &[("Tag.00000000000000000000000000000000000000000000000000000000000000000000000.Key", "a")],
        ),
        ("DeleteSourceServer", &[("Force", "maybe")]),
        ("CreateReplicationJob", &[("ValidTime", "soon")]),
    ]
    .iter()
    .map(|(action, params)| {
        let violation = refusal(action, params);
        format!("{}: {}", violation.code, violation.message)
    })
    .collect();
    assert_snapshot!(messages.join("\n"), @r#"
    InvalidParameter.Count: Specified parameter Count is not valid: it must be a whole number from 1 to 1000, but was "1e2".
    InvalidParameter.Name: Specified parameter Name is not valid: it must begin with a letter or a Chinese character and go on with these, digits, ":", "_" and "-", but was "1\n\"<b>".
    InvalidParameter.Name: Specified parameter Name is not valid: it must have 2 to 128 characters, but was "名名名名名名名名名名名名名名名名名名名名名名名名名名名名名名名名名名名名名名名名名名名名名名名名名名名名名名名名名名名名名名名…".
    InvalidParameter.Name: Specified parameter Name is not valid: it is given more than once.
    InvalidParameter.Status: Specified parameter Status is not valid: it must be one of activated, unactivated, expired, but was "on".
    InvalidParameter.AccessTokenId: Specified parameter AccessTokenId is not valid: it must be an id that begins with "at-".
    MissingParameter.AccessTokenId: The input parameter "AccessTokenId" that is mandatory for processing this request is not supplied.
    InvalidParameter.NetMode: Specified parameter NetMode is not valid: it must be one of 0, 2, but was "7".
    NumberExceed.Tags: Specified parameter Tag.21.Key is not valid: it may be given at most 20 times.
    InvalidParameter.TagKey: Specified parameter Tag.2.Key is not valid: it must not begin with "aliyun" or "acs:", and hold neither "http://" nor "https://" nor control characters, but was "acs:x".
    InvalidParameter.Tag: Specified parameter Tag.00000000000000000000000000000000000000000000000000000000000… is not valid: its index must be a whole number from 1 to 20.
    InvalidParameter.Force: Specified parameter Force is not valid: it must be true or false, but was "maybe".
    InvalidParameter.ValidTime: Specified parameter ValidTime is not valid: it must be a UTC time as YYYY-MM-DDThh:mm:ssZ, but was "soon".
    "#);
}
