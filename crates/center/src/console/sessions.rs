//! Who is signed in: sessions in the memory of this center.
//!
//! A session is known by the digest of what its cookie holds, and signs calls with a key pair of its own that never
//! leaves the center. It ends when its holder signs out, half an hour after it was last used, and twelve hours after it
//! began; a center that stops ends all of its sessions.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use ram::{AccessKeyId, AccountId};
use smc::{
    Timestamp,
    ports::{Random, RandomError},
};

use super::hidden::{Digested, Hidden, digest};
use crate::clock::{SystemClock, SystemRandom};

/// How long a session may go unused, in seconds.
pub(super) const IDLE: i64 = 30 * 60;

/// How long a session may last, in seconds.
pub(super) const LONGEST: i64 = 12 * 60 * 60;

/// Sessions at once at the most.
const MOST: usize = 1_000;

/// Sessions of one holder at once at the most.
const MOST_OF_ONE: usize = 20;

/// How ids of the sessions' keys begin, as those of temporary keys do at the official service.
const KEY_PREFIX: &str = "STS.";

/// Whose session it is: who that means is looked up at each call, so that what was taken from them is taken at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Holder {
    /// Whoever holds an AccessKey, while it is active.
    Key(AccessKeyId),
    /// The owner of an account, by a link that the center itself printed.
    Owner(AccountId),
}

/// A session.
pub(super) struct Session {
    /// Whose it is.
    pub(super) holder: Holder,
    /// What requests that change something have to carry.
    pub(super) csrf: Hidden,
    /// Id of the key that it signs with.
    pub(super) key_id: String,
    /// Secret of that key.
    pub(super) key_secret: Hidden,
    /// The token that goes with that key.
    pub(super) security_token: Hidden,
    /// When it ends at the latest.
    pub(super) ends: Timestamp,
    /// When the token ends by the system's clock, which dates signatures.
    pub(super) token_ends: i64,
}

/// The sessions of a center.
#[derive(Default)]
pub(super) struct Sessions {
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    by_cookie: HashMap<Digested, (Arc<Session>, Timestamp)>,
    by_key: HashMap<String, Digested>,
}

