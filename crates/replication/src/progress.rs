//! How far a run is: the figures that agent, program, API and metrics show.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How far a run is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// What is being done.
    pub phase: Phase,
    /// Number of the pass, the first full one being 1; 0 before it.
    pub pass: u32,
    /// The pass, disk by disk.
    pub disks: Vec<DiskProgress>,
    /// The passes that are over, the oldest first; of very many the last [`MOST_PASSES`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passes: Vec<PassDone>,
    /// Bytes read from the disks in this run.
    pub read_bytes: u64,
    /// Bytes of content sent in this run.
    pub sent_bytes: u64,
    /// Bytes of that content as packed for the network.
    pub packed_bytes: u64,
    /// Bytes a second of content that got through in the last seconds: read and, where needed, sent.
    pub bytes_per_second: u64,
    /// Bytes a second that the source changes; absent before it was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dirty_bytes_per_second: Option<u64>,
    /// The freeze that would be needed now, in milliseconds; absent before it can be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predicted_freeze_ms: Option<u64>,
    /// How changes are found.
    pub tracking: Tracking,
    /// Why the kernel could not prove in this run that it had told of every change, so that everything was compared;
    /// absent where it could, or tells nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unproven: Option<String>,
    /// What the copy waits for most; absent while nothing was waited for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limited_by: Option<Limit>,
}

/// How far a pass is on one disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiskProgress {
    /// The disk's number in the run.
    pub disk: u16,
    /// Bytes that the pass covers.
    pub bytes_total: u64,
    /// Bytes of them that are not through yet: still to be read or, where needed, to be sent.
    pub bytes_left: u64,
}

/// A pass that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassDone {
    /// Its number in the run, from 1.
    pub pass: u32,
    /// What it was over.
    pub phase: Phase,
    /// Bytes that it covered.
    pub bytes: u64,
    /// Bytes of content sent in it.
    pub sent_bytes: u64,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}

/// Passes that are remembered at the most.
pub const MOST_PASSES: usize = 20;

/// What a run is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Connecting, and finding out what is to be copied.
    Starting,
    /// The pass over everything.
    Full,
    /// A pass over what changed.
    Changes,
    /// Comparing everything with the copy once more.
    Audit,
    /// Filesystems are frozen.
    Frozen,
    /// Sending what was read while they were.
    Finishing,
}

/// How changes are found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "mode", rename_all = "lowercase")]
pub enum Tracking {
    /// The kernel tells.
    Ebpf,
    /// By reading everything and comparing digests.
    Rescan {
        /// Why the kernel cannot tell.
        reason: String,
    },
}

impl fmt::Display for Tracking {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ebpf => formatter.write_str("ebpf"),
            Self::Rescan { reason } => write!(formatter, "rescan ({reason})"),
        }
    }
}

/// What a copy can be waiting for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// Reading the source's disk.
    SourceDisk,
    /// Compressing.
    Cpu,
    /// The network.
    Link,
    /// The bandwidth that the job is allowed.
    Bandwidth,
    /// The center, which makes durable what it was sent.
    CenterDisk,
}

impl Limit {
    /// The name a person reads.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SourceDisk => "source disk",
            Self::Cpu => "CPU",
            Self::Link => "link",
            Self::Bandwidth => "bandwidth limit",
            Self::CenterDisk => "center disk",
        }
    }
}

impl Progress {
    /// A run that has only begun.
    pub const fn starting(tracking: Tracking) -> Self {
        Self {
            phase: Phase::Starting,
            pass: 0,
            disks: Vec::new(),
            passes: Vec::new(),
            read_bytes: 0,
            sent_bytes: 0,
            packed_bytes: 0,
            bytes_per_second: 0,
            dirty_bytes_per_second: None,
            predicted_freeze_ms: None,
            tracking,
            unproven: None,
            limited_by: None,
        }
    }

    /// How changes are found, and whether that was proven throughout, for a person.
    pub fn found_by(&self) -> String {
        match (&self.tracking, &self.unproven) {
            (Tracking::Ebpf, Some(reason)) => {
                format!("ebpf (not proven once: {reason}; everything was compared)")
            }
            (tracking, _) => tracking.to_string(),
        }
    }

    /// How much of the pass is done, from 0 to 100.
    pub fn percent(&self) -> u8 {
        let sum = |part: fn(&DiskProgress) -> u64| self.disks.iter().map(|disk| u128::from(part(disk))).sum();
        let (total, left): (u128, u128) = (sum(|disk| disk.bytes_total), sum(|disk| disk.bytes_left));
        if total == 0 {
            return 0;
        }
        u8::try_from(total.saturating_sub(left) * 100 / total).unwrap_or(100)
    }
}

#[cfg(test)]
mod tests {
    use super::{DiskProgress, Limit, Progress, Tracking};

    #[test]
    fn figures_survive_the_wire_and_absent_ones_are_absent() {
        let reason = "image file".to_owned();
        let mut progress = Progress::starting(Tracking::Rescan { reason });
        assert_eq!(
            serde_json::to_string(&progress).unwrap(),
            r#"{"phase":"starting","pass":0,"disks":[],"read_bytes":0,"sent_bytes":0,"packed_bytes":0,"bytes_per_second":0,"tracking":{"mode":"rescan","reason":"image file"}}"#
        );
        progress.limited_by = Some(Limit::CenterDisk);
        progress.predicted_freeze_ms = Some(240);
        let text = serde_json::to_string(&progress).unwrap();
        assert!(text.contains(r#""limited_by":"center_disk""#), "{text}");
        assert_eq!(serde_json::from_str::<Progress>(&text).unwrap(), progress);
        assert_eq!(progress.found_by(), "rescan (image file)");
        progress.unproven = Some("8 sectors unseen".to_owned());
        assert_eq!(progress.found_by(), "rescan (image file)", "one reason is enough");
        progress.tracking = Tracking::Ebpf;
        assert_eq!(progress.found_by(), "ebpf (not proven once: 8 sectors unseen; everything was compared)");
    }

    #[test]
    fn percent_is_of_all_disks() {
        let mut progress = Progress::starting(Tracking::Ebpf);
        assert_eq!(progress.percent(), 0);
        let disk = |disk, bytes_total, bytes_left| DiskProgress { disk, bytes_total, bytes_left };
        for (disks, expected) in [
            (vec![disk(0, 100, 50), disk(1, 300, 50)], 75),
            (vec![disk(0, u64::MAX, 0), disk(1, u64::MAX, 0)], 100),
            (vec![disk(0, 0, 0)], 0),
        ] {
            progress.disks = disks;
            assert_eq!(progress.percent(), expected);
        }
    }
}
