//! The one time format of both schemes, `2026-01-02T03:04:05Z`, and how far a client's clock may be off.

use time::{Date, Month, Time};

use crate::ApiError;

/// How far a time stamp may lie from the server's clock, in seconds, either way and inclusive.
pub(crate) const WINDOW: i64 = 15 * 60;

/// Checks that `text` is well formed, within [`WINDOW`] of `now`, and not before `since` (unix seconds).
///
/// A clock that was set back past `since` makes every honest request earlier than that, so the bound waits until the
/// clock gets there again.
pub(crate) fn check(text: &str, now: i64, since: Option<i64>) -> Result<(), ApiError> {
    let claimed = parse(text).ok_or_else(ApiError::timestamp_format)?;
    if claimed.abs_diff(now) > WINDOW.unsigned_abs() {
        return Err(ApiError::timestamp_expired());
    }
    match since {
        Some(since) if claimed < since && since <= now => Err(ApiError::signed_before_start()),
        _ => Ok(()),
    }
}

/// Writes unix seconds in the wire's form; `None` outside the years 0 to 9999.
pub(crate) fn format(unix: i64) -> Option<String> {
    let at = time::OffsetDateTime::from_unix_timestamp(unix).ok()?;
    let (year, month, day) = at.to_calendar_date();
    let (hour, minute, second) = at.to_hms();
    (0..=9999)
        .contains(&year)
        .then(|| format!("{year:04}-{:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z", u8::from(month)))
}

/// Reads exactly `yyyy-MM-ddTHH:mm:ssZ`. Fractions of a second, offsets and lower case are refused, as upstream does.
fn parse(text: &str) -> Option<i64> {
    let bytes: &[u8; 20] = text.as_bytes().try_into().ok()?;
    let separators = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'Z')];
    if separators.iter().any(|&(at, separator)| bytes[at] != separator) {
        return None;
    }
    let year = i32::from(two(bytes, 0)?) * 100 + i32::from(two(bytes, 2)?);
    let month = Month::try_from(two(bytes, 5)?).ok()?;
    let date = Date::from_calendar_date(year, month, two(bytes, 8)?).ok()?;
    let time = Time::from_hms(two(bytes, 11)?, two(bytes, 14)?, two(bytes, 17)?).ok()?;
    Some(date.with_time(time).assume_utc().unix_timestamp())
}

fn two(bytes: &[u8; 20], at: usize) -> Option<u8> {
    let digit = |byte: u8| byte.is_ascii_digit().then(|| byte - b'0');
    Some(digit(bytes[at])? * 10 + digit(bytes[at + 1])?)
}

#[cfg(test)]
mod tests {
    use super::{check, format, parse};

    const NOW: i64 = 1_767_323_045;

    #[test]
    fn window_is_fifteen_minutes_both_ways_inclusive() {
        for (offset, accepted) in [(0, true), (900, true), (-900, true), (901, false), (-901, false)] {
            let text = format(NOW + offset).expect("a year of four digits");
            assert_eq!(check(&text, NOW, None).is_ok(), accepted, "{offset}");
        }
    }

    #[test]
    fn nothing_signed_before_the_start_is_accepted_unless_the_clock_went_back() {
        let start = NOW - 100;
        for (offset, now, accepted) in [
            (-100, NOW, true),
            (-101, NOW, false),
            (900, NOW, true),
            (-101, start, false),
            (-101, start - 1, true),
            (-500, start + 100_000, false),
        ] {
            let text = format(NOW + offset).expect("a year of four digits");
            assert_eq!(check(&text, now, Some(start)).is_ok(), accepted, "{offset} at {now}");
        }
    }

    #[test]
    fn only_the_documented_form_is_read() {
        assert_eq!(parse("2026-01-02T03:04:05Z"), Some(NOW));
        assert_eq!(parse("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(parse("2024-02-29T23:59:59Z"), Some(1_709_251_199));
        for bad in [
            "",
            "2026-01-02T03:04:05.123Z",
            "2026-01-02T03:04:05",
            "2026-01-02t03:04:05z",
            "2026-01-02 03:04:05Z",
            "2026-01-02T03:04:60Z",
            "2026-13-02T03:04:05Z",
            "2025-02-29T00:00:00Z",
            "2026-01-02T03:04:05+00:00",
            "+026-01-02T03:04:05Z",
            "２026-01-02T03:04Z",
            "Fri, 02 Jan 2026 03:04:05 GMT",
            "1767323045",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_clock_at_the_end_of_time_does_not_overflow() {
        assert!(check("2026-01-02T03:04:05Z", i64::MAX, None).is_err());
        assert!(check("2026-01-02T03:04:05Z", i64::MIN, None).is_err());
        assert_eq!(format(i64::MAX), None);
    }
}
