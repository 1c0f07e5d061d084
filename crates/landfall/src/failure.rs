//! How a command that did not do its work says so: one line that says what failed, why, and what to do, and an exit
//! code. What a center refused gets the request's id and the remedy on lines of their own.

use std::{fmt::Write as _, io};

use crate::client::CallError;

/// The command line is wrong: exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Usage(String);

impl Usage {
    /// States what is wrong and what to write instead.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

/// What is written to standard error about a failure; nothing if the reader is gone.
pub(crate) fn told(error: &anyhow::Error) -> String {
    if reader_is_gone(error) {
        return String::new();
    }
    let mut text = format!("landfall: {}\n", harmless(&chain(error)));
    if let Some(CallError::Refused(refused)) = error.downcast_ref() {
        let mut line = |name: &str, value: &str| {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "  {name}: {}", harmless(value));
        };
        if let Some(denied) = &refused.denied {
            line("denied", denied);
        }
        if let Some(remedy) = refused.remedy() {
            line("what to do", remedy);
        }
        line("request id", &refused.request_id);
    }
    text
}

/// 2 for wrong usage, 0 if the reader is gone, 1 for everything else.
pub(crate) fn exit_code(error: &anyhow::Error) -> u8 {
    match error {
        _ if error.downcast_ref::<Usage>().is_some() => 2,
        _ if matches!(error.downcast_ref(), Some(CallError::Endpoint(_))) => 2,
        _ if reader_is_gone(error) => 0,
        _ => 1,
    }
}

fn reader_is_gone(error: &anyhow::Error) -> bool {
    let broken = |cause: &(dyn std::error::Error + 'static)| {
        cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    };
    // A pipe to a center can break too, and that is worth a word.
    error.downcast_ref::<CallError>().is_none() && error.chain().any(broken)
}

/// What failed and why, in one line. Many errors tell their cause themselves; it is not told twice.
fn chain(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if !text.contains(&cause) {
            text.push_str(if text.is_empty() { "" } else { ": " });
            text.push_str(&cause);
        }
    }
    text
}

/// Without the control characters that a text from elsewhere may hold.
fn harmless(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::{Usage, exit_code, told};
    use crate::client::{CallError, Refused};

    fn refused() -> anyhow::Error {
        CallError::Refused(Box::new(Refused {
            action: "DeleteAccessToken".to_owned(),
            status: 404,
            code: "InvalidAccessTokenId.NotFound".to_owned(),
            message: "The specified AccessTokenId at-x\u{1b}[2J does not exist".to_owned(),
            request_id: "0A1B".to_owned(),
            denied: None,
        }))
        .into()
    }

    #[test]
    fn failures_are_told_with_what_to_do() {
        insta::assert_snapshot!(told(&refused()), @r"
        landfall: DeleteAccessToken was refused (404 InvalidAccessTokenId.NotFound): The specified AccessTokenId at-x [2J does not exist
          what to do: List the codes and use an id from there.
          request id: 0A1B
        ");
        let usage = Usage::new("--Count needs a value after it").into();
        assert_eq!(told(&usage), "landfall: --Count needs a value after it\n");
    }

    #[test]
    fn a_cause_is_told_once() {
        let inner = || io::Error::other("the disk is gone");
        assert_eq!(
            told(&anyhow::Error::new(inner()).context("reading x: the disk is gone")),
            "landfall: reading x: the disk is gone\n"
        );
        assert_eq!(
            told(&anyhow::Error::new(inner()).context("reading x")),
            "landfall: reading x: the disk is gone\n"
        );
    }

    #[test]
    fn exit_codes_tell_usage_from_failure_and_a_gone_reader_from_both() {
        let gone = || anyhow::Error::from(io::Error::from(io::ErrorKind::BrokenPipe)).context("announcing");
        assert_eq!(exit_code(&Usage::new("x").into()), 2);
        assert_eq!(exit_code(&refused()), 1);
        assert_eq!((exit_code(&gone()), told(&gone())), (0, String::new()));
    }
}
