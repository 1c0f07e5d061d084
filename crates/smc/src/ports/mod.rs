//! What the domain needs of the outside: a clock, randomness, and a store.

mod jobs;
mod transaction;
mod workgroups;

pub use jobs::{JobFilter, JobTx};
pub use transaction::{Heartbeat, Listing, NameTaken, Page, Related, SourceFilter, TokenFilter, Tx};
pub use workgroups::WorkgroupTx;

use crate::Timestamp;

/// Tells the time. Tests move it.
pub trait Clock: Send + Sync + 'static {
    /// Now, in whole seconds.
    fn now(&self) -> Timestamp;
}

/// Fills bytes that nobody can foresee.
pub trait Random: Send + Sync + 'static {
    /// Fills the buffer.
    fn fill(&self, buffer: &mut [u8]) -> Result<(), RandomError>;

    /// Gives an array of random bytes.
    fn bytes<const N: usize>(&self) -> Result<[u8; N], RandomError>
    where
        Self: Sized,
    {
        let mut buffer = [0; N];
        self.fill(&mut buffer)?;
        Ok(buffer)
    }
}

/// The system gives no randomness.
#[derive(Clone, Debug, thiserror::Error)]
#[error("drawing random bytes failed: {0}")]
pub struct RandomError(pub String);

/// Why the store did not do its work.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// It cannot be reached now; the same call may succeed later.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// It is full.
    #[error("the database has no room left: {0}")]
    Full(String),
    /// What it holds is not what Landfall wrote.
    #[error("the database holds something unexpected: {0}")]
    Corrupt(String),
    /// A uniqueness rule of the schema was about to be broken, by a race that the retry did not settle.
    #[error("two changes of the same thing collided: {0}")]
    Conflict(String),
}

/// Runs work inside transactions.
pub trait Store: Clone + Send + Sync + 'static {
    /// Runs the work on one consistent view; what it writes is discarded.
    fn read<T, F>(&self, work: F) -> impl Future<Output = Result<T, StoreError>> + Send
    where
        T: Send + 'static,
        F: FnOnce(&mut dyn Tx) -> Result<T, StoreError> + Send + 'static;

    /// Runs the work, and answers once what it wrote is durable. On an error nothing of it is kept.
    ///
    /// Several works may share one transaction of the database, and work may run again when that
    /// transaction fails: it must decide by what it reads through the `Tx`, and have no other effect.
    fn write<T, F>(&self, work: F) -> impl Future<Output = Result<T, StoreError>> + Send
    where
        T: Send + 'static,
        F: Fn(&mut dyn Tx) -> Result<T, StoreError> + Send + 'static;
}
