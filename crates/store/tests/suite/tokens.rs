//! Activation codes: kept as written, seen by their account only, spent up to their limit.

use smc::{
    access_token::{AccessToken, Status, UseLimit},
    ports::{Page, TokenFilter, Tx},
};
use tokio::task::JoinSet;

use crate::{
    place::Place,
    samples::{DAY, START, account, at, token, token_id},
};

on_both_engines!(
    a_code_reads_back_and_only_for_its_account,
    codes_are_listed_newest_first,
    filters_hold_together,
    unexpired_codes_are_counted_up_to_enough,
    a_code_is_spent_up_to_its_limit_and_no_further,
    the_first_moment_of_disabling_stays,
    two_centers_never_spend_more_than_the_limit,
);

async fn a_code_reads_back_and_only_for_its_account(place: &Place) {
    let database = place.open();
    let full = AccessToken {
        description: "für die 主机 'x'; DROP TABLE access_tokens --".into(),
        registered: 2,
        disabled: Some(at(START + 5)),
        last_used: Some(at(-7)),
        ..token(1)
    };
    let codes = vec![full, token(2)];
    let written = codes.clone();
    database.write(move |tx| written.iter().try_for_each(|code| tx.insert_token(code))).await.unwrap();
    for code in codes {
        let found = database
            .read(move |tx| {
                let mine = tx.token(&account(1), &code.id)?;
                let others = tx.token(&account(2), &code.id)?;
                Ok((mine == Some(code.clone()), others, tx.token_of_any_account(&code.id)? == Some(code)))
            })
            .await;
        assert_eq!(found.unwrap(), (true, None, true));
    }
    assert_eq!(database.read(|tx| tx.token_of_any_account(&token_id(3))).await.unwrap(), None);
    let listing = database.read(|tx| tx.tokens(&account(2), &TokenFilter::default(), None, at(START))).await;
    assert_eq!(listing.unwrap().total, 0);
}

/// Codes 1 to 6 in pairs of the same moment, and one of another account.
fn six_codes() -> Vec<AccessToken> {
    let six = (1..=6).map(|n| AccessToken { created: at(START + i64::from(n) / 2), ..token(n) });
    six.chain([AccessToken { account: account(2), ..token(7) }]).collect()
}

async fn codes_are_listed_newest_first(place: &Place) {
    let database = place.open();
    let listed = database
        .write(|tx| {
            six_codes().iter().try_for_each(|code| tx.insert_token(code))?;
            // What was written before is seen in the same transaction.
            tx.tokens(&account(1), &TokenFilter::default(), None, at(START))
        })
        .await
        .unwrap();
    assert_eq!(listed.total, 6);
    let order: Vec<_> = listed.rows.iter().map(|code| code.id.clone()).collect();
    assert_eq!(order, [6, 5, 4, 3, 2, 1].map(token_id));
    for (offset, limit, expected) in
        [(0, 2, vec![6, 5]), (4, 100, vec![2, 1]), (6, 1, vec![]), (u64::MAX, 1, vec![])]
    {
        let page = Some(Page { offset, limit });
        let listing = database
            .read(move |tx| tx.tokens(&account(1), &TokenFilter::default(), page, at(START)))
            .await
            .unwrap();
        let ids: Vec<_> = listing.rows.into_iter().map(|code| code.id).collect();
        assert_eq!((ids, listing.total), (expected.into_iter().map(token_id).collect(), 6), "{offset}");
    }
}

async fn filters_hold_together(place: &Place) {
    let database = place.open();
    database
        .write(|tx| {
            six_codes().iter().try_for_each(|code| tx.insert_token(code))?;
            for n in [1, 3] {
                tx.disable_token(&account(1), &token_id(n), at(START))?;
            }
            Ok(())
        })
        .await
        .unwrap();
    // Code 1 was created a second before 2 and 3, which were two before 6.
    let later = at(START + 10 * DAY + 1);
    let ids = |numbers: &[u32]| numbers.iter().copied().map(token_id).collect::<Vec<_>>();
    let filter = TokenFilter::default;
    let cases = [
        (TokenFilter { ids: ids(&[2, 3, 7, 9]), ..filter() }, vec![3, 2]),
        (TokenFilter { name: Some("code-4".into()), ..filter() }, vec![4]),
        (TokenFilter { name: Some("code-7".into()), ..filter() }, vec![]),
        (TokenFilter { name: Some("code-4\0".into()), ..filter() }, vec![]),
        (TokenFilter { status: Some(Status::Expired), ..filter() }, vec![3, 2, 1]),
        (TokenFilter { status: Some(Status::Unactivated), ..filter() }, vec![]),
        (TokenFilter { status: Some(Status::Activated), ..filter() }, vec![6, 5, 4]),
        (
            TokenFilter { status: Some(Status::Expired), ids: ids(&[3, 4]), name: Some("code-3".into()) },
            vec![3],
        ),
    ];
    for (filter, expected) in cases {
        let asked = filter.clone();
        let page = Some(Page { offset: 0, limit: 1 });
        let (all, first) = database
            .read(move |tx| {
                Ok((
                    tx.tokens(&account(1), &asked, None, later)?,
                    tx.tokens(&account(1), &asked, page, later)?,
                ))
            })
            .await
            .unwrap();
        let found: Vec<_> = all.rows.iter().map(|code| code.id.clone()).collect();
        assert_eq!(found, ids(&expected), "{filter:?}");
        assert!(all.rows.iter().all(|code| filter.status.is_none_or(|status| code.status(later) == status)));
        assert_eq!((all.total, first.total), (found.len() as u64, found.len() as u64), "{filter:?}");
        assert_eq!(first.rows.len(), found.len().min(1));
    }
    let unactivated = TokenFilter { status: Some(Status::Unactivated), ..filter() };
    let listing =
        database.read(move |tx| tx.tokens(&account(1), &unactivated, None, at(START))).await.unwrap();
    assert_eq!(listing.total, 2);
}

