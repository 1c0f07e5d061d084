//! What a center does beside answering: writing what it gathered in memory.

use std::sync::Arc;

use tokio::sync::watch;

use crate::{
    Registry,
    heartbeats::{Heartbeats, WRITE_EVERY},
    identity::{Identities, KeyUses},
    metrics::Metrics,
};

/// Writes heartbeats every two seconds, and once more when the center stops.
pub(super) async fn write_heartbeats(
    registry: Arc<Registry>,
    heartbeats: Arc<Heartbeats>,
    metrics: Arc<Metrics>,
    mut stop: watch::Receiver<bool>,
) {
    loop {
        let stopping = tokio::time::timeout(WRITE_EVERY, stop.wait_for(|stopped| *stopped)).await.is_ok();
        let gathered = heartbeats.take();
        if !gathered.is_empty() {
            let count = gathered.len();
            match registry.note_heartbeats(gathered.clone()).await {
                Ok(()) => metrics.heartbeats(count, 0),
                Err(error) => {
                    tracing::warn!(%error, count, "writing heartbeats failed; they are kept for the next time");
                    metrics.heartbeats(0, count);
                    heartbeats.put_back(gathered);
                }
            }
        }
        if stopping {
            return;
        }
    }
}

/// Writes when keys were last used, and once more when the center stops.
pub(super) async fn write_key_uses(
    identities: Identities,
    uses: Arc<KeyUses>,
    mut stop: watch::Receiver<bool>,
) {
    loop {
        let stopping = tokio::time::timeout(WRITE_EVERY, stop.wait_for(|stopped| *stopped)).await.is_ok();
        if let Err(error) = identities.note_uses(uses.take()).await {
            tracing::warn!(%error, "noting when AccessKeys were last used failed");
        }
        if stopping {
            return;
        }
    }
}
