//! What each agent has to do, and the answers that wait for it to change.
//!
//! An answer to a heartbeat is held back until there is news, so that a start reaches an agent at once. A held answer
//! costs memory, so agents without a job share a bounded number of them; whoever gets none asks again after the usual
//! time between heartbeats.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use agent_api::{LONGEST_WAIT_SECONDS, Work};
use sha2::{Digest, Sha256};
use smc::SourceId;
use tokio::sync::watch;

/// Agents without a job whose answers are held at once, at the most.
const MOST_IDLE: usize = 1_000;

/// Sources whose last call is remembered, at the most.
const MOST_HEARD: usize = 100_000;

/// The revision of having nothing to do; an agent that knows none sends 0, so that it is answered at once.
const NOTHING: u64 = 1;

/// What agents have to do.
#[derive(Default)]
pub(crate) struct Works {
    table: Mutex<Table>,
    idle: AtomicUsize,
    closing: watch::Sender<bool>,
}

#[derive(Default)]
struct Table {
    /// Sources that have work, or whose agent waits for some.
    entries: HashMap<SourceId, watch::Sender<Assigned>>,
    heard: HashMap<SourceId, Instant>,
}

/// What a source has to do, and the name of that.
#[derive(Clone, Debug)]
struct Assigned {
    revision: u64,
    work: Option<Arc<Work>>,
}

/// What an agent is answered.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// Names this state of the work.
    pub revision: u64,
    /// What there is to do.
    pub work: Option<Arc<Work>>,
    /// Seconds that the next answer may be held back.
    pub wait_seconds: u32,
}

impl Works {
    /// Gives a source its work, or takes it away.
    pub(crate) fn assign(&self, source: &SourceId, work: Option<Work>) {
        let mut table = self.table();
        let assigned = Assigned::to(work);
        if let Some(entry) = table.entries.get(source) {
            entry.send_if_modified(|current| {
                let news = current.revision != assigned.revision;
                if news {
                    *current = assigned;
                }
                news
            });
            table.tidy(source);
        } else if assigned.work.is_some() {
            table.entries.insert(source.clone(), watch::Sender::new(assigned));
        }
    }

    /// Answers an agent once its work is other than what it has seen, or when it has waited long enough.
    pub(crate) async fn answer(&self, source: &SourceId, seen: u64, wait_seconds: u32) -> Answer {
        let (mut changes, busy) = self.subscribe(source);
        let wait = Duration::from_secs(u64::from(wait_seconds.min(LONGEST_WAIT_SECONDS)));
        let place = if busy { Some(None) } else { self.idle_place().map(Some) };
        if let Some(_place) = &place
            && !wait.is_zero()
        {
            let mut closing = self.closing.subscribe();
            tokio::select! {
                _ = changes.wait_for(|assigned| assigned.revision != seen) => {}
                _ = closing.wait_for(|closing| *closing) => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
        let Assigned { revision, work } = changes.borrow().clone();
        drop(changes);
        let mut table = self.table();
        table.hear(source);
        table.tidy(source);
        let wait_seconds = if place.is_some() { LONGEST_WAIT_SECONDS } else { 0 };
        Answer { revision, work, wait_seconds }
    }

    /// Whether this center heard the source's agent within a time.
    pub(crate) fn heard_within(&self, source: &SourceId, time: Duration) -> bool {
        self.table().heard.get(source).is_some_and(|heard| heard.elapsed() < time)
    }

    /// Answers everyone now, and from now on at once.
    pub(crate) fn close(&self) {
        self.closing.send_replace(true);
    }

    /// Tells when that happens.
    pub(crate) fn closing(&self) -> Closing {
        Closing(self.closing.subscribe())
    }

    /// Follows the work of a source; says whether it has any.
    fn subscribe(&self, source: &SourceId) -> (watch::Receiver<Assigned>, bool) {
        let mut table = self.table();
        table.hear(source);
        let nothing = || watch::Sender::new(Assigned { revision: NOTHING, work: None });
        let entry = table.entries.entry(source.clone()).or_insert_with(nothing);
        let busy = entry.borrow().work.is_some();
        (entry.subscribe(), busy)
    }

    /// A place among the idle ones, given back when it is dropped.
    fn idle_place(&self) -> Option<IdlePlace<'_>> {
        let taken = self.idle.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |held| {
            (held < MOST_IDLE).then_some(held + 1)
        });
        taken.ok().map(|_| IdlePlace(&self.idle))
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells when the center stops.
pub(crate) struct Closing(watch::Receiver<bool>);

impl Closing {
    /// Returns when the center stops; its sender being gone means the same.
    pub(crate) async fn wait(&mut self) {
        let _ = self.0.wait_for(|closing| *closing).await;
    }
}

struct IdlePlace<'a>(&'a AtomicUsize);

impl Drop for IdlePlace<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Table {
    fn hear(&mut self, source: &SourceId) {
        if let Some(heard) = self.heard.get_mut(source) {
            *heard = Instant::now();
        } else if self.heard.len() < MOST_HEARD {
            self.heard.insert(source.clone(), Instant::now());
        }
    }

