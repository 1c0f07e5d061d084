//! Reads a policy document element by element, refusing whatever the grammar does not name.

use std::fmt;

use super::{
    Actions, Effect, Statement,
    error::{Expected, Fault, PolicyError},
};
use crate::{
    arn::{ActionPattern, ArnError},
    condition::{Clause, ConditionKey, Operands, Operator},
    json::Json,
    limits,
};

/// Reads the statements of a document; there is at least one.
pub(super) fn read(document: &str) -> Result<Vec<Statement>, PolicyError> {
    let characters = document.chars().count();
    if characters > limits::POLICY_CHARACTERS {
        return Err(PolicyError::TooLong { characters });
    }
    let json = Json::parse(document).map_err(|error| PolicyError::NotJson {
        line: error.line,
        column: error.column,
        reason: error.reason,
    })?;

    let root = Path::Root;
    let members = object(&json, &root)?;
    for (name, _) in members {
        if !matches!(name.as_str(), "Version" | "Statement") {
            return root.fail(Fault::Unknown { name: name.clone(), allowed: "Version and Statement" });
        }
    }
    let version = required(members, "Version", "write \"Version\": \"1\"", &root)?;
    let version_path = Path::Member(&root, "Version");
    let found = text(version, &version_path)?;
    if found != "1" {
        return version_path.fail(Fault::Version { found: found.to_owned() });
    }

    let path = Path::Member(&root, "Statement");
    match required(members, "Statement", "write a list of statements", &root)? {
        Json::List(items) if items.is_empty() => {
            path.fail(Fault::Empty { remedy: "write at least one statement" })
        }
        Json::List(items) => {
            items.iter().enumerate().map(|(index, item)| statement(item, &Path::Item(&path, index))).collect()
        }
        single @ Json::Object(_) => Ok(vec![statement(single, &path)?]),
        other => path.fail(Fault::Type { expected: Expected::Objects, found: other.kind() }),
    }
}

fn statement(json: &Json, path: &Path<'_>) -> Result<Statement, PolicyError> {
    let members = object(json, path)?;
    for (name, _) in members {
        match name.as_str() {
            "Effect" | "Action" | "NotAction" | "Resource" | "Condition" => {}
            "NotResource" => return path.fail(Fault::NotResource),
            "Principal" => return path.fail(Fault::Principal),
            _ => {
                let allowed = "Effect, Action or NotAction, Resource and Condition";
                return path.fail(Fault::Unknown { name: name.clone(), allowed });
            }
        }
    }
    Ok(Statement {
        effect: effect(
            required(members, "Effect", "write Allow or Deny", path)?,
            &Path::Member(path, "Effect"),
        )?,
        actions: actions(members, path)?,
        resources: resources(members, path)?,
        condition: match member(members, "Condition") {
            None => Vec::new(),
            Some(json) => condition(json, &Path::Member(path, "Condition"))?,
        },
    })
}

fn effect(json: &Json, path: &Path<'_>) -> Result<Effect, PolicyError> {
    let found = text(json, path)?;
    match [Effect::Allow, Effect::Deny].into_iter().find(|effect| effect.as_str() == found) {
        Some(effect) => Ok(effect),
        None => path.fail(Fault::Effect { found: found.to_owned() }),
    }
}

fn actions(members: &[(String, Json)], path: &Path<'_>) -> Result<Actions, PolicyError> {
    let patterns = |json: &Json, name| {
        parsed_texts(json, &Path::Member(path, name), |text: &str| {
            text.parse::<ActionPattern>()
                .map_err(|reason: ArnError| Fault::Action { found: text.to_owned(), reason })
        })
    };
    match (member(members, "Action"), member(members, "NotAction")) {
        (Some(json), None) => Ok(Actions::AnyOf(patterns(json, "Action")?)),
        (None, Some(json)) => Ok(Actions::NoneOf(patterns(json, "NotAction")?)),
        (Some(_), Some(_)) => path.fail(Fault::BothActions),
        (None, None) => {
            path.fail(Fault::Missing { name: "Action", remedy: "name the operations, or * for all" })
        }
    }
}

fn resources(
    members: &[(String, Json)],
    path: &Path<'_>,
) -> Result<Vec<crate::arn::ResourcePattern>, PolicyError> {
    let json = required(members, "Resource", "name the resources, or * for all", path)?;
    parsed_texts(json, &Path::Member(path, "Resource"), |text| {
        text.parse().map_err(|reason| Fault::Resource { found: text.to_owned(), reason })
    })
}

