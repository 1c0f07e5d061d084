//! A connection that comes back: what a thread of the store holds instead of a plain connection.
//!
//! Nobody waits for a database that is away longer than one attempt to connect takes. After a failed attempt, callers
//! are told so at once until the next attempt is due.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use smc::ports::StoreError;

use crate::{
    OpenError,
    driver::{Access, Connection, Connector},
    migrations,
};

/// Time from one failed attempt to the next: doubles from the first to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LAST_PAUSE: Duration = Duration::from_secs(1);

pub(crate) struct Link {
    connector: Arc<Connector>,
    connection: Option<Box<dyn Connection>>,
    pause: Duration,
    away: Option<Away>,
}

struct Away {
    retry_at: Instant,
    reason: String,
}

impl Link {
    pub(crate) fn new(connector: Arc<Connector>, connection: Box<dyn Connection>) -> Self {
        Self { connector, connection: Some(connection), pause: FIRST_PAUSE, away: None }
    }

    /// Begins a transaction; when the connection turns out to be lost, on a new one.
    pub(crate) fn begin(&mut self, access: Access) -> Result<&mut dyn Connection, StoreError> {
        if let Some(connection) = &mut self.connection {
            let begun = if connection.usable() { connection.begin(access) } else { Ok(()) };
            match begun {
                // Asked again, because a connection is also lost when it was so before.
                _ if !connection.usable() => {
                    tracing::warn!("the connection to the database was lost; connecting anew");
                    self.connection = None;
                    self.away = None;
                }
                Ok(()) => {}
                Err(error) => {
                    connection.rollback();
                    return Err(error);
                }
            }
        }
        if self.connection.is_none() {
            let mut connection = self.connect()?;
            connection.begin(access)?;
            self.connection = Some(connection);
        }
        // The borrow checker does not let the branches above return what they hold.
        match &mut self.connection {
            Some(connection) => Ok(connection.as_mut()),
            None => Err(StoreError::Unavailable("no connection".into())),
        }
    }

    fn connect(&mut self) -> Result<Box<dyn Connection>, StoreError> {
        if let Some(away) = &self.away
            && Instant::now() < away.retry_at
        {
            return Err(StoreError::Unavailable(away.reason.clone()));
        }
        match self.attempt() {
            Ok(connection) => {
                self.pause = FIRST_PAUSE;
                self.away = None;
                Ok(connection)
            }
            Err(reason) => {
                if self.away.is_none() {
                    tracing::warn!(reason, "the database is away");
                }
                self.away = Some(Away { retry_at: Instant::now() + self.pause, reason: reason.clone() });
                self.pause = (self.pause * 2).min(LAST_PAUSE);
                Err(StoreError::Unavailable(reason))
            }
        }
    }

    /// A newer program may have migrated the database meanwhile.
    fn attempt(&self) -> Result<Box<dyn Connection>, String> {
        let mut connection = self.connector.connect().map_err(|error| error.to_string())?;
        migrations::check(connection.as_mut()).map_err(|trouble| OpenError::from(trouble).to_string())?;
        Ok(connection)
    }
}
