//! A throwaway PostgreSQL server for tests: real, with its own data directory, on a socket in a temporary directory.
//!
//! It synchronises to disk as in production, so that tests and measurements speak of the real thing. It ends with the
//! test process however that ends: a small shell waits on a pipe that closes then, stops the server and removes the
//! directory. PostgreSQL refuses to run as root; as root, the server runs as `postgres` or `nobody`.

mod installation;

use std::{
    ffi::OsStr,
    fs::{self, Permissions},
    io,
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

use installation::Installation;

/// The superuser of the server; it is let in without a password, all others give theirs.
const SUPERUSER: &str = "landfall";

const SETTINGS: &str = "
listen_addresses = ''
max_connections = 200
fsync = on
synchronous_commit = on
log_statement = none
";

const WHO_MAY_CONNECT: &str = "local all landfall trust\nlocal all all scram-sha-256\n";

/// Waits until the pipe closes, then stops the server and leaves nothing behind.
const WATCH: &str = r#"trap '' INT TERM HUP
read -r _
"$@" >/dev/null 2>&1
rm -rf "$DIRECTORY""#;

/// A running server.
pub struct TestPostgres {
    installation: Installation,
    directory: PathBuf,
    port: u16,
    watcher: Child,
    databases: AtomicU32,
}

/// Why there is no server to test with.
#[derive(Clone, Debug, thiserror::Error)]
pub enum TestPostgresError {
    /// The programs are missing.
    #[error(
        "looking for PostgreSQL below /usr/lib/postgresql: none found; install it: apt-get install postgresql"
    )]
    Missing,
    /// The tests run as root and there is no other user to run the server as.
    #[error("looking for a user to run PostgreSQL as: neither postgres nor nobody exists, and root may not")]
    NoUser,
    /// A program failed.
    #[error("running {program}: {reason}")]
    Failed {
        /// Which one.
        program: String,
        /// What it said.
        reason: String,
    },
    /// A file could not be made.
    #[error("preparing {}: {reason}", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
}

impl TestPostgres {
    /// Starts a server of its own, for tests that stop it.
    pub fn start() -> Result<Self, TestPostgresError> {
        // No network is listened on, and the directory of the socket is its own: the number collides with nobody's.
        Self::start_on(5432, None)
    }

    /// Starts a server of its own that also listens on a free port of 127.0.0.1, with TLS by this certificate and key
    /// (PEM); users other than the superuser are let in there with their password, and only over TLS.
    pub fn start_with_tls(certificate: &str, key: &str) -> Result<Self, TestPostgresError> {
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let port = free.map_err(|error| file(Path::new("127.0.0.1:0"), &error))?.port();
        Self::start_on(port, Some((certificate, key)))
    }

    fn start_on(port: u16, tls: Option<(&str, &str)>) -> Result<Self, TestPostgresError> {
        let installation = Installation::find()?;
        let directory = tempfile::Builder::new().prefix("lfpg-").tempdir().map_err(|error| {
            TestPostgresError::File { path: std::env::temp_dir(), reason: error.to_string() }
        })?;
        // From here on the watcher removes it.
        let directory = directory.keep();
        installation.give(&directory)?;
        let data = directory.join("data");
        let mut stop = installation.command("pg_ctl");
        stop.args(["stop", "--mode=immediate", "--pgdata"]).arg(&data);
        let watcher = watch(&stop, &directory)?;
        let server = Self { installation, directory, port, watcher, databases: AtomicU32::new(0) };
        server.initialise(&data)?;
        if let Some((certificate, key)) = tls {
            server.set_up_tls(&data, certificate, key)?;
        }
        server.resume()?;
        Ok(server)
    }