fn condition(json: &Json, path: &Path<'_>) -> Result<Vec<Clause>, PolicyError> {
    let mut clauses = Vec::new();
    for (name, keys) in object(json, path)? {
        let Some(operator) = Operator::named(name) else {
            let found = name.clone();
            return path.fail(match Operator::spelling_of(name) {
                Some(meant) => Fault::OperatorSpelling { found, meant },
                None => Fault::Operator { found },
            });
        };
        let path = Path::Member(path, name);
        let keys = object(keys, &path)?;
        if keys.is_empty() {
            return path.fail(Fault::Empty { remedy: "write at least one key" });
        }
        for (key, values) in keys {
            clauses.push(clause(operator, key, values, &path)?);
        }
    }
    Ok(clauses)
}

fn clause(operator: Operator, key: &str, values: &Json, path: &Path<'_>) -> Result<Clause, PolicyError> {
    let key_path = Path::Member(path, key);
    let key: ConditionKey = match key.parse() {
        Ok(key) => key,
        Err(reason) => return path.fail(Fault::Key { found: key.to_owned(), reason }),
    };
    if !key.takes(operator.test) {
        let usable = key.operators();
        return key_path.fail(Fault::OperatorForKey { operator: operator.to_string(), usable });
    }
    let texts = texts(values, &key_path)?;
    match Operands::parse(operator.test, &texts) {
        Ok(operands) => Ok(Clause { operator, key, operands }),
        Err((index, reason)) => {
            let fault = Fault::Value { found: texts[index].to_owned(), reason };
            key_path.of_value(values, index).fail(fault)
        }
    }
}

/// Where in the document reading is; written out only for an error.
enum Path<'a> {
    Root,
    Member(&'a Path<'a>, &'a str),
    Item(&'a Path<'a>, usize),
}

impl<'a> Path<'a> {
    fn fail<T>(&self, fault: Fault) -> Result<T, PolicyError> {
        Err(PolicyError::Element { place: self.to_string(), problem: fault.into() })
    }

    /// The path of one value: an item of a list, or the member itself if it is written without one.
    fn of_value(&'a self, values: &Json, index: usize) -> Path<'a> {
        match (values, self) {
            (Json::List(_), _) => Path::Item(self, index),
            (_, Path::Member(parent, name)) => Path::Member(parent, name),
            (_, Path::Item(parent, index)) => Path::Item(parent, *index),
            (_, Path::Root) => Path::Root,
        }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Path::Root => f.write_str("the top level"),
            Path::Member(Path::Root, name) => write!(f, "{}", name.escape_debug()),
            Path::Member(parent, name) => write!(f, "{parent}.{}", name.escape_debug()),
            Path::Item(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}

/// Takes an object apart, refusing a name that appears twice.
fn object<'a>(json: &'a Json, path: &Path<'_>) -> Result<&'a [(String, Json)], PolicyError> {
    let Json::Object(members) = json else {
        return path.fail(Fault::Type { expected: Expected::Object, found: json.kind() });
    };
    let mut names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Path::Member(path, pair[0]).fail(Fault::Twice),
        None => Ok(members),
    }
}

fn member<'a>(members: &'a [(String, Json)], name: &str) -> Option<&'a Json> {
    members.iter().find(|(found, _)| found == name).map(|(_, json)| json)
}

fn required<'a>(
    members: &'a [(String, Json)],
    name: &'static str,
    remedy: &'static str,
    path: &Path<'_>,
) -> Result<&'a Json, PolicyError> {
    match member(members, name) {
        Some(json) => Ok(json),
        None => path.fail(Fault::Missing { name, remedy }),
    }
}

fn text<'a>(json: &'a Json, path: &Path<'_>) -> Result<&'a str, PolicyError> {
    match json {
        Json::Text(text) => Ok(text),
        other => path.fail(Fault::Type { expected: Expected::Text, found: other.kind() }),
    }
}

/// Reads one string or a list of at least one.
fn texts<'a>(json: &'a Json, path: &Path<'_>) -> Result<Vec<&'a str>, PolicyError> {
    match json {
        Json::Text(text) => Ok(vec![text]),
        Json::List(items) if items.is_empty() => {
            path.fail(Fault::Empty { remedy: "write at least one value" })
        }
        Json::List(items) => {
            items.iter().enumerate().map(|(index, item)| text(item, &Path::Item(path, index))).collect()
        }
        other => path.fail(Fault::Type { expected: Expected::Texts, found: other.kind() }),
    }
}

fn parsed_texts<T>(
    json: &Json,
    path: &Path<'_>,
    parse: impl Fn(&str) -> Result<T, Fault>,
) -> Result<Vec<T>, PolicyError> {
    let parse_at = |(index, text)| parse(text).or_else(|fault| path.of_value(json, index).fail(fault));
    texts(json, path)?.into_iter().enumerate().map(parse_at).collect()
}
