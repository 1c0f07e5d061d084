//! Whatever happens in whatever order, a job is in a documented state and came there by a documented way.

use proptest::prelude::*;

use super::super::{
    Cycle, Event, Job, JobDisk, JobSettings, Refused, Running, Stage, State, Status, Step, Trigger,
};
use crate::{ImageId, JobId, RunId, SourceId, Timestamp};

fn run(number: u8) -> RunId {
    RunId::from_random(&[number; 32])
}

fn image(number: u8) -> ImageId {
    ImageId::from_random(&[number; 32])
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix(seconds)
}

const DAY: i64 = 86_400;

fn job(cycle: Cycle) -> Job {
    Job {
        id: JobId::from_random(&[1; 32]),
        account: crate::access_token::tests::sample().account,
        source: SourceId::from_random(&[2; 32]),
        name: None,
        description: String::new(),
        created: at(0),
        valid_until: at(30 * DAY),
        scheduled: None,
        cycle,
        state: State::Ready,
        settings: JobSettings::default(),
        disks: vec![JobDisk {
            index: 0,
            path: "/dev/vda".into(),
            size_bytes: 1 << 30,
            table_id: String::new(),
            serial: String::new(),
            target_gib: None,
        }],
        started: None,
        ended: None,
        images_made: 0,
        image: None,
    }
}

const EVERY: Cycle = Cycle::Every { hours: 6, keep: 2 };

/// Applies events one after the other, each at its second; all must be accepted.
fn after(job: Job, events: &[(i64, Event)]) -> Job {
    events.iter().fold(job, |job, (second, event)| job.apply(event.clone(), at(*second)).unwrap().job)
}

fn whole_run(number: u8, second: i64) -> Vec<(i64, Event)> {
    let run = run(number);
    vec![
        (second, Event::Prepared { run: run.clone() }),
        (second + 1, Event::Synced { run: run.clone() }),
        (second + 2, Event::Built { run: run.clone(), image: image(number) }),
        (second + 3, Event::Cleaned { run: Some(run) }),
    ]
}

fn failed(number: u8) -> Event {
    Event::Failed { run: Some(run(number)), code: "Staging.NoSpace".into(), message: "full".into() }
}

#[test]
fn a_job_that_copies_once_ends_with_its_run() {
    let started = job(Cycle::Once).apply(Event::Start { run: run(1) }, at(5)).unwrap();
    assert_eq!(started.begins, Some((run(1), Trigger::Manual)));
    let events = whole_run(1, 10);
    let cleaning = after(started.job, &events[..3]);
    assert_eq!(cleaning.images_made, 1);
    let done = cleaning.apply(events[3].1.clone(), at(13)).unwrap();
    assert_eq!(done.ends, Some((run(1), Some(image(1)))));
    assert_eq!(done.job.state, State::Finished);
    assert_eq!((done.job.started, done.job.ended), (Some(at(5)), Some(at(13))));
    assert_eq!(done.job.image, Some(image(1)));
}

#[test]
fn an_incremental_job_waits_its_hours_from_the_end_of_a_run_and_is_cut_over() {
    let waiting = after(job(EVERY), &[(0, Event::Start { run: run(1) })]);
    let waiting = after(waiting, &whole_run(1, 10));
    assert_eq!(waiting.state, State::Waiting { next: at(13 + 6 * 3_600) });
    assert_eq!(waiting.apply(Event::Tick { run: run(2) }, at(12 + 6 * 3_600)), Err(Refused::Stale));
    let again = waiting.apply(Event::Tick { run: run(2) }, at(13 + 6 * 3_600)).unwrap();
    assert_eq!(again.begins, Some((run(2), Trigger::Schedule)));

    let by_hand = waiting.apply(Event::Start { run: run(3) }, at(20)).unwrap();
    assert_eq!(by_hand.begins, Some((run(3), Trigger::Manual)));
    assert_eq!(after(by_hand.job, &whole_run(3, 30)).state.status(), Status::Waiting);

    let with_copy = waiting.apply(Event::CutOver { last_run: Some(run(4)) }, at(20)).unwrap();
    assert_eq!(with_copy.begins, Some((run(4), Trigger::Manual)));
    let done = after(with_copy.job, &whole_run(4, 30));
    assert_eq!((done.state, done.images_made), (State::Finished, 2));

    let without = waiting.apply(Event::CutOver { last_run: None }, at(20)).unwrap();
    assert_eq!((&without.begins, &without.ends), (&None, &None));
    assert_eq!(without.job.state.stage(), Some(Stage::Cleaning));
    assert_eq!(without.job.apply(Event::Cleaned { run: Some(run(1)) }, at(21)), Err(Refused::Stale));
    let done = without.job.apply(Event::Cleaned { run: None }, at(21)).unwrap();
    assert_eq!((done.job.state, done.ends, done.job.images_made), (State::Finished, None, 1));
}

