//! From validated values back to flat parameters: what a client sends.

use crate::contract::{Operation, Parameter};
use crate::value::{Object, Value};

/// The flat parameters of a call, in the order of the table; repeated ones are numbered from 1.
pub fn encode(operation: &Operation, object: &Object) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    write_members(operation.parameters, object, "", &mut pairs);
    pairs
}

fn write_members(parameters: &[Parameter], object: &Object, prefix: &str, pairs: &mut Vec<(String, String)>) {
    for (parameter, value) in parameters.iter().zip(&object.0) {
        if let Some(value) = value {
            write(parameter, value, &format!("{prefix}{}", parameter.name), pairs);
        }
    }
}

fn write(parameter: &Parameter, value: &Value, name: &str, pairs: &mut Vec<(String, String)>) {
    match value {
        Value::Text(text) => pairs.push((name.to_owned(), text.clone())),
        Value::Integer(number) => pairs.push((name.to_owned(), number.to_string())),
        Value::Boolean(flag) => pairs.push((name.to_owned(), flag.to_string())),
        Value::List(values) => {
            for (value, index) in values.iter().zip(1_u32..) {
                write(parameter, value, &format!("{name}.{index}"), pairs);
            }
        }
        Value::Object(object) => write_members(parameter.members(), object, &format!("{name}."), pairs),
    }
}
