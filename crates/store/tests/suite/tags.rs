//! Tags: put, replaced, taken off, and searched for.

use smc::{
    ports::Tx,
    source::Source,
    tag::{Tag, TagFilter},
};

use crate::{
    place::Place,
    samples::{account, source, source_id},
};

on_both_engines!(tags_are_put_replaced_and_taken_off, sources_are_found_by_their_tags);

fn tag(key: &str, value: &str) -> Tag {
    Tag { key: key.into(), value: value.into() }
}

async fn tags_are_put_replaced_and_taken_off(place: &Place) {
    let database = place.open();
    let shown = |sources: &'static [u32]| {
        let database = database.clone();
        async move {
            let ids: Vec<_> = sources.iter().copied().map(source_id).collect();
            let tags = database.read(move |tx| tx.tags(&ids)).await.unwrap();
            let lines = tags.iter().map(|on| {
                let number = sources.iter().find(|n| source_id(**n) == on.source).unwrap();
                format!("{number} {}={}", on.tag.key, on.tag.value)
            });
            lines.collect::<Vec<_>>()
        }
    };
    database
        .write(|tx| {
            (1..=3).try_for_each(|n| tx.insert_source(&source(n)))?;
            tx.put_tags(&source_id(1), &[tag("b", "1"), tag("a", ""), tag("Z", "9")])?;
            tx.put_tags(&source_id(2), &[tag("c", "x"), tag("d", "y")])?;
            tx.put_tags(&source_id(1), &[tag("b", "2")])
        })
        .await
        .unwrap();
    // Sources in the order asked for, keys in the order of their bytes.
    assert_eq!(shown(&[2, 1]).await, ["2 c=x", "2 d=y", "1 Z=9", "1 a=", "1 b=2"]);
    database
        .write(|tx| {
            tx.remove_tags(&source_id(1), &["a".into(), "unknown".into()])?;
            tx.remove_tags(&source_id(1), &["\0".into()])?;
            tx.remove_tags(&source_id(2), &[])
        })
        .await
        .unwrap();
    assert_eq!(shown(&[1, 2, 3]).await, ["1 Z=9", "1 b=2"]);
    assert!(shown(&[]).await.is_empty());
    let many: Vec<_> = (0..400).map(source_id).collect();
    assert_eq!(database.read(move |tx| tx.tags(&many)).await.unwrap().len(), 2);
}

async fn sources_are_found_by_their_tags(place: &Place) {
    let database = place.open();
    database
        .write(|tx| {
            for n in 1..=6 {
                tx.insert_source(&source(n))?;
                tx.put_tags(
                    &source_id(n),
                    &[tag("env", if n % 2 == 0 { "even" } else { "odd" }), tag(&n.to_string(), "")],
                )?;
            }
            tx.insert_source(&Source { account: account(2), ..source(7) })?;
            tx.put_tags(&source_id(7), &[tag("env", "odd")])
        })
        .await
        .unwrap();
    let want = |key: &str, value: Option<&str>| TagFilter { key: key.into(), value: value.map(Into::into) };
    let cases = [
        (vec![], vec![want("env", Some("odd"))], None, 10, vec![1, 3, 5]),
        (vec![], vec![want("env", Some("odd"))], Some(1), 1, vec![3]),
        (vec![2, 3, 4], vec![want("env", None)], None, 10, vec![2, 3, 4]),
        (vec![], vec![want("env", Some("even")), want("4", None)], None, 10, vec![4]),
        (vec![], vec![want("env", Some("even")), want("3", None)], None, 10, vec![]),
        (vec![6, 7], vec![], None, 10, vec![6]),
        (vec![], vec![want("\0", None)], None, 10, vec![]),
    ];
    for (among, tags, after, limit, expected) in cases {
        let among: Vec<_> = among.into_iter().map(source_id).collect();
        let after = after.map(source_id);
        let what = format!("{among:?} {tags:?}");
        let found = database
            .read(move |tx| tx.tagged_sources(&account(1), &among, &tags, after.as_ref(), limit))
            .await
            .unwrap();
        assert_eq!(found, expected.into_iter().map(source_id).collect::<Vec<_>>(), "{what}");
    }
}
