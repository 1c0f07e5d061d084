//! What hangs on jobs: runs, progress, leases, images, tags.

use smc::{
    JobId,
    job::{CheckKind, Image, ImageCheck, Job, JobProgress, Run, State, Trigger},
    ports::{JobTx, StoreError},
    tag::{Tag, TagFilter},
};

use crate::{
    place::Place,
    samples::{START, account, at, image, image_id, job, job_id, run_id, run_of},
};

on_both_engines!(
    runs_are_opened_and_closed_once,
    of_a_job_with_many_runs_the_newest_are_shown,
    progress_is_noted_for_jobs_that_are_there,
    a_lease_is_one_centers_until_it_lapses_or_is_given_back,
    images_are_listed_and_removed,
    of_each_kind_the_latest_check_of_an_image_is_kept,
    a_job_goes_with_all_but_its_images,
    jobs_are_found_by_their_tags,
    parts_that_do_not_parse_are_named,
);

fn tag(key: &str, value: &str) -> Tag {
    Tag { key: key.into(), value: value.into() }
}

fn progress(percent: f32) -> JobProgress {
    JobProgress { percent, info: format!("{{\"figure\":\"{percent}\"}}") }
}

async fn runs_are_opened_and_closed_once(place: &Place) {
    let database = place.open();
    let scheduled = Run { trigger: Trigger::Schedule, started: at(START - 1), ..run_of(3, 1) };
    let sent = scheduled.clone();
    let runs = database
        .write(move |tx| {
            (1..=2).try_for_each(|n| tx.insert_job(&job(n), None))?;
            [run_of(1, 1), run_of(2, 2), sent.clone(), run_of(4, 1)]
                .iter()
                .try_for_each(|run| tx.open_run(run))?;
            tx.close_run(&run_id(1), at(START + 5), Some(&image_id(1)))?;
            tx.close_run(&run_id(1), at(START + 9), None)?;
            tx.close_run(&run_id(2), at(START + 6), None)?;
            tx.runs(&[job_id(2), job_id(1), job_id(9)])
        })
        .await
        .unwrap();
    let ended = |run, seconds, image| Run { ended: Some(at(START + seconds)), image, ..run };
    assert_eq!(
        runs,
        [ended(run_of(2, 2), 6, None), scheduled, ended(run_of(1, 1), 5, Some(image_id(1))), run_of(4, 1)]
    );
    let twice = database.write(|tx| tx.open_run(&run_of(1, 2))).await;
    assert!(matches!(twice, Err(StoreError::Conflict(_))), "{twice:?}");
    let of_nobody = database.write(|tx| tx.open_run(&run_of(5, 9))).await;
    assert!(matches!(of_nobody, Err(StoreError::Conflict(_))), "{of_nobody:?}");
}

async fn of_a_job_with_many_runs_the_newest_are_shown(place: &Place) {
    let database = place.open();
    let run = |number: u32, job| Run { started: at(START + i64::from(number)), ..run_of(number, job) };
    let found = database
        .write(move |tx| {
            (1..=2).try_for_each(|n| tx.insert_job(&job(n), None))?;
            (1..=130).try_for_each(|number| tx.open_run(&run(number, 1)))?;
            (131..=140).try_for_each(|number| tx.open_run(&run(number, 2)))?;
            tx.runs(&[job_id(2), job_id(1)])
        })
        .await
        .unwrap();
    let expected: Vec<_> =
        (131..=140).map(|number| run(number, 2)).chain((31..=130).map(|number| run(number, 1))).collect();
    assert_eq!(found, expected);
}

async fn progress_is_noted_for_jobs_that_are_there(place: &Place) {
    let database = place.open();
    let noted = database
        .write(|tx| {
            (1..=3).try_for_each(|n| tx.insert_job(&job(n), None))?;
            tx.note_progress(&[(job_id(1), progress(1.0)), (job_id(9), progress(2.0))])?;
            tx.note_progress(&[
                (job_id(2), progress(33.3)),
                (job_id(1), progress(50.0)),
                (job_id(1), progress(0.1)),
            ])?;
            tx.note_progress(&[])?;
            tx.progress(&[job_id(3), job_id(2), job_id(1), job_id(9)])
        })
        .await
        .unwrap();
    assert_eq!(noted, [(job_id(2), progress(33.3)), (job_id(1), progress(0.1))]);
    let endless = database.write(|tx| tx.note_progress(&[(job_id(1), progress(f32::NAN))])).await;
    assert!(matches!(endless, Err(StoreError::Corrupt(_))), "{endless:?}");
}

