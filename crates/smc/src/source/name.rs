//! The name a source gets when its operator gives none: host name and first address.

use std::net::IpAddr;

/// Longest name of the contract, in characters.
const LONGEST: usize = 128;

/// Shortest name of the contract, in characters.
const SHORTEST: usize = 2;

/// Builds a name that the contract's rule allows (2–128 characters, a letter first, then letters, digits,
/// `:`, `_`, `-`) out of a host name and an address; what the rule does not allow becomes `-`.
/// When the name is taken, a `distinguisher` of allowed characters makes another.
pub fn default_name(hostname: &str, address: Option<IpAddr>, distinguisher: Option<&str>) -> String {
    let mut name: String = hostname.chars().map(allowed).collect();
    if !name.starts_with(|first: char| first.is_ascii_alphabetic()) {
        name.insert_str(0, "server-");
    }
    let mut suffix = address.map(|address| format!("_{address}").replace('.', "-")).unwrap_or_default();
    if let Some(distinguisher) = distinguisher {
        suffix.push('_');
        suffix.push_str(distinguisher);
    }
    if name.len() + suffix.len() < SHORTEST {
        name.insert_str(0, "server-");
    }
    name.truncate(LONGEST.saturating_sub(suffix.len()));
    name + &suffix
}

/// Names are ASCII here, so that truncation counts characters.
fn allowed(character: char) -> char {
    if character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | ':') { character } else { '-' }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::default_name;

    proptest! {
        #[test]
        fn any_machine_gets_a_name_that_the_rule_allows(
            hostname in "(?s).{0,300}", v4: bool, address: Option<[u8; 16]>,
            distinguisher in proptest::option::of("[a-z0-9]{1,12}"),
        ) {
            let address = address.map(|bytes| match (v4, bytes.first_chunk::<4>()) {
                (true, Some(short)) => (*short).into(),
                _ => bytes.into(),
            });
            let name = default_name(&hostname, address, distinguisher.as_deref());
            prop_assert!((2..=128).contains(&name.chars().count()), "{name:?}");
            prop_assert!(name.starts_with(|first: char| first.is_ascii_alphabetic()), "{name:?}");
            prop_assert!(!name.starts_with("http://") && !name.starts_with("https://"), "{name:?}");
            let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':');
            prop_assert!(name.chars().all(allowed), "{name:?}");
        }
    }

    #[test]
    fn names_are_made_to_fit_the_rule() {
        let v4 = "10.1.2.3".parse().ok();
        for (hostname, address, distinguisher, expected) in [
            ("web-01.example.org", v4, None, "web-01-example-org_10-1-2-3"),
            ("web", None, Some("k3x9aa"), "web_k3x9aa"),
            ("", None, None, "server-"),
            ("a", None, None, "server-a"),
            ("a", v4, None, "a_10-1-2-3"),
            ("7of9", "fe80::1".parse().ok(), None, "server-7of9_fe80::1"),
            ("<b>x</b>", None, None, "server--b-x--b-"),
            ("主机", None, None, "server---"),
        ] {
            assert_eq!(default_name(hostname, address, distinguisher), expected);
        }
        let long = default_name(&"h".repeat(500), v4, Some("10"));
        assert_eq!(long.len(), 128);
        assert!(long.ends_with("_10-1-2-3_10"));
    }
}
