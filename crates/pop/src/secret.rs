//! A secret that cannot be printed by accident, and does not outlive its owner in memory.

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Holds an AccessKey secret or a security token; wiped on drop, and deliberately without `Debug`, `Display` and
/// `Serialize`:
///
/// ```compile_fail,E0277
/// println!("{:?}", pop::Secret::new("testsecret"));
/// ```
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes ownership of the text. Copies the caller made before are the caller's to wipe.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// Tells whether `candidate` is the secret, in time that depends on the lengths only.
    pub fn matches(&self, candidate: &str) -> bool {
        self.0.as_bytes().ct_eq(candidate.as_bytes()).into()
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn only_the_same_text_matches() {
        let secret = Secret::new("abc");
        assert!(secret.matches("abc"));
        for other in ["", "ab", "abd", "abcd", "ABC"] {
            assert!(!secret.matches(other), "{other:?}");
        }
    }
}
