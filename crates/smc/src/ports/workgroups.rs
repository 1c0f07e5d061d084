//! What workgroups need of a transaction.

use super::StoreError;
use crate::{
    SourceId, WorkgroupId,
    account::AccountId,
    workgroup::{CreatingCall, Membership, Workgroup},
};

/// The part of a transaction that keeps workgroups.
pub trait WorkgroupTx {
    /// Holds other changes of the account's workgroups back until the transaction ends.
    fn lock_workgroups(&mut self, account: &AccountId) -> Result<(), StoreError>;
    /// Adds a group; its id, name (in its account) and client token (in its account) are unique.
    fn insert_workgroup(
        &mut self,
        workgroup: &Workgroup,
        call: Option<&CreatingCall>,
    ) -> Result<(), StoreError>;
    /// Finds the group that a call with this client token created, and what that call asked for.
    fn workgroup_of_call(
        &mut self,
        account: &AccountId,
        client_token: &str,
    ) -> Result<Option<(WorkgroupId, String)>, StoreError>;
    /// All groups of the account, newest first; there are few.
    fn workgroups(&mut self, account: &AccountId) -> Result<Vec<Workgroup>, StoreError>;
    /// Changes name and description of a group.
    fn describe_workgroup(
        &mut self,
        id: &WorkgroupId,
        name: Option<&str>,
        description: &str,
    ) -> Result<(), StoreError>;
    /// Removes a group that has no members; says whether the account had it.
    fn delete_workgroup(&mut self, account: &AccountId, id: &WorkgroupId) -> Result<bool, StoreError>;

    /// The members of these groups, by source.
    fn members(&mut self, workgroups: &[WorkgroupId]) -> Result<Vec<Membership>, StoreError>;
    /// The groups of these sources, by source.
    fn memberships(&mut self, sources: &[SourceId]) -> Result<Vec<Membership>, StoreError>;
    /// Puts sources that are in no group into this one.
    fn join_workgroup(&mut self, id: &WorkgroupId, sources: &[SourceId]) -> Result<(), StoreError>;
    /// Takes sources out of this group; those that are not in it are passed over.
    fn leave_workgroup(&mut self, id: &WorkgroupId, sources: &[SourceId]) -> Result<(), StoreError>;
}