#[test]
fn a_stopped_or_failed_cutover_goes_on_as_one() {
    let last = after(job(EVERY), &[(0, Event::Start { run: run(1) })]);
    let last = after(last, &whole_run(1, 10));
    let last = after(last, &[(20, Event::CutOver { last_run: Some(run(2)) })]);
    let syncing = after(last.clone(), &[(21, Event::Prepared { run: run(2) })]);
    for broken in [after(syncing, &[(22, Event::Stop)]), after(last, &[(22, failed(2))])] {
        let again = after(broken, &[(30, Event::Start { run: run(3) })]);
        assert_eq!(after(again, &whole_run(3, 40)).state, State::Finished);
    }
}

#[test]
fn what_failed_says_why_and_its_run_is_over() {
    let running = after(job(Cycle::Once), &[(0, Event::Start { run: run(1) })]);
    let step = running.apply(failed(1), at(7)).unwrap();
    assert_eq!(step.ends, Some((run(1), None)));
    let State::InError { code, message, last } = &step.job.state else { panic!("{:?}", step.job.state) };
    assert_eq!((code.as_str(), message.as_str(), *last), ("Staging.NoSpace", "full", true));
    assert_eq!(step.job.apply(failed(1), at(8)), Err(Refused::Stale));

    let cleaning = after(running, &whole_run(1, 1)[..3]);
    let step = cleaning.apply(failed(1), at(9)).unwrap();
    assert_eq!(step.ends, Some((run(1), Some(image(1)))), "the image was made all the same");
}

#[test]
fn a_copy_that_is_lost_before_its_image_is_made_anew_in_the_same_run() {
    let started = after(job(EVERY), &[(0, Event::Start { run: run(1) })]);
    let processing = after(started, &whole_run(1, 1)[..2]);
    let step = processing.apply(Event::CopyLost { run: run(1) }, at(9)).unwrap();
    assert_eq!((step.begins, step.ends), (None, None));
    assert_eq!(step.job.state.stage(), Some(Stage::Preparing));
    assert_eq!(step.job.apply(Event::CopyLost { run: run(1) }, at(9)), Err(Refused::Stale));
    assert_eq!(after(step.job, &whole_run(1, 10)).images_made, 1);
}

#[test]
fn the_clock_starts_expires_and_removes() {
    let scheduled = Job { scheduled: Some(at(DAY)), ..job(Cycle::Once) };
    let tick = |job: &Job, second| job.apply(Event::Tick { run: run(9) }, at(second));
    assert_eq!(tick(&scheduled, DAY - 1), Err(Refused::Stale));
    assert_eq!(tick(&scheduled, DAY).unwrap().begins, Some((run(9), Trigger::Schedule)));
    // Past its time it does not start any more, however early it should have.
    let expired = tick(&scheduled, 30 * DAY).unwrap();
    assert_eq!(expired.job.state, State::Expired { at: at(30 * DAY) });
    assert_eq!(tick(&expired.job, 37 * DAY - 1), Err(Refused::Stale));
    assert_eq!(tick(&expired.job, 37 * DAY).unwrap().job.state, State::Deleting);

    let running = after(job(Cycle::Once), &[(0, Event::Start { run: run(1) })]);
    assert_eq!(tick(&running, 400 * DAY), Err(Refused::Stale), "what runs never expires");
    let late = job(Cycle::Once).apply(Event::Start { run: run(1) }, at(30 * DAY));
    assert!(matches!(late, Err(Refused::Status { current: "Expired", .. })), "{late:?}");
}

