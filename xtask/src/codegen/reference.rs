//! The pages of the book that list operations and error codes.

use std::fmt::Write as _;

use super::NOTICE;
use super::model::{Explained, Field, JobError, Model, Operation, Parameter};
use super::shape::plural;

/// The page of all operations.
pub(crate) fn operations(models: &[Model]) -> String {
    let mut text = format!("<!-- {NOTICE} -->\n\n# Operations\n");
    text.push_str(
        "\nEvery reply also has `RequestId`. Times are UTC, as `2026-11-24T08:00:00Z`. A parameter with an empty value \
         counts as absent; a parameter that is not listed is ignored. Lists are sent as `Name.1`, `Name.2`, …; indexes \
         may leave gaps.\n\n\
         In error codes, a parameter's name is the documented one without dots and `N`: a bad `Tag.N.Key` is answered \
         with `InvalidParameter.TagKey`. Each code is explained in [error codes](errors.md).\n",
    );
    for model in models {
        let _ = write!(text, "\n## {} ({})\n", model.title, model.version);
        for ignored in &model.ignored_parameters {
            let _ = write!(text, "\n`{}` ({}): {}\n", ignored.name, ignored.kind, ignored.description);
        }
        text.push_str("\n| operation | | built |\n|---|---|---|\n");
        for operation in &model.operations {
            let _ = writeln!(
                text,
                "| [{}](#{}) | {} | {} |",
                operation.name,
                operation.name.to_lowercase(),
                operation.summary,
                if operation.built { "yes" } else { "not yet" }
            );
        }
        for operation in &model.operations {
            section(&mut text, model, operation);
        }
    }
    text
}

fn section(text: &mut String, model: &Model, operation: &Operation) {
    let _ = write!(text, "\n### {}\n\n{} {}\n", operation.name, operation.summary, operation.description);
    if !operation.built {
        text.push_str("\nNot built yet: valid parameters are answered with `501 UnsupportedOperation`.\n");
    }
    let resources: Vec<_> = operation
        .ram
        .resources
        .iter()
        .map(|resource| {
            let name = format!("`acs:{}:<region>:<account>:{}`", model.product, resource.pattern);
            match &resource.only_if {
                Some(condition) => format!("{name} if `{condition}`"),
                None => name,
            }
        })
        .collect();
    let _ = write!(
        text,
        "\nAuthorization: `{}` ({}) on {}. Methods: {}.{}\n",
        operation.ram.action,
        operation.ram.access,
        resources.join(", "),
        operation.methods.join(", "),
        if operation.https_only { " The official service takes it over HTTPS only." } else { "" }
    );
    if operation.parameters.is_empty() {
        text.push_str("\nIt has no parameters.\n");
    } else {
        text.push_str("\n| parameter | type | required | default | rule | |\n|---|---|---|---|---|---|\n");
        for parameter in &operation.parameters {
            let _ = writeln!(
                text,
                "| `{}` | {} | {} | {} | {} | {}{} |",
                parameter.name,
                kind(&parameter.kind),
                required(parameter),
                parameter
                    .default
                    .as_deref()
                    .map(|d| if d.is_empty() { "empty".to_owned() } else { code(d) })
                    .unwrap_or_default(),
                rule(parameter),
                cell(&parameter.description),
                if parameter.extension { " An extension of this center." } else { "" }
            );
        }
    }
    if operation.response.is_empty() {
        text.push_str("\nThe reply has `RequestId` only.\n");
    } else {
        text.push_str("\n| reply | type | |\n|---|---|---|\n");
        fields(text, &operation.response, "");
    }
    let codes: Vec<_> = operation.all_errors().iter().map(|error| code(error)).collect();
    let _ = write!(text, "\nErrors: {}.\n", codes.join(", "));
    let changes: Vec<_> =
        operation.history.iter().map(|change| format!("{}: {}", change.version, change.change)).collect();
    let _ = write!(text, "\nHistory: {}\n", changes.join(" "));
}

fn fields(text: &mut String, members: &[Field], prefix: &str) {
    for field in members {
        let name = format!("{prefix}{}", field.name);
        let (name, kind) = match (&field.item_name, &field.item_type) {
            (Some(key), Some(item)) => (format!("{name}.{key}[]"), item.as_str()),
            _ => (name, kind(&field.kind)),
        };
        let may = if field.optional { " May be absent." } else { "" };
        let _ = writeln!(text, "| `{name}` | {kind} | {}{may} |", cell(&field.description));
        fields(text, &field.fields, &format!("{name}."));
    }
}

fn kind(kind: &str) -> &str {
    match kind {
        "numeric_string" => "string (a number)",
        other => other,
    }
}

fn required(parameter: &Parameter) -> String {
    match (&parameter.required_if, &parameter.together_with) {
        _ if parameter.required => "yes".to_owned(),
        (Some(condition), _) => format!("if `{condition}`"),
        (_, Some(name)) => format!("with `{name}`"),
        _ => "no".to_owned(),
    }
}

