//! One run, from its staging disks to its image.
//!
//! Each step ends with an event to the job's state machine, in the database. So whoever picks the run up after a death
//! knows which step is next, and each step can be done again from its beginning: staging disks are opened where they
//! are, an agent that comes again is compared with them ([`copy`]), an image that is there already is taken ([`image`]).

mod copy;
mod image;

pub(super) use copy::{settings, work};

use std::{sync::Arc, time::Duration};

use replication::frame::Settings;
use smc::{
    JobId, RunId,
    job::{Event, Job, Running, Stage},
};
use tokio::{sync::watch, task::spawn_blocking, time::sleep};

use super::Conductor;

/// A run that this center conducts.
pub(super) struct Conducted {
    pub(super) center: Arc<Conductor>,
    pub(super) job: Job,
    pub(super) running: Running,
    pub(super) settings: watch::Receiver<Settings>,
    pub(super) cancel: watch::Receiver<bool>,
}

/// Why a run does not come to its end here.
enum End {
    /// It cannot go on without someone's help.
    Failed { code: &'static str, message: String },
    /// The agent says that it cannot go on.
    FailedThere { code: String, message: String },
    /// It was stopped, or goes on at another center.
    Over,
}

impl Conducted {
    /// Conducts the run from where it stands.
    pub(super) async fn conduct(self) {
        let id = self.job.id.clone();
        self.center.figures.begin(&id, self.job.account);
        let (code, message) = match self.through().await {
            Ok(()) | Err(End::Over) => (String::new(), String::new()),
            Err(End::Failed { code, message }) => (code.to_owned(), message),
            Err(End::FailedThere { code, message }) => (code, message),
        };
        if !code.is_empty() {
            tracing::warn!(job = %id, code, message, "a run failed");
            let run = self.running.run.clone();
            // Over already is as good.
            let _ = self.event(Event::Failed { run, code, message }).await;
        }
        self.center.write_figures().await;
        self.center.figures.end(&id);
        self.center.figures.changed(self.job.account, &id);
    }

    async fn through(&self) -> Result<(), End> {
        let Some(run) = self.running.run.clone() else { return self.clean(None).await };
        if self.running.stage != Stage::Cleaning {
            let (set, held) = self.open().await?;
            // What another center had copied when it died is not here.
            let lost = self.running.stage == Stage::Processing && held.as_ref() != Some(&run);
            if lost {
                tracing::warn!(job = %self.job.id, %run, "the copy of a run is not here, and is made anew");
                self.event(Event::CopyLost { run: run.clone() }).await?;
            }
            if lost || matches!(self.running.stage, Stage::Preparing | Stage::Syncing) {
                self.sync(&run, &set, held.as_ref()).await?;
                self.note(&run).await?;
                self.event(Event::Synced { run: run.clone() }).await?;
            }
            self.build(&run, set).await?;
        }
        self.clean(Some(run)).await
    }

    async fn clean(&self, run: Option<RunId>) -> Result<(), End> {
        if self.running.last {
            let (storage, id) = (self.center.storage.clone(), self.job.id.clone());
            if let Ok(Err(error)) = spawn_blocking(move || storage.discard(&id)).await {
                tracing::warn!(job = %self.job.id, %error, "staging disks stay until the next start of the center");
            }
        }
        // Whoever sees the run's end is to find its figures.
        self.center.figures.made(&self.job.id);
        self.center.write_figures().await;
        self.event(Event::Cleaned { run }).await
    }

    /// Tells the job's state machine; an event that comes too late ends the run here.
    async fn event(&self, event: Event) -> Result<(), End> {
        let again = matches!(event, Event::Prepared { .. }) && self.running.stage == Stage::Syncing;
        let outcome = self.ask(|center, id| {
            let event = event.clone();
            async move { center.registry.job_event(id, event).await }
        });
        let outcome = outcome.await?;
        self.center.figures.changed(self.job.account, &self.job.id);
        match outcome {
            Ok(_) => Ok(()),
            Err(_) if again => Ok(()),
            Err(reason) => {
                tracing::info!(job = %self.job.id, %reason, "a run is over before its end");
                Err(End::Over)
            }
        }
    }

    /// Asks the registry, again and again while the database cannot be reached.
    async fn ask<T, F>(&self, question: impl Fn(Arc<Conductor>, JobId) -> F) -> Result<T, End>
    where
        F: Future<Output = Result<T, smc::registry::Error>>,
    {
        let mut cancel = self.cancel.clone();
        loop {
            match question(self.center.clone(), self.job.id.clone()).await {
                Ok(answer) => return Ok(answer),
                Err(smc::registry::Error::NoJob(_)) => return Err(End::Over),
                Err(error) => tracing::warn!(job = %self.job.id, %error, "a run waits for the database"),
            }
            tokio::select! {
                () = over(&mut cancel) => return Err(End::Over),
                () = sleep(Duration::from_secs(1)) => {}
            }
        }
    }
}

/// Returns when the run is to end here; its sender being gone means the same.
async fn over(cancel: &mut watch::Receiver<bool>) {
    let _ = cancel.wait_for(|cancelled| *cancelled).await;
}

fn unexpected(code: &'static str, doing: &str) -> End {
    End::Failed {
        code,
        message: format!("{doing} ended unexpectedly; see the center's log, then start the job again"),
    }
}
