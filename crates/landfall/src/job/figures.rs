//! The figures of a copy for people: a bar for each disk, and a line of everything else.

use std::{fmt::Write as _, time::Duration};

use replication::progress::{DiskProgress, PassDone, Phase, Progress};
use serde::Deserialize;
use smc::Timestamp;
use smc_model::generated::replication_job::ReplicationJob;

use crate::output::bytes;

/// Characters of a bar.
const BAR: usize = 30;

/// What a job's `StatusInfo` says while it is `InError`.
#[derive(Deserialize)]
struct Fault {
    error_msg: String,
}

/// The figures of a copy.
#[derive(Debug, PartialEq)]
pub(super) enum Figures {
    /// Of the one that goes on.
    Now(Progress),
    /// Of the one that went on last.
    Last(Progress),
}

/// The figures that a job shows, if there are any and they are read.
pub(super) fn figures(job: &ReplicationJob) -> Option<Figures> {
    let progress = serde_json::from_str(job.status_info.as_deref()?).ok()?;
    Some(if job.status == "Running" { Figures::Now(progress) } else { Figures::Last(progress) })
}

/// Why a job failed: its message, and what can be done.
pub(super) fn failure(job: &ReplicationJob) -> Option<(String, Option<&'static str>)> {
    let code = job.error_code.as_deref().filter(|code| !code.is_empty())?;
    let info = job.status_info.as_deref().unwrap_or_default();
    // A center that words it otherwise is shown as it is.
    let message = serde_json::from_str(info).map_or_else(|_| info.to_owned(), |fault: Fault| fault.error_msg);
    Some((message, smc_model::job_error(code).map(|entry| entry.remedy)))
}

/// How long a last run would take, from the source standing still to its image being there: as long as the last one that was not
/// the first.
pub(super) fn expected_downtime(job: &ReplicationJob) -> Option<Duration> {
    if job.run_once || !matches!(job.status.as_str(), "Running" | "Waiting" | "Stopped" | "InError") {
        return None;
    }
    // The newest come first.
    let made = job.replication_job_runs.items.iter().filter(|run| {
        run.end_time.as_deref().is_some_and(|end| !end.is_empty())
            && run.image_id.as_deref().is_some_and(|image| !image.is_empty())
    });
    let (last, _) = (made.clone().next()?, made.clone().nth(1)?);
    let at = |text: Option<&str>| text.and_then(Timestamp::parse).map(Timestamp::unix);
    let took = at(last.end_time.as_deref())?.checked_sub(at(last.start_time.as_deref())?)?;
    u64::try_from(took).ok().map(Duration::from_secs)
}

/// A bar for each disk of the pass.
pub(super) fn bars(progress: &Progress) -> Vec<String> {
    progress.disks.iter().map(bar).collect()
}

fn bar(disk: &DiskProgress) -> String {
    let done = disk.bytes_total.saturating_sub(disk.bytes_left);
    let share = |of: u64| (u128::from(done) * u128::from(of)).checked_div(u128::from(disk.bytes_total));
    let filled = share(BAR as u64).and_then(|filled| usize::try_from(filled).ok()).unwrap_or(BAR);
    let percent = share(100).unwrap_or(100);
    format!(
        "disk {:<2} [{}{}] {percent:3} %  {} of {} left",
        disk.disk,
        "#".repeat(filled),
        "-".repeat(BAR.saturating_sub(filled)),
        bytes(disk.bytes_left),
        bytes(disk.bytes_total)
    )
}

/// A line for each pass that is over.
pub(super) fn passes(progress: &Progress) -> Vec<String> {
    let line = |done: &PassDone| {
        let seconds = Duration::from_millis(done.took_ms).as_secs_f64();
        let (over, sent) = (bytes(done.bytes), bytes(done.sent_bytes));
        format!("{}, {over} in {seconds:.1} s, {sent} sent", pass(done.pass, done.phase))
    };
    progress.passes.iter().map(line).collect()
}

/// Everything but the bars, in one line.
pub(super) fn summary(progress: &Progress) -> String {
    let mut text = format!("{}, {}/s", doing(progress), bytes(progress.bytes_per_second));
    let sent = (bytes(progress.sent_bytes), bytes(progress.packed_bytes));
    let _ = write!(text, ", sent {} as {}", sent.0, sent.1);
    if let Some(rate) = progress.dirty_bytes_per_second {
        let _ = write!(text, ", {}/s changing", bytes(rate));
    }
    if let Some(milliseconds) = progress.predicted_freeze_ms {
        let _ = write!(text, ", a freeze would take {milliseconds} ms");
    }
    let _ = write!(text, ", tracking {}", progress.found_by());
    if let Some(limit) = progress.limited_by {
        let _ = write!(text, ", limited by the {}", limit.as_str());
    }
    text
}

/// What a copy came to.
pub(super) fn result(progress: &Progress) -> String {
    format!(
        "read {}, sent {} as {}, tracking {}",
        bytes(progress.read_bytes),
        bytes(progress.sent_bytes),
        bytes(progress.packed_bytes),
        progress.found_by()
    )
}

/// What the copy does.
pub(super) fn doing(progress: &Progress) -> String {
    pass(progress.pass, progress.phase)
}

