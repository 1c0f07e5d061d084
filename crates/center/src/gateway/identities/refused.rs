//! Refusals about identities, in the codes and words of the contract.

use std::str::FromStr;

use pop::ApiError;
use ram::{PolicyName, UserName};
use smc_model::{Operation, Violation};

use super::super::refusal;
use crate::identity::IdentityError;

/// Why a call on identities has no reply.
pub(super) enum Refused {
    /// A parameter breaks its form.
    Form(Violation),
    /// A parameter has its form and no meaning.
    Meaning { parameter: &'static str, reason: String },
    /// The identities say no, or the store failed.
    Identity(IdentityError),
    /// The user does not have the policy.
    NotAttached { user: UserName, policy: PolicyName },
    /// It was worded elsewhere.
    Answered(ApiError),
    /// A defect of this build.
    Internal,
}

impl From<Violation> for Refused {
    fn from(violation: Violation) -> Self {
        Self::Form(violation)
    }
}

impl From<IdentityError> for Refused {
    fn from(error: IdentityError) -> Self {
        Self::Identity(error)
    }
}

impl From<smc::ports::StoreError> for Refused {
    fn from(error: smc::ports::StoreError) -> Self {
        Self::Identity(error.into())
    }
}

/// Reads a name. The contract refuses what is none, so that this fails only if the two differ.
pub(super) fn named<T: FromStr>(text: &str) -> Result<T, Refused> {
    text.parse().map_err(|_| Refused::Internal)
}

impl Refused {
    pub(super) fn into_api_error(self, operation: &'static Operation) -> ApiError {
        match self {
            Self::Form(violation) => ApiError::new(violation.status, violation.code, violation.message),
            Self::Meaning { parameter, reason } => ApiError::new(
                400,
                format!("InvalidParameter.{parameter}"),
                format!("Specified parameter {parameter} is not valid: {reason}."),
            ),
            Self::NotAttached { user, policy } => {
                told("EntityNotExist.User.Policy", &[("user", user.as_str()), ("policy", policy.as_str())])
            }
            Self::Answered(error) => error,
            Self::Internal => ApiError::internal_error(),
            Self::Identity(error) => identity_error(operation, error),
        }
    }
}

fn identity_error(operation: &'static Operation, error: IdentityError) -> ApiError {
    match error {
        IdentityError::NoUser(user) => told("EntityNotExist.User", &[("user", user.as_str())]),
        IdentityError::UserExists(user) => told("EntityAlreadyExists.User", &[("user", user.as_str())]),
        IdentityError::NoKey(key) => told("EntityNotExist.AccessKey", &[("key", key.as_str())]),
        IdentityError::TooManyKeys(who) => told("LimitExceeded.User.AccessKey", &[("principal", &who)]),
        IdentityError::NoPolicy(policy) => told("EntityNotExist.Policy", &[("policy", policy.as_str())]),
        IdentityError::PolicyExists(policy) => {
            told("EntityAlreadyExists.Policy", &[("policy", policy.as_str())])
        }
        IdentityError::BuiltIn(policy) => {
            told("OperationConflict.SystemPolicy", &[("policy", policy.as_str())])
        }
        IdentityError::Attached { policy, users } => {
            told("DeleteConflict.Policy.User", &[("policy", policy.as_str()), ("users", &users)])
        }
        IdentityError::Policy { reason } => told("MalformedPolicyDocument", &[("reason", &reason)]),
        IdentityError::SigningKey(key) => told("OperationConflict.SigningKey", &[("key", &key)]),
        IdentityError::LastOwnerKey(key) => told("OperationConflict.LastOwnerKey", &[("key", key.as_str())]),
        IdentityError::OwnersKey => told("Forbidden.OwnerAccessKey", &[]),
        IdentityError::Store(error) => refusal::store_error(&error),
        IdentityError::Rotating => ApiError::service_unavailable().with_retry_after_ms(refusal::RETRY_MS),
        error @ (IdentityError::Random(_)
        | IdentityError::Keyring(_)
        | IdentityError::NoAccount(_)
        | IdentityError::AccountName
        | IdentityError::WhichAccount) => {
            tracing::error!(%error, operation = operation.name, "a call failed");
            ApiError::internal_error()
        }
    }
}

/// An error in the words of the contract.
fn told(code: &'static str, values: &[(&str, &str)]) -> ApiError {
    match smc_model::error(code) {
        Some(entry) => ApiError::new(entry.status, code, entry.render(values)),
        None => ApiError::internal_error(),
    }
}
