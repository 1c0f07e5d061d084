//! What a center hands out beside codes: keys of users, sessions and links of the console. Each is used once, so that
//! whatever would write it down has the chance.

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    process::{Command, Output, Stdio},
};

use serde_json::{Value, json};
use test_center::{ApiClient, Center, Launch};

use crate::secrets::{Found, Secret};

/// Uses a center in every way that has a secret of its own.
pub(crate) async fn use_it(
    launch: &Launch,
    center: &Center,
    secrets: &mut Vec<Secret>,
    found: &mut Vec<Found>,
) {
    let mut api = ApiClient::connect(center.api(), &center.first_key().unwrap()).await.unwrap();
    api.call_own("CreateUser", &[("UserName", "mia")]).await.unwrap();
    let key = api.call_own("CreateAccessKey", &[("UserName", "mia")]).await.unwrap();
    keep(secrets, "a user's key of the API", &key["AccessKeySecret"]);

    let made =
        landfall(launch, center, &["admin", "key", "create", "--user", "mia", "--output", "json"], found);
    let made: Value = serde_json::from_slice(&made.stdout).unwrap();
    keep(secrets, "a user's key of the command line", &made["AccessKeySecret"]);
    let listed = landfall(launch, center, &["token", "list"], found);
    found.push(Found { name: "landfall's output".into(), bytes: listed.stdout });
    let link = landfall(launch, center, &["console"], found);
    let link = String::from_utf8(link.stdout).unwrap();
    let link = link.trim().split_once("#token=").unwrap().1.to_owned();
    sign_in_and_call(center, &json!({ "Token": link }), secrets);
    keep(secrets, "a sign-in link", &link.into());
    let (id, secret) = (&made["AccessKeyId"], &made["AccessKeySecret"]);
    sign_in_and_call(center, &json!({ "AccessKeyId": id, "AccessKeySecret": secret }), secrets);
    let printed = launch.log();
    let printed = printed.split_once("#token=").unwrap().1.split_once(' ').unwrap().0;
    assert_eq!(launch.log().matches(printed).count(), 1, "the first link is printed, once");
}

/// Begins a session of the console and makes a call of each signature scheme with it.
fn sign_in_and_call(center: &Center, credentials: &Value, secrets: &mut Vec<Secret>) {
    let (head, session) = post(center, "/console/session", "", credentials);
    let cookie = head.split("set-cookie: ").nth(1).unwrap().split(';').next().unwrap().to_owned();
    let csrf = session["Csrf"].as_str().unwrap();
    for scheme in ["V1", "V3"] {
        let action = "GetAgentEndpoint";
        let wanted = json!({ "Version": "2026-11-24", "Action": action, "Scheme": scheme, "Detail": true });
        let headers = format!("cookie: {cookie}\r\nx-landfall-csrf: {csrf}\r\n");
        let (_, outcome) = post(center, "/console/call", &headers, &wanted);
        assert!(outcome["Status"].is_number(), "{outcome}");
    }
    keep(secrets, "a session's cookie", &cookie.split_once('=').unwrap().1.into());
    keep(secrets, "a session's header value", &csrf.into());
}

/// The keys that files hold for the programs themselves: those files may have them, and no others.
pub(crate) fn own_keys(launch: &Launch, agent: &Path) -> Vec<(Secret, String)> {
    let master = launch.data_dir.join("master.key");
    let text = fs::read_to_string(&master).unwrap().trim().to_owned();
    let mut keys = vec![(Secret { what: "the master key", text }, master.display().to_string())];
    for entry in fs::read_dir(agent).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap_or_default();
        if let Some((_, body)) = text.split_once("PRIVATE KEY-----\n") {
            let line = body.lines().next().unwrap().to_owned();
            keys.push((Secret { what: "the agent's private key", text: line }, path.display().to_string()));
        }
    }
    assert_eq!(keys.len(), 2, "the agent has one private key");
    keys
}

fn keep(secrets: &mut Vec<Secret>, what: &'static str, text: &Value) {
    secrets.push(Secret { what, text: text.as_str().unwrap().to_owned() });
}

fn landfall(launch: &Launch, center: &Center, arguments: &[&str], found: &mut Vec<Found>) -> Output {
    let mut command = Command::new(reliability::landfall().unwrap());
    command.env_clear().env("HOME", "/nonexistent").env("LANDFALL_LOG", "trace");
    command.env("LANDFALL_ENDPOINT", format!("http://{}", center.api()));
    command.env("ALIBABA_CLOUD_ACCESS_KEY_ID", center.first_key().unwrap().id());
    command.env("ALIBABA_CLOUD_ACCESS_KEY_SECRET", center.first_secret().unwrap());
    command.env("LANDFALL_DATA_DIR", &launch.data_dir);
    if let Some(url) = &launch.database_url {
        command.env("LANDFALL_DATABASE_URL", url);
    }
    let output = command.args(arguments).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    found.push(Found { name: format!("the log of landfall {arguments:?}"), bytes: output.stderr.clone() });
    output
}

fn post(center: &Center, path: &str, headers: &str, body: &Value) -> (String, Value) {
    let mut stream = TcpStream::connect(center.api()).unwrap();
    let (host, body) = (center.api(), body.to_string());
    let length = body.len();
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
    )
    .unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    let (head, body) = reply.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), serde_json::from_str(body).unwrap())
}
