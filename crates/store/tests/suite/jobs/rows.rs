//! Jobs: kept as they are, changed, removed; what must be unique is.

use smc::{
    JobId, SourceId,
    job::{Cycle, Job, JobSettings, NamedPart, State, Status},
    ports::{JobTx, StoreError},
    workgroup::CreatingCall,
};

use crate::{
    place::Place,
    samples::{DAY, START, account, at, image_id, job, job_id, source_id, syncing},
};

on_both_engines!(
    a_job_reads_back_in_every_state,
    the_call_that_created_a_job_is_found_in_its_account,
    names_are_taken_by_other_jobs_of_the_account_only,
    image_names_are_planned_by_unfinished_jobs_of_the_region,
    a_source_has_one_job_that_is_not_over,
    the_jobs_of_sources_come_newest_first,
    what_is_due_is_found_by_the_clock,
    what_is_to_be_conducted_is_found_in_any_account,
    every_change_of_a_job_gives_it_another_revision,
    a_row_that_does_not_agree_with_itself_is_named,
);

fn full(number: u32, state: State) -> Job {
    let mut settings = JobSettings {
        region: "cn-hangzhou".into(),
        image_name: Some("字-image".into()),
        parameters_text: Some("{\"checksum\":true}".into()),
        ..JobSettings::default()
    };
    settings.parameters.checksum = Some(true);
    settings.parameters.compress_level = Some(7);
    settings.echoed.insert("VpcId".into(), "vpc-\0\u{1}".into());
    settings.parts.insert(1, vec![NamedPart { name: "/data".into(), size_bytes: u64::MAX }]);
    Job {
        state,
        settings,
        scheduled: Some(at(START + 60)),
        cycle: Cycle::Every { hours: 168, keep: 10 },
        started: Some(at(START + 1)),
        ended: Some(at(START + 2)),
        images_made: 3,
        image: Some(image_id(3)),
        ..job(number)
    }
}

pub(super) fn states() -> [State; 8] {
    [
        State::Ready,
        syncing(1),
        State::Stopped { last: true },
        State::InError { code: "Copy".into(), message: "it's \"broken\"".into(), last: false },
        State::Waiting { next: at(START + 3_600) },
        State::Finished,
        State::Expired { at: at(START) },
        State::Deleting,
    ]
}

async fn a_job_reads_back_in_every_state(place: &Place) {
    let database = place.open();
    database.write(|tx| tx.insert_job(&job(1), None)).await.unwrap();
    for state in states() {
        let changed = Job { name: None, ..full(1, state) };
        let sent = changed.clone();
        let (to_change, kept) = database
            .write(move |tx| {
                tx.update_job(&sent)?;
                Ok((tx.job_to_change(&job_id(1))?, tx.job(&account(1), &job_id(1))?))
            })
            .await
            .unwrap();
        assert_eq!((to_change.as_ref(), kept.as_ref()), (Some(&changed), Some(&changed)));
    }
    let gone = database
        .write(|tx| {
            let elsewhere = tx.job(&account(2), &job_id(1))?;
            let deleted = [tx.delete_job(&job_id(1))?, tx.delete_job(&job_id(1))?];
            Ok((elsewhere, deleted, tx.job_to_change(&job_id(1))?, tx.job(&account(1), &job_id(1))?))
        })
        .await
        .unwrap();
    assert_eq!(gone, (None, [true, false], None, None));
}

async fn the_call_that_created_a_job_is_found_in_its_account(place: &Place) {
    let database = place.open();
    let call = CreatingCall { client_token: "t".into(), parameters: "[1]".into() };
    let again = call.clone();
    let calls = database
        .write(move |tx| {
            tx.insert_job(&job(1), Some(&call))?;
            tx.insert_job(&Job { account: account(2), ..job(2) }, Some(&call))?;
            tx.insert_job(&job(3), None)?;
            tx.insert_job(&job(4), None)?;
            // A change of the job does not forget the call.
            tx.update_job(&full(1, State::Finished))?;
            [(1, "t"), (2, "t"), (1, "u"), (1, "\0")]
                .map(|(owner, token)| tx.job_of_call(&account(owner), token))
                .into_iter()
                .collect::<Result<Vec<_>, _>>()
        })
        .await
        .unwrap();
    let found = |number| Some((job_id(number), "[1]".to_owned()));
    assert_eq!(calls, [found(1), found(2), None, None]);
    let twice = database.write(move |tx| tx.insert_job(&job(5), Some(&again))).await;
    assert!(matches!(twice, Err(StoreError::Conflict(_))), "{twice:?}");
}

