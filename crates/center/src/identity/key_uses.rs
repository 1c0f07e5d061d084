//! When AccessKeys last signed: gathered in memory, and written at most once a minute for each key.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use ram::AccessKeyId;
use smc::Timestamp;

use super::{Identities, IdentityError};

/// How exact the moment is, in seconds: a busy key costs one small write in this time.
const EXACT_TO: i64 = 60;

/// Which keys signed since their use was last written.
#[derive(Debug, Default)]
pub struct KeyUses {
    keys: Mutex<HashMap<String, Use>>,
}

#[derive(Debug)]
struct Use {
    last: i64,
    written: Option<i64>,
}

impl KeyUses {
    /// Notes that a key signed. Only verified requests come here, so there are no more keys than exist.
    pub fn note(&self, id: &str, now: i64) {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        match keys.get_mut(id) {
            Some(known) => known.last = known.last.max(now),
            None => {
                keys.insert(id.to_owned(), Use { last: now, written: None });
            }
        }
    }

    /// Takes the uses that are worth writing.
    pub fn take(&self) -> Vec<(String, Timestamp)> {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let due = keys.iter_mut().filter(|(_, key)| key.written.is_none_or(|at| key.last >= at + EXACT_TO));
        due.map(|(id, key)| {
            key.written = Some(key.last);
            (id.clone(), Timestamp::from_unix(key.last))
        })
        .collect()
    }
}

impl Identities {
    /// Writes when keys were last used.
    pub async fn note_uses(&self, uses: Vec<(String, Timestamp)>) -> Result<(), IdentityError> {
        let uses: Vec<(AccessKeyId, Timestamp)> =
            uses.into_iter().filter_map(|(id, at)| Some((id.parse().ok()?, at))).collect();
        if uses.is_empty() {
            return Ok(());
        }
        let work = move |tx: &mut store::Transaction<'_>| {
            uses.iter().try_for_each(|(id, at)| tx.note_key_used(id, *at))
        };
        Ok(self.database.write(work).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::KeyUses;

    #[test]
    fn a_busy_key_is_written_once_a_minute() {
        let uses = KeyUses::default();
        let mut written = 0;
        for second in 0..300 {
            uses.note("LTAI1", second);
            written += uses.take().len();
        }
        assert_eq!(written, 5);
        assert!(uses.take().is_empty());
    }
}
