//! Ten agents at once against one.

use std::thread;

use anyhow::{Context, anyhow};
use bench_report::{Goal, Report};

use crate::{
    lab::{Disk, Lab, compare, median, seconds},
    noise::Noise,
    roles::{Agent, Center},
};

const MEBIBYTE: f64 = (1 << 20) as f64;

/// Agents at once, each with a disk and one stream.
const AGENTS: usize = 10;

pub(crate) fn measure(lab: &Lab, report: &mut Report) -> anyhow::Result<()> {
    let directory = lab.directory("streams")?;
    // Noise, so that every byte goes the whole way.
    let size = (lab.size / AGENTS as u64).min(512 << 20).next_multiple_of(1 << 20);
    let disks = (0..AGENTS)
        .map(|number| {
            let disk = Disk::new(directory.join(format!("source-{number}.img")), size)?;
            Noise::new(number as u64 + 1).write_file(disk.image(), size)?;
            crate::lab::sync(disk.image())?;
            Ok(disk)
        })
        .collect::<anyhow::Result<Vec<_>>>()?;
    let (mut one, mut ten, mut memory) = (Vec::new(), Vec::new(), 0_f64);
    for run in 0..lab.runs {
        // One agent sends what ten do, one disk after the other.
        let alone = copy(&directory, &disks, 1)?;
        let together = copy(&directory, &disks, AGENTS)?;
        println!("  run {run}: alone {alone:?}, together {together:?}");
        one.push(alone.0);
        ten.push(together.0);
        memory = memory.max(together.1);
    }
    let rate = |times| (size * AGENTS as u64) as f64 / MEBIBYTE / median(times);
    let (one, ten) = (rate(one), rate(ten));
    report.add("streams", "one agent with one stream", one, "MiB/s", Goal::None);
    report.add("streams", "ten agents with one stream each", ten, "MiB/s", Goal::None);
    report.add("streams", "ten over one", ten / one, "x", Goal::AtLeast(1.0));
    let most = 64.0 + 32.0 * AGENTS as f64;
    report.add("streams", "memory of the center with ten", memory, "MiB", Goal::AtMost(most));
    Ok(())
}

/// Copies all disks to one center, so many at once; gives the seconds and the center's memory.
fn copy(directory: &std::path::Path, disks: &[Disk], at_once: usize) -> anyhow::Result<(f64, f64)> {
    let size = disks.first().context("copying no disk")?.size;
    let mut center = Center::start_with(&[], directory, size, disks.len(), "127.0.0.1")?;
    for disk in disks {
        disk.forget()?;
    }
    // Agents run already when a copy begins.
    let mut agents = disks
        .iter()
        .enumerate()
        .map(|(number, disk)| Agent::start(&disk.name(), center.address(number)?, center.pin(), 1))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let took = seconds(|| {
        for group in agents.chunks_mut(at_once) {
            thread::scope(|scope| {
                let copies: Vec<_> =
                    group.iter_mut().map(|agent| scope.spawn(|| agent.everything())).collect();
                copies.into_iter().try_for_each(|copy| {
                    copy.join().map_err(|_| anyhow!("an agent's thread panicked"))?.map(drop)
                })
            })?;
        }
        Ok(())
    })?;
    drop(agents);
    for (number, disk) in disks.iter().enumerate() {
        compare(disk.device(), &center.copy(number)?)?;
    }
    Ok((took, center.used()?.peak_bytes as f64 / MEBIBYTE))
}
