//! The model as the console's explorer reads it: one JSON file with the operations of all versions as the model writes
//! them, and every error code that a user can meet. Keys are sorted and what is absent is left out.

use anyhow::Context;
use serde_json::{Map, Value, json};

use super::NOTICE;
use super::model::{Explained, Field, Model, Operation, Parameter};
use super::reference::OtherErrors;

/// The text of `model.json`.
pub(crate) fn model(models: &[Model], others: &OtherErrors) -> anyhow::Result<String> {
    let versions: Vec<Value> = models
        .iter()
        .map(|model| {
            let ignored: Vec<Value> = model
                .ignored_parameters
                .iter()
                .map(|own| json!({ "name": own.name, "type": own.kind, "description": own.description }))
                .collect();
            json!({
                "product": model.product,
                "version": model.version,
                "title": model.title,
                "ignored_parameters": ignored,
            })
        })
        .collect();
    let operations: Vec<Value> = models
        .iter()
        .flat_map(|model| model.operations.iter().map(move |operation| self::operation(model, operation)))
        .collect();
    let whole = json!({
        "notice": NOTICE,
        "versions": versions,
        "operations": operations,
        "errors": errors(models, others),
    });
    // One line for each operation and error would save little; the console's build minifies it.
    let mut text = serde_json::to_string_pretty(&whole).context("writing the model of the explorer")?;
    text.push('\n');
    Ok(text)
}

fn operation(model: &Model, operation: &Operation) -> Value {
    let resources: Vec<Value> = operation
        .ram
        .resources
        .iter()
        .map(|resource| present([("pattern", json!(resource.pattern)), ("if", json!(resource.only_if))]))
        .collect();
    let history: Vec<Value> = operation
        .history
        .iter()
        .map(|change| json!({ "version": change.version, "change": change.change }))
        .collect();
    json!({
        "product": model.product,
        "version": model.version,
        "name": operation.name,
        "group": operation.group,
        "built": operation.built,
        "summary": operation.summary,
        "description": operation.description,
        "methods": operation.methods,
        "https_only": operation.https_only,
        "ram": { "action": operation.ram.action, "access": operation.ram.access, "resources": resources },
        "parameters": operation.parameters.iter().map(parameter).collect::<Vec<_>>(),
        "response": operation.response.iter().map(field).collect::<Vec<_>>(),
        "errors": operation.all_errors(),
        "history": history,
    })
}

fn parameter(parameter: &Parameter) -> Value {
    present([
        ("name", json!(parameter.name)),
        ("type", json!(parameter.kind)),
        ("required", json!(parameter.required)),
        ("required_if", json!(parameter.required_if)),
        ("together_with", json!(parameter.together_with)),
        ("default", json!(parameter.default)),
        ("minimum", json!(parameter.minimum)),
        ("maximum", json!(parameter.maximum)),
        ("min_len", json!(parameter.min_len)),
        ("max_len", json!(parameter.max_len)),
        ("max_items", json!(parameter.max_items)),
        ("enum", json!(parameter.choices)),
        ("case_insensitive", json!(parameter.case_insensitive)),
        ("format", json!(parameter.format)),
        ("prefix", json!(parameter.prefix)),
        ("missing_code", json!(parameter.missing_code)),
        ("invalid_code", json!(parameter.invalid_code)),
        ("exceed_code", json!(parameter.exceed_code)),
        ("duplicate_code", json!(parameter.duplicate_code)),
        ("distinct_by", json!(parameter.distinct_by)),
        ("distinct_code", json!(parameter.distinct_code)),
        ("unit", json!(parameter.unit)),
        ("example", json!(parameter.example)),
        ("extension", json!(parameter.extension)),
        ("description", json!(parameter.description)),
    ])
}

fn field(field: &Field) -> Value {
    present([
        ("name", json!(field.name)),
        ("type", json!(field.kind)),
        ("item_name", json!(field.item_name)),
        ("item_type", json!(field.item_type)),
        ("fields", json!(field.fields.iter().map(self::field).collect::<Vec<_>>())),
        ("optional", json!(field.optional)),
        ("secret", json!(field.secret)),
        ("example", json!(field.example)),
        ("description", json!(field.description)),
    ])
}

fn errors(models: &[Model], others: &OtherErrors) -> Vec<Value> {
    let mut entries: Vec<_> = models.iter().flat_map(|model| &model.errors).collect();
    entries.sort_by(|a, b| a.code.cmp(&b.code));
    let explained = |from: &'static str| {
        move |entry: &Explained| {
            json!({
                "from": from, "code": entry.code, "status": entry.status, "cause": entry.cause, "remedy": entry.remedy
            })
        }
    };
    let operations = entries.into_iter().map(|entry| {
        json!({
            "from": "operation", "code": entry.code, "status": entry.status, "message": entry.message,
            "cause": entry.cause, "remedy": entry.remedy
        })
    });
    operations
        .chain(others.gateway.iter().map(explained("gateway")))
        .chain(others.agent.iter().map(explained("agent")))
        .chain(others.job.iter().map(|entry| {
            json!({ "from": "job", "code": entry.code, "cause": entry.cause, "remedy": entry.remedy })
        }))
        .collect()
}

/// An object of what is there: neither null, nor false, nor an empty list.
fn present<const N: usize>(members: [(&str, Value); N]) -> Value {
    let there = members.into_iter().filter(|(_, value)| match value {
        Value::Null | Value::Bool(false) => false,
        Value::Array(items) => !items.is_empty(),
        _ => true,
    });
    Value::Object(there.map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>())
}
