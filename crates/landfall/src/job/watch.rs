//! `landfall job watch`: one line for each change of what a job does, until it does nothing more by itself.

use std::{io::Write, time::Duration};

use anyhow::bail;
use smc_model::generated::replication_job::ReplicationJob;

use super::{find, show};
use crate::{
    client::Client,
    output::{Output, Said, Screen},
};

/// How often the center is asked.
const EVERY: Duration = Duration::from_secs(1);

pub(super) async fn run(client: &Client, id: &str, output: Output, screen: Screen) -> anyhow::Result<Said> {
    let mut told = String::new();
    let mut ticks = tokio::time::interval(EVERY);
    loop {
        ticks.tick().await;
        let job = find(client, id).await?;
        let line = line(&job);
        if line != told {
            // Progress is for whoever watches; a reader that is gone does not want it.
            let _ = writeln!(std::io::stderr(), "{line}");
            told = line;
        }
        match job.status.as_str() {
            "Running" | "Deleting" => {}
            "InError" => bail!(
                "{id} failed: {} {}; mend the cause, then landfall job start {id} goes on",
                job.error_code.as_deref().unwrap_or("no code"),
                job.status_info.as_deref().unwrap_or_default()
            ),
            _ => return show::run(client, id, output, screen).await,
        }
    }
}

fn line(job: &ReplicationJob) -> String {
    let doing = job.business_status.as_deref().filter(|doing| !doing.is_empty()).unwrap_or(&job.status);
    let done = job.progress.map(|done| format!(" {done:5.1} %")).unwrap_or_default();
    let info = job.status_info.as_deref().unwrap_or_default();
    let harmless: String = info.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    format!("{doing:<10}{done}  {harmless}").trim_end().to_owned()
}
