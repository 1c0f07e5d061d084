//! Every `landfall` and `landfall-agent` command that the pages show can be typed: commands and options exist.

use crate::{
    pages::{self, Piece, code_spans},
    program::Program,
};

#[test]
fn commands_and_options_exist() {
    let mut program = Program::default();
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for page in pages::all() {
        for piece in page.pieces() {
            let shown: Vec<String> = match piece {
                Piece::Command(line) => vec![line],
                Piece::Line(line) => {
                    let spans = code_spans(&line).into_iter();
                    spans.filter(|span| span.starts_with("landfall")).map(str::to_owned).collect()
                }
            };
            for command in shown.iter().flat_map(|line| commands_in(line)) {
                seen += 1;
                if let Err(reason) = check(&mut program, &command) {
                    wrong.push(format!("{}: {}: {reason}", page.name(), command.join(" ")));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(seen > 100, "the pages show more commands than {seen}");
}

#[test]
fn what_cannot_be_typed_is_seen() {
    let cases = [
        ("landfall token create --count 5 --name=x", Ok(())),
        ("landfall job create s-1 --checksum=false --bandwidth 5", Ok(())),
        ("LANDFALL_LOG=info landfall serve --dev > out # starts", Ok(())),
        ("curl x | LANDFALL_TOKEN_CODE=y sh -s -- --token-id at-1 --name z", Ok(())),
        ("landfall api CreateAccessToken --Count 5 --endpoint x", Ok(())),
        ("landfall admin --account lab user list", Ok(())),
        ("landfall tokn list", Err("no command tokn")),
        ("landfall token create --cont 5", Err("no option --cont")),
        ("landfall-agent import --token-code x", Err("no option --token-code")),
        ("curl x | sh -s -- --nmae z", Err("no option --nmae")),
        ("landfall api CreateAccessToken --Cuont 5", Err("no parameter Cuont")),
        ("ls && landfall token list --json", Err("no option --json")),
    ];
    let mut program = Program::default();
    for (line, expected) in cases {
        let commands = commands_in(line);
        assert_eq!(commands.len(), 1, "{line}");
        assert_eq!(check(&mut program, &commands[0]), expected.map_err(str::to_owned), "{line}");
    }
}

/// The commands of this repository's programs in a shell line, as words of `landfall`: `landfall-agent` is `agent`.
fn commands_in(line: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for words in shell_words(line).split(|word| matches!(word.as_str(), "|" | "&&" | ";" | "(" | ")")) {
        let assigns = |word: &&String| word.split_once('=').is_some_and(|(name, _)| !name.starts_with('-'));
        let words: Vec<String> = words.iter().skip_while(assigns).cloned().collect();
        let starts = |with: &[&str]| words.len() >= with.len() && words.iter().zip(with).all(|(a, b)| a == b);
        let (prefix, skipped): (&[&str], usize) = if starts(&["landfall"]) {
            (&[], 1)
        } else if starts(&["landfall-agent"]) {
            (&["agent"], 1)
        } else if starts(&["sh", "-s", "--"]) {
            (&["agent", "import"], 3)
        } else if starts(&["cargo", "run", "--release", "--"]) {
            (&[], 4)
        } else {
            continue;
        };
        let rest = words[skipped..].iter().take_while(|word| !word.starts_with('>')).cloned();
        found.push(prefix.iter().map(|word| (*word).to_owned()).chain(rest).collect());
    }
    found
}

fn check(program: &mut Program, words: &[String]) -> Result<(), String> {
    let mut path: Vec<String> = Vec::new();
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        if let Some(option) = word.strip_prefix("--").filter(|option| !option.is_empty()) {
            let name = option.split('=').next().unwrap_or_default();
            if path.len() == 2 && path[0] == "api" && name.starts_with(|c: char| c.is_ascii_uppercase()) {
                if !program.help(&path).names_parameter(name) {
                    return Err(format!("no parameter {name}"));
                }
                rest.next();
                continue;
            }
            let known = program.help(if path[..].first().is_some_and(|first| first == "api") {
                &path[..1]
            } else {
                &path
            });
            match known.options.get(&format!("--{name}")) {
                None => return Err(format!("no option --{name}")),
                Some(true) if !option.contains('=') => drop(rest.next()),
                Some(_) => {}
            }
        } else if program.help(&path).commands.contains(word) || path == ["api"] {
            if is_placeholder(word) {
                return Ok(());
            }
            path.push(word.clone());
        } else if !program.help(&path).commands.is_empty() {
            return if is_placeholder(word) { Ok(()) } else { Err(format!("no command {word}")) };
        }
    }
    Ok(())
}

/// Stands for whatever the reader puts there.
fn is_placeholder(word: &str) -> bool {
    word == "…" || word.chars().all(|c| c.is_ascii_uppercase())
}

/// Words of a shell line: quotes are taken off, operators are words of their own, comments are dropped.
fn shell_words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    let mut end = |word: &mut String| {
        if !word.is_empty() {
            words.push(std::mem::take(word));
        }
    };
    for c in line.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None, '#') if word.is_empty() => break,
            (None, c) if c.is_whitespace() => end(&mut word),
            (None, '|' | ';' | '(' | ')') => {
                end(&mut word);
                end(&mut c.to_string());
            }
            (_, c) => word.push(c),
        }
    }
    end(&mut word);
    words
}
