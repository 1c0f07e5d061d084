//! The static tables: operations with their parameters and replies, and error codes.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use anyhow::{Context, bail};

use super::NOTICE;
use super::model::{Field, JobError, Model, Operation, Parameter};
use super::shape::{constant, literal, optional, pascal};

/// The root of the generated modules, with the table of operations.
pub(crate) fn module(models: &[Model], groups: &BTreeSet<&str>) -> String {
    let mut text =
        format!("//! The operations, their typed requests and their replies.\n//!\n//! {NOTICE}\n\n");
    text.push_str("#![allow(clippy::pedantic, reason = \"generated code is written for the compiler\")]\n");
    for group in groups {
        let _ = writeln!(text, "/// Operations on {}.", words(group));
        let _ = writeln!(text, "pub mod {group};");
    }
    text.push_str("mod errors;\n/// Types that several operations share.\npub mod shared;\n");
    text.push_str("pub use errors::{ERRORS, JOB_ERRORS};\n\nuse crate::Operation;\n\n");
    text.push_str("/// Every operation, by version and name.\npub static OPERATIONS: &[&Operation] = &[\n");
    for operation in models.iter().flat_map(|model| &model.operations) {
        let _ = writeln!(text, "&{}::{},", operation.group, constant(&operation.name));
    }
    text.push_str("];\n");
    text
}

fn words(group: &str) -> &'static str {
    match group {
        "access_token" => "activation codes",
        "source_server" => "migration sources",
        "tag" => "tags",
        "replication_job" => "replication jobs",
        "workgroup" => "workgroups",
        "identities" => "users, AccessKeys and policies",
        _ => "what only this center has",
    }
}

/// The table of error codes.
pub(crate) fn errors(models: &[Model], of_jobs: &[JobError]) -> String {
    let mut entries: Vec<_> = models.iter().flat_map(|model| &model.errors).collect();
    entries.sort_by(|a, b| a.code.cmp(&b.code));
    let mut text = format!("//! Error codes.\n//!\n//! {NOTICE}\n\nuse crate::{{ErrorEntry, JobError}};\n\n");
    text.push_str(
        "/// Every error code of the operations, by code.\npub static ERRORS: &[ErrorEntry] = &[\n",
    );
    for entry in entries {
        let _ = writeln!(
            text,
            "ErrorEntry {{ code: {:?}, status: {}, message: {:?}, cause: {:?}, remedy: {:?} }},",
            entry.code, entry.status, entry.message, entry.cause, entry.remedy
        );
    }
    text.push_str("];\n\n/// Every code that a job shows as its `ErrorCode`.\npub static JOB_ERRORS: &[JobError] = &[\n");
    for JobError { code, cause, remedy } in of_jobs {
        let _ = writeln!(text, "JobError {{ code: {code:?}, cause: {cause:?}, remedy: {remedy:?} }},");
    }
    text.push_str("];\n");
    text
}

/// The table of one operation.
pub(crate) fn operation(model: &Model, operation: &Operation) -> anyhow::Result<String> {
    let mut text = format!(
        "\n/// The declaration of {name}.\npub static {constant}: Operation = Operation {{\n\
         product: {:?}, version: {:?}, name: {name:?}, group: {:?}, summary: {:?}, description: {:?}, built: {}, \
         https_only: {}, action: {:?}, access: Access::{},",
        model.product,
        model.version,
        operation.group,
        operation.summary,
        operation.description,
        operation.built,
        operation.https_only,
        operation.ram.action,
        pascal(&operation.ram.access),
        name = operation.name,
        constant = constant(&operation.name),
    );
    let methods: Vec<_> = operation
        .methods
        .iter()
        .map(|method| format!("Method::{}", pascal(&method.to_lowercase())))
        .collect();
    let _ = write!(text, "methods: &[{}], resources: &[", methods.join(","));
    for resource in &operation.ram.resources {
        let only_if = match &resource.only_if {
            None => "None".to_owned(),
            Some(condition) => {
                let (name, value) =
                    condition.split_once('=').context("a resource condition is Parameter=value")?;
                format!("Some(({name:?}, {value:?}))")
            }
        };
        let _ = write!(text, "ResourcePattern {{ pattern: {:?}, only_if: {only_if} }},", resource.pattern);
    }
    let _ = write!(text, "], parameters: {},", parameters(operation, None)?);
    let _ = write!(text, "response: {}, errors: &[", fields(&operation.response)?);
    for code in operation.all_errors() {
        let _ = write!(text, "{code:?},");
    }
    text.push_str("] };\n");
    Ok(text)
}

fn parameters(operation: &Operation, parent: Option<&str>) -> anyhow::Result<String> {
    let mut text = "&[".to_owned();
    for parameter in operation.members(parent) {
        text.push_str(
            &entry(operation, parameter)
                .with_context(|| format!("parameter {} of {}", parameter.name, operation.name))?,
        );
    }
    text.push(']');
    Ok(text)
}

