//! A disk of which little changed since it was copied.

use std::{fs, path::Path};

use anyhow::Context;
use bench_report::{Goal, Report};

use crate::{
    full::real_disk,
    lab::{Disk, Lab, compare, forget, median, said, seconds, sync, text},
    noise::Noise,
    peers::RsyncServer,
    roles::{Agent, Center, Copied},
};

const MEBIBYTE: f64 = (1 << 20) as f64;
const LEAF_BYTES: u64 = 4096;

/// How little of a disk changes, as one of so many blocks of 4 KiB; the second is the case with a goal.
const SHARES: [u64; 3] = [400, 100, 25];

pub(crate) fn measure(lab: &Lab, report: &mut Report) -> anyhow::Result<()> {
    let directory = lab.directory("incremental")?;
    let disk = real_disk(&directory, lab.size)?;
    // Blocks are changed at random, those that its filesystem has free among them. Nobody knows a filesystem there from now on, so
    // that all of it counts: a run whose tracking is not proven would else rightly make zeros of what is free.
    said("wipefs", &["--all", "--quiet", &disk.name()])?;
    let blocks = lab.size / LEAF_BYTES;
    let mut noise = Noise::new(100);
    let mut ours: Vec<Vec<Copied>> = SHARES.iter().map(|_| Vec::new()).collect();
    let mut idle = Vec::new();
    {
        let mut center = Center::start(&directory, disk.size)?;
        let mut agent = Agent::start(&disk.name(), center.address(0)?, center.pin(), lab.streams)?;
        agent.everything()?;
        let mut next = |agent: &mut Agent| {
            center.again()?;
            disk.forget()?;
            let copied = agent.changes()?;
            compare(disk.device(), &center.copy(0)?).with_context(|| format!("after {copied:?}"))?;
            anyhow::Ok(copied)
        };
        for run in 0..lab.runs {
            for (share, figures) in SHARES.iter().zip(&mut ours) {
                noise.change(disk.device(), disk.size, blocks / share)?;
                let copied = next(&mut agent)?;
                println!("  run {run}: 1/{share}: {copied:?}");
                figures.push(copied);
            }
            idle.push(next(&mut agent)?.seconds);
        }
    }
    let middle = |figures: &[Copied], of: fn(&Copied) -> f64| median(figures.iter().map(of).collect());
    let took: Vec<f64> = ours.iter().map(|figures| middle(figures, |copied| copied.seconds)).collect();
    let changed = blocks / 100 * LEAF_BYTES;
    let wire = middle(&ours[1], |copied| copied.wire_bytes as f64);
    report.add("incremental", "1 % of the blocks of 4 KiB", changed as f64 / MEBIBYTE, "MiB", Goal::None);
    report.add("incremental", "landfall", took[1], "s", Goal::None);
    report.add(
        "incremental",
        "landfall, bytes read",
        middle(&ours[1], |copied| copied.read_bytes as f64) / MEBIBYTE,
        "MiB",
        Goal::None,
    );
    report.add(
        "incremental",
        "landfall, bytes on the network of those changed",
        wire / changed as f64,
        "x",
        Goal::AtMost(1.5),
    );
    let unproven = ours.iter().flatten().filter(|copied| copied.unproven.is_some()).count();
    report.add("incremental", "landfall, runs not proven at first", unproven as f64, "runs", Goal::None);
    report.add("incremental", "landfall, nothing changed", median(idle), "s", Goal::None);
    report.add("incremental", "landfall, 0.25 % changed", took[0], "s", Goal::None);
    report.add("incremental", "landfall, 4 % changed", took[2], "s", Goal::None);
    report.add("incremental", "time for 4 % over time for 1 %", took[2] / took[1], "x", Goal::AtMost(4.4));

    let (rsync, moved) = rsync(lab, &directory, &disk, &mut noise).context("rsync")?;
    report.add("incremental", "rsync", rsync, "s", Goal::None);
    report.add("incremental", "rsync, bytes moved of those changed", moved / changed as f64, "x", Goal::None);
    report.add("incremental", "times as fast as rsync", rsync / took[1], "x", Goal::AtLeast(20.0));
    let restic = restic(lab, &directory, &disk, &mut noise).context("restic")?;
    report.add("incremental", "restic", restic, "s", Goal::None);
    report.add("incremental", "times as fast as restic", restic / took[1], "x", Goal::AtLeast(20.0));
    Ok(())
}

