//! The door between flat parameters and typed requests.

use serde::Serialize;

use crate::contract::Operation;
use crate::encode::encode;
use crate::validate::validate;
use crate::value::{Field, Object, Value};
use crate::violation::Violation;

/// The typed request of one operation. Implemented by the generated types only.
pub trait Request: Field {
    /// The declaration of the operation.
    const OPERATION: &'static Operation;

    /// The reply of the operation, without `RequestId`.
    type Response: Serialize;

    /// Reads a request from decoded parameters, defaults applied.
    ///
    /// The first parameter that breaks its rule is reported; parameters the operation does not declare are ignored.
    fn parse(params: &[(String, String)]) -> Result<Self, Violation> {
        let object = validate(Self::OPERATION, params)?;
        Self::read(Some(Value::Object(object))).ok_or_else(|| Violation::mismatch(Self::OPERATION))
    }

    /// Writes the request as flat parameters, in the order of the table, ready to be signed.
    fn encode(&self) -> Vec<(String, String)> {
        match self.write() {
            Some(Value::Object(object)) => encode(Self::OPERATION, &object),
            _ => encode(Self::OPERATION, &Object::default()),
        }
    }
}
