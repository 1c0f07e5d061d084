//! Figures, each beside its goal: as a table for people, as JSON for programs.
#![allow(clippy::print_stdout, reason = "a figure is said as soon as it is known")]

use std::{fmt::Write, fs, path::Path};

use anyhow::Context;
use serde_json::{Value, json};

/// What a figure should be.
#[derive(Clone, Copy, Debug)]
pub enum Goal {
    /// Nothing in particular: it explains another figure.
    None,
    /// This much or more.
    AtLeast(f64),
    /// This much or less.
    AtMost(f64),
    /// This and nothing else.
    Exactly(f64),
}

/// One figure.
#[derive(Debug)]
struct Figure {
    case: String,
    what: String,
    value: f64,
    unit: &'static str,
    goal: Goal,
}

/// All figures of a run.
#[derive(Debug)]
pub struct Report {
    quick: bool,
    machine: Value,
    figures: Vec<Figure>,
}

impl Goal {
    fn met(self, value: f64) -> Option<bool> {
        match self {
            Self::None => None,
            Self::AtLeast(least) => Some(value >= least),
            Self::AtMost(most) => Some(value <= most),
            Self::Exactly(wanted) => Some((value - wanted).abs() < f64::EPSILON),
        }
    }

    fn text(self) -> String {
        match self {
            Self::None => String::new(),
            Self::AtLeast(least) => format!(">= {}", number(least)),
            Self::AtMost(most) => format!("<= {}", number(most)),
            Self::Exactly(wanted) => format!("= {}", number(wanted)),
        }
    }
}

impl Report {
    /// A report without figures; tells of the machine and how busy it is.
    pub fn new(quick: bool) -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let processor = read("/proc/cpuinfo");
        let model = processor.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
        let machine = json!({
            "processors": std::thread::available_parallelism().map_or(0, usize::from),
            "model": model.map_or("", |(_, model)| model),
            "kernel": read("/proc/sys/kernel/osrelease").trim(),
            "load_before": read("/proc/loadavg").trim(),
        });
        Self { quick, machine, figures: Vec::new() }
    }

    /// Adds a figure and says it at once.
    pub fn add(&mut self, case: &str, what: &str, value: f64, unit: &'static str, goal: Goal) {
        let figure = Figure { case: case.to_owned(), what: what.to_owned(), value, unit, goal };
        println!("{}", figure.line());
        self.figures.push(figure);
    }

    /// The figures as a table.
    pub fn table(&self) -> String {
        let quick = if self.quick { ", quick: the figures mean little" } else { "" };
        let mut text = format!("{}{quick}\n", self.machine);
        for figure in &self.figures {
            // Writing to a string does not fail.
            let _ = writeln!(text, "{}", figure.line());
        }
        text
    }

    /// Writes the report as JSON.
    pub fn write(&self, path: &Path) -> anyhow::Result<()> {
        let figures: Vec<Value> = self.figures.iter().map(Figure::json).collect();
        let document = json!({ "quick": self.quick, "machine": self.machine, "figures": figures });
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).with_context(|| format!("making {}", parent.display()))?;
        }
        let text = serde_json::to_string_pretty(&document)?;
        fs::write(path, text + "\n").with_context(|| format!("writing {}", path.display()))
    }
}

impl Figure {
    fn line(&self) -> String {
        let met = match self.goal.met(self.value) {
            Some(true) => "met",
            Some(false) => "MISSED",
            None => "",
        };
        let line = format!(
            "{:<18} {:<58} {:>10} {:<8} {:<10} {met}",
            self.case,
            self.what,
            number(self.value),
            self.unit,
            self.goal.text(),
        );
        line.trim_end().to_owned()
    }

    fn json(&self) -> Value {
        json!({
            "case": self.case,
            "what": self.what,
            "value": self.value,
            "unit": self.unit,
            "goal": self.goal.text(),
            "met": self.goal.met(self.value),
        })
    }
}

/// Three significant digits below 100, none behind the point above.
fn number(value: f64) -> String {
    if value.fract() == 0.0 || value >= 100.0 {
        format!("{value:.0}")
    } else if value >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}

#[cfg(test)]
mod tests {
    use super::{Goal, Report};

    #[test]
    fn a_missed_goal_stands_out() {
        let mut report = Report::new(false);
        report.add("race-sqlite", "sources", 500.0, "", Goal::Exactly(500.0));
        report.add("race-sqlite", "answers", 1_999.5, "/s", Goal::AtLeast(2_000.0));
        report.add("start", "ready", 0.123, "s", Goal::AtMost(1.0));
        report.add("start", "threads", 7.0, "", Goal::None);
        let table = report.table();
        let lines: Vec<_> =
            table.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>()).collect();
        let ends: Vec<_> = lines.iter().map(|words| words[2..].join(" ")).collect();
        assert_eq!(ends, ["500 = 500 met", "2000 /s >= 2000 MISSED", "0.12 s <= 1 met", "7"]);
    }
}
