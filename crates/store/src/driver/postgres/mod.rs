//! PostgreSQL, 12 or newer, and databases that speak its protocol.
//!
//! Writers of one database take turns: a writing transaction begins by taking an advisory lock that it holds until its
//! end. So transactions of several centers cannot deadlock and what one has checked is still true when it writes; as
//! each gathers the works of many callers, little is lost. Where the lock means nothing (some descendants accept it
//! and do nothing), unique constraints, row locks and conditional updates keep the data right, and collisions are
//! tried again.
//!
//! Every wait is bounded, on the server by its own timeouts and here by one more, for a server that is not there
//! to keep them.

mod errors;
mod pipeline;
mod tls;
mod values;

use std::{collections::HashMap, time::Duration};

use smc::ports::StoreError;
use tokio::{runtime::Runtime, time::timeout};
use tokio_postgres::{
    Client, Config, NoTls,
    config::{Host, SslMode},
    types::ToSql,
};

use self::{
    errors::{chain, ends_connection, is_io, is_refusal, translate},
    pipeline::{Answer, in_order},
    tls::Tls,
    values::{can_send, insert_arrays, unsendable, values_of},
};
use super::{Access, CommitError, Engine, Insert, Statement, Value, insert_text};
use crate::OpenError;

/// How long connecting may take.
const CONNECTING: Duration = Duration::from_secs(4);
/// How long one statement may take, waiting for locks included; the server gives up earlier by itself.
const PATIENCE: Duration = Duration::from_secs(12);
/// The same while migrating.
const MIGRATING: Duration = Duration::from_hours(1);

/// Statements kept prepared on one connection before all are dropped and prepared anew.
const PREPARED: usize = 256;

/// Transactions after which statements are prepared anew for the first time, and at the most from one time to the next;
/// it doubles in between. A server plans a statement for the tables it finds and keeps the plan: in a young database
/// that is any index, of tables that hold nothing, until the server's own statistics come a minute later.
const FIRST_RENEWAL: u64 = 4;
const LAST_RENEWAL: u64 = 4_096;

/// The advisory lock of those who write: "Landfall" in ASCII.
const BEGIN_WRITE: &str = "BEGIN; SELECT pg_advisory_xact_lock(5503801597116902508)";
const BEGIN_READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
const BEGIN_MIGRATE: &str = "BEGIN; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0;
    SELECT pg_advisory_xact_lock(5503801597116902508)";

/// A commit that is answered is durable, even where the server's default is otherwise.
const SETTINGS: &str = "SET statement_timeout = '10s'; SET lock_timeout = '5s';
    SET idle_in_transaction_session_timeout = '10s'; SET client_min_messages = warning;
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'";

pub(crate) struct Connector {
    config: Config,
    tls: Option<Tls>,
    server: String,
}

pub(crate) struct Connection {
    runtime: Runtime,
    client: Client,
    prepared: HashMap<String, tokio_postgres::Statement>,
    renewal: Renewal,
    patience: Duration,
    lost: bool,
}

/// When statements are prepared anew.
struct Renewal {
    after: u64,
    left: u64,
}

impl Renewal {
    /// Counts a transaction.
    fn due(&mut self) -> bool {
        self.left -= 1;
        if self.left > 0 {
            return false;
        }
        self.after = (self.after * 2).min(LAST_RENEWAL);
        self.left = self.after;
        true
    }
}

impl Connector {
    pub(crate) fn new(url: &str) -> Result<Self, OpenError> {
        let (url, wanted) = tls::take_parameters(url)?;
        let mut config: Config = url.parse().map_err(|error| OpenError::Url(chain(&error)))?;
        let tls = Tls::new(&wanted)?;
        config
            .ssl_mode(if tls.is_some() { SslMode::Require } else { SslMode::Disable })
            .connect_timeout(CONNECTING)
            .keepalives_idle(Duration::from_secs(10))
            .keepalives_interval(Duration::from_secs(3))
            .keepalives_retries(3)
            .tcp_user_timeout(PATIENCE);
        if config.get_application_name().is_none() {
            config.application_name("landfall");
        }
        let server = server(&config);
        Ok(Self { config, tls, server })
    }

