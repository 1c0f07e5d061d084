//! What is said when a parameter breaks its rule.
//!
//! The code is `InvalidParameter.<Name>` or `MissingParameter.<Name>` unless the contract documents another; `<Name>`
//! is the documented name with dots and indexes taken out, as in the documented `InvalidParameter.TagValue` for
//! `Tag.N.Value`. Messages begin like the gateway's own, which clients compare; they name the parameter as it was
//! sent, the rule, and what was sent, except for ids: a caller may have put the secret code where the id belongs.

use crate::contract::{Operation, Parameter};

/// The longest excerpt of a sent value a message holds, in characters.
const SHOWN: usize = 64;

/// One parameter that breaks its rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Violation {
    /// The HTTP status.
    pub status: u16,
    /// The documented code.
    pub code: String,
    /// The parameter, as sent: `Tag.1.Key`.
    pub parameter: String,
    /// What is wrong, for the caller.
    pub message: String,
}

impl Violation {
    /// A value outside the rule of the parameter.
    pub(crate) fn invalid(parameter: &Parameter, sent_as: &str, rule: &str, value: &str) -> Self {
        Self::broken(
            parameter.invalid_code,
            parameter,
            sent_as,
            &format!("{rule}, but was \"{}\"", shown(value)),
        )
    }

    /// A value outside the rule, which the message must not repeat.
    pub(crate) fn invalid_unshown(parameter: &Parameter, sent_as: &str, rule: &str) -> Self {
        Self::broken(parameter.invalid_code, parameter, sent_as, rule)
    }

    /// A required parameter that is absent or empty.
    pub(crate) fn missing(parameter: &Parameter, sent_as: &str) -> Self {
        Self {
            status: 400,
            code: parameter
                .missing_code
                .map_or_else(|| format!("MissingParameter.{}", parameter.code_name), str::to_owned),
            parameter: sent_as.to_owned(),
            message: format!(
                "The input parameter \"{sent_as}\" that is mandatory for processing this request is not supplied."
            ),
        }
    }

    /// A parameter broken in a way that has, or may have, a code of its own.
    pub(crate) fn broken(code: Option<&str>, parameter: &Parameter, sent_as: &str, reason: &str) -> Self {
        Self {
            status: 400,
            code: code.map_or_else(|| format!("InvalidParameter.{}", parameter.code_name), str::to_owned),
            parameter: shown(sent_as),
            message: format!("Specified parameter {} is not valid: {reason}.", shown(sent_as)),
        }
    }

    /// The table and the generated type disagree: a defect of this build, not of the request.
    pub(crate) fn mismatch(operation: &Operation) -> Self {
        Self {
            status: 500,
            code: "InternalError".to_owned(),
            parameter: String::new(),
            message: format!("The parameters of {} could not be read.", operation.name),
        }
    }
}

/// The value with everything unprintable escaped, cut to at most 64 characters; escapes are not cut apart.
fn shown(value: &str) -> String {
    if value.chars().flat_map(char::escape_debug).nth(SHOWN).is_none() {
        return value.chars().flat_map(char::escape_debug).collect();
    }
    let mut text = String::new();
    // One place is kept for the mark that something was left out.
    let mut room = SHOWN - 1;
    for escaped in value.chars().map(char::escape_debug) {
        let Some(left) = room.checked_sub(escaped.len()) else { break };
        room = left;
        text.extend(escaped);
    }
    text.push('…');
    text
}

#[cfg(test)]
mod tests {
    use super::shown;
    use proptest::prelude::*;

    #[test]
    fn values_are_shown_printable_and_short() {
        for (value, expected) in [
            ("1e2", "1e2".to_owned()),
            ("a\n\"b\\", r#"a\n\"b\\"#.to_owned()),
            ("\u{202e}x\u{0}", "\\u{202e}x\\0".to_owned()),
            ("名字", "名字".to_owned()),
            (&"x".repeat(63), "x".repeat(63)),
            (&"x".repeat(64), "x".repeat(64)),
            (&"x".repeat(65), format!("{}…", "x".repeat(63))),
            (&"\n".repeat(40), format!("{}…", "\\n".repeat(31))),
        ] {
            assert_eq!(shown(value), expected);
        }
    }

    proptest! {
        #[test]
        fn no_value_is_shown_longer_or_unprintable(value in any::<String>()) {
            let text = shown(&value);
            prop_assert!(text.chars().count() <= 64, "{text}");
            prop_assert!(!text.chars().any(char::is_control));
        }
    }
}
