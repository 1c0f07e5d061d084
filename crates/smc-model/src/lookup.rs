//! Finding declarations by what a request or a reply carries.

use crate::contract::{ErrorEntry, JobError, Operation};
use crate::generated::{ERRORS, JOB_ERRORS, OPERATIONS};

/// The operation of a version by its exact name.
pub fn operation(version: &str, action: &str) -> Option<&'static Operation> {
    OPERATIONS.iter().copied().find(|operation| operation.version == version && operation.name == action)
}

/// Every operation of every version, by version and name.
pub fn operations() -> &'static [&'static Operation] {
    OPERATIONS
}

/// The API versions there are, official first.
pub fn versions() -> Vec<&'static str> {
    let mut versions: Vec<_> = OPERATIONS.iter().map(|operation| operation.version).collect();
    versions.dedup();
    versions
}

/// What is declared about an error code: by its exact name, else by its family.
pub fn error(code: &str) -> Option<&'static ErrorEntry> {
    ERRORS.iter().find(|entry| entry.code == code).or_else(|| {
        ERRORS
            .iter()
            .find(|entry| family(entry).is_some_and(|prefix| code.strip_prefix(prefix).is_some_and(is_word)))
    })
}

/// What is declared about the `ErrorCode` of a replication job.
pub fn job_error(code: &str) -> Option<&'static JobError> {
    JOB_ERRORS.iter().find(|entry| entry.code == code)
}

/// The part of a family's code before its placeholder.
fn family(entry: &ErrorEntry) -> Option<&'static str> {
    entry.code.split_once('{').map(|(prefix, _)| prefix)
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|character| character.is_ascii_alphanumeric())
}
