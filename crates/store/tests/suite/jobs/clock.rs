//! The clock of the domain over the store.

use std::sync::Arc;

use smc::{
    Timestamp,
    access_token::CodeKey,
    job::{Job, Status},
    ports::{Clock, JobTx, Random, RandomError, Tx},
    registry::{Registry, Settings},
};

use crate::{
    place::Place,
    samples::{DAY, START, account, at, job, job_id, source},
};

on_both_engines!(a_damaged_job_does_not_stop_the_clock);

struct Now(Timestamp);

impl Clock for Now {
    fn now(&self) -> Timestamp {
        self.0
    }
}

struct Sevens;

impl Random for Sevens {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), RandomError> {
        buffer.fill(7);
        Ok(())
    }
}

async fn a_damaged_job_does_not_stop_the_clock(place: &Place) {
    let database = place.open();
    database
        .write(|tx| {
            for n in 1..=3 {
                tx.insert_source(&source(n))?;
                tx.insert_job(&Job { valid_until: at(START + i64::from(n)), ..job(n) }, None)?;
            }
            Ok(())
        })
        .await
        .unwrap();
    place.tamper("UPDATE jobs SET document = '{' WHERE id = 'j-00000000000000000001'").unwrap();
    let clock = Arc::new(Now(at(START + DAY)));
    let key = CodeKey::new([1; 32]);
    let registry = Registry::new(database.clone(), clock, Arc::new(Sevens), key, Settings::default());
    assert_eq!(registry.tick_jobs().await.unwrap(), [2, 3].map(job_id));
    for n in [2, 3] {
        let job = database.read(move |tx| tx.job(&account(1), &job_id(n))).await.unwrap().unwrap();
        assert_eq!(job.state.status(), Status::Expired);
    }
    assert!(database.read(|tx| tx.job(&account(1), &job_id(1))).await.is_err());
}
