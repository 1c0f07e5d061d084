//! How far a moment is from now, in one unit, rounded down.

use smc::Timestamp;

/// `in 29 days`, `3 h ago`, `now`.
pub(super) fn hint(now: Timestamp, at: Timestamp) -> String {
    let seconds = at.unix().saturating_sub(now.unix());
    let distance = seconds.unsigned_abs();
    let text = match distance {
        0 => return "now".to_owned(),
        1..60 => format!("{distance} s"),
        60..3_600 => format!("{} min", distance / 60),
        3_600..172_800 => format!("{} h", distance / 3_600),
        _ => format!("{} days", distance / 86_400),
    };
    if seconds > 0 { format!("in {text}") } else { format!("{text} ago") }
}

#[cfg(test)]
mod tests {
    use smc::Timestamp;

    use super::hint;

    #[test]
    fn distances_are_told_in_the_unit_that_fits() {
        let now = Timestamp::from_unix(1_000_000_000);
        for (seconds, expected) in [
            (0, "now"),
            (1, "in 1 s"),
            (-59, "59 s ago"),
            (60, "in 1 min"),
            (-3_599, "59 min ago"),
            (3_600, "in 1 h"),
            (-172_799, "47 h ago"),
            (30 * 86_400, "in 30 days"),
            (-30 * 86_400 - 1, "30 days ago"),
        ] {
            assert_eq!(hint(now, now.plus_seconds(seconds)), expected);
        }
        assert!(!hint(Timestamp::from_unix(i64::MIN), Timestamp::from_unix(i64::MAX)).is_empty());
    }
}