#[test]
fn refusals_name_what_is_and_what_would_do() {
    let running = after(job(EVERY), &[(0, Event::Start { run: run(1) })]);
    for (job, event, expected) in [
        (&running, Event::Stop, "the job is Running and Preparing; this is possible while it is Syncing"),
        (
            &running,
            Event::CutOver { last_run: None },
            "the job is Running; this is possible while it is Waiting",
        ),
        (
            &running,
            Event::Delete,
            "the job is Running; this is possible while it is Ready, Stopped, InError, Waiting, Finished or Expired",
        ),
        (&job(EVERY), Event::Stop, "the job is Ready; this is possible while it is Running"),
        (
            &job(Cycle::Once),
            Event::CutOver { last_run: None },
            "the job copies once and ends by itself; only an incremental job is cut over",
        ),
    ] {
        assert_eq!(job.apply(event, at(1)).unwrap_err().to_string(), expected);
    }
}

/// A node of the documented table: the status, and while running the stage.
type Node = (Status, Option<Stage>);

/// The table of behaviour as it is documented, written down apart from the machine: which event leads where.
fn documented(cycle: Cycle, from: Node, event: &Event) -> &'static [Node] {
    use Stage::{Cleaning, Preparing, Processing, Syncing};
    use Status::{Deleting, Expired, Finished, InError, Ready, Running, Stopped, Waiting};
    match (from.0, from.1, event) {
        (Ready | Stopped | InError | Waiting, None, Event::Start { .. })
        | (Running, Some(Processing), Event::CopyLost { .. }) => &[(Running, Some(Preparing))],
        (Running, Some(Syncing), Event::Stop) => &[(Stopped, None)],
        (Waiting, None, Event::CutOver { last_run }) if cycle != Cycle::Once => match last_run {
            Some(_) => &[(Running, Some(Preparing))],
            None => &[(Running, Some(Cleaning))],
        },
        (Ready | Stopped | InError | Waiting | Finished | Expired | Deleting, None, Event::Delete) => {
            &[(Deleting, None)]
        }
        (Ready | Waiting, None, Event::Tick { .. }) => &[(Running, Some(Preparing)), (Expired, None)],
        (Stopped | InError, None, Event::Tick { .. }) => &[(Expired, None)],
        (Expired, None, Event::Tick { .. }) => &[(Deleting, None)],
        (Running, Some(Preparing), Event::Prepared { .. }) => &[(Running, Some(Syncing))],
        (Running, Some(Syncing), Event::Synced { .. }) => &[(Running, Some(Processing))],
        (Running, Some(Processing), Event::Built { .. }) => &[(Running, Some(Cleaning))],
        (Running, Some(Cleaning), Event::Cleaned { .. }) => match cycle {
            Cycle::Once => &[(Finished, None)],
            Cycle::Every { .. } => &[(Finished, None), (Waiting, None)],
        },
        (Running, Some(_), Event::Failed { .. }) => &[(InError, None)],
        _ => &[],
    }
}

/// What may come next: an event about the run that goes on or about one long over, after some time.
#[derive(Clone, Copy, Debug)]
struct Move {
    kind: u8,
    stale: bool,
    seconds: i64,
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    // Those that carry a run forward weigh more, or few sequences would see the end of one.
    let kind = prop_oneof![3 => 0..11_u8, 4 => 5..9_u8];
    let seconds = prop_oneof![6 => 0..60_i64, 2 => 0..8 * 3_600_i64, 1 => 0..10 * DAY];
    let one = (kind, prop::bool::weighted(0.1), seconds);
    prop::collection::vec(one.prop_map(|(kind, stale, seconds)| Move { kind, stale, seconds }), 1..60)
}

/// The world around a job: its past runs, and what was told about their beginning and end.
struct Past {
    job: Job,
    now: i64,
    runs: u8,
    open: Option<RunId>,
    images: u32,
}

