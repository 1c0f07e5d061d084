//! Which center conducts a job: for a time, so that another takes over when it is gone.

use smc::{JobId, Timestamp, ports::StoreError};

use crate::transaction::Transaction;

/// One write that looks and takes, so that of several centers exactly one has it.
pub(super) fn take(
    transaction: &mut Transaction<'_>,
    id: &JobId,
    center: &str,
    now: Timestamp,
    until: Timestamp,
) -> Result<bool, StoreError> {
    let sql = "UPDATE jobs SET lease_center = $2, lease_until = $4
        WHERE id = $1 AND (lease_center IS NULL OR lease_center = $2 OR lease_until <= $3)";
    let values = [id.as_str().into(), center.into(), now.into(), until.into()];
    Ok(transaction.execute(sql, &values)? == 1)
}

pub(super) fn give_back(
    transaction: &mut Transaction<'_>,
    id: &JobId,
    center: &str,
) -> Result<(), StoreError> {
    let sql = "UPDATE jobs SET lease_center = NULL, lease_until = NULL WHERE id = $1 AND lease_center = $2";
    transaction.execute(sql, &[id.as_str().into(), center.into()])?;
    Ok(())
}
