//! The stream of news about replication jobs, as server-sent events.
//!
//! A browser's `EventSource` can send neither headers nor a signature. So a signed call gives a ticket, which opens the
//! stream once within a minute: `GET /events?Ticket=…`. Whoever holds the ticket sees the jobs of the account of the call
//! and nothing else, for as long as the call would be allowed: whether it is, is asked before anything is sent.
//!
//! | event | data |
//! |---|---|
//! | `changed` | `{"JobId":…}`: the job's state changed; DescribeReplicationJobs says to what |
//! | `progress` | `{"JobId":…,"Progress":{…}}`: the figures of a run, the same as `StatusInfo` |
//! | `missed` | `{}`: the follower was too slow, and news was left out |

use std::{
    collections::HashMap,
    convert::Infallible,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{HeaderValue, Response, header};
use http_body_util::{Channel, Either, Full, channel::Sender};
use pop::ApiError;
use smc::{
    account::AccountId,
    ports::{Random, RandomError},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast::error::RecvError};

use crate::{
    clock::SystemRandom,
    conductor::{Conductor, News},
};

/// Where the stream is.
pub(crate) const PATH: &str = "/events";

/// How long a ticket opens the stream.
pub(crate) const TICKET_LIVES: Duration = Duration::from_mins(1);

/// Tickets that are out at once at the most.
const MOST_TICKETS: usize = 1_000;

/// Streams that are open at once at the most.
const MOST_STREAMS: usize = 256;

/// Time without news after which something is sent nevertheless, so that nobody takes the connection for dead.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// A body that is whole, or a stream of events.
pub(crate) type Body = Either<Full<Bytes>, Channel<Bytes, Infallible>>;

/// Who follows the news, as the call for the ticket said it.
#[derive(Clone, Debug)]
pub(crate) struct Follower {
    /// Whose jobs are followed.
    pub(crate) account: AccountId,
    /// What the call was signed with.
    pub(crate) access_key_id: String,
}

/// Gives tickets out, and streams for them.
pub(crate) struct Events {
    conductor: Arc<Conductor>,
    tickets: Mutex<HashMap<String, (Follower, Instant)>>,
    streams: Arc<Semaphore>,
}

impl Events {
    /// Streams what the conductor tells.
    pub(crate) fn new(conductor: Arc<Conductor>) -> Self {
        Self { conductor, tickets: Mutex::default(), streams: Arc::new(Semaphore::new(MOST_STREAMS)) }
    }

    /// Gives a ticket for the news of an account; `None` when too many are out.
    pub(crate) fn ticket(&self, follower: Follower) -> Result<Option<String>, RandomError> {
        let ticket = hex::encode(SystemRandom.bytes::<32>()?);
        let mut tickets = self.tickets();
        if tickets.len() >= MOST_TICKETS {
            tickets.retain(|_, (_, given)| given.elapsed() < TICKET_LIVES);
        }
        if tickets.len() >= MOST_TICKETS {
            return Ok(None);
        }
        tickets.insert(ticket.clone(), (follower, Instant::now()));
        Ok(Some(ticket))
    }

    /// Opens the stream for a ticket, which is spent by that. It ends when `allowed` says that its follower may no longer
    /// make the call that gave the ticket.
    pub(crate) async fn open<F, A>(&self, query: &str, allowed: F) -> Result<Response<Body>, ApiError>
    where
        F: Fn(Follower) -> A + Send + 'static,
        A: Future<Output = Result<(), ApiError>> + Send + 'static,
    {
        let ticket = query.strip_prefix("Ticket=").unwrap_or_default();
        let holder = self.tickets().remove(ticket).filter(|(_, given)| given.elapsed() < TICKET_LIVES);
        let Some((follower, _)) = holder else {
            let message =
                "The ticket is unknown, spent or too old; get a new one with FollowReplicationJobs.";
            return Err(ApiError::new(403, "Ticket.Invalid", message));
        };
        allowed(follower.clone()).await?;
        let Ok(place) = self.streams.clone().try_acquire_owned() else {
            let message = "Too many streams of events are open; try again later.";
            return Err(ApiError::new(503, "ServiceUnavailable", message));
        };
        let (sender, body) = Channel::new(16);
        tokio::spawn(pass_on(self.conductor.clone(), follower, allowed, sender, place));
        let mut response = Response::new(Either::Right(body));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        Ok(response)
    }

    fn tickets(&self) -> MutexGuard<'_, HashMap<String, (Follower, Instant)>> {
        self.tickets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Passes news of an account on until the follower leaves or may not follow any more, or the center stops.
async fn pass_on<F, A>(
    conductor: Arc<Conductor>,
    follower: Follower,
    allowed: F,
    mut sender: Sender<Bytes, Infallible>,
    _place: OwnedSemaphorePermit,
) where
    F: Fn(Follower) -> A + Send,
    A: Future<Output = Result<(), ApiError>> + Send,
{
    let mut news = conductor.figures.follow();
    let mut closing = conductor.works.closing();
    loop {
        let text = tokio::select! {
            one = news.recv() => match one {
                Ok(one) if one.account == follower.account => written(&one),
                Ok(_) => continue,
                Err(RecvError::Lagged(_)) => "event: missed\ndata: {}\n\n".to_owned(),
                Err(RecvError::Closed) => return,
            },
            () = tokio::time::sleep(KEEP_ALIVE) => ": nothing new\n\n".to_owned(),
            () = closing.wait() => return,
        };
        if let Err(error) = allowed(follower.clone()).await {
            tracing::info!(key = follower.access_key_id, %error, "a stream of events ended: its follower may not follow any more");
            return;
        }
        if sender.send_data(text.into()).await.is_err() {
            return;
        }
    }
}

/// An id and JSON of our own hold no line break, which would end the event.
fn written(news: &News) -> String {
    match &news.figures {
        Some(figures) if !figures.is_empty() => {
            format!("event: progress\ndata: {{\"JobId\":\"{}\",\"Progress\":{figures}}}\n\n", news.job)
        }
        _ => format!("event: changed\ndata: {{\"JobId\":\"{}\"}}\n\n", news.job),
    }
}
