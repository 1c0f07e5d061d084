//! Reading the audit trail back.

use super::{Error, Registry};
use crate::{
    account::AccountId,
    audit::{Filter, Recorded},
    ports::{Clock, Random, Store},
};

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// Gives up to `limit` events of the account, newest first, and whether there are more.
    pub async fn audit(
        &self,
        account: AccountId,
        filter: Filter,
        limit: u32,
    ) -> Result<(Vec<Recorded>, bool), Error> {
        let mut rows =
            self.store.read(move |tx| tx.recorded(&account, &filter, limit.saturating_add(1))).await?;
        let more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        Ok((rows, more))
    }
}