/// What a value must be, in a few words.
fn rule(parameter: &Parameter) -> String {
    let mut rules = Vec::new();
    if let Some(most) = parameter.max_items {
        rules.push(format!("at most {most}"));
    }
    if !parameter.choices.is_empty() {
        let choices: Vec<_> = parameter.choices.iter().map(|choice| code(choice)).collect();
        let case = if parameter.case_insensitive { ", in any case" } else { "" };
        rules.push(format!("{}{case}", choices.join(", ")));
    } else if let (Some(least), Some(most)) = (parameter.minimum, parameter.maximum) {
        let unit = parameter.unit.as_deref().map(|unit| format!(" {}", plural(unit))).unwrap_or_default();
        rules.push(format!("{least} to {most}{unit}"));
    }
    if let Some(most) = parameter.max_len {
        rules.push(match parameter.min_len.unwrap_or(1) {
            least if least == most => format!("{most} characters"),
            0 | 1 => format!("at most {most} characters"),
            least => format!("{least} to {most} characters"),
        });
    }
    match &parameter.prefix {
        Some(prefix) => rules.push(format!("begins with `{prefix}`")),
        None => rules.extend(parameter.format.as_deref().and_then(spelling).map(str::to_owned)),
    }
    if let Some(member) = &parameter.distinct_by {
        rules.push(format!("each `{member}` once"));
    }
    if parameter.duplicate_code.is_some() {
        rules.push("each once".to_owned());
    }
    rules.join("; ")
}

/// What a named format asks of a text.
fn spelling(format: &str) -> Option<&'static str> {
    Some(match format {
        "name" => "begins with a letter or Chinese character, then also digits, `:` `_` `-`",
        "workgroup_name" => "begins with a letter or Chinese character, then also digits, `:` `.` `_` `-`",
        "description" => "no control characters, not beginning `http://` or `https://`",
        "text" => "no control characters",
        "ascii" => "printable ASCII",
        "json_object" => "a JSON object",
        "utc_time" => "`YYYY-MM-DDThh:mm:ssZ`",
        "tag_key" => "not beginning `aliyun` or `acs:`, without `http://` and `https://`",
        "user_name" => "letters, digits, `.` `-` `_`, not beginning `-`",
        "policy_name" => "letters, digits, `-`",
        "key_id" => "letters, digits, `.` `-` `_`",
        "tag_value" => "without `http://` and `https://`",
        _ => return None,
    })
}

/// Codes a user can meet that no operation answers with.
pub(crate) struct OtherErrors {
    /// Those of the gateway, before an operation is reached.
    pub(crate) gateway: Vec<Explained>,
    /// Those of the agent listener.
    pub(crate) agent: Vec<Explained>,
    /// Those that a job shows.
    pub(crate) job: Vec<JobError>,
}

/// The page of all error codes: those of operations, of the gateway, of the agent listener, of jobs.
pub(crate) fn errors(models: &[Model], others: &OtherErrors) -> String {
    let mut text = format!("<!-- {NOTICE} -->\n\n# Error codes\n");
    text.push_str("\n## From operations\n\nThe message follows the status; braces stand for what differs.\n");
    let mut entries: Vec<_> = models.iter().flat_map(|model| &model.errors).collect();
    entries.sort_by(|a, b| a.code.cmp(&b.code));
    for entry in entries {
        let message = format!(" `{}`", entry.message);
        error(&mut text, &entry.code, entry.status, &message, &entry.cause, &entry.remedy);
        text.push_str(&users(models, &entry.code));
    }
    for (title, about, entries) in [
        (
            "From the gateway",
            "Most are answered before an operation is reached, and change nothing.",
            &others.gateway,
        ),
        ("From importing, and from agents", "What `landfall-agent` is told, and shows.", &others.agent),
    ] {
        let _ = write!(text, "\n## {title}\n\n{about}\n");
        for entry in entries {
            error(&mut text, &entry.code, entry.status, "", &entry.cause, &entry.remedy);
        }
    }
    text.push_str(
        "\n## From replication jobs\n\nWhat a job that is InError shows as its `ErrorCode`; the message is in `StatusInfo`.\n",
    );
    for JobError { code, cause, remedy } in &others.job {
        let _ = write!(text, "\n### {code}\n\n**Cause.** {cause}\n\n**Remedy.** {remedy}\n");
    }
    text
}

fn error(text: &mut String, code: &str, status: u16, message: &str, cause: &str, remedy: &str) {
    let code = code.replace('{', "&lt;").replace('}', "&gt;");
    let _ = write!(
        text,
        "\n### {code}\n\nStatus {status}.{message}\n\n**Cause.** {cause}\n\n**Remedy.** {remedy}\n"
    );
}

/// Which operations answer with a code, unless it is a family or all do.
fn users(models: &[Model], code: &str) -> String {
    let operations = || models.iter().flat_map(|model| &model.operations);
    let users: Vec<_> = operations()
        .filter(|operation| operation.all_errors().iter().any(|error| error == code))
        .map(|operation| operation.name.as_str())
        .collect();
    match users.len() {
        0 => String::new(),
        count if count == operations().count() => "\nEvery operation.\n".to_owned(),
        _ => format!("\nOperations: {}.\n", users.join(", ")),
    }
}

fn code(text: &str) -> String {
    format!("`{text}`")
}

/// Text that cannot end a table cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}
