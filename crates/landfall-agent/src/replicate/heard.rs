//! What a stream's center says: answers, what is durable, settings, its last words.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use agent_api::{StreamError, read_frame};
use replication::{
    Frame,
    frame::{Failed, Settings},
};
use tokio::{
    io::AsyncRead,
    sync::{oneshot, watch},
};

use super::Bandwidth;

/// What the center has said, as far as the sender must know.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// Who waits for the answer to which frame.
    waiting: Mutex<HashMap<u64, oneshot::Sender<Vec<u8>>>>,
}

/// How the center's side stands.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    pub(super) durable: u64,
    pub(super) settings: Settings,
    /// Why nothing more will be heard.
    pub(super) over: Option<Result<(), Failed>>,
}

impl Heard {
    pub(super) fn waiting(&self) -> std::sync::MutexGuard<'_, HashMap<u64, oneshot::Sender<Vec<u8>>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes in what the center says, until it says no more.
pub(super) async fn listen(
    mut reader: impl AsyncRead + Unpin,
    heard: Arc<Heard>,
    states: watch::Sender<State>,
    bandwidth: Arc<Bandwidth>,
) -> Result<(), StreamError> {
    let outcome = loop {
        match read_frame(&mut reader).await {
            Ok(Some(Frame::Durable { sequence })) => {
                states.send_modify(|state| state.durable = state.durable.max(sequence));
            }
            Ok(Some(Frame::Settings(settings))) => {
                // Before the sender wakes, so that it does not wait for the old limit.
                bandwidth.set(settings.bandwidth_bytes_per_second);
                states.send_modify(|state| state.settings = settings);
            }
            Ok(Some(Frame::Want { sequence, wanted })) => {
                if let Some(waiting) = heard.waiting().remove(&sequence) {
                    // Who does not wait any more has given up.
                    let _ = waiting.send(wanted);
                }
            }
            Ok(Some(Frame::Failed(failed))) => {
                states.send_modify(|state| state.over = Some(Err(failed)));
                break Ok(());
            }
            // Frames that only an agent sends, and the end.
            Ok(_) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    states.send_modify(|state| {
        state.over.get_or_insert(Ok(()));
    });
    heard.waiting().clear();
    outcome
}
