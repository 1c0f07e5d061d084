//! Where a database is, and how it is used.

use std::path::PathBuf;

/// Where a database is.
#[derive(Clone, PartialEq, Eq)]
pub enum Location {
    /// A file of SQLite's; made when missing, in a directory that exists. SQLite keeps two more beside it.
    Sqlite(PathBuf),
    /// SQLite in memory: gone with the last handle.
    SqliteMemory,
    /// A PostgreSQL server: `postgres://user:password@host:port/database?…`, parameters as libpq names them.
    Postgres(String),
}

/// How a database is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Works that one transaction gathers at the most; at least 1.
    pub batch: usize,
    /// Reads that run at the same time; at least 1. `None` is 2 for SQLite and 4 for PostgreSQL.
    pub readers: Option<usize>,
}

impl Default for Options {
    fn default() -> Self {
        Self { batch: 256, readers: None }
    }
}
