//! What was changed behind the store's back is told, not believed.

use smc::{
    audit::{Event, Filter},
    ports::{StoreError, Tx},
};
use store::identities::{AccountRow, KeyRow};

use crate::{
    place::Place,
    samples::{START, account, at, entry, source, source_id, token, token_id},
};

on_both_engines!(a_row_that_does_not_parse_is_named, a_counter_that_is_missing_does_not_go_below_zero);

async fn a_row_that_does_not_parse_is_named(place: &Place) {
    let database = place.open();
    database
        .write(|tx| {
            tx.insert_account(&AccountRow { id: account(1), name: String::new(), created: at(START) })?;
            tx.insert_key(&KeyRow {
                id: "key".parse().unwrap(),
                account: account(1),
                user: None,
                sealed: vec![1],
                status: ram::KeyStatus::Active,
                created: at(START),
                last_used: None,
            })?;
            tx.insert_token(&token(1))?;
            tx.insert_source(&source(1))?;
            tx.record(&entry(Event::TokenCreated, "at-1", START))
        })
        .await
        .unwrap();
    // A change, and the one that mends it.
    let cases = [
        ("UPDATE access_tokens SET use_limit = 1001", "UPDATE access_tokens SET use_limit = 3"),
        ("UPDATE access_tokens SET days = -1", "UPDATE access_tokens SET days = 10"),
        (
            "UPDATE access_tokens SET expires_at = expires_at + 1",
            "UPDATE access_tokens SET expires_at = expires_at - 1",
        ),
        ("UPDATE access_tokens SET digest = substr(digest, 2)", "UPDATE access_tokens SET days = 10"),
        ("UPDATE sources SET token = 'at-'", "UPDATE sources SET token = 'at-00000000000000000001'"),
        ("UPDATE sources SET fault_code = 'x'", "UPDATE sources SET fault_code = NULL"),
        ("UPDATE inventories SET document = '{'", "UPDATE inventories SET document = '{}'"),
        ("DELETE FROM inventories", "SELECT 1"),
        ("UPDATE access_keys SET status = 'active'", "UPDATE access_keys SET status = 'Active'"),
        ("UPDATE accounts SET id = '7'", "SELECT 1"),
        (
            "INSERT INTO audit (account, moment, event, resource, actor, address, detail) VALUES ('1000000000000001', 1, 'x', '', '', '', '')",
            "SELECT 1",
        ),
    ];
    let mut messages = Vec::new();
    for (change, mend) in cases {
        // The account's id is referred to; only here is that in the way.
        if change.contains("accounts") {
            place.tamper("DELETE FROM access_keys").unwrap();
        }
        place.tamper(change).unwrap();
        let outcome = database
            .read(|tx| {
                tx.token(&account(1), &token_id(1))?;
                tx.source(&account(1), &source_id(1))?;
                tx.all_keys()?;
                tx.accounts()?;
                tx.recorded(&account(1), &Filter::default(), 10)
            })
            .await;
        let Err(StoreError::Corrupt(message)) = outcome else { panic!("{change}: {outcome:?}") };
        messages.push(message);
        if change.contains("digest") {
            place.tamper("DELETE FROM access_tokens").unwrap();
            database.write(|tx| tx.insert_token(&token(1))).await.unwrap();
        }
        if change.starts_with("DELETE FROM inventories") {
            place.tamper("INSERT INTO inventories SELECT id, '{}' FROM sources").unwrap();
        }
        if change.contains("accounts") {
            place.tamper("UPDATE accounts SET id = '1000000000000001'").unwrap();
        }
        place.tamper(mend).unwrap();
    }
    insta::allow_duplicates! {
        insta::assert_snapshot!(messages.join("\n"), @"
        table access_tokens, row at-00000000000000000001, column use_limit: the number of uses must be 1 to 1000
        table access_tokens, row at-00000000000000000001, column days: is negative or too great
        table access_tokens, row at-00000000000000000001, column expires_at: is not the creation and the time to live together
        table access_tokens, row at-00000000000000000001, column digest: has 31 bytes instead of 32
        table sources, row s-00000000000000000001, column token: not an id of the form at-<20 of a-z0-9>
        table sources, row s-00000000000000000001, column fault_message: is there without its other half
        table sources, row s-00000000000000000001, column document: EOF while parsing an object at line 1 column 1
        table sources, row s-00000000000000000001, column document: is not text
        table access_keys, row key, column status: reading an AccessKey status: it must be Active or Inactive
        table accounts, row 7, column id: reading an account id: it must be exactly 16 decimal digits
        table audit, row 2, column event: is not an event
        ");
    }
}

async fn a_counter_that_is_missing_does_not_go_below_zero(place: &Place) {
    let database = place.open();
    database.write(|tx| tx.insert_token(&token(1))).await.unwrap();
    place.tamper("UPDATE counters SET total = 0").unwrap();
    let outcome = database
        .write(|tx| {
            tx.delete_token(&account(1), &token_id(1))?;
            tx.tokens(&account(1), &smc::ports::TokenFilter::default(), None, at(START))
        })
        .await;
    assert!(matches!(outcome, Err(StoreError::Corrupt(_))), "{outcome:?}");
}
