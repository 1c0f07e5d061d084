//! When a job may start by itself, and when it may expire.

use super::Error;
use crate::Timestamp;

/// Days ahead that a start may be planned.
const DAYS_SCHEDULED: u32 = 30;
/// Days from its creation that a job lives at the least, by default, and at the most.
const DAYS_VALID: [u32; 3] = [7, 30, 90];

/// Checks when a job is to start by itself: it is to come, within 30 days, while the job is valid.
pub(super) fn check_schedule(
    scheduled: Option<Timestamp>,
    now: Timestamp,
    valid_until: Timestamp,
) -> Result<(), Error> {
    let Some(at) = scheduled else { return Ok(()) };
    let latest = now.plus_days(DAYS_SCHEDULED);
    let problem = if at <= now {
        format!("it is past: the center's time is {now}")
    } else if at > latest {
        format!("it is more than {DAYS_SCHEDULED} days ahead; the latest is {latest}")
    } else if at >= valid_until {
        format!("the job expires before, at {valid_until}; give a later ValidTime")
    } else {
        return Ok(());
    };
    Err(Error::Meaning {
        code: "InvalidParameter.ScheduledStartTime",
        message: format!("the ScheduledStartTime {at} cannot be: {problem}"),
    })
}

/// When a job expires: as asked, 7 to 90 days after its creation, else 30 days after it.
pub(super) fn valid_until(
    asked: Option<Timestamp>,
    created: Timestamp,
    now: Timestamp,
) -> Result<Timestamp, Error> {
    let [least, default, most] = DAYS_VALID.map(|days| created.plus_days(days));
    match asked {
        None => Ok(default),
        Some(at) if at >= least && at <= most && at > now => Ok(at),
        Some(at) => Err(Error::Meaning {
            code: "InvalidParameter.ValidTime",
            message: format!("the ValidTime {at} cannot be: it must be to come, from {least} to {most}"),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_within_their_bounds() {
        let (day, now) = (86_400, Timestamp::from_unix(1_000_000_000));
        let at = |days: i64| now.plus_seconds(days * day);
        assert_eq!(valid_until(None, now, now).unwrap(), at(30));
        for (asked, of_age, fits) in
            [(7, 0, true), (90, 0, true), (6, 0, false), (91, 0, false), (20, 20, false), (21, 20, true)]
        {
            assert_eq!(valid_until(Some(at(asked)), now, at(of_age)).is_ok(), fits, "{asked} {of_age}");
        }
        for (asked, fits) in [(1, true), (30, true), (0, false), (31, false), (-1, false)] {
            assert_eq!(check_schedule(Some(at(asked)), now, at(40)).is_ok(), fits, "{asked}");
        }
        assert!(check_schedule(Some(at(8)), now, at(8)).is_err(), "it would expire when it starts");
        assert!(check_schedule(None, now, at(8)).is_ok());
    }
}