impl Past {
    fn event(&mut self, wanted: Move) -> Event {
        self.runs = self.runs.wrapping_add(1);
        let fresh = run(self.runs);
        let current = match &self.job.state {
            State::Running(Running { run, .. }) => run.clone(),
            _ => None,
        };
        let about = if wanted.stale { Some(run(0)) } else { current };
        let known = about.clone().unwrap_or_else(|| run(0));
        match wanted.kind {
            0 => Event::Start { run: fresh },
            1 => Event::Stop,
            2 => Event::CutOver { last_run: wanted.stale.then_some(fresh) },
            3 => Event::Delete,
            4 => Event::CutOver { last_run: Some(fresh) },
            5 => Event::Prepared { run: known },
            6 => Event::Synced { run: known },
            7 => Event::Built { run: known, image: image(self.runs) },
            8 => Event::Cleaned { run: about },
            10 => Event::CopyLost { run: known },
            9 if wanted.seconds % 2 == 0 => {
                Event::Failed { run: about, code: "InternalError".into(), message: String::new() }
            }
            _ => Event::Tick { run: fresh },
        }
    }

    /// Applies one event and holds the step against everything that must be so.
    fn live(&mut self, wanted: Move) {
        self.now += wanted.seconds;
        let (now, event) = (at(self.now), self.event(wanted));
        let from = (self.job.state.status(), self.job.state.stage());
        let Ok(Step { job, begins, ends }) = self.job.apply(event.clone(), now) else { return };
        let to = (job.state.status(), job.state.stage());
        assert!(documented(job.cycle, from, &event).contains(&to), "{from:?} by {event:?} to {to:?}");
        assert!(from.0 != Status::Finished || to.0 == Status::Deleting, "a finished job runs again");
        assert!(to.0 != Status::Expired || job.valid_until <= now, "expired before its time");

        if let Some((ended, image)) = ends {
            assert_eq!(self.open.take(), Some(ended), "a run ends that did not go on");
            assert!(image.is_none() || image == job.image);
        }
        if let Some((begun, _)) = begins {
            assert_eq!(self.open.replace(begun), None, "two runs at once");
        }
        let running = match &job.state {
            State::Running(running) => running.run.clone(),
            _ => None,
        };
        assert_eq!(self.open, running, "the open run is the one that goes on");
        self.images += u32::from(matches!(event, Event::Built { .. }));
        assert_eq!(job.images_made, self.images);
        assert_eq!(job.image.is_some(), self.images > 0);
        assert_eq!(job.ended.is_some(), self.job.ended.is_some() || to.0 == Status::Finished);
        assert!(job.started >= self.job.started);
        assert_eq!((&job.id, &job.disks, job.cycle), (&self.job.id, &self.job.disks, self.job.cycle));
        self.job = job;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn every_way_is_a_documented_one(
        incremental: bool,
        scheduled in prop::option::of(0..30 * DAY),
        moves in moves(),
    ) {
        let job = Job {
            scheduled: scheduled.map(at),
            ..job(if incremental { EVERY } else { Cycle::Once })
        };
        let mut past = Past { job, now: 0, runs: 0, open: None, images: 0 };
        for wanted in moves {
            past.live(wanted);
            // The clock says the same thing once: what it changed, it does not change again in the same second.
            let now = at(past.now);
            if let Ok(step) = past.job.apply(Event::Tick { run: run(254) }, now) {
                prop_assert!(past.job.due().is_some_and(|due| due <= now));
                prop_assert_eq!(step.job.apply(Event::Tick { run: run(255) }, now), Err(Refused::Stale));
            } else {
                prop_assert!(past.job.due().is_none_or(|due| due > now), "due and nothing happens");
            }
        }
    }
}

#[test]
fn the_search_reaches_every_state() {
    use proptest::{strategy::ValueTree, test_runner::TestRunner};
    let mut runner = TestRunner::deterministic();
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..2_000 {
        let mut past = Past { job: job(EVERY), now: 0, runs: 0, open: None, images: 0 };
        for wanted in moves().new_tree(&mut runner).unwrap().current() {
            past.live(wanted);
            seen.insert((past.job.state.status().as_str(), past.job.state.stage().map(Stage::as_str)));
        }
    }
    assert_eq!(seen.len(), 11, "{seen:?}");
}
