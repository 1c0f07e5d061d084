//! What a center has an agent do, and what the agent tells of it.
//!
//! Work comes with the answer to a heartbeat. A center that has room for it holds the answer back until there is news
//! ([`HeartbeatRequest::wait_seconds`](crate::HeartbeatRequest::wait_seconds)), so that an operator's start or stop
//! reaches a machine behind any firewall at once. The answer always says all there is to do: an agent that copies what
//! the answer does not name leaves off, and what is acknowledged stays.

use replication::progress::{MOST_PASSES, Progress, Tracking};
use serde::{Deserialize, Serialize};

/// Where agents tell how their work goes.
pub const REPORT: &str = "/agent/v1/report";

/// Seconds that the answer to a heartbeat is held back at the most; less than the time between two heartbeats.
pub const LONGEST_WAIT_SECONDS: u32 = 25;

/// A job of this source, as it should be going on now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// The job.
    pub job_id: String,
    /// The run that is to be copied; absent between two runs, when changes are only to be tracked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunWork>,
    /// The disks of the job.
    pub disks: Vec<WorkDisk>,
    /// Longest time that filesystems may stay frozen, in milliseconds.
    pub freeze_budget_ms: u32,
}

/// One run of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunWork {
    /// Names the run.
    pub run_id: String,
    /// The complete run that the center's copy holds; absent when there is none. It is the run itself where its center died
    /// right after it. An agent that tracked everything since that run sends only what changed, any other compares.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_run_id: Option<String>,
    /// Whether everything is compared with the source once more before the freeze.
    pub audit: bool,
}

/// A disk of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkDisk {
    /// Its number in the job, from 0; frames name it by this.
    pub index: u16,
    /// Where the source opens it: a block device, or a file that holds a disk image.
    pub path: String,
    /// Its size in bytes when the job was made.
    pub size_bytes: u64,
    /// Id of its partition table, where it has one: a disk is not told by its path alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table_id: Option<String>,
    /// Its serial number, or its world-wide name where it has no other, as the inventory had it when the job was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
}

/// Tells how a run goes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReportRequest {
    /// Version of this protocol that the agent speaks.
    pub protocol: u32,
    /// The job.
    pub job_id: String,
    /// The run of it.
    pub run_id: String,
    /// What happened.
    pub event: RunEvent,
}

/// What happened to a run on its source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum RunEvent {
    /// It goes on; told once a second at the most.
    Progress {
        /// How far it is.
        progress: Box<Progress>,
    },
    /// Its last block is durable at the center.
    Complete {
        /// The last figures.
        progress: Box<Progress>,
        /// How long filesystems were frozen, in milliseconds.
        freeze_ms: u64,
        /// Bytes that the audit found to differ; absent without one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        healed_bytes: Option<u64>,
    },
    /// It cannot go on without someone's help.
    Failed {
        /// The code that the book explains.
        code: String,
        /// What is wrong and what to do.
        message: String,
    },
}

/// Disks that a run has at the most.
const MOST_DISKS: usize = 128;

/// Characters of a text at the most: of a code, and of anything else.
const MOST_CODE: usize = 64;
const MOST_TEXT: usize = 1_024;

impl RunEvent {
    /// Cut to what an agent has reason to say: what a center is told, it keeps and shows.
    #[must_use]
    pub fn bounded(mut self) -> Self {
        match &mut self {
            Self::Progress { progress } | Self::Complete { progress, .. } => {
                progress.disks.truncate(MOST_DISKS);
                progress.passes.truncate(MOST_PASSES);
                if let Tracking::Rescan { reason } = &mut progress.tracking {
                    cut(reason, MOST_TEXT);
                }
                if let Some(reason) = &mut progress.unproven {
                    cut(reason, MOST_TEXT);
                }
            }
            Self::Failed { code, message } => {
                cut(code, MOST_CODE);
                cut(message, MOST_TEXT);
            }
        }
        self
    }
}

fn cut(text: &mut String, most: usize) {
    if let Some((end, _)) = text.char_indices().nth(most) {
        text.truncate(end);
    }
}

#[cfg(test)]
mod tests {
    use replication::progress::{DiskProgress, PassDone, Phase, Progress, Tracking};

    use super::{RunEvent, RunWork, Work, WorkDisk};

    #[test]
    fn what_an_agent_says_is_bounded() {
        let disk = DiskProgress { disk: 0, bytes_total: 1, bytes_left: 1 };
        let pass = PassDone { pass: 1, phase: Phase::Full, bytes: 1, sent_bytes: 1, took_ms: 1 };
        let tracking = Tracking::Rescan { reason: "é".repeat(100_000) };
        let progress = Progress {
            disks: vec![disk; 10_000],
            passes: vec![pass; 10_000],
            unproven: Some("é".repeat(100_000)),
            ..Progress::starting(tracking)
        };
        let told = RunEvent::Progress { progress: Box::new(progress) }.bounded();
        assert!(serde_json::to_vec(&told).unwrap().len() < 16 << 10);
        let failed = RunEvent::Failed { code: "x".repeat(1_000), message: "é".repeat(10_000) }.bounded();
        let short = RunEvent::Failed { code: "x".repeat(64), message: "é".repeat(1_024) };
        assert_eq!((&failed, short.clone().bounded()), (&short, short.clone()));
    }

    /// A reply of an earlier center may lack what came later; a reply of a later one may hold more.
    #[test]
    fn work_of_an_older_or_newer_center_is_read() {
        let text = r#"{"job_id":"j-1","news":1,"run":{"run_id":"run-1","audit":false},
            "disks":[{"index":0,"path":"/dev/sda","size_bytes":512}],"freeze_budget_ms":2000}"#;
        let read: Work = serde_json::from_str(text).unwrap();
        let work = Work {
            job_id: "j-1".into(),
            run: Some(RunWork { run_id: "run-1".into(), base_run_id: None, audit: false }),
            disks: vec![WorkDisk {
                index: 0,
                path: "/dev/sda".into(),
                size_bytes: 512,
                table_id: None,
                serial: None,
            }],
            freeze_budget_ms: 2_000,
        };
        assert_eq!(read, work);
        let again = serde_json::to_string(&read).unwrap();
        assert_eq!(serde_json::from_str::<Work>(&again).unwrap(), read);
    }

    #[test]
    fn a_failure_has_its_code_beside_its_kind() {
        let event = RunEvent::Failed { code: "Replication.Freeze".into(), message: "too long".into() };
        let text = serde_json::to_string(&event).unwrap();
        assert_eq!(text, r#"{"kind":"failed","code":"Replication.Freeze","message":"too long"}"#);
        assert_eq!(serde_json::from_str::<RunEvent>(&text).unwrap(), event);
    }
}
