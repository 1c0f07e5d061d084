//! Activation codes.

use ram::AccountId;
use smc::{
    AccessTokenId, Timestamp,
    access_token::{AccessToken, CodeDigest, Status, TimeToLive, UseLimit},
    ports::{Listing, Page, StoreError, TokenFilter},
};

use crate::{
    driver::Value,
    predicate::Predicate,
    row::{self, Fields},
    transaction::{Held, Relation, Transaction, Unexpired},
};

/// What is written; `expires_at` follows from `created` and `days` and is there to be compared and indexed.
pub(crate) const WRITTEN: &[&str] = &[
    "id",
    "account",
    "name",
    "description",
    "use_limit",
    "days",
    "registered",
    "created",
    "created_by",
    "disabled",
    "last_used",
    "digest",
    "expires_at",
];

const SELECT: &str =
    "SELECT id, account, name, description, use_limit, days, registered, created, created_by,
    disabled, last_used, digest, expires_at FROM access_tokens";

pub(super) fn insert(transaction: &mut Transaction<'_>, token: &AccessToken) {
    transaction.hold(
        Held::AccessTokens,
        vec![
            token.id.as_str().into(),
            token.account.to_string().into(),
            token.name.as_str().into(),
            token.description.as_str().into(),
            token.use_limit.get().into(),
            token.time_to_live.days().into(),
            token.registered.into(),
            token.created.into(),
            token.created_by.as_str().into(),
            token.disabled.into(),
            token.last_used.into(),
            token.digest.0.as_slice().into(),
            token.expires().into(),
        ],
    );
    transaction.count(token.account, Relation::AccessTokens, 1);
    if let Some(known) = transaction.unexpired(token.account)
        && token.expires() > known.now
    {
        known.count = known.count.saturating_add(1);
    }
}

pub(super) fn find(
    transaction: &mut Transaction<'_>,
    account: Option<AccountId>,
    id: &AccessTokenId,
) -> Result<Option<AccessToken>, StoreError> {
    transaction.release(Held::AccessTokens)?;
    let rows = match account {
        Some(account) => {
            let values = [id.as_str().into(), account.to_string().into()];
            transaction.query(&format!("{SELECT} WHERE id = $1 AND account = $2"), &values)?
        }
        None => transaction.query(&format!("{SELECT} WHERE id = $1"), &[id.as_str().into()])?,
    };
    rows.into_iter().next().map(read).transpose()
}

pub(super) fn list(
    transaction: &mut Transaction<'_>,
    account: AccountId,
    filter: &TokenFilter,
    page: Option<Page>,
    now: Timestamp,
) -> Result<Listing<AccessToken>, StoreError> {
    transaction.release(Held::AccessTokens)?;
    let mut predicate = Predicate::of_account(account.to_string());
    predicate.among("id", filter.ids.iter().map(AccessTokenId::as_str));
    if let Some(name) = &filter.name {
        predicate.with("name = ?", name.as_str());
    }
    match filter.status {
        Some(Status::Expired) => predicate.with("expires_at <= ?", now),
        Some(Status::Activated) => predicate.with("expires_at > ? AND disabled IS NULL", now),
        Some(Status::Unactivated) => predicate.with("expires_at > ? AND disabled IS NOT NULL", now),
        None => {}
    }
    if predicate.impossible() {
        return Ok(Listing { rows: Vec::new(), total: 0 });
    }
    let total = if *filter == TokenFilter::default() {
        transaction.total(account, Relation::AccessTokens)?
    } else {
        let count = format!("SELECT COUNT(*) FROM access_tokens WHERE {}", predicate.sql());
        row::single_count(transaction.query(&count, predicate.values())?)?
    };
    let mut sql = format!("{SELECT} WHERE {} ORDER BY created DESC, position DESC", predicate.sql());
    if let Some(page) = page {
        let (limit, offset) = (predicate.bind(page.limit), predicate.bind(page.offset));
        sql = format!("{sql} LIMIT {limit} OFFSET {offset}");
    }
    let rows = transaction.query(&sql, predicate.values())?;
    Ok(Listing { rows: rows.into_iter().map(read).collect::<Result<_, _>>()?, total })
}

/// Counts once in a transaction: the account stays locked, so only this transaction can change the count.
pub(super) fn count_unexpired(
    transaction: &mut Transaction<'_>,
    account: AccountId,
    now: Timestamp,
    enough: u32,
) -> Result<u32, StoreError> {
    if let Some(known) = transaction.unexpired(account)
        && known.now == now
        && known.enough >= enough
    {
        return Ok(known.count.min(enough));
    }
    transaction.lock_account(account)?;
    transaction.release(Held::AccessTokens)?;
    let sql = "SELECT COUNT(*) FROM (
        SELECT 1 FROM access_tokens WHERE account = $1 AND expires_at > $2 LIMIT $3) AS unexpired";
    let rows = transaction.query(sql, &[account.to_string().into(), now.into(), enough.into()])?;
    let count = u32::try_from(row::single_count(rows)?).unwrap_or(u32::MAX);
    transaction.know_unexpired(account, Unexpired { now, enough, count });
    Ok(count.min(enough))
}

pub(super) fn spend_use(
    transaction: &mut Transaction<'_>,
    id: &AccessTokenId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    transaction.release(Held::AccessTokens)?;
    let sql = "UPDATE access_tokens SET registered = registered + 1, last_used = $2
        WHERE id = $1 AND registered < use_limit AND disabled IS NULL AND expires_at > $2";
    Ok(transaction.execute(sql, &[id.as_str().into(), now.into()])? == 1)
}

pub(super) fn disable(
    transaction: &mut Transaction<'_>,
    account: AccountId,
    id: &AccessTokenId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    transaction.release(Held::AccessTokens)?;
    let sql = "UPDATE access_tokens SET disabled = COALESCE(disabled, $3) WHERE id = $1 AND account = $2";
    Ok(transaction.execute(sql, &[id.as_str().into(), account.to_string().into(), now.into()])? == 1)
}

pub(super) fn delete(
    transaction: &mut Transaction<'_>,
    account: AccountId,
    id: &AccessTokenId,
) -> Result<bool, StoreError> {
    transaction.release(Held::AccessTokens)?;
    let sql = "DELETE FROM access_tokens WHERE id = $1 AND account = $2";
    let deleted = transaction.execute(sql, &[id.as_str().into(), account.to_string().into()])? == 1;
    if deleted {
        transaction.count(account, Relation::AccessTokens, -1);
        transaction.forget_unexpired();
    }
    Ok(deleted)
}

fn read(values: Vec<Value>) -> Result<AccessToken, StoreError> {
    let mut row = Fields::new("access_tokens", WRITTEN, values);
    let token = AccessToken {
        id: row.parsed(AccessTokenId::parse)?,
        account: row.parsed(str::parse)?,
        name: row.text()?,
        description: row.text()?,
        use_limit: row.counted(UseLimit::new)?,
        time_to_live: row.counted(TimeToLive::new)?,
        registered: row.counted(Ok::<_, &str>)?,
        created: row.moment()?,
        created_by: row.text()?,
        disabled: row.optional_moment()?,
        last_used: row.optional_moment()?,
        digest: CodeDigest(row.blob()?.try_into().map_err(|bytes: Vec<u8>| {
            row.corrupt(format_args!("has {} bytes instead of 32", bytes.len()))
        })?),
    };
    let expires = row.moment()?;
    if expires != token.expires() {
        return Err(row.corrupt("is not the creation and the time to live together"));
    }
    Ok(token)
}
