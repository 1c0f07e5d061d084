//! The little that is asked of a database engine, and the two engines that do it.
//!
//! Statements are one text for both, with `$1`-style placeholders numbered in any order. Drivers translate values and
//! errors; they know no table.

mod insert;
mod postgres;
mod sqlite;

pub(crate) use insert::{Insert, insert_text};
use smc::{Timestamp, ports::StoreError};

use crate::{Location, OpenError};

/// A value of a column or a placeholder.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Null,
    Int(i64),
    Text(String),
    Blob(Vec<u8>),
}

/// Which engine is behind a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

/// What a transaction is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// One consistent view; writing is refused.
    Read,
    /// Alone among all writers of the database, in this process and others.
    Write,
    /// As `Write`, and waits for as long as another process takes to migrate.
    Migrate,
}

/// A statement with the values of its placeholders.
pub(crate) struct Statement {
    pub(crate) sql: String,
    pub(crate) values: Vec<Value>,
}

/// Why a commit did not succeed.
#[derive(Debug)]
pub(crate) enum CommitError {
    /// Nothing was kept.
    Undone(StoreError),
    /// Whether it was kept cannot be known.
    Unknown(StoreError),
}

/// One connection to a database.
pub(crate) trait Connection {
    fn engine(&self) -> Engine;
    fn begin(&mut self, access: Access) -> Result<(), StoreError>;
    /// Adds the last rows of a transaction, runs its last statements and commits it; where an engine is far away, all
    /// at once.
    fn commit(&mut self, rows: Vec<Insert>, last: Vec<Statement>) -> Result<(), CommitError>;
    /// Ends the transaction without keeping anything; a connection on which that fails is no longer usable.
    fn rollback(&mut self);
    /// Runs a statement and gives the number of rows it changed.
    fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64, StoreError>;
    /// Adds rows.
    fn insert(&mut self, rows: Insert) -> Result<(), StoreError>;
    /// Runs a statement and gives the rows it answers.
    fn query(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Vec<Value>>, StoreError>;
    /// Runs several statements without placeholders.
    fn script(&mut self, sql: &str) -> Result<(), StoreError>;
    /// Says whether the connection can be used further; once it cannot, it never can.
    fn usable(&self) -> bool;
}

/// What it takes to connect, again and again.
pub(crate) enum Connector {
    Sqlite(sqlite::Connector),
    Postgres(Box<postgres::Connector>),
}

impl Connector {
    pub(crate) fn new(location: &Location) -> Result<Self, OpenError> {
        Ok(match location {
            Location::Sqlite(path) => Self::Sqlite(sqlite::Connector::file(path)),
            Location::SqliteMemory => Self::Sqlite(sqlite::Connector::memory()),
            Location::Postgres(url) => Self::Postgres(Box::new(postgres::Connector::new(url)?)),
        })
    }

    pub(crate) fn engine(&self) -> Engine {
        match self {
            Self::Sqlite(_) => Engine::Sqlite,
            Self::Postgres(_) => Engine::Postgres,
        }
    }

    pub(crate) fn connect(&self) -> Result<Box<dyn Connection>, OpenError> {
        Ok(match self {
            Self::Sqlite(connector) => Box::new(connector.connect()?),
            Self::Postgres(connector) => Box::new(connector.connect()?),
        })
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<u32> for Value {
    fn from(value: u32) -> Self {
        Self::Int(value.into())
    }
}

impl From<u64> for Value {
    /// Saturates: SQL has no greater number, and no offset beyond it finds anything.
    fn from(value: u64) -> Self {
        Self::Int(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl From<Timestamp> for Value {
    fn from(value: Timestamp) -> Self {
        Self::Int(value.unix())
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<&[u8]> for Value {
    fn from(value: &[u8]) -> Self {
        Self::Blob(value.to_owned())
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
