//! Failures on demand, for the emulator: the next calls of an operation answer an error.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use pop::ApiError;
use serde::Deserialize;

/// A failure to make.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub(crate) struct Fault {
    /// The operation that fails, or `*` for all.
    pub operation: String,
    /// The status it answers, 400 to 599.
    #[serde(default = "default_status")]
    pub status: u16,
    /// The code it answers.
    #[serde(default = "default_code")]
    pub code: String,
    /// How many calls fail.
    #[serde(default = "default_times")]
    pub times: u32,
    /// What `x-acs-retry-after` says, in milliseconds.
    #[serde(default)]
    pub retry_after_ms: Option<u64>,
}

fn default_status() -> u16 {
    503
}

fn default_code() -> String {
    "ServiceUnavailable".to_owned()
}

fn default_times() -> u32 {
    1
}

/// The failures still to make.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    waiting: Mutex<HashMap<String, Fault>>,
}

impl Faults {
    /// Adds a failure; it takes the place of an earlier one of the same operation. Refuses what is no failure.
    pub(crate) fn add(&self, fault: Fault) -> Result<(), &'static str> {
        if !(400..600).contains(&fault.status) {
            return Err("status must be 400 to 599");
        }
        if fault.operation != "*" && smc_model::operations().iter().all(|known| known.name != fault.operation)
        {
            return Err("operation must be the name of an operation, or *");
        }
        self.lock().insert(fault.operation.clone(), fault);
        Ok(())
    }

    /// Forgets all failures.
    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    /// Fails if a failure of this operation is waiting.
    pub(super) fn strike(&self, operation: &str) -> Result<(), ApiError> {
        let mut waiting = self.lock();
        if waiting.is_empty() {
            return Ok(());
        }
        let key = if waiting.contains_key(operation) { operation } else { "*" };
        let Some(fault) = waiting.get_mut(key) else { return Ok(()) };
        let error = ApiError::new(
            fault.status,
            fault.code.clone(),
            "This failure was asked for through /_landfall/faults.",
        );
        let error = fault.retry_after_ms.map_or(error.clone(), |wait| error.with_retry_after_ms(wait));
        fault.times = fault.times.saturating_sub(1);
        if fault.times == 0 {
            waiting.remove(key);
        }
        Err(error)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Fault>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::{Fault, Faults};

    #[test]
    fn a_fault_strikes_as_often_as_asked_and_only_its_operation() {
        let faults = Faults::default();
        let fault = |text: &str| serde_json::from_str::<Fault>(text).unwrap();
        faults
            .add(fault(r#"{"operation":"CreateAccessToken","times":2,"code":"Throttling","status":400}"#))
            .unwrap();
        assert!(faults.strike("ListAccessTokens").is_ok());
        assert_eq!(faults.strike("CreateAccessToken").unwrap_err().code, "Throttling");
        assert!(faults.strike("CreateAccessToken").is_err());
        assert!(faults.strike("CreateAccessToken").is_ok());
        assert!(faults.add(fault(r#"{"operation":"Nothing"}"#)).is_err());
        assert!(faults.add(fault(r#"{"operation":"*","status":200}"#)).is_err());
    }
}