    pub(crate) fn connect(&self) -> Result<Connection, OpenError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| self.unreachable(error.to_string()))?;
        let client = runtime.block_on(async {
            timeout(CONNECTING, self.client()).await.unwrap_or_else(|_| {
                Err(self.unreachable(format!("no answer within {} seconds", CONNECTING.as_secs())))
            })
        })?;
        let mut connection = Connection {
            runtime,
            client,
            prepared: HashMap::new(),
            renewal: Renewal { after: FIRST_RENEWAL, left: FIRST_RENEWAL },
            patience: PATIENCE,
            lost: false,
        };
        connection.prepare_session()?;
        Ok(connection)
    }

    async fn client(&self) -> Result<Client, OpenError> {
        let explain = |error: tokio_postgres::Error| self.explain(&error);
        // Each connection is driven by a task that lives on this thread's runtime and ends with the client.
        if let Some(tls) = &self.tls {
            let (client, connection) = self.config.connect(tls.clone()).await.map_err(explain)?;
            tokio::spawn(async { drop(connection.await) });
            Ok(client)
        } else {
            let (client, connection) = self.config.connect(NoTls).await.map_err(explain)?;
            tokio::spawn(async { drop(connection.await) });
            Ok(client)
        }
    }

    fn explain(&self, error: &tokio_postgres::Error) -> OpenError {
        let server = self.server.clone();
        match error.as_db_error() {
            Some(said) if is_refusal(said) => {
                OpenError::Refused { server, reason: said.message().to_owned() }
            }
            Some(said) => OpenError::Unreachable { server, reason: said.message().to_owned() },
            None if self.tls.is_some() && (!is_io(error) || tls::is_about_tls(error)) => {
                OpenError::Tls(format!(
                    "at {server}: {}; check that the server offers TLS, that sslrootcert holds its authority, and that its \
                 certificate names this host",
                    chain(error)
                ))
            }
            None => OpenError::Unreachable { server, reason: chain(error) },
        }
    }

    fn unreachable(&self, reason: String) -> OpenError {
        OpenError::Unreachable { server: self.server.clone(), reason }
    }
}

impl super::Connection for Connection {
    fn engine(&self) -> Engine {
        Engine::Postgres
    }

    fn begin(&mut self, access: Access) -> Result<(), StoreError> {
        self.patience = if access == Access::Migrate { MIGRATING } else { PATIENCE };
        if self.renewal.due() {
            self.prepared.clear();
        }
        self.script(match access {
            Access::Read => BEGIN_READ,
            Access::Write => BEGIN_WRITE,
            Access::Migrate => BEGIN_MIGRATE,
        })
    }

    /// Everything goes out together and costs one round trip. A statement that fails makes the server undo the
    /// transaction at `COMMIT`; so does this side then, and tells the statement's error.
    fn commit(&mut self, rows: Vec<Insert>, last: Vec<Statement>) -> Result<(), CommitError> {
        // One that could not be sent would be missing from what is committed, so all are checked before the first is.
        let rows: Result<Vec<_>, _> = rows.into_iter().map(|rows| self.columns(rows)).collect();
        let rows = rows.map_err(CommitError::Undone)?;
        let last: Result<Vec<_>, _> =
            last.into_iter().map(|statement| self.checked_values(statement)).collect();
        let last = last.map_err(CommitError::Undone)?;
        let Self { runtime, client, patience, .. } = self;
        let done = runtime.block_on(async {
            let client: &Client = client;
            let mut answers: Vec<Answer<'_>> = Vec::with_capacity(rows.len() + last.len() + 1);
            for (statement, columns) in &rows {
                answers
                    .push(Box::pin(async move { client.execute_raw(statement, columns).await.map(|_| ()) }));
            }
            for (statement, values) in &last {
                answers
                    .push(Box::pin(async move { client.execute_raw(statement, values).await.map(|_| ()) }));
            }
            answers.push(Box::pin(client.batch_execute("COMMIT")));
            timeout(*patience, in_order(answers)).await
        });
        self.checked(done).map_err(|error| {
            if self.usable() { CommitError::Undone(error) } else { CommitError::Unknown(error) }
        })
    }

    fn rollback(&mut self) {
        if self.usable() && self.script("ROLLBACK").is_err() {
            self.lost = true;
        }
    }

    fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64, StoreError> {
        let statement = self.prepared(sql)?;
        let Self { runtime, client, patience, .. } = self;
        let done =
            runtime.block_on(async { timeout(*patience, client.execute_raw(&statement, values)).await });
        self.checked(done)
    }

    fn insert(&mut self, rows: Insert) -> Result<(), StoreError> {
        let (statement, columns) = self.columns(rows)?;
        let Self { runtime, client, patience, .. } = self;
        let done =
            runtime.block_on(async { timeout(*patience, client.execute_raw(&statement, &columns)).await });
        self.checked(done).map(drop)
    }

