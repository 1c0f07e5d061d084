//! Links that sign in once: who opens one within half an hour is whom it was made for.
//!
//! Only the digest of what a link holds is kept. It is spent by the first attempt, whatever comes of that.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use smc::{Timestamp, ports::RandomError};

use super::{
    hidden::{Digested, Hidden, digest},
    sessions::Holder,
};

/// How long a link signs in, in seconds.
pub(crate) const LIVES: i64 = 30 * 60;

/// Links that are out at once at the most.
const MOST: usize = 1_000;

/// Links of one holder that are out at once at the most.
const MOST_OF_ONE: usize = 20;

/// A link that is out.
#[derive(Clone)]
pub(super) struct Link {
    /// Whom it signs in.
    pub(super) holder: Holder,
    /// When the session has to end that it begins; `None` leaves that to the session.
    pub(super) until: Option<Timestamp>,
    made: Timestamp,
}

/// The links that are out.
#[derive(Default)]
pub(super) struct Links {
    out: Mutex<HashMap<Digested, Link>>,
}

impl Links {
    /// Makes a link; gives what it holds.
    pub(super) fn make(
        &self,
        holder: Holder,
        until: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Hidden, RandomError> {
        let token = Hidden::draw()?;
        let mut out = self.lock();
        out.retain(|_, link| link.good(now));
        if out.values().filter(|link| link.holder == holder).count() >= MOST_OF_ONE {
            remove_oldest(&mut out, |link| link.holder == holder);
        }
        if out.len() >= MOST {
            remove_oldest(&mut out, |_| true);
        }
        out.insert(digest(token.reveal()), Link { holder, until, made: now });
        Ok(token)
    }

    /// Spends a link.
    pub(super) fn spend(&self, token: &str, now: Timestamp) -> Option<Link> {
        self.lock().remove(&digest(token)).filter(|link| link.good(now))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Digested, Link>> {
        self.out.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Link {
    fn good(&self, now: Timestamp) -> bool {
        now < self.made.plus_seconds(LIVES) && self.until.is_none_or(|until| now < until)
    }
}

fn remove_oldest(out: &mut HashMap<Digested, Link>, among: impl Fn(&Link) -> bool) {
    let oldest = out.iter().filter(|(_, link)| among(link)).min_by_key(|(_, link)| link.made);
    if let Some(digest) = oldest.map(|(digest, _)| *digest) {
        out.remove(&digest);
    }
}

#[cfg(test)]
mod tests {
    use super::{LIVES, Links, MOST_OF_ONE};
    use crate::console::sessions::Holder;
    use smc::Timestamp;

    const NOW: Timestamp = Timestamp::from_unix(1_000_000);

    fn holder() -> Holder {
        Holder::Key("a".parse().unwrap())
    }

    #[test]
    fn a_link_is_good_once_and_for_half_an_hour() {
        let links = Links::default();
        let make = || links.make(holder(), None, NOW).unwrap();
        let link = make();
        assert!(links.spend(link.reveal(), NOW.plus_seconds(LIVES - 1)).is_some());
        assert!(links.spend(link.reveal(), NOW).is_none(), "spent");
        let link = make();
        assert!(links.spend(link.reveal(), NOW.plus_seconds(LIVES)).is_none());
        assert!(links.spend(link.reveal(), NOW).is_none(), "an attempt after its time spends it too");
        assert!(links.spend("", NOW).is_none());
    }

    #[test]
    fn a_link_does_not_outlive_what_it_was_made_by() {
        let links = Links::default();
        let link = links.make(holder(), Some(NOW.plus_seconds(5)), NOW).unwrap();
        assert!(links.spend(link.reveal(), NOW.plus_seconds(5)).is_none());
    }

    #[test]
    fn of_too_many_links_the_oldest_goes() {
        let links = Links::default();
        let first = links.make(holder(), None, NOW).unwrap();
        let second = links.make(holder(), None, NOW.plus_seconds(1)).unwrap();
        for _ in 1..MOST_OF_ONE {
            links.make(holder(), None, NOW.plus_seconds(2)).unwrap();
        }
        assert!(links.spend(first.reveal(), NOW.plus_seconds(2)).is_none());
        assert!(links.spend(second.reveal(), NOW.plus_seconds(2)).is_some());
    }
}
