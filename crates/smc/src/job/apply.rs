//! The one machine that moves a job from state to state.
//!
//! It decides on values alone: the job, what happens, and the time. What an event leads to comes back as a [`Step`];
//! an event that does not fit changes nothing and says why. The operations, the clock and whoever conducts a copy have
//! no other way to change the state of a job.

#[cfg(test)]
mod tests;

use super::{Cycle, Event, Job, Refused, Running, Stage, State, Status, Step, Trigger};
use crate::{ImageId, RunId, Timestamp};

/// Where a start is possible; `Waiting` is ours: a run between those that the schedule makes.
const STARTABLE: &str = "Ready, Stopped, InError or Waiting";
/// Where a deletion is possible.
const DELETABLE: &str = "Ready, Stopped, InError, Waiting, Finished or Expired";

const HOUR: i64 = 3_600;

impl Job {
    /// Says what an event leads to at this moment; the job itself stays as it is.
    ///
    /// A job past its time counts as expired for whoever operates on it, also before the clock has noted that.
    pub fn apply(&self, event: Event, now: Timestamp) -> Result<Step, Refused> {
        match event {
            Event::Start { run } => self.start(run, now),
            Event::Stop => self.stop(),
            Event::CutOver { last_run } => self.cut_over(last_run, now),
            Event::Delete => self.delete(),
            Event::Tick { run } => self.tick(run, now),
            Event::Prepared { run } => {
                let running = self.at(Stage::Preparing, Some(&run))?;
                Ok(self.further(running, Stage::Syncing))
            }
            Event::Synced { run } => {
                let running = self.at(Stage::Syncing, Some(&run))?;
                Ok(self.further(running, Stage::Processing))
            }
            Event::CopyLost { run } => {
                let running = self.at(Stage::Processing, Some(&run))?;
                Ok(self.further(running, Stage::Preparing))
            }
            Event::Built { run, image } => {
                let running = self.at(Stage::Processing, Some(&run))?;
                let mut step = self.further(running, Stage::Cleaning);
                step.job.images_made = self.images_made.saturating_add(1);
                step.job.image = Some(image);
                Ok(step)
            }
            Event::Cleaned { run } => {
                let running = self.at(Stage::Cleaning, run.as_ref())?;
                Ok(self.cleaned(running, now))
            }
            Event::Failed { run, code, message } => self.failed(run.as_ref(), code, message),
        }
    }

    /// Whether the job is past its time: only one that is not running and not done can be.
    fn overdue(&self, now: Timestamp) -> bool {
        let open = matches!(
            self.state,
            State::Ready | State::Stopped { .. } | State::InError { .. } | State::Waiting { .. }
        );
        open && self.valid_until <= now
    }

    /// The status as an operation has to see it.
    fn status_at(&self, now: Timestamp) -> Status {
        if self.overdue(now) { Status::Expired } else { self.state.status() }
    }

    fn start(&self, run: RunId, now: Timestamp) -> Result<Step, Refused> {
        let last = match &self.state {
            _ if self.overdue(now) => return Err(refused(Status::Expired, STARTABLE)),
            State::Ready | State::Waiting { .. } => false,
            State::Stopped { last } | State::InError { last, .. } => *last,
            other => return Err(refused(other.status(), STARTABLE)),
        };
        Ok(self.begin(run, Trigger::Manual, last, now))
    }

    fn stop(&self) -> Result<Step, Refused> {
        match &self.state {
            State::Running(running) if running.stage == Stage::Syncing => {
                let mut step = self.to(State::Stopped { last: running.last });
                step.ends = running.run.clone().map(|run| (run, None));
                Ok(step)
            }
            State::Running(running) => {
                Err(Refused::Stage { current: running.stage.as_str(), allowed: Stage::Syncing.as_str() })
            }
            other => Err(refused(other.status(), Status::Running.as_str())),
        }
    }

