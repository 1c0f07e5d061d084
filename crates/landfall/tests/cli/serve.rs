//! `landfall serve`: what it refuses to start with, which of its settings win, and what it does when it is full.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use crate::bench::{Done, assert_told, bare};

const LOOPBACK: [&str; 4] = ["--api-listen", "127.0.0.1:0", "--agent-listen", "127.0.0.1:0"];

/// A center in a process of its own, stopped when the test is done with it.
struct Served {
    process: Child,
    announced: String,
}

impl Served {
    fn start(command: &mut Command) -> Self {
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let out = BufReader::new(process.stdout.take().unwrap());
        let lines = out.lines().map(Result::unwrap).take_while(|line| line != "Ready.");
        let announced = lines.collect::<Vec<_>>().join("\n");
        assert!(announced.starts_with("API"), "the center did not start: {announced:?}");
        Self { process, announced }
    }

    /// What follows a mark in what was printed, up to the end of the line.
    fn after(&self, mark: &str) -> String {
        self.announced.lines().find_map(|line| line.split_once(mark)).unwrap().1.trim().to_owned()
    }

    fn api(&self) -> String {
        self.after("://")
    }

    fn proc(&self, file: &str) -> String {
        fs::read_to_string(format!("/proc/{}/{file}", self.process.id())).unwrap()
    }

    /// Processor time used so far, in hundredths of a second.
    fn ticks(&self) -> u64 {
        let stat = self.proc("stat");
        let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
        fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
    }

