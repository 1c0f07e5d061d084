//! `landfall job show`.

use smc_model::generated::replication_job::ReplicationJob;

use super::{
    figures::{Figures, bars, expected_downtime, failure, figures, passes, result, summary},
    find, status,
};
use crate::{
    client::Client,
    output::{Cell, Output, Said, Screen, Tone, facts, table},
};

pub(super) async fn run(client: &Client, id: &str, output: Output, screen: Screen) -> anyhow::Result<Said> {
    let job = find(client, id).await?;
    Ok(output.say(&job, || text(&job, screen)))
}

fn text(job: &ReplicationJob, screen: Screen) -> String {
    let known = |text: &Option<String>| Cell::known(text.as_deref());
    let moment = |text: &Option<String>| {
        text.as_deref()
            .filter(|text| !text.is_empty())
            .map_or_else(|| Cell::known(None), |at| screen.written(at))
    };
    let mut lines = vec![
        ("Id", known(&job.job_id)),
        ("Name", known(&job.name)),
        ("Description", known(&job.description)),
        ("Source", job.source_id.as_str().into()),
        ("Status", status(job)),
    ];
    if let Some(done) = job.progress {
        lines.push(("Done", format!("{done:.1} %").into()));
    }
    if let Some(code) = job.error_code.as_deref().filter(|code| !code.is_empty()) {
        lines.push(("Error", Cell::new(code, Tone::Bad)));
    }
    if let Some((message, remedy)) = failure(job) {
        lines.push(("", message.into()));
        lines.extend(remedy.map(|remedy| ("Do", remedy.into())));
    }
    match figures(job) {
        Some(Figures::Now(progress)) => {
            lines.push(("Doing", summary(&progress).into()));
            lines.extend(bars(&progress).into_iter().map(|bar| ("", bar.into())));
            lines.extend(passes(&progress).into_iter().map(|pass| ("", pass.into())));
        }
        Some(Figures::Last(progress)) => {
            lines.push(("Last copy", result(&progress).into()));
            lines.extend(passes(&progress).into_iter().map(|pass| ("", pass.into())));
        }
        None => {}
    }
    if let Some(time) = expected_downtime(job) {
        let text = format!("takes about {} s to the image, as the last run did", time.as_secs().max(1));
        lines.push(("Cutover", text.into()));
    }
    lines.push(("Kind", kind(job).into()));
    lines.push(("Image", known(&job.image_name)));
    lines.push(("Image id", known(&job.image_id)));
    lines.push(("Created", screen.written(&job.creation_time)));
    lines.push(("Starts at", moment(&job.scheduled_start_time)));
    lines.push(("Started", moment(&job.start_time)));
    lines.push(("Ended", moment(&job.end_time)));
    lines.push(("Valid until", moment(&job.valid_time)));
    lines.push(("Parameters", known(&job.replication_parameters)));
    let mut text = facts(screen, &lines);
    let runs = &job.replication_job_runs.items;
    if !runs.is_empty() {
        let rows: Vec<[Cell; 4]> = runs
            .iter()
            .map(|run| {
                [known(&run.kind), moment(&run.start_time), moment(&run.end_time), known(&run.image_id)]
            })
            .collect();
        text.push('\n');
        text.push_str(&table(screen, ["RUN", "STARTED", "ENDED", "IMAGE"], &rows));
    }
    text
}

fn kind(job: &ReplicationJob) -> String {
    match (job.run_once, job.frequency, job.max_number_of_image_to_keep) {
        (false, Some(hours), Some(kept)) => format!("incremental, every {hours} h, keeps {kept} images"),
        (false, ..) => "incremental".to_owned(),
        (true, ..) => "once".to_owned(),
    }
}
