//! Packing what is sent: at the center's level, or at the one that what is measured suggests.

use std::sync::Arc;

use bytes::Bytes;
use replication::{
    Codec,
    codec::Packer,
    compression::{Chooser, RAW},
    progress::Limit,
};
use tokio::{task::spawn_blocking, time::Instant};

use super::{Meter, ReplicateError, pieces::step_back};

/// Content that is packed where it is: to hand it to a thread and back takes longer.
const PACKED_HERE_BYTES: u64 = 16 << 10;

/// Packs the content of one copier.
pub(super) struct Packing {
    meter: Arc<Meter>,
    chooser: Chooser,
    packer: Option<Packer>,
}

impl Packing {
    pub(super) fn new(meter: Arc<Meter>) -> Self {
        Self { meter, chooser: Chooser::new(), packer: None }
    }

    /// Packs content beside everything else. `link` is the bytes a second that the link takes, where that is known.
    pub(super) async fn pack(
        &mut self,
        content: Bytes,
        level: Option<i32>,
        link: Option<f64>,
    ) -> Result<(Codec, Bytes), ReplicateError> {
        if let Some(link) = link {
            self.chooser.link(link);
        }
        let level = level.unwrap_or_else(|| self.chooser.level());
        if level == RAW {
            return Ok((Codec::Raw, content));
        }
        let begun = Instant::now();
        let kept = self.packer.take();
        let bytes = content.len() as u64;
        let packing = move || {
            let begun = std::time::Instant::now();
            let mut packer = match kept {
                Some(packer) => packer,
                None => Packer::new(level)?,
            };
            packer.set_level(level)?;
            let payload = packer.pack(&content)?;
            let payload = payload.map_or((Codec::Raw, content), |smaller| (Codec::Zstd, smaller.into()));
            Ok((packer, payload, begun.elapsed()))
        };
        let outcome = if bytes <= PACKED_HERE_BYTES {
            packing()
        } else {
            let packing = spawn_blocking(move || {
                step_back();
                packing()
            });
            packing.await.map_err(std::io::Error::other)?
        };
        let (packer, payload, took) = outcome.map_err(ReplicateError::Pack)?;
        self.packer = Some(packer);
        self.chooser.packed(level, bytes, payload.1.len() as u64, took);
        self.meter.note_wait(Limit::Cpu, begun);
        Ok(payload)
    }
}
