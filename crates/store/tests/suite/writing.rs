//! Works that share a transaction: all that succeed are kept, none of one that fails is, and each caller is told.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU32, Ordering},
    mpsc,
};

use smc::{
    ports::{Page, SourceFilter, StoreError, TokenFilter, Tx},
    source::Source,
};
use store::Database;
use tokio::task::{JoinHandle, JoinSet};

use crate::{
    place::Place,
    samples::{START, account, at, source, source_id, token, token_id},
};

on_both_engines!(
    a_failing_work_takes_nobody_with_it,
    a_panicking_work_takes_nobody_with_it,
    a_work_that_hides_a_failed_statement_is_not_kept,
    nothing_of_a_failed_work_is_kept,
    a_view_does_not_change_and_does_not_write,
    centers_that_collide_settle_it,
    the_store_works_through_its_port,
);

/// Holds the writer inside a work until the returned sender is used or dropped, so that what is queued meanwhile goes
/// into one transaction.
async fn hold_writer(database: &Database) -> (mpsc::Sender<()>, JoinHandle<Result<(), StoreError>>) {
    let (release, released) = mpsc::channel();
    let (entered, entering) = tokio::sync::oneshot::channel();
    let released = Mutex::new(released);
    let entered = Mutex::new(Some(entered));
    let database = database.clone();
    let held = tokio::spawn(async move {
        database
            .write(move |_| {
                if let Some(entered) = entered.lock().unwrap().take() {
                    entered.send(()).unwrap();
                    released.lock().unwrap().recv().ok();
                }
                Ok(())
            })
            .await
    });
    entering.await.unwrap();
    (release, held)
}

/// Queues works that add codes 1 to 5 and count their runs, with one that does as told in their middle.
async fn with_neighbours<F>(place: &Place, work: F) -> Result<(), StoreError>
where
    F: Fn(&mut store::Transaction<'_>) -> Result<(), StoreError> + Send + Clone + 'static,
{
    let database = place.open();
    let runs = Arc::new(AtomicU32::new(0));
    let (release, held) = hold_writer(&database).await;
    let mut neighbours = JoinSet::new();
    let mut middle = None;
    for n in 1..=5 {
        let (database, runs) = (database.clone(), Arc::clone(&runs));
        if n == 3 {
            let (database, work) = (database.clone(), work.clone());
            middle = Some(tokio::spawn(async move { database.write(work).await }));
        }
        neighbours.spawn(async move {
            database
                .write(move |tx| {
                    runs.fetch_add(1, Ordering::Relaxed);
                    tx.insert_token(&token(n))
                })
                .await
        });
    }
    // All of them have run up to waiting for their answers, before the writer goes on.
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    drop(release);
    held.await.unwrap().unwrap();
    for outcome in neighbours.join_all().await {
        outcome.unwrap();
    }
    // Those before the failing one ran twice: once together, once alone.
    assert!(runs.load(Ordering::Relaxed) > 5, "the works did not share a transaction");
    let listing =
        database.read(|tx| tx.tokens(&account(1), &TokenFilter::default(), None, at(START))).await.unwrap();
    assert_eq!((listing.rows.len(), listing.total), (5, 5));
    middle.unwrap().await.unwrap()
}

async fn a_failing_work_takes_nobody_with_it(place: &Place) {
    let outcome = with_neighbours(place, |tx| {
        tx.insert_source(&source(1))?;
        tx.insert_token(&token(100))?;
        Err(StoreError::Conflict("wanted".into()))
    })
    .await;
    assert!(matches!(outcome, Err(StoreError::Conflict(text)) if text == "wanted"));
    assert_eq!(place.number("SELECT COUNT(*) FROM sources"), 0);
}

async fn a_panicking_work_takes_nobody_with_it(place: &Place) {
    let outcome = with_neighbours(place, |_| panic!("wanted")).await;
    assert!(matches!(outcome, Err(StoreError::Unavailable(_))));
}

async fn a_work_that_hides_a_failed_statement_is_not_kept(place: &Place) {
    let database = place.open();
    let outcome = database
        .write(|tx| {
            tx.insert_source(&source(1))?;
            let _ = tx.insert_source(&source(1));
            Ok(())
        })
        .await;
    assert!(matches!(outcome, Err(StoreError::Conflict(_))), "{outcome:?}");
    assert_eq!(place.number("SELECT COUNT(*) FROM sources"), 0);
}

async fn nothing_of_a_failed_work_is_kept(place: &Place) {
    let database = place.open();
    let runs = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&runs);
    let outcome: Result<(), _> = database
        .write(move |tx| {
            counted.fetch_add(1, Ordering::Relaxed);
            tx.insert_token(&token(1))?;
            tx.insert_source(&source(1))?;
            Err(StoreError::Full("wanted".into()))
        })
        .await;
    assert!(matches!(outcome, Err(StoreError::Full(_))));
    // It was alone, and what is not a collision is not tried again.
    assert_eq!(runs.load(Ordering::Relaxed), 1);
    for table in ["access_tokens", "sources", "inventories", "counters"] {
        assert_eq!(place.number(&format!("SELECT COUNT(*) FROM {table}")), 0, "{table}");
    }
}

