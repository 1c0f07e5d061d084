//! Redeeming codes over the agent listener.

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use serde_json::{Value, json};

use crate::harness::{Agent, Answer, Center, random_machine};

fn import_body(id: &str, code: &str, machine: &str) -> Value {
    let disks = json!([{ "path": "/dev/vda", "size_bytes": 10_737_418_241_u64, "system": true }]);
    import_body_with(id, code, machine, &disks)
}

fn import_body_with(id: &str, code: &str, machine: &str, disks: &Value) -> Value {
    json!({
        "protocol": 1, "agent_version": "0.1.0", "token_id": id, "token_code": code, "machine": machine,
        "inventory": {
            "hostname": "web-01", "os": { "platform": "Debian" }, "addresses": ["192.0.2.4"],
            "disks": disks
        }
    })
}

pub(crate) async fn import(
    center: &Center,
    agent: &Agent,
    (id, code): &(String, String),
    machine: &str,
) -> Answer {
    agent.post(center, agent_api::IMPORT, &import_body(id, code, machine)).await
}

/// Imports a machine with other disks.
pub(crate) async fn import_with(
    center: &Center,
    agent: &Agent,
    (id, code): &(String, String),
    machine: &str,
    disks: &Value,
) -> Answer {
    agent.post(center, agent_api::IMPORT, &import_body_with(id, code, machine, disks)).await
}

