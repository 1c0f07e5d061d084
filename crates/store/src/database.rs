//! A database: opened once, then handed around by cloning.

use std::{
    sync::{Arc, mpsc as std_mpsc},
    thread::{self, JoinHandle},
};

use smc::ports::{Store, StoreError, Tx};
use tokio::sync::{Mutex, mpsc, oneshot};

use crate::{
    Location, OpenError, Options,
    driver::{Connector, Engine},
    link::Link,
    migrations, readers,
    transaction::Transaction,
    writer,
};

/// Works and lookups that may wait before their callers are held back.
const QUEUED: usize = 1024;

/// An open database. Clones share its threads and connections; the last one closes them.
#[derive(Clone)]
pub struct Database {
    inner: Arc<Inner>,
}

struct Inner {
    works: Option<mpsc::Sender<Box<dyn writer::Work>>>,
    lookups: Option<mpsc::Sender<readers::Lookup>>,
    threads: Vec<JoinHandle<()>>,
}

impl Database {
    /// Opens a database, brings it to the schema this program knows and starts its threads. Blocks until it is ready
    /// to be used.
    pub fn open(location: &Location, options: Options) -> Result<Self, OpenError> {
        let connector = Arc::new(Connector::new(location)?);
        let (works, work_queue) = mpsc::channel(QUEUED);
        let (lookups, lookup_queue) = mpsc::channel(QUEUED);
        let mut inner = Inner { works: Some(works), lookups: Some(lookups), threads: Vec::new() };

        let batch = options.batch.max(1);
        inner.start("store-writer", &connector, true, move |link| writer::run(link, work_queue, batch))?;
        let readers = options.readers.unwrap_or(match connector.engine() {
            Engine::Sqlite => 2,
            Engine::Postgres => 4,
        });
        let queue: readers::Queue = Arc::new(Mutex::new(lookup_queue));
        for _ in 0..readers.max(1) {
            let queue = Arc::clone(&queue);
            inner.start("store-reader", &connector, false, move |link| readers::run(link, &queue))?;
        }
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Runs the work on one consistent view; writing is refused.
    pub async fn read<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let queue = self.inner.lookups.as_ref().ok_or_else(stopped)?;
        queue.send(readers::lookup(work, reply)).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }

    /// Runs the work, and answers once what it wrote is durable; on an error nothing of it is kept.
    ///
    /// It shares a transaction with works of other callers and runs again when that fails, so it must have no effect
    /// but through the transaction. `Unavailable` may also mean that the outcome is unknown.
    pub async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&mut Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let queue = self.inner.works.as_ref().ok_or_else(stopped)?;
        queue.send(Box::new(writer::Pending { work, value: None, reply })).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }

    /// Says whether the database answers: for readiness.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.read(|transaction| transaction.query("SELECT version FROM schema_version", &[]).map(|_| ()))
            .await
    }
}

impl Store for Database {
    async fn read<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut dyn Tx) -> Result<T, StoreError> + Send + 'static,
    {
        Self::read(self, move |transaction| work(transaction)).await
    }

    async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&mut dyn Tx) -> Result<T, StoreError> + Send + 'static,
    {
        Self::write(self, move |transaction| work(transaction)).await
    }
}

impl Inner {
    /// Starts a thread and waits until it is connected. Connections are made, used and closed on their own thread.
    fn start(
        &mut self,
        name: &str,
        connector: &Arc<Connector>,
        migrate: bool,
        work: impl FnOnce(Link) + Send + 'static,
    ) -> Result<(), OpenError> {
        let (ready, opened) = std_mpsc::channel();
        let connector = Arc::clone(connector);
        let body = move || match connect(&connector, migrate) {
            Ok(link) => {
                let _ = ready.send(Ok(()));
                work(link);
            }
            Err(error) => {
                let _ = ready.send(Err(error));
            }
        };
        let thread = thread::Builder::new().name(name.into()).spawn(body);
        self.threads
            .push(thread.map_err(|error| OpenError::Unsuitable(format!("starting a thread: {error}")))?);
        opened
            .recv()
            .unwrap_or_else(|_| Err(OpenError::Unsuitable("a thread of the store ended early".into())))
    }
}

impl Drop for Inner {
    /// Lets what was accepted be finished and the files be closed before the last handle is gone.
    fn drop(&mut self) {
        self.works = None;
        self.lookups = None;
        let this = thread::current().id();
        for thread in self.threads.drain(..).filter(|thread| thread.thread().id() != this) {
            if thread.join().is_err() {
                tracing::error!("a thread of the store panicked");
            }
        }
    }
}

fn connect(connector: &Arc<Connector>, migrate: bool) -> Result<Link, OpenError> {
    let mut connection = connector.connect()?;
    if migrate {
        migrations::migrate(connection.as_mut())?;
    }
    Ok(Link::new(Arc::clone(connector), connection))
}

fn stopped() -> StoreError {
    StoreError::Unavailable("the store has stopped".into())
}
