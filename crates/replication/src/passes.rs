//! When it is enough to freeze: the passes of a run as a decision on figures.
//!
//! A pass copies what changed since the one before, so a source that changes more slowly than it can be copied has less
//! to copy in each. What a freeze finds is what changes while the last pass runs. Passes go on for as long as they make
//! that less, since everyone on the source waits for a freeze and nobody for a pass; when they stop getting shorter and a
//! freeze would still not fit its budget, the source is told why.

use std::time::Duration;

/// The longest that filesystems stay frozen, unless configured otherwise.
pub const DEFAULT_BUDGET: Duration = Duration::from_secs(2);

/// What freezing and thawing cost beside writing out and reading, as measured.
const OVERHEAD: Duration = Duration::from_millis(50);

/// A freeze so short that another pass is not worth making it shorter.
const SHORT: Duration = Duration::from_millis(100);

/// Passes in a row that may fail to get shorter before a run counts as not converging.
const PATIENCE: u32 = 5;

/// A pass must leave less than this share of what the one before left, to count as shorter.
const SHORTER: f64 = 0.9;

/// What a pass came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pass {
    /// Bytes that it copied.
    pub dirty_bytes: u64,
    /// In what time these had changed.
    pub over: Duration,
    /// How long it took to copy them.
    pub took: Duration,
    /// Bytes a second that a freeze gets through: it has them written out, then reads them.
    pub freeze_rate: f64,
}

/// What to do after a pass.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Next {
    /// Copy what changed.
    Again {
        /// The freeze that would be needed now.
        predicted: Duration,
    },
    /// Freeze; it should take this long.
    Freeze {
        /// The freeze expected.
        predicted: Duration,
    },
    /// The source changes about as fast as it is copied.
    Stuck(Stuck),
}

/// Why more passes will not help.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stuck {
    /// The freeze that would be needed.
    pub predicted: Duration,
    /// The freeze allowed.
    pub budget: Duration,
    /// Bytes that would be left for the freeze.
    pub left_bytes: f64,
    /// Bytes that a freeze has room for.
    pub room_bytes: u64,
    /// Bytes a second that the source changes.
    pub dirty_rate: f64,
    /// Bytes a second that are copied.
    pub copy_rate: f64,
}

/// Follows the passes of one run.
#[derive(Clone, Copy, Debug)]
pub struct Planner {
    budget: Duration,
    room_bytes: u64,
    least_left: Option<f64>,
    without_gain: u32,
}

impl Planner {
    /// Begins a run whose freeze has this budget and room for so many bytes.
    pub const fn new(budget: Duration, room_bytes: u64) -> Self {
        Self { budget, room_bytes, least_left: None, without_gain: 0 }
    }

    /// Decides after a pass.
    pub fn after(&mut self, pass: &Pass) -> Next {
        let dirty_rate = as_f64(pass.dirty_bytes) / pass.over.as_secs_f64().max(0.001);
        let left = dirty_rate * pass.took.as_secs_f64();
        let predicted = predicted_freeze(left, pass.freeze_rate);
        let gained = self.least_left.is_none_or(|least| left < least * SHORTER);
        if gained {
            self.least_left = Some(left);
            self.without_gain = 0;
        } else {
            self.without_gain += 1;
        }
        let fits = predicted <= self.budget && left <= as_f64(self.room_bytes);
        if fits && (predicted <= SHORT || !gained) {
            return Next::Freeze { predicted };
        }
        if self.without_gain < PATIENCE {
            return Next::Again { predicted };
        }
        let copy_rate = as_f64(pass.dirty_bytes) / pass.took.as_secs_f64().max(0.001);
        let (budget, room_bytes) = (self.budget, self.room_bytes);
        Next::Stuck(Stuck { predicted, budget, left_bytes: left, room_bytes, dirty_rate, copy_rate })
    }
}

impl std::fmt::Display for Stuck {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (changes, copied) = (self.dirty_rate / 1e6, self.copy_rate / 1e6);
        write!(
            formatter,
            "the source changes {changes:.1} MB/s and is copied at {copied:.1} MB/s, so that "
        )?;
        if self.predicted > self.budget {
            let (needed, allowed) = (self.predicted.as_secs_f64(), self.budget.as_secs_f64());
            write!(
                formatter,
                "a freeze of {needed:.1} s would be needed where {allowed:.1} s are allowed; \
                 raise the limit of bandwidth, try at a quieter hour, or allow a longer freeze"
            )
        } else {
            let (left, room) = (self.left_bytes / 1e6, as_f64(self.room_bytes) / 1e6);
            write!(
                formatter,
                "{left:.1} MB would be left for a freeze, which has room for {room:.1} MB; \
                 raise the limit of bandwidth, or try at a quieter hour"
            )
        }
    }
}

