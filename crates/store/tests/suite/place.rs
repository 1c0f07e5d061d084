//! A fresh database on either engine, and the macro that runs a test on both.

use std::path::Path;

use store::{Database, Location, Options};
use tempfile::TempDir;
use test_postgres::TestPostgres;

/// Runs each of the named functions, `async fn(&Place)`, on a fresh database of either engine.
macro_rules! on_both_engines {
    ($($test:ident),+ $(,)?) => {
        mod on_sqlite {
            $(#[test]
            fn $test() {
                let place = crate::place::Place::sqlite();
                crate::place::run(super::$test(&place));
            })+
        }
        mod on_postgres {
            $(#[test]
            fn $test() {
                let place = crate::place::Place::postgres();
                crate::place::run(super::$test(&place));
            })+
        }
    };
}

/// Where a fresh database is.
pub(crate) struct Place {
    pub(crate) location: Location,
    _directory: Option<TempDir>,
}

impl Place {
    pub(crate) fn sqlite() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let location = Location::Sqlite(directory.path().join("landfall.db"));
        Self { location, _directory: Some(directory) }
    }

    pub(crate) fn postgres() -> Self {
        let url = TestPostgres::shared().unwrap().fresh_database().unwrap();
        Self { location: Location::Postgres(url), _directory: None }
    }

    /// Another handle, as another process would have.
    pub(crate) fn open(&self) -> Database {
        Database::open(&self.location, Options::default()).unwrap()
    }

    /// Does behind the store's back what the store would never do.
    pub(crate) fn tamper(&self, sql: &str) -> Result<(), String> {
        match &self.location {
            Location::Sqlite(path) => sqlite(path).execute_batch(sql).map_err(|error| error.to_string()),
            Location::Postgres(url) => {
                TestPostgres::shared().unwrap().sql(url, sql).map(|_| ()).map_err(|error| error.to_string())
            }
            Location::SqliteMemory => unreachable!("nobody else can reach it"),
        }
    }

    /// Asks behind the store's back for one number.
    pub(crate) fn number(&self, sql: &str) -> i64 {
        match &self.location {
            Location::Sqlite(path) => sqlite(path).query_row(sql, [], |row| row.get(0)).unwrap(),
            Location::Postgres(url) => {
                TestPostgres::shared().unwrap().sql(url, sql).unwrap().parse().unwrap()
            }
            Location::SqliteMemory => unreachable!("nobody else can reach it"),
        }
    }

    pub(crate) fn is_postgres(&self) -> bool {
        matches!(self.location, Location::Postgres(_))
    }
}

/// Runs a test to its end.
pub(crate) fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(test);
}

fn sqlite(path: &Path) -> rusqlite::Connection {
    let connection = rusqlite::Connection::open(path).unwrap();
    connection.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
    connection
}
