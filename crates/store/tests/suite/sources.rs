//! Imported servers: kept as written, found by what identifies them, unique in what must be.

use smc::{
    ports::{Heartbeat, NameTaken, Page, SourceFilter, StoreError, Tx},
    source::{KeyFingerprint, MachineId, Source, State},
    tag::{Tag, TagFilter},
};

use crate::{
    place::Place,
    samples::{START, account, at, fault, inventory, source, source_id, token_id},
};

on_both_engines!(
    a_source_reads_back_by_everything_that_identifies_it,
    where_key_and_machine_are_two_sources_the_key_decides,
    names_machines_and_keys_are_unique,
    sources_are_listed_newest_first_and_by_filter,
    a_name_is_taken_by_other_sources_only,
    what_an_agent_reports_is_replaced,
    the_latest_heartbeat_stays,
    a_source_goes_with_all_that_hangs_on_it,
);

const ALL: Page = Page { offset: 0, limit: 100 };

async fn a_source_reads_back_by_everything_that_identifies_it(place: &Place) {
    let database = place.open();
    let full = Source { description: "das 'Ding'".into(), fault: Some(fault()), ..source(1) };
    let written = full.clone();
    // Within the transaction that adds it, too.
    let early = database
        .write(move |tx| {
            tx.insert_source(&written)?;
            tx.source(&account(1), &written.id)
        })
        .await
        .unwrap();
    assert_eq!(early, Some(full.clone()));
    let (asked, other, stranger) = (full.clone(), source(2), KeyFingerprint::of(b"another"));
    let found = database
        .read(move |tx| {
            Ok([
                tx.source(&account(1), &asked.id)?,
                tx.source_by_key(&asked.key)?,
                tx.source_by_key_or_machine(&stranger, &account(1), &asked.machine)?,
                tx.source_by_key_or_machine(&asked.key, &account(2), &other.machine)?,
                tx.source(&account(2), &asked.id)?,
                tx.source_by_key_or_machine(&stranger, &account(2), &asked.machine)?,
                tx.source_by_key(&stranger)?,
            ])
        })
        .await
        .unwrap();
    let (it, none) = (Some(full.clone()), None);
    assert_eq!(found, [it.clone(), it.clone(), it.clone(), it, none.clone(), none.clone(), none]);
    let others = database
        .read(move |tx| {
            Ok((
                tx.source_id_by_key(&full.key)?,
                tx.source_id_by_key(&KeyFingerprint::of(b"another"))?,
                [("server-1", 1), ("server-1", 2), ("server-2", 1), ("server-1\0", 1)]
                    .map(|(name, number)| tx.source_name_taken(&account(number), name)),
            ))
        })
        .await
        .unwrap();
    assert_eq!((others.0, others.1), (Some(source_id(1)), None));
    assert_eq!(others.2.map(Result::unwrap), [true, false, false, false]);
}

async fn where_key_and_machine_are_two_sources_the_key_decides(place: &Place) {
    let database = place.open();
    let (first, second) = (source(1), source(2));
    let found = database
        .write(move |tx| {
            tx.insert_source(&first)?;
            tx.insert_source(&second)?;
            let asked = [(&first, &second), (&second, &first)];
            asked
                .map(|(key, machine)| tx.source_by_key_or_machine(&key.key, &account(1), &machine.machine))
                .into_iter()
                .collect::<Result<Vec<_>, _>>()
        })
        .await
        .unwrap();
    assert_eq!(found, [Some(source(1)), Some(source(2))]);
}

async fn names_machines_and_keys_are_unique(place: &Place) {
    let database = place.open();
    database.write(|tx| tx.insert_source(&source(1))).await.unwrap();
    let (one, two) = (source(1), source(2));
    let elsewhere = Source { account: account(2), ..source(3) };
    let cases = [
        (Source { id: one.id.clone(), ..two.clone() }, false),
        (Source { name: one.name.clone(), ..two.clone() }, false),
        (Source { machine: one.machine.clone(), ..two.clone() }, false),
        (Source { key: one.key.clone(), ..two.clone() }, false),
        (Source { key: one.key, ..elsewhere.clone() }, false),
        (Source { name: one.name, machine: one.machine, ..elsewhere }, true),
        (two, true),
    ];
    for (at, (source, accepted)) in cases.into_iter().enumerate() {
        let outcome = database.write(move |tx| tx.insert_source(&source)).await;
        assert_eq!(outcome.is_ok(), accepted, "{at}: {outcome:?}");
        assert!(outcome.is_ok() || matches!(outcome, Err(StoreError::Conflict(_))), "{at}: {outcome:?}");
    }
}

