//! Which key belongs to which source, remembered so that a heartbeat costs no database read.
//!
//! A fleet of ten thousand reports some 330 times a second. What this center itself changes (a source deleted, an
//! agent with a new key) is forgotten at once; what another center on the same database changes, within
//! [`REMEMBERED`]. Until then a heartbeat of a deleted source is acknowledged and written nowhere.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use smc::{SourceId, source::KeyFingerprint};

/// How long an answer of the database is believed: ten heartbeats.
const REMEMBERED: Duration = Duration::from_mins(5);

/// Agents remembered at the most; more are looked up each time.
const MOST: usize = 100_000;

/// The agents that were heard of lately.
#[derive(Debug, Default)]
pub(crate) struct KnownAgents {
    sources: Mutex<HashMap<KeyFingerprint, (SourceId, Instant)>>,
}

impl KnownAgents {
    /// The source of a key, if that was asked lately.
    pub(crate) fn find(&self, key: &KeyFingerprint) -> Option<SourceId> {
        let sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        let (source, asked) = sources.get(key)?;
        (asked.elapsed() < REMEMBERED).then(|| source.clone())
    }

    /// Remembers what the database answered.
    pub(crate) fn remember(&self, key: KeyFingerprint, source: SourceId) {
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        if sources.len() >= MOST {
            sources.retain(|_, (_, asked)| asked.elapsed() < REMEMBERED);
        }
        if sources.len() < MOST {
            sources.insert(key, (source, Instant::now()));
        }
    }

    /// Forgets everything: something changed that keys belong to.
    pub(crate) fn forget(&self) {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

#[cfg(test)]
mod tests {
    use super::KnownAgents;
    use smc::{SourceId, source::KeyFingerprint};

    #[test]
    fn what_changed_is_not_remembered() {
        let known = KnownAgents::default();
        let (key, source) = (KeyFingerprint::of(b"key"), SourceId::from_random(&[1; 32]));
        assert_eq!(known.find(&key), None);
        known.remember(key.clone(), source.clone());
        assert_eq!(known.find(&key), Some(source));
        known.forget();
        assert_eq!(known.find(&key), None);
    }
}
