//! The system's clock and randomness: the only place that asks for either.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

use smc::{
    Timestamp,
    ports::{Clock, Random, RandomError},
};

/// The system's clock, moved by an offset that is zero except in the emulator.
#[derive(Debug, Default)]
pub struct SystemClock {
    offset_seconds: AtomicI64,
}

impl SystemClock {
    /// Moves the clock; later readings keep running from there.
    pub fn advance(&self, seconds: i64) {
        let moved = |offset: i64| Some(offset.saturating_add(seconds));
        let _ = self.offset_seconds.fetch_update(Ordering::SeqCst, Ordering::SeqCst, moved);
    }

    /// Sets the clock to a moment; later readings keep running from there.
    pub fn set(&self, to: Timestamp) {
        self.offset_seconds.store(to.unix().saturating_sub(system_seconds()), Ordering::SeqCst);
    }

    /// Reads the system's own clock, whatever the emulator's says: signatures are dated by clients, whose clocks
    /// nobody moved.
    pub fn unmoved() -> Timestamp {
        Timestamp::from_unix(system_seconds())
    }

    /// Lets the clock follow the system again.
    pub fn reset(&self) {
        self.offset_seconds.store(0, Ordering::SeqCst);
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix(system_seconds().saturating_add(self.offset_seconds.load(Ordering::SeqCst)))
    }
}

/// A clock before 1970 reads as 1970.
#[expect(clippy::disallowed_methods, reason = "this is the clock that everything else is given")]
fn system_seconds() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// The system's source of randomness.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), RandomError> {
        getrandom::fill(buffer).map_err(|error| RandomError(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::SystemClock;
    use smc::{Timestamp, ports::Clock};

    #[test]
    fn the_clock_can_be_moved_and_put_back() {
        let clock = SystemClock::default();
        let moment = Timestamp::parse("2030-01-01T00:00:00Z").unwrap();
        clock.set(moment);
        assert!((0..5).contains(&(clock.now().unix() - moment.unix())));
        clock.advance(86_400);
        assert!((86_400..86_405).contains(&(clock.now().unix() - moment.unix())));
        assert!(SystemClock::unmoved() < moment);
        clock.reset();
        assert!(clock.now() < moment);
    }
}