async fn sources_are_listed_newest_first_and_by_filter(place: &Place) {
    let database = place.open();
    let tag = |key: &str, value: &str| Tag { key: key.into(), value: value.into() };
    let (prod, test, blue) = (tag("env", "prod"), tag("env", "test"), tag("blue", ""));
    let pairs = [(1, vec![prod.clone(), blue.clone()]), (2, vec![test]), (3, vec![prod.clone()])];
    database
        .write(move |tx| {
            for n in 1..=5 {
                let fault = (n == 4).then(fault);
                let moment = at(START + i64::from(n) / 2);
                tx.insert_source(&Source { imported: moment, last_seen: moment, fault, ..source(n) })?;
            }
            tx.insert_source(&Source { account: account(2), ..source(6) })?;
            tx.insert_source(&Source { token: token_id(2), ..source(7) })?;
            pairs.iter().try_for_each(|(n, tags)| tx.put_tags(&source_id(*n), tags))
        })
        .await
        .unwrap();
    let filter = SourceFilter::default;
    let with = |tags: &[(&str, Option<&str>)]| SourceFilter {
        tags: tags
            .iter()
            .map(|(key, value)| TagFilter { key: (*key).into(), value: value.map(Into::into) })
            .collect(),
        ..filter()
    };
    let cases = [
        (filter(), vec![5, 4, 3, 2, 7, 1]),
        (SourceFilter { ids: vec![source_id(1), source_id(6), source_id(2)], ..filter() }, vec![2, 1]),
        (SourceFilter { name: Some("server-3".into()), ..filter() }, vec![3]),
        (SourceFilter { name: Some("\0".into()), ..filter() }, vec![]),
        (SourceFilter { token: Some(token_id(2)), ..filter() }, vec![7]),
        (SourceFilter { state: Some(State::Available), ..filter() }, vec![5, 3, 2]),
        (SourceFilter { state: Some(State::Unavailable), ..filter() }, vec![4, 7, 1]),
        (SourceFilter { state: Some(State::InUse), ..filter() }, vec![]),
        (SourceFilter { state: Some(State::Deleting), ..filter() }, vec![]),
        (with(&[("env", Some("prod"))]), vec![3, 1]),
        (with(&[("env", None)]), vec![3, 2, 1]),
        (with(&[("env", Some("prod")), ("blue", None)]), vec![1]),
        (with(&[("ENV", None)]), vec![]),
        (SourceFilter { state: Some(State::Available), ..with(&[("env", Some("prod"))]) }, vec![3]),
    ];
    let now = at(START + 91);
    for (filter, expected) in cases {
        let asked = filter.clone();
        let (all, second) = database
            .read(move |tx| {
                let second = Page { offset: 1, limit: 1 };
                Ok((
                    tx.sources(&account(1), &asked, ALL, now)?,
                    tx.sources(&account(1), &asked, second, now)?,
                ))
            })
            .await
            .unwrap();
        let ids: Vec<_> = all.rows.iter().map(|source| source.id.clone()).collect();
        assert_eq!(ids, expected.iter().copied().map(source_id).collect::<Vec<_>>(), "{filter:?}");
        assert_eq!((all.total, second.total), (ids.len() as u64, ids.len() as u64), "{filter:?}");
        assert_eq!(second.rows.first(), all.rows.get(1), "{filter:?}");
        assert!(
            all.rows
                .iter()
                .all(|source| filter.state.is_none_or(|state| source.state_with(&[], now) == state))
        );
    }
}

