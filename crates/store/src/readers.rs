//! The threads that read: each has a connection of its own and gives a work one consistent view.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use smc::ports::StoreError;
use tokio::sync::{Mutex, mpsc, oneshot};

use crate::{driver::Access, link::Link, transaction::Transaction, writer::panicked};

/// Something to look up, together with the caller who waits for it.
pub(crate) type Lookup = Box<dyn FnOnce(Result<&mut Transaction<'_>, StoreError>) + Send>;

/// Lookups that wait, shared by all readers.
pub(crate) type Queue = Arc<Mutex<mpsc::Receiver<Lookup>>>;

/// Makes a lookup of a closure.
pub(crate) fn lookup<T, F>(work: F, reply: oneshot::Sender<Result<T, StoreError>>) -> Lookup
where
    T: Send + 'static,
    F: FnOnce(&mut Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
{
    Box::new(move |transaction| {
        let outcome = transaction.and_then(|transaction| {
            let outcome = catch_unwind(AssertUnwindSafe(|| work(transaction)));
            let value = outcome.unwrap_or_else(|panic| Err(panicked(panic.as_ref())))?;
            transaction.failure().map(|()| value)
        });
        // A caller who left does not need the answer.
        let _ = reply.send(outcome);
    })
}

/// Reads until the last sender is gone.
pub(crate) fn run(mut link: Link, queue: &Queue) {
    loop {
        let Some(lookup) = queue.blocking_lock().blocking_recv() else { return };
        match link.begin(Access::Read) {
            Ok(connection) => {
                lookup(Ok(&mut Transaction::new(connection)));
                connection.rollback();
            }
            Err(error) => lookup(Err(error)),
        }
    }
}
