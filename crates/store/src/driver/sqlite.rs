//! SQLite, embedded.
//!
//! A file runs in WAL mode with full synchronisation: a commit returns after the log is on disk, and readers go on
//! beside the writer. Memory runs on SQLite's `memdb`, which several connections of one process share.

use std::{
    fs::OpenOptions,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use rusqlite::{ErrorCode, OpenFlags, ffi, types::ValueRef};
use smc::ports::StoreError;

use super::{Access, CommitError, Engine, Insert, Statement, Value};
use crate::OpenError;

/// How long to wait for another process that writes.
const PATIENCE: Duration = Duration::from_secs(5);

/// Statements kept prepared on one connection.
const PREPARED: usize = 128;

/// Tries to switch to WAL while other processes do the same.
const WAL_ATTEMPTS: u32 = 50;

pub(crate) struct Connector {
    path: PathBuf,
    memory: bool,
}

pub(crate) struct Connection {
    inner: rusqlite::Connection,
    query_only: bool,
    usable: bool,
}

impl Connector {
    pub(crate) fn file(path: &Path) -> Self {
        Self { path: path.to_owned(), memory: false }
    }

    pub(crate) fn memory() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = format!("file:/landfall-{}?vfs=memdb", NEXT.fetch_add(1, Ordering::Relaxed));
        Self { path: name.into(), memory: true }
    }

    pub(crate) fn connect(&self) -> Result<Connection, OpenError> {
        let inner = self.open()?;
        inner.busy_timeout(PATIENCE).map_err(|error| self.explain(&error))?;
        inner.set_prepared_statement_cache_capacity(PREPARED);
        let settings = "PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;
            PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -4000;
            PRAGMA wal_autocheckpoint = 8192; PRAGMA journal_size_limit = 67108864;";
        inner.execute_batch(settings).map_err(|error| self.explain(&error))?;
        if !self.memory {
            self.use_wal(&inner)?;
        }
        Ok(Connection { inner, query_only: false, usable: true })
    }

    fn open(&self) -> Result<rusqlite::Connection, OpenError> {
        let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        if self.memory {
            flags |= OpenFlags::SQLITE_OPEN_URI;
        } else {
            // Made here first, so that nobody else on the machine can read it, and for the system's own words
            // when that fails.
            OpenOptions::new().create(true).append(true).mode(0o600).open(&self.path).map_err(|error| {
                OpenError::NotWritable { path: self.path.clone(), reason: error.to_string() }
            })?;
        }
        rusqlite::Connection::open_with_flags(&self.path, flags).map_err(|error| self.explain(&error))
    }

    /// Switching a fresh file to WAL needs it alone, and SQLite does not wait for that by itself: it answers "busy"
    /// at once when two processes try. Waiting for the write lock in between lets the other one finish.
    fn use_wal(&self, connection: &rusqlite::Connection) -> Result<(), OpenError> {
        let mut failure = None;
        for _ in 0..WAL_ATTEMPTS {
            let mode = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get::<_, String>(0));
            match mode {
                Ok(mode) if mode == "wal" => return Ok(()),
                Ok(mode) => {
                    let reason =
                        format!("the file system does not support SQLite's write-ahead log, only {mode}");
                    return Err(OpenError::NotWritable { path: self.path.clone(), reason });
                }
                Err(error) if is_busy(&error) => {
                    failure = Some(error);
                    let waited = connection.execute_batch("BEGIN IMMEDIATE; ROLLBACK");
                    waited
                        .or_else(|error| if is_busy(&error) { Ok(()) } else { Err(self.explain(&error)) })?;
                }
                Err(error) => return Err(self.explain(&error)),
            }
        }
        Err(failure.map_or(OpenError::Locked { path: self.path.clone() }, |error| self.explain(&error)))
    }

    fn explain(&self, error: &rusqlite::Error) -> OpenError {
        let path = self.path.clone();
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
                OpenError::NotADatabase { path, reason: error.to_string() }
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => OpenError::Locked { path },
            _ => OpenError::NotWritable { path, reason: error.to_string() },
        }
    }
}

impl super::Connection for Connection {
    fn engine(&self) -> Engine {
        Engine::Sqlite
    }

    fn begin(&mut self, access: Access) -> Result<(), StoreError> {
        let query_only = access == Access::Read;
        if query_only != self.query_only {
            self.script(if query_only { "PRAGMA query_only = ON" } else { "PRAGMA query_only = OFF" })?;
            self.query_only = query_only;
        }
        let sql = match access {
            Access::Read => "BEGIN",
            Access::Write => "BEGIN IMMEDIATE",
            Access::Migrate => "BEGIN EXCLUSIVE",
        };
        self.execute(sql, &[]).map(|_| ())
    }

