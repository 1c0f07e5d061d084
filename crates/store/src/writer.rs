//! The one thread that writes: it takes all works that are waiting, runs them in one transaction, and answers them once
//! that is durable. So 64 callers pay for a few flushes of the disk instead of 64. It never waits for more to come: those
//! who were answered ask again while the next transaction runs, and waiting for them only kept the database idle.
//!
//! When a work or a statement fails, the transaction is undone and each of its works runs again in a transaction of
//! its own: the one that fails is told why, and the others do not notice.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
};

use smc::ports::StoreError;
use tokio::sync::{mpsc, oneshot};

use crate::{
    driver::{Access, CommitError},
    link::Link,
    transaction::Transaction,
};

/// Runs of a work that collides with what others write, before its caller is told.
const ATTEMPTS: u32 = 5;

/// Something to do inside a transaction, together with the caller who waits for it.
pub(crate) trait Work: Send {
    /// Runs, maybe for another time, and keeps what to answer.
    fn run(&mut self, transaction: &mut Transaction<'_>) -> Result<(), StoreError>;
    /// Tells the caller what the last run gave, or why it was not kept.
    fn answer(self: Box<Self>, kept: Result<(), StoreError>);
}

/// A work made of a closure.
pub(crate) struct Pending<T, F> {
    pub(crate) work: F,
    pub(crate) value: Option<T>,
    pub(crate) reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Work for Pending<T, F>
where
    T: Send,
    F: Fn(&mut Transaction<'_>) -> Result<T, StoreError> + Send,
{
    fn run(&mut self, transaction: &mut Transaction<'_>) -> Result<(), StoreError> {
        self.value = None;
        let outcome = catch_unwind(AssertUnwindSafe(|| (self.work)(transaction)));
        self.value = Some(outcome.unwrap_or_else(|panic| Err(panicked(panic.as_ref())))?);
        Ok(())
    }

    fn answer(self: Box<Self>, kept: Result<(), StoreError>) {
        let value = self.value;
        let outcome =
            kept.and_then(|()| value.ok_or_else(|| StoreError::Unavailable("the work was never run".into())));
        // A caller who left does not need the answer.
        let _ = self.reply.send(outcome);
    }
}

/// Tells of a panic inside a work; the thread goes on.
pub(crate) fn panicked(panic: &(dyn Any + Send)) -> StoreError {
    let text =
        panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    tracing::error!(panic = text.unwrap_or("without a text"), "a work on the database panicked");
    StoreError::Unavailable("a work on the database panicked; see the log".into())
}

/// Works until the last sender is gone.
pub(crate) fn run(mut link: Link, mut queue: mpsc::Receiver<Box<dyn Work>>, largest: usize) {
    while let Some(first) = queue.blocking_recv() {
        let mut batch = vec![first];
        take_waiting(&mut batch, &mut queue, largest);
        process(&mut link, batch);
    }
}

fn take_waiting(batch: &mut Vec<Box<dyn Work>>, queue: &mut mpsc::Receiver<Box<dyn Work>>, largest: usize) {
    while batch.len() < largest
        && let Ok(work) = queue.try_recv()
    {
        batch.push(work);
    }
}

/// Why a transaction was not kept.
enum Failure {
    /// It never began.
    Away(StoreError),
    /// It was undone.
    Undone(StoreError),
    /// It may have been kept or not.
    Unknown(StoreError),
}

fn process(link: &mut Link, mut batch: Vec<Box<dyn Work>>) {
    match attempt(link, &mut batch) {
        Ok(()) => answer(batch, &Ok(())),
        Err(Failure::Away(error) | Failure::Unknown(error)) => answer(batch, &Err(error)),
        Err(Failure::Undone(error)) => {
            let works = batch.len();
            tracing::debug!(%error, works, "a transaction was undone");
            // A work that was alone has failed by itself; of several, any may be to blame.
            let blamed = (works == 1).then_some(error);
            for work in batch {
                process_alone(link, work, blamed.clone());
            }
        }
    }
}

/// Runs a work in a transaction of its own, again while it collides with others. `failure` is how its run alone ended,
/// if it had one.
fn process_alone(link: &mut Link, work: Box<dyn Work>, failure: Option<StoreError>) {
    let mut works = vec![work];
    let mut runs = u32::from(failure.is_some());
    let mut outcome = failure.map(Err);
    while runs < ATTEMPTS && matches!(outcome, None | Some(Err(StoreError::Conflict(_)))) {
        runs += 1;
        outcome = Some(attempt(link, &mut works).map_err(|failure| match failure {
            Failure::Away(error) | Failure::Undone(error) | Failure::Unknown(error) => error,
        }));
    }
    answer(works, &outcome.unwrap_or(Ok(())));
}

fn answer(works: Vec<Box<dyn Work>>, kept: &Result<(), StoreError>) {
    for work in works {
        work.answer(kept.clone());
    }
}

fn attempt(link: &mut Link, works: &mut [Box<dyn Work>]) -> Result<(), Failure> {
    let connection = link.begin(Access::Write).map_err(Failure::Away)?;
    let mut transaction = Transaction::new(connection);
    let ran = works.iter_mut().try_for_each(|work| {
        work.run(&mut transaction)?;
        transaction.failure()
    });
    let (rows, last) = match ran.and_then(|()| transaction.finish()) {
        Ok(last) => last,
        Err(error) => {
            connection.rollback();
            return Err(Failure::Undone(error));
        }
    };
    connection.commit(rows, last).map_err(|error| {
        connection.rollback();
        match error {
            CommitError::Undone(error) => Failure::Undone(error),
            CommitError::Unknown(error) => Failure::Unknown(error),
        }
    })
}