fn pass(number: u32, phase: Phase) -> String {
    match phase {
        Phase::Starting => "starting".to_owned(),
        Phase::Full => format!("pass {number}: everything"),
        Phase::Changes => format!("pass {number}: what changed"),
        Phase::Audit => "comparing once more".to_owned(),
        Phase::Frozen => "frozen".to_owned(),
        Phase::Finishing => "sending what was read while frozen".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use replication::progress::{Limit, Tracking};
    use smc_model::generated::replication_job::ReplicationJobReplicationJobRun as Run;

    use super::*;

    fn progress() -> Progress {
        let disk = |disk, bytes_total, bytes_left| DiskProgress { disk, bytes_total, bytes_left };
        Progress {
            phase: Phase::Changes,
            pass: 2,
            disks: vec![disk(0, 40 << 30, 10 << 30), disk(12, 0, 0), disk(1, u64::MAX, u64::MAX)],
            sent_bytes: 30 << 30,
            packed_bytes: 12 << 30,
            bytes_per_second: 210 << 20,
            dirty_bytes_per_second: Some(3 << 20),
            predicted_freeze_ms: Some(240),
            limited_by: Some(Limit::SourceDisk),
            ..Progress::starting(Tracking::Ebpf)
        }
    }

    #[test]
    fn figures_are_worded_for_people() {
        let shown = [bars(&progress()), vec![summary(&progress())]].concat().join("\n");
        insta::assert_snapshot!(shown, @r"
        disk 0  [######################--------]  75 %  10.0 GiB of 40.0 GiB left
        disk 12 [##############################] 100 %  0 B of 0 B left
        disk 1  [------------------------------]   0 %  15.9 EiB of 15.9 EiB left
        pass 2: what changed, 210.0 MiB/s, sent 30.0 GiB as 12.0 GiB, 3.0 MiB/s changing, a freeze would take 240 ms, tracking ebpf, limited by the source disk
        ");
        let done =
            |pass, phase, bytes, sent_bytes, took_ms| PassDone { pass, phase, bytes, sent_bytes, took_ms };
        let after = Progress {
            passes: vec![
                done(1, Phase::Full, 12 << 30, 11 << 30, 61_240),
                done(2, Phase::Changes, 3 << 20, 1 << 20, 40),
                done(3, Phase::Audit, 12 << 30, 0, 20_000),
            ],
            ..progress()
        };
        insta::assert_snapshot!(passes(&after).join("\n"), @r"
        pass 1: everything, 12.0 GiB in 61.2 s, 11.0 GiB sent
        pass 2: what changed, 3.0 MiB in 0.0 s, 1.0 MiB sent
        comparing once more, 12.0 GiB in 20.0 s, 0 B sent
        ");
        let reason = "image file".to_owned();
        let starting = Progress::starting(Tracking::Rescan { reason });
        assert_eq!(summary(&starting), "starting, 0 B/s, sent 0 B as 0 B, tracking rescan (image file)");
        assert_eq!(result(&progress()), "read 0 B, sent 30.0 GiB as 12.0 GiB, tracking ebpf");
        let unproven = Progress { unproven: Some("8 sectors unseen".to_owned()), ..progress() };
        assert_eq!(
            result(&unproven),
            "read 0 B, sent 30.0 GiB as 12.0 GiB, tracking ebpf (not proven once: 8 sectors unseen; everything was compared)"
        );
    }

    #[test]
    fn a_cutover_is_expected_to_take_as_long_as_the_last_run_that_was_not_the_first() {
        let run = |start: &str, end: &str, image: &str| Run {
            start_time: Some(start.to_owned()),
            end_time: Some(end.to_owned()),
            image_id: Some(image.to_owned()),
            ..Run::default()
        };
        let (first, second) = (
            run("2026-11-24T15:00:00Z", "2026-11-24T16:00:00Z", "m-1"),
            run("2026-11-24T22:00:00Z", "2026-11-24T22:00:12Z", "m-2"),
        );
        let (going, failed) =
            (run("2026-11-25T04:00:00Z", "", ""), run("2026-11-25T03:00:00Z", "2026-11-25T03:50:00Z", ""));
        let job = |status: &str, runs: &[&Run]| {
            let mut job = ReplicationJob { status: status.to_owned(), ..ReplicationJob::default() };
            job.replication_job_runs.items = runs.iter().map(|run| (*run).clone()).collect();
            job
        };
        let seconds = |job: ReplicationJob| expected_downtime(&job).map(|time| time.as_secs());
        assert_eq!(seconds(job("Running", &[&going, &failed, &second, &first])), Some(12));
        assert_eq!(seconds(job("Waiting", &[&first])), None, "it tells nothing of a later one");
        assert_eq!(seconds(job("Finished", &[&second, &first])), None);
        let once = ReplicationJob { run_once: true, ..job("Running", &[&second, &first]) };
        assert_eq!(seconds(once), None);
    }

    #[test]
    fn what_a_job_says_is_read_or_shown_as_it_is() {
        let job = |code: &str, info: &str| ReplicationJob {
            error_code: Some(code.to_owned()),
            status_info: Some(info.to_owned()),
            ..ReplicationJob::default()
        };
        let mut running = job("", &serde_json::to_string(&progress()).unwrap());
        assert_eq!(figures(&running), Some(Figures::Last(progress())));
        running.status = "Running".into();
        assert_eq!(figures(&running), Some(Figures::Now(progress())));
        assert!(failure(&running).is_none());
        let failed = job("Staging.NoSpace", r#"{"error_code":"Staging.NoSpace","error_msg":"it is full"}"#);
        assert!(figures(&failed).is_none());
        let (message, remedy) = failure(&failed).unwrap();
        assert_eq!(message, "it is full");
        assert!(remedy.unwrap().starts_with("Make room"));
        assert_eq!(failure(&job("Made.Up", "whatever")).unwrap(), ("whatever".to_owned(), None));
    }
}