fn entry(operation: &Operation, parameter: &Parameter) -> anyhow::Result<String> {
    let mut text = format!(
        "Parameter {{ name: {:?}, path: {:?}, code_name: {:?}, kind: {}, description: {:?},",
        parameter.last_name(),
        parameter.name,
        parameter.code_name(),
        kind(operation, parameter)?,
        parameter.description
    );
    if parameter.repeated() {
        let _ = write!(
            text,
            "repeat: Some(Repeat {{ max: {}, exceed_code: {}, distinct: {} }}),",
            parameter.max_items.unwrap_or_default(),
            optional(parameter.exceed_code.as_ref()),
            distinct(parameter)?
        );
    }
    if parameter.required {
        text.push_str("presence: Presence::Required,");
    } else if let Some(condition) = &parameter.required_if {
        let (name, value) = condition.split_once('=').context("required_if is Sibling=value")?;
        let _ = write!(text, "presence: Presence::RequiredIf({name:?}, {value:?}),");
    } else if let Some(name) = &parameter.together_with {
        let _ = write!(text, "presence: Presence::RequiredWith({name:?}),");
    }
    for (name, value) in [
        ("default", &parameter.default),
        ("missing_code", &parameter.missing_code),
        ("invalid_code", &parameter.invalid_code),
        ("unit", &parameter.unit),
        ("example", &parameter.example),
    ] {
        if value.is_some() {
            let _ = write!(text, "{name}: {},", optional(value.as_ref()));
        }
    }
    if parameter.extension {
        text.push_str("extension: true,");
    }
    text.push_str("..Parameter::NEW },");
    Ok(text)
}

fn distinct(parameter: &Parameter) -> anyhow::Result<String> {
    Ok(match (&parameter.duplicate_code, &parameter.distinct_by, &parameter.distinct_code) {
        (None, None, None) => "Distinct::No".to_owned(),
        (Some(code), None, None) => format!("Distinct::Values({code:?})"),
        (None, Some(member), Some(code)) => format!("Distinct::Member({member:?}, {code:?})"),
        _ => bail!("give duplicate_code, or distinct_by with distinct_code"),
    })
}

fn kind(operation: &Operation, parameter: &Parameter) -> anyhow::Result<String> {
    let choices: Vec<_> = parameter.choices.iter().map(|choice| literal(choice)).collect();
    let choices = choices.join(",");
    let width = match parameter.kind.as_str() {
        "boolean" => return Ok("Kind::Boolean".to_owned()),
        "object" => return Ok(format!("Kind::Object({})", parameters(operation, Some(&parameter.name))?)),
        "string" => {
            let longest = parameter.choices.iter().map(|choice| choice.chars().count()).max();
            return Ok(format!(
                "Kind::Text(Text {{ min: {}, max: {}, format: {}, choices: &[{choices}], any_case: {} }})",
                parameter.min_len.unwrap_or(1),
                parameter.max_len.or(longest).context("a text needs max_len")?,
                format(parameter)?,
                parameter.case_insensitive
            ));
        }
        "int32" => "Int32",
        "int64" => "Int64",
        "numeric_string" => "DecimalString",
        other => bail!("unknown type {other}"),
    };
    Ok(format!(
        "Kind::Integer(Integer {{ min: {}, max: {}, width: Width::{width}, choices: &[{choices}] }})",
        parameter.minimum.context("a number needs minimum")?,
        parameter.maximum.context("a number needs maximum")?
    ))
}

fn format(parameter: &Parameter) -> anyhow::Result<String> {
    Ok(match parameter.format.as_deref() {
        None | Some("text") => "Format::Plain".to_owned(),
        Some("id") => {
            format!("Format::Id({:?})", parameter.prefix.as_ref().context("an id needs a prefix")?)
        }
        Some(name) => format!("Format::{}", pascal(name)),
    })
}

fn fields(fields: &[Field]) -> anyhow::Result<String> {
    let mut text = "&[".to_owned();
    for field in fields {
        let kind = match (field.kind.as_str(), field.item_type.as_deref(), &field.item_name) {
            ("string", None, None) => "Text".to_owned(),
            ("int32" | "int64", None, None) => "Integer".to_owned(),
            ("float", None, None) => "Float".to_owned(),
            ("boolean", None, None) => "Boolean".to_owned(),
            ("object", None, None) => format!("Object({})", self::fields(&field.fields)?),
            ("list", Some("string"), Some(key)) => format!("Texts({key:?})"),
            ("list", Some("object"), Some(key)) => {
                format!("Objects({key:?}, {})", self::fields(&field.fields)?)
            }
            _ => bail!("reply member {}: unknown type {}", field.name, field.kind),
        };
        let _ = write!(
            text,
            "ResponseField {{ name: {:?}, kind: ResponseKind::{kind}, optional: {}, secret: {}, example: {}, \
             description: {:?} }},",
            field.name,
            field.optional,
            field.secret,
            optional(field.example.as_ref()),
            field.description
        );
    }
    text.push(']');
    Ok(text)
}
