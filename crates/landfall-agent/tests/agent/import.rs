//! `landfall-agent import` and its neighbours, as a person at the source meets them.
//!
//! Every run logs at trace level, and every byte it prints or keeps is searched for the code.

use std::{
    net::SocketAddr,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
};

use landfall_agent::trust::Pin;
use serde_json::{Value, json};
use smc::access_token::{AccessTokenCode, code::CODE_ENTROPY};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    process::Command,
};

use crate::stand_in::{Answer, Call, SOURCE_ID, StandIn, healthy, refusal};

const TOKEN_ID: &str = "at-abcdefghij0123456789";

fn code() -> String {
    AccessTokenCode::from_random(&[7; CODE_ENTROPY]).reveal().to_owned()
}

/// A source: a directory for the agent's state, an image to migrate, and a center to go to.
pub(crate) struct Source {
    directory: TempDir,
    pub(crate) center: Arc<StandIn>,
    address: SocketAddr,
}

/// What a run of the agent left behind.
pub(crate) struct Outcome {
    pub(crate) exit: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Source {
    pub(crate) async fn facing(rule: impl Fn(&Call) -> Answer + Send + Sync + 'static) -> Self {
        let center = StandIn::new(rule);
        let address = center.listen().await;
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("code"), code()).unwrap();
        std::fs::set_permissions(directory.path().join("code"), PermissionsExt::from_mode(0o600)).unwrap();
        std::fs::write(directory.path().join("disk.img"), vec![0; 1 << 20]).unwrap();
        Self { directory, center, address }
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.directory.path().join("state")
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.directory.path().join(name).display().to_string()
    }

