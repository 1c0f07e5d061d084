//! Telling the center how a run goes, on a line of its own.

use std::{sync::Arc, time::Duration};

use agent_api::{Empty, REPORT, ReportRequest, RunEvent};
use http::Method;
use smc::ports::Random;
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{sleep, timeout},
};

use crate::{
    link::{Door, Line},
    pace::Backoff,
};

/// Least time between two reports of figures.
const AT_MOST_EVERY: Duration = Duration::from_secs(1);

/// Tells what happens to one run. Of figures only the newest are told; how the run ended is told until it is heard, or
/// until this is dropped.
pub(super) struct Reports {
    events: watch::Sender<Option<RunEvent>>,
    telling: JoinHandle<()>,
}

impl Reports {
    /// Begins to tell of a run.
    pub(super) fn begin(door: Arc<Door>, random: Arc<dyn Random>, job: &str, run: &str) -> Self {
        let (events, heard) = watch::channel(None);
        let teller = Teller {
            line: Line::through(door),
            random,
            job: job.to_owned(),
            run: run.to_owned(),
            backoff: Backoff::default(),
        };
        Self { events, telling: tokio::spawn(teller.tell(heard)) }
    }

    /// Has something told.
    pub(super) fn tell(&self, event: RunEvent) {
        self.events.send_replace(Some(event));
    }
}

impl Drop for Reports {
    fn drop(&mut self) {
        self.telling.abort();
    }
}

/// Whether a run has ended with this.
const fn is_end(event: &RunEvent) -> bool {
    !matches!(event, RunEvent::Progress { .. })
}

struct Teller {
    line: Line,
    random: Arc<dyn Random>,
    job: String,
    run: String,
    backoff: Backoff,
}

impl Teller {
    async fn tell(mut self, mut events: watch::Receiver<Option<RunEvent>>) {
        while events.changed().await.is_ok() {
            let Some(event) = events.borrow_and_update().clone() else { continue };
            if is_end(&event) {
                return self.say_at_last(event).await;
            }
            // Figures that get lost are followed by others.
            if let Err(error) = self.say(event).await {
                tracing::debug!(%error, "figures were not told");
            }
            // The center waits for how a run ended.
            let end =
                timeout(AT_MOST_EVERY, events.wait_for(|event| event.as_ref().is_some_and(is_end))).await;
            let end = end.ok().and_then(Result::ok).and_then(|event| event.clone());
            if let Some(event) = end {
                return self.say_at_last(event).await;
            }
        }
    }

    async fn say_at_last(&mut self, event: RunEvent) {
        loop {
            match self.say(event.clone()).await {
                Ok(()) => return,
                // It has gone on already: its streams told it.
                Err(error) if error.is_final() && matches!(event, RunEvent::Complete { .. }) => {
                    tracing::debug!("the center does not take the end of run {}: {error}", self.run);
                    return;
                }
                // A center that has just started may not conduct the run yet; one that does not want it any more says so
                // by other work, which ends this.
                Err(error) => tracing::debug!(%error, "the end of the run was not told yet"),
            }
            sleep(self.backoff.next(&*self.random)).await;
        }
    }

    async fn say(&mut self, event: RunEvent) -> Result<(), crate::link::CallError> {
        let request = ReportRequest {
            protocol: agent_api::NEWEST,
            job_id: self.job.clone(),
            run_id: self.run.clone(),
            event,
        };
        self.line.call::<_, Empty>(Method::POST, REPORT, &request).await.map(|Empty {}| ())
    }
}
