//! Workgroups: kept, renamed, removed; a source in at most one.

use smc::{
    WorkgroupId,
    ports::{Page, SourceFilter, StoreError, Tx, WorkgroupTx},
    tag::Tag,
    workgroup::{CreatingCall, Membership, Workgroup},
};

use crate::{
    place::Place,
    samples::{START, account, at, source, source_id},
};

on_both_engines!(
    groups_read_back_and_belong_to_their_account,
    a_source_is_in_one_group_until_it_or_the_membership_goes,
    the_schema_refuses_a_second_group_and_the_removal_of_a_full_one,
    tags_that_do_not_parse_are_named
);

fn group_id(number: u32) -> WorkgroupId {
    WorkgroupId::parse(&format!("w-{number:020}")).unwrap()
}

fn group(number: u32) -> Workgroup {
    Workgroup {
        id: group_id(number),
        account: account(1),
        name: Some(format!("rack-{number}")),
        description: "it's a rack".into(),
        tags: vec![
            Tag { key: "a".into(), value: String::new() },
            Tag { key: "b".into(), value: "字".into() },
        ],
        created: at(START),
    }
}

async fn groups_read_back_and_belong_to_their_account(place: &Place) {
    let database = place.open();
    let nameless = |number| Workgroup { name: None, tags: Vec::new(), ..group(number) };
    let call = CreatingCall { client_token: "t".into(), parameters: "[1]".into() };
    database
        .write(move |tx| {
            tx.insert_workgroup(&group(1), Some(&call))?;
            tx.insert_workgroup(&nameless(2), None)?;
            tx.insert_workgroup(&nameless(3), None)?;
            tx.insert_workgroup(&Workgroup { account: account(2), ..group(4) }, Some(&call))?;
            tx.insert_workgroup(&Workgroup { name: Some("other".into()), ..group(5) }, None)
        })
        .await
        .unwrap();
    let (own, calls) = database
        .read(|tx| {
            let calls = [
                tx.workgroup_of_call(&account(1), "t")?,
                tx.workgroup_of_call(&account(2), "t")?,
                tx.workgroup_of_call(&account(1), "u")?,
            ];
            Ok((tx.workgroups(&account(1))?, calls))
        })
        .await
        .unwrap();
    let five = Workgroup { name: Some("other".into()), ..group(5) };
    assert_eq!(own, [five, nameless(3), nameless(2), group(1)]);
    assert_eq!(calls, [Some((group_id(1), "[1]".into())), Some((group_id(4), "[1]".into())), None]);
    let removed = database
        .write(|tx| {
            tx.describe_workgroup(&group_id(2), Some("named"), "")?;
            Ok((
                tx.delete_workgroup(&account(1), &group_id(4))?,
                tx.delete_workgroup(&account(1), &group_id(3))?,
            ))
        })
        .await
        .unwrap();
    assert_eq!(removed, (false, true));
    let named = database.read(|tx| tx.workgroups(&account(1))).await.unwrap().remove(1);
    assert_eq!((named.name.as_deref(), named.description.as_str()), (Some("named"), ""));
}

async fn a_source_is_in_one_group_until_it_or_the_membership_goes(place: &Place) {
    let database = place.open();
    let on = |workgroup, source| Membership { workgroup: group_id(workgroup), source: source_id(source) };
    database
        .write(|tx| {
            (1..=4).try_for_each(|n| tx.insert_source(&source(n)))?;
            tx.insert_workgroup(&group(1), None)?;
            tx.insert_workgroup(&group(2), None)?;
            tx.join_workgroup(&group_id(1), &[source_id(3), source_id(1)])?;
            tx.join_workgroup(&group_id(2), &[source_id(2)])
        })
        .await
        .unwrap();
    let (members, of_sources, listed) = database
        .read(|tx| {
            let filter = SourceFilter { workgroup: Some(group_id(1)), ..SourceFilter::default() };
            let page = Page { offset: 0, limit: 10 };
            Ok((
                tx.members(&[group_id(2), group_id(1)])?,
                tx.memberships(&[source_id(2), source_id(4)])?,
                tx.sources(&account(1), &filter, page, at(START))?,
            ))
        })
        .await
        .unwrap();
    assert_eq!(members, [on(1, 1), on(2, 2), on(1, 3)]);
    assert_eq!(of_sources, [on(2, 2)]);
    assert_eq!(listed.total, 2);
    assert_eq!(
        listed.rows.iter().map(|source| source.id.clone()).collect::<Vec<_>>(),
        [source_id(3), source_id(1)]
    );
    let left = database
        .write(|tx| {
            tx.leave_workgroup(&group_id(2), &[source_id(3)])?;
            tx.leave_workgroup(&group_id(1), &[source_id(1), source_id(4)])?;
            tx.delete_source(&account(1), &source_id(2))?;
            tx.members(&[group_id(1), group_id(2)])
        })
        .await
        .unwrap();
    assert_eq!(left, [on(1, 3)]);
}

async fn the_schema_refuses_a_second_group_and_the_removal_of_a_full_one(place: &Place) {
    let database = place.open();
    database
        .write(|tx| {
            tx.insert_source(&source(1))?;
            tx.insert_workgroup(&group(1), None)?;
            tx.insert_workgroup(&group(2), None)?;
            tx.join_workgroup(&group_id(1), &[source_id(1)])
        })
        .await
        .unwrap();
    let twice = database.write(|tx| tx.join_workgroup(&group_id(2), &[source_id(1)])).await;
    assert!(matches!(twice, Err(StoreError::Conflict(_))), "{twice:?}");
    let full = database.write(|tx| tx.delete_workgroup(&account(1), &group_id(1))).await;
    assert!(full.is_err(), "{full:?}");
    let same_name = Workgroup { name: group(1).name, ..group(3) };
    let named = database.write(move |tx| tx.insert_workgroup(&same_name, None)).await;
    assert!(matches!(named, Err(StoreError::Conflict(_))), "{named:?}");
    assert_eq!(place.number("SELECT COUNT(*) FROM workgroup_members"), 1);
}

async fn tags_that_do_not_parse_are_named(place: &Place) {
    let database = place.open();
    database.write(|tx| tx.insert_workgroup(&group(1), None)).await.unwrap();
    place.tamper("UPDATE workgroups SET tags = '[1]'").unwrap();
    let outcome = database.read(|tx| tx.workgroups(&account(1))).await;
    let Err(StoreError::Corrupt(message)) = outcome else { panic!("{outcome:?}") };
    assert!(message.starts_with("table workgroups, row w-00000000000000000001, column tags: "), "{message}");
}