    fn query(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Vec<Value>>, StoreError> {
        let statement = self.prepared(sql)?;
        let parameters: Vec<_> = values.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
        let Self { runtime, client, patience, .. } = self;
        let done =
            runtime.block_on(async { timeout(*patience, client.query(&statement, &parameters)).await });
        self.checked(done)?.iter().map(values_of).collect()
    }

    fn script(&mut self, sql: &str) -> Result<(), StoreError> {
        let Self { runtime, client, patience, .. } = self;
        let done = runtime.block_on(async { timeout(*patience, client.batch_execute(sql)).await });
        self.checked(done)
    }

    fn usable(&self) -> bool {
        !self.lost && !self.client.is_closed()
    }
}

impl Connection {
    fn prepare_session(&mut self) -> Result<(), OpenError> {
        use super::Connection as _;
        let unsuitable = |error: StoreError| OpenError::Unsuitable(error.to_string());
        self.script(SETTINGS).map_err(unsuitable)?;
        let asked = "SELECT current_setting('server_version_num'), current_setting('server_encoding')";
        match self.query(asked, &[]).map_err(unsuitable)?.into_iter().next().as_deref() {
            Some([Value::Text(version), Value::Text(encoding)]) => {
                if version.parse::<u32>().is_ok_and(|version| version < 120_000) {
                    return Err(OpenError::Unsuitable(
                        "the server is older than PostgreSQL 12; update it or name another".into(),
                    ));
                }
                if encoding != "UTF8" {
                    return Err(OpenError::Unsuitable(format!(
                        "its encoding is {encoding}; make the database with ENCODING 'UTF8'"
                    )));
                }
                Ok(())
            }
            _ => Err(OpenError::Unsuitable("the server does not tell its version and encoding".into())),
        }
    }

    /// A statement that takes as many rows as there are, an array for each column, and those arrays: the server plans it
    /// once, and neither reads nor plans the text of each number of rows.
    fn columns(&mut self, rows: Insert) -> Result<(tokio_postgres::Statement, Vec<Vec<Value>>), StoreError> {
        let types = self.prepared(&insert_text(rows.table, rows.columns, 1))?;
        let statement = self.prepared(&insert_arrays(rows.table, rows.columns, types.params()))?;
        if !rows.rows.iter().all(|row| can_send(row, &types)) {
            return Err(unsendable());
        }
        Ok((statement, rows.into_columns()))
    }

    fn checked_values(
        &mut self,
        statement: Statement,
    ) -> Result<(tokio_postgres::Statement, Vec<Value>), StoreError> {
        let prepared = self.prepared(&statement.sql)?;
        if can_send(&statement.values, &prepared) {
            Ok((prepared, statement.values))
        } else {
            Err(unsendable())
        }
    }

    fn prepared(&mut self, sql: &str) -> Result<tokio_postgres::Statement, StoreError> {
        if let Some(statement) = self.prepared.get(sql) {
            return Ok(statement.clone());
        }
        let Self { runtime, client, patience, .. } = self;
        let done = runtime.block_on(async { timeout(*patience, client.prepare(sql)).await });
        let statement = self.checked(done)?;
        if self.prepared.len() >= PREPARED {
            self.prepared.clear();
        }
        self.prepared.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    fn checked<T>(
        &mut self,
        done: Result<Result<T, tokio_postgres::Error>, tokio::time::error::Elapsed>,
    ) -> Result<T, StoreError> {
        match done {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => {
                self.lost |= ends_connection(&error);
                Err(translate(&error))
            }
            Err(_) => {
                self.lost = true;
                Err(StoreError::Unavailable(format!(
                    "PostgreSQL gave no answer within {} seconds",
                    self.patience.as_secs()
                )))
            }
        }
    }
}

/// Where the server is, for people: never the user or the password.
fn server(config: &Config) -> String {
    let port = config.get_ports().first().copied().unwrap_or(5432);
    let hosts = config.get_hosts().iter().map(|host| match host {
        Host::Tcp(name) => format!("{name}:{port}"),
        Host::Unix(directory) => directory.display().to_string(),
    });
    hosts.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::{FIRST_RENEWAL, Renewal};

    #[test]
    fn statements_are_renewed_ever_more_rarely_and_never_not_at_all() {
        let mut renewal = Renewal { after: FIRST_RENEWAL, left: FIRST_RENEWAL };
        let due: Vec<_> = (1..=20_000).filter(|_| renewal.due()).collect();
        assert_eq!(due, [4, 12, 28, 60, 124, 252, 508, 1_020, 2_044, 4_092, 8_188, 12_284, 16_380]);
    }
}
