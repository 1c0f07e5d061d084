//! What the program says of itself: its commands and options, read from its help.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

/// Help pages already read, by the words of the command.
#[derive(Default)]
pub(crate) struct Program {
    known: BTreeMap<Vec<String>, Help>,
}

/// One command's help.
#[derive(Default)]
pub(crate) struct Help {
    pub(crate) commands: BTreeSet<String>,
    /// Options, and whether a value follows.
    pub(crate) options: BTreeMap<String, bool>,
    text: String,
}

impl Program {
    /// The help of a command, such as `["token", "create"]`.
    pub(crate) fn help(&mut self, words: &[String]) -> &Help {
        self.known.entry(words.to_vec()).or_insert_with(|| {
            let output =
                Command::new(env!("CARGO_BIN_EXE_landfall")).args(words).arg("--help").output().unwrap();
            assert!(output.status.success(), "landfall {words:?} --help: {output:?}");
            Help::read(String::from_utf8(output.stdout).unwrap())
        })
    }
}

impl Help {
    fn read(text: String) -> Self {
        let mut help = Self::default();
        let mut section = "";
        for line in text.lines() {
            if !line.starts_with(' ') && line.ends_with(':') {
                section = line;
            }
            let mut words = line.split_whitespace().map(|word| word.trim_end_matches(','));
            if section == "Commands:" && line.starts_with("  ") && !line.starts_with("   ") {
                help.commands.extend(words.next().map(str::to_owned));
            } else if line.trim_start().starts_with('-') {
                let name = words.find(|word| word.starts_with("--"));
                // A value that may be left out is written to the option itself.
                let name = name.and_then(|name| name.split('[').next());
                let valued = words.next().is_some_and(|word| word.starts_with('<'));
                help.options.extend(name.map(|name| (name.to_owned(), valued)));
            }
        }
        help.text = text;
        help
    }

    /// Whether the help speaks of a parameter of an operation.
    pub(crate) fn names_parameter(&self, name: &str) -> bool {
        let letter = |c: char| c.is_ascii_alphanumeric();
        self.text.split(|c: char| !letter(c) && c != '.').any(|word| word == name)
    }
}
