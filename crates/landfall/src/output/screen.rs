//! What text for people depends on besides the data: the time, and whether colours are wanted.

use std::io::IsTerminal;

use center::clock::SystemClock;
use smc::{Timestamp, ports::Clock};

use super::{Cell, moment::hint};

/// What text for people depends on besides the data.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Screen {
    /// Now.
    pub(crate) now: Timestamp,
    /// Whether colours are wanted.
    pub(crate) colours: bool,
}

impl Screen {
    /// Standard output, now.
    pub(crate) fn of_stdout() -> Self {
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self {
            now: SystemClock::default().now(),
            colours: std::io::stdout().is_terminal() && !refused && !dumb,
        }
    }

    /// A moment in UTC with how far it is from now.
    pub(crate) fn moment(&self, at: Timestamp) -> Cell {
        Cell::from(format!("{at} ({})", hint(self.now, at)))
    }

    /// A moment as a center wrote it; what is not one is shown as it is.
    pub(crate) fn written(&self, at: &str) -> Cell {
        Timestamp::parse(at).map_or_else(|| Cell::from(at), |at| self.moment(at))
    }
}
