//! Why an identity could not be made, changed or found.

use ram::{AccessKeyId, PolicyName, UserName};
use smc::ports::{RandomError, StoreError};

use crate::keyring::RenewError;

/// Why an identity could not be made, changed or found: one variant for each thing an administrator can mend.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// There is no such account.
    #[error("there is no account {0}; landfall admin account list shows them")]
    NoAccount(String),
    /// The account's name is too long.
    #[error("an account's name has at most 64 characters and no control characters")]
    AccountName,
    /// There are several accounts.
    #[error("there are several accounts; say which with --account")]
    WhichAccount,
    /// The account has no such user.
    #[error("the account has no user {0}; landfall admin user list shows them")]
    NoUser(UserName),
    /// The account has such a user.
    #[error("the account already has a user {0}")]
    UserExists(UserName),
    /// The account has no such key.
    #[error("the account has no AccessKey {0}; landfall admin key list shows them")]
    NoKey(AccessKeyId),
    /// The user has as many active keys as it may.
    #[error("{0} already has two active AccessKeys; disable or delete one first")]
    TooManyKeys(String),
    /// The account has no such policy.
    #[error("the account has no policy {0}; landfall admin policy list shows them")]
    NoPolicy(PolicyName),
    /// The name belongs to a built-in policy.
    #[error("{0} is a built-in policy, which cannot be changed; choose another name")]
    BuiltIn(PolicyName),
    /// The policy is attached.
    #[error("the policy {policy} is attached to {users}; detach it first")]
    Attached {
        /// The policy.
        policy: PolicyName,
        /// The users it is attached to.
        users: String,
    },
    /// The account has such a policy.
    #[error("the account already has a policy {0}")]
    PolicyExists(PolicyName),
    /// The call would take away what it is signed with.
    #[error("the call is signed with a key that it would take away: {0}")]
    SigningKey(String),
    /// Nobody could sign as the owner any more.
    #[error("{0} is the last active AccessKey of the account's owner; make another first")]
    LastOwnerKey(AccessKeyId),
    /// A user tried to change a key of the owner.
    #[error("only the account's owner may change the AccessKeys of the owner")]
    OwnersKey,
    /// The document is not a policy.
    #[error("the policy is refused: {reason}")]
    Policy {
        /// What about it.
        reason: String,
    },
    /// The keyring was sealed anew and does not open.
    #[error(transparent)]
    Keyring(RenewError),
    /// A rotation of the master key came between again and again.
    #[error("sealing the secret of a new AccessKey: the keyring is being sealed anew; try again")]
    Rotating,
    /// The store did not do its work.
    #[error(transparent)]
    Store(StoreError),
    /// There is no randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
}
