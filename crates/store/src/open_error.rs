//! Why a database was not opened, in one line that says what to do.

use std::path::PathBuf;

/// Why a database was not opened. Nothing in it was changed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum OpenError {
    /// The file cannot be made or written.
    #[error("opening the database {}: {reason}; check that the directory exists and that this user may write there", path.display())]
    NotWritable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// The file is something else.
    #[error("opening the database {}: the file is not a Landfall database ({reason}); name another file or move it away", path.display())]
    NotADatabase {
        /// The file.
        path: PathBuf,
        /// What gave it away.
        reason: String,
    },
    /// Another process keeps the database locked.
    #[error("opening the database {}: another process keeps it locked; stop that process or wait for it", path.display())]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// The URL of a PostgreSQL database is not one.
    #[error("reading the database URL: {0}; write postgres://USER:PASSWORD@HOST:PORT/DATABASE")]
    Url(String),
    /// The server gives no answer.
    #[error(
        "connecting to PostgreSQL at {server}: {reason}; check that the server runs and can be reached from here"
    )]
    Unreachable {
        /// Host and port, or the directory of the socket.
        server: String,
        /// What went wrong.
        reason: String,
    },
    /// The server does not let this user in.
    #[error(
        "logging in to PostgreSQL at {server}: {reason}; check user, password and database name in the database URL"
    )]
    Refused {
        /// Host and port, or the directory of the socket.
        server: String,
        /// What the server says.
        reason: String,
    },
    /// TLS was asked for in a way that cannot be honoured.
    #[error("setting up TLS to PostgreSQL: {0}")]
    Tls(String),
    /// A newer Landfall has been here.
    #[error(
        "the database has schema {found} and this program knows up to {known}; run Landfall {program} or newer; nothing was changed"
    )]
    Newer {
        /// The schema of the database.
        found: i64,
        /// The newest schema this program knows.
        known: i64,
        /// The version of the program that made the schema.
        program: String,
    },
    /// A step of the migration failed.
    #[error(
        "bringing the database to schema {version}: {reason}; the step was undone, free the cause and start again"
    )]
    Migration {
        /// The schema that was being made.
        version: i64,
        /// What went wrong.
        reason: String,
    },
    /// The database, or the machine, is such that Landfall cannot work with it.
    #[error("using the database: {0}")]
    Unsuitable(String),
}