    /// Runs the agent with these words, the state directory and nothing else of this environment.
    pub(crate) async fn agent(&self, words: &[&str], variables: &[(&str, &str)], stdin: &str) -> Outcome {
        let mut child = Command::new(env!("CARGO_BIN_EXE_landfall-agent"))
            .args(words)
            .env_clear()
            .env("LANDFALL_LOG", "trace")
            .env("LANDFALL_STATE_DIR", self.state())
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        // An agent that refuses before it reads has closed its end.
        let _ = input.write_all(stdin.as_bytes()).await;
        drop(input);
        let output = child.wait_with_output().await.unwrap();
        for bytes in [&output.stdout, &output.stderr].into_iter().chain(&files(&self.state())) {
            assert!(!String::from_utf8_lossy(bytes).contains(&code()), "the code leaked");
        }
        Outcome {
            exit: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    async fn import_with(&self, pin: Pin, more: &[&str]) -> Outcome {
        let (server, pin) = (format!("https://{}", self.address), pin.to_string());
        let (code_file, disk) = (self.path("code"), self.path("disk.img"));
        let mut words = vec!["import", "--server", &server, "--ca-fingerprint", &pin, "--token-id", TOKEN_ID];
        words.extend(["--token-code-file", &code_file, "--disk", &disk]);
        words.extend(more);
        self.agent(&words, &[], "").await
    }

    pub(crate) async fn import(&self, more: &[&str]) -> Outcome {
        self.import_with(self.center.pin, more).await
    }

    /// What a person sees, with what differs from run to run and machine to machine taken out.
    fn seen(&self, outcome: &Outcome) -> String {
        let notes = |line: &&str| !line.starts_with("note: ");
        let stderr: Vec<&str> = outcome.stderr.lines().filter(notes).collect();
        format!("[{}]\n{}--\n{}", outcome.exit.unwrap(), outcome.stdout, stderr.join("\n"))
            .replace(&self.address.to_string(), "CENTER")
            .replace(&self.center.pin.to_string(), "PIN")
            .replace(self.directory.path().to_str().unwrap(), "DIR")
    }
}

/// The most that a process has had resident, in KiB.
pub(crate) fn peak_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    peak.trim().trim_end_matches(" kB").parse().unwrap()
}

fn files(directory: &Path) -> Vec<Vec<u8>> {
    let Ok(entries) = std::fs::read_dir(directory) else { return vec![] };
    entries.map(|entry| std::fs::read(entry.unwrap().path()).unwrap()).collect()
}

#[tokio::test]
async fn an_import_says_so_as_the_official_client_does() {
    let source = Source::facing(healthy).await;
    let outcome = source.import(&["--name", "web-01"]).await;
    insta::assert_snapshot!(source.seen(&outcome), @"
    [0]
    Import Source Server [s-abcdefghij0123456789] Successfully!
    --
    name      web-01
    imported  for the first time; one use of at-abcdefghij0123456789 is spent
    next      keep this machine online:  landfall-agent run --state-dir DIR/state
              or as a service:           landfall-agent service --state-dir DIR/state > /etc/systemd/system/landfall-agent.service
                                         systemctl daemon-reload && systemctl enable --now landfall-agent
              an agent that already runs here takes the change over when it is restarted
    ");
    let calls = source.center.calls();
    let [call] = calls.as_slice() else { panic!("{calls:?}") };
    assert_eq!(call.path, agent_api::IMPORT);
    assert_eq!(call.body["token_code"], code());
    assert_eq!(call.body["token_id"], TOKEN_ID);
    assert_eq!(call.body["name"], "web-01");
    let disks = call.body["inventory"]["disks"].as_array().unwrap();
    let image = disks.iter().find(|disk| disk["path"] == source.path("disk.img")).unwrap();
    assert_eq!((&image["kind"], &image["size_bytes"]), (&json!("image"), &json!(1 << 20)));
    for file in std::fs::read_dir(source.state()).unwrap() {
        assert_eq!(file.unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert_eq!(source.state().metadata().unwrap().permissions().mode() & 0o777, 0o700);
    let status: Value =
        serde_json::from_str(&source.agent(&["status", "--output", "json"], &[], "").await.stdout).unwrap();
    assert_eq!(status["source"]["source_id"], SOURCE_ID);
    assert_eq!(status["source"]["disks"], json!([source.path("disk.img")]));
    assert_eq!(status["agent_key"], call.key);
}

#[tokio::test]
async fn scripts_get_one_json_object_and_may_pass_everything_by_environment_or_pipe() {
    let source = Source::facing(healthy).await;
    let (server, pin) = (format!("https://{}", source.address), source.center.pin.to_string());
    let options = [
        ("LANDFALL_SERVER", server.as_str()),
        ("LANDFALL_CA_FINGERPRINT", &pin),
        ("LANDFALL_TOKEN_ID", TOKEN_ID),
    ];
    let disk = source.path("disk.img");
    let code = code();
    let by_variable = [options.as_slice(), &[("LANDFALL_TOKEN_CODE", &code)]].concat();
    let words = ["import", "--output", "json", "--disk", &disk];
    let piped = [words.as_slice(), &["--token-code-file", "-"]].concat();
    for outcome in [
        source.agent(&words, &by_variable, "").await,
        source.agent(&piped, &options, &format!("{code}\n")).await,
    ] {
        assert_eq!(outcome.exit, Some(0), "{}", outcome.stderr);
        let object: Value = serde_json::from_str(&outcome.stdout).unwrap();
        assert_eq!(object["source_id"], SOURCE_ID);
        assert_eq!(object["arrival"], "new");
    }
    let none = source.agent(&words, &options, "").await;
    assert_eq!(none.exit, Some(2));
    insta::assert_snapshot!(none.stderr, @"landfall-agent: no activation code: put it into a file (--token-code-file FILE), pipe it (--token-code-file -), or set LANDFALL_TOKEN_CODE");
}

#[tokio::test]
async fn another_center_than_the_pinned_one_hears_nothing() {
    let source = Source::facing(healthy).await;
    let outcome = source.import_with(Pin::of(b"another authority"), &[]).await;
    insta::assert_snapshot!(source.seen(&outcome), @"
    [1]
    --
    landfall-agent: refusing to talk to https://CENTER: this is not the pinned center: expected the authority sha256:2a64d164a45258f5c7d9adb55598b507aa95954094ffda044a4507127b53a29f, it presents PIN; compare with the fingerprint that `landfall serve` shows, and trust it only if you know why it changed
    ");
    assert!(source.center.calls().is_empty());
}

#[tokio::test]
async fn a_mistyped_code_is_caught_before_anything_is_sent() {
    let source = Source::facing(healthy).await;
    let mut typo = code();
    typo.replace_range(5..6, if &typo[5..6] == "z" { "a" } else { "z" });
    for (content, says) in
        [(typo.as_str(), "checksum"), ("", "32 letters and digits"), ("at-1", "32 letters")]
    {
        std::fs::write(source.path("code"), content).unwrap();
        let outcome = source.import(&[]).await;
        assert_eq!(outcome.exit, Some(2));
        assert!(outcome.stderr.contains(says), "{}", outcome.stderr);
        assert!(content.is_empty() || !outcome.stderr.contains(content));
    }
    assert!(source.center.calls().is_empty() && !source.state().exists());
}

#[tokio::test]
async fn a_code_on_the_command_line_is_refused_and_not_repeated() {
    let source = Source::facing(healthy).await;
    let (code, mistyped) = (code(), code().replace(|c: char| c.is_ascii_digit(), "x"));
    let equals = format!("--token-code={code}");
    for words in [["import", "--token-code", &code].as_slice(), &["import", &equals], &["import", &code]] {
        let outcome = source.agent(words, &[], "").await;
        assert_eq!(outcome.exit, Some(2));
        assert!(outcome.stderr.contains("never an argument"), "{}", outcome.stderr);
    }
    let outcome = source.agent(&["run", &mistyped], &[], "").await;
    assert_eq!(outcome.exit, Some(2));
    assert!(!outcome.stderr.contains(&mistyped) && outcome.stderr.contains("[hidden]"), "{}", outcome.stderr);
}

#[tokio::test]
async fn every_refusal_is_shown_with_its_code_and_what_to_do() {
    let source = Source::facing(healthy).await;
    let mut seen = String::new();
    for (status, code, message) in [
        (403, "AccessToken.Unknown", "no activation code has this id and this value"),
        (403, "AccessToken.Disabled", "the activation code was disabled by its owner"),
        (403, "AccessToken.Expired", "the activation code expired at 2026-01-01T00:00:00Z"),
        (403, "AccessToken.Exhausted", "the activation code has already imported all of its 5 servers"),
        (409, "Source.OtherAccount", "this machine is already imported into another account"),
        (409, "SourceServerName.Duplicate", "another source server of the account is named web"),
        (400, "Inventory.Invalid", "the inventory lists no disk"),
        (400, "Protocol.AgentTooOld", "the agent speaks protocol 1, this center serves 2 to 3"),
        (503, "ServiceUnavailable", "the database is unavailable"),
        (400, "Something.New", "said by a newer\u{7} center"),
    ] {
        source.center.obey(move |_| refusal(status, code, message));
        let outcome = source.import(&[]).await;
        assert_eq!((outcome.exit, outcome.stdout.as_str()), (Some(1), ""));
        seen.extend(
            outcome.stderr.lines().filter(|line| !line.starts_with("note")).map(|l| format!("{l}\n")),
        );
    }
    insta::assert_snapshot!(seen, @"
    landfall-agent: AccessToken.Unknown: no activation code has this id and this value
    what to do: compare the id with `landfall token list` on the center; a code is shown once, when it is created, so if it is lost create another
    landfall-agent: AccessToken.Disabled: the activation code was disabled by its owner
    what to do: create another on the center: landfall token create; machines that are already imported are not affected
    landfall-agent: AccessToken.Expired: the activation code expired at 2026-01-01T00:00:00Z
    what to do: create another on the center: landfall token create; machines that are already imported are not affected
    landfall-agent: AccessToken.Exhausted: the activation code has already imported all of its 5 servers
    what to do: create another on the center: landfall token create --count N; deleting a source gives no use back
    landfall-agent: Source.OtherAccount: this machine is already imported into another account
    what to do: use a code of the account that the source belongs to, or delete the source there first
    landfall-agent: SourceServerName.Duplicate: another source server of the account is named web
    what to do: leave --name out to get a name made of host name and address
    landfall-agent: Inventory.Invalid: the inventory lists no disk
    what to do: see what would be sent with `landfall-agent inventory`, and limit it with --disk PATH
    landfall-agent: Protocol.AgentTooOld: the agent speaks protocol 1, this center serves 2 to 3
    what to do: install the agent that this center offers
    landfall-agent: ServiceUnavailable: the database is unavailable
    what to do: run the same command again in a minute; if it stays so, the center's log says why
    landfall-agent: Something.New: said by a newer center
    ");
}

#[tokio::test]
async fn a_lost_reply_costs_nothing_because_the_key_was_there_before() {
    let source = Source::facing(|_| Answer::Vanish).await;
    let lost = source.import(&[]).await;
    assert_eq!(lost.exit, Some(1));
    assert!(lost.stderr.contains("run the same command again"), "{}", lost.stderr);
    source.center.obey(healthy);
    assert_eq!(source.import(&[]).await.exit, Some(0));
    let calls = source.center.calls();
    let [first, second] = calls.as_slice() else { panic!("{calls:?}") };
    assert!(!first.key.is_empty());
    assert_eq!((&first.key, &first.body["machine"]), (&second.key, &second.body["machine"]));
}

#[tokio::test]
async fn a_check_spends_and_writes_nothing() {
    let source = Source::facing(healthy).await;
    let outcome = source.import(&["--check"]).await;
    insta::assert_snapshot!(source.seen(&outcome), @"
    [0]
    at-abcdefghij0123456789 is valid: uses left 3, expires 2030-01-31T08:00:00Z
    --
    nothing was spent and nothing was written
    ");
    let calls = source.center.calls();
    assert_eq!(calls.iter().map(|call| call.path.as_str()).collect::<Vec<_>>(), [agent_api::CHECK]);
    assert!(!source.state().exists());
}

#[tokio::test]
async fn what_is_no_disk_or_no_center_is_named() {
    let source = Source::facing(|_| Answer::Reply(200, json!({"hello": "world"}))).await;
    let missing = source.path("none.img");
    let outcome = source.import(&["--disk", &missing]).await;
    assert_eq!(outcome.exit, Some(1));
    assert!(outcome.stderr.contains("none.img"), "{}", outcome.stderr);
    assert!(source.center.calls().is_empty());
    let outcome = source.import(&[]).await;
    assert_eq!(outcome.exit, Some(1));
    assert!(outcome.stderr.contains("not the agent protocol"), "{}", outcome.stderr);
    let (pin, code) = (source.center.pin.to_string(), code());
    let words = ["import", "--server", "https://127.0.0.1:1", "--ca-fingerprint", &pin, "--check"];
    let variables = [("LANDFALL_TOKEN_CODE", code.as_str()), ("LANDFALL_TOKEN_ID", TOKEN_ID)];
    let dead = source.agent(&words, &variables, "").await;
    assert_eq!(dead.exit, Some(1));
    insta::assert_snapshot!(dead.stderr, @"landfall-agent: cannot reach https://127.0.0.1:1: Connection refused (os error 111); check that the center runs and that this is its agent port (8621 by default)");
}

#[tokio::test]
async fn commands_on_a_machine_that_is_not_imported_say_so() {
    let source = Source::facing(healthy).await;
    for command in ["status", "run"] {
        let outcome = source.agent(&[command], &[], "").await;
        assert_eq!(outcome.exit, Some(1));
        assert!(outcome.stderr.contains("not imported"), "{}", outcome.stderr);
    }
}

#[tokio::test]
async fn a_running_agent_is_small_and_ends_with_a_signal_and_success() {
    let source = Source::facing(healthy).await;
    assert_eq!(source.import(&[]).await.exit, Some(0));
    for signal in [rustix::process::Signal::TERM, rustix::process::Signal::INT] {
        let before = source.center.count(agent_api::HEARTBEAT);
        let mut child = Command::new(env!("CARGO_BIN_EXE_landfall-agent"))
            .args(["run", "--state-dir", source.state().to_str().unwrap()])
            .env_clear()
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        source.center.until(agent_api::HEARTBEAT, before + 1).await;
        let peak = peak_kib(child.id().unwrap());
        assert!(peak < 32 * 1024, "{peak} KiB resident");
        let pid = rustix::process::Pid::from_raw(child.id().unwrap().try_into().unwrap()).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
        assert_eq!(child.wait().await.unwrap().code(), Some(0));
    }
}

#[tokio::test]
async fn a_proxy_is_used_when_the_environment_names_one() {
    let source = Source::facing(healthy).await;
    let proxy = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy_url = format!("http://user:secret-word@{}", proxy.local_addr().unwrap());
    let asked = tokio::spawn(async move {
        let (mut client, _) = proxy.accept().await.unwrap();
        let mut head = vec![];
        while !head.ends_with(b"\r\n\r\n") {
            head.push(client.read_u8().await.unwrap());
        }
        let head = String::from_utf8(head).unwrap();
        let mut center = TcpStream::connect(head.split(' ').nth(1).unwrap()).await.unwrap();
        client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.unwrap();
        let _ = tokio::io::copy_bidirectional(&mut client, &mut center).await;
        head
    });
    let (server, pin, code) = (format!("https://{}", source.address), source.center.pin.to_string(), code());
    let words = ["import", "--check", "--server", &server, "--ca-fingerprint", &pin, "--token-id", TOKEN_ID];
    let variables = [("LANDFALL_TOKEN_CODE", code.as_str()), ("https_proxy", &proxy_url)];
    let outcome = source.agent(&words, &variables, "").await;
    assert_eq!(outcome.exit, Some(0), "{}", outcome.stderr);
    assert!(asked.await.unwrap().contains("Proxy-Authorization: Basic dXNlcjpzZWNyZXQtd29yZA=="));
    // Nobody listens there any more.
    let outcome = source.agent(&words, &variables, "").await;
    assert_eq!(outcome.exit, Some(1));
    assert!(outcome.stderr.contains("through the proxy") && !outcome.stderr.contains("secret-word"));
}