    /// Gives the server that all tests of this process share; the first one starts it.
    pub fn shared() -> Result<&'static Self, TestPostgresError> {
        static SHARED: OnceLock<Result<TestPostgres, TestPostgresError>> = OnceLock::new();
        SHARED.get_or_init(Self::start).as_ref().map_err(Clone::clone)
    }

    /// Makes an empty database and gives its URL.
    pub fn fresh_database(&self) -> Result<String, TestPostgresError> {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.sql("postgres", &format!("CREATE DATABASE {name}"))?;
        Ok(self.url(SUPERUSER, &name))
    }

    /// The URL of a database for a user, who may come with a password: `name:password`.
    pub fn url(&self, user: &str, database: &str) -> String {
        let host: String = self.directory.to_string_lossy().replace('/', "%2F");
        format!("postgres://{user}@{host}:{}/{database}", self.port)
    }

    /// The port of the server, also of one that does not listen on the network.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The directory of the server's socket.
    pub fn socket_directory(&self) -> &Path {
        &self.directory
    }

    /// Runs statements as the superuser, in the database of a name or a URL, and gives what `psql` prints of rows.
    pub fn sql(&self, database: &str, statements: &str) -> Result<String, TestPostgresError> {
        let mut psql = self.installation.command("psql");
        psql.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"]);
        psql.arg("--host").arg(&self.directory).args(["--username", SUPERUSER]);
        psql.arg("--port").arg(self.port.to_string());
        psql.arg("--dbname").arg(database.rsplit('/').next().unwrap_or(database));
        psql.args(["--command", statements]);
        run(&mut psql).map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// A command that runs one of PostgreSQL's own programs, such as `pgbench`, against this server.
    pub fn program(&self, name: &str) -> Command {
        let mut command = self.installation.command(name);
        command.env("PGHOST", &self.directory).env("PGUSER", SUPERUSER).env("PGPORT", self.port.to_string());
        command
    }

    /// Stops the server as a crash would: connections break, nothing is flushed.
    pub fn crash(&self) -> Result<(), TestPostgresError> {
        self.control(&["stop", "--mode=immediate"])
    }

    /// Starts the server again and waits until it can be used.
    pub fn resume(&self) -> Result<(), TestPostgresError> {
        let log = self.directory.join("log");
        let options = format!("-k {} -p {}", self.directory.display(), self.port);
        self.control(&["start", "--wait", "--log", &log.to_string_lossy(), "--options", &options])
    }

    fn initialise(&self, data: &Path) -> Result<(), TestPostgresError> {
        let mut initdb = self.installation.command("initdb");
        initdb.args(["--no-sync", "--auth=trust", "--encoding=UTF8", "--locale=C", "--username", SUPERUSER]);
        run(initdb.arg("--pgdata").arg(data))?;
        append(&data.join("postgresql.conf"), SETTINGS)?;
        fs::write(data.join("pg_hba.conf"), WHO_MAY_CONNECT).map_err(|error| file(data, &error))
    }

    fn set_up_tls(&self, data: &Path, certificate: &str, key: &str) -> Result<(), TestPostgresError> {
        for (name, content) in [("server.crt", certificate), ("server.key", key)] {
            let path = data.join(name);
            fs::write(&path, content).map_err(|error| file(&path, &error))?;
            fs::set_permissions(&path, Permissions::from_mode(0o600)).map_err(|error| file(&path, &error))?;
            self.installation.give(&path)?;
        }
        append(&data.join("postgresql.conf"), "ssl = on\nlisten_addresses = '127.0.0.1'\n")?;
        append(&data.join("pg_hba.conf"), "hostssl all all 127.0.0.1/32 scram-sha-256\n")
    }

    fn control(&self, arguments: &[&str]) -> Result<(), TestPostgresError> {
        let mut control = self.installation.command("pg_ctl");
        // The server would hold a pipe open, and waiting for the end of the output would be waiting for its end.
        control.stdout(Stdio::null()).stderr(Stdio::null());
        control.args(arguments).arg("--pgdata").arg(self.directory.join("data"));
        let status = control.status().map_err(|error| failed(&control, error.to_string()))?;
        if status.success() {
            return Ok(());
        }
        let log = fs::read_to_string(self.directory.join("log")).unwrap_or_default();
        Err(failed(&control, format!("{status}; {log}")))
    }
}

impl Drop for TestPostgres {
    /// Waits for the watcher, so that the server is gone when the test is.
    fn drop(&mut self) {
        drop(self.watcher.stdin.take());
        let _ = self.watcher.wait();
    }
}

fn watch(stop: &Command, directory: &Path) -> Result<Child, TestPostgresError> {
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", WATCH, "watch"]).arg(stop.get_program()).args(stop.get_args());
    shell.env("DIRECTORY", directory).current_dir("/");
    shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    shell.spawn().map_err(|error| failed(&shell, error.to_string()))
}

fn run(command: &mut Command) -> Result<Output, TestPostgresError> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| failed(command, error.to_string()))?;
    if output.status.success() {
        return Ok(output);
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(failed(command, format!("{}: {said}", output.status)))
}

fn failed(command: &Command, reason: String) -> TestPostgresError {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let program = words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ");
    TestPostgresError::Failed { program, reason }
}

fn append(path: &Path, text: &str) -> Result<(), TestPostgresError> {
    let before = fs::read_to_string(path).map_err(|error| file(path, &error))?;
    fs::write(path, before + text).map_err(|error| file(path, &error))
}

fn file(path: &Path, error: &io::Error) -> TestPostgresError {
    TestPostgresError::File { path: path.to_owned(), reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::TestPostgres;

    #[test]
    fn a_server_survives_a_crash_and_leaves_nothing_behind() {
        let server = TestPostgres::start().unwrap();
        let directory = server.socket_directory().to_owned();
        let database = server.fresh_database().unwrap();
        server.sql(&database, "CREATE TABLE kept (n INT); INSERT INTO kept VALUES (7)").unwrap();
        server.crash().unwrap();
        assert!(server.sql(&database, "SELECT n FROM kept").is_err());
        server.resume().unwrap();
        assert_eq!(server.sql(&database, "SELECT n FROM kept").unwrap(), "7");
        drop(server);
        assert!(!directory.exists());
    }
}
