//! A pass over everything that the disks have in use.

use replication::{Range, progress::Phase};
use tokio::io::{AsyncRead, AsyncWrite};

use super::{
    ReplicateError,
    drive::{Copy, Drive},
    ranges::{bytes, gaps, join},
    session::{How, Session},
};

impl Drive {
    /// Sends or compares everything in use; gives whether all of it was begun before `until`.
    pub(super) async fn everything<S>(
        &mut self,
        session: &mut Session<S>,
        phase: Phase,
        until: Option<tokio::time::Instant>,
    ) -> Result<bool, ReplicateError>
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        self.flush().await?;
        let allocated = self.allocated(phase).await?;
        let numbers = self.source.disks.iter().map(|disk| disk.number);
        self.meter.pass(phase, numbers.zip(allocated.iter().map(|ranges| bytes(ranges))));
        let first = matches!(self.copy, Copy::Unknown);
        let how = if first && session.fresh() { How::Outright } else { How::Compare };
        if how == How::Compare && phase == Phase::Full {
            for (disk, ranges) in self.source.disks.iter().zip(&allocated) {
                session.zeros(disk.number, gaps(ranges, disk.content.size())).await?;
            }
        }
        let reads = self.meter.reads();
        let all = session.pass(how, allocated, until).await?;
        self.failures = 0;
        self.note_read_rate(reads);
        Ok(all)
    }

    /// What the disks have in use. Finding that out may write to them, so without a tracker every second scan goes by what
    /// the scan before it found.
    async fn allocated(&mut self, phase: Phase) -> Result<Vec<Vec<Range>>, ReplicateError> {
        if let Some(known) = self.in_use.take().filter(|_| phase == Phase::Changes) {
            return Ok(known);
        }
        let source = self.source.clone();
        let allocated = self.blocking(move || {
            let disks = source.disks.iter().map(|disk| match (disk.allocated)() {
                Ok(ranges) => Ok(join(ranges)),
                Err(error) => Err(ReplicateError::Allocation { disk: disk.number, error }),
            });
            disks.collect::<Result<Vec<_>, _>>()
        });
        let allocated = allocated.await?;
        if self.tracker.is_err() && phase != Phase::Frozen {
            self.in_use = Some(allocated.clone());
        }
        Ok(allocated)
    }
}
