//! Where codes and secrets are, and that they are nowhere else.

use std::{fs, path::Path};

use crate::{bench::Bench, machine::import};

#[test]
fn a_code_is_in_the_reply_to_its_creator_only() {
    let bench = Bench::new();
    let code = bench.new_code("1");
    let id = import(&bench, "web-1", &code);
    let mut said = String::new();
    for words in [
        &["token", "list"][..],
        &["token", "list", "--output", "json"],
        &["token", "show", &code.0],
        &["token", "show", &code.0, "--output", "json"],
        &["source", "show", &id, "--output", "json"],
        &["admin", "audit", "--output", "json"],
        // Given where an id belongs.
        &["token", "show", &code.1],
        &["token", "delete", &code.1],
        &["source", "show", &code.1],
        &["token", "create", "--name", "x", &code.1],
        &["agent", "import", "--token-code", &code.1],
    ] {
        let done = bench.run(words);
        said.push_str(&done.stdout);
        said.push_str(&done.stderr);
    }
    assert!(!said.contains(&code.1), "{said}");
    assert!(!said.contains(&bench.secret));
    assert_eq!(files_with(bench.path(), &code.1), Vec::<String>::new());
    assert_eq!(files_with(bench.path(), &bench.secret), Vec::<String>::new());
}

#[test]
fn a_new_code_is_on_standard_output_and_not_beside_it() {
    let bench = Bench::new();
    for output in ["text", "json"] {
        let done = bench.run(&["token", "create", "--output", output]);
        let code = done.stdout.split("LANDFALL_TOKEN_CODE=").nth(1).unwrap().split(' ').next().unwrap();
        assert_eq!(code.len(), 32);
        assert!(!done.stderr.contains(code));
    }
}

#[test]
fn the_highest_log_level_tells_no_secret() {
    let bench = Bench::new();
    let made = bench
        .command(&["token", "create", "--output", "json"])
        .env("LANDFALL_LOG", "trace")
        .output()
        .unwrap();
    let (data, aside) = (String::from_utf8(made.stdout).unwrap(), String::from_utf8(made.stderr).unwrap());
    let reply: serde_json::Value = serde_json::from_str(&data).unwrap();
    assert!(!aside.contains(reply["AccessTokenCode"].as_str().unwrap()) && !aside.contains(&bench.secret));
}

#[test]
fn help_does_not_show_what_the_environment_holds() {
    let bench = Bench::new();
    let help = bench
        .command(&["admin", "--help"])
        .env("LANDFALL_DATABASE_URL", "postgres://mia:hunter2@db/landfall")
        .env("LANDFALL_MASTER_KEY", "c0ffee")
        .output()
        .unwrap();
    let text = String::from_utf8(help.stdout).unwrap();
    assert!(!text.contains("hunter2") && !text.contains("c0ffee"), "{text}");
    let help = bench.run(&["token", "--help"]).stdout;
    assert!(!help.contains(&bench.key_id) && !help.contains(&bench.secret), "{help}");
}

/// The files below a directory that hold a text.
fn files_with(directory: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_with(&path, text));
        } else if fs::read(&path).unwrap().windows(text.len()).any(|window| window == text.as_bytes()) {
            found.push(path.display().to_string());
        }
    }
    found
}