async fn a_lease_is_one_centers_until_it_lapses_or_is_given_back(place: &Place) {
    let database = place.open();
    let taken = database
        .write(|tx| {
            tx.insert_job(&job(1), None)?;
            let mut take = |id, center, now, until| {
                tx.take_lease(&job_id(id), center, at(START + now), at(START + until))
            };
            Ok([
                take(1, "a", 0, 30)?,  // nobody has it
                take(1, "b", 1, 31)?,  // a has it
                take(1, "a", 20, 50)?, // a renews
                take(1, "b", 49, 79)?, // the first term is over, the second not
                take(1, "b", 50, 80)?, // it has lapsed
                take(1, "a", 51, 81)?, // a comes too late to renew
                take(9, "a", 0, 30)?,  // no such job
            ])
        })
        .await
        .unwrap();
    assert_eq!(taken, [true, false, true, false, true, false, false]);
    let taken = database
        .write(|tx| {
            tx.drop_lease(&job_id(1), "a")?;
            let still = tx.take_lease(&job_id(1), "a", at(START + 60), at(START + 90))?;
            // What becomes of the job does not touch the lease.
            tx.update_job(&Job { state: State::Finished, ..job(1) })?;
            let yet = tx.take_lease(&job_id(1), "a", at(START + 60), at(START + 90))?;
            tx.drop_lease(&job_id(1), "b")?;
            Ok([still, yet, tx.take_lease(&job_id(1), "a", at(START + 60), at(START + 90))?])
        })
        .await
        .unwrap();
    assert_eq!(taken, [false, false, true]);
}

async fn images_are_listed_and_removed(place: &Place) {
    let database = place.open();
    let elsewhere = Image { account: account(2), ..image(9, 1) };
    let sent = elsewhere.clone();
    let (all, of_one, of_other, names) = database
        .write(move |tx| {
            // They need no job that is there.
            [image(1, 1), image(2, 2), image(3, 1), image(4, 1), sent.clone()]
                .iter()
                .try_for_each(|image| tx.insert_image(image))?;
            let names = ["image-1", "image-9", "\0"].map(|name| tx.image_name_taken(&account(1), name));
            Ok((
                tx.images(&account(1), None)?,
                tx.images(&account(1), Some(&job_id(1)))?,
                tx.images(&account(2), None)?,
                names.into_iter().collect::<Result<Vec<_>, _>>()?,
            ))
        })
        .await
        .unwrap();
    assert_eq!(all, [image(4, 1), image(3, 1), image(2, 2), image(1, 1)]);
    assert_eq!(of_one, [image(4, 1), image(3, 1), image(1, 1)]);
    assert_eq!(of_other, [elsewhere]);
    assert_eq!(names, [true, false, false]);
    let deleted = database
        .write(|tx| Ok([tx.delete_image(&image_id(3))?, tx.delete_image(&image_id(3))?]))
        .await
        .unwrap();
    assert_eq!(deleted, [true, false]);
    let left = database.read(|tx| tx.images(&account(1), Some(&job_id(1)))).await.unwrap();
    assert_eq!(left, [image(4, 1), image(1, 1)]);
}

async fn of_each_kind_the_latest_check_of_an_image_is_kept(place: &Place) {
    let database = place.open();
    let check = |kind, seconds, passed| ImageCheck::new(kind, at(START + seconds), passed, "seen");
    let (first, second) = (check(CheckKind::TestBoot, 9, false), check(CheckKind::Verification, 5, true));
    let third = check(CheckKind::TestBoot, 10, true);
    let expected = vec![
        (image_id(2), check(CheckKind::Verification, 1, false)),
        (image_id(1), second.clone()),
        (image_id(1), third.clone()),
    ];
    let other = expected[0].1.clone();
    let found = database
        .write(move |tx| {
            [image(1, 1), image(2, 2)].iter().try_for_each(|image| tx.insert_image(image))?;
            for check in [&first, &second, &third] {
                tx.note_check(&image_id(1), check)?;
            }
            tx.note_check(&image_id(2), &other)?;
            tx.note_check(&image_id(3), &other)?;
            tx.checks(&[image_id(2), image_id(3), image_id(1)])
        })
        .await
        .unwrap();
    assert_eq!(found, expected);
    database.write(|tx| tx.delete_image(&image_id(1))).await.unwrap();
    assert_eq!(place.number("SELECT COUNT(*) FROM image_checks"), 1);
    let (one, none) =
        database.read(|tx| Ok((tx.image(&image_id(2))?, tx.image(&image_id(1))?))).await.unwrap();
    assert_eq!((one, none), (Some(image(2, 2)), None));
    place.tamper("UPDATE image_checks SET kind = 'Smell'").unwrap();
    let error = database.read(|tx| tx.checks(&[image_id(2)])).await.unwrap_err().to_string();
    assert!(
        error.contains("table image_checks") && error.ends_with("column kind: is no kind of check"),
        "{error}"
    );
}