/// The freeze that this many bytes need; what was never measured takes for ever.
fn predicted_freeze(bytes: f64, rate: f64) -> Duration {
    if bytes < 1.0 {
        return OVERHEAD;
    }
    let reading = Duration::try_from_secs_f64(bytes / rate).unwrap_or(Duration::MAX);
    reading.saturating_add(OVERHEAD)
}

#[expect(clippy::cast_precision_loss, reason = "figures for a decision, exact to 52 bits")]
fn as_f64(bytes: u64) -> f64 {
    bytes as f64
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{DEFAULT_BUDGET, Next, Pass, Planner};

    const ROOM: u64 = 300_000_000;

    /// A pass during which as much changes as it copies.
    fn pass(dirty_bytes: u64) -> Pass {
        let time = Duration::from_secs(10);
        Pass { dirty_bytes, over: time, took: time, freeze_rate: 1e8 }
    }

    #[test]
    fn a_source_that_calms_down_is_frozen() {
        let mut planner = Planner::new(DEFAULT_BUDGET, ROOM);
        for dirty in [10_000_000_000, 2_000_000_000, 400_000_000, 100_000_000, 20_000_000] {
            assert!(matches!(planner.after(&pass(dirty)), Next::Again { .. }), "{dirty}");
        }
        let next = planner.after(&pass(5_000_000));
        assert_eq!(next, Next::Freeze { predicted: Duration::from_millis(100) });
    }

    #[test]
    fn passes_that_get_no_shorter_end_in_the_freeze_that_fits() {
        let mut planner = Planner::new(DEFAULT_BUDGET, ROOM);
        assert!(matches!(planner.after(&pass(100_000_000)), Next::Again { .. }));
        let next = planner.after(&pass(95_000_000));
        assert_eq!(next, Next::Freeze { predicted: Duration::from_secs(1) });
        // What has no room is another pass's work, whatever the budget.
        let mut planner = Planner::new(DEFAULT_BUDGET, 1_000_000);
        for _ in 0..3 {
            assert!(matches!(planner.after(&pass(95_000_000)), Next::Again { .. }));
        }
    }

    /// A short pass over what changed in a long time says that little changes while it runs.
    #[test]
    fn what_changes_during_a_pass_counts_and_not_what_it_copies() {
        let long_ago = Pass { over: Duration::from_secs(1000), ..pass(400_000_000) };
        let next = Planner::new(DEFAULT_BUDGET, ROOM).after(&long_ago);
        assert_eq!(next, Next::Freeze { predicted: Duration::from_millis(90) });
    }

    #[test]
    fn a_source_at_rest_is_frozen_at_once() {
        let next = Planner::new(DEFAULT_BUDGET, ROOM).after(&Pass { freeze_rate: 0.0, ..pass(0) });
        assert_eq!(next, Next::Freeze { predicted: Duration::from_millis(50) });
    }

    #[test]
    fn what_does_not_converge_is_said_with_its_reason() {
        let mut planner = Planner::new(DEFAULT_BUDGET, ROOM);
        let decisions: Vec<Next> = (0..6).map(|_| planner.after(&pass(500_000_000))).collect();
        assert!(decisions[..5].iter().all(|next| matches!(next, Next::Again { .. })));
        let Next::Stuck(stuck) = decisions[5] else { panic!("{:?}", decisions[5]) };
        assert_eq!(
            stuck.to_string(),
            "the source changes 50.0 MB/s and is copied at 50.0 MB/s, so that a freeze of 5.0 s would be needed where 2.0 s are allowed; raise the limit of bandwidth, try at a quieter hour, or allow a longer freeze"
        );
    }

    #[test]
    fn room_that_is_missing_is_not_blamed_on_the_budget() {
        let mut planner = Planner::new(Duration::from_mins(1), 1_000_000);
        let last = (0..6).map(|_| planner.after(&pass(95_000_000))).last();
        let Some(Next::Stuck(stuck)) = last else { panic!("{last:?}") };
        assert_eq!(
            stuck.to_string(),
            "the source changes 9.5 MB/s and is copied at 9.5 MB/s, so that 95.0 MB would be left for a freeze, which has room for 1.0 MB; raise the limit of bandwidth, or try at a quieter hour"
        );
    }

    /// A quiet stretch after a busy one starts the patience anew.
    #[test]
    fn progress_is_given_time() {
        let mut planner = Planner::new(DEFAULT_BUDGET, ROOM);
        for dirty in [900, 900, 900, 900, 700, 700, 700, 700, 600] {
            assert!(matches!(planner.after(&pass(dirty * 1_000_000)), Next::Again { .. }));
        }
    }

    #[test]
    fn what_was_never_measured_is_not_frozen_for() {
        let mut planner = Planner::new(DEFAULT_BUDGET, ROOM);
        for rate in [0.0, -1.0, f64::NAN] {
            let next = planner.after(&Pass { freeze_rate: rate, ..pass(1) });
            assert_eq!(next, Next::Again { predicted: Duration::MAX });
        }
    }
}
