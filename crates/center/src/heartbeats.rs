//! Heartbeats, gathered in memory and written together.
//!
//! A fleet of ten thousand agents reports some 330 times a second; each report alone would be a durable write.
//! What is lost with the process is at most the last two seconds of them, and a source counts as
//! offline only after ninety.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use smc::{SourceId, ports::Heartbeat};

/// How often gathered heartbeats are written.
pub(crate) const WRITE_EVERY: Duration = Duration::from_secs(2);

/// The latest heartbeat of each source that was heard of since they were last written.
#[derive(Debug, Default)]
pub(crate) struct Heartbeats {
    gathered: Mutex<HashMap<SourceId, Heartbeat>>,
}

impl Heartbeats {
    /// Notes a heartbeat; of several from one source, the latest counts.
    pub(crate) fn note(&self, heartbeat: Heartbeat) {
        self.lock().insert(heartbeat.source.clone(), heartbeat);
    }

    /// Takes what was gathered.
    pub(crate) fn take(&self) -> Vec<Heartbeat> {
        std::mem::take(&mut *self.lock()).into_values().collect()
    }

    /// Puts back what could not be written, unless something newer came meanwhile.
    pub(crate) fn put_back(&self, heartbeats: Vec<Heartbeat>) {
        let mut gathered = self.lock();
        for heartbeat in heartbeats {
            gathered.entry(heartbeat.source.clone()).or_insert(heartbeat);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<SourceId, Heartbeat>> {
        self.gathered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::Heartbeats;
    use smc::{SourceId, Timestamp, ports::Heartbeat};

    fn heartbeat(at: i64) -> Heartbeat {
        Heartbeat {
            source: SourceId::from_random(&[1; 32]),
            at: Timestamp::from_unix(at),
            address: String::new(),
            agent_version: String::new(),
            fault: None,
        }
    }

    #[test]
    fn the_latest_heartbeat_of_a_source_is_the_one_written() {
        let heartbeats = Heartbeats::default();
        heartbeats.note(heartbeat(1));
        heartbeats.note(heartbeat(2));
        let taken = heartbeats.take();
        assert_eq!(taken, [heartbeat(2)]);
        assert!(heartbeats.take().is_empty());
        heartbeats.note(heartbeat(3));
        heartbeats.put_back(taken);
        assert_eq!(heartbeats.take(), [heartbeat(3)]);
    }
}
