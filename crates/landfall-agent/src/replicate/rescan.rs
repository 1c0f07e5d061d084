//! Becoming equal without anyone who tells what changed.
//!
//! A scan that finds nothing to send, after one that covered everything, proves that the disk was equal to the copy at the
//! moment between the two: what was read before that moment was read again after it, and was the same. On a disk at rest
//! the second scan is that proof. On one that is written to, a scan has to fit into a freeze.
//!
//! The second scan goes by the first one's map of what is in use, since finding that out freezes and thaws, which writes. The
//! filesystems' own records are in that map: were anything else in use by now, they would differ.

use std::time::{Duration, Instant};

use replication::progress::Phase;
use tokio::io::{AsyncRead, AsyncWrite};

use super::{Frozen, ReplicateError, drive::Drive, session::Session};

/// Scans after which a disk counts as never at rest.
const MOST_SCANS: u32 = 6;

impl Drive {
    /// Scans until the copy equals the source at one moment.
    pub(super) async fn rescan<S>(&mut self, session: &mut Session<S>) -> Result<(), ReplicateError>
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        let mut freezable = true;
        self.everything(session, Phase::Full, None).await?;
        self.begun();
        let mut predicted = Duration::ZERO;
        for _ in 0..MOST_SCANS {
            let (begun, before) = (Instant::now(), self.meter.changed());
            self.everything(session, Phase::Changes, None).await?;
            let (took, changed) = (begun.elapsed(), self.meter.changed() - before);
            if changed == 0 {
                return Ok(());
            }
            predicted = took;
            self.meter.forecast(changed, took, predicted);
            if freezable && took <= self.options.freeze_budget {
                match self.scan_frozen(session).await? {
                    Frosty::Equal => return Ok(()),
                    Frosty::Late => {}
                    Frosty::Nothing => freezable = false,
                }
            }
        }
        Err(ReplicateError::NotConverging(format!(
            "the source changes during every one of {MOST_SCANS} scans, and a scan takes {:.1} s where a freeze may take {:.1} s; \
             make change tracking possible, stop what writes to the disks, or allow a longer freeze",
            predicted.as_secs_f64(),
            self.options.freeze_budget.as_secs_f64()
        )))
    }

    /// Compares everything while the filesystems are frozen. This sends while they are: what is read does not fit memory.
    async fn scan_frozen<S>(&mut self, session: &mut Session<S>) -> Result<Frosty, ReplicateError>
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        let freezer = self.source.freezer.clone();
        let begun = Instant::now();
        // Dropped on every way out, which thaws.
        let frozen: Option<Box<dyn Frozen>> =
            self.blocking(move || freezer.freeze().map_err(ReplicateError::Freeze)).await?;
        let Some(frozen) = frozen else { return Ok(Frosty::Nothing) };
        let until = tokio::time::Instant::now() + self.options.freeze_budget;
        let all = self.everything(session, Phase::Frozen, Some(until)).await?;
        let held = self.blocking(move || Ok(frozen.thaw())).await?;
        if let (true, Err(error)) = (all, &held) {
            tracing::warn!(%error, "a freeze came to nothing");
        }
        if !all || held.is_err() {
            return Ok(Frosty::Late);
        }
        self.freeze = begun.elapsed();
        Ok(Frosty::Equal)
    }
}

/// What a scan during a freeze came to.
enum Frosty {
    /// Everything was compared.
    Equal,
    /// Time was up before.
    Late,
    /// There is nothing to freeze.
    Nothing,
}
