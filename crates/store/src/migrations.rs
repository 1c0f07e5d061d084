//! Bringing a database to the schema this program knows: forward only, one transaction for each step.
//!
//! Steps are numbered files, the same numbers for both engines. The table `schema_version` says which were taken and
//! by which version of the program. Processes that start at the same time take the steps one after the other, because
//! a migrating transaction is alone in the database.

use smc::ports::StoreError;

use crate::{
    OpenError,
    driver::{Access, CommitError, Connection, Engine, Value},
};

struct Step {
    version: i64,
    sqlite: &'static str,
    postgres: &'static str,
}

macro_rules! step {
    ($version:literal, $file:literal) => {
        Step {
            version: $version,
            sqlite: include_str!(concat!("../migrations/sqlite/", $file)),
            postgres: include_str!(concat!("../migrations/postgres/", $file)),
        }
    };
}

/// All steps, in their order. A step that was released is never edited.
const STEPS: &[Step] = &[
    step!(1, "0001_initial.sql"),
    step!(2, "0002_workgroups.sql"),
    step!(3, "0003_jobs.sql"),
    step!(4, "0004_image_checks.sql"),
    step!(5, "0005_job_revisions.sql"),
    step!(6, "0006_audit_by_number.sql"),
];

const VERSION_TABLE: &str = "CREATE TABLE IF NOT EXISTS schema_version (
    version BIGINT PRIMARY KEY NOT NULL,
    program TEXT NOT NULL
)";

/// The schema this program makes.
pub(crate) const KNOWN: i64 = STEPS[STEPS.len() - 1].version;

/// What a database says of its schema.
enum Found {
    /// Nothing at all.
    Empty,
    /// Somebody else's tables.
    Foreign(String),
    /// The latest step taken, and the program that took it.
    Version(i64, String),
}

/// Takes the steps that the database has not taken yet.
pub(crate) fn migrate(connection: &mut dyn Connection) -> Result<(), Trouble> {
    loop {
        let found = version(connection)?;
        let Some(step) = STEPS.iter().find(|step| step.version > found) else { return Ok(()) };
        let taken = take(connection, step);
        if taken.is_err() {
            connection.rollback();
        }
        taken?;
    }
}

/// Checks that the database has exactly the schema this program knows.
pub(crate) fn check(connection: &mut dyn Connection) -> Result<(), Trouble> {
    match version(connection)? {
        found if found < KNOWN => {
            Err(Trouble::Store(StoreError::Corrupt(format!("its schema went back from {KNOWN} to {found}"))))
        }
        _ => Ok(()),
    }
}

/// Why migrating stopped.
pub(crate) enum Trouble {
    /// A newer program has been here.
    Newer { found: i64, program: String },
    /// The tables are not Landfall's.
    Foreign(String),
    /// A step failed.
    Step { version: i64, reason: String },
    /// The database failed in general.
    Store(StoreError),
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Trouble> for OpenError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Newer { found, program } => Self::Newer { found, known: KNOWN, program },
            Trouble::Foreign(reason) => Self::Unsuitable(reason),
            Trouble::Step { version, reason } => Self::Migration { version, reason },
            Trouble::Store(error) => Self::Migration { version: KNOWN, reason: error.to_string() },
        }
    }
}

fn version(connection: &mut dyn Connection) -> Result<i64, Trouble> {
    match look(connection)? {
        Found::Empty => Ok(0),
        Found::Version(found, _) if found <= KNOWN => Ok(found),
        Found::Version(found, program) => Err(Trouble::Newer { found, program }),
        Found::Foreign(table) => Err(Trouble::Foreign(format!(
            "it holds a table {table} and none of Landfall's; name a database of Landfall's own"
        ))),
    }
}

/// Only reads, so that a database that will be refused stays as it is.
fn look(connection: &mut dyn Connection) -> Result<Found, StoreError> {
    let tables = match connection.engine() {
        Engine::Sqlite => "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name",
        Engine::Postgres => {
            "SELECT CAST(tablename AS TEXT) FROM pg_catalog.pg_tables WHERE schemaname = current_schema()
             ORDER BY tablename"
        }
    };
    let tables = connection.query(tables, &[])?;
    let named = |name: &str| tables.iter().any(|row| row.first() == Some(&Value::from(name)));
    if !named("schema_version") {
        return Ok(match tables.first().and_then(|row| row.first()) {
            Some(Value::Text(table)) => Found::Foreign(table.clone()),
            _ => Found::Empty,
        });
    }
    let latest = "SELECT version, program FROM schema_version ORDER BY version DESC LIMIT 1";
    match connection.query(latest, &[])?.into_iter().next().as_deref() {
        Some([Value::Int(version), Value::Text(program)]) => Ok(Found::Version(*version, program.clone())),
        Some(_) => Err(StoreError::Corrupt("table schema_version: a row is not a number and a text".into())),
        None => Ok(Found::Version(0, String::new())),
    }
}

/// Another process may have taken the step in the meantime: what counts is what is seen inside the transaction.
fn take(connection: &mut dyn Connection, step: &Step) -> Result<(), Trouble> {
    let failed = |error: StoreError| Trouble::Step { version: step.version, reason: error.to_string() };
    connection.begin(Access::Migrate).map_err(failed)?;
    let found = version(connection)?;
    if found >= step.version {
        connection.rollback();
        return Ok(());
    }
    let sql = match connection.engine() {
        Engine::Sqlite => step.sqlite,
        Engine::Postgres => step.postgres,
    };
    connection.script(VERSION_TABLE).map_err(failed)?;
    connection.script(sql).map_err(failed)?;
    let taken = [Value::Int(step.version), env!("CARGO_PKG_VERSION").into()];
    connection
        .execute("INSERT INTO schema_version (version, program) VALUES ($1, $2)", &taken)
        .map_err(failed)?;
    connection.commit(Vec::new(), Vec::new()).map_err(|error| match error {
        CommitError::Undone(error) | CommitError::Unknown(error) => failed(error),
    })
}

#[cfg(test)]
mod tests {
    use super::STEPS;

    #[test]
    fn steps_are_numbered_from_one_without_gaps() {
        for (at, step) in (1..).zip(STEPS) {
            assert_eq!(step.version, at);
        }
    }
}
