//! Many durations, and what lies in the middle and at the end of them.

use std::time::Duration;

/// Durations in their order.
pub(crate) struct Spread {
    sorted: Vec<Duration>,
}

impl Spread {
    pub(crate) fn of(mut durations: Vec<Duration>) -> Self {
        durations.sort_unstable();
        Self { sorted: durations }
    }

    pub(crate) fn len(&self) -> usize {
        self.sorted.len()
    }

    /// The duration that this percentage of them does not exceed; zero when there are none.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        let at = (self.sorted.len() * percent).div_ceil(100).max(1) - 1;
        self.sorted.get(at).copied().unwrap_or_default()
    }

    pub(crate) fn milliseconds(&self, percent: usize) -> f64 {
        self.percentile(percent).as_secs_f64() * 1_000.0
    }
}

#[cfg(test)]
mod tests {
    use super::Spread;
    use std::time::Duration;

    #[test]
    fn percentiles_are_members() {
        let spread = Spread::of((1..=200).rev().map(Duration::from_millis).collect());
        let taken = [0, 50, 99, 100].map(|percent| spread.percentile(percent).as_millis());
        assert_eq!(taken, [1, 100, 198, 200]);
        assert_eq!(Spread::of(Vec::new()).percentile(99), Duration::ZERO);
        assert!((Spread::of(vec![Duration::from_secs(1)]).milliseconds(1) - 1_000.0).abs() < 1e-9);
    }
}