async fn registered(center: &Center, id: &str) -> String {
    let listed = center.call("ListAccessTokens", &[("AccessTokenId.1", id)]).await.ok();
    listed["AccessTokens"]["AccessToken"][0]["RegisteredCount"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_code_imports_a_machine_and_lineage_goes_both_ways() {
    let center = Center::start().await;
    let code = center.code(&[("Count", "2")]).await;
    let agent = Agent::new();
    let machine = random_machine();
    let imported = import(&center, &agent, &code, &machine).await.ok();
    assert_eq!((&imported["arrival"], &imported["heartbeat_seconds"]), (&json!("new"), &json!(30)));
    let source = imported["source_id"].as_str().unwrap();

    let described = center.call("DescribeSourceServers", &[]).await.ok();
    let row = &described["SourceServers"]["SourceServer"][0];
    assert_eq!((row["SourceId"].as_str().unwrap(), row["State"].as_str().unwrap()), (source, "Available"));
    assert_eq!((&row["Name"], &row["SystemDiskSize"]), (&json!("web-01_192-0-2-4"), &json!(11)));

    let lineage = center.call("DescribeAccessToken", &[("AccessTokenId", &code.0)]).await.ok();
    assert_eq!(lineage["Sources"]["Source"][0]["SourceId"], json!(source));
    assert!(lineage["LastUsedTime"].is_string());
    let back = center.call("DescribeSourceServer", &[("SourceId", source)]).await.ok();
    assert_eq!(back["AccessTokenId"], json!(code.0));

    let events = center.call("ListAuditEvents", &[("ResourceId", &code.0)]).await.ok();
    let words: Vec<_> = events["AuditEvents"]["AuditEvent"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["Event"].clone())
        .collect();
    assert_eq!(words, ["token.redeemed", "token.created"]);
    assert!(!events.to_string().contains(&code.1));
}

#[tokio::test]
async fn the_same_machine_again_spends_nothing() {
    let center = Center::start().await;
    let code = center.code(&[("Count", "1")]).await;
    let (agent, machine) = (Agent::new(), random_machine());
    let first = import(&center, &agent, &code, &machine).await.ok();
    let same_key = import(&center, &agent, &code, &random_machine()).await.ok();
    assert_eq!((&same_key["source_id"], &same_key["arrival"]), (&first["source_id"], &json!("returned")));

    let new_key = import(&center, &Agent::new(), &code, &machine).await.ok();
    assert_eq!((&new_key["source_id"], &new_key["arrival"]), (&first["source_id"], &json!("rekeyed")));
    assert_eq!(registered(&center, &code.0).await, "1");
    // The old key is nobody's now.
    let heartbeat = json!({ "protocol": 1, "agent_version": "0.1.0" });
    assert_eq!(agent.post(&center, agent_api::HEARTBEAT, &heartbeat).await.refused(), (404, "Agent.Unknown"));
}

#[tokio::test]
async fn holders_of_a_real_code_are_told_why_and_others_are_not() {
    let center = Center::start_emulator().await;
    let exhausted = center.code(&[("Count", "1")]).await;
    import(&center, &Agent::new(), &exhausted, &random_machine()).await.ok();
    let disabled = center.code(&[]).await;
    center.call("DisableAccessToken", &[("AccessTokenId", &disabled.0)]).await.ok();
    let deleted = center.code(&[]).await;
    center.call("DeleteAccessToken", &[("AccessTokenId", &deleted.0)]).await.ok();
    let expired = center.code(&[("TimeToLiveInDays", "1")]).await;
    let (valid, other) = (center.code(&[]).await, center.code(&[]).await);
    center.advance(86_400).await;

    let wrong_value = (valid.0.clone(), other.1.clone());
    let mistyped = (valid.0.clone(), "x".repeat(32));
    let unknown_id = ("at-aaaaaaaaaaaaaaaaaaaa".to_owned(), valid.1.clone());
    let mut unknown = Vec::new();
    for (code, expected) in [
        (&exhausted, "AccessToken.Exhausted"),
        (&disabled, "AccessToken.Disabled"),
        (&expired, "AccessToken.Expired"),
        (&deleted, "AccessToken.Unknown"),
        (&wrong_value, "AccessToken.Unknown"),
        (&mistyped, "AccessToken.Unknown"),
        (&unknown_id, "AccessToken.Unknown"),
    ] {
        for call in [agent_api::IMPORT, agent_api::CHECK] {
            let body = import_body(&code.0, &code.1, &random_machine());
            let answer = Agent::new().post(&center, call, &body).await;
            assert_eq!(answer.refused(), (403, expected), "{call}");
            if expected == "AccessToken.Unknown" {
                unknown.push(answer.body.to_string());
            }
        }
    }
    assert!(unknown.windows(2).all(|pair| pair[0] == pair[1]), "one uniform answer: {unknown:?}");
    let sources = center.call("DescribeSourceServers", &[]).await.ok();
    assert_eq!(sources["TotalCount"], 1, "nothing that was refused imported anything");
}

#[tokio::test]
async fn checking_a_code_spends_nothing() {
    let center = Center::start().await;
    let code = center.code(&[("Count", "2")]).await;
    for _ in 0..3 {
        let body = json!({ "protocol": 1, "token_id": code.0, "token_code": code.1 });
        let check = Agent::new().post(&center, agent_api::CHECK, &body).await.ok();
        assert_eq!(check["uses_left"], 2);
    }
    assert_eq!(registered(&center, &code.0).await, "0");
}

#[tokio::test]
async fn a_disabled_or_deleted_code_leaves_its_sources_working() {
    let center = Center::start().await;
    let code = center.code(&[]).await;
    let agent = Agent::new();
    import(&center, &agent, &code, &random_machine()).await.ok();
    let heartbeat = json!({ "protocol": 1, "agent_version": "0.1.0" });
    for action in ["DisableAccessToken", "DeleteAccessToken"] {
        center.call(action, &[("AccessTokenId", &code.0)]).await.ok();
        agent.post(&center, agent_api::HEARTBEAT, &heartbeat).await.ok();
    }
}

#[tokio::test]
async fn a_silent_source_goes_offline_and_comes_back() {
    let center = Center::start_emulator().await;
    let code = center.code(&[]).await;
    let agent = Agent::new();
    import(&center, &agent, &code, &random_machine()).await.ok();
    center.advance(91).await;
    let offline = center.call("DescribeSourceServers", &[("State", "Unavailable")]).await.ok();
    let row = &offline["SourceServers"]["SourceServer"][0];
    assert_eq!(row["ErrorCode"], "SourceServer.Offline");
    let info: Value = serde_json::from_str(row["StatusInfo"].as_str().unwrap()).unwrap();
    assert_eq!(info["error_code"], "SourceServer.Offline");

    agent.post(&center, agent_api::HEARTBEAT, &json!({ "protocol": 1, "agent_version": "0.1.0" })).await.ok();
    // Heartbeats are written together; stopping writes what was gathered.
    let Center { running, directory, .. } = center;
    running.stop().await;
    let database =
        store::Database::open(&crate::harness::config(directory.path()).database, store::Options::default())
            .unwrap();
    let later = smc::Timestamp::from_unix(0)
        .max(database.read(|tx| smc::ports::Tx::last_recorded(tx)).await.unwrap().unwrap())
        .plus_seconds(120);
    let key_rows = database
        .read(move |tx| {
            let account = tx.accounts()?[0].id;
            let page = smc::ports::Page { offset: 0, limit: 10 };
            smc::ports::Tx::sources(tx, &account, &smc::ports::SourceFilter::default(), page, later)
        })
        .await
        .unwrap();
    assert!(!key_rows.rows[0].offline(later), "the heartbeat after the gap counts");
}

#[tokio::test]
async fn deleting_a_source_sends_its_agent_away_and_gives_no_use_back() {
    let center = Center::start().await;
    let code = center.code(&[("Count", "1")]).await;
    let agent = Agent::new();
    let source = import(&center, &agent, &code, &random_machine()).await.ok()["source_id"]
        .as_str()
        .unwrap()
        .to_owned();
    center.call("DeleteSourceServer", &[("SourceId", &source)]).await.ok();
    assert_eq!(
        center.call("DeleteSourceServer", &[("SourceId", &source)]).await.refused(),
        (404, "InvalidSourceId.NotFound")
    );
    let heartbeat = json!({ "protocol": 1, "agent_version": "0.1.0" });
    assert_eq!(agent.post(&center, agent_api::HEARTBEAT, &heartbeat).await.refused(), (404, "Agent.Unknown"));
    assert_eq!(registered(&center, &code.0).await, "1");
}

#[tokio::test]
async fn bad_requests_are_refused_and_repeat_no_code() {
    let center = Center::start().await;
    let code = center.code(&[]).await;
    let agent = Agent::new();
    let good = import_body(&code.0, &code.1, &random_machine());
    let with = |name: &str, value: Value| {
        let mut body = good.clone();
        body[name] = value;
        body
    };
    for (body, expected) in [
        (with("protocol", json!(99)), (400, "Protocol.CenterTooOld")),
        (with("protocol", json!(0)), (400, "Protocol.AgentTooOld")),
        (with("machine", json!("me")), (400, "Request.Malformed")),
        (with("token_code", json!([code.1])), (400, "Request.Malformed")),
        (with("name", json!("<script>")), (400, "InvalidParameter.Name")),
        (with("inventory", json!({ "disks": [] })), (400, "Inventory.Invalid")),
        (json!([]), (400, "Request.Malformed")),
    ] {
        let answer = agent.post(&center, agent_api::IMPORT, &body).await;
        assert_eq!(answer.refused(), expected, "{body}");
        assert!(!answer.body.to_string().contains(&code.1), "{}", answer.body);
    }
    assert_eq!(registered(&center, &code.0).await, "0");

    let get = Request::get("/nothing").header("host", "center").body(Full::new(Bytes::new())).unwrap();
    assert_eq!(agent.send(&center, get).await.refused(), (404, "Request.NotFound"));
}

#[tokio::test]
async fn the_installer_is_pinned_and_carries_no_code() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("agent");
    std::fs::write(&file, b"the agent's file").unwrap();
    let mut config = crate::harness::config(directory.path());
    config.agent_binary = Some(file);
    let center = Center::start_with(directory, config).await;
    let get = |path: &str| Request::get(path).header("host", "center").body(Full::new(Bytes::new())).unwrap();
    let agent = Agent::new();
    let script = agent.send(&center, get("/install.sh")).await.ok();
    let script = script.as_str().unwrap();
    let endpoint = &center.running.endpoint;
    for part in [&endpoint.ca_fingerprint, &endpoint.key_pin, &endpoint.addresses[0]] {
        assert!(script.contains(part.as_str()), "{part}");
    }
    for placeholder in ["@SERVER@", "@CA_FINGERPRINT@", "@KEY_PIN@", "@AGENT_SHA256@"] {
        assert!(!script.contains(placeholder), "{placeholder} is not filled");
    }
    assert_eq!(agent.send(&center, get("/landfall-agent")).await.ok(), json!("the agent's file"));
    // Cut off anywhere before its last line, it runs nothing.
    let last = script.trim_end().rfind('\n').unwrap();
    let cuts = script.char_indices().map(|(at, _)| at).filter(|at| *at <= last).step_by(40).chain([last]);
    for cut in cuts {
        let mut run = std::process::Command::new("/bin/sh");
        let part = script[..cut].replace("landfall install:", "ran");
        run.args(["-c", &part]).env_clear().env("PATH", "/nowhere");
        let said = String::from_utf8(run.output().unwrap().stderr).unwrap();
        let ran = ["ran", "id: not", "uname: not", "mkdir: not", "mktemp: not", "curl: not", "mv: not"];
        assert!(!ran.iter().any(|trace| said.contains(trace)), "cut at {cut}: {said}");
    }
    let mut whole = std::process::Command::new("/bin/sh");
    let ran = whole.args(["-c", script]).env_clear().env("PATH", "/nowhere").output().unwrap();
    assert_eq!(ran.status.code(), Some(1), "and whole it does");
}
