//! What callers may send, and how it is read.

use smc_model::Request;
use smc_model::generated::access_token::{CreateAccessTokenRequest, ListAccessTokensRequest};
use smc_model::generated::landfall::ListAuditEventsRequest;
use smc_model::generated::replication_job::CreateReplicationJobRequest;
use smc_model::generated::shared::{
    AccessTokenStatus, ResourceType, SourceServerState, TagFilter, TagPair, TargetType,
};
use smc_model::generated::source_server::{DeleteSourceServerRequest, DescribeSourceServersRequest};
use smc_model::generated::tag::{TagResourcesRequest, UntagResourcesRequest};

use crate::pairs;

fn parsed<R: Request>(params: &[(&str, &str)]) -> R {
    R::parse(&pairs(params)).unwrap_or_else(|violation| panic!("{params:?}: {violation}"))
}

#[test]
fn defaults_stand_for_what_is_absent_or_empty() {
    for params in [&[][..], &[("Count", ""), ("TimeToLiveInDays", ""), ("Name", ""), ("Description", "")]] {
        let request: CreateAccessTokenRequest = parsed(params);
        assert_eq!(
            request,
            CreateAccessTokenRequest { count: 100, description: None, name: None, time_to_live_in_days: 30 }
        );
    }
    assert_eq!(parsed::<ListAuditEventsRequest>(&[]).max_results, 50);
    let listed: ListAccessTokensRequest = parsed(&[]);
    assert_eq!((listed.page_number, listed.page_size, listed.status), (None, None, None));
}

#[test]
fn numbers_are_taken_to_the_edges_of_their_range() {
    for (count, expected) in [("1", 1), ("1000", 1000), ("007", 7)] {
        assert_eq!(parsed::<CreateAccessTokenRequest>(&[("Count", count)]).count, expected);
    }
    for (days, expected) in [("1", 1), ("90", 90)] {
        assert_eq!(
            parsed::<CreateAccessTokenRequest>(&[("TimeToLiveInDays", days)]).time_to_live_in_days,
            expected
        );
    }
}

#[test]
fn names_follow_the_rule_with_its_chinese_half() {
    let longest = "字".repeat(128);
    for name in ["ab", "rack-7", "A:_-9", "机房七号", longest.as_str()] {
        assert_eq!(parsed::<CreateAccessTokenRequest>(&[("Name", name)]).name.as_deref(), Some(name));
    }
    let longest = "🦀".repeat(256);
    for description in ["<b>servers</b> of rack 7.", "http://x", longest.as_str()] {
        let request: CreateAccessTokenRequest = parsed(&[("Description", description)]);
        assert_eq!(request.description.as_deref(), Some(description));
    }
}

#[test]
fn booleans_are_read_in_any_case() {
    for (sent, expected) in
        [("True", true), ("true", true), ("TRUE", true), ("False", false), ("fAlSe", false), ("", false)]
    {
        assert_eq!(
            parsed::<DeleteSourceServerRequest>(&[("SourceId", "s-1"), ("Force", sent)]).force,
            expected
        );
    }
}

#[test]
fn choices_are_read_into_their_types() {
    let request: ListAccessTokensRequest = parsed(&[("Status", "expired")]);
    assert_eq!(request.status, Some(AccessTokenStatus::Expired));
    let request: DescribeSourceServersRequest = parsed(&[("State", "InUse")]);
    assert_eq!(request.state, Some(SourceServerState::InUse));
    // Documented as case-insensitive, and echoed in lower case by a documented sample.
    let request: CreateReplicationJobRequest =
        parsed(&[("RegionId", "r"), ("SourceId", "s-1"), ("TargetType", "image")]);
    assert_eq!(request.target_type, Some(TargetType::Image));
}

#[test]
fn lists_may_have_gaps_and_any_order() {
    let request: ListAccessTokensRequest = parsed(&[
        ("AccessTokenId.100", "at-c"),
        ("AccessTokenId.3", ""),
        ("AccessTokenId.2", "at-a"),
        ("AccessTokenId.10", "at-b"),
    ]);
    assert_eq!(request.access_token_id, ["at-a", "at-b", "at-c"]);
}

#[test]
fn tags_are_pairs_when_set_and_patterns_when_asked_for() {
    let request: TagResourcesRequest = parsed(&[
        ("ResourceType", "sourceserver"),
        ("ResourceId.1", "s-1"),
        ("Tag.20.Key", "empty"),
        ("Tag.1.Value", "billing"),
        ("Tag.1.Key", "team"),
    ]);
    assert_eq!(request.resource_type, ResourceType::SourceServer);
    let pair = |key: &str, value: &str| TagPair { key: key.to_owned(), value: value.to_owned() };
    assert_eq!(request.tag, [pair("team", "billing"), pair("empty", "")]);
    let request: DescribeSourceServersRequest =
        parsed(&[("Tag.1.Key", "team"), ("Tag.2.Key", ""), ("Tag.2.Value", "")]);
    assert_eq!(request.tag, [TagFilter { key: "team".to_owned(), value: None }]);
    let request: UntagResourcesRequest =
        parsed(&[("ResourceType", "replicationjob"), ("ResourceId.1", "j-1"), ("TagKey.3", "Team")]);
    assert_eq!((request.tag_key, request.all), (vec!["Team".to_owned()], false));
}

#[test]
fn nested_lists_are_read_to_their_depth() {
    let request: CreateReplicationJobRequest = parsed(&[
        ("RegionId", "cn-hangzhou"),
        ("SourceId", "s-1"),
        ("Disks.Data.1.Part.2.Path", "/home"),
        ("Disks.Data.1.Part.1.Block", "True"),
        ("Disks.System.Size", "40"),
        ("DataDisk.2.Index", "1"),
    ]);
    let disks = request.disks.unwrap();
    assert_eq!(disks.system.unwrap().size, Some(40));
    assert_eq!(disks.data[0].part[0].block, Some(true));
    assert_eq!(disks.data[0].part[1].path.as_deref(), Some("/home"));
    assert_eq!(request.data_disk[0].index, Some(1));
    assert!(request.run_once);
}

#[test]
fn what_is_not_declared_is_ignored() {
    let params = [
        ("OwnerId", "not a number"),
        ("ResourceOwnerAccount", "x"),
        ("RegionId", "cn-hangzhou"),
        ("SignatureType", ""),
        ("count", "0"),
        ("Foo", "1"),
        ("Foo", "2"),
        ("Tag.1.Key", "\u{0}"),
        ("", ""),
        ("Count", "5"),
    ];
    assert_eq!(parsed::<CreateAccessTokenRequest>(&params).count, 5);
    let request: TagResourcesRequest = parsed(&[
        ("ResourceType", "sourceserver"),
        ("ResourceId.1", "s-1"),
        ("Tag.1.Key", "team"),
        ("Tag.1.Scope", "x"),
    ]);
    assert_eq!(request.tag.len(), 1);
}
