//! What the console is told, and the files that it serves.

use std::{path::PathBuf, sync::Arc};

use crate::clock::SystemClock;

/// One file of the built console, as it is embedded in a program.
#[derive(Clone, Copy, Debug)]
pub struct Asset {
    /// Its path below `/console/`, such as `assets/index-Bq3.js`.
    pub path: &'static str,
    /// Its `Content-Type`.
    pub kind: &'static str,
    /// Names its content, quotes included.
    pub etag: &'static str,
    /// The file.
    pub plain: &'static [u8],
    /// The file packed with gzip, where that is smaller.
    pub gzip: Option<&'static [u8]>,
    /// The file packed with brotli, where that is smaller.
    pub brotli: Option<&'static [u8]>,
}

/// What the console is told.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The built console; empty where it was not built, and then a page says how to build it.
    pub assets: Vec<Asset>,
    /// A directory whose files are served in place of `assets`: for whoever works on the console.
    pub directory: Option<PathBuf>,
    /// The clock that sessions and links end by. Not the one that the emulator moves: a test that skips a month
    /// need not sign in again.
    pub clock: Arc<SystemClock>,
}
