//! Accounts, users, keys, policies, keyring.

use ram::{AccessKeyId, KeyStatus, PolicyName, UserName};
use smc::ports::StoreError;
use store::identities::{AccountRow, KeyRow, PolicyRemoval, PolicyRow, UserRow};

use crate::{
    place::Place,
    samples::{START, account, at},
};

on_both_engines!(
    accounts_and_users_read_back,
    keys_are_kept_listed_and_changed,
    policies_are_kept_and_stay_while_attached,
    a_user_goes_with_keys_and_attachments,
    the_keyring_is_one,
);

fn account_row(number: u64) -> AccountRow {
    AccountRow { id: account(number), name: format!("account {number}"), created: at(START) }
}

fn user(name: &str) -> UserName {
    name.parse().unwrap()
}

fn user_row(name: &str) -> UserRow {
    UserRow { account: account(1), name: user(name), display_name: format!("Die {name}"), created: at(START) }
}

fn key_id(text: &str) -> AccessKeyId {
    text.parse().unwrap()
}

fn key_row(id: &str, owner: Option<&str>) -> KeyRow {
    KeyRow {
        id: key_id(id),
        account: account(1),
        user: owner.map(user),
        sealed: vec![0, 255, 7],
        status: KeyStatus::Active,
        created: at(START),
        last_used: None,
    }
}

fn policy(name: &str) -> PolicyName {
    name.parse().unwrap()
}

fn policy_row(name: &str) -> PolicyRow {
    PolicyRow {
        account: account(1),
        name: policy(name),
        document: r#"{"Version":"1","Statement":[]}"#.into(),
        description: "of everything".into(),
        created: at(START),
        updated: at(START),
    }
}

async fn accounts_and_users_read_back(place: &Place) {
    let database = place.open();
    database
        .write(|tx| {
            (1..=2).try_for_each(|n| tx.insert_account(&account_row(n)))?;
            ["zoe", "_a", "Ben"].iter().try_for_each(|name| tx.insert_user(&user_row(name)))?;
            tx.insert_user(&UserRow { account: account(2), ..user_row("zoe") })
        })
        .await
        .unwrap();
    let (accounts, one, none) = database
        .read(|tx| Ok((tx.accounts()?, tx.account(account(2))?, tx.account(account(3))?)))
        .await
        .unwrap();
    assert_eq!((accounts, one, none), (vec![account_row(1), account_row(2)], Some(account_row(2)), None));
    let (users, zoe, nobody) = database
        .read(|tx| {
            Ok((
                tx.users(account(1))?,
                tx.user(account(2), &user("zoe"))?,
                tx.user(account(2), &user("Ben"))?,
            ))
        })
        .await
        .unwrap();
    assert_eq!(users, ["Ben", "_a", "zoe"].map(user_row));
    assert_eq!((zoe.map(|zoe| zoe.account), nobody), (Some(account(2)), None));

    for (what, outcome) in [
        ("account", database.write(|tx| tx.insert_account(&account_row(1))).await),
        ("user", database.write(|tx| tx.insert_user(&user_row("zoe"))).await),
        (
            "homeless",
            database.write(|tx| tx.insert_user(&UserRow { account: account(9), ..user_row("x") })).await,
        ),
    ] {
        assert!(matches!(outcome, Err(StoreError::Conflict(_))), "{what}: {outcome:?}");
    }
}

async fn keys_are_kept_listed_and_changed(place: &Place) {
    let database = place.open();
    database
        .write(|tx| {
            tx.insert_account(&account_row(1))?;
            tx.insert_user(&user_row("ci"))?;
            let later = KeyRow { created: at(START + 1), ..key_row("a-later", Some("ci")) };
            [key_row("owner", None), later, key_row("first", Some("ci"))]
                .iter()
                .try_for_each(|key| tx.insert_key(key))
        })
        .await
        .unwrap();
    let ids = |keys: Vec<KeyRow>| keys.into_iter().map(|key| key.id.to_string()).collect::<Vec<_>>();
    let (owners, users, strangers, all, of_account) = database
        .read(|tx| {
            let ci = user("ci");
            Ok((
                tx.keys(account(1), None)?,
                tx.keys(account(1), Some(&ci))?,
                tx.keys(account(2), Some(&ci))?,
                tx.all_keys()?,
                [tx.account_keys(account(1))?, tx.account_keys(account(2))?],
            ))
        })
        .await
        .unwrap();
    assert_eq!(of_account.map(ids), [vec!["owner", "first", "a-later"], vec![]]);
    assert_eq!([ids(owners), ids(users), ids(strangers)], [vec!["owner"], vec!["first", "a-later"], vec![]]);
    assert_eq!(ids(all), ["first", "owner", "a-later"]);

    let answers = database
        .write(|tx| {
            let first = key_id("first");
            tx.note_key_used(&first, at(START + 9))?;
            tx.note_key_used(&first, at(START + 5))?;
            tx.note_key_used(&key_id("gone"), at(START + 5))?;
            Ok([
                tx.set_key_status(account(2), &first, KeyStatus::Inactive)?,
                tx.set_key_status(account(1), &first, KeyStatus::Inactive)?,
                tx.replace_sealed(&first, b"anew")?,
                tx.replace_sealed(&key_id("gone"), b"anew")?,
                tx.delete_key(account(2), &key_id("owner"))?,
                tx.delete_key(account(1), &key_id("owner"))?,
            ])
        })
        .await
        .unwrap();
    assert_eq!(answers, [false, true, true, false, false, true]);
    let (first, owner) =
        database.read(|tx| Ok((tx.key(&key_id("first"))?, tx.key(&key_id("owner"))?))).await.unwrap();
    let expected = KeyRow {
        status: KeyStatus::Inactive,
        sealed: b"anew".to_vec(),
        last_used: Some(at(START + 9)),
        ..key_row("first", Some("ci"))
    };
    assert!(first == Some(expected) && owner.is_none());
    let homeless = database.write(|tx| tx.insert_key(&key_row("x", Some("nobody")))).await;
    assert!(matches!(homeless, Err(StoreError::Conflict(_))), "{homeless:?}");
}

