//! What is mounted and swapped on: `/proc/self/mountinfo` and `/proc/swaps` (proc(5)).

use serde::Serialize;

/// One swap area in use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Swap {
    /// Device or file, octal escapes decoded; bytes that are not UTF-8 are replaced.
    pub path: String,
    /// What it lies on.
    pub medium: SwapMedium,
    /// Size in bytes.
    pub size_bytes: u64,
    /// Bytes in use.
    pub used_bytes: u64,
}

/// What a swap area lies on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SwapMedium {
    /// A block device.
    Device,
    /// A file in a filesystem.
    File,
    /// Compressed memory (zram): nothing to migrate.
    Memory,
}