    /// Forgets a source that has nothing to do and whose agent does not wait.
    fn tidy(&mut self, source: &SourceId) {
        let idle =
            |entry: &watch::Sender<Assigned>| entry.receiver_count() == 0 && entry.borrow().work.is_none();
        if self.entries.get(source).is_some_and(idle) {
            self.entries.remove(source);
        }
    }
}

impl Assigned {
    fn to(work: Option<Work>) -> Self {
        // The same work has the same name at every center, and after every restart.
        let text = work.as_ref().and_then(|work| serde_json::to_vec(work).ok());
        let digest = text.map(Sha256::digest);
        let first = digest
            .map(|digest| digest.iter().take(8).fold(0_u64, |number, byte| (number << 8) | u64::from(*byte)));
        // Above the two numbers that mean something else.
        let revision = first.map_or(NOTHING, |number| number.max(NOTHING + 1));
        Self { revision, work: work.map(Arc::new) }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use agent_api::Work;
    use smc::SourceId;

    use super::{MOST_IDLE, NOTHING, Works};

    fn source(seed: u8) -> SourceId {
        SourceId::from_random(&[seed; 32])
    }

    fn work(job: &str) -> Work {
        Work { job_id: job.to_owned(), run: None, disks: Vec::new(), freeze_budget_ms: 2_000 }
    }

    #[tokio::test(start_paused = true)]
    async fn news_ends_the_wait_and_only_news_of_this_source() {
        let works = Arc::new(Works::default());
        let first = works.answer(&source(1), 0, 25).await;
        assert_eq!((first.revision, first.work.is_none(), first.wait_seconds), (NOTHING, true, 25));
        let waiting = tokio::spawn({
            let works = works.clone();
            async move { works.answer(&source(1), NOTHING, 25).await }
        });
        tokio::task::yield_now().await;
        works.assign(&source(2), Some(work("j-2")));
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        works.assign(&source(1), Some(work("j-1")));
        let answer = waiting.await.unwrap();
        assert_eq!(answer.work.unwrap().job_id, "j-1");
        // Seen already: the wait is over only by time.
        let again = works.answer(&source(1), answer.revision, 5).await;
        assert_eq!(again.revision, answer.revision);
        works.assign(&source(1), None);
        assert_eq!(works.answer(&source(1), answer.revision, 25).await.revision, NOTHING);
        assert!(works.table().entries.contains_key(&source(2)) && works.table().entries.len() == 1);
    }

    #[tokio::test(start_paused = true)]
    async fn idle_agents_beyond_the_bound_are_answered_at_once_and_busy_ones_wait() {
        let works = Arc::new(Works::default());
        let places: Vec<_> = (0..MOST_IDLE).map(|_| works.idle_place().unwrap()).collect();
        let started = tokio::time::Instant::now();
        assert_eq!(works.answer(&source(1), NOTHING, 25).await.wait_seconds, 0);
        assert!(started.elapsed().is_zero());
        works.assign(&source(1), Some(work("j-1")));
        let revision = works.answer(&source(1), 0, 25).await.revision;
        assert_eq!(works.answer(&source(1), revision, 25).await.wait_seconds, 25);
        assert_eq!(started.elapsed().as_secs(), 25);
        drop(places);
        works.close();
        assert_eq!(works.answer(&source(2), NOTHING, 25).await.revision, NOTHING);
        assert_eq!(started.elapsed().as_secs(), 25);
    }
}
