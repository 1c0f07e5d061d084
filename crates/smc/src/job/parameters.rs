//! `ReplicationParameters`: how a copy goes about its work, as JSON that the caller writes.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// How to copy. May be changed while a copy goes on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameters {
    /// KiB a second on the network at the most; 0 for no limit.
    #[serde(default)]
    pub bandwidth_limit: u64,
    /// How hard to compress, 0 (not at all) to 10; absent when the agent may choose by what it measures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compress_level: Option<u8>,
    /// Whether everything is compared with the source once more before a run's end; absent for the last run of a job only, the
    /// one that its servers are moved with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checksum: Option<bool>,
    /// Longest time that filesystems may stay frozen, in milliseconds; absent for the default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub freeze_budget_ms: Option<u32>,
}

/// The most KiB a second that can be asked for: a TiB, past any link.
const MOST_BANDWIDTH: u64 = 1 << 30;
/// The hardest compression of the contract.
const MOST_COMPRESSION: u64 = 10;
/// The shortest freeze to ask for: below it no copy would ever end.
const LEAST_FREEZE_MS: u64 = 50;
/// The longest freeze to ask for: the agent's watchdog thaws by itself soon after.
const MOST_FREEZE_MS: u64 = 30_000;

/// Why a text is no `ReplicationParameters`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Not a JSON object.
    #[error(
        "it must be a JSON object such as {{\"bandwidth_limit\":2048,\"compress_level\":3,\"checksum\":true}}"
    )]
    NoObject,
    /// A key that means nothing.
    #[error(
        "it has the unknown key {0:?}; known are bandwidth_limit, compress_level, checksum and freeze_budget_ms"
    )]
    UnknownKey(String),
    /// A value that is no number in range.
    #[error("{key} must be a whole number from {least} to {most}")]
    Number {
        /// Of which key.
        key: &'static str,
        /// The least that it may be.
        least: u64,
        /// The most that it may be.
        most: u64,
    },
    /// A value that is neither true nor false.
    #[error("checksum must be true or false")]
    Boolean,
}

impl Parameters {
    /// Reads the text that a caller wrote. Numbers may be written as strings; a key that is not known is refused,
    /// since what it asks for would not be done.
    pub fn parse(text: &str) -> Result<Self, Unreadable> {
        let object: Map<String, Value> = serde_json::from_str(text).map_err(|_| Unreadable::NoObject)?;
        let mut parameters = Self::default();
        for (key, value) in &object {
            match key.as_str() {
                "bandwidth_limit" => {
                    parameters.bandwidth_limit = number("bandwidth_limit", value, 0, MOST_BANDWIDTH)?;
                }
                "compress_level" => {
                    let level = number("compress_level", value, 0, MOST_COMPRESSION)?;
                    parameters.compress_level = u8::try_from(level).ok();
                }
                "checksum" => parameters.checksum = Some(boolean(value).ok_or(Unreadable::Boolean)?),
                "freeze_budget_ms" => {
                    let budget = number("freeze_budget_ms", value, LEAST_FREEZE_MS, MOST_FREEZE_MS)?;
                    parameters.freeze_budget_ms = u32::try_from(budget).ok();
                }
                _ => return Err(Unreadable::UnknownKey(key.chars().take(32).collect())),
            }
        }
        Ok(parameters)
    }
}

fn number(key: &'static str, value: &Value, least: u64, most: u64) -> Result<u64, Unreadable> {
    let read = match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
        _ => None,
    };
    read.filter(|read| (least..=most).contains(read)).ok_or(Unreadable::Number { key, least, most })
}

fn boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(value) => Some(*value),
        Value::String(text) => text.to_ascii_lowercase().parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Parameters, Unreadable};

    #[test]
    fn what_callers_write_is_read_and_nothing_is_guessed() {
        let compression = Unreadable::Number { key: "compress_level", least: 0, most: 10 };
        let bandwidth = Unreadable::Number { key: "bandwidth_limit", least: 0, most: 1 << 30 };
        let cases = [
            ("{}", Ok(Parameters::default())),
            (
                r#"{"bandwidth_limit":0,"compress_level":1,"checksum":true}"#,
                Ok(Parameters { compress_level: Some(1), checksum: Some(true), ..Parameters::default() }),
            ),
            (
                r#"{"bandwidth_limit":"2048","compress_level":"7","checksum":"False","freeze_budget_ms":500}"#,
                Ok(Parameters {
                    bandwidth_limit: 2_048,
                    compress_level: Some(7),
                    checksum: Some(false),
                    freeze_budget_ms: Some(500),
                }),
            ),
            ("[]", Err(Unreadable::NoObject)),
            ("BandWidthLimit:0", Err(Unreadable::NoObject)),
            (r#"{"ssl":true}"#, Err(Unreadable::UnknownKey("ssl".into()))),
            (r#"{"compress_level":11}"#, Err(compression.clone())),
            (r#"{"compress_level":1.5}"#, Err(compression)),
            (r#"{"bandwidth_limit":-1}"#, Err(bandwidth.clone())),
            (r#"{"bandwidth_limit":""}"#, Err(bandwidth)),
            (r#"{"checksum":1}"#, Err(Unreadable::Boolean)),
        ];
        for (text, expected) in cases {
            assert_eq!(Parameters::parse(text), expected, "{text}");
        }
    }
}
