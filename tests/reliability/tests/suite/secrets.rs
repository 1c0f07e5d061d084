//! Nothing that a center or an agent writes gives away a code or a secret, at the most talkative level of logging.

use std::{
    fs::{self, File},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use memchr::memmem;
use test_center::{AgentKey, ApiClient, ApiKey, Center, ClientError, machine_id};
use test_postgres::TestPostgres;
use tokio::{runtime::Runtime, time::sleep};

use crate::{
    handed_out,
    place::{Engine, Place},
};

/// How long an agent may take to be heard of.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long a small disk may take to become an image.
const COPYING: Duration = Duration::from_mins(2);

#[test]
fn nothing_on_sqlite_gives_away_a_code_or_a_secret() {
    run_everything_and_search(Engine::Sqlite);
}

#[test]
fn nothing_on_postgresql_gives_away_a_code_or_a_secret() {
    run_everything_and_search(Engine::Postgres);
}

/// Something that was written, and where.
pub(crate) struct Found {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

/// What nobody may find.
pub(crate) struct Secret {
    pub(crate) what: &'static str,
    pub(crate) text: String,
}

fn run_everything_and_search(engine: Engine) {
    let place = Place::new(engine);
    let mut launch = place.launch("center");
    launch.environment.push(("LANDFALL_LOG".into(), "trace".into()));
    if engine == Engine::Postgres {
        launch.database_url = Some(with_a_password());
    }
    let center = launch.start().unwrap();
    let mut secrets =
        vec![Secret { what: "the first key's secret", text: center.first_secret().unwrap().to_owned() }];
    if engine == Engine::Postgres {
        secrets.push(Secret { what: "the database's password", text: PASSWORD.to_owned() });
    }
    let mut found = Vec::new();
    let runtime = Runtime::new().unwrap();
    let source_id = runtime.block_on(run_everything(&place, &center, &mut secrets, &mut found));
    runtime.block_on(handed_out::use_it(&launch, &center, &mut secrets, &mut found));
    found.push(Found { name: "metrics".into(), bytes: center.get("/metrics").unwrap().1.into_bytes() });
    found.push(Found { name: "health".into(), bytes: center.get("/healthz").unwrap().1.into_bytes() });
    let said = center.stop().unwrap();
    let once = said.matches(&secrets[0].text).count();
    assert_eq!(once, 1, "the first start prints the secret, once");
    found.push(Found {
        name: "standard output".into(),
        bytes: said.replace(&secrets[0].text, "").into_bytes(),
    });

    collect(place.path(), &mut found);
    if engine == Engine::Postgres {
        let server = TestPostgres::shared().unwrap();
        server.sql("postgres", "CHECKPOINT").unwrap();
        collect(server.socket_directory(), &mut found);
    }
    let log = found.iter().find(|found| found.name.ends_with("center.log")).unwrap();
    for (place, bytes) in [("log", &log.bytes), ("database", &database(&found))] {
        let seen = memmem::find(bytes, source_id.as_bytes()).is_some();
        assert!(seen, "the source's id, which is no secret, is not in the {place}");
    }
    search(&secrets, &found);
    for (secret, own) in handed_out::own_keys(&launch, &place.path().join("agent")) {
        let (its, others): (Vec<_>, Vec<_>) = found.drain(..).partition(|found| found.name == own);
        assert_eq!(its.len(), 1, "{own} was looked at");
        search(&[secret], &others);
        found = others;
    }
}

/// The password of the database's user.
const PASSWORD: &str = "kept-w3ll-4Xq9TzR1mVb7";

/// The URL of an empty database for a user who needs a password.
fn with_a_password() -> String {
    let server = TestPostgres::shared().unwrap();
    server.sql("postgres", &format!("CREATE ROLE keeper LOGIN PASSWORD '{PASSWORD}'")).unwrap();
    server.sql("postgres", "CREATE DATABASE kept OWNER keeper").unwrap();
    server.url(&format!("keeper:{PASSWORD}"), "kept")
}

/// Every file of the database, one after the other.
fn database(found: &[Found]) -> Vec<u8> {
    let files =
        found.iter().filter(|found| found.name.contains("landfall.db") || found.name.contains("/base/"));
    files.flat_map(|found| found.bytes.clone()).collect()
}

/// The whole flow with the real agent, refusals included; gives the id of the source.
async fn run_everything(
    place: &Place,
    center: &Center,
    secrets: &mut Vec<Secret>,
    found: &mut Vec<Found>,
) -> String {
    let key = center.first_key().unwrap();
    let mut api = ApiClient::connect(center.api(), &key).await.unwrap();
    let code = api.create_code(2).await.unwrap();
    secrets.push(Secret { what: "the code", text: code.value.reveal().to_owned() });
    api.call("ListAccessTokens", &[]).await.unwrap();

    let mut import = agent(place, &["import", "--token-id", &code.id, "--disk"]);
    import.arg(disk(place)).env("LANDFALL_TOKEN_CODE", code.value.reveal());
    import.args(["--images-only", "--server", &format!("https://{}", center.agents())]);
    import.args(["--ca-fingerprint", fingerprint(center)]);
    let output = import.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for (name, bytes) in [("the agent's output", output.stdout), ("the agent's log", output.stderr)] {
        found.push(Found { name: name.into(), bytes });
    }
    let log = File::create(place.path().join("agent-run.log")).unwrap();
    let running =
        Running(agent(place, &["run"]).stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap());
    heard_of(center).await;
    let sources = api.call("DescribeSourceServers", &[]).await.unwrap();
    let source = sources["SourceServers"]["SourceServer"][0]["SourceId"].as_str().unwrap().to_owned();
    replicate(&mut api, &source).await;
    drop(running);

    api.call("DisableAccessToken", &[("AccessTokenId", &code.id)]).await.unwrap();
    let mut line = AgentKey::generate().unwrap().connect(center.agents()).await.unwrap();
    let refused = line.import(&code, machine_id("secrets", 1)).await.unwrap_err();
    assert_eq!(refused.code(), "AccessToken.Disabled");
    api.call("DeleteAccessToken", &[("AccessTokenId", &code.id)]).await.unwrap();
    let refused = line.import(&code, machine_id("secrets", 1)).await.unwrap_err();
    assert_eq!(refused.code(), "AccessToken.Unknown");
    mistakes(center, &key, &code.id, secrets, &code.value).await;
    source
}

/// Copies the source once, to its image.
async fn replicate(api: &mut ApiClient, source: &str) {
    let made = [("RegionId", "test"), ("SourceId", source)];
    let job = api.call("CreateReplicationJob", &made).await.unwrap()["JobId"].as_str().unwrap().to_owned();
    api.call("StartReplicationJob", &[("JobId", &job)]).await.unwrap();
    let began = Instant::now();
    loop {
        let found = api.call("DescribeReplicationJobs", &[("JobId.1", &job)]).await.unwrap();
        let found = &found["ReplicationJobs"]["ReplicationJob"][0];
        if found["Status"] == "Finished" {
            return;
        }
        assert!(began.elapsed() < COPYING && found["Status"] != "InError", "{found}");
        sleep(Duration::from_millis(50)).await;
    }
}

/// What people send by mistake: a code where it does not belong, a signature by the wrong secret.
async fn mistakes(
    center: &Center,
    key: &ApiKey,
    token_id: &str,
    secrets: &[Secret],
    value: &agent_api::WireCode,
) {
    let mut api = ApiClient::connect(center.api(), key).await.unwrap();
    let misplaced = [("AccessTokenId", value.reveal())];
    for action in ["DisableAccessToken", "DeleteAccessToken"] {
        refused(api.call(action, &misplaced).await);
    }
    let wrong = ApiKey::new(key.id(), value.reveal());
    let mut api = ApiClient::connect(center.api(), &wrong).await.unwrap();
    let told = refused(api.call("DeleteAccessToken", &[("AccessTokenId", token_id)]).await);
    for secret in secrets {
        assert!(!told.contains(&secret.text), "{} is in a refusal", secret.what);
    }
}

fn refused(outcome: Result<serde_json::Value, ClientError>) -> String {
    match outcome {
        Err(error @ ClientError::Refused { .. }) => error.to_string(),
        other => panic!("this should have been refused: {other:?}"),
    }
}

fn agent(place: &Place, arguments: &[&str]) -> Command {
    let mut command = Command::new(reliability::landfall_agent().unwrap());
    command.env_clear().env("LANDFALL_LOG", "trace").env("PATH", std::env::var_os("PATH").unwrap());
    command.env("LANDFALL_STATE_DIR", place.path().join("agent"));
    command.args(arguments).stdin(Stdio::null());
    command
}

fn disk(place: &Place) -> std::path::PathBuf {
    let path = place.path().join("disk.img");
    File::create(&path).unwrap().set_len(16 << 20).unwrap();
    path
}

fn fingerprint(center: &Center) -> &str {
    center.announcement().split_whitespace().find(|word| word.starts_with("sha256:")).unwrap()
}

async fn heard_of(center: &Center) {
    let began = Instant::now();
    loop {
        let (_, metrics) = center.get("/metrics").unwrap();
        if metrics.lines().any(|line| line.contains("call=\"heartbeat\",code=\"OK\"")) {
            return;
        }
        assert!(began.elapsed() < PATIENCE, "the center heard nothing of the agent: {metrics}");
        sleep(Duration::from_millis(20)).await;
    }
}

/// Takes every file below a directory; those that go while this looks are no evidence.
fn collect(directory: &Path, found: &mut Vec<Found>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let Ok(metadata) = path.symlink_metadata() else { continue };
        if metadata.is_dir() {
            collect(&path, found);
        } else if metadata.is_file()
            && let Ok(bytes) = fs::read(&path)
        {
            found.push(Found { name: path.display().to_string(), bytes });
        }
    }
}

fn search(secrets: &[Secret], found: &[Found]) {
    let bytes: usize = found.iter().map(|found| found.bytes.len()).sum();
    println!("{} files and texts, {bytes} bytes, are searched for {} secrets", found.len(), secrets.len());
    for secret in secrets {
        for (form, needle) in forms(&secret.text) {
            let finder = memmem::Finder::new(&needle);
            for place in found {
                let at = finder.find(&place.bytes);
                assert!(at.is_none(), "{} is in {}, in {form}, at byte {at:?}", secret.what, place.name);
            }
        }
    }
}

/// What a text looks like in the ways that programs write it. Base64 depends on where in a longer text it begins; the
/// characters at its ends, which neighbours decide, are left out.
fn forms(text: &str) -> Vec<(String, Vec<u8>)> {
    let mut forms = vec![
        ("plain text".to_owned(), text.as_bytes().to_vec()),
        ("small hexadecimal".to_owned(), hex::encode(text).into_bytes()),
        ("capital hexadecimal".to_owned(), hex::encode_upper(text).into_bytes()),
    ];
    for before in 0..3 {
        let encoded = STANDARD.encode(" ".repeat(before) + text);
        let encoded = encoded.trim_end_matches('=');
        let inner = encoded.as_bytes()[before + usize::from(before > 0)..encoded.len() - 1].to_vec();
        forms.push((format!("base64 from byte {before} of three"), inner));
    }
    let escaped: Vec<_> = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
    forms.push(("percent-encoding of every byte".to_owned(), escaped.concat().into_bytes()));
    // How Debug shows bytes.
    let numbers: Vec<_> = text.bytes().map(|byte| byte.to_string()).collect();
    forms.push(("a list of bytes".to_owned(), numbers.join(", ").into_bytes()));
    forms
}

/// A child that ends with its owner.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn every_form_of_a_secret_is_found_wherever_it_begins() {
    let secret = "B57QoTXEA2Tytr0uZWoNY5Aju5JtXYZ1";
    for before in 0..6 {
        let longer = format!("{}{secret}{}", "x".repeat(before), "y".repeat(before % 4));
        let written = [
            longer.clone().into_bytes(),
            hex::encode(&longer).into_bytes(),
            STANDARD.encode(&longer).into_bytes(),
            format!("{:?}", longer.as_bytes()).into_bytes(),
        ];
        for bytes in written {
            let hit = forms(secret).iter().any(|(_, needle)| memmem::find(&bytes, needle).is_some());
            assert!(hit, "{}", String::from_utf8_lossy(&bytes));
        }
    }
}