    fn cut_over(&self, last_run: Option<RunId>, now: Timestamp) -> Result<Step, Refused> {
        if self.cycle == Cycle::Once {
            return Err(Refused::NotIncremental);
        }
        match self.status_at(now) {
            Status::Waiting => {}
            other => return Err(refused(other, Status::Waiting.as_str())),
        }
        Ok(match last_run {
            Some(run) => self.begin(run, Trigger::Manual, true, now),
            None => self.to(State::Running(Running { run: None, stage: Stage::Cleaning, last: true })),
        })
    }

    fn delete(&self) -> Result<Step, Refused> {
        match self.state.status() {
            Status::Running => Err(refused(Status::Running, DELETABLE)),
            _ => Ok(self.to(State::Deleting)),
        }
    }

    fn tick(&self, run: RunId, now: Timestamp) -> Result<Step, Refused> {
        if self.overdue(now) {
            // From when it is noted, not from when it was due: a center that was off takes nobody's week away.
            return Ok(self.to(State::Expired { at: now }));
        }
        match &self.state {
            State::Ready if self.scheduled.is_some_and(|at| at <= now) => {
                Ok(self.begin(run, Trigger::Schedule, false, now))
            }
            State::Waiting { next } if *next <= now => Ok(self.begin(run, Trigger::Schedule, false, now)),
            State::Expired { .. } if self.due().is_some_and(|at| at <= now) => Ok(self.to(State::Deleting)),
            _ => Err(Refused::Stale),
        }
    }

    fn cleaned(&self, running: &Running, now: Timestamp) -> Step {
        let mut step = match self.cycle {
            Cycle::Every { hours, .. } if !running.last => {
                self.to(State::Waiting { next: now.plus_seconds(i64::from(hours) * HOUR) })
            }
            _ => {
                let mut step = self.to(State::Finished);
                step.job.ended = Some(now);
                step
            }
        };
        step.ends = self.ending(running);
        step
    }

    fn failed(&self, run: Option<&RunId>, code: String, message: String) -> Result<Step, Refused> {
        let running = self.running(run)?;
        let mut step = self.to(State::InError { code, message, last: running.last });
        step.ends = self.ending(running);
        Ok(step)
    }

    /// A run that begins.
    fn begin(&self, run: RunId, trigger: Trigger, last: bool, now: Timestamp) -> Step {
        let last = last || self.cycle == Cycle::Once;
        let mut step =
            self.to(State::Running(Running { run: Some(run.clone()), stage: Stage::Preparing, last }));
        step.job.started = Some(self.started.unwrap_or(now));
        step.begins = Some((run, trigger));
        step
    }

    /// The run that ends with this step, and the image it made: a run has one from the end of Processing on.
    fn ending(&self, running: &Running) -> Option<(RunId, Option<ImageId>)> {
        let image = self.image.clone().filter(|_| running.stage == Stage::Cleaning);
        running.run.clone().map(|run| (run, image))
    }

    /// What goes on, if it is this run.
    fn running(&self, run: Option<&RunId>) -> Result<&Running, Refused> {
        match &self.state {
            State::Running(running) if running.run.as_ref() == run => Ok(running),
            _ => Err(Refused::Stale),
        }
    }

    /// What goes on, if it is this run in this stage.
    fn at(&self, stage: Stage, run: Option<&RunId>) -> Result<&Running, Refused> {
        self.running(run).and_then(
            |running| {
                if running.stage == stage { Ok(running) } else { Err(Refused::Stale) }
            },
        )
    }

    fn further(&self, running: &Running, stage: Stage) -> Step {
        self.to(State::Running(Running { stage, ..running.clone() }))
    }

    fn to(&self, state: State) -> Step {
        Step { job: Self { state, ..self.clone() }, begins: None, ends: None }
    }
}

const fn refused(current: Status, allowed: &'static str) -> Refused {
    Refused::Status { current: current.as_str(), allowed }
}