async fn names_are_taken_by_other_jobs_of_the_account_only(place: &Place) {
    let database = place.open();
    database
        .write(|tx| {
            tx.lock_jobs(&account(1))?;
            tx.insert_job(&job(1), None)?;
            tx.insert_job(&Job { account: account(2), ..job(2) }, None)?;
            tx.insert_job(&Job { name: None, ..job(3) }, None)?;
            tx.insert_job(&Job { name: None, ..job(4) }, None)
        })
        .await
        .unwrap();
    let (one, three) = (job_id(1), job_id(3));
    for (name, except, expected) in [
        ("job-1", None, true),
        ("job-1", Some(one), false),
        ("job-1", Some(three), true),
        ("JOB-1", None, false),
        ("job-2", None, false),
        ("\0", None, false),
    ] {
        let asked = except.clone();
        let taken =
            database.read(move |tx| tx.job_name_taken(&account(1), name, asked.as_ref())).await.unwrap();
        assert_eq!(taken, expected, "{name:?} {except:?}");
    }
    let refused = database.write(|tx| tx.insert_job(&Job { name: job(1).name, ..job(5) }, None)).await;
    assert!(matches!(refused, Err(StoreError::Conflict(_))), "{refused:?}");
    let counts = database
        .read(|tx| Ok([(1, 9), (1, 2), (2, 9), (3, 9)].map(|(n, enough)| tx.count_jobs(&account(n), enough))))
        .await
        .unwrap()
        .map(Result::unwrap);
    assert_eq!(counts, [3, 2, 1, 0]);
}

async fn image_names_are_planned_by_unfinished_jobs_of_the_region(place: &Place) {
    let database = place.open();
    let planning = |number, name: &str, state| {
        let settings = JobSettings { image_name: Some(name.into()), ..job(number).settings };
        Job { settings, state, ..job(number) }
    };
    database
        .write(move |tx| {
            tx.insert_job(&planning(1, "web", State::Ready), None)?;
            tx.insert_job(&planning(2, "db", State::Finished), None)?;
            tx.insert_job(&planning(3, "mail", State::Deleting), None)?;
            tx.insert_job(&planning(4, "old", State::Expired { at: at(START) }), None)
        })
        .await
        .unwrap();
    let here = "cn-hangzhou";
    for (owner, region, name, except, expected) in [
        (1, here, "web", None, true),
        (1, here, "web", Some(job_id(1)), false),
        (1, "cn-beijing", "web", None, false),
        (2, here, "web", None, false),
        (1, here, "db", None, false),
        (1, here, "mail", None, false),
        (1, here, "old", None, true),
        (1, here, "\0", None, false),
    ] {
        let planned = database
            .read(move |tx| tx.image_name_planned(&account(owner), region, name, except.as_ref()))
            .await
            .unwrap();
        assert_eq!(planned, expected, "{owner} {region} {name}");
    }
}

