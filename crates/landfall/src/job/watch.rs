//! `landfall job watch`: how a job gets on, until it does nothing more by itself.
//!
//! A terminal gets bars that are drawn anew; anything else gets a line for each change, or with `--output json` an object
//! for each change on standard output, one a line.

use std::{
    io::{self, IsTerminal, Write},
    time::Duration,
};

use anyhow::bail;
use smc_model::generated::replication_job::ReplicationJob;

use super::{
    figures::{Figures, bars, doing, expected_downtime, failure, figures, passes, summary},
    find, show,
};
use crate::{
    client::Client,
    output::{Output, Said, Screen},
};

/// How often the center is asked.
const EVERY: Duration = Duration::from_secs(1);

pub(super) async fn run(client: &Client, id: &str, output: Output) -> anyhow::Result<Said> {
    let mut teller = Teller::new(output);
    let mut ticks = tokio::time::interval(EVERY);
    loop {
        ticks.tick().await;
        let job = find(client, id).await?;
        if teller.tell(&job).is_err() {
            // Progress is for whoever watches, and nobody does any more.
            return Ok(Said::default());
        }
        match job.status.as_str() {
            "Running" | "Deleting" => {}
            "InError" => {
                let code = job.error_code.clone().unwrap_or_default();
                let (message, remedy) = failure(&job).unwrap_or_default();
                bail!("{id} failed: {code}: {message}\n{}", remedy.unwrap_or_default())
            }
            _ if output == Output::Json => return Ok(Said::default()),
            // Now is another moment than when the watch began.
            _ => return show::run(client, id, output, Screen::of_stdout()).await,
        }
    }
}

/// Tells of a job what is new.
struct Teller {
    how: How,
    told: String,
}

enum How {
    /// Draws over so many lines that it drew before.
    Draw { lines: usize },
    /// A line for each change.
    Lines,
    /// An object for each change.
    Objects,
}

impl Teller {
    fn new(output: Output) -> Self {
        let how = match output {
            Output::Json => How::Objects,
            Output::Text if io::stderr().is_terminal() => How::Draw { lines: 0 },
            Output::Text => How::Lines,
        };
        Self { how, told: String::new() }
    }

    fn tell(&mut self, job: &ReplicationJob) -> io::Result<()> {
        match &mut self.how {
            How::Draw { lines } => {
                let picture = picture(job);
                let up = if *lines > 0 { format!("\u{1b}[{lines}A") } else { String::new() };
                *lines = picture.len();
                write!(io::stderr(), "{up}\r\u{1b}[J{}\n", picture.join("\n"))
            }
            How::Lines => {
                let line = line(job);
                if line == self.told {
                    return Ok(());
                }
                writeln!(io::stderr(), "{line}")?;
                self.told = line;
                Ok(())
            }
            How::Objects => {
                let object = serde_json::to_string(job)?;
                if object == self.told {
                    return Ok(());
                }
                let mut out = io::stdout().lock();
                writeln!(out, "{object}")?;
                out.flush()?;
                self.told = object;
                Ok(())
            }
        }
    }
}

/// A running job with a bar for each disk.
fn picture(job: &ReplicationJob) -> Vec<String> {
    let mut lines = vec![standing(job)];
    if let Some(Figures::Now(progress)) = figures(job) {
        lines.extend(passes(&progress));
        lines.extend(bars(&progress));
        lines.push(summary(&progress));
        if let Some(time) = expected_downtime(job) {
            lines.push(format!("a cutover takes about {} s, as the last run did", time.as_secs().max(1)));
        }
    }
    lines.iter().map(|line| harmless(line)).collect()
}

/// A job in one line, whose whole percent is the finest change.
fn line(job: &ReplicationJob) -> String {
    let doing = match figures(job) {
        Some(Figures::Now(progress)) => format!("  {}", doing(&progress)),
        _ => String::new(),
    };
    harmless(&format!("{}{doing}", standing(job)))
}

fn standing(job: &ReplicationJob) -> String {
    let doing = job.business_status.as_deref().filter(|doing| !doing.is_empty()).unwrap_or(&job.status);
    // Rounded down, so that nothing is called done before it is.
    let done = job.progress.map(|done| format!(" {:3.0} %", done.floor())).unwrap_or_default();
    format!("{doing:<10}{done}")
}

/// What came over a network cannot move the cursor.
fn harmless(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use replication::progress::{DiskProgress, Phase, Progress, Tracking};

    use super::*;

    fn job(progress: Option<&Progress>) -> ReplicationJob {
        ReplicationJob {
            status: "Running".into(),
            business_status: Some("Syncing".into()),
            progress: Some(41.9),
            status_info: progress.and_then(|progress| serde_json::to_string(progress).ok()),
            ..ReplicationJob::default()
        }
    }

    #[test]
    fn a_running_job_is_a_picture_or_a_line() {
        let progress = Progress {
            phase: Phase::Full,
            pass: 1,
            disks: vec![DiskProgress { disk: 0, bytes_total: 100, bytes_left: 58 }],
            ..Progress::starting(Tracking::Rescan { reason: "a\u{1b}[2J".into() })
        };
        insta::assert_snapshot!(picture(&job(Some(&progress))).join("\n"), @"
        Syncing     41 %
        disk 0  [############------------------]  42 %  58 B of 100 B left
        pass 1: everything, 0 B/s, sent 0 B as 0 B, tracking rescan (a�[2J)
        ");
        assert_eq!(line(&job(Some(&progress))), "Syncing     41 %  pass 1: everything");
        assert_eq!(line(&job(None)), "Syncing     41 %");
    }
}
