//! Where the activation code comes from: a file, standard input, a prompt, or the environment. Never an
//! argument: arguments are shown to every user of the machine by `ps` and kept by the shell's history.

use std::{
    ffi::{OsStr, OsString},
    fs::File,
    io::{self, IsTerminal, Read, Write},
    os::unix::fs::PermissionsExt,
    path::Path,
};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use smc::access_token::{AccessTokenCode, MalformedCode};
use zeroize::Zeroizing;

/// The variable that may hold the code.
pub(crate) const VARIABLE: &str = "LANDFALL_TOKEN_CODE";

/// Bytes of a file or line that are looked at; a code has 32.
const LARGEST: u64 = 4096;

/// Why there is no code.
#[derive(Debug, thiserror::Error)]
pub enum NoCode {
    /// It was given as an argument.
    #[error(
        "an activation code is never an argument: every user of this machine can read arguments, and the shell keeps them; put it into a file (--token-code-file FILE), pipe it (--token-code-file -), or set {VARIABLE}. If the code just given was real, disable it and create another"
    )]
    Argument,
    /// It was given nowhere.
    #[error(
        "no activation code: put it into a file (--token-code-file FILE), pipe it (--token-code-file -), or set {VARIABLE}"
    )]
    Nowhere,
    /// The file, terminal or pipe cannot be read.
    #[error("reading the activation code from {from}: {source}")]
    Unreadable {
        /// Where it should be.
        from: String,
        /// What the system says.
        source: io::Error,
    },
    /// The user gave up at the prompt.
    #[error("no activation code was typed")]
    Abandoned,
    /// What is there is no code.
    #[error("the activation code from {from} is wrong: {why}")]
    Malformed {
        /// Where it was.
        from: String,
        /// What is wrong with it.
        why: MalformedCode,
    },
}

/// Refuses arguments that are, or carry, a code.
pub(crate) fn refuse_in(arguments: &[OsString]) -> Result<(), NoCode> {
    let reveals = |argument: &OsString| {
        let argument = argument.to_string_lossy();
        let value = argument.split_once('=').map_or(&*argument, |(_, value)| value);
        argument == "--token-code"
            || argument.starts_with("--token-code=")
            || AccessTokenCode::parse(value).is_ok()
    };
    if arguments.iter().any(reveals) { Err(NoCode::Argument) } else { Ok(()) }
}

/// Hides whatever looks like a code in a text about the arguments.
pub(crate) fn hidden(text: &str) -> String {
    let (mut shown, mut rest) = (String::with_capacity(text.len()), text);
    while !rest.is_empty() {
        let word = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        shown.push_str(if word == 32 { "[hidden]" } else { &rest[..word] });
        let other = rest[word..].find(|c: char| c.is_ascii_alphanumeric()).unwrap_or(rest.len() - word);
        shown.push_str(&rest[word..word + other]);
        rest = &rest[word + other..];
    }
    shown
}

/// Reads the code from where the operator says (`-` is standard input), else from the variable, else asks for
/// it if there is somebody to ask. Its checksum is verified before anything is sent anywhere.
pub(crate) fn obtain(
    file: Option<&Path>,
    variable: Option<Zeroizing<String>>,
) -> Result<AccessTokenCode, NoCode> {
    let (from, text) = match (file, variable) {
        (Some(path), _) if path.as_os_str() == OsStr::new("-") => from_stdin()?,
        (Some(path), _) => (path.display().to_string(), from_file(path)?),
        (None, Some(value)) => (VARIABLE.to_owned(), value),
        (None, None) if io::stdin().is_terminal() => from_stdin()?,
        (None, None) => return Err(NoCode::Nowhere),
    };
    AccessTokenCode::parse(&text).map_err(|why| NoCode::Malformed { from, why })
}

/// Takes the variable's value, if it is set to anything.
pub(crate) fn from_environment() -> Option<Zeroizing<String>> {
    let value = std::env::var(VARIABLE).ok().map(Zeroizing::new);
    value.filter(|value| !value.trim().is_empty())
}

fn from_file(path: &Path) -> Result<Zeroizing<String>, NoCode> {
    let file = File::open(path).map_err(|source| unreadable(&path.display().to_string(), source))?;
    if file.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o044 != 0)
    {
        tracing::warn!(
            "the file {} with the activation code can be read by other users; run: chmod 600 {0}",
            path.display()
        );
    }
    bounded(file, &path.display().to_string())
}