async fn a_source_has_one_job_that_is_not_over(place: &Place) {
    let database = place.open();
    let on_one = |number, state| Job { source: source_id(1), state, ..job(number) };
    for (number, state) in (10..).zip(states()) {
        let over = !state.status().unfinished();
        assert_eq!(over, matches!(state.status(), Status::Finished | Status::Deleting));
        let second = database
            .write(move |tx| {
                tx.insert_job(&on_one(number, state.clone()), None)?;
                tx.insert_job(&on_one(number + 10, State::Ready), None)?;
                Ok([tx.delete_job(&job_id(number))?, tx.delete_job(&job_id(number + 10))?])
            })
            .await;
        match second {
            Ok(deleted) => assert!(over && deleted == [true, true]),
            Err(StoreError::Conflict(_)) => assert!(!over),
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(place.number("SELECT COUNT(*) FROM jobs"), 0);
}

async fn the_jobs_of_sources_come_newest_first(place: &Place) {
    let database = place.open();
    let found = database
        .write(|tx| {
            for (number, seconds, owner) in [(1, 5, 200), (2, 9, 1), (3, 5, 1), (4, 5, 7), (5, 1, 200)] {
                let (created, source) = (at(START + seconds), source_id(owner));
                tx.insert_job(&Job { created, source, state: State::Finished, ..job(number) }, None)?;
            }
            // More than one statement's worth; 7 is not among them.
            let sources: Vec<SourceId> = (0..=300).filter(|n| *n != 7).map(source_id).collect();
            tx.jobs_of_sources(&sources)
        })
        .await
        .unwrap();
    let ids: Vec<_> = found.into_iter().map(|job| job.id).collect();
    assert_eq!(ids, [2, 3, 1, 5].map(job_id));
    assert!(database.read(|tx| tx.jobs_of_sources(&[])).await.unwrap().is_empty());
}

async fn what_is_due_is_found_by_the_clock(place: &Place) {
    let database = place.open();
    database
        .write(|tx| {
            for (number, state) in (1..).zip(states()) {
                tx.insert_job(&Job { state, ..job(number) }, None)?;
            }
            let scheduled = Some(at(START + 60));
            tx.insert_job(&Job { scheduled, account: account(2), ..job(9) }, None)?;
            tx.insert_job(&Job { scheduled, ..job(10) }, None)
        })
        .await
        .unwrap();
    for (seconds, limit, expected) in [
        (59, 9, vec![]),
        (60, 9, vec![9, 10]),
        (60, 1, vec![9]),
        (3_600, 9, vec![9, 10, 5]),
        (7 * DAY, 9, vec![9, 10, 5, 7]),
        (40 * DAY, 9, vec![9, 10, 5, 7, 1, 3, 4]),
        (40 * DAY, 5, vec![9, 10, 5, 7, 1]),
    ] {
        let due = database.read(move |tx| tx.due_jobs(at(START + seconds), limit)).await.unwrap();
        assert_eq!(due, expected.into_iter().map(job_id).collect::<Vec<JobId>>(), "{seconds}");
    }
    // What is due moves with the job.
    let due = database
        .write(|tx| {
            tx.update_job(&Job { state: syncing(1), ..job(10) })?;
            tx.due_jobs(at(START + 60), 9)
        })
        .await
        .unwrap();
    assert_eq!(due, [job_id(9)]);
}

async fn what_is_to_be_conducted_is_found_in_any_account(place: &Place) {
    let database = place.open();
    database
        .write(|tx| {
            for (number, state) in (1..).zip(states()) {
                let created = at(START - i64::from(number) / 5);
                tx.insert_job(&Job { state, created, account: account(number.into()), ..job(number) }, None)?;
            }
            Ok(())
        })
        .await
        .unwrap();
    let to_conduct = || {
        database.read(|tx| {
            let ids: Vec<_> = tx.revisions_to_conduct()?.into_iter().map(|(id, _)| id).collect();
            tx.believed_jobs(&ids)
        })
    };
    let found = to_conduct().await.unwrap();
    // Running, Waiting, Deleting; the oldest first.
    assert_eq!(found.into_iter().map(|job| job.id).collect::<Vec<_>>(), [5, 8, 2].map(job_id));
    // One that is damaged does not keep the others from being conducted.
    place.tamper("UPDATE jobs SET document = '{' WHERE id = 'j-00000000000000000008'").unwrap();
    let found = to_conduct().await.unwrap();
    assert_eq!(found.into_iter().map(|job| job.id).collect::<Vec<_>>(), [5, 2].map(job_id));
}

async fn every_change_of_a_job_gives_it_another_revision(place: &Place) {
    let database = place.open();
    let waiting = State::Waiting { next: at(START + 60) };
    let of = move |number| Job { state: waiting.clone(), ..job(number) };
    let revisions = || database.read(|tx| tx.revisions_to_conduct());
    let (one, two) = (of(1), of(2));
    database.write(move |tx| [&one, &two].iter().try_for_each(|job| tx.insert_job(job, None))).await.unwrap();
    let first = revisions().await.unwrap();
    assert_eq!(first.iter().map(|(id, _)| id.clone()).collect::<Vec<_>>(), [1, 2].map(job_id));
    // What is no change of the job is none of its revision.
    let leased = |tx: &mut store::Transaction<'_>| tx.take_lease(&job_id(1), "a", at(START), at(START + 30));
    assert!(database.write(leased).await.unwrap());
    assert_eq!(revisions().await.unwrap(), first);
    let changed = Job { description: "changed".into(), ..of(2) };
    let sent = changed.clone();
    database.write(move |tx| tx.update_job(&sent)).await.unwrap();
    let second = revisions().await.unwrap();
    assert!(second[0] == first[0] && second[1].1 != first[1].1, "{first:?} {second:?}");
    database.write(|tx| tx.update_job(&job(1))).await.unwrap();
    assert_eq!(revisions().await.unwrap(), second[1..], "it is not to be conducted any more");
    let found = database.read(|tx| tx.believed_jobs(&[job_id(2), job_id(9), job_id(1)])).await.unwrap();
    assert_eq!(found, [changed, job(1)]);
    place.tamper("UPDATE jobs SET document = '{' WHERE id = 'j-00000000000000000002'").unwrap();
    let found = database.read(|tx| tx.believed_jobs(&[job_id(2), job_id(1)])).await.unwrap();
    assert_eq!(found, [job(1)]);
}

async fn a_row_that_does_not_agree_with_itself_is_named(place: &Place) {
    let database = place.open();
    database.write(|tx| tx.insert_job(&Job { name: None, ..job(1) }, None)).await.unwrap();
    for change in [
        "document = '{'",
        "document = replace(document, 'Ready', 'Steady')",
        "document = replace(document, 's-000', 's-00')",
        "status = 'Finished'",
        "source = 's-00000000000000000002'",
        "stage = 'Syncing'",
        "name = 'other'",
        "due = NULL",
        "created = created + 1",
    ] {
        place.tamper(&format!("UPDATE jobs SET {change}")).unwrap();
        let outcome = database.read(|tx| tx.job(&account(1), &job_id(1))).await;
        let Err(StoreError::Corrupt(message)) = outcome else { panic!("{change}: {outcome:?}") };
        assert!(
            message.starts_with("table jobs, row j-00000000000000000001, column document: "),
            "{change}: {message}"
        );
        if let Some((column, _)) = change.split_once(" =").filter(|(column, _)| *column != "document") {
            assert!(message.ends_with(&format!(" does not agree with the column {column}")), "{message}");
        }
        // Whatever the change was, a write of the whole job mends it.
        database.write(|tx| tx.update_job(&Job { name: None, ..job(1) })).await.unwrap();
        assert!(database.read(|tx| tx.job(&account(1), &job_id(1))).await.unwrap().is_some());
    }
}
