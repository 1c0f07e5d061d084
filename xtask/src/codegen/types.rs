//! The typed requests and replies.
//!
//! A nested type is named after the type around it (`SourceServerDataDiskPart`), so names are unique in a group; an
//! object the model gives a `struct` name is generated once, in the shared module, and must be the same everywhere.
//! The list wrappers of the wire are types of their own (`SourceServerList`), made from a `Vec`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Context, bail, ensure};

use super::NOTICE;
use super::model::{Field, Model, Operation, Parameter};
use super::shape::{constant, pascal, plural, snake, variant};

/// Types that several operations use, by name.
pub(crate) struct Shared {
    types: BTreeMap<String, String>,
}

impl Shared {
    /// Collects the shared types of all operations; fails if two of one name differ.
    pub(crate) fn of(models: &[Model]) -> anyhow::Result<Self> {
        let mut shared = Self { types: BTreeMap::new() };
        for operation in models.iter().flat_map(|model| &model.operations) {
            for parameter in &operation.parameters {
                if let Some(name) = &parameter.enum_type {
                    shared.add(name, &choices(name, parameter)?)?;
                }
                if let Some(name) = &parameter.shared {
                    let mut text = String::new();
                    let members = operation.members(Some(&parameter.name));
                    request_struct(operation, name, members, "Members of a repeated parameter.", &mut text)?;
                    shared.add(name, &text)?;
                }
            }
            for field in &operation.response {
                shared.add_fields(field)?;
            }
        }
        Ok(shared)
    }

    fn add_fields(&mut self, field: &Field) -> anyhow::Result<()> {
        if let Some(name) = &field.shared {
            let mut text = String::new();
            response_struct(name, &field.fields, "An entry of a reply.", &mut text)?;
            list_struct(
                name,
                field.item_name.as_deref().context("a shared reply type is a list's")?,
                &mut text,
            );
            self.add(name, &text)?;
        }
        field.fields.iter().try_for_each(|field| self.add_fields(field))
    }

    fn add(&mut self, name: &str, text: &str) -> anyhow::Result<()> {
        let before = self.types.entry(name.to_owned()).or_insert_with(|| text.to_owned());
        ensure!(before == text, "the shared type {name} is declared in two ways:\n{before}\n{text}");
        Ok(())
    }

    /// The shared module.
    pub(crate) fn text(&self) -> String {
        let mut text = format!("//! Types that several operations share.\n//!\n//! {NOTICE}\n\n");
        text.push_str(
            "use serde::{Deserialize, Serialize};\n\nuse crate::value::{choices, object_fields};\n\n",
        );
        self.types.values().for_each(|declaration| text.push_str(declaration));
        text
    }
}

/// The head of the module of one group.
pub(crate) fn group_header(group: &str) -> String {
    format!(
        "//! Generated types of the group `{group}`.\n//!\n//! {NOTICE}\n\n\
         #![allow(unused_imports, reason = \"one list of imports serves every group\")]\n\n\
         use serde::{{Deserialize, Serialize}};\n\nuse super::shared::*;\nuse crate::value::object_fields;\n\
         use crate::{{Access, Distinct, Format, Integer, Kind, Method, OneTimeSecret, Operation, Parameter, Presence, \
         Repeat, Request, ResourcePattern, ResponseField, ResponseKind, Text, Width}};\n"
    )
}

/// The request and reply types of one operation.
pub(crate) fn operation(operation: &Operation) -> anyhow::Result<String> {
    let name = &operation.name;
    let mut text = String::new();
    let about = format!("The parameters of {name}, defaults applied.");
    request_struct(operation, &format!("{name}Request"), operation.members(None), &about, &mut text)?;
    let _ = writeln!(
        text,
        "impl Request for {name}Request {{\nconst OPERATION: &'static Operation = &{};\n\ntype Response = {name}Response;\n}}\n",
        constant(name)
    );
    let about = format!("The reply of {name}, without `RequestId`.");
    response_struct(&format!("{name}Response"), &operation.response, &about, &mut text)?;
    Ok(text)
}

fn request_struct<'a>(
    operation: &Operation,
    name: &str,
    members: impl Iterator<Item = &'a Parameter>,
    about: &str,
    text: &mut String,
) -> anyhow::Result<()> {
    let mut nested = String::new();
    let mut names = Vec::new();
    let _ = writeln!(text, "/// {about}\n#[derive(Clone, Debug, PartialEq, Eq)]\npub struct {name} {{");
    for parameter in members {
        let member = snake(parameter.last_name());
        let kind = request_type(operation, name, parameter, &mut nested)
            .with_context(|| format!("parameter {} of {}", parameter.name, operation.name))?;
        let _ = writeln!(text, "/// {}\npub {member}: {kind},", request_words(parameter));
        names.push(member);
    }
    let _ = writeln!(text, "}}\n\nobject_fields!({name} {{ {} }});\n", names.join(", "));
    text.push_str(&nested);
    Ok(())
}

fn request_words(parameter: &Parameter) -> String {
    let mut words = parameter.description.clone();
    if let (Some(least), Some(most)) = (parameter.minimum, parameter.maximum)
        && parameter.choices.is_empty()
    {
        let unit = parameter.unit.as_deref().map(|unit| format!(" {}", plural(unit))).unwrap_or_default();
        let _ = write!(words, " {least} to {most}{unit}.");
    }
    words
}

