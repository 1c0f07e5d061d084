//! Names of operations and parameters as they are typed, and what was probably meant.

use smc_model::{Kind, Operation, Parameter};

use crate::failure::Usage;

/// How alike two names must be for one to be offered for the other, from 0 to 1.
const ALIKE: f64 = 0.8;

/// How much less alike than the best a name may be and still be offered beside it.
const MARGIN: f64 = 0.06;

/// Parameters that every operation of the public contract takes and ignores; the SDKs offer some of them.
const IGNORED: [&str; 4] = ["RegionId", "OwnerId", "ResourceOwnerAccount", "ResourceOwnerId"];

/// Finds an operation by its exact name, in whichever version has it.
pub(super) fn operation(name: &str) -> Result<&'static Operation, Usage> {
    let all = smc_model::operations();
    if let Some(operation) = all.iter().find(|operation| operation.name == name) {
        return Ok(operation);
    }
    let meant = closest(name, all.iter().map(|operation| operation.name));
    Err(Usage::new(format!(
        "there is no operation {}{}; landfall api --list shows them",
        short(name),
        offer(&meant)
    )))
}

/// Checks that an operation has a parameter of this name, such as `Tag.1.Key`.
pub(super) fn check_parameter(operation: &Operation, name: &str) -> Result<(), Usage> {
    let path = documented(name);
    if operation.parameter(&path).is_some_and(|found| !matches!(found.kind, Kind::Object(_)))
        || IGNORED.contains(&name)
    {
        return Ok(());
    }
    let mut paths = Vec::new();
    leaves(operation.parameters, &mut paths);
    let meant: Vec<String> = closest(&path, paths.iter().copied())
        .iter()
        .map(|path| format!("--{}", path.replace(".N", ".1")))
        .collect();
    let action = operation.name;
    Err(Usage::new(format!(
        "{action} has no parameter {}{}; landfall api {action} --help shows them",
        short(name),
        offer(&meant)
    )))
}

/// The documented form of a name: `N` for each index.
fn documented(name: &str) -> String {
    let index = |segment: &str| !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_digit());
    let segments = name.split('.').map(|segment| if index(segment) { "N" } else { segment });
    segments.collect::<Vec<_>>().join(".")
}

fn leaves(parameters: &'static [Parameter], paths: &mut Vec<&'static str>) {
    for parameter in parameters {
        match parameter.kind {
            Kind::Object(members) => leaves(members, paths),
            _ => paths.push(parameter.path),
        }
    }
}

/// Up to three names that are much like the one typed, best first. Case and dots are where people slip.
fn closest<'a>(typed: &str, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let plain = |name: &str| name.replace(".N", "").replace('.', "").to_ascii_lowercase();
    let typed = plain(&short(typed));
    let mut scored: Vec<_> = names
        .map(|name| (strsim::jaro_winkler(&typed, &plain(name)), name))
        .filter(|(score, _)| *score >= ALIKE)
        .collect();
    scored.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    // The very name in other letters leaves nothing to guess.
    if let Some((_, same)) = scored.first().filter(|(_, name)| plain(name) == typed) {
        return vec![*same];
    }
    let best = scored.first().map_or(1.0, |(score, _)| *score);
    scored.into_iter().take_while(|(score, _)| best - score < MARGIN).take(3).map(|(_, name)| name).collect()
}

fn offer(names: &[impl AsRef<str>]) -> String {
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    if names.is_empty() { String::new() } else { format!(" (did you mean {}?)", names.join(" or ")) }
}

/// A name as it may be repeated: of bearable length, without control characters.
fn short(name: &str) -> String {
    name.chars().filter(|character| !character.is_control()).take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::{check_parameter, operation};

    fn told(action: &str, parameter: &str) -> String {
        let outcome = operation(action).and_then(|operation| check_parameter(operation, parameter));
        outcome.err().map_or_else(|| "accepted".to_owned(), |usage| usage.to_string())
    }

    #[test]
    fn every_declared_name_is_accepted() {
        for declared in smc_model::operations() {
            let mut paths = Vec::new();
            super::leaves(declared.parameters, &mut paths);
            for path in paths {
                assert_eq!(told(declared.name, &path.replace(".N", ".12")), "accepted", "{path}");
            }
        }
        assert_eq!(told("CreateAccessToken", "RegionId"), "accepted");
    }

    #[test]
    fn slips_are_told_with_what_was_probably_meant() {
        let cases = [
            ("createaccesstoken", ""),
            ("CreateAcessToken", ""),
            ("ListTokens", ""),
            ("Frobnicate", ""),
            ("CreateAccessToken", "count"),
            ("CreateAccessToken", "Cuont"),
            ("CreateAccessToken", "Zzz"),
            ("TagResources", "Tag.Key"),
            ("TagResources", "Tag.1"),
            ("TagResources", "ResourceId"),
        ];
        let told: Vec<String> =
            cases.iter().map(|(action, name)| format!("{action} {name}: {}", told(action, name))).collect();
        insta::assert_snapshot!(told.join("\n"), @r"
        createaccesstoken : there is no operation createaccesstoken (did you mean CreateAccessToken?); landfall api --list shows them
        CreateAcessToken : there is no operation CreateAcessToken (did you mean CreateAccessToken or CreateAccessKey?); landfall api --list shows them
        ListTokens : there is no operation ListTokens (did you mean ListAuditEvents or ListAccessTokens or ListPolicies?); landfall api --list shows them
        Frobnicate : there is no operation Frobnicate; landfall api --list shows them
        CreateAccessToken count: CreateAccessToken has no parameter count (did you mean --Count?); landfall api CreateAccessToken --help shows them
        CreateAccessToken Cuont: CreateAccessToken has no parameter Cuont (did you mean --Count?); landfall api CreateAccessToken --help shows them
        CreateAccessToken Zzz: CreateAccessToken has no parameter Zzz; landfall api CreateAccessToken --help shows them
        TagResources Tag.Key: TagResources has no parameter Tag.Key (did you mean --Tag.1.Key?); landfall api TagResources --help shows them
        TagResources Tag.1: TagResources has no parameter Tag.1 (did you mean --Tag.1.Key or --Tag.1.Value?); landfall api TagResources --help shows them
        TagResources ResourceId: TagResources has no parameter ResourceId (did you mean --ResourceId.1?); landfall api TagResources --help shows them
        ");
    }
}
