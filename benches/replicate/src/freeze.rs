//! How long a program that writes to the disk is held up at the end of a run, and whether that was foretold.

use bench_report::{Goal, Report};

use crate::{
    lab::{Disk, Lab, Mounted, median},
    roles::{Agent, Center, Writer},
};

/// What the program writes: 50 MB a second.
const RATE: u64 = 50_000_000;

/// Bytes of the file that it writes to.
const FILE_BYTES: u64 = 512 << 20;

pub(crate) fn measure(lab: &Lab, report: &mut Report) -> anyhow::Result<()> {
    for kind in ["ext4", "xfs"] {
        let case = format!("freeze-{kind}");
        let directory = lab.directory(&case)?;
        let disk = Disk::new(directory.join("source.img"), lab.size.min(2 << 30))?;
        disk.format(kind)?;
        let mounted = Mounted::new(disk.device(), directory.join("source"), "noatime")?;
        let mut writer = Writer::start(&mounted.point().join("file"), FILE_BYTES, RATE)?;
        let (mut longest, mut before, mut frozen, mut foretold) = (vec![], vec![], vec![], vec![]);
        for run in 0..lab.runs {
            #[expect(clippy::disallowed_methods, reason = "a writer at its own pace is what is measured")]
            std::thread::sleep(std::time::Duration::from_secs(lab.many(10)));
            let usual = writer.stalls()?;
            let center = Center::start(&directory, disk.size)?;
            let mut agent = Agent::start(&disk.name(), center.address(0)?, center.pin(), lab.streams)?;
            let copied = agent.everything()?;
            let stalls = writer.stalls()?;
            println!("  {kind} run {run}: usual {usual:?}, {stalls:?}, {copied:?}");
            longest.push(stalls.longest_ms);
            before.push(usual.longest_ms);
            frozen.push(copied.freeze_ms);
            foretold.push(copied.predicted_freeze_ms.map_or(f64::NAN, |ms| ms as f64));
        }
        let ratios = frozen.iter().zip(&foretold).map(|(is, was)| (is / was).max(was / is)).collect();
        report.add(&case, "longest write while nothing is copied", median(before), "ms", Goal::None);
        report.add(&case, "longest write during a run", median(longest.clone()), "ms", Goal::AtMost(300.0));
        report.add(
            &case,
            "the longest of all runs",
            longest.iter().copied().fold(0.0, f64::max),
            "ms",
            Goal::AtMost(300.0),
        );
        report.add(&case, "frozen, by the agent's account", median(frozen), "ms", Goal::None);
        report.add(&case, "foretold", median(foretold), "ms", Goal::None);
        report.add(
            &case,
            "frozen against foretold, the greater of both",
            median(ratios),
            "x",
            Goal::AtMost(2.0),
        );
    }
    Ok(())
}