async fn policies_are_kept_and_stay_while_attached(place: &Place) {
    let database = place.open();
    let replaced = PolicyRow {
        document: "{}".into(),
        description: String::new(),
        updated: at(START + 5),
        ..policy_row("p-1")
    };
    let written = replaced.clone();
    database
        .write(move |tx| {
            tx.insert_account(&account_row(1))?;
            ["zoe", "ben"].iter().try_for_each(|name| tx.insert_user(&user_row(name)))?;
            tx.put_policy(&policy_row("p-2"))?;
            tx.put_policy(&policy_row("p-1"))?;
            tx.put_policy(&PolicyRow { created: at(START + 5), ..written.clone() })?;
            for (name, attached) in
                [("zoe", "p-1"), ("ben", "p-1"), ("zoe", "LandfallFullAccess"), ("zoe", "p-1")]
            {
                tx.attach(account(1), &user(name), &policy(attached))?;
            }
            Ok(())
        })
        .await
        .unwrap();
    let (all, one, none, attached, pairs) = database
        .read(|tx| {
            Ok((
                tx.policies(account(1))?,
                tx.policy(account(1), &policy("p-1"))?,
                tx.policy(account(2), &policy("p-1"))?,
                tx.attached_policies(account(1), &user("zoe"))?,
                [tx.attachments(account(1))?, tx.attachments(account(2))?],
            ))
        })
        .await
        .unwrap();
    assert_eq!((all, one, none), (vec![replaced.clone(), policy_row("p-2")], Some(replaced), None));
    assert_eq!(attached, ["LandfallFullAccess", "p-1"].map(policy));
    let expected = [("ben", "p-1"), ("zoe", "LandfallFullAccess"), ("zoe", "p-1")];
    assert_eq!(pairs, [expected.map(|(name, held)| (user(name), policy(held))).to_vec(), vec![]]);
    let (removals, detached) = database
        .write(|tx| {
            let p1 = policy("p-1");
            let first = tx.delete_policy(account(1), &p1)?;
            let detached = [
                tx.detach(account(1), &user("zoe"), &p1)?,
                tx.detach(account(1), &user("zoe"), &p1)?,
                tx.detach(account(1), &user("ben"), &p1)?,
            ];
            Ok(([first, tx.delete_policy(account(1), &p1)?, tx.delete_policy(account(1), &p1)?], detached))
        })
        .await
        .unwrap();
    let held = PolicyRemoval::Attached(vec![user("ben"), user("zoe")]);
    assert_eq!(removals, [held, PolicyRemoval::Removed, PolicyRemoval::Unknown]);
    assert_eq!(detached, [true, false, true]);
    let homeless = database.write(|tx| tx.attach(account(1), &user("nobody"), &policy("p-2"))).await;
    assert!(matches!(homeless, Err(StoreError::Conflict(_))), "{homeless:?}");
}

async fn a_user_goes_with_keys_and_attachments(place: &Place) {
    let database = place.open();
    let answers = database
        .write(|tx| {
            tx.insert_account(&account_row(1))?;
            tx.insert_user(&user_row("ci"))?;
            tx.insert_key(&key_row("owner", None))?;
            tx.insert_key(&key_row("key", Some("ci")))?;
            tx.attach(account(1), &user("ci"), &policy("p-1"))?;
            Ok([
                tx.delete_user(account(2), &user("ci"))?,
                tx.delete_user(account(1), &user("ci"))?,
                tx.delete_user(account(1), &user("ci"))?,
            ])
        })
        .await
        .unwrap();
    assert_eq!(answers, [false, true, false]);
    assert_eq!(place.number("SELECT COUNT(*) FROM access_keys"), 1);
    assert_eq!(place.number("SELECT COUNT(*) FROM policy_attachments"), 0);
}

async fn the_keyring_is_one(place: &Place) {
    let database = place.open();
    assert_eq!(database.read(|tx| tx.keyring()).await.unwrap(), None);
    for content in ["first", "second"] {
        database.write(move |tx| tx.put_keyring(content)).await.unwrap();
        assert_eq!(database.read(|tx| tx.keyring()).await.unwrap().as_deref(), Some(content));
    }
    assert_eq!(place.number("SELECT COUNT(*) FROM keyring"), 1);
}
