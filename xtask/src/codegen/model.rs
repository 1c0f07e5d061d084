//! The model as it is written: one file for each API version. Unknown keys are refused, so that a typing error in the
//! model is not a silently lost rule.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// One API version.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Model {
    pub(crate) product: String,
    pub(crate) version: String,
    pub(crate) title: String,
    pub(crate) ram_prefix: String,
    pub(crate) ignored_parameters: Vec<Ignored>,
    pub(crate) operations: Vec<Operation>,
    pub(crate) errors: Vec<ErrorEntry>,
}

/// A parameter every operation accepts and ignores.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ignored {
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) description: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Operation {
    pub(crate) name: String,
    pub(crate) group: String,
    pub(crate) built: bool,
    pub(crate) summary: String,
    pub(crate) description: String,
    pub(crate) methods: Vec<String>,
    pub(crate) https_only: bool,
    pub(crate) ram: Ram,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) response: Vec<Field>,
    /// Codes beyond those that follow from the parameters.
    pub(crate) errors: Vec<String>,
    /// What changed in which version of Landfall, oldest first.
    pub(crate) history: Vec<Change>,
}

/// What one version of Landfall changed in an operation.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Change {
    pub(crate) version: String,
    pub(crate) change: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ram {
    pub(crate) action: String,
    pub(crate) access: String,
    pub(crate) resources: Vec<Resource>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Resource {
    pub(crate) pattern: String,
    /// `Parameter=value`.
    #[serde(rename = "if")]
    pub(crate) only_if: Option<String>,
}

/// One parameter by its documented name; a list ends in `.N`.
#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) required: bool,
    /// `Sibling=value`.
    pub(crate) required_if: Option<String>,
    pub(crate) together_with: Option<String>,
    pub(crate) default: Option<String>,
    pub(crate) minimum: Option<u64>,
    pub(crate) maximum: Option<u64>,
    pub(crate) min_len: Option<usize>,
    pub(crate) max_len: Option<usize>,
    pub(crate) max_items: Option<u32>,
    #[serde(rename = "enum", default)]
    pub(crate) choices: Vec<String>,
    #[serde(default)]
    pub(crate) case_insensitive: bool,
    /// The name of the generated type of the choices.
    pub(crate) enum_type: Option<String>,
    /// Names of its variants, where the values do not give them.
    pub(crate) variants: Option<Vec<String>>,
    pub(crate) format: Option<String>,
    pub(crate) prefix: Option<String>,
    /// The name of the generated type of an object that several operations share.
    #[serde(rename = "struct")]
    pub(crate) shared: Option<String>,
    pub(crate) missing_code: Option<String>,
    pub(crate) invalid_code: Option<String>,
    pub(crate) exceed_code: Option<String>,
    pub(crate) duplicate_code: Option<String>,
    pub(crate) distinct_by: Option<String>,
    pub(crate) distinct_code: Option<String>,
    pub(crate) unit: Option<String>,
    pub(crate) example: Option<String>,
    #[serde(default)]
    pub(crate) extension: bool,
    pub(crate) description: String,
}

/// One member of a reply.
#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
pub(crate) struct Field {
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    /// The one key of the object around a list.
    pub(crate) item_name: Option<String>,
    pub(crate) item_type: Option<String>,
    #[serde(default)]
    pub(crate) fields: Vec<Field>,
    #[serde(rename = "struct")]
    pub(crate) shared: Option<String>,
    #[serde(default)]
    pub(crate) optional: bool,
    #[serde(default)]
    pub(crate) secret: bool,
    pub(crate) example: Option<String>,
    pub(crate) description: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ErrorEntry {
    pub(crate) code: String,
    pub(crate) status: u16,
    pub(crate) message: String,
    pub(crate) cause: String,
    pub(crate) remedy: String,
}

/// A code that is not an operation's. Its message belongs to whoever answers with it; here is what to do about it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Explained {
    pub(crate) code: String,
    pub(crate) status: u16,
    pub(crate) cause: String,
    pub(crate) remedy: String,
}

