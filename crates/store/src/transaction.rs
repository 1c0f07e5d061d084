//! One transaction: statements, inserts that wait to go together, and counters.
//!
//! Rows of the tables that are mostly added to are held back and go out as few statements with many rows: before the
//! commit, or before a statement that could see them. Counters change last, right before the commit, so that their
//! rows are locked briefly.

use std::collections::BTreeMap;

use ram::AccountId;
use smc::{Timestamp, ports::StoreError};

use crate::{
    driver::{Connection, Engine, Insert, Statement, Value},
    row,
};

/// One transaction of a database.
pub struct Transaction<'c> {
    connection: &'c mut dyn Connection,
    held: [Vec<Vec<Value>>; Held::ALL.len()],
    counted: BTreeMap<(AccountId, Relation), i64>,
    unexpired: BTreeMap<AccountId, Unexpired>,
    failed: Option<StoreError>,
}

/// A table whose new rows are held back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Held {
    AccessTokens,
    Inventories,
    Audit,
}

/// A table whose rows are counted for each account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Relation {
    AccessTokens,
    Sources,
}

/// How many codes of an account are not past their time, known while the account is locked.
#[derive(Clone, Copy)]
pub(crate) struct Unexpired {
    pub(crate) now: Timestamp,
    /// Counted up to here.
    pub(crate) enough: u32,
    pub(crate) count: u32,
}

impl Held {
    const ALL: [Self; 3] = [Self::AccessTokens, Self::Inventories, Self::Audit];

    fn target(self) -> (&'static str, &'static [&'static str]) {
        use crate::tables::{access_tokens, audit, sources};
        match self {
            Self::AccessTokens => ("access_tokens", access_tokens::WRITTEN),
            Self::Inventories => ("inventories", sources::INVENTORY_COLUMNS),
            Self::Audit => ("audit", audit::WRITTEN),
        }
    }
}

impl Relation {
    fn as_str(self) -> &'static str {
        match self {
            Self::AccessTokens => "access_tokens",
            Self::Sources => "sources",
        }
    }
}

impl<'c> Transaction<'c> {
    pub(crate) fn new(connection: &'c mut dyn Connection) -> Self {
        Self {
            connection,
            held: Default::default(),
            counted: BTreeMap::new(),
            unexpired: BTreeMap::new(),
            failed: None,
        }
    }

    pub(crate) fn engine(&self) -> Engine {
        self.connection.engine()
    }

    /// Fails when any statement has failed: whatever a work makes of that, the transaction cannot be kept.
    pub(crate) fn failure(&self) -> Result<(), StoreError> {
        self.failed.clone().map_or(Ok(()), Err)
    }

    /// Gives what is left to do before the commit: the rows that are held back, then the counters, in an order that
    /// every center follows.
    pub(crate) fn finish(mut self) -> Result<(Vec<Insert>, Vec<Statement>), StoreError> {
        self.failure()?;
        let rows = Held::ALL.into_iter().filter_map(|table| self.held(table)).collect();
        let mut last = Vec::new();
        for ((account, relation), change) in std::mem::take(&mut self.counted) {
            let sql = match change {
                0 => continue,
                // Inserting a negative total would be refused before it could become a subtraction.
                ..0 => "UPDATE counters SET total = total + $3 WHERE account = $1 AND relation = $2",
                1.. => {
                    "INSERT INTO counters (account, relation, total) VALUES ($1, $2, $3)
                     ON CONFLICT (account, relation) DO UPDATE SET total = counters.total + excluded.total"
                }
            };
            let values = vec![account.to_string().into(), relation.as_str().into(), change.into()];
            last.push(Statement { sql: sql.into(), values });
        }
        Ok((rows, last))
    }

    pub(crate) fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64, StoreError> {
        let done = self.connection.execute(sql, values);
        self.watch(done)
    }

    pub(crate) fn query(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Vec<Value>>, StoreError> {
        let done = self.connection.query(sql, values);
        self.watch(done)
    }

    /// Holds a row back.
    pub(crate) fn hold(&mut self, table: Held, row: Vec<Value>) {
        self.held[table as usize].push(row);
    }

    /// Sends the rows of a table that are held back: before anything that could see them.
    pub(crate) fn release(&mut self, table: Held) -> Result<(), StoreError> {
        let Some(rows) = self.held(table) else { return Ok(()) };
        let done = self.connection.insert(rows);
        self.watch(done)
    }

    fn held(&mut self, table: Held) -> Option<Insert> {
        let rows = std::mem::take(&mut self.held[table as usize]);
        let (table, columns) = table.target();
        (!rows.is_empty()).then_some(Insert { table, columns, rows })
    }

    /// Notes that rows came or went.
    pub(crate) fn count(&mut self, account: AccountId, relation: Relation, change: i64) {
        *self.counted.entry((account, relation)).or_default() += change;
    }

    /// How many rows of the relation the account has, this transaction's own changes included.
    pub(crate) fn total(&mut self, account: AccountId, relation: Relation) -> Result<u64, StoreError> {
        let sql = "SELECT total FROM counters WHERE account = $1 AND relation = $2";
        let kept =
            row::single_count(self.query(sql, &[account.to_string().into(), relation.as_str().into()])?)?;
        let change = self.counted.get(&(account, relation)).copied().unwrap_or_default();
        kept.checked_add_signed(change).ok_or_else(|| {
            StoreError::Corrupt(format!("table counters, row {account}, column total: {kept} is too little"))
        })
    }

    /// Keeps other centers from adding codes to the account until the transaction ends.
    pub(crate) fn lock_account(&mut self, account: AccountId) -> Result<(), StoreError> {
        if self.engine() == Engine::Postgres {
            self.query("SELECT id FROM accounts WHERE id = $1 FOR UPDATE", &[account.to_string().into()])?;
        }
        Ok(())
    }

    pub(crate) fn unexpired(&mut self, account: AccountId) -> Option<&mut Unexpired> {
        self.unexpired.get_mut(&account)
    }

    pub(crate) fn know_unexpired(&mut self, account: AccountId, known: Unexpired) {
        self.unexpired.insert(account, known);
    }

    pub(crate) fn forget_unexpired(&mut self) {
        self.unexpired.clear();
    }

    /// Remembers the first failure.
    fn watch<T>(&mut self, done: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(error) = &done {
            self.failed.get_or_insert_with(|| error.clone());
        }
        done
    }
}
