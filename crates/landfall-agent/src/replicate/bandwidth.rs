//! The limit of bandwidth that all streams of a session share.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use replication::limiter::Limiter;
use tokio::time::Instant;

/// Lets frames through at the job's rate, whichever stream they are of.
#[derive(Debug)]
pub struct Bandwidth {
    limiter: Mutex<Limiter>,
    begun: Instant,
}

impl Default for Bandwidth {
    fn default() -> Self {
        Self { limiter: Mutex::new(Limiter::new(None)), begun: Instant::now() }
    }
}

impl Bandwidth {
    /// Changes the limit from now on; `None` for no limit.
    pub fn set(&self, bytes_per_second: Option<u64>) {
        let now = self.begun.elapsed();
        self.limiter.lock().unwrap_or_else(PoisonError::into_inner).set(bytes_per_second, now);
    }

    /// Lets bytes through, or says how long to wait before asking again.
    pub(super) fn admit(&self, bytes: u64) -> Result<(), Duration> {
        let now = self.begun.elapsed();
        let mut limiter = self.limiter.lock().unwrap_or_else(PoisonError::into_inner);
        let mut attempt = *limiter;
        match attempt.admit(bytes, now) {
            Duration::ZERO => {
                *limiter = attempt;
                Ok(())
            }
            wait => Err(wait),
        }
    }
}
