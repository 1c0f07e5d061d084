//! Reading a request's body: bounded in size and in time, and all bodies together in memory.
//!
//! A body is read before anything is known of who sends it, and whoever sends slowly keeps what came so far in
//! memory. So what is larger than most requests takes its place in a room that the listener's connections share,
//! and waits while that is full; small bodies need none, and are not held up by large ones.

use std::{error::Error, sync::Arc, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Body;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How long a client may take to send a body, waiting for room included.
const PATIENCE: Duration = Duration::from_secs(30);

/// Bodies up to this size need no room.
const FREE: usize = 16 << 10;

/// What all larger bodies of a listener may have in memory, in bytes.
const ROOM: usize = 128 << 20;

/// Room for bodies, shared by the connections of a listener.
#[derive(Clone, Debug)]
pub(crate) struct BodyRoom(Arc<Semaphore>);

/// Why a body was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BodyError {
    /// It is larger than allowed.
    #[error("the request body is larger than {0} bytes")]
    TooLarge(usize),
    /// It did not come in time.
    #[error("the request body did not arrive within 30 seconds")]
    TooSlow,
    /// The connection broke or the framing is wrong.
    #[error("the request body could not be read to its end")]
    Broken,
}

/// A body and the room it takes, which is free again when the last part of the body is gone.
struct Placed {
    body: Bytes,
    _room: OwnedSemaphorePermit,
}

impl Default for BodyRoom {
    fn default() -> Self {
        Self::of(ROOM)
    }
}

impl BodyRoom {
    fn of(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new(bytes)))
    }

    /// Reads a whole body of at most `limit` bytes.
    pub(crate) async fn read<B>(&self, body: B, limit: usize) -> Result<Bytes, BodyError>
    where
        B: Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Send + Unpin,
    {
        let reading = async {
            let place = self.place(body.size_hint().upper(), limit).await?;
            let body = match Limited::new(body, limit).collect().await {
                Ok(collected) => collected.to_bytes(),
                Err(error) if error.is::<LengthLimitError>() => return Err(BodyError::TooLarge(limit)),
                Err(_) => return Err(BodyError::Broken),
            };
            Ok(match place {
                Some(room) => Bytes::from_owner(Placed { body, _room: room }),
                None => body,
            })
        };
        tokio::time::timeout(PATIENCE, reading).await.unwrap_or(Err(BodyError::TooSlow))
    }

    /// Takes room for all that may come, before any of it does: who has some never waits for more, so those who have
    /// some always get done.
    async fn place(
        &self,
        declared: Option<u64>,
        limit: usize,
    ) -> Result<Option<OwnedSemaphorePermit>, BodyError> {
        let largest = declared.and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(limit).min(limit);
        if largest <= FREE {
            return Ok(None);
        }
        let bytes = u32::try_from(largest).map_err(|_| BodyError::TooLarge(limit))?;
        self.0.clone().acquire_many_owned(bytes).await.map(Some).map_err(|_| BodyError::Broken)
    }
}

impl AsRef<[u8]> for Placed {
    fn as_ref(&self) -> &[u8] {
        &self.body
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::{Channel, Full};
    use tokio::time::Instant;

    use super::*;

    const LIMIT: usize = 1 << 20;

    fn body(size: usize) -> Full<Bytes> {
        Full::new(vec![7; size].into())
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_waits_while_the_room_is_full_and_small_ones_do_not() {
        let room = BodyRoom::of(3 * FREE);
        let first = room.read(body(2 * FREE), LIMIT).await.unwrap();
        let part = first.slice(..1);
        let waiting = tokio::spawn({
            let room = room.clone();
            async move { room.read(body(2 * FREE), LIMIT).await }
        });
        assert_eq!(room.read(body(FREE), LIMIT).await.unwrap().len(), FREE);
        drop(first);
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished(), "a part of the first is still there");
        drop(part);
        assert_eq!(waiting.await.unwrap().unwrap().len(), 2 * FREE);
        assert_eq!(room.0.available_permits(), 3 * FREE);
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_for_room_counts_as_sending() {
        let room = BodyRoom::of(2 * FREE);
        let held = room.read(body(2 * FREE), LIMIT).await.unwrap();
        let began = Instant::now();
        assert_eq!(room.read(body(2 * FREE), LIMIT).await, Err(BodyError::TooSlow));
        assert_eq!(began.elapsed(), PATIENCE);
        drop(held);
        room.read(body(2 * FREE), LIMIT).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_never_ends_takes_room_for_the_largest_and_gives_it_back() {
        let room = BodyRoom::of(LIMIT);
        let (sender, endless) = Channel::<Bytes, std::convert::Infallible>::new(1);
        let reading = tokio::spawn({
            let room = room.clone();
            async move { room.read(endless, LIMIT).await }
        });
        tokio::task::yield_now().await;
        assert_eq!(room.0.available_permits(), 0);
        assert_eq!(reading.await.unwrap(), Err(BodyError::TooSlow));
        assert_eq!(room.0.available_permits(), LIMIT);
        drop(sender);
    }

    #[tokio::test]
    async fn a_body_larger_than_allowed_is_refused_whatever_the_room() {
        let room = BodyRoom::default();
        for size in [LIMIT + 1, 3 * LIMIT] {
            assert_eq!(room.read(body(size), LIMIT).await, Err(BodyError::TooLarge(LIMIT)));
        }
        assert_eq!(room.read(body(LIMIT), LIMIT).await.unwrap().len(), LIMIT);
    }
}
