//! The name a source gets when its operator gives none: host name and first address.

use std::net::IpAddr;

/// Longest name of the contract, in characters.
const LONGEST: usize = 128;

/// Builds a name that the contract's rule allows (2–128 characters, a letter first, then letters, digits,
/// `:`, `_`, `-`) out of a host name and an address; what the rule does not allow becomes `-`.
/// `attempt` counts from 0; later ones end in a number, for when the name is taken.
pub fn default_name(hostname: &str, address: Option<IpAddr>, attempt: u32) -> String {
    let mut name: String = hostname.chars().map(allowed).collect();
    if !name.starts_with(|first: char| first.is_ascii_alphabetic()) {
        name.insert_str(0, "server-");
    }
    let mut suffix = address.map(|address| format!("_{address}").replace('.', "-")).unwrap_or_default();
    if attempt > 0 {
        suffix.push_str(&format!("_{}", attempt + 1));
    }
    name.truncate(LONGEST - suffix.len());
    name + &suffix
}

/// Names are ASCII here, so that truncation counts characters.
fn allowed(character: char) -> char {
    if character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | ':') { character } else { '-' }
}

#[cfg(test)]
mod tests {
    use super::default_name;

    #[test]
    fn names_are_made_to_fit_the_rule() {
        let v4 = "10.1.2.3".parse().ok();
        for (hostname, address, attempt, expected) in [
            ("web-01.example.org", v4, 0, "web-01-example-org_10-1-2-3"),
            ("web", None, 2, "web_3"),
            ("", None, 0, "server-"),
            ("7of9", "fe80::1".parse().ok(), 0, "server-7of9_fe80::1"),
            ("<b>x</b>", None, 0, "server--b-x--b-"),
            ("主机", None, 0, "server---"),
        ] {
            assert_eq!(default_name(hostname, address, attempt), expected);
        }
        let long = default_name(&"h".repeat(500), v4, 9);
        assert_eq!(long.len(), 128);
        assert!(long.ends_with("_10-1-2-3_10"));
    }
}
