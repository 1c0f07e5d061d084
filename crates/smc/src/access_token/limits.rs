//! The limits of a code as types: once built, never checked again.
//!
//! Ranges are those of `CreateAccessToken` (Count 1–1000, TimeToLiveInDays 1–90).

use std::fmt;

/// A value outside its documented range.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} must be {from} to {to}")]
pub struct OutOfRange {
    /// What was out of range.
    pub what: &'static str,
    /// The least allowed value.
    pub from: u32,
    /// The greatest allowed value.
    pub to: u32,
}

macro_rules! bounded {
    ($(#[$doc:meta])* $name:ident, $what:literal, $from:literal ..= $to:literal, $get:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub struct $name(u32);

        impl $name {
            /// Takes a value inside the documented range.
            pub const fn new(value: u32) -> Result<Self, OutOfRange> {
                if value >= $from && value <= $to {
                    Ok(Self(value))
                } else {
                    Err(OutOfRange { what: $what, from: $from, to: $to })
                }
            }

            /// The plain number.
            pub const fn $get(self) -> u32 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

bounded!(
    /// How many servers one code may import: 1 to 1000.
    UseLimit, "the number of uses", 1..=1000, get
);
bounded!(
    /// How long a code may be used: 1 to 90 days of 24 hours.
    TimeToLive, "the time to live in days", 1..=90, days
);

/// Free text beside a code or a source: at most 256 characters, no control characters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Description(String);

impl Description {
    /// Takes a text of at most 256 characters without control characters; empty means none.
    pub fn new(text: &str) -> Option<Self> {
        let fits = text.chars().count() <= 256 && !text.chars().any(char::is_control);
        fits.then(|| Self(text.to_owned()))
    }

    /// The plain text.
    pub fn into_string(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::{Description, TimeToLive, UseLimit};

    #[test]
    fn ranges_hold_at_both_ends() {
        for (value, uses, days) in [
            (0, false, false),
            (1, true, true),
            (90, true, true),
            (91, true, false),
            (1000, true, false),
            (1001, false, false),
        ] {
            assert_eq!(
                (UseLimit::new(value).is_ok(), TimeToLive::new(value).is_ok()),
                (uses, days),
                "{value}"
            );
        }
    }

    #[test]
    fn descriptions_are_counted_in_characters() {
        assert!(Description::new(&"码".repeat(256)).is_some());
        assert!(Description::new(&"x".repeat(257)).is_none());
        assert!(Description::new("two\nlines").is_none());
    }
}
