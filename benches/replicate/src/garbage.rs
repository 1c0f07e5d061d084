//! A disk that was full and is not any more: what was removed is still on it, and is not to be sent.

use std::fs;

use bench_report::{Goal, Report};

use crate::{
    lab::{Disk, Lab, Mounted, said, text},
    noise::Noise,
    roles::{Agent, Center},
};

const MEBIBYTE: f64 = (1 << 20) as f64;

pub(crate) fn measure(lab: &Lab, report: &mut Report) -> anyhow::Result<()> {
    for kind in ["ext4", "xfs"] {
        let case = format!("garbage-{kind}");
        let directory = lab.directory(&case)?;
        let disk = Disk::new(directory.join("source.img"), lab.size.min(4 << 30))?;
        disk.format(kind)?;
        // Discards would clean what is removed, as servers that are migrated seldom do.
        let mounted = Mounted::new(disk.device(), directory.join("source"), "noatime,nodiscard")?;
        let bytes = disk.size / 10;
        for number in 0..9 {
            Noise::new(number + 7)
                .write_file(&mounted.point().join(format!("file-{number}")), bytes / 8 * 7)?;
        }
        said("sync", &["--file-system", &text(mounted.point())])?;
        let full = mounted.used_bytes()?;
        for number in (0..9).filter(|number| number % 4 != 1) {
            fs::remove_file(mounted.point().join(format!("file-{number}")))?;
        }
        said("sync", &["--file-system", &text(mounted.point())])?;

        let center = Center::start(&directory, disk.size)?;
        // The filesystem stays mounted, as it is where a machine is migrated.
        let copied =
            Agent::start(&disk.name(), center.address(0)?, center.pin(), lab.streams)?.everything()?;
        drop(mounted);
        // The copy is as after a freeze: its log has nothing to replay, and must not be replayed on what is compared.
        let quiet = if kind == "xfs" { "ro,norecovery,nouuid" } else { "ro,noload" };
        let before = Mounted::new(disk.device(), directory.join("before"), quiet)?;
        // Only now, since xfs gives back what was removed when it finds the time.
        let used = before.used_bytes()?;
        let after = Mounted::new(&center.copy(0)?, directory.join("after"), &format!("loop,{quiet}"))?;
        said("diff", &["--recursive", "--brief", &text(before.point()), &text(after.point())])?;
        println!("  {kind}: {copied:?}");
        report.add(&case, "in use when the disk was full", full as f64 / MEBIBYTE, "MiB", Goal::None);
        report.add(&case, "in use when it was copied", used as f64 / MEBIBYTE, "MiB", Goal::None);
        report.add(&case, "content sent", copied.sent_bytes as f64 / MEBIBYTE, "MiB", Goal::None);
        let wire = copied.wire_bytes as f64 / used as f64;
        report.add(&case, "bytes on the network of those in use", wire, "x", Goal::AtMost(1.1));
    }
    Ok(())
}