async fn a_job_goes_with_all_but_its_images(place: &Place) {
    let database = place.open();
    database
        .write(|tx| {
            (1..=2).try_for_each(|n| tx.insert_job(&job(n), None))?;
            for n in 1..=2 {
                tx.open_run(&run_of(n, n))?;
                tx.note_progress(&[(job_id(n), progress(1.0))])?;
                tx.put_job_tags(&job_id(n), &[tag("env", "prod")])?;
                tx.take_lease(&job_id(n), "a", at(START), at(START + 30))?;
                tx.insert_image(&image(n, n))?;
            }
            tx.delete_job(&job_id(1))
        })
        .await
        .unwrap();
    for (table, left) in [("jobs", 1), ("job_runs", 1), ("job_progress", 1), ("job_tags", 1), ("images", 2)] {
        assert_eq!(place.number(&format!("SELECT COUNT(*) FROM {table}")), left, "{table}");
    }
    let images = database.read(|tx| tx.images(&account(1), Some(&job_id(1)))).await.unwrap();
    assert_eq!(images, [image(1, 1)]);
}

async fn jobs_are_found_by_their_tags(place: &Place) {
    let database = place.open();
    let tags = database
        .write(|tx| {
            (1..=4).try_for_each(|n| tx.insert_job(&job(n), None))?;
            tx.insert_job(&Job { account: account(2), ..job(5) }, None)?;
            tx.put_job_tags(&job_id(1), &[tag("env", "prod"), tag("blue", ""), tag("x", "1")])?;
            tx.put_job_tags(&job_id(2), &[tag("env", "test")])?;
            tx.put_job_tags(&job_id(3), &[tag("env", "prod"), tag("gone", "")])?;
            tx.put_job_tags(&job_id(5), &[tag("env", "prod")])?;
            tx.put_job_tags(&job_id(1), &[tag("x", "2")])?;
            tx.remove_job_tags(&job_id(3), &["gone".into()])?;
            tx.job_tags(&[job_id(3), job_id(1)])
        })
        .await
        .unwrap();
    let on = |number, key, value| (job_id(number), tag(key, value));
    assert_eq!(tags, [on(3, "env", "prod"), on(1, "blue", ""), on(1, "env", "prod"), on(1, "x", "2")]);
    let wanted = |key: &str, value: Option<&str>| TagFilter { key: key.into(), value: value.map(Into::into) };
    for (among, tags, after, limit, expected) in [
        (vec![], vec![], None, 9, vec![1, 2, 3, 4]),
        (vec![], vec![], Some(2), 1, vec![3]),
        (vec![], vec![wanted("env", None)], None, 9, vec![1, 2, 3]),
        (vec![], vec![wanted("env", Some("prod"))], Some(1), 9, vec![3]),
        (vec![2, 5], vec![wanted("env", None)], None, 9, vec![2]),
        (vec![], vec![wanted("env", None), wanted("blue", Some(""))], None, 9, vec![1]),
    ] {
        let found = database
            .read(move |tx| {
                let among: Vec<JobId> = among.into_iter().map(job_id).collect();
                tx.tagged_jobs(&account(1), &among, &tags, after.map(job_id).as_ref(), limit)
            })
            .await
            .unwrap();
        assert_eq!(found, expected.into_iter().map(job_id).collect::<Vec<_>>());
    }
}

async fn parts_that_do_not_parse_are_named(place: &Place) {
    let database = place.open();
    database
        .write(|tx| {
            tx.insert_job(&job(1), None)?;
            tx.open_run(&run_of(1, 1))?;
            tx.note_progress(&[(job_id(1), progress(1.0))])?;
            tx.insert_image(&image(1, 1))
        })
        .await
        .unwrap();
    place.tamper("UPDATE job_runs SET began_by = 'Nobody'").unwrap();
    place.tamper("UPDATE job_progress SET document = '{}'").unwrap();
    place.tamper("UPDATE images SET name = 'other'").unwrap();
    let found = database
        .read(|tx| {
            Ok([
                tx.runs(&[job_id(1)]).err(),
                tx.progress(&[job_id(1)]).err(),
                tx.images(&account(1), None).err(),
            ])
        })
        .await
        .unwrap();
    let text = found.map(|error| error.unwrap().to_string()).join("\n");
    insta::allow_duplicates! {
        insta::assert_snapshot!(text, @"
        the database holds something unexpected: table job_runs, row run-00000000000000000001, column began_by: is not a trigger
        the database holds something unexpected: table job_progress, row j-00000000000000000001, column document: missing field `percent` at line 1 column 2
        the database holds something unexpected: table images, row m-00000000000000000001, column document: does not agree with the column name
        ");
    }
}
