//! One connected attempt at a run: its streams, and passes over all of them.

use std::sync::Arc;

use replication::{Range, frame::Hello};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    task::JoinSet,
    time::Instant,
};

use super::{
    Bandwidth, ConnectError, Copier, DiskSource, Meter, Outlet, ReplicateError, Source, frozen::Held,
    ranges::Shared,
};

/// How a pass finds out what to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// The copy is empty: everything goes.
    Outright,
    /// Range by range, then leaf by leaf where a range differs.
    Compare,
    /// Leaf by leaf.
    Offer,
}

/// The streams of one attempt.
pub(super) struct Session<S> {
    outlets: Vec<Outlet<S>>,
    source: Arc<Source>,
    meter: Arc<Meter>,
    /// Whether the center's copy is empty still.
    fresh: bool,
}

impl<S: AsyncRead + AsyncWrite + Send + 'static> Session<S> {
    /// Connects, and greets the center on every stream before anything is sent on one.
    pub(super) async fn open<F>(
        connect: impl Fn(Hello) -> F,
        streams: u16,
        hello: &Hello,
        source: Arc<Source>,
        meter: Arc<Meter>,
    ) -> Result<Self, ReplicateError>
    where
        F: Future<Output = Result<S, ConnectError>>,
    {
        let bandwidth = Arc::new(Bandwidth::default());
        let mut outlets = Vec::new();
        for stream in 0..streams.max(1) {
            let hello = Hello { stream, ..hello.clone() };
            let connection = connect(hello.clone()).await.map_err(ReplicateError::Connect)?;
            outlets.push(Outlet::open_among(connection, hello, bandwidth.clone(), meter.clone()).await?);
        }
        let fresh = outlets.iter().all(Outlet::fresh);
        Ok(Self { outlets, source, meter, fresh })
    }

    /// Whether the center's copy is empty: it was when the session began, and nothing was sent since.
    pub(super) fn fresh(&self) -> bool {
        self.fresh
    }

    /// Whether the center wants everything compared once more before the freeze, if it said so.
    pub(super) fn wants_audit(&self) -> Option<bool> {
        self.outlets.first()?.settings().audit
    }

    /// Goes over ranges of each disk, in the order of the source's disks; what the center lacks is on its disk
    /// afterwards. After `until` nothing more is begun; gives whether everything was.
    pub(super) async fn pass(
        &mut self,
        how: How,
        work: Vec<Vec<Range>>,
        until: Option<Instant>,
    ) -> Result<bool, ReplicateError> {
        self.fresh = false;
        let shared: Vec<Shared> = work.into_iter().map(|ranges| Shared::new(ranges, until)).collect();
        let mut streams = JoinSet::new();
        for (stream, outlet) in std::mem::take(&mut self.outlets).into_iter().enumerate() {
            let disks = self.source.disks.iter().map(|disk| (disk.number, disk.content.clone()));
            let mut share: Vec<_> = disks.zip(shared.iter().cloned()).collect();
            // Streams begin with different disks, so that several disks are read at once.
            let first = stream % share.len().max(1);
            share.rotate_left(first);
            let stream = Stream { number: stream, outlet, meter: self.meter.clone() };
            streams.spawn(stream.take(how, share));
        }
        while let Some(ended) = streams.join_next().await {
            self.outlets.push(ended.map_err(std::io::Error::other)??);
        }
        self.outlets.sort_by_key(Outlet::number);
        Ok(shared.iter().all(Shared::all_begun))
    }

    /// Says that ranges of a disk hold nothing that counts.
    pub(super) async fn zeros(&mut self, disk: u16, ranges: Vec<Range>) -> Result<(), ReplicateError> {
        let Some(outlet) = self.outlets.first_mut() else { return Err(ReplicateError::Closed) };
        for range in ranges {
            outlet.zeros(disk, range).await?;
        }
        outlet.sync().await
    }

    /// Sends what was read during a freeze.
    pub(super) async fn held(&mut self, held: &Held) -> Result<(), ReplicateError> {
        let Some(outlet) = self.outlets.first_mut() else { return Err(ReplicateError::Closed) };
        for (place, disk) in self.source.disks.iter().enumerate() {
            let mut copier = Copier::among(disk.content.clone(), disk.number, self.meter.clone());
            copier.offer_held(outlet, held.of_disk(place)).await?;
        }
        outlet.sync().await
    }

    /// Ends the run, on the first stream last: then the center knows that nothing is under way on another.
    pub(super) async fn done(self) -> Result<(), ReplicateError> {
        for outlet in self.outlets.into_iter().rev() {
            outlet.done().await?;
        }
        Ok(())
    }
}

/// A disk's number and what is read of it.
type Content = (u16, Arc<dyn DiskSource>);

/// One stream's part of a pass.
struct Stream<S> {
    number: usize,
    outlet: Outlet<S>,
    meter: Arc<Meter>,
}

impl<S: AsyncRead + AsyncWrite + Send + 'static> Stream<S> {
    async fn take(self, how: How, share: Vec<(Content, Shared)>) -> Result<Outlet<S>, ReplicateError> {
        let Self { number, mut outlet, meter } = self;
        tracing::debug!(stream = number, ?how, "pass begins");
        for ((disk, content), ranges) in share {
            let mut copier = Copier::among(content, disk, meter.clone());
            match how {
                How::Outright => copier.send(&mut outlet, ranges).await?,
                How::Compare => copier.compare(&mut outlet, ranges).await?,
                How::Offer => copier.offer(&mut outlet, ranges).await?,
            }
        }
        outlet.sync().await?;
        Ok(outlet)
    }
}
