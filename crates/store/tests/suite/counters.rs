//! Counters say what counting would, after whatever was done and undone.

use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use smc::{
    access_token::AccessToken,
    ports::{StoreError, Tx},
    source::Source,
};
use store::Transaction;

use crate::{
    place::{Place, run},
    samples::{account, source, source_id, token, token_id},
};

#[derive(Clone, Debug)]
enum Step {
    AddToken(u32),
    DeleteToken(u32),
    AddSource(u32),
    DeleteSource(u32),
    Fail,
}

#[test]
fn on_sqlite() {
    counters_equal_counts(&Place::sqlite(), 64);
}

#[test]
fn on_postgres() {
    counters_equal_counts(&Place::postgres(), 32);
}

fn counters_equal_counts(place: &Place, cases: u32) {
    let database = place.open();
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let step = (0..10_u32, 1..9_u32).prop_map(|(kind, n)| match kind {
        0..=2 => Step::AddToken(n),
        3..=4 => Step::DeleteToken(n),
        5..=7 => Step::AddSource(n),
        8 => Step::DeleteSource(n),
        _ => Step::Fail,
    });
    let transactions = prop::collection::vec(prop::collection::vec(step, 1..6), 1..6);
    let outcome = runner.run(&transactions, |transactions| {
        for steps in transactions {
            // Collisions and wanted failures are part of it.
            run(async { drop(database.write(move |tx| take(tx, &steps)).await) });
        }
        for table in ["access_tokens", "sources"] {
            for n in 1..=2 {
                let account = account(n);
                let counted = place.number(&format!("SELECT COUNT(*) FROM {table} WHERE account = '{account}'"));
                let kept = place.number(&format!(
                    "SELECT COALESCE(MAX(total), 0) FROM counters WHERE account = '{account}' AND relation = '{table}'"
                ));
                prop_assert_eq!(counted, kept, "{} of {}", table, account);
            }
        }
        Ok(())
    });
    outcome.unwrap();
}

fn take(tx: &mut Transaction<'_>, steps: &[Step]) -> Result<(), StoreError> {
    for step in steps {
        match step {
            Step::AddToken(n) => {
                tx.insert_token(&AccessToken { account: account(u64::from(n % 2) + 1), ..token(*n) })?;
            }
            Step::DeleteToken(n) => drop(tx.delete_token(&account(u64::from(n % 2) + 1), &token_id(*n))?),
            Step::AddSource(n) => {
                tx.insert_source(&Source { account: account(u64::from(n % 2) + 1), ..source(*n) })?;
            }
            Step::DeleteSource(n) => drop(tx.delete_source(&account(u64::from(n % 2) + 1), &source_id(*n))?),
            Step::Fail => return Err(StoreError::Full("wanted".into())),
        }
    }
    Ok(())
}
