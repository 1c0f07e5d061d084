//! The ports of the domain over SQL: SQLite embedded by default, PostgreSQL when several centers share one
//! database. One text of every statement serves both.
//!
//! This crate knows SQL and no rules: what may be done is decided in `smc` and `ram`, and this crate only keeps what
//! they decided. Read in this order: [`Database`] (opening, reading, writing), the writer (one thread that gathers
//! concurrent works into one transaction, so that they share one flush of the disk), [`Transaction`] (buffered
//! inserts and counters), `tables` (the statements), `driver` (the two engines).
//!
//! Nothing read from a database is trusted: a row that does not parse is `StoreError::Corrupt`, naming table, row
//! and column.

mod database;
mod driver;
pub mod identities;
mod link;
mod location;
mod migrations;
mod open_error;
mod predicate;
mod readers;
mod row;
mod tables;
mod transaction;
mod writer;

pub use self::{
    database::Database,
    location::{Location, Options},
    open_error::OpenError,
    transaction::Transaction,
};
