//! What a copy would read and send, and what would be frozen for it: `landfall-agent plan`.

use std::fmt::Write;

use blockdev::{
    Roots, Stack,
    allocation::Method,
    direct::Reader,
    plan::{DiskPlan, Freeze, PartPlan, Writer},
    track::Tracker,
};

use crate::{
    machine::{self, MachineError, Selection},
    size::Size,
};

/// The plans of some disks.
#[derive(Debug)]
pub(crate) struct Plans {
    pub(crate) disks: Vec<DiskPlan>,
    /// What could not be found out, in words for the operator.
    pub(crate) problems: Vec<String>,
}

/// Draws the plan of each disk that is meant. Reads only, and freezes nothing; whether changes can be tracked is tried
/// out. Blocks.
pub(crate) fn draw(roots: &Roots, selection: &Selection) -> Result<Plans, MachineError> {
    let writers = Writer::find(roots);
    let mut plans = Plans { disks: vec![], problems: vec![] };
    for disk in machine::disks(roots, selection)? {
        match Reader::open(&disk.path) {
            Ok(reader) => {
                let tracking = if matches!(disk.stack, Stack::Image) {
                    "rescan (image file)".to_owned()
                } else {
                    tracking(&disk.path)
                };
                let plan = DiskPlan::draw(&reader, &disk, &writers);
                plans.disks.push(DiskPlan { tracking: Some(tracking), ..plan });
            }
            Err(error) => plans.problems.push(error.to_string()),
        }
    }
    Ok(plans)
}

/// How changes of a disk would be found, in the words of a run's figures.
fn tracking(disk: &std::path::Path) -> String {
    let tried = Tracker::attach(&[disk]).map_err(|reason| reason.to_string());
    let proven = tried.and_then(|mut tracker| tracker.begin_coverage(0).map_err(|reason| reason.to_string()));
    proven.map_or_else(|reason| format!("rescan ({reason})"), |()| "ebpf".to_owned())
}

/// Writes plans as a person would tell them.
pub(crate) fn text(plans: &[DiskPlan]) -> String {
    let mut text = String::new();
    for plan in plans {
        let tracking = plan.tracking.as_deref().unwrap_or("not known");
        let _ = writeln!(
            text,
            "disk       {}: {} of {} to copy; tracking {tracking}",
            plan.path.display(),
            Size(plan.copy_bytes),
            Size(plan.size_bytes)
        );
        for part in &plan.parts {
            let _ = writeln!(text, "  {}", line(part));
        }
        for writer in &plan.writers {
            let Writer { process, name, device } = writer;
            let _ = writeln!(
                text,
                "  writer   {name} ({process}) has {} open for writing: no freeze stops it",
                device.display()
            );
        }
    }
    text
}

fn line(part: &PartPlan) -> String {
    let PartPlan { partition, format, size_bytes, copy_bytes, method, freeze, .. } = part;
    let what = match partition {
        Some(number) => format!("part {number:<3} {}", format.as_str()),
        None if part.path.is_some() => format!("whole    {}", format.as_str()),
        None => "gap".to_owned(),
    };
    let how = match method {
        Method::Blocks => "what it has in use".to_owned(),
        Method::Everything { reason } => format!("all of it: {reason}"),
        Method::Edges => "its edges".to_owned(),
    };
    let frozen = match freeze {
        Freeze::NotNeeded => String::new(),
        Freeze::Filesystem { mount_point } => format!("; {mount_point} is frozen for a moment"),
        Freeze::Impossible { reason } => format!("; {reason}"),
    };
    format!("{what}, {} of {}, {how}{frozen}", Size(*copy_bytes), Size(*size_bytes))
}

#[cfg(test)]
mod tests {
    use blockdev::{
        Format,
        allocation::Method,
        plan::{DiskPlan, Freeze, PartPlan, Writer},
    };

    use super::text;

    #[test]
    fn a_plan_reads_as_a_person_would_tell_it() {
        let part = |partition, format, copy_bytes, method, freeze| PartPlan {
            partition,
            path: partition.map(|number: u32| format!("/dev/sda{number}").into()),
            format,
            start_bytes: 0,
            size_bytes: 4 << 30,
            copy_bytes,
            method,
            freeze,
        };
        let everything = |reason: &str| Method::Everything { reason: reason.to_owned() };
        let frozen = Freeze::Filesystem { mount_point: "/".into() };
        let swapping = Freeze::Impossible { reason: "swap does not stop; only its header is copied".into() };
        let plan = DiskPlan {
            path: "/dev/sda".into(),
            size_bytes: 20 << 30,
            copy_bytes: 7 << 30,
            parts: vec![
                part(
                    None,
                    Format::None,
                    1 << 20,
                    everything("boot loaders live before the first partition"),
                    Freeze::NotNeeded,
                ),
                part(Some(1), Format::Ext4, 2 << 30, Method::Blocks, frozen),
                part(Some(2), Format::Swap, 4096, Method::Blocks, swapping),
                part(
                    Some(13),
                    Format::Btrfs,
                    4 << 30,
                    everything("free space of btrfs is not understood"),
                    Freeze::NotNeeded,
                ),
                part(None, Format::None, 2 << 20, Method::Edges, Freeze::NotNeeded),
            ],
            tracking: Some("ebpf".into()),
            writers: vec![Writer { process: 7, name: "dd".into(), device: "/dev/sda13".into() }],
        };
        insta::assert_snapshot!(text(&[plan]), @"
        disk       /dev/sda: 7.0 GiB of 20.0 GiB to copy; tracking ebpf
          gap, 1.0 MiB of 4.0 GiB, all of it: boot loaders live before the first partition
          part 1   ext4, 2.0 GiB of 4.0 GiB, what it has in use; / is frozen for a moment
          part 2   swap, 4.0 KiB of 4.0 GiB, what it has in use; swap does not stop; only its header is copied
          part 13  btrfs, 4.0 GiB of 4.0 GiB, all of it: free space of btrfs is not understood
          gap, 2.0 MiB of 4.0 GiB, its edges
          writer   dd (7) has /dev/sda13 open for writing: no freeze stops it
        ");
    }
}