/// A code that a replication job shows as its `ErrorCode`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct JobError {
    pub(crate) code: String,
    pub(crate) cause: String,
    pub(crate) remedy: String,
}

/// Reads one model file.
pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> anyhow::Result<T> {
    let text = fs::read_to_string(path).with_context(|| format!("reading the model {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("reading the model {}", path.display()))
}

impl Parameter {
    /// The last segment of the name: `Key` for `Tag.N.Key`, `Tag` for `Tag.N`.
    pub(crate) fn last_name(&self) -> &str {
        let path = self.name.strip_suffix(".N").unwrap_or(&self.name);
        path.rsplit('.').next().unwrap_or(path)
    }

    /// Whether it is a list.
    pub(crate) fn repeated(&self) -> bool {
        self.name.strip_suffix(".N").is_some()
    }

    /// The name in error codes: without dots and `N`.
    pub(crate) fn code_name(&self) -> String {
        self.name.split('.').filter(|segment| *segment != "N").collect()
    }

    /// The name of the parameter it is a member of.
    pub(crate) fn parent(&self) -> Option<&str> {
        let path = self.name.strip_suffix(".N").unwrap_or(&self.name);
        path.rsplit_once('.').map(|(parent, _)| parent)
    }
}

impl Operation {
    /// The parameters that are members of another, or of none.
    pub(crate) fn members<'a>(&'a self, parent: Option<&'a str>) -> impl Iterator<Item = &'a Parameter> {
        self.parameters.iter().filter(move |parameter| parameter.parent() == parent)
    }

    /// Every code it may answer with: those listed, and those that follow from its parameters.
    pub(crate) fn all_errors(&self) -> Vec<String> {
        let mut codes = BTreeSet::new();
        for parameter in &self.parameters {
            let invalid = format!("InvalidParameter.{}", parameter.code_name());
            // Every parameter can be sent twice or in the wrong shape, which has no code of its own.
            codes.insert(parameter.invalid_code.clone().unwrap_or_else(|| invalid.clone()));
            codes.insert(invalid);
            codes.extend(parameter.exceed_code.clone());
            codes.extend(parameter.duplicate_code.clone());
            codes.extend(parameter.distinct_code.clone());
            if parameter.required || parameter.required_if.is_some() || parameter.together_with.is_some() {
                let missing = format!("MissingParameter.{}", parameter.code_name());
                codes.insert(parameter.missing_code.clone().unwrap_or(missing));
            }
        }
        codes.extend(self.errors.iter().cloned());
        codes.into_iter().collect()
    }
}

/// Refuses a model that contradicts itself.
pub(crate) fn check(models: &[Model]) -> anyhow::Result<()> {
    let declared: BTreeSet<&str> = models.iter().flat_map(|m| &m.errors).map(|e| e.code.as_str()).collect();
    let mut names = BTreeSet::new();
    for (model, operation) in models.iter().flat_map(|m| m.operations.iter().map(move |o| (m, o))) {
        let name = &operation.name;
        ensure!(names.insert(name), "operation {name} is declared twice");
        ensure!(
            operation.ram.action == format!("{}{name}", model.ram_prefix),
            "the RAM action of {name} is not {}{name}",
            model.ram_prefix
        );
        ensure!(!operation.history.is_empty(), "operation {name} has no history");
        for parameter in &operation.parameters {
            let path = &parameter.name;
            ensure!(!parameter.description.is_empty(), "parameter {path} of {name} has no description");
            if let Some(parent) = parameter.parent() {
                ensure!(
                    operation.parameters.iter().any(|p| p.name == parent && p.kind == "object"),
                    "parameter {path} of {name} is a member of {parent}, which is not declared as an object"
                );
            }
            ensure!(
                parameter.repeated() == parameter.max_items.is_some(),
                "parameter {path} of {name}: exactly the repeated ones have max_items"
            );
        }
        for code in operation.all_errors() {
            let family = code.split_once('.').map_or("", |(family, _)| family);
            let known = declared.contains(code.as_str())
                || declared.contains(format!("{family}.{{Parameter}}").as_str());
            ensure!(known, "operation {name} answers with {code}, which has no entry under errors");
        }
    }
    Ok(())
}
