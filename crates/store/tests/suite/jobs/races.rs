//! What several centers want at the same moment.

use std::{collections::BTreeMap, thread};

use smc::{
    JobId,
    job::{Job, State},
    ports::{JobTx, StoreError},
};

use crate::{
    place::{Place, run},
    samples::{START, account, at, job, job_id, source_id, syncing},
};

on_both_engines!(
    of_centers_that_want_a_lease_exactly_one_has_it,
    due_jobs_are_taken_exactly_once,
    a_source_gets_one_job_under_a_race,
);

const CENTERS: u32 = 8;

/// Runs the work once for each center, each with a database handle of its own, all at the same time.
fn at_once<T: Send>(place: &Place, work: impl Fn(u32, store::Database) -> T + Sync) -> Vec<T> {
    let barrier = std::sync::Barrier::new(CENTERS as usize);
    thread::scope(|scope| {
        let centers: Vec<_> = (0..CENTERS)
            .map(|center| {
                let (work, barrier) = (&work, &barrier);
                scope.spawn(move || {
                    let database = place.open();
                    barrier.wait();
                    work(center, database)
                })
            })
            .collect();
        centers.into_iter().map(|center| center.join().unwrap()).collect()
    })
}

/// Runs one work in a runtime of its own.
fn wait<T>(work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    let mut outcome = None;
    run(async { outcome = Some(work.await) });
    outcome.unwrap()
}

async fn of_centers_that_want_a_lease_exactly_one_has_it(place: &Place) {
    const ROUNDS: u32 = 10;
    let database = place.open();
    database.write(|tx| tx.insert_job(&job(1), None)).await.unwrap();
    drop(database);
    let taken = at_once(place, |center, database| {
        // In each round the lease of the round before has lapsed.
        let terms = (0..ROUNDS).map(|round| START + i64::from(round) * 30);
        let rounds = terms.map(|now| {
            let name = format!("center-{center}");
            wait(database.write(move |tx| tx.take_lease(&job_id(1), &name, at(now), at(now + 30)))).unwrap()
        });
        rounds.collect::<Vec<_>>()
    });
    // Whoever comes to a round after others are at later ones has lost it: never do two win one.
    let winners = |round: usize| taken.iter().filter(|rounds| rounds[round]).count();
    assert!((0..ROUNDS as usize).all(|round| winners(round) <= 1), "{taken:?}");
    assert_eq!(winners(ROUNDS as usize - 1), 1, "{taken:?}");
}

async fn due_jobs_are_taken_exactly_once(place: &Place) {
    const JOBS: u32 = 40;
    let database = place.open();
    let scheduled = Some(at(START + 60));
    database
        .write(move |tx| (1..=JOBS).try_for_each(|n| tx.insert_job(&Job { scheduled, ..job(n) }, None)))
        .await
        .unwrap();
    drop(database);
    let now = at(START + 61);
    let takers = at_once(place, |center, database| {
        let mut taken = Vec::new();
        loop {
            let due = wait(database.read(move |tx| tx.due_jobs(now, 7))).unwrap();
            if due.is_empty() {
                return taken;
            }
            for id in due {
                let asked = id.clone();
                let changed = wait(database.write(move |tx| {
                    let Some(job) = tx.job_to_change(&asked)? else { return Ok(false) };
                    if job.due().is_none_or(|due| due > now) {
                        return Ok(false);
                    }
                    tx.update_job(&Job { state: syncing(center), ..job })?;
                    Ok(true)
                }));
                taken.extend(changed.unwrap().then_some((id, center)));
            }
        }
    });
    let pairs: Vec<(JobId, u32)> = takers.into_iter().flatten().collect();
    let by_job: BTreeMap<_, _> = pairs.iter().cloned().collect();
    assert_eq!((pairs.len(), by_job.len()), (JOBS as usize, JOBS as usize));
    let database = place.open();
    for (id, center) in by_job {
        let job = database.read(move |tx| tx.job(&account(1), &id)).await.unwrap().unwrap();
        assert_eq!(job.state, syncing(center));
    }
}

async fn a_source_gets_one_job_under_a_race(place: &Place) {
    drop(place.open());
    let outcomes = at_once(place, |center, database| {
        // Nobody looks first: the schema alone keeps the second out.
        let wanted = Job { source: source_id(1), state: State::Ready, ..job(center + 1) };
        wait(database.write(move |tx| tx.insert_job(&wanted, None)))
    });
    let created = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    let refused = outcomes.iter().filter(|outcome| matches!(outcome, Err(StoreError::Conflict(_)))).count();
    assert_eq!((created, refused), (1, CENTERS as usize - 1), "{outcomes:?}");
    assert_eq!(place.number("SELECT COUNT(*) FROM jobs"), 1);
}
