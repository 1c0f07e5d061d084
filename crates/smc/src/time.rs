//! Points in time as SMC writes them: UTC, whole seconds, `2026-01-31T08:00:00Z`.

use std::fmt;

use serde::{Deserialize, Serialize};
use time::{OffsetDateTime, format_description::BorrowedFormatItem, macros::format_description};

const FORMAT: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");

/// Seconds in a day of the contract; `TimeToLiveInDays` counts these, not calendar days.
const DAY: i64 = 86_400;

/// A moment, in whole seconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// Takes whole seconds since the epoch.
    pub const fn from_unix(seconds: i64) -> Self {
        Self(seconds)
    }

    /// Gives whole seconds since the epoch.
    pub const fn unix(self) -> i64 {
        self.0
    }

    /// Reads `YYYY-MM-DDThh:mm:ssZ`; any other form is `None`.
    pub fn parse(text: &str) -> Option<Self> {
        let moment = time::PrimitiveDateTime::parse(text, FORMAT).ok()?;
        Some(Self(moment.assume_utc().unix_timestamp()))
    }

    /// The moment a number of 24-hour days later; saturates at the end of time.
    #[must_use]
    pub const fn plus_days(self, days: u32) -> Self {
        Self(self.0.saturating_add(days as i64 * DAY))
    }

    /// The moment a number of seconds later; saturates at the end of time.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds))
    }
}

impl fmt::Display for Timestamp {
    /// Writes `YYYY-MM-DDThh:mm:ssZ`; a moment outside years 0 to 9999 is written as its second count.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = OffsetDateTime::from_unix_timestamp(self.0).ok().and_then(|at| at.format(FORMAT).ok());
        match text {
            Some(text) => f.write_str(&text),
            None => write!(f, "@{}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Timestamp;

    #[test]
    fn the_text_form_is_the_contracts_and_nothing_else() {
        let moment = Timestamp::parse("2022-09-09T02:35:44Z").unwrap();
        assert_eq!(moment.to_string(), "2022-09-09T02:35:44Z");
        assert_eq!(moment.plus_days(30).to_string(), "2022-10-09T02:35:44Z");
        for text in [
            "2022-09-09T02:35:44",
            "2022-09-09T02:35:44.5Z",
            "2022-9-9T02:35:44Z",
            "2022-13-09T02:35:44Z",
            "",
        ] {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
    }

    #[test]
    fn far_ends_do_not_panic() {
        for seconds in [i64::MIN, i64::MAX] {
            let moment = Timestamp::from_unix(seconds);
            assert!(!moment.plus_days(90).to_string().is_empty());
        }
    }
}