impl Sessions {
    /// Begins a session that ends at `until` at the latest; gives it with what its cookie holds.
    pub(super) fn begin(
        &self,
        holder: Holder,
        until: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<(Arc<Session>, Hidden), RandomError> {
        let cookie = Hidden::draw()?;
        let longest = now.plus_seconds(LONGEST);
        let ends = until.map_or(longest, |until| until.min(longest));
        let session = Arc::new(Session {
            holder,
            csrf: Hidden::draw()?,
            key_id: format!("{KEY_PREFIX}{}", hex::encode(SystemRandom.bytes::<10>()?)),
            key_secret: Hidden::draw()?,
            security_token: Hidden::draw()?,
            ends,
            token_ends: SystemClock::unmoved().unix() + ends.unix() - now.unix(),
        });
        let known = digest(cookie.reveal());
        let mut open = self.lock();
        open.make_room(&session.holder, now);
        open.by_key.insert(session.key_id.clone(), known);
        open.by_cookie.insert(known, (session.clone(), now));
        Ok((session, cookie))
    }

    /// Finds the session of a cookie. Unless what asks goes on in the background, the session counts as used.
    pub(super) fn find(&self, cookie: &str, background: bool, now: Timestamp) -> Option<Arc<Session>> {
        let mut open = self.lock();
        let (session, used) = open.by_cookie.get_mut(&digest(cookie))?;
        if over(session, *used, now) {
            let session = session.clone();
            open.remove(&session.key_id);
            return None;
        }
        if !background {
            *used = now.max(*used);
        }
        Some(session.clone())
    }

    /// Finds the session that signs with a key.
    pub(super) fn of_key(&self, key_id: &str, now: Timestamp) -> Option<Arc<Session>> {
        let open = self.lock();
        let (session, used) = open.by_cookie.get(open.by_key.get(key_id)?)?;
        (!over(session, *used, now)).then(|| session.clone())
    }

    /// Ends the session that signs with a key.
    pub(super) fn end(&self, key_id: &str) {
        self.lock().remove(key_id);
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    /// Forgets what is over, then whoever was away longest, first of the holder's own sessions.
    fn make_room(&mut self, holder: &Holder, now: Timestamp) {
        self.retain(|session, used| !over(session, used, now));
        if self.by_cookie.values().filter(|(session, _)| session.holder == *holder).count() >= MOST_OF_ONE {
            self.remove_stalest(|session| session.holder == *holder);
        }
        if self.by_cookie.len() >= MOST {
            self.remove_stalest(|_| true);
        }
    }

    fn remove_stalest(&mut self, among: impl Fn(&Session) -> bool) {
        let among = self.by_cookie.values().filter(|(session, _)| among(session));
        if let Some(key_id) = among.min_by_key(|(_, used)| *used).map(|(session, _)| session.key_id.clone()) {
            self.remove(&key_id);
        }
    }

    fn retain(&mut self, keep: impl Fn(&Session, Timestamp) -> bool) {
        let by_key = &mut self.by_key;
        self.by_cookie.retain(|_, (session, used)| {
            let kept = keep(session, *used);
            if !kept {
                by_key.remove(&session.key_id);
            }
            kept
        });
    }

    fn remove(&mut self, key_id: &str) {
        if let Some(cookie) = self.by_key.remove(key_id) {
            self.by_cookie.remove(&cookie);
        }
    }
}

fn over(session: &Session, used: Timestamp, now: Timestamp) -> bool {
    now >= session.ends || now >= used.plus_seconds(IDLE)
}

#[cfg(test)]
mod tests {
    use super::{Holder, IDLE, LONGEST, MOST_OF_ONE, Sessions};
    use smc::Timestamp;

    const NOW: Timestamp = Timestamp::from_unix(1_000_000);

    fn holder(name: &str) -> Holder {
        Holder::Key(name.parse().unwrap())
    }

    #[test]
    fn a_session_ends_when_it_is_not_used() {
        let sessions = Sessions::default();
        let (_, cookie) = sessions.begin(holder("a"), None, NOW).unwrap();
        let found = |background, seconds| {
            sessions.find(cookie.reveal(), background, NOW.plus_seconds(seconds)).is_some()
        };
        assert!(found(false, IDLE - 1));
        assert!(found(true, 2 * IDLE - 2), "used a moment before the half hour was over");
        assert!(!found(false, 2 * IDLE - 1), "what goes on in the background is no use");
        assert!(!found(false, 0), "and is not found again by a clock set back");
    }

    #[test]
    fn a_session_that_is_used_all_the_time_ends_too() {
        let sessions = Sessions::default();
        let (session, cookie) = sessions.begin(holder("a"), None, NOW).unwrap();
        for step in 1..LONGEST / 60 {
            let now = NOW.plus_seconds(step * 60);
            assert!(sessions.find(cookie.reveal(), false, now).is_some(), "minute {step}");
        }
        assert!(sessions.of_key(&session.key_id, NOW.plus_seconds(LONGEST - 1)).is_some());
        assert!(sessions.of_key(&session.key_id, NOW.plus_seconds(LONGEST)).is_none());
        assert!(sessions.find(cookie.reveal(), false, NOW.plus_seconds(LONGEST)).is_none());
    }

    #[test]
    fn a_session_ends_no_later_than_told() {
        let sessions = Sessions::default();
        let (session, _) = sessions.begin(holder("a"), Some(NOW.plus_seconds(60)), NOW).unwrap();
        assert_eq!(session.ends, NOW.plus_seconds(60));
        let (session, _) = sessions.begin(holder("a"), Some(NOW.plus_seconds(LONGEST * 2)), NOW).unwrap();
        assert_eq!(session.ends, NOW.plus_seconds(LONGEST));
    }

    #[test]
    fn an_ended_session_is_gone_by_cookie_and_by_key() {
        let sessions = Sessions::default();
        let (session, cookie) = sessions.begin(holder("a"), None, NOW).unwrap();
        assert!(sessions.of_key(&session.key_id, NOW).is_some());
        sessions.end(&session.key_id);
        assert!(sessions.of_key(&session.key_id, NOW).is_none());
        assert!(sessions.find(cookie.reveal(), false, NOW).is_none());
        assert!(sessions.find("", false, NOW).is_none());
    }

    #[test]
    fn of_too_many_sessions_of_one_holder_the_stalest_ends() {
        let sessions = Sessions::default();
        let (_, other) = sessions.begin(holder("other"), None, NOW).unwrap();
        let begun: Vec<_> = (1..=i64::try_from(MOST_OF_ONE).unwrap())
            .map(|second| sessions.begin(holder("a"), None, NOW.plus_seconds(second)).unwrap().1)
            .collect();
        let now = NOW.plus_seconds(60);
        assert!(sessions.find(begun[0].reveal(), false, now).is_some());
        sessions.begin(holder("a"), None, now).unwrap();
        assert!(sessions.find(begun[1].reveal(), false, now).is_none());
        for kept in begun.iter().enumerate().filter(|(at, _)| *at != 1).map(|(_, cookie)| cookie) {
            assert!(sessions.find(kept.reveal(), false, now).is_some());
        }
        assert!(sessions.find(other.reveal(), false, now).is_some());
    }
}