    fn commit(&mut self, rows: Vec<Insert>, last: Vec<Statement>) -> Result<(), CommitError> {
        for statement in rows.into_iter().flat_map(Insert::into_statements).chain(last) {
            self.execute(&statement.sql, &statement.values).map_err(CommitError::Undone)?;
        }
        let committed = self.inner.prepare_cached("COMMIT").and_then(|mut commit| commit.execute([]));
        match committed {
            Ok(_) => Ok(()),
            // After a failed write or flush it is open what a restart will find in the log.
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::SystemIoFailure) => {
                Err(CommitError::Unknown(StoreError::Unavailable(error.to_string())))
            }
            Err(error) => Err(CommitError::Undone(translate(&error))),
        }
    }

    fn rollback(&mut self) {
        // Some failures, such as a full disk, have already ended the transaction.
        if !self.inner.is_autocommit() && self.inner.execute_batch("ROLLBACK").is_err() {
            self.usable = false;
        }
    }

    fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64, StoreError> {
        let changed = self.inner.prepare_cached(&numbered(sql)).and_then(|mut statement| {
            bind(&mut statement, values)?;
            statement.raw_execute()
        });
        changed.map(|rows| u64::try_from(rows).unwrap_or(u64::MAX)).map_err(|error| translate(&error))
    }

    fn insert(&mut self, rows: Insert) -> Result<(), StoreError> {
        let mut statements = rows.into_statements().into_iter();
        statements.try_for_each(|statement| self.execute(&statement.sql, &statement.values).map(drop))
    }

    fn query(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Vec<Value>>, StoreError> {
        self.rows(sql, values).map_err(|error| translate(&error))
    }

    fn script(&mut self, sql: &str) -> Result<(), StoreError> {
        self.inner.execute_batch(sql).map_err(|error| translate(&error))
    }

    fn usable(&self) -> bool {
        self.usable
    }
}

impl Connection {
    fn rows(&self, sql: &str, values: &[Value]) -> rusqlite::Result<Vec<Vec<Value>>> {
        let mut statement = self.inner.prepare_cached(&numbered(sql))?;
        bind(&mut statement, values)?;
        let columns = statement.column_count();
        let mut rows = statement.raw_query();
        let mut answer = Vec::new();
        while let Some(row) = rows.next()? {
            let values = (0..columns).map(|column| row.get_ref(column).map(value_of));
            answer.push(values.collect::<rusqlite::Result<_>>()?);
        }
        Ok(answer)
    }
}

/// SQLite takes `$1` for a name and numbers names by their first appearance; `?1` is a number in itself. No statement
/// of this crate has a `$` with another meaning.
fn numbered(sql: &str) -> String {
    sql.replace('$', "?")
}

fn bind(statement: &mut rusqlite::Statement<'_>, values: &[Value]) -> rusqlite::Result<()> {
    for (at, value) in values.iter().enumerate() {
        match value {
            Value::Null => statement.raw_bind_parameter(at + 1, rusqlite::types::Null),
            Value::Int(value) => statement.raw_bind_parameter(at + 1, value),
            Value::Text(value) => statement.raw_bind_parameter(at + 1, value),
            Value::Blob(value) => statement.raw_bind_parameter(at + 1, value),
        }?;
    }
    Ok(())
}

/// A real, or a text that is not UTF-8, becomes a blob: no column expects one there, so the reader of the row says
/// which column is wrong.
fn value_of(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(value) => Value::Int(value),
        ValueRef::Real(value) => Value::Blob(value.to_be_bytes().to_vec()),
        ValueRef::Text(bytes) => String::from_utf8(bytes.to_vec())
            .map_or_else(|error| Value::Blob(error.into_bytes()), Value::Text),
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

fn translate(error: &rusqlite::Error) -> StoreError {
    let text = error.to_string();
    let extended = error.sqlite_error().map(|error| error.extended_code);
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreError::Full(text),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            StoreError::Unavailable("another process keeps the database locked".into())
        }
        Some(ErrorCode::ConstraintViolation)
            if matches!(
                extended,
                Some(
                    ffi::SQLITE_CONSTRAINT_UNIQUE
                        | ffi::SQLITE_CONSTRAINT_PRIMARYKEY
                        | ffi::SQLITE_CONSTRAINT_FOREIGNKEY
                )
            ) =>
        {
            StoreError::Conflict(text)
        }
        Some(
            ErrorCode::CannotOpen
            | ErrorCode::SystemIoFailure
            | ErrorCode::ReadOnly
            | ErrorCode::OutOfMemory
            | ErrorCode::PermissionDenied,
        ) => StoreError::Unavailable(text),
        _ => StoreError::Corrupt(text),
    }
}

#[cfg(test)]
mod tests {
    use smc::ports::StoreError;

    use super::Connector;
    use crate::driver::{Access, Connection as _, Value};

    #[test]
    fn a_full_database_is_told_and_goes_on_when_there_is_room() {
        let directory = tempfile::tempdir().unwrap();
        let mut connection = Connector::file(&directory.path().join("full.db")).connect().unwrap();
        connection.script("CREATE TABLE t (content BLOB) STRICT; PRAGMA max_page_count = 16").unwrap();
        let insert = |connection: &mut super::Connection| {
            connection.begin(Access::Write)?;
            let inserted =
                connection.execute("INSERT INTO t (content) VALUES ($1)", &[Value::Blob(vec![7; 20_000])]);
            match inserted {
                Ok(_) => connection.commit(Vec::new(), Vec::new()).map_err(|error| panic!("{error:?}")),
                Err(error) => {
                    connection.rollback();
                    Err(error)
                }
            }
        };
        let outcomes: Vec<_> = (0..6).map(|_| insert(&mut connection)).collect();
        assert!(outcomes[0].is_ok(), "{outcomes:?}");
        assert!(matches!(outcomes[5], Err(StoreError::Full(_))), "{outcomes:?}");
        connection.script("PRAGMA max_page_count = 1000").unwrap();
        insert(&mut connection).unwrap();
        assert!(connection.usable());
    }

    #[test]
    fn placeholders_may_come_in_any_order() {
        let mut connection = Connector::memory().connect().unwrap();
        let rows =
            connection.query("SELECT $2, $1, $2", &[Value::Int(1), Value::Text("two".into())]).unwrap();
        let two = Value::Text("two".into());
        assert_eq!(rows, [[two.clone(), Value::Int(1), two]]);
    }
}
