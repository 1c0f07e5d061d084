//! What a run came to, for people and as JSON.

use std::{fmt, time::Instant};

use serde::Serialize;

use super::{copy::Checked, layout::Variant, replica::Replica};

/// The steps of a run, with the time each took; said as they are done.
pub(super) struct Steps {
    variant: Variant,
    begin: Instant,
    last: Instant,
    done: Vec<(String, f64)>,
}

/// What a run came to.
#[derive(Serialize)]
pub(super) struct Report {
    variant: &'static str,
    /// Seconds of the whole run.
    seconds: f64,
    /// Seconds of each step.
    steps: Vec<(String, f64)>,
    replica: Replica,
    copy: Checked,
}

impl Steps {
    /// Begins the first step.
    pub(super) fn begin(variant: Variant) -> Self {
        let now = Instant::now();
        Self { variant, begin: now, last: now, done: Vec::new() }
    }

    /// Ends a step.
    pub(super) fn done(&mut self, step: &str) {
        let took = self.last.elapsed().as_secs_f64();
        self.last = Instant::now();
        println!("{}: {step} ({took:.1} s)", self.variant.word());
        self.done.push((step.to_owned(), took));
    }
}

impl Report {
    /// Puts together what a successful run came to.
    pub(super) fn new(variant: Variant, steps: Steps, replica: Replica, copy: Checked) -> Self {
        let seconds = steps.begin.elapsed().as_secs_f64();
        Self { variant: variant.word(), seconds, steps: steps.done, replica, copy }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n{}: the copy boots and is the source's disk of one moment", self.variant)?;
        let mut line = |key: &str, value: &dyn fmt::Display| writeln!(f, "  {key:<30} {value}");
        line("files before, copied", &format_args!("{}, {}", self.replica.durable_before, self.copy.files))?;
        line("e2fsck", &self.copy.fsck)?;
        if self.copy.xfs_clean == Some(true) {
            line("xfs_repair", &"nothing to repair after the log's replay")?;
        }
        for (key, value) in &self.replica.figures {
            line(key, value)?;
        }
        line("seconds in all", &format_args!("{:.0}", self.seconds))
    }
}