/// Seconds and bytes moved of rsync from the disk to a file that was equal before.
fn rsync(lab: &Lab, directory: &Path, disk: &Disk, noise: &mut Noise) -> anyhow::Result<(f64, f64)> {
    let server = RsyncServer::start(directory)?;
    let copy = directory.join("rsync.raw");
    server.send(&["--copy-devices", "--sparse", "--whole-file"], disk.device(), &copy)?;
    let (mut times, mut moved) = (Vec::new(), Vec::new());
    for run in 0..lab.runs {
        noise.change(disk.device(), disk.size, disk.size / LEAF_BYTES / 100)?;
        disk.forget()?;
        forget(&copy)?;
        let mut stats = String::new();
        let took = seconds(|| {
            let options = ["--copy-devices", "--inplace", "--no-whole-file", "--ignore-times"];
            stats = server.send(&options, disk.device(), &copy)?;
            sync(&copy)
        })?;
        compare(disk.device(), &copy)?;
        let line = |name: &str| {
            let value = stats.lines().find_map(|line| line.strip_prefix(name));
            value.and_then(|value| value.replace(',', "").trim().parse::<f64>().ok())
        };
        let (sent, received) = (line("Total bytes sent: "), line("Total bytes received: "));
        moved.push(sent.context("reading rsync's figures")? + received.context("reading rsync's figures")?);
        println!("  run {run}: rsync {took:.2} s");
        times.push(took);
    }
    fs::remove_file(copy)?;
    Ok((median(times), median(moved)))
}

/// Seconds of a backup by restic into a repository that holds the state before. It reads the disk as a stream, as it has
/// to of a device.
fn restic(lab: &Lab, directory: &Path, disk: &Disk, noise: &mut Noise) -> anyhow::Result<f64> {
    let repository = directory.join("restic");
    let (repository_text, cache) = (text(&repository), text(&directory.join("restic-cache")));
    let common = ["--quiet", "--insecure-no-password", "--repo", &repository_text, "--cache-dir", &cache];
    let line = |words: &[&str]| -> anyhow::Result<()> {
        // Older ones have no way to do without a password.
        let words: Vec<&str> =
            common.iter().filter(|word| **word != "--insecure-no-password").chain(words).copied().collect();
        said("env", &[&["RESTIC_PASSWORD=bench", "restic"], &words[..]].concat()).map(drop)
    };
    line(&["init"])?;
    let backup = format!(
        "RESTIC_PASSWORD=bench restic --quiet --repo {repository_text} --cache-dir {cache} \
         backup --stdin --stdin-filename disk < {}",
        disk.name()
    );
    crate::lab::shell(&backup)?;
    let mut times = Vec::new();
    for run in 0..lab.runs {
        noise.change(disk.device(), disk.size, disk.size / LEAF_BYTES / 100)?;
        disk.forget()?;
        let took = seconds(|| crate::lab::shell(&backup).map(drop))?;
        let restored = format!(
            "RESTIC_PASSWORD=bench restic --quiet --repo {repository_text} --cache-dir {cache} dump latest disk | cmp - {}",
            disk.name()
        );
        if run + 1 == lab.runs {
            crate::lab::shell(&restored).context("what restic holds is not equal to the disk")?;
        }
        println!("  run {run}: restic {took:.2} s");
        times.push(took);
    }
    fs::remove_dir_all(repository)?;
    Ok(median(times))
}
