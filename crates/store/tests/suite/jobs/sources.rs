//! Sources by their jobs: whether they are in use, and which jobs they have.

use smc::{
    job::{Job, State},
    ports::{JobTx, Page, Related, SourceFilter, Tx},
    source::{self, Source},
    tag::{Tag, TagFilter},
};

use crate::{
    place::Place,
    samples::{START, account, at, fault, job, job_id, source, source_id, syncing},
};

on_both_engines!(sources_are_listed_by_their_jobs, jobs_stay_when_their_source_goes);

const ALL: Page = Page { offset: 0, limit: 100 };

/// Sources of account 1 and the states of their jobs: 5 is offline, 6 has a fault.
fn jobs_of_sources() -> [(u32, Vec<State>); 8] {
    [
        (1, vec![]),
        (2, vec![State::Ready]),
        (3, vec![State::Finished]),
        (4, vec![State::Deleting, State::Finished]),
        (5, vec![syncing(5)]),
        (6, vec![syncing(6)]),
        (7, vec![State::Finished, State::Expired { at: at(START) }, State::Deleting]),
        (8, vec![]),
    ]
}

async fn sources_are_listed_by_their_jobs(place: &Place) {
    let database = place.open();
    let now = at(START + 90);
    database
        .write(|tx| {
            for (n, states) in jobs_of_sources() {
                let last_seen = at(if n == 5 { START - 1 } else { START });
                let fault = (n == 6).then(fault);
                tx.insert_source(&Source { last_seen, fault, ..source(n) })?;
                for (place, state) in (0..).zip(states) {
                    let of_it = Job { source: source_id(n), ..job(n * 10 + place) };
                    tx.insert_job(&Job { state, ..of_it }, None)?;
                }
            }
            tx.put_tags(&source_id(7), &[Tag { key: "env".into(), value: "prod".into() }])?;
            tx.insert_source(&Source { account: account(2), ..source(9) })?;
            tx.insert_job(&Job { account: account(2), source: source_id(9), ..job(90) }, None)
        })
        .await
        .unwrap();
    let filter = SourceFilter::default;
    let prod = vec![TagFilter { key: "env".into(), value: None }];
    let in_state = |state| SourceFilter { state: Some(state), ..filter() };
    for (filter, expected) in [
        (in_state(source::State::Available), vec![8, 4, 3, 1]),
        (in_state(source::State::InUse), vec![7, 2]),
        (in_state(source::State::Unavailable), vec![6, 5]),
        (in_state(source::State::Deleting), vec![]),
        (SourceFilter { tags: prod.clone(), ..in_state(source::State::InUse) }, vec![7]),
        (SourceFilter { tags: prod, ..in_state(source::State::Available) }, vec![]),
        (SourceFilter { related: Some(Related::ToJobs), ..filter() }, vec![7, 6, 5, 4, 3, 2]),
        (SourceFilter { related: Some(Related::ToNone), ..filter() }, vec![8, 1]),
        (SourceFilter { job: Some(job_id(70)), ..filter() }, vec![7]),
        (SourceFilter { job: Some(job_id(90)), ..filter() }, vec![]),
        (SourceFilter { job: Some(job_id(99)), ..filter() }, vec![]),
        (SourceFilter { job: Some(job_id(20)), related: Some(Related::ToNone), ..filter() }, vec![]),
    ] {
        let asked = filter.clone();
        let (listing, jobs) = database
            .read(move |tx| {
                let listing = tx.sources(&account(1), &asked, ALL, now)?;
                let ids: Vec<_> = listing.rows.iter().map(|source| source.id.clone()).collect();
                Ok((listing, tx.jobs_of_sources(&ids)?))
            })
            .await
            .unwrap();
        let ids: Vec<_> = listing.rows.iter().map(|source| source.id.clone()).collect();
        assert_eq!(ids, expected.iter().copied().map(source_id).collect::<Vec<_>>(), "{filter:?}");
        assert_eq!(listing.total, ids.len() as u64, "{filter:?}");
        // What the store takes for a state is what the domain does.
        for source in &listing.rows {
            let state = source.state_with(jobs.iter().filter(|job| job.source == source.id), now);
            assert!(filter.state.is_none_or(|asked| asked == state), "{filter:?} {}", source.id);
        }
    }
}

async fn jobs_stay_when_their_source_goes(place: &Place) {
    let database = place.open();
    let (deleted, left) = database
        .write(|tx| {
            tx.insert_source(&source(1))?;
            tx.insert_job(&Job { state: State::Deleting, ..job(1) }, None)?;
            let deleted = tx.delete_source(&account(1), &source_id(1))?;
            Ok((deleted, tx.jobs_of_sources(&[source_id(1)])?))
        })
        .await
        .unwrap();
    assert!(deleted);
    assert_eq!(left.into_iter().map(|job| job.id).collect::<Vec<_>>(), [job_id(1)]);
}
