//! What an agent needs of memory, up to the largest disk there may be.

use bench_report::{Goal, Report};

use crate::{
    lab::{Disk, Lab, Mounted},
    noise::Noise,
    roles::{Agent, Center},
};

const MEBIBYTE: f64 = (1 << 20) as f64;

/// The largest disk, less what the filesystems under it need of a file's greatest size.
const LARGEST: u64 = (16 << 40) - (1 << 20);

pub(crate) fn measure(lab: &Lab, report: &mut Report) -> anyhow::Result<()> {
    let directory = lab.directory("memory")?;
    for (size, name) in [(16 << 30, "16 GiB"), (LARGEST, "16 TiB")] {
        let disk = Disk::new(directory.join("source.img"), size)?;
        crate::lab::said("mkfs.xfs", &["-q", "-f", "-K", "-l", "size=64m", &disk.name()])?;
        let mounted = Mounted::new(disk.device(), directory.join("source"), "noatime")?;
        Noise::new(3).write_file(&mounted.point().join("file"), lab.many(1 << 30))?;
        let mut center = Center::start(&directory, size)?;
        let mut agent = Agent::start(&disk.name(), center.address(0)?, center.pin(), lab.streams)?;
        let full = agent.everything()?;
        println!("  {name}: {full:?}");
        // Scattered, so that the list of what changed is as long as it gets for so much.
        Noise::new(4).change(&mounted.point().join("file"), lab.many(1 << 30), lab.many(50_000))?;
        center.again()?;
        let changes = agent.changes()?;
        println!("  {name}: {changes:?}");
        let peak = changes.used.peak_bytes as f64 / MEBIBYTE;
        report.add("memory", &format!("agent, disk of {name}"), peak, "MiB", Goal::AtMost(96.0));
    }
    Ok(())
}
