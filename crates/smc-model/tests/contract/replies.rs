//! The replies as clients read them.

use insta::assert_snapshot;
use serde::Serialize;
use serde::de::DeserializeOwned;
use smc_model::generated::access_token::{AccessToken, CreateAccessTokenResponse, ListAccessTokensResponse};
use smc_model::generated::source_server::{
    DescribeSourceServersResponse, SourceServer, SourceServerDisks, SourceServerDisksData,
};
use smc_model::generated::{access_token, landfall, replication_job, source_server, tag, workgroup};
use smc_model::{OneTimeSecret, Request};

use crate::sample;

/// A reply with every member of the table is read by the type and written again unchanged.
fn assert_type_is_the_table<R: Request>()
where
    R::Response: Serialize + DeserializeOwned,
{
    let whole = sample::reply(R::OPERATION.response);
    let typed: R::Response = serde_json::from_value(whole.clone())
        .unwrap_or_else(|error| panic!("{}: {error}", R::OPERATION.name));
    assert_eq!(serde_json::to_value(&typed).unwrap(), whole, "{}", R::OPERATION.name);
}

#[test]
fn every_reply_type_has_the_members_of_its_table() {
    crate::identity::for_every_request!(assert_type_is_the_table);
}

#[test]
fn the_code_is_shown_in_the_reply_to_its_creator() {
    let reply = CreateAccessTokenResponse {
        access_token_code: OneTimeSecret::new("B57QoTXEA2Tytr0uZWoNY5Aju5Jt1234".to_owned()),
        access_token_id: "at-bp1akz2zp67r0k6r1234".to_owned(),
    };
    assert_snapshot!(serde_json::to_string(&reply).unwrap(), @r#"{"AccessTokenCode":"B57QoTXEA2Tytr0uZWoNY5Aju5Jt1234","AccessTokenId":"at-bp1akz2zp67r0k6r1234"}"#);
}

#[test]
fn numbers_of_a_code_are_strings_and_absent_members_are_left_out() {
    let reply = ListAccessTokensResponse {
        access_tokens: vec![AccessToken {
            access_token_id: "at-1".to_owned(),
            count: "100".to_owned(),
            creation_time: "2026-11-24T08:00:00Z".to_owned(),
            registered_count: "0".to_owned(),
            status: "activated".to_owned(),
            time_to_live_in_days: "30".to_owned(),
            ..AccessToken::default()
        }]
        .into(),
        page_number: 1,
        page_size: 1,
        total_count: 1,
    };
    assert_snapshot!(serde_json::to_string(&reply).unwrap(), @r#"{"AccessTokens":{"AccessToken":[{"AccessTokenId":"at-1","Count":"100","CreationTime":"2026-11-24T08:00:00Z","RegisteredCount":"0","Status":"activated","TimeToLiveInDays":"30"}]},"PageNumber":1,"PageSize":1,"TotalCount":1}"#);
}

#[test]
fn lists_are_wrapped_as_the_sdks_expect() {
    let disks = SourceServerDisks {
        data: vec![SourceServerDisksData { size: 40, ..SourceServerDisksData::default() }].into(),
        system: None,
    };
    let reply = DescribeSourceServersResponse {
        source_servers: vec![SourceServer {
            source_id: "s-1".to_owned(),
            disks: Some(disks),
            ..SourceServer::default()
        }]
        .into(),
        ..DescribeSourceServersResponse::default()
    };
    let json = serde_json::to_value(&reply).unwrap();
    let source = &json["SourceServers"]["SourceServer"][0];
    assert_eq!(source["Disks"]["Data"]["Data"][0]["Size"], 40);
    assert_eq!(source["Tags"]["Tag"], serde_json::json!([]));
    assert_eq!(source["DataDisks"]["DataDisk"], serde_json::json!([]));
}