fn request_type(
    operation: &Operation,
    outer: &str,
    parameter: &Parameter,
    nested: &mut String,
) -> anyhow::Result<String> {
    let single = match (parameter.kind.as_str(), &parameter.enum_type, &parameter.shared) {
        (_, Some(name), _) | ("object", None, Some(name)) => name.clone(),
        ("string", ..) => "String".to_owned(),
        ("int32" | "numeric_string", ..) => "u32".to_owned(),
        ("int64", ..) => "u64".to_owned(),
        ("boolean", ..) => "bool".to_owned(),
        ("object", ..) => {
            let outer = outer.strip_suffix("Request").unwrap_or(outer);
            let name = format!("{outer}{}", parameter.last_name());
            let members = operation.members(Some(&parameter.name));
            request_struct(operation, &name, members, &parameter.description, nested)?;
            name
        }
        (other, ..) => bail!("unknown type {other}"),
    };
    Ok(if parameter.repeated() {
        format!("Vec<{single}>")
    } else if parameter.required || parameter.default.is_some() {
        single
    } else {
        format!("Option<{single}>")
    })
}

fn choices(name: &str, parameter: &Parameter) -> anyhow::Result<String> {
    let variants: Vec<String> = match &parameter.variants {
        Some(variants) => variants.clone(),
        None => parameter.choices.iter().map(|choice| variant(choice)).collect(),
    };
    ensure!(variants.len() == parameter.choices.len(), "{name} needs one variant for each value");
    let mut text =
        format!("choices! {{\n    /// The values of `{}`.\n    {name} {{\n", parameter.last_name());
    for (variant, value) in variants.iter().zip(&parameter.choices) {
        let _ = writeln!(text, "        {variant} = {value:?},");
    }
    text.push_str("    }\n}\n\n");
    Ok(text)
}

fn response_struct(name: &str, fields: &[Field], about: &str, text: &mut String) -> anyhow::Result<()> {
    let mut nested = String::new();
    // A type that holds a secret must not be printable by accident, nor copied about.
    let derives = if fields.iter().any(|field| field.secret) {
        "Serialize, Deserialize"
    } else {
        "Clone, Debug, Default, PartialEq, Serialize, Deserialize"
    };
    let _ = writeln!(
        text,
        "/// {about}\n#[derive({derives})]\n#[serde(rename_all = \"PascalCase\")]\npub struct {name} {{"
    );
    for field in fields {
        let member = snake(&field.name);
        let kind = response_type(name, field, &mut nested)?;
        let _ = writeln!(text, "/// {}", field.description);
        if pascal(&member) != field.name {
            let _ = writeln!(text, "#[serde(rename = {:?})]", field.name);
        }
        if field.optional {
            let _ = writeln!(text, "#[serde(default, skip_serializing_if = \"Option::is_none\")]");
            let _ = writeln!(text, "pub {member}: Option<{kind}>,");
        } else {
            let _ = writeln!(text, "pub {member}: {kind},");
        }
    }
    text.push_str("}\n\n");
    text.push_str(&nested);
    Ok(())
}

fn response_type(outer: &str, field: &Field, nested: &mut String) -> anyhow::Result<String> {
    // Items of the lists at the top of a reply are named by themselves: `SourceServer`, not after the reply.
    let outer = if outer.ends_with("Response") { "" } else { outer };
    Ok(match (field.kind.as_str(), field.item_type.as_deref(), &field.shared, &field.item_name) {
        ("string", ..) if field.secret => "OneTimeSecret".to_owned(),
        ("string", ..) => "String".to_owned(),
        ("int32", ..) => "u32".to_owned(),
        ("int64", ..) => "u64".to_owned(),
        ("float", ..) => "f32".to_owned(),
        ("boolean", ..) => "bool".to_owned(),
        ("object", ..) => {
            let name = format!("{outer}{}", field.name);
            response_struct(&name, &field.fields, &field.description, nested)?;
            name
        }
        ("list", _, Some(shared), _) => format!("{shared}List"),
        ("list", Some(item_type), None, Some(key)) => {
            let item = format!("{outer}{key}");
            if item_type == "object" {
                response_struct(&item, &field.fields, "An entry of a reply.", nested)?;
                list_struct(&item, key, nested);
                format!("{item}List")
            } else {
                texts_struct(&item, key, nested);
                format!("{item}List")
            }
        }
        (other, ..) => bail!("reply member {}: unknown type {other}", field.name),
    })
}

/// The object around a list of objects, with its one key.
fn list_struct(item: &str, key: &str, text: &mut String) {
    wrapper(&format!("{item}List"), item, key, text);
}

/// The object around a list of strings, with its one key.
fn texts_struct(name: &str, key: &str, text: &mut String) {
    wrapper(&format!("{name}List"), "String", key, text);
}

fn wrapper(name: &str, item: &str, key: &str, text: &mut String) {
    let _ = writeln!(
        text,
        "/// A list as the wire has it: inside an object of one key.\n\
         #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]\npub struct {name} {{\n\
         /// The entries.\n#[serde(rename = {key:?})]\npub items: Vec<{item}>,\n}}\n\n\
         impl From<Vec<{item}>> for {name} {{\nfn from(items: Vec<{item}>) -> Self {{ Self {{ items }} }}\n}}\n"
    );
}
