//! The words after an operation: parameters (`--Name VALUE` or `--Name=VALUE`) and this program's own options.

use clap::{Args, FromArgMatches};
use smc_model::Operation;

use super::{Options, names};
use crate::failure::Usage;

/// What the words ask for.
pub(super) struct Asked {
    pub(super) parameters: Vec<(String, String)>,
    pub(super) options: Options,
    pub(super) help: bool,
}

/// Reads the words that follow an operation; options given before it stand unless given again.
pub(super) fn read(operation: &Operation, words: &[String], before: &Options) -> Result<Asked, Usage> {
    let mut parameters = Vec::new();
    let mut own = Vec::new();
    let mut help = false;
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        if word == "-h" || word == "--help" {
            help = true;
            continue;
        }
        let Some(option) = word.strip_prefix("--").filter(|option| !option.is_empty()) else {
            return Err(Usage::new(format!(
                "what comes after {} is written --Name VALUE; this is not: {}",
                operation.name,
                word.chars().filter(|character| !character.is_control()).take(16).collect::<String>()
            )));
        };
        let (name, value) = match option.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (option, None),
        };
        let is_parameter = name.starts_with(|first: char| first.is_ascii_uppercase());
        if is_parameter || !is_own(name) {
            names::check_parameter(operation, name)?;
        }
        let value = match value {
            Some(value) => value,
            None => {
                rest.next().cloned().ok_or_else(|| Usage::new(format!("--{name} needs a value after it")))?
            }
        };
        if is_parameter {
            parameters.push((name.to_owned(), value));
        } else {
            own.push(format!("--{name}={value}"));
        }
    }
    Ok(Asked { parameters, options: with(before, own)?, help })
}

fn command() -> clap::Command {
    Options::augment_args(clap::Command::new("landfall api").no_binary_name(true))
}

/// Whether this program has an option of this name.
fn is_own(name: &str) -> bool {
    command().get_arguments().any(|argument| argument.get_long() == Some(name))
}

/// The options before the operation, replaced by those after it.
fn with(before: &Options, after: Vec<String>) -> Result<Options, Usage> {
    let mut options = before.clone();
    if !after.is_empty() {
        let parsed = command()
            .try_get_matches_from(after)
            .and_then(|mut matches| options.update_from_arg_matches_mut(&mut matches));
        // What clap says is a page; its first line tells what is wrong.
        parsed.map_err(|error| {
            let text = error.to_string();
            let line = text.lines().next().unwrap_or_default();
            Usage::new(line.trim_start_matches("error: "))
        })?;
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use clap::FromArgMatches;

    use super::{Options, command, read};
    use crate::api::names::operation;

    fn told(words: &[&str]) -> String {
        let matches = command().try_get_matches_from(["--endpoint", "http://before:1"]).unwrap();
        let before = Options::from_arg_matches(&matches).unwrap();
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        match read(operation("CreateAccessToken").unwrap(), &words, &before) {
            Ok(asked) => {
                let parameters: Vec<String> =
                    asked.parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
                let options = asked.options;
                format!(
                    "{} | {} {:?} help {}",
                    parameters.join(" "),
                    options.connection.endpoint,
                    options.format,
                    asked.help
                )
            }
            Err(usage) => format!("usage: {usage}"),
        }
    }

    #[test]
    fn parameters_and_options_are_told_apart() {
        let cases: [&[&str]; 9] = [
            &[],
            &["--Count", "5", "--Name=wave 1"],
            &["--Count", "-1", "--Description", ""],
            &["--Count", "5", "--format", "xml", "--endpoint=http://after:2"],
            &["--help"],
            &["--Count"],
            &["Count", "5"],
            &["--cuont", "5"],
            &["--format", "yaml"],
        ];
        let told: Vec<String> = cases.iter().map(|words| told(words)).collect();
        insta::assert_snapshot!(told.join("\n"), @r"
         | http://before:1 Json help false
        Count=5 Name=wave 1 | http://before:1 Json help false
        Count=-1 Description= | http://before:1 Json help false
        Count=5 | http://after:2 Xml help false
         | http://before:1 Json help true
        usage: --Count needs a value after it
        usage: what comes after CreateAccessToken is written --Name VALUE; this is not: Count
        usage: CreateAccessToken has no parameter cuont (did you mean --Count?); landfall api CreateAccessToken --help shows them
        usage: invalid value 'yaml' for '--format <FORMAT>'
        ");
    }
}
