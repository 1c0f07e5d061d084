//! Adding many rows of one table with few statements.

use std::fmt::Write;

use super::{Statement, Value};

/// Rows of one statement at the most, where each value is a placeholder of its own.
const LARGEST: usize = 128;

/// Rows to add to a table.
pub(crate) struct Insert {
    pub(crate) table: &'static str,
    pub(crate) columns: &'static [&'static str],
    pub(crate) rows: Vec<Vec<Value>>,
}

impl Insert {
    /// The statements that add the rows in their order, for powers of two of them: few texts to keep prepared.
    pub(super) fn into_statements(self) -> Vec<Statement> {
        let Self { table, columns, mut rows } = self;
        let mut statements = Vec::new();
        while !rows.is_empty() {
            let size = if rows.len() >= LARGEST { LARGEST } else { 1 << rows.len().ilog2() };
            let rest = rows.split_off(size);
            let values = rows.into_iter().flatten().collect();
            statements.push(Statement { sql: insert_text(table, columns, size), values });
            rows = rest;
        }
        statements
    }

    /// The values, column by column.
    pub(super) fn into_columns(self) -> Vec<Vec<Value>> {
        let mut columns: Vec<_> = self.columns.iter().map(|_| Vec::with_capacity(self.rows.len())).collect();
        for row in self.rows {
            for (column, value) in columns.iter_mut().zip(row) {
                column.push(value);
            }
        }
        columns
    }
}

/// The text of an insert of some rows.
pub(crate) fn insert_text(table: &str, columns: &[&str], rows: usize) -> String {
    let mut sql = format!("INSERT INTO {table} ({}) VALUES ", columns.join(", "));
    let mut placeholder = 0;
    for row in 0..rows {
        sql.push_str(if row == 0 { "(" } else { ", (" });
        for column in 0..columns.len() {
            placeholder += 1;
            // Writing to a string does not fail.
            let _ = write!(sql, "{}${placeholder}", if column == 0 { "" } else { ", " });
        }
        sql.push(')');
    }
    sql
}

#[cfg(test)]
mod tests {
    use super::{Insert, Value, insert_text};

    #[test]
    fn inserts_number_their_placeholders_across_rows() {
        insta::assert_snapshot!(insert_text("t", &["a", "b"], 2), @"INSERT INTO t (a, b) VALUES ($1, $2), ($3, $4)");
    }

    fn rows(count: i64) -> Insert {
        let rows = (0..count).map(|row| vec![Value::Int(row), Value::Int(-row)]).collect();
        Insert { table: "t", columns: &["a", "b"], rows }
    }

    #[test]
    fn statements_hold_all_rows_in_their_order() {
        for count in [0, 1, 7, 128, 300] {
            let values: Vec<_> =
                rows(count).into_statements().into_iter().flat_map(|statement| statement.values).collect();
            let expected: Vec<_> = (0..count).flat_map(|row| [Value::Int(row), Value::Int(-row)]).collect();
            assert_eq!(values, expected);
        }
    }

    #[test]
    fn columns_hold_all_rows_in_their_order() {
        let columns = rows(3).into_columns();
        assert_eq!(columns, [[0, 1, 2].map(Value::Int), [0, -1, -2].map(Value::Int)]);
    }
}
