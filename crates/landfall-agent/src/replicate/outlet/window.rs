//! How much content may be on its way without being durable: what the link carries in the time that content takes to become
//! so, and no more, since a break costs all of it. The window that the center gave is the most.

use std::time::Duration;

use replication::Frame;
use tokio::io::{AsyncRead, AsyncWrite};

use super::Outlet;
use crate::replicate::ReplicateError;

/// The least window: with less, a center would spend its time on making durable what came.
const LEAST: u64 = 4 << 20;

/// What content takes to become durable at the least, the way there included; a link that is farther away is measured.
const LEAST_DELAY: Duration = Duration::from_millis(500);

impl<S: AsyncRead + AsyncWrite + Send + 'static> Outlet<S> {
    /// The window as the link is now.
    pub(super) fn window(&self) -> u64 {
        let most = self.welcome.window_bytes;
        let Some(rate) = self.link_rate() else { return most };
        // A greeting is one way there and back, and what the center does meanwhile.
        let delay = (4 * self.greeting).max(LEAST_DELAY);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a float becomes the nearest that there is"
        )]
        let product = (rate * delay.as_secs_f64()) as u64;
        product.max(LEAST).min(most)
    }

    /// Asks the center to make durable what it was sent. By itself it does so with half of the window that it gave, so it
    /// is asked only where less than that may be under way.
    pub(super) async fn ask_for_room(&mut self) -> Result<(), ReplicateError> {
        if self.unsynced == 0 || self.window() >= self.welcome.window_bytes {
            return Ok(());
        }
        self.unsynced = 0;
        let sequence = self.next();
        self.send(&Frame::Sync { sequence }).await
    }
}

#[cfg(test)]
mod tests {
    use agent_api::{read_frame, write_frame};
    use bytes::Bytes;
    use replication::{
        Codec, Frame, Leaf, Range,
        frame::{Hello, Settings, Welcome},
    };
    use tokio::io::{DuplexStream, duplex};

    use crate::replicate::Outlet;

    const MEBIBYTE: u64 = 1 << 20;

    fn limited(mebibytes: u64) -> Settings {
        Settings { bandwidth_bytes_per_second: Some(mebibytes * MEBIBYTE), ..Settings::default() }
    }

    /// A center that makes durable only what it is asked to; gives the most that was under way at once. After some extents it
    /// changes the settings.
    async fn center(mut far: DuplexStream, first: Settings, (after, then): (u64, Settings)) -> u64 {
        assert!(matches!(read_frame(&mut far).await, Ok(Some(Frame::Hello(_)))));
        let welcome = Welcome {
            center_version: "test".into(),
            window_bytes: 32 * MEBIBYTE,
            leaf_key: "00".repeat(32),
            fresh: true,
            settings: first,
        };
        write_frame(&mut far, &Frame::Welcome(welcome)).await.unwrap();
        let (mut extents, mut under_way, mut most) = (0, 0, 0);
        loop {
            match read_frame(&mut far).await.unwrap().unwrap() {
                Frame::Extent(extent) => {
                    extents += 1;
                    under_way += extent.range.length();
                    most = most.max(under_way);
                    if extents == after {
                        write_frame(&mut far, &Frame::Settings(then)).await.unwrap();
                    }
                }
                Frame::Sync { sequence } => {
                    under_way = 0;
                    write_frame(&mut far, &Frame::Durable { sequence }).await.unwrap();
                }
                Frame::Done { sequence } => {
                    write_frame(&mut far, &Frame::Durable { sequence }).await.unwrap();
                    return most;
                }
                other => unreachable!("{other:?}"),
            }
        }
    }

    /// Sends so many extents of a mebibyte; gives the most that was under way at once.
    async fn most_under_way(extents: u64, first: Settings, change: (u64, Settings)) -> u64 {
        let (near, far) = duplex(1 << 16);
        let center = tokio::spawn(center(far, first, change));
        let hello = Hello { agent_version: "test".into(), session: "test".into(), stream: 0 };
        let mut outlet = Outlet::open(near, hello).await.unwrap();
        let leaves = vec![Leaf([7; 16]); 256];
        for number in 0..extents {
            let range = Range::new(number * MEBIBYTE, MEBIBYTE, u64::MAX).unwrap();
            let payload = Bytes::from(vec![1; 1 << 20]);
            outlet.extent(0, range, &leaves, (Codec::Raw, payload)).await.unwrap();
        }
        outlet.done().await.unwrap();
        center.await.unwrap() / MEBIBYTE
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_link_has_a_small_window_and_a_fast_one_what_the_center_gave() {
        for (limit, expected) in [(1, 2), (20, 5), (100, 20)] {
            let most = most_under_way(20, limited(limit), (0, Settings::default())).await;
            assert_eq!(most, expected, "{limit} MiB a second");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_window_that_becomes_smaller_stops_nothing() {
        let most = most_under_way(24, Settings::default(), (10, limited(1))).await;
        assert!((10..24).contains(&most), "{most}");
    }
}
