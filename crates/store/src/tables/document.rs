//! Things that are kept as a document, with columns beside it that are taken out of it.

use serde::{Serialize, de::DeserializeOwned};
use smc::ports::StoreError;

use crate::{driver::Value, row::Fields};

/// Writes a thing as JSON.
pub(super) fn written<T: Serialize>(what: &str, thing: &T) -> Result<String, StoreError> {
    serde_json::to_string(thing)
        .map_err(|error| StoreError::Corrupt(format!("writing {what} as JSON: {error}")))
}

/// Reads a row whose last column is the document and whose other columns hold what `derived` takes out of it. When
/// they do not, somebody changed one and not the other, and neither is believed.
pub(super) fn read<T: DeserializeOwned>(
    table: &'static str,
    columns: &'static [&'static str],
    mut values: Vec<Value>,
    derived: impl FnOnce(&T) -> Vec<Value>,
) -> Result<T, StoreError> {
    let document = values.pop().unwrap_or(Value::Null);
    let id = values.first().cloned().unwrap_or(Value::Null);
    let last = columns.last_chunk::<1>().map_or(&[][..], |last| &last[..]);
    let mut row = Fields::of_row(table, last, &id, vec![document]);
    let thing = row.parsed(|text| serde_json::from_str::<T>(text))?;
    for ((at, kept), expected) in values.iter().enumerate().zip(derived(&thing)) {
        if *kept != expected {
            let column = columns.get(at).copied().unwrap_or("?");
            return Err(row.corrupt(format_args!("does not agree with the column {column}")));
        }
    }
    Ok(thing)
}
