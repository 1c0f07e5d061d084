//! Values made from the tables: valid calls and whole replies of any operation.

use serde_json::{Map, Value as Json, json};
use smc_model::{Distinct, Format, Kind, Operation, Parameter, Presence, ResponseField, ResponseKind, Text};

/// The smallest valid call: every required parameter with its example, lists with one element.
pub(crate) fn smallest(operation: &Operation) -> Vec<(String, String)> {
    let mut params = Vec::new();
    for parameter in operation.parameters.iter().filter(|p| p.presence == Presence::Required) {
        fill(parameter, parameter.name, false, &mut params);
    }
    params
}

/// A call with every parameter, at every depth, lists with two elements.
pub(crate) fn largest(operation: &Operation) -> Vec<(String, String)> {
    let mut params = Vec::new();
    for parameter in operation.parameters {
        fill(parameter, parameter.name, true, &mut params);
    }
    params
}

fn fill(parameter: &Parameter, name: &str, whole: bool, params: &mut Vec<(String, String)>) {
    match &parameter.repeat {
        None => fill_one(parameter, name, 1, whole, params),
        Some(_) => {
            for index in 1..=if whole { 2 } else { 1 } {
                fill_one(parameter, &format!("{name}.{index}"), index, whole, params);
            }
        }
    }
}

fn fill_one(
    parameter: &Parameter,
    name: &str,
    index: usize,
    whole: bool,
    params: &mut Vec<(String, String)>,
) {
    if let Kind::Object(members) = parameter.kind {
        // What must differ between elements is told apart by the index.
        let distinct = match parameter.repeat.as_ref().map(|repeat| repeat.distinct) {
            Some(Distinct::Member(member, _)) => member,
            _ => "",
        };
        for member in members.iter().filter(|member| whole || member.presence == Presence::Required) {
            let name = format!("{name}.{}", member.name);
            if member.name == distinct {
                params.push((name, value(member, index)));
            } else {
                fill(member, &name, whole, params);
            }
        }
        return;
    }
    params.push((name.to_owned(), value(parameter, index)));
}

/// A valid value; another for each index, where the kind allows.
pub(crate) fn value(parameter: &Parameter, index: usize) -> String {
    match &parameter.kind {
        Kind::Boolean => "true".to_owned(),
        Kind::Integer(rule) if rule.choices.is_empty() => (rule.min + index as u64 - 1).to_string(),
        Kind::Integer(rule) => rule.choices[0].to_owned(),
        Kind::Text(rule) if !rule.choices.is_empty() => {
            rule.choices[(index - 1) % rule.choices.len()].to_owned()
        }
        Kind::Text(rule) => text(rule, index),
        Kind::Object(_) => panic!("{} has members", parameter.path),
    }
}

fn text(rule: &Text, index: usize) -> String {
    match rule.format {
        Format::Id(prefix) => format!("{prefix}{index}"),
        Format::UtcTime => "2026-11-24T08:00:00Z".to_owned(),
        Format::JsonObject => "{}".to_owned(),
        _ => format!("text-{index}"),
    }
}

/// A reply with every member, lists with one entry.
pub(crate) fn reply(fields: &[ResponseField]) -> Json {
    let mut object = Map::new();
    for field in fields {
        let value = match &field.kind {
            ResponseKind::Text => json!("text"),
            ResponseKind::Integer => json!(7),
            ResponseKind::Float => json!(0.5),
            ResponseKind::Boolean => json!(true),
            ResponseKind::Object(members) => reply(members),
            ResponseKind::Texts(key) => json!({ *key: ["text"] }),
            ResponseKind::Objects(key, members) => json!({ *key: [reply(members)] }),
        };
        object.insert(field.name.to_owned(), value);
    }
    Json::Object(object)
}
