//! Starting a center, stopping it in the two ways that processes end, and asking for its plain pages.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::{self, BufRead, BufReader, Read, Write},
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream},
    path::PathBuf,
    process::{Child, ChildStdout, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::api::ApiKey;

/// How long a plain page may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// A free port of the loopback.
const FREE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// What a center is started with.
#[derive(Clone)]
pub struct Launch {
    /// The `landfall` program.
    pub program: PathBuf,
    /// Where it keeps its data.
    pub data_dir: PathBuf,
    /// The PostgreSQL database to use instead of SQLite.
    pub database_url: Option<String>,
    /// The file that its standard error is added to.
    pub log_file: PathBuf,
    /// Where its API listens; port 0 for a free one.
    pub api_listen: SocketAddr,
    /// Where it listens for agents; port 0 for a free one.
    pub agent_listen: SocketAddr,
    /// More options of `landfall serve`.
    pub options: Vec<OsString>,
    /// Variables of its environment, which is empty otherwise.
    pub environment: Vec<(OsString, OsString)>,
}

/// A center that runs. Dropping it kills it.
pub struct Center {
    child: Child,
    stdout: BufReader<ChildStdout>,
    said: String,
    api: SocketAddr,
    agents: SocketAddr,
    ready_after: Duration,
}

/// Why there is no center, or no answer of it.
#[derive(Debug, thiserror::Error)]
pub enum CenterError {
    /// The system refuses.
    #[error("{doing}: {error}")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// What the system said.
        error: io::Error,
    },
    /// It ended instead of starting.
    #[error("starting a center: it ended with {status}; it said: {said}")]
    Ended {
        /// How it ended.
        status: ExitStatus,
        /// Its standard error, all of it.
        said: String,
    },
    /// It said something else than expected.
    #[error("reading what the center said about {0}: it is not there")]
    Unexpected(&'static str),
}

impl Launch {
    /// Launches a center on a directory, with the embedded database; log and data are both in it.
    pub fn new(program: impl Into<PathBuf>, directory: impl Into<PathBuf>) -> Self {
        let directory = directory.into();
        Self {
            program: program.into(),
            log_file: directory.join("center.log"),
            data_dir: directory.join("data"),
            database_url: None,
            api_listen: FREE,
            agent_listen: FREE,
            options: Vec::new(),
            environment: Vec::new(),
        }
    }

    /// Starts it and waits until `/readyz` says that it is ready.
    pub fn start(&self) -> Result<Center, CenterError> {
        let begun = Instant::now();
        let mut child = self.spawn()?;
        let stdout = child.stdout.take().ok_or(CenterError::Unexpected("its standard output"))?;
        let mut stdout = BufReader::new(stdout);
        let said = read_announcement(&mut stdout)?;
        if !said.ends_with("Ready.\n") {
            let status = child.wait().map_err(|error| io_error("waiting for the center", error))?;
            return Err(CenterError::Ended { status, said: self.log() });
        }
        let api = api_address(&said).ok_or(CenterError::Unexpected("the API's address"))?;
        let mut center = Center { child, stdout, said, api, agents: api, ready_after: Duration::ZERO };
        let (status, body) = center.get("/readyz")?;
        if status != 200 {
            return Err(CenterError::Io { doing: "waiting for /readyz", error: io::Error::other(body) });
        }
        center.ready_after = begun.elapsed();
        center.agents = agent_address(&center.get("/healthz")?.1)
            .ok_or(CenterError::Unexpected("the agents' address"))?;
        Ok(center)
    }

    /// Starts the program without waiting for anything, for those who expect it to fail.
    pub fn spawn(&self) -> Result<Child, CenterError> {
        let log = self
            .log_file
            .parent()
            .map_or(Ok(()), fs::create_dir_all)
            .and_then(|()| File::options().create(true).append(true).open(&self.log_file))
            .map_err(|error| io_error("opening the center's log", error))?;
        let mut command = Command::new(&self.program);
        command.env_clear().env("HOME", "/nonexistent");
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.args(["serve", "--api-listen", &self.api_listen.to_string()]);
        command.args(["--agent-listen", &self.agent_listen.to_string(), "--data-dir"]);
        command.arg(&self.data_dir);
        if let Some(url) = &self.database_url {
            command.env("LANDFALL_DATABASE_URL", url);
        }
        command.args(&self.options);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        command.spawn().map_err(|error| io_error("starting the center", error))
    }

    /// Everything that centers of this launch wrote to standard error.
    pub fn log(&self) -> String {
        fs::read(&self.log_file).map_or_else(|_| String::new(), |text| String::from_utf8_lossy(&text).into())
    }
}

impl Center {
    /// Where its API listens.
    pub fn api(&self) -> SocketAddr {
        self.api
    }

    /// Where it listens for agents.
    pub fn agents(&self) -> SocketAddr {
        self.agents
    }

    /// From the start of the process to the first good answer of `/readyz`.
    pub fn ready_after(&self) -> Duration {
        self.ready_after
    }

    /// The number of its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it wrote to standard output until it was ready.
    pub fn announcement(&self) -> &str {
        &self.said
    }

    /// The owner's key, if this start made it.
    pub fn first_key(&self) -> Option<ApiKey> {
        Some(ApiKey::new(after(&self.said, "ALIBABA_CLOUD_ACCESS_KEY_ID=")?, self.first_secret()?))
    }

    /// The text of the owner's secret, if this start made it: for tests that search for it.
    pub fn first_secret(&self) -> Option<&str> {
        after(&self.said, "ALIBABA_CLOUD_ACCESS_KEY_SECRET=")
    }

    /// Fetches a page of the API's listener that needs no signature: its status and body.
    pub fn get(&self, path: &str) -> Result<(u16, String), CenterError> {
        fetch(self.api, path).map_err(|error| io_error("fetching a page of the center", error))
    }

    /// Kills it as `kill -9` does, and waits until it is gone.
    pub fn kill(mut self) -> Result<(), CenterError> {
        self.child.kill().map_err(|error| io_error("killing the center", error))?;
        self.child.wait().map_err(|error| io_error("waiting for the center", error)).map(|_| ())
    }

    /// Asks it to end, waits, and gives what it had written to standard output in all.
    pub fn stop(mut self) -> Result<String, CenterError> {
        kill_process(Pid::from_child(&self.child), Signal::TERM)
            .map_err(|error| io_error("stopping the center", error.into()))?;
        let mut said = std::mem::take(&mut self.said);
        self.stdout
            .read_to_string(&mut said)
            .map_err(|error| io_error("reading what the center said", error))?;
        let status = self.child.wait().map_err(|error| io_error("waiting for the center", error))?;
        if status.success() { Ok(said) } else { Err(CenterError::Ended { status, said }) }
    }
}

impl Drop for Center {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads lines up to the one that ends the announcement, or to the end.
fn read_announcement(stdout: &mut impl BufRead) -> Result<String, CenterError> {
    let mut said = String::new();
    while !said.ends_with("Ready.\n") {
        let read =
            stdout.read_line(&mut said).map_err(|error| io_error("reading what the center said", error))?;
        if read == 0 {
            break;
        }
    }
    Ok(said)
}

fn api_address(said: &str) -> Option<SocketAddr> {
    let line = said.lines().find(|line| line.starts_with("API"))?;
    line.split_whitespace().find_map(|word| word.rsplit('/').next()?.parse().ok())
}

fn agent_address(health: &str) -> Option<SocketAddr> {
    let health: Value = serde_json::from_str(health).ok()?;
    let addresses = health["agent"].as_object()?.values().find_map(Value::as_array)?;
    addresses.first()?.as_str()?.parse().ok()
}

fn after<'a>(said: &'a str, label: &str) -> Option<&'a str> {
    said.lines().find_map(|line| Some(line.split_once(label)?.1.trim()))
}

