//! Lists of jobs: what limits them, and pages.

use smc::{
    job::{Job, JobSettings, Stage, State, Status},
    ports::{JobFilter, JobTx, Page},
    tag::{Tag, TagFilter},
};

use super::rows::states;
use crate::{
    place::Place,
    samples::{START, account, at, job, job_id, source_id},
};

const ALL: Page = Page { offset: 0, limit: 100 };

on_both_engines!(filters_limit_and_pages_cut);

async fn filters_limit_and_pages_cut(place: &Place) {
    let database = place.open();
    database
        .write(|tx| {
            for (number, state) in (1..).zip(states()) {
                // Pairs of the same second, so that the order within one shows.
                tx.insert_job(
                    &Job { state, created: at(START + i64::from(number) / 2), ..job(number) },
                    None,
                )?;
            }
            let settings = JobSettings { region: "cn-beijing".into(), ..JobSettings::default() };
            tx.insert_job(&Job { settings, created: at(START - 1), ..job(9) }, None)?;
            tx.insert_job(&Job { account: account(2), ..job(10) }, None)?;
            for (number, key, value) in [(1, "env", "prod"), (2, "env", "test"), (1, "blue", "")] {
                tx.put_job_tags(&job_id(number), &[Tag { key: key.into(), value: value.into() }])?;
            }
            Ok(())
        })
        .await
        .unwrap();
    let filter = JobFilter::default;
    let with = |tags: &[(&str, Option<&str>)]| JobFilter {
        tags: tags
            .iter()
            .map(|(key, value)| TagFilter { key: (*key).into(), value: value.map(Into::into) })
            .collect(),
        ..filter()
    };
    let cases = [
        (filter(), vec![8, 7, 6, 5, 4, 3, 2, 1, 9]),
        (JobFilter { ids: [1, 10, 4].map(job_id).into(), ..filter() }, vec![4, 1]),
        (JobFilter { sources: [2, 10, 3].map(source_id).into(), ..filter() }, vec![3, 2]),
        (JobFilter { name: Some("job-3".into()), ..filter() }, vec![3]),
        (JobFilter { name: Some("\0".into()), ..filter() }, vec![]),
        (JobFilter { region: Some("cn-beijing".into()), ..filter() }, vec![9]),
        (JobFilter { stage: Some(Stage::Syncing), ..filter() }, vec![2]),
        (JobFilter { stage: Some(Stage::Cleaning), ..filter() }, vec![]),
        (JobFilter { status: Some(Status::Ready), ..filter() }, vec![1, 9]),
        (JobFilter { status: Some(Status::Running), ..filter() }, vec![2]),
        (JobFilter { status: Some(Status::Stopped), ..filter() }, vec![3]),
        (JobFilter { status: Some(Status::InError), ..filter() }, vec![4]),
        (JobFilter { status: Some(Status::Waiting), ..filter() }, vec![5]),
        (JobFilter { status: Some(Status::Finished), ..filter() }, vec![6]),
        (JobFilter { status: Some(Status::Expired), ..filter() }, vec![7]),
        (JobFilter { status: Some(Status::Deleting), ..filter() }, vec![8]),
        (with(&[("env", None)]), vec![2, 1]),
        (with(&[("env", Some("prod"))]), vec![1]),
        (with(&[("env", None), ("blue", None)]), vec![1]),
        (JobFilter { status: Some(Status::Running), ..with(&[("env", Some("prod"))]) }, vec![]),
    ];
    for (filter, expected) in cases {
        let asked = filter.clone();
        let (all, second) = database
            .read(move |tx| {
                let second = Page { offset: 1, limit: 1 };
                Ok((tx.jobs(&account(1), &asked, ALL)?, tx.jobs(&account(1), &asked, second)?))
            })
            .await
            .unwrap();
        let ids: Vec<_> = all.rows.iter().map(|job| job.id.clone()).collect();
        assert_eq!(ids, expected.iter().copied().map(job_id).collect::<Vec<_>>(), "{filter:?}");
        assert_eq!((all.total, second.total), (ids.len() as u64, ids.len() as u64), "{filter:?}");
        assert_eq!(second.rows.first(), all.rows.get(1), "{filter:?}");
    }
    // A job that was changed stays in its place.
    let first = database
        .write(move |tx| {
            tx.update_job(&Job { state: State::Finished, created: at(START + 1), ..job(3) })?;
            tx.jobs(&account(1), &filter(), Page { offset: 5, limit: 1 })
        })
        .await
        .unwrap();
    assert_eq!(first.rows[0].id, job_id(3));
}
