//! A center in a temporary directory, and the program run against it.

use std::{
    io::Write,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::Arc,
};

use center::{
    keyring::MasterKeySource,
    server::{Config, Running},
};
use pop::Limits;
use serde_json::Value;
use smc::registry::Settings;
use store::Location;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// A running center, its owner's key, and a directory to work in.
pub(crate) struct Bench {
    center: Option<Running>,
    runtime: Runtime,
    directory: TempDir,
    pub(crate) key_id: String,
    pub(crate) secret: String,
}

/// What a command did.
pub(crate) struct Done {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Bench {
    /// Starts a center on an empty directory.
    pub(crate) fn new() -> Self {
        Self::with(None, None)
    }

    /// Starts a center whose API speaks TLS, or that hands out a file as the agent.
    pub(crate) fn with(api_tls: Option<Arc<rustls::ServerConfig>>, agent_binary: Option<PathBuf>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let loopback = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0);
        let data = directory.path().join("data");
        std::fs::create_dir(&data).unwrap();
        let config = Config {
            database: Location::Sqlite(data.join("landfall.db")),
            data_dir: data.clone(),
            master_key: MasterKeySource::File { path: data.join("master.key"), generate: true },
            api_listen: loopback,
            api_tls,
            agent_listen: loopback,
            agent_addresses: Vec::new(),
            agent_binary,
            limits: Limits::default(),
            settings: Settings::default(),
            console: center::console::Settings::default(),
            emulator: false,
        };
        let mut center = runtime.block_on(Running::start(config)).unwrap();
        let key = center.first_key.take().unwrap();
        let (key_id, secret) = (key.id.to_string(), key.secret.reveal().to_owned());
        Self { center: Some(center), runtime, directory, key_id, secret }
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.path().join("data")
    }

    pub(crate) fn center(&self) -> &Running {
        self.center.as_ref().unwrap()
    }

    pub(crate) fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// Stops the center, its directory stays.
    pub(crate) fn stop(&mut self) {
        if let Some(center) = self.center.take() {
            self.runtime.block_on(center.stop());
        }
    }

    /// The program with this center's owner in its environment, and nothing else there.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = bare(self.path());
        if let Some(center) = &self.center {
            command.env("LANDFALL_ENDPOINT", format!("http://{}", center.api_address));
        }
        command
            .env("ALIBABA_CLOUD_ACCESS_KEY_ID", &self.key_id)
            .env("ALIBABA_CLOUD_ACCESS_KEY_SECRET", &self.secret)
            .env("LANDFALL_DATA_DIR", self.data())
            .args(arguments);
        command
    }

    /// Runs the program.
    pub(crate) fn run(&self, arguments: &[&str]) -> Done {
        self.command(arguments).output().unwrap().into()
    }

    /// Runs the program with this on its standard input.
    pub(crate) fn feed(&self, arguments: &[&str], input: &str) -> Done {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        // A program that refuses before it reads closes the pipe.
        let _ = process.stdin.take().unwrap().write_all(input.as_bytes());
        process.wait_with_output().unwrap().into()
    }

    /// Runs the program and reads what it says as JSON; it must succeed.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let done = self.run(arguments);
        assert_eq!(done.code, 0, "{arguments:?}: {}", done.stderr);
        serde_json::from_str(&done.stdout).unwrap()
    }

    /// Runs several command lines in turn and tells of each what was typed, said and answered.
    pub(crate) fn session(&self, lines: &[&str]) -> String {
        let told = lines.iter().map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            format!("$ landfall {line}\n{}", self.run(&words).told())
        });
        told.collect::<Vec<_>>().join("\n")
    }

    /// The id of a new code, and the code.
    pub(crate) fn new_code(&self, count: &str) -> (String, String) {
        let made = self.json(&["token", "create", "--count", count, "--name", "wave-1", "--output", "json"]);
        let text = |name: &str| made[name].as_str().unwrap().to_owned();
        (text("AccessTokenId"), text("AccessTokenCode"))
    }
}

/// The program with an empty environment.
pub(crate) fn bare(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_landfall"));
    command.env_clear().env("HOME", home).current_dir(home).stdin(Stdio::null());
    command
}

impl From<Output> for Done {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Done {
    /// Standard output, standard error behind bars, and the exit code if it is not 0.
    pub(crate) fn told(&self) -> String {
        let mut aside = String::new();
        for line in self.stderr.lines() {
            aside.extend(["| ", line, "\n"]);
        }
        let code = if self.code == 0 { String::new() } else { format!("[exit {}]\n", self.code) };
        format!("{}{aside}{code}", self.stdout)
    }
}

/// Compares with ids, times, secrets and addresses replaced, and columns of one width.
macro_rules! assert_told {
    ($told:expr, @$expected:literal) => {
        insta::with_settings!({ filters => crate::bench::replacements() }, {
            insta::assert_snapshot!($told, @$expected);
        });
    };
}
pub(crate) use assert_told;

/// What differs from run to run, and what stands for it.
pub(crate) fn replacements() -> Vec<(&'static str, &'static str)> {
    vec![
        (r"\b[A-Za-z0-9]{32} sh\b", "CODE sh"),
        (r"TOKEN_CODE=[A-Za-z0-9]{32}", "TOKEN_CODE=CODE"),
        (r"(Code +|AccessTokenCode.: .)[A-Za-z0-9]{32}\b", "${1}CODE"),
        (r"#token=[0-9a-f]{64}", "#token=TOKEN"),
        (r"at-[a-z0-9]{20}", "at-ID"),
        (r"\bs-[a-z0-9]{20}", "s-ID"),
        (r"\bj-[a-z0-9]{20}", "j-ID"),
        (r"LTAI[A-Za-z0-9]{20}", "LTAI…"),
        (r"(SECRET=|AccessKeySecret.: .)[A-Za-z0-9]{30}", "${1}SECRET"),
        (r"sha256:[0-9a-f]{64}", "sha256:HEX"),
        (r"sha256//[A-Za-z0-9+/]{43}=", "sha256//PIN"),
        (r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}", "REQUEST-ID"),
        (r"machine:[0-9a-f]{16}", "machine:HEX"),
        (r"127\.0\.0\.1:\d{4,5}", "127.0.0.1:PORT"),
        (r"((?:Before|Now|master key|given is) +)[0-9a-f]{16}\b", "${1}KEY-ID"),
        (r"\b[1-9]\d{15}\b", "ACCOUNT"),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME"),
        (r"\((now|in \d+ \w+|\d+ \w+ ago)\)", "(HINT)"),
        (r"/[^ ]*/\.tmp[A-Za-z0-9]+", "DIR"),
        (r"(\S) {3,}", "$1  "),
    ]
}