fn fetch(address: SocketAddr, path: &str) -> io::Result<(u16, String)> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(stream, "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n")?;
    let mut reply = String::new();
    stream.read_to_string(&mut reply)?;
    let unreadable = || io::Error::other("the reply is not HTTP");
    let status = reply.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(unreadable)?;
    let (_, body) = reply.split_once("\r\n\r\n").ok_or_else(unreadable)?;
    Ok((status, body.to_owned()))
}

fn io_error(doing: &'static str, error: io::Error) -> CenterError {
    CenterError::Io { doing, error }
}

#[cfg(test)]
mod tests {
    use super::{after, agent_address, api_address};

    #[test]
    fn addresses_and_keys_are_found_in_what_a_center_says() {
        let said = "API      http(s) on 127.0.0.1:4711\nAgents   https://127.0.0.1:4712\n  export X_ID=LTAI\nReady.\n";
        assert_eq!(api_address(said), Some("127.0.0.1:4711".parse().unwrap()));
        assert_eq!(api_address("API      http://127.0.0.1:4711"), api_address(said));
        assert_eq!(after(said, "X_ID="), Some("LTAI"));
        let health =
            r#"{"status":"ok","agent":{"addresses":["127.0.0.1:4712"],"ca_fingerprint":"sha256:00"}}"#;
        assert_eq!(agent_address(health), Some("127.0.0.1:4712".parse().unwrap()));
    }
}