async fn unexpired_codes_are_counted_up_to_enough(place: &Place) {
    let database = place.open();
    database.write(|tx| six_codes().iter().try_for_each(|code| tx.insert_token(code))).await.unwrap();
    let end = START + 10 * DAY;
    for (now, enough, expected) in [(START, 100, 6), (START, 4, 4), (end, 100, 5), (end + 3, 100, 0)] {
        let counted =
            database.write(move |tx| tx.unexpired_tokens(&account(1), at(now), enough)).await.unwrap();
        assert_eq!(counted, expected, "{now} {enough}");
    }
    let counts = database
        .write(|tx| {
            let mut counts = Vec::new();
            for n in 10..13 {
                counts.push(tx.unexpired_tokens(&account(1), at(START), 100)?);
                tx.insert_token(&token(n))?;
            }
            // Past its time already, so that it does not count.
            tx.insert_token(&AccessToken { created: at(START - 11 * DAY), ..token(13) })?;
            tx.insert_token(&AccessToken { account: account(2), ..token(14) })?;
            counts.push(tx.unexpired_tokens(&account(1), at(START), 100)?);
            counts.push(tx.unexpired_tokens(&account(1), at(START), 3)?);
            tx.delete_token(&account(1), &token_id(10))?;
            counts.push(tx.unexpired_tokens(&account(1), at(START), 100)?);
            counts.push(tx.unexpired_tokens(&account(2), at(START), 100)?);
            Ok(counts)
        })
        .await
        .unwrap();
    assert_eq!(counts, [6, 7, 8, 9, 3, 8, 2]);
}

async fn a_code_is_spent_up_to_its_limit_and_no_further(place: &Place) {
    let database = place.open();
    let end = START + 10 * DAY;
    database
        .write(|tx| {
            tx.insert_token(&token(1))?;
            tx.insert_token(&AccessToken { disabled: Some(at(START)), ..token(2) })
        })
        .await
        .unwrap();
    let cases = [
        (1, START, true),
        (1, end - 1, true),
        (1, end, false),
        (2, START, false),
        (3, START, false),
        (1, START + 1, true),
        (1, START + 2, false),
    ];
    for (number, now, expected) in cases {
        let spent = database.write(move |tx| tx.spend_use(&token_id(number), at(now))).await.unwrap();
        assert_eq!(spent, expected, "{number} {now}");
    }
    let code = database.read(|tx| tx.token_of_any_account(&token_id(1))).await.unwrap().unwrap();
    assert_eq!((code.registered, code.last_used), (3, Some(at(START + 1))));
}

async fn the_first_moment_of_disabling_stays(place: &Place) {
    let database = place.open();
    let answers = database
        .write(|tx| {
            tx.insert_token(&token(1))?;
            Ok([
                tx.disable_token(&account(2), &token_id(1), at(START + 1))?,
                tx.disable_token(&account(1), &token_id(1), at(START + 2))?,
                tx.disable_token(&account(1), &token_id(1), at(START + 3))?,
                tx.disable_token(&account(1), &token_id(9), at(START + 3))?,
            ])
        })
        .await
        .unwrap();
    assert_eq!(answers, [false, true, true, false]);
    let code = database.read(|tx| tx.token(&account(1), &token_id(1))).await.unwrap().unwrap();
    assert_eq!(code.disabled, Some(at(START + 2)));
    let deleted = database
        .write(|tx| {
            Ok([
                tx.delete_token(&account(2), &token_id(1))?,
                tx.delete_token(&account(1), &token_id(1))?,
                tx.delete_token(&account(1), &token_id(1))?,
            ])
        })
        .await
        .unwrap();
    assert_eq!(deleted, [false, true, false]);
    assert_eq!(place.number("SELECT COUNT(*) FROM access_tokens"), 0);
}

async fn two_centers_never_spend_more_than_the_limit(place: &Place) {
    let centers = [place.open(), place.open()];
    let code = AccessToken { use_limit: UseLimit::new(25).unwrap(), ..token(1) };
    centers[0].write(move |tx| tx.insert_token(&code)).await.unwrap();
    let mut redeemers = JoinSet::new();
    for center in centers.iter().cycle().take(64) {
        let center = center.clone();
        redeemers
            .spawn(async move { center.write(|tx| tx.spend_use(&token_id(1), at(START))).await.unwrap() });
    }
    let answers = redeemers.join_all().await;
    assert_eq!(answers.into_iter().filter(|spent| *spent).count(), 25);
    assert_eq!(place.number("SELECT registered FROM access_tokens"), 25);
}