async fn a_name_is_taken_by_other_sources_only(place: &Place) {
    let database = place.open();
    let answers = database
        .write(|tx| {
            (1..=2).try_for_each(|n| tx.insert_source(&source(n)))?;
            tx.insert_source(&Source { account: account(2), name: "elsewhere".into(), ..source(3) })?;
            Ok([
                tx.describe_source(&source_id(1), "server-1", "same name")?,
                tx.describe_source(&source_id(1), "server-2", "taken")?,
                tx.describe_source(&source_id(1), "elsewhere", "another account's")?,
                tx.describe_source(&source_id(2), "server-1", "free again")?,
            ])
        })
        .await
        .unwrap();
    assert_eq!(answers, [Ok(()), Err(NameTaken), Ok(()), Ok(())]);
    let source = database.read(|tx| tx.source(&account(1), &source_id(1))).await.unwrap().unwrap();
    assert_eq!((source.name.as_str(), source.description.as_str()), ("elsewhere", "another account's"));
}

async fn what_an_agent_reports_is_replaced(place: &Place) {
    let database = place.open();
    let reported = Source {
        key: KeyFingerprint::of(b"new"),
        agent_version: "0.2.0".into(),
        address: "2001:db8::1".into(),
        last_seen: at(START + 60),
        fault: Some(fault()),
        inventory: inventory("/dev/vdb"),
        ..source(1)
    };
    // Machine, name and what else is not the agent's to say stays.
    let sent = Source { name: "other".into(), machine: MachineId::of(&["other"]), ..reported.clone() };
    let replaced = database
        .write(move |tx| {
            tx.insert_source(&source(1))?;
            tx.refresh_source(&sent)?;
            tx.source(&account(1), &source_id(1))
        })
        .await
        .unwrap();
    assert_eq!(replaced, Some(reported));
    let late = Source { last_seen: at(START + 30), ..source(1) };
    database
        .write(move |tx| {
            tx.refresh_source(&late)?;
            tx.replace_inventory(&source_id(1), &inventory("/dev/vdc"))
        })
        .await
        .unwrap();
    let source = database.read(|tx| tx.source(&account(1), &source_id(1))).await.unwrap().unwrap();
    assert_eq!((source.last_seen, source.fault), (at(START + 60), None));
    assert_eq!(source.inventory.disks[0].path, "/dev/vdc");
    let mut endless = inventory("/dev/vdd");
    endless.cpu.usage_percent = f32::INFINITY;
    assert!(database.write(move |tx| tx.replace_inventory(&source_id(1), &endless)).await.is_err());
}

async fn the_latest_heartbeat_stays(place: &Place) {
    let database = place.open();
    let beat = |n: u32, seconds: i64| Heartbeat {
        source: source_id(n),
        at: at(START + seconds),
        address: format!("address {seconds}"),
        agent_version: "0.3.0".into(),
        fault: n.is_multiple_of(2).then(fault),
    };
    let sent: Vec<_> =
        (1..=300).map(|n| beat(n, 30)).chain([beat(1, 20), beat(7, 40), beat(999, 30)]).collect();
    database
        .write(move |tx| {
            (1..=300).try_for_each(|n| tx.insert_source(&source(n)))?;
            tx.note_heartbeats(&sent)?;
            tx.note_heartbeats(&[])
        })
        .await
        .unwrap();
    let late = beat(9, 10);
    database.write(move |tx| tx.note_heartbeats(std::slice::from_ref(&late))).await.unwrap();
    for (n, seconds) in [(1, 30), (2, 30), (7, 40), (9, 30), (300, 30)] {
        let source = database.read(move |tx| tx.source(&account(1), &source_id(n))).await.unwrap().unwrap();
        let expected = Source {
            last_seen: at(START + seconds),
            address: format!("address {seconds}"),
            agent_version: "0.3.0".into(),
            fault: n.is_multiple_of(2).then(fault),
            ..crate::samples::source(n)
        };
        assert_eq!(source, expected);
    }
}

async fn a_source_goes_with_all_that_hangs_on_it(place: &Place) {
    let database = place.open();
    let answers = database
        .write(|tx| {
            tx.insert_source(&source(1))?;
            tx.put_tags(&source_id(1), &[Tag { key: "env".into(), value: "prod".into() }])?;
            Ok([
                tx.delete_source(&account(2), &source_id(1))?,
                tx.delete_source(&account(1), &source_id(1))?,
                tx.delete_source(&account(1), &source_id(1))?,
            ])
        })
        .await
        .unwrap();
    assert_eq!(answers, [false, true, false]);
    for table in ["sources", "inventories", "tags"] {
        assert_eq!(place.number(&format!("SELECT COUNT(*) FROM {table}")), 0, "{table}");
    }
}
