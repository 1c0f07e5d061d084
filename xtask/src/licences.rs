//! `cargo xtask licences`: every crate's licence is on the list of deny.toml, and every crate comes from
//! the public registry. Works offline; `cargo deny check` does the same and more where it is installed.

use std::{collections::BTreeSet, fs, path::Path};

use anyhow::{Context, bail};
use serde::Deserialize;

use crate::shell::{command, output};

#[derive(Deserialize)]
struct Deny {
    licenses: Licenses,
}

#[derive(Deserialize)]
struct Licenses {
    allow: Vec<String>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
    source: Option<String>,
}

const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Checks all crates of the lock file.
pub(crate) fn check(root: &Path) -> anyhow::Result<()> {
    let text = fs::read_to_string(root.join("deny.toml")).context("reading deny.toml")?;
    let deny: Deny = toml::from_str(&text).context("understanding deny.toml")?;
    let metadata = output(&mut command(root, "cargo", &["metadata", "--format-version", "1", "--locked"]))?;
    let metadata: Metadata = serde_json::from_str(&metadata).context("understanding cargo metadata")?;
    let mut wrong = BTreeSet::new();
    for package in &metadata.packages {
        let Some(source) = &package.source else { continue };
        if source != REGISTRY {
            wrong.insert(format!("{} {} comes from {source}", package.name, package.version));
        }
        let licence = package.license.as_deref().unwrap_or_default();
        if !allowed(licence, &deny.licenses.allow) {
            wrong.insert(format!("{} {} is licensed {licence:?}", package.name, package.version));
        }
    }
    if !wrong.is_empty() {
        let list = wrong.into_iter().collect::<Vec<_>>().join("\n  ");
        bail!("crates that deny.toml does not allow:\n  {list}");
    }
    println!(
        "{} crates, all of them from the registry and with a licence on the list",
        metadata.packages.len()
    );
    Ok(())
}

/// Evaluates an SPDX expression: OR needs one side, AND both; the old form `A/B` means OR.
fn allowed(expression: &str, list: &[String]) -> bool {
    let expression = expression.trim();
    let inner = expression.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
    if let Some(inner) = inner.filter(|inner| balanced(inner)) {
        return allowed(inner, list);
    }
    for (operator, any) in [(" OR ", true), ("/", true), (" AND ", false)] {
        let parts = split(expression, operator);
        if parts.len() > 1 {
            let mut each = parts.into_iter().map(|part| allowed(part, list));
            return if any { each.any(|allowed| allowed) } else { each.all(|allowed| allowed) };
        }
    }
    list.iter().any(|licence| licence == expression)
}

/// Splits at an operator outside of parentheses.
fn split<'a>(expression: &'a str, operator: &str) -> Vec<&'a str> {
    let mut parts = Vec::new();
    let mut start = 0;
    for (at, _) in expression.match_indices(operator) {
        if at >= start && balanced(&expression[start..at]) {
            parts.push(&expression[start..at]);
            start = at + operator.len();
        }
    }
    parts.push(&expression[start..]);
    parts
}

fn balanced(text: &str) -> bool {
    let mut depth = 0_i32;
    for character in text.chars() {
        depth += i32::from(character == '(') - i32::from(character == ')');
        if depth < 0 {
            return false;
        }
    }
    depth == 0
}

#[cfg(test)]
mod tests {
    use super::allowed;

    #[test]
    fn expressions_are_evaluated() {
        let list = ["MIT", "Apache-2.0", "Unicode-3.0"].map(str::to_owned);
        for (expression, expected) in [
            ("MIT", true),
            ("GPL-3.0", false),
            ("GPL-3.0 OR MIT", true),
            ("MIT/GPL-3.0", true),
            ("MIT AND GPL-3.0", false),
            ("(MIT OR Apache-2.0) AND Unicode-3.0", true),
            ("(MIT OR Apache-2.0) AND GPL-3.0", false),
            ("(GPL-2.0 OR GPL-3.0) AND (MIT)", false),
            ("", false),
        ] {
            assert_eq!(allowed(expression, &list), expected, "{expression}");
        }
    }
}