async fn a_view_does_not_change_and_does_not_write(place: &Place) {
    let database = place.open();
    let (looked, look) = tokio::sync::oneshot::channel();
    let (proceed, proceeding) = mpsc::channel::<()>();
    let reader = database.clone();
    let view = tokio::spawn(async move {
        reader
            .read(move |tx| {
                let before = tx.tokens(&account(1), &TokenFilter::default(), None, at(START))?;
                looked.send(()).unwrap();
                proceeding.recv().ok();
                let after = tx.tokens(&account(1), &TokenFilter::default(), None, at(START))?;
                Ok((before.total, after.total, after.rows.len()))
            })
            .await
    });
    look.await.unwrap();
    database.write(|tx| tx.insert_token(&token(1))).await.unwrap();
    drop(proceed);
    assert_eq!(view.await.unwrap().unwrap(), (0, 0, 0));
    assert!(database.read(|tx| tx.insert_source(&source(1))).await.is_err());
    assert!(database.read(|tx| tx.token(&account(1), &token_id(1))).await.unwrap().is_some());
}

async fn centers_that_collide_settle_it(place: &Place) {
    let centers = [place.open(), place.open()];
    let mut importers = JoinSet::new();
    for (n, center) in (1..=32).zip(centers.iter().cycle().cloned()) {
        importers.spawn(async move {
            center
                .write(move |tx| {
                    // All want the same name, and step aside when it is taken.
                    let mut name = "server".to_owned();
                    let mut attempt = 0;
                    while tx.source_name_taken(&account(1), &name)? {
                        attempt += 1;
                        name = format!("server-{attempt}");
                    }
                    tx.insert_source(&Source { name, ..source(n) })
                })
                .await
        });
    }
    for outcome in importers.join_all().await {
        outcome.unwrap();
    }
    assert_eq!(place.number("SELECT COUNT(DISTINCT name) FROM sources"), 32);
    assert_eq!(place.number("SELECT total FROM counters WHERE relation = 'sources'"), 32);
}

async fn the_store_works_through_its_port(place: &Place) {
    async fn add_and_list<S: smc::ports::Store>(store: &S) -> Result<u64, StoreError> {
        store.write(|tx| tx.insert_source(&source(1))).await?;
        let page = Page { offset: 0, limit: 10 };
        let listing =
            store.read(move |tx| tx.sources(&account(1), &SourceFilter::default(), page, at(START))).await?;
        assert_eq!(listing.rows[0].id, source_id(1));
        Ok(listing.total)
    }
    let database = place.open();
    assert_eq!(add_and_list(&database).await.unwrap(), 1);
    database.ping().await.unwrap();
}
