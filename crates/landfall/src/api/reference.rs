//! The reference of an operation, written from the model for a terminal.

use std::fmt::Write;

use smc_model::{Kind, Operation, Parameter, Presence, ResponseField, ResponseKind};

use crate::output::{Cell, Screen, Tone, facts, table};

/// All operations, those of the public contract first.
pub(super) fn list(screen: Screen) -> String {
    let row = |operation: &&'static Operation| {
        let (state, tone) =
            if operation.built { ("", Tone::Plain) } else { ("not built yet", Tone::Doubtful) };
        [operation.name.into(), operation.version.into(), Cell::new(state, tone), operation.summary.into()]
    };
    let rows: Vec<_> = smc_model::operations().iter().map(row).collect();
    table(screen, ["OPERATION", "VERSION", "STATE", "DOES"], &rows)
}

/// One operation: what it does, takes, answers and refuses.
pub(super) fn describe(operation: &Operation, screen: Screen) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write(&mut text, operation, screen);
    text
}

fn write(to: &mut String, operation: &Operation, screen: Screen) -> std::fmt::Result {
    writeln!(to, "{} ({})", operation.name, operation.version)?;
    writeln!(to, "{}", operation.summary)?;
    for paragraph in operation.description.split("\n\n").filter(|paragraph| !paragraph.is_empty()) {
        writeln!(to, "\n{paragraph}")?;
    }
    if !operation.built {
        writeln!(to, "\nThis version of the center does not offer it yet.")?;
    }
    writeln!(to, "\nUsage: landfall api {}{}", operation.name, usage(operation))?;
    if !operation.parameters.is_empty() {
        writeln!(to, "\nParameters")?;
        write_parameters(to, operation.parameters)?;
    }
    writeln!(to, "\nReply (beside RequestId)")?;
    if operation.response.is_empty() {
        writeln!(to, "  nothing")?;
    }
    write_fields(to, operation.response, 1)?;
    writeln!(to, "\nErrors")?;
    for code in operation.errors {
        let cause = smc_model::error(code).map_or("", |entry| entry.cause);
        to.push_str("  ");
        to.push_str(&facts(screen, &[(code, cause.into())]));
    }
    writeln!(to, "\nRAM action: {}", operation.action)
}

/// The required parameters, as they are typed.
fn usage(operation: &Operation) -> String {
    let mut words = String::new();
    let required = operation.parameters.iter().filter(|parameter| parameter.presence == Presence::Required);
    for parameter in required.filter(|parameter| !matches!(parameter.kind, Kind::Object(_))) {
        let _ = write!(words, " --{} VALUE", typed(parameter));
    }
    let optional = operation.parameters.iter().any(|parameter| parameter.presence != Presence::Required);
    words + if optional { " [--Parameter VALUE]..." } else { "" }
}

/// A parameter's name as it is typed: the first of a repeated one.
fn typed(parameter: &Parameter) -> String {
    parameter.path.replace(".N", ".1")
}

fn write_parameters(to: &mut String, parameters: &[Parameter]) -> std::fmt::Result {
    for parameter in parameters {
        if let Kind::Object(members) = parameter.kind {
            write_parameters(to, members)?;
            continue;
        }
        write!(to, "  --{} {}", parameter.path, kind(parameter))?;
        match parameter.presence {
            Presence::Required => write!(to, ", required")?,
            Presence::RequiredIf(name, value) => write!(to, ", required if {name} is {value}")?,
            Presence::RequiredWith(name) => write!(to, ", required with {name}")?,
            Presence::Optional => {}
        }
        if let Some(default) = parameter.default {
            write!(to, ", by default {default}")?;
        }
        if let Some(repeat) = &parameter.repeat {
            write!(to, ", N from 1 to {}", repeat.max)?;
        }
        writeln!(to, "\n      {}", parameter.description)?;
    }
    Ok(())
}

fn kind(parameter: &Parameter) -> String {
    let unit = parameter.unit.map(|unit| format!(" {unit}")).unwrap_or_default();
    match &parameter.kind {
        Kind::Text(text) if !text.choices.is_empty() => text.choices.join("|"),
        Kind::Text(text) => format!("TEXT of {} to {} characters", text.min, text.max),
        Kind::Integer(number) if !number.choices.is_empty() => number.choices.join("|"),
        Kind::Integer(number) => format!("NUMBER from {} to {}{unit}", number.min, number.max),
        Kind::Boolean => "true|false".to_owned(),
        Kind::Object(_) => String::new(),
    }
}

fn write_fields(to: &mut String, fields: &[ResponseField], depth: usize) -> std::fmt::Result {
    for field in fields {
        write!(to, "{:indent$}{}", "", field.name, indent = depth * 2)?;
        let (list, members): (Option<&str>, &[ResponseField]) = match field.kind {
            ResponseKind::Object(members) => (None, members),
            ResponseKind::Texts(item) => (Some(item), &[]),
            ResponseKind::Objects(item, members) => (Some(item), members),
            _ => (None, &[]),
        };
        if let Some(item) = list {
            write!(to, ".{item}[]")?;
        }
        writeln!(to, "  {}", field.description)?;
        write_fields(to, members, depth + 1)?;
    }
    Ok(())
}
