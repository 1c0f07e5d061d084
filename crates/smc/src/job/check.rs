//! What looking at an image came to, after it was made: whether it is still what was signed, and whether it starts.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// Characters of a detail at the most; what is longer is cut.
pub const MAX_DETAIL: usize = 500;

/// The outcome of one look at an image. Of each kind the latest counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageCheck {
    /// What was looked at.
    pub kind: CheckKind,
    /// When it was.
    pub at: Timestamp,
    /// Whether it came out well.
    pub passed: bool,
    /// What was found, in words; see [`ImageCheck::new`].
    pub detail: String,
}

/// What of an image is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CheckKind {
    /// All of its content against what was signed.
    Verification,
    /// Whether it comes up in a virtual machine.
    TestBoot,
}

impl ImageCheck {
    /// An outcome whose detail is one line and no longer than [`MAX_DETAIL`]: it comes from what a disk says, too.
    pub fn new(kind: CheckKind, at: Timestamp, passed: bool, detail: &str) -> Self {
        let plain = |c: char| if c.is_control() { ' ' } else { c };
        Self { kind, at, passed, detail: detail.chars().map(plain).take(MAX_DETAIL).collect() }
    }

    /// The contract's word for how it came out.
    pub const fn result(&self) -> &'static str {
        if self.passed { "Passed" } else { "Failed" }
    }
}

impl CheckKind {
    /// The contract's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Verification => "Verification",
            Self::TestBoot => "TestBoot",
        }
    }

    /// Reads the contract's word.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Verification, Self::TestBoot].into_iter().find(|kind| kind.as_str() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::{CheckKind, ImageCheck, MAX_DETAIL};
    use crate::Timestamp;

    #[test]
    fn what_a_disk_says_is_kept_short_and_plain() {
        let said = format!("one\ntwo\u{1b}[2J{}", "x".repeat(MAX_DETAIL));
        let check = ImageCheck::new(CheckKind::TestBoot, Timestamp::from_unix(0), false, &said);
        assert!(check.detail.starts_with("one two [2Jxx"), "{}", check.detail);
        assert_eq!((check.detail.chars().count(), check.result()), (MAX_DETAIL, "Failed"));
    }
}
