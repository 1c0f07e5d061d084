//! The audit trail: in the order of events, for its account only, and never changed.

use smc::{
    audit::{Entry, Event, Filter},
    ports::Tx,
};

use crate::{
    place::Place,
    samples::{START, account, at, entry},
};

on_both_engines!(the_trail_is_read_newest_first_and_by_filter, the_trail_is_only_added_to);

async fn the_trail_is_read_newest_first_and_by_filter(place: &Place) {
    let database = place.open();
    assert_eq!(database.read(|tx| tx.last_recorded()).await.unwrap(), None);
    let lines = vec![
        entry(Event::TokenCreated, "at-1", START),
        entry(Event::TokenRedeemed, "at-1", START + 1),
        entry(Event::TokenRedeemed, "at-2", START + 9),
        Entry { account: account(2), ..entry(Event::TokenCreated, "at-3", START + 2) },
        // The clock was set back.
        entry(Event::TokenDisabled, "at-1", START + 3),
    ];
    let written = lines.clone();
    let early = database
        .write(move |tx| {
            written.iter().try_for_each(|line| tx.record(line))?;
            tx.recorded(&account(1), &Filter::default(), 10)
        })
        .await
        .unwrap();
    let numbers: Vec<_> = early.iter().map(|line| line.id).collect();
    assert!(numbers.is_sorted_by(|newer, older| newer > older), "{numbers:?}");
    let filter = Filter::default;
    let cases = [
        (filter(), 10, vec![4, 2, 1, 0]),
        (filter(), 2, vec![4, 2]),
        (Filter { before: Some(numbers[1]), ..filter() }, 10, vec![1, 0]),
        (Filter { event: Some(Event::TokenRedeemed), ..filter() }, 10, vec![2, 1]),
        (Filter { resource: Some("at-1".into()), ..filter() }, 10, vec![4, 1, 0]),
        (Filter { resource: Some("at-3".into()), ..filter() }, 10, vec![]),
        (Filter { resource: Some("\0".into()), ..filter() }, 10, vec![]),
        (Filter { from: Some(at(START + 1)), until: Some(at(START + 9)), ..filter() }, 10, vec![4, 1]),
    ];
    for (filter, limit, expected) in cases {
        let asked = filter.clone();
        let found = database.read(move |tx| tx.recorded(&account(1), &asked, limit)).await.unwrap();
        let found: Vec<_> = found.into_iter().map(|line| line.entry).collect();
        assert_eq!(
            found,
            expected.into_iter().map(|at: usize| lines[at].clone()).collect::<Vec<_>>(),
            "{filter:?}"
        );
    }
    assert_eq!(database.read(|tx| tx.last_recorded()).await.unwrap(), Some(at(START + 9)));
}

async fn the_trail_is_only_added_to(place: &Place) {
    let database = place.open();
    database.write(|tx| tx.record(&entry(Event::TokenCreated, "at-1", START))).await.unwrap();
    let mut attempts = vec!["UPDATE audit SET detail = ''", "DELETE FROM audit"];
    if place.is_postgres() {
        attempts.push("TRUNCATE audit");
    }
    for sql in attempts {
        let refused = place.tamper(sql).unwrap_err();
        assert!(refused.contains("the audit trail is only ever added to"), "{sql}: {refused}");
    }
    assert_eq!(place.number("SELECT COUNT(*) FROM audit WHERE resource = 'at-1'"), 1);
}
