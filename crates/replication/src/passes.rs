//! When it is enough to freeze: the passes of a run as a decision on figures.
//!
//! A pass copies what changed during the one before, so a source that changes more slowly than it can be copied has
//! less to copy in each. Once what is left can be read within the freeze's budget, it is time to freeze; when passes
//! stop getting shorter, more of them will not help, and the source is told why.

use std::time::Duration;

/// The longest that filesystems stay frozen, unless configured otherwise.
pub const DEFAULT_BUDGET: Duration = Duration::from_secs(2);

/// What freezing and thawing cost beside reading, as measured: flushing what is dirty, and the calls themselves.
const OVERHEAD: Duration = Duration::from_millis(50);

/// Passes in a row that may fail to get shorter before a run counts as not converging.
const PATIENCE: u32 = 5;

/// A pass must leave less than this share of what the one before left, to count as shorter.
const SHORTER: f64 = 0.9;

/// What a pass came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pass {
    /// Bytes that changed while it ran, and are to be copied next.
    pub dirty_bytes: u64,
    /// How long it took.
    pub took: Duration,
    /// Bytes a second that dirty blocks were read at, as measured lately.
    pub read_rate: f64,
    /// Bytes a second that a pass gets through, reading and sending.
    pub copy_rate: f64,
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
    /// Bytes a second that the source changes.
    pub dirty_rate: f64,
    /// Bytes a second that are copied.
    pub copy_rate: f64,
}

/// Follows the passes of one run.
#[derive(Clone, Copy, Debug)]
pub struct Planner {
    budget: Duration,
    least_dirty: Option<u64>,
    without_gain: u32,
}

impl Planner {
    /// Begins a run.
    pub const fn new(budget: Duration) -> Self {
        Self { budget, least_dirty: None, without_gain: 0 }
    }

    /// Decides after a pass.
    pub fn after(&mut self, pass: &Pass) -> Next {
        let predicted = predicted_freeze(pass.dirty_bytes, pass.read_rate);
        if predicted <= self.budget {
            return Next::Freeze { predicted };
        }
        let gained = self.least_dirty.is_none_or(|least| as_f64(pass.dirty_bytes) < as_f64(least) * SHORTER);
        if gained {
            self.least_dirty = Some(pass.dirty_bytes);
            self.without_gain = 0;
        } else {
            self.without_gain += 1;
        }
        if self.without_gain < PATIENCE {
            return Next::Again { predicted };
        }
        let seconds = pass.took.as_secs_f64().max(0.001);
        let dirty_rate = as_f64(pass.dirty_bytes) / seconds;
        Next::Stuck(Stuck { predicted, budget: self.budget, dirty_rate, copy_rate: pass.copy_rate })
    }
}

impl std::fmt::Display for Stuck {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "the source changes {:.1} MB/s and is copied at {:.1} MB/s, so that a freeze of {:.1} s would be needed where {:.1} s are allowed; raise the limit of bandwidth, try at a quieter hour, or allow a longer freeze",
            self.dirty_rate / 1e6,
            self.copy_rate / 1e6,
            self.predicted.as_secs_f64(),
            self.budget.as_secs_f64()
        )
    }
}

/// The freeze that reading this many bytes needs; what was never measured takes for ever.
fn predicted_freeze(bytes: u64, rate: f64) -> Duration {
    if bytes == 0 {
        return OVERHEAD;
    }
    let reading = Duration::try_from_secs_f64(as_f64(bytes) / rate).unwrap_or(Duration::MAX);
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

    fn pass(dirty_bytes: u64) -> Pass {
        Pass { dirty_bytes, took: Duration::from_secs(10), read_rate: 1e8, copy_rate: 5e7 }
    }

    #[test]
    fn a_source_that_calms_down_is_frozen() {
        let mut planner = Planner::new(DEFAULT_BUDGET);
        for dirty in [10_000_000_000, 2_000_000_000, 400_000_000] {
            assert!(matches!(planner.after(&pass(dirty)), Next::Again { .. }), "{dirty}");
        }
        let next = planner.after(&pass(100_000_000));
        assert_eq!(next, Next::Freeze { predicted: Duration::from_millis(1050) });
    }

    #[test]
    fn a_source_at_rest_is_frozen_at_once() {
        let next = Planner::new(DEFAULT_BUDGET).after(&Pass { read_rate: 0.0, ..pass(0) });
        assert_eq!(next, Next::Freeze { predicted: Duration::from_millis(50) });
    }

    #[test]
    fn what_does_not_converge_is_said_with_its_reason() {
        let mut planner = Planner::new(DEFAULT_BUDGET);
        let decisions: Vec<Next> = (0..6).map(|_| planner.after(&pass(500_000_000))).collect();
        assert!(decisions[..5].iter().all(|next| matches!(next, Next::Again { .. })));
        let Next::Stuck(stuck) = decisions[5] else { panic!("{:?}", decisions[5]) };
        assert_eq!(
            stuck.to_string(),
            "the source changes 50.0 MB/s and is copied at 50.0 MB/s, so that a freeze of 5.0 s would be needed where 2.0 s are allowed; raise the limit of bandwidth, try at a quieter hour, or allow a longer freeze"
        );
    }

    /// A quiet stretch after a busy one starts the patience anew.
    #[test]
    fn progress_is_given_time() {
        let mut planner = Planner::new(DEFAULT_BUDGET);
        for dirty in [900, 900, 900, 900, 700, 700, 700, 700, 600] {
            assert!(matches!(planner.after(&pass(dirty * 1_000_000)), Next::Again { .. }));
        }
    }

    #[test]
    fn what_was_never_measured_is_not_frozen_for() {
        let mut planner = Planner::new(DEFAULT_BUDGET);
        for rate in [0.0, -1.0, f64::NAN] {
            let next = planner.after(&Pass { read_rate: rate, ..pass(1) });
            assert_eq!(next, Next::Again { predicted: Duration::MAX });
        }
    }
}
