//! A PostgreSQL that goes away and comes back.

use std::time::{Duration, Instant};

use smc::ports::{StoreError, Tx};
use store::{Database, Location, Options};
use test_postgres::TestPostgres;

use crate::{
    place::run,
    samples::{START, account, at, token, token_id},
};

/// Asks again until the database answers; each refusal comes at once, so that the loop is the wait.
async fn until_it_answers(database: &Database) {
    let end = Instant::now() + Duration::from_mins(1);
    loop {
        let read = database.ping().await;
        let written = database.write(|tx| tx.spend_use(&token_id(1), at(START))).await;
        if read.is_ok() && written.is_ok() {
            return;
        }
        assert!(Instant::now() < end, "{read:?} {written:?}");
        tokio::task::yield_now().await;
    }
}

#[test]
fn an_outage_is_told_at_once_and_ends_by_itself() {
    run(async {
        let server = TestPostgres::start().unwrap();
        let url = server.fresh_database().unwrap();
        let database = Database::open(&Location::Postgres(url), Options::default()).unwrap();
        database.write(|tx| tx.insert_token(&token(1))).await.unwrap();
        server.crash().unwrap();
        let start = Instant::now();
        for _ in 0..20 {
            let read = database.ping().await;
            let written = database.write(|tx| tx.insert_token(&token(2))).await;
            assert!(matches!(read, Err(StoreError::Unavailable(_))), "{read:?}");
            assert!(matches!(written, Err(StoreError::Unavailable(_))), "{written:?}");
        }
        assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
        server.resume().unwrap();
        until_it_answers(&database).await;

        // A restart that nobody sees is nobody's concern.
        server.crash().unwrap();
        server.resume().unwrap();
        database.write(|tx| tx.insert_token(&token(3))).await.unwrap();
        for _ in 0..8 {
            let found = database.read(|tx| tx.token(&account(1), &token_id(3))).await;
            assert!(found.unwrap().is_some());
        }
        let absent = database.read(|tx| tx.token(&account(1), &token_id(2))).await;
        assert_eq!(absent.unwrap(), None);
    });
}

#[test]
fn a_lost_connection_is_replaced() {
    run(async {
        let server = TestPostgres::shared().unwrap();
        let url = server.fresh_database().unwrap();
        let database = Database::open(&Location::Postgres(url.clone()), Options::default()).unwrap();
        database.write(|tx| tx.insert_token(&token(1))).await.unwrap();
        let end_all = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()";
        server.sql(&url, end_all).unwrap();
        assert!(database.write(|tx| tx.spend_use(&token_id(1), at(START))).await.unwrap());
        for _ in 0..8 {
            database.ping().await.unwrap();
        }
        // The work's own connection ends while it runs: it is told so, and nothing was committed.
        let again = database
            .write(move |tx| {
                let spent = tx.spend_use(&token_id(1), at(START))?;
                let code = tx.token_of_any_account(&token_id(1))?;
                if code.is_some_and(|code| code.registered == 2) {
                    server.sql(&url, end_all).ok();
                }
                tx.spend_use(&token_id(1), at(START)).map(|second| (spent, second))
            })
            .await;
        assert!(matches!(again, Err(StoreError::Unavailable(_))), "{again:?}");
        let code = database.read(|tx| tx.token_of_any_account(&token_id(1))).await.unwrap().unwrap();
        assert_eq!(code.registered, 1);
    });
}
