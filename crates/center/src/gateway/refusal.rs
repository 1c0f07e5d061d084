//! The domain's refusals as the gateway's errors: the contract says which status a code has.

use pop::ApiError;
use smc::{api::Failure, ports::StoreError, registry::Error};
use smc_model::Operation;

/// How long a caller should wait while the database is away, in milliseconds.
pub(super) const RETRY_MS: u64 = 1_000;

/// Words a failure of an operation.
pub(super) fn api_error(operation: &'static Operation, failure: Failure) -> ApiError {
    match failure {
        Failure::Form(violation) => ApiError::new(violation.status, violation.code, violation.message),
        Failure::NotBuilt(name) => ApiError::not_implemented(name),
        Failure::Registry(Error::Store(error)) => store_error(&error),
        Failure::Registry(Error::Random(error)) => {
            tracing::error!(%error, operation = operation.name, "a call failed");
            ApiError::internal_error()
        }
        Failure::Registry(refusal) => {
            let status = smc_model::error(refusal.code()).map_or(400, |entry| entry.status);
            ApiError::new(status, refusal.code(), refusal.to_string())
        }
    }
}

/// Words a failure of the store; what exactly failed is for the log, not for the caller.
pub(super) fn store_error(error: &StoreError) -> ApiError {
    tracing::error!(%error, "the store failed");
    match error {
        StoreError::Unavailable(_) | StoreError::Full(_) => {
            ApiError::service_unavailable().with_retry_after_ms(RETRY_MS)
        }
        StoreError::Corrupt(_) | StoreError::Conflict(_) => ApiError::internal_error(),
    }
}
