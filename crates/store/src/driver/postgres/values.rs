//! Values on their way to the server and back.

use smc::ports::StoreError;
use tokio_postgres::{
    Row,
    types::{IsNull, ToSql, Type, to_sql_checked},
};

use super::errors::chain;
use crate::driver::Value;

/// Says whether the values are of the types that the statement takes.
pub(super) fn can_send(values: &[Value], statement: &tokio_postgres::Statement) -> bool {
    values.len() == statement.params().len()
        && values.iter().zip(statement.params()).all(|(value, ty)| match value {
            Value::Null => true,
            Value::Int(_) => *ty == Type::INT8,
            Value::Text(_) => *ty == Type::TEXT,
            Value::Blob(_) => *ty == Type::BYTEA,
        })
}

/// The text of an insert that takes the values of each column as an array.
pub(super) fn insert_arrays(table: &str, columns: &[&str], types: &[Type]) -> String {
    let arrays: Vec<_> = (1..).zip(types).map(|(number, ty)| format!("${number}::{ty}[]")).collect();
    format!("INSERT INTO {table} ({}) SELECT * FROM unnest({})", columns.join(", "), arrays.join(", "))
}

/// Why a value was not sent.
pub(super) fn unsendable() -> StoreError {
    StoreError::Corrupt("a column is not of the type it was made with".into())
}

impl ToSql for Value {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut tokio_postgres::types::private::BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(value) => value.to_sql_checked(ty, out),
            Self::Text(value) => value.to_sql_checked(ty, out),
            Self::Blob(value) => value.to_sql_checked(ty, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

pub(super) fn values_of(row: &Row) -> Result<Vec<Value>, StoreError> {
    let value = |at: usize| -> Result<Value, tokio_postgres::Error> {
        Ok(match *row.columns()[at].type_() {
            Type::INT8 => row.try_get::<_, Option<i64>>(at)?.into(),
            Type::INT4 => row.try_get::<_, Option<i32>>(at)?.map(i64::from).into(),
            Type::BYTEA => row.try_get::<_, Option<&[u8]>>(at)?.into(),
            _ => row.try_get::<_, Option<&str>>(at)?.into(),
        })
    };
    (0..row.len()).map(|at| value(at).map_err(|error| StoreError::Corrupt(chain(&error)))).collect()
}
