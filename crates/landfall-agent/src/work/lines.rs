//! The figures of a copy as a person reads them.

use std::fmt::Write;

use replication::progress::{Phase, Progress};

use crate::size::Size;

/// One line about how far a run is.
pub(crate) fn progress(progress: &Progress) -> String {
    let left: u64 = progress.disks.iter().map(|disk| disk.bytes_left).sum();
    let mut line = phase(progress);
    if !progress.disks.is_empty() && progress.phase != Phase::Starting {
        let _ = write!(line, ", {} %, {} left", progress.percent(), Size(left));
    }
    if progress.bytes_per_second > 0 {
        let _ = write!(line, ", {}/s", Size(progress.bytes_per_second));
    }
    if let Some(limit) = progress.limited_by {
        let _ = write!(line, ", limited by {}", limit.as_str());
    }
    if let Some(dirty) = progress.dirty_bytes_per_second {
        let _ = write!(line, "; the source changes {}/s", Size(dirty));
    }
    if let Some(freeze) = progress.predicted_freeze_ms {
        let _ = write!(line, ", a freeze would take {freeze} ms");
    }
    let _ = write!(line, "; tracking {}", progress.found_by());
    line
}

fn phase(progress: &Progress) -> String {
    match progress.phase {
        Phase::Starting => "connecting".to_owned(),
        Phase::Full => format!("pass {} over everything", progress.pass),
        Phase::Changes => format!("pass {} over what changed", progress.pass),
        Phase::Audit => format!("pass {} compares everything", progress.pass),
        Phase::Frozen => "filesystems are frozen".to_owned(),
        Phase::Finishing => "sending what was read while frozen".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use replication::progress::{DiskProgress, Limit, Phase, Progress, Tracking};

    use super::progress;

    #[test]
    fn figures_that_are_not_known_are_not_told() {
        let mut copy = Progress::starting(Tracking::Rescan { reason: "image file".into() });
        let mut seen = vec![progress(&copy)];
        copy.phase = Phase::Full;
        copy.pass = 1;
        copy.disks = vec![
            DiskProgress { disk: 0, bytes_total: 3 << 30, bytes_left: 1 << 30 },
            DiskProgress { disk: 1, bytes_total: 1 << 30, bytes_left: 0 },
        ];
        copy.bytes_per_second = 210 << 20;
        copy.limited_by = Some(Limit::SourceDisk);
        seen.push(progress(&copy));
        copy.tracking = Tracking::Ebpf;
        copy.phase = Phase::Changes;
        copy.pass = 2;
        copy.dirty_bytes_per_second = Some(3 << 20);
        copy.predicted_freeze_ms = Some(240);
        seen.push(progress(&copy));
        insta::assert_snapshot!(seen.join("\n"), @"
        connecting; tracking rescan (image file)
        pass 1 over everything, 75 %, 1.0 GiB left, 210.0 MiB/s, limited by source disk; tracking rescan (image file)
        pass 2 over what changed, 75 %, 1.0 GiB left, 210.0 MiB/s, limited by source disk; the source changes 3.0 MiB/s, a freeze would take 240 ms; tracking ebpf
        ");
    }
}
