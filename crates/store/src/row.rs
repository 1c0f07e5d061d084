//! Reading a row, column by column, without believing it.

use std::fmt::Display;

use smc::{Timestamp, ports::StoreError};

use crate::driver::Value;

/// The values of one row, taken in the order of its columns. The first column names the row in errors.
pub(crate) struct Fields {
    table: &'static str,
    columns: &'static [&'static str],
    values: std::vec::IntoIter<Value>,
    at: usize,
    id: String,
}

impl Fields {
    pub(crate) fn new(table: &'static str, columns: &'static [&'static str], values: Vec<Value>) -> Self {
        let id = values.first().cloned().unwrap_or(Value::Null);
        Self::of_row(table, columns, &id, values)
    }

    /// Takes the values of some columns of the row that `id` names.
    pub(crate) fn of_row(
        table: &'static str,
        columns: &'static [&'static str],
        id: &Value,
        values: Vec<Value>,
    ) -> Self {
        let id = match id {
            Value::Text(text) => text.clone(),
            Value::Int(number) => number.to_string(),
            Value::Null | Value::Blob(_) => "without an id".into(),
        };
        Self { table, columns, values: values.into_iter(), at: 0, id }
    }

    pub(crate) fn int(&mut self) -> Result<i64, StoreError> {
        match self.next() {
            Value::Int(value) => Ok(value),
            _ => Err(self.corrupt("is not a whole number")),
        }
    }

    pub(crate) fn text(&mut self) -> Result<String, StoreError> {
        match self.next() {
            Value::Text(value) => Ok(value),
            _ => Err(self.corrupt("is not text")),
        }
    }

    pub(crate) fn blob(&mut self) -> Result<Vec<u8>, StoreError> {
        match self.next() {
            Value::Blob(value) => Ok(value),
            _ => Err(self.corrupt("is not binary")),
        }
    }

    pub(crate) fn optional_text(&mut self) -> Result<Option<String>, StoreError> {
        match self.next() {
            Value::Null => Ok(None),
            Value::Text(value) => Ok(Some(value)),
            _ => Err(self.corrupt("is not text")),
        }
    }

    pub(crate) fn moment(&mut self) -> Result<Timestamp, StoreError> {
        self.int().map(Timestamp::from_unix)
    }

    pub(crate) fn optional_moment(&mut self) -> Result<Option<Timestamp>, StoreError> {
        match self.next() {
            Value::Null => Ok(None),
            Value::Int(value) => Ok(Some(Timestamp::from_unix(value))),
            _ => Err(self.corrupt("is not a whole number")),
        }
    }

    /// Takes a text and parses it.
    pub(crate) fn parsed<T, E: Display>(
        &mut self,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<T, StoreError> {
        let text = self.text()?;
        parse(&text).map_err(|error| self.corrupt(error))
    }

    /// Takes a number of the range of `u32` and makes what it stands for.
    pub(crate) fn counted<T, E: Display>(
        &mut self,
        make: impl FnOnce(u32) -> Result<T, E>,
    ) -> Result<T, StoreError> {
        let number = self.int()?;
        let number = u32::try_from(number).map_err(|_| self.corrupt("is negative or too great"))?;
        make(number).map_err(|error| self.corrupt(error))
    }

    /// Says what is wrong with the column taken last.
    pub(crate) fn corrupt(&self, what: impl Display) -> StoreError {
        let column = self.at.checked_sub(1).and_then(|at| self.columns.get(at)).unwrap_or(&"?");
        StoreError::Corrupt(format!("table {}, row {}, column {column}: {what}", self.table, self.id))
    }

    fn next(&mut self) -> Value {
        self.at += 1;
        self.values.next().unwrap_or(Value::Null)
    }
}

/// Takes the number that a `COUNT` or a counter answers.
pub(crate) fn single_count(rows: Vec<Vec<Value>>) -> Result<u64, StoreError> {
    match rows.into_iter().next().and_then(|row| row.into_iter().next()) {
        Some(Value::Int(count)) => {
            u64::try_from(count).map_err(|_| StoreError::Corrupt(format!("a count of rows is {count}")))
        }
        None => Ok(0),
        Some(_) => Err(StoreError::Corrupt("a count of rows is not a number".into())),
    }
}