fn from_stdin() -> Result<(String, Zeroizing<String>), NoCode> {
    let from = "standard input".to_owned();
    let text = if io::stdin().is_terminal() { prompt(&from)? } else { bounded(io::stdin().lock(), &from)? };
    Ok((from, text))
}

fn bounded(source: impl Read, from: &str) -> Result<Zeroizing<String>, NoCode> {
    // All the room at once: growing would leave copies behind.
    let mut text = Zeroizing::new(String::with_capacity(8192));
    source.take(LARGEST).read_to_string(&mut text).map_err(|source| unreadable(from, source))?;
    Ok(text)
}

/// Asks on the terminal without showing what is typed. Keys are read one by one, Ctrl-C among them, so that
/// the terminal is put back into order whatever happens.
fn prompt(from: &str) -> Result<Zeroizing<String>, NoCode> {
    const INTERRUPT: u8 = 3;
    const END: u8 = 4;
    let _quiet = Quiet::make().map_err(|source| unreadable(from, source))?;
    let _ = io::stderr().write_all(b"Activation code (not shown): ");
    let mut typed = Zeroizing::new(String::with_capacity(8192));
    for key in io::stdin().lock().bytes().take(8192) {
        match key.map_err(|source| unreadable(from, source))? {
            b'\n' | b'\r' => return Ok(typed),
            INTERRUPT | END => return Err(NoCode::Abandoned),
            8 | 127 => drop(typed.pop()),
            key => typed.push(char::from(key)),
        }
    }
    Ok(typed)
}

/// A terminal that shows nothing and interprets nothing until this is dropped.
struct Quiet(Termios);

impl Quiet {
    fn make() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
        tcsetattr(io::stdin(), OptionalActions::Now, &quiet)?;
        Ok(Self(before))
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
        let _ = io::stderr().write_all(b"\n");
    }
}

fn unreadable(from: &str, source: io::Error) -> NoCode {
    NoCode::Unreadable { from: from.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use smc::access_token::{AccessTokenCode, code::CODE_ENTROPY};
    use zeroize::Zeroizing;

    use super::{NoCode, hidden, obtain, refuse_in};

    fn code() -> String {
        AccessTokenCode::from_random(&[7; CODE_ENTROPY]).reveal().to_owned()
    }

    #[test]
    fn arguments_never_carry_a_code() {
        for argument in [
            code(),
            format!("--token-code={}", code()),
            format!("--tokencode={}", code()),
            "--token-code".to_owned(),
            "--token-code=".to_owned(),
        ] {
            assert!(matches!(refuse_in(&["import".into(), argument.into()]), Err(NoCode::Argument)));
        }
        let fine =
            ["--token-code-file", "-", "--token-code-file=x", "--name", "abcdefghijklmnopqrstuvwxyz123456"];
        assert!(refuse_in(&fine.map(Into::into)).is_ok());
    }

    #[test]
    fn what_looks_like_a_code_is_hidden() {
        let code = code();
        for (text, expected) in [
            (format!("unexpected argument '{code}' found"), "unexpected argument '[hidden]' found"),
            (code.clone(), "[hidden]"),
            (format!("é{code}…{code}"), "é[hidden]…[hidden]"),
            ("plain, words".to_owned(), "plain, words"),
            (String::new(), ""),
        ] {
            assert_eq!(hidden(&text), expected);
        }
    }

    #[test]
    fn a_file_wins_over_the_variable_and_both_are_checked_offline() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("code");
        std::fs::write(&file, format!("{}\n", code())).unwrap();
        let variable = |text: &str| Some(Zeroizing::new(text.to_owned()));
        assert_eq!(obtain(Some(&file), variable("junk")).ok().unwrap().reveal(), code());
        assert_eq!(obtain(None, variable(&code())).ok().unwrap().reveal(), code());
        let mut typo = code();
        typo.replace_range(3..4, if &typo[3..4] == "x" { "y" } else { "x" });
        let refusal = obtain(None, variable(&typo)).err().unwrap();
        insta::assert_snapshot!(refusal, @"the activation code from LANDFALL_TOKEN_CODE is wrong: the activation code's checksum does not fit: a character is wrong or missing; copy it again");
        assert!(!refusal.to_string().contains(&typo));
        std::fs::write(&file, [0xff; 40]).unwrap();
        assert!(matches!(obtain(Some(&file), None), Err(NoCode::Unreadable { .. })));
        let missing = directory.path().join("none");
        assert!(matches!(obtain(Some(&missing), variable(&code())), Err(NoCode::Unreadable { .. })));
    }
}