    fn list(&self, home: &Path, endpoint: &str, more: &[&str]) -> Done {
        let mut command = bare(home);
        command.args(["token", "list", "--endpoint", endpoint]).args(more);
        command.env("ALIBABA_CLOUD_ACCESS_KEY_ID", self.after("KEY_ID="));
        command.env("ALIBABA_CLOUD_ACCESS_KEY_SECRET", self.after("KEY_SECRET="));
        command.output().unwrap().into()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Serves from a directory below the given one: by default it would be the machine's.
fn serve(home: &Path, arguments: &[&str]) -> Command {
    let mut command = bare(home);
    command.arg("serve").args(arguments).env("LANDFALL_DATA_DIR", home.join("data"));
    command
}

/// The same, below other limits of open files.
fn serve_within(limits: &str, home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", &format!(r#"{limits}; exec "$0" "$@""#), env!("CARGO_BIN_EXE_landfall"), "serve"]);
    command.args(arguments).env_clear().env("HOME", home).env("LANDFALL_DATA_DIR", home.join("data"));
    command.current_dir(home).stdin(Stdio::null());
    command
}

fn told(command: &mut Command) -> String {
    Done::from(command.output().unwrap()).told()
}

fn written(path: &Path, text: &str) -> String {
    fs::write(path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn what_would_expose_a_center_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let start = |arguments: &[&str]| told(&mut serve(home.path(), arguments));
    let all = ["0.0.0.0:0", "192.0.2.1:0", "[::]:0"]
        .iter()
        .map(|address| start(&["--api-listen", address, "--agent-listen", "127.0.0.1:0"]))
        .chain([start(&["--dev", "--api-listen", "0.0.0.0:0"]), start(&["--api-tls-cert", "cert.pem"])]);
    assert_told!(all.collect::<String>(), @r"
    | landfall: --api-listen 0.0.0.0:0 is not loopback and the API has no TLS; give --api-tls-cert and --api-tls-key, or say --allow-plaintext
    [exit 1]
    | landfall: --api-listen 192.0.2.1:0 is not loopback and the API has no TLS; give --api-tls-cert and --api-tls-key, or say --allow-plaintext
    [exit 1]
    | landfall: --api-listen [::]:0 is not loopback and the API has no TLS; give --api-tls-cert and --api-tls-key, or say --allow-plaintext
    [exit 1]
    | landfall: --dev uses a key that everybody knows, so it listens on loopback only; choose a loopback --api-listen
    [exit 1]
    | error: the following required arguments were not provided:
    |  --api-tls-key <FILE>
    | 
    | Usage: landfall serve --api-tls-cert <FILE> --api-tls-key <FILE> --data-dir <DIR>
    | 
    | For more information, try '--help'.
    [exit 2]
    ");
    assert!(!data.exists(), "nothing is made before that");
}

#[test]
fn plain_text_off_loopback_is_served_when_somebody_says_so() {
    let home = tempfile::tempdir().unwrap();
    let arguments = ["--allow-plaintext", "--api-listen", "0.0.0.0:0", "--agent-listen", "127.0.0.1:0"];
    let served = Served::start(&mut serve(home.path(), &arguments));
    let port = served.api().rsplit_once(':').unwrap().1.to_owned();
    assert_eq!(served.list(home.path(), &format!("http://127.0.0.1:{port}"), &[]).code, 0);
}

#[test]
fn options_win_over_the_environment_and_both_over_the_file() {
    let home = tempfile::tempdir().unwrap();
    let place = |name: &str| home.path().join(name).to_str().unwrap().to_owned();
    let settings = format!(
        "data-dir = {:?}\napi-listen = \"127.0.0.1:0\"\nagent-listen = \"127.0.0.1:0\"\nagent-address = [\"file.example\"]\n",
        place("file")
    );
    let file = written(&home.path().join("settings.toml"), &settings);
    let started = |environment: Option<&str>, option: Option<&str>, address: &str| {
        let mut command = serve(home.path(), &["--config", &file]);
        command.env_remove("LANDFALL_DATA_DIR");
        if let Some(name) = environment {
            command
                .env("LANDFALL_DATA_DIR", place(name))
                .env("LANDFALL_AGENT_ADDRESS", "environment.example");
        }
        if let Some(name) = option {
            command.args(["--data-dir", &place(name), "--agent-address", "option.example"]);
        }
        let served = Served::start(&mut command);
        assert!(served.after("Agents").contains(address), "{}", served.announced);
        let expected = option.or(environment).unwrap_or("file");
        assert!(home.path().join(expected).join("landfall.db").exists(), "{expected}");
    };
    started(Some("environment"), Some("option"), "option.example");
    started(Some("second-environment"), None, "environment.example");
    assert!(!home.path().join("file").exists());
    started(None, None, "file.example");
}

#[test]
fn a_settings_file_that_is_not_understood_stops_the_start() {
    let home = tempfile::tempdir().unwrap();
    let start = |text: &str| {
        let file = written(&home.path().join("settings.toml"), text);
        told(&mut serve(home.path(), &["--config", &file]))
    };
    let all = [start("api-listn = \"127.0.0.1:0\"\n"), start("api-listen = 8620\n"), start("dev = true\n")];
    assert_told!(all.concat() + &told(&mut serve(home.path(), &["--config", "/nowhere/settings.toml"])), @r"
    | landfall: understanding the settings file DIR/settings.toml, line 1: unknown field `api-listn`, expected one of `data-dir`, `database-url`, `master-key-file`, `api-listen`, `agent-listen`, `agent-address`, `api-tls-cert`, `api-tls-key`, `allow-plaintext`, `agent-binary`, `key-rate`, `address-rate`, `code-quota`
    [exit 1]
    | landfall: understanding the settings file DIR/settings.toml, line 1: invalid type: integer `8620`, expected socket address
    [exit 1]
    | landfall: understanding the settings file DIR/settings.toml, line 1: unknown field `dev`, expected one of `data-dir`, `database-url`, `master-key-file`, `api-listen`, `agent-listen`, `agent-address`, `api-tls-cert`, `api-tls-key`, `allow-plaintext`, `agent-binary`, `key-rate`, `address-rate`, `code-quota`
    [exit 1]
    | landfall: reading the settings file /nowhere/settings.toml: No such file or directory (os error 2)
    [exit 1]
    ");
}

#[test]
fn the_api_speaks_tls_with_the_given_files_and_not_with_others() {
    let home = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let other = rcgen::KeyPair::generate().unwrap();
    let file = |name: &str, text: &str| written(&home.path().join(name), text);
    let certificate = file("cert.pem", &made.cert.pem());
    let key = file("key.pem", &made.signing_key.serialize_pem());
    let strange = file("other.pem", &other.serialize_pem());
    let empty = file("empty.pem", "");
    let tls = |certificate: &str, key: &str| {
        let mut command = serve(home.path(), &LOOPBACK);
        command.args(["--api-tls-cert", certificate, "--api-tls-key", key]);
        command
    };
    let served = Served::start(&mut tls(&certificate, &key));
    assert!(served.announced.starts_with("API      https://"), "{}", served.announced);
    let endpoint = format!("https://localhost:{}", served.api().rsplit_once(':').unwrap().1);
    let listed = served.list(home.path(), &endpoint, &["--ca-file", &certificate]);
    assert_eq!(listed.code, 0, "{}", listed.stderr);
    drop(served);
    let all = [(&certificate, &strange), (&empty, &key), (&certificate, &empty)]
        .map(|(certificate, key)| told(&mut tls(certificate, key)));
    assert_told!(all.concat(), @r"
    | landfall: DIR/cert.pem and DIR/other.pem do not belong together: keys may not be consistent: KeyMismatch
    [exit 1]
    | landfall: reading the certificate chain DIR/empty.pem: it holds no certificate; name a PEM file with --api-tls-cert
    [exit 1]
    | landfall: reading the private key DIR/empty.pem: no items found
    [exit 1]
    ");
}

/// A directory that exists and that even root cannot write to.
struct ReadOnly(PathBuf);

impl ReadOnly {
    fn new(path: PathBuf) -> Self {
        fs::create_dir(&path).unwrap();
        if rustix::process::geteuid().is_root() {
            let mut mount = Command::new("mount");
            let mounted =
                mount.args(["-t", "tmpfs", "-o", "ro,size=64k", "landfall-test"]).arg(&path).status();
            assert!(mounted.unwrap().success());
        } else {
            fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o500)).unwrap();
        }
        Self(path)
    }
}

impl Drop for ReadOnly {
    fn drop(&mut self) {
        if rustix::process::geteuid().is_root() {
            let _ = Command::new("umount").arg(&self.0).status();
        }
    }
}

#[test]
fn a_data_directory_that_cannot_be_written_is_named() {
    let home = tempfile::tempdir().unwrap();
    let data = ReadOnly::new(home.path().join("data"));
    let told = told(serve(home.path(), &LOOPBACK).env("LANDFALL_DATA_DIR", &data.0));
    assert!(told.starts_with("| landfall: using the data directory /"), "{told}");
    assert!(told.contains("choose another with --data-dir") && told.ends_with("[exit 1]\n"), "{told}");
}

#[test]
fn a_center_with_its_master_key_in_the_environment_keeps_no_file_of_it() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let start = |key: &str| {
        let mut command = serve(home.path(), &LOOPBACK);
        command.env("LANDFALL_MASTER_KEY", key);
        command
    };
    let (key, other) = ("5a".repeat(32), "a5".repeat(32));
    let first = Served::start(&mut start(&key));
    let endpoint = format!("http://{}", first.api());
    assert_eq!(first.list(home.path(), &endpoint, &[]).code, 0);
    drop(first);
    assert!(!data.join("master.key").exists());
    for (path, bytes) in fs::read_dir(&data).unwrap().filter_map(|entry| {
        let path = entry.unwrap().path();
        Some((path.clone(), path.is_file().then(|| fs::read(path).unwrap())?))
    }) {
        assert!(!bytes.windows(key.len()).any(|part| part == key.as_bytes()), "{}", path.display());
    }
    drop(Served::start(&mut start(&key)));
    let refused = told(&mut start(&other));
    assert!(refused.contains("LANDFALL_MASTER_KEY") && !refused.contains(&other), "{refused}");
}

#[test]
fn a_center_takes_all_descriptors_that_it_may() {
    let home = tempfile::tempdir().unwrap();
    let served =
        Served::start(&mut serve_within("ulimit -S -n 300; ulimit -H -n 700", home.path(), &LOOPBACK));
    let limits = served.proc("limits");
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    assert_eq!(line.split_whitespace().skip(3).take(2).collect::<Vec<_>>(), ["700", "700"]);
}

#[test]
fn a_center_out_of_descriptors_waits_and_goes_on_when_there_are_some() {
    let home = tempfile::tempdir().unwrap();
    let served = Served::start(&mut serve_within("ulimit -n 64", home.path(), &LOOPBACK));
    let address = served.api();
    let open: Vec<TcpStream> = (0..128).map(|_| TcpStream::connect(&address).unwrap()).collect();
    // Full: nothing is left that it could open.
    let until = Instant::now() + Duration::from_secs(20);
    while fs::read_dir(format!("/proc/{}/fd", served.process.id())).unwrap().count() < 64 {
        assert!(Instant::now() < until, "it is not full");
        std::thread::park_timeout(Duration::from_millis(5));
    }
    let (before, began) = (served.ticks(), Instant::now());
    while began.elapsed() < Duration::from_secs(1) {
        std::thread::park_timeout(Duration::from_secs(1));
    }
    let used = served.ticks() - before;
    assert!(used < 20, "{used} hundredths of a second of processor time in one of waiting");
    drop(open);
    let mut stream = TcpStream::connect(&address).unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
}
