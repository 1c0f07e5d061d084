//! The operations as the console calls them: an interface for each request, reply and nested object, in TypeScript.
//!
//! A type of a reply is named as in Rust (`SourceServer`, `SourceServerDataDisk`). Here all groups share one file, so a
//! name that another operation already gave to something else gets the operation's name before it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Context, bail};

use super::NOTICE;
use super::model::{Field, Model, Operation, Parameter};
use super::shape::plural;

/// The text of `generated.ts`.
pub(crate) fn client(models: &[Model]) -> anyhow::Result<String> {
    let mut types = Types::default();
    let mut map = String::new();
    let mut versions = String::new();
    for model in models {
        for operation in &model.operations {
            let name = &operation.name;
            types.operation(operation).with_context(|| format!("writing the types of {name}"))?;
            let _ = write!(map, "  /** {} */\n  {name}: ", words(&operation.summary));
            let _ = writeln!(
                map,
                "{{ version: '{}'; request: {name}Request; response: {name}Response }};",
                model.version
            );
            let _ = writeln!(versions, "  {name}: '{}',", model.version);
        }
    }
    let mut text = format!("// {NOTICE}\n/* eslint-disable */\n\n");
    let _ = writeln!(text, "/** Every operation by name. */\nexport interface Operations {{\n{map}}}\n");
    text.push_str("/** The version in which an operation is. */\n");
    text.push_str(
        "export const versions: { readonly [Name in keyof Operations]: Operations[Name]['version'] } = {\n",
    );
    let _ = writeln!(text, "{versions}}};\n\n{}", types.text.trim_end());
    Ok(text)
}

#[derive(Default)]
struct Types {
    /// What was declared, by name.
    declared: BTreeMap<String, String>,
    text: String,
}

impl Types {
    fn operation(&mut self, operation: &Operation) -> anyhow::Result<()> {
        let name = &operation.name;
        let about = format!("{} {}", operation.summary, operation.description);
        let body = self.members(operation, None)?;
        self.declare(operation, format!("{name}Request"), &format!("What {name} takes. {about}"), &body);
        let id = "  /** Names the call in the center's log. */\n  RequestId: string;\n";
        let body = format!("{}{id}", self.fields(operation, "", &operation.response)?);
        self.declare(operation, format!("{name}Response"), &format!("What {name} answers."), &body);
        Ok(())
    }

    /// Declares an interface, or finds the same one; gives its name.
    fn declare(&mut self, operation: &Operation, name: String, about: &str, body: &str) -> String {
        let name = match self.declared.get(&name) {
            Some(known) if known == body => return name,
            Some(_) => format!("{}{name}", operation.name),
            None => name,
        };
        let shape = if body.is_empty() {
            format!("export type {name} = Record<string, never>;\n")
        } else {
            format!("export interface {name} {{\n{body}}}\n")
        };
        let _ = writeln!(self.text, "/** {} */\n{shape}", words(about));
        self.declared.insert(name.clone(), body.to_owned());
        name
    }

    fn members(&mut self, operation: &Operation, parent: Option<&str>) -> anyhow::Result<String> {
        let mut body = String::new();
        for parameter in operation.members(parent) {
            let kind = self.request_type(operation, parameter)?;
            let _ = write!(body, "  /** {} */\n  ", words(&about(parameter)));
            let _ = if parameter.required {
                writeln!(body, "{}: {kind};", parameter.last_name())
            } else {
                writeln!(body, "{}?: {kind} | undefined;", parameter.last_name())
            };
        }
        Ok(body)
    }

    fn request_type(&mut self, operation: &Operation, parameter: &Parameter) -> anyhow::Result<String> {
        let single = match parameter.kind.as_str() {
            "object" => {
                let body = self.members(operation, Some(&parameter.name))?;
                let name = match &parameter.shared {
                    Some(name) => name.clone(),
                    None => format!("{}{}", operation.name, parameter.code_name()),
                };
                self.declare(operation, name, &parameter.description, &body)
            }
            "boolean" => "boolean".to_owned(),
            "int32" | "int64" if !parameter.choices.is_empty() => parameter.choices.join(" | "),
            "int32" | "int64" => "number".to_owned(),
            // A text of digits on the wire, which both are once they are sent.
            "numeric_string" => "string | number".to_owned(),
            "string" if !parameter.choices.is_empty() => union(&parameter.choices),
            "string" => "string".to_owned(),
            other => bail!("parameter {}: unknown type {other}", parameter.name),
        };
        Ok(match (parameter.repeated(), single.contains('|')) {
            (true, true) => format!("readonly ({single})[]"),
            (true, false) => format!("readonly {single}[]"),
            (false, _) => single,
        })
    }

    fn fields(&mut self, operation: &Operation, outer: &str, fields: &[Field]) -> anyhow::Result<String> {
        let mut body = String::new();
        for field in fields {
            let kind = self.response_type(operation, outer, field)?;
            let may = if field.optional { "?" } else { "" };
            let secret = if field.secret { " A secret: shown once, to be kept nowhere." } else { "" };
            let _ = writeln!(
                body,
                "  /** {}{secret} */\n  {}{may}: {kind};",
                words(&field.description),
                field.name
            );
        }
        Ok(body)
    }

    fn response_type(&mut self, operation: &Operation, outer: &str, field: &Field) -> anyhow::Result<String> {
        let mut object = |name: String| -> anyhow::Result<String> {
            let body = self.fields(operation, &name, &field.fields)?;
            Ok(self.declare(operation, name, &field.description, &body))
        };
        Ok(match (field.kind.as_str(), field.item_type.as_deref(), &field.item_name) {
            ("string", ..) => "string".to_owned(),
            ("int32" | "int64" | "float", ..) => "number".to_owned(),
            ("boolean", ..) => "boolean".to_owned(),
            ("object", ..) => object(format!("{outer}{}", field.name))?,
            ("list", Some("string"), Some(key)) => format!("{{ {key}: string[] }}"),
            ("list", Some("object"), Some(key)) => {
                let name = field.shared.clone().unwrap_or_else(|| format!("{outer}{key}"));
                format!("{{ {key}: {}[] }}", object(name)?)
            }
            (other, ..) => bail!("reply member {}: unknown type {other}", field.name),
        })
    }
}

/// What a parameter means and what limits it.
fn about(parameter: &Parameter) -> String {
    let mut text = parameter.description.clone();
    if let (Some(least), Some(most)) = (parameter.minimum, parameter.maximum)
        && parameter.choices.is_empty()
    {
        let unit = parameter.unit.as_deref().map(|unit| format!(" {}", plural(unit))).unwrap_or_default();
        let _ = write!(text, " {least} to {most}{unit}.");
    }
    if let Some(value) = parameter.default.as_deref().filter(|value| !value.is_empty()) {
        let _ = write!(text, " Default: {value}.");
    }
    text
}

fn union(choices: &[String]) -> String {
    let quoted: Vec<_> = choices.iter().map(|choice| format!("'{}'", choice.replace('\'', "\\'"))).collect();
    quoted.join(" | ")
}

/// Text that cannot end a comment.
fn words(text: &str) -> String {
    text.replace("*/", "* /").replace('\n', " ")
}
