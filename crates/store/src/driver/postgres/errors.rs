//! What the server and the client library say, in the words of the port.

use std::error::Error as _;

use smc::ports::StoreError;
use tokio_postgres::error::{DbError, Severity, SqlState};

pub(super) fn translate(error: &tokio_postgres::Error) -> StoreError {
    let Some(said) = error.as_db_error() else {
        // Nothing from the server: either there is no server any more, or a value that it could not be sent.
        return if error.is_closed() || is_io(error) {
            StoreError::Unavailable(format!("the connection to PostgreSQL was lost: {}", chain(error)))
        } else {
            StoreError::Corrupt(chain(error))
        };
    };
    let text = said.message().to_owned();
    match said.code() {
        &SqlState::T_R_SERIALIZATION_FAILURE
        | &SqlState::T_R_DEADLOCK_DETECTED
        | &SqlState::UNIQUE_VIOLATION
        | &SqlState::FOREIGN_KEY_VIOLATION => StoreError::Conflict(text),
        &SqlState::DISK_FULL => StoreError::Full(text),
        code => match code.code().get(..2) {
            // The words of these classes: what is wrong is in the data or the schema, not with the server.
            Some("21" | "22" | "23" | "42" | "P0" | "XX") if *code != SqlState::INSUFFICIENT_PRIVILEGE => {
                StoreError::Corrupt(text)
            }
            _ => StoreError::Unavailable(text),
        },
    }
}

/// After these the connection is of no further use: it is closed, leads to a server that has become a standby, or
/// holds plans of a schema that has changed.
pub(super) fn ends_connection(error: &tokio_postgres::Error) -> bool {
    match error.as_db_error() {
        Some(said) => {
            matches!(said.parsed_severity(), Some(Severity::Fatal | Severity::Panic))
                || [SqlState::READ_ONLY_SQL_TRANSACTION, SqlState::FEATURE_NOT_SUPPORTED]
                    .contains(said.code())
        }
        None => error.is_closed() || is_io(error),
    }
}

pub(super) fn is_refusal(said: &DbError) -> bool {
    [
        SqlState::INVALID_PASSWORD,
        SqlState::INVALID_AUTHORIZATION_SPECIFICATION,
        SqlState::INVALID_CATALOG_NAME,
        SqlState::INSUFFICIENT_PRIVILEGE,
    ]
    .contains(said.code())
}

pub(super) fn is_io(error: &tokio_postgres::Error) -> bool {
    error.source().is_some_and(<dyn std::error::Error>::is::<std::io::Error>)
}

/// The words of an error and of what caused it.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
