//! A disk copied for the first time: by Landfall, over TLS and verified, and by others, without either.

use std::{fs, io::Write, path::Path};

use anyhow::{Context, ensure};
use bench_report::{Goal, Report};

use crate::{
    ground::{Ground, fill},
    lab::{Disk, Lab, Mounted, compare, median, said, seconds, shell, text},
    noise::Noise,
    peers::Peer,
    roles::{Agent, Center, Copied},
};

const MEBIBYTE: f64 = (1 << 20) as f64;

/// A disk of which about 30 % are used by real files.
pub(crate) fn measure(lab: &Lab, report: &mut Report) -> anyhow::Result<()> {
    let directory = lab.directory("full")?;
    let disk = real_disk(&directory, lab.size)?;
    // The copies of two, one of which is being removed.
    let ground = Ground::new(&directory, lab.size)?;
    let mut ours = Vec::new();
    let mut copied = None;
    let mut theirs: Vec<Vec<f64>> = Peer::ALL.iter().map(|_| Vec::new()).collect();
    for run in 0..lab.runs {
        let (took, figures) = copy_once(lab, ground.point(), &disk)?;
        println!("  run {run}: landfall {took:.2} s, {figures:?}");
        ours.push(took);
        copied = Some(figures);
        for (peer, times) in Peer::ALL.iter().zip(&mut theirs) {
            let copy = ground.point().join("peer.raw");
            let took = peer.copy(&disk, &copy).context(peer.name())?;
            // What it does not copy is zeros on this disk.
            compare(disk.device(), &copy).context(peer.name())?;
            fs::remove_file(&copy)?;
            println!("  run {run}: {} {took:.2} s", peer.name());
            times.push(took);
        }
    }
    let ours = median(ours);
    report.add("full", "landfall: TLS, verified, durable", ours, "s", Goal::None);
    if let Some(copied) = copied {
        report.add("full", "bytes read of the disk", mebibytes(copied.read_bytes), "MiB", Goal::None);
        report.add("full", "bytes on the network", mebibytes(copied.wire_bytes), "MiB", Goal::None);
    }
    for (peer, times) in Peer::ALL.iter().zip(theirs) {
        let took = median(times);
        report.add("full", peer.name(), took, "s", Goal::None);
        report.add(
            "full",
            &format!("times as fast as {}", peer.name()),
            took / ours,
            "x",
            Goal::AtLeast(1.0),
        );
    }
    Ok(())
}

/// A disk full of noise: nothing to skip, nothing to compress. Once on the disk that the copy is written to, so that the
/// two share its speed, and once in memory, as a source that has a disk of its own.
pub(crate) fn measure_noise(lab: &Lab, report: &mut Report) -> anyhow::Result<()> {
    let directory = lab.directory("noise")?;
    let size = lab.size.min(4 << 30);
    let ground = Ground::new(&directory, size)?;
    let disk = Disk::new(directory.join("source.img"), size)?;
    noise(lab, report, ground.point(), &disk, "one disk")?;
    drop(disk);
    let memory = Mounted::in_memory(directory.join("memory"), size + (320 << 20))?;
    let disk = Disk::in_memory(memory.point().join("source.img"), size)?;
    noise(lab, report, ground.point(), &disk, "two disks")
}

fn noise(lab: &Lab, report: &mut Report, directory: &Path, disk: &Disk, source: &str) -> anyhow::Result<()> {
    fill(disk)?;
    let mut pattern = vec![0; 64 << 20];
    Noise::new(5).fill(&mut pattern);
    let (mut ours, mut reads, mut writes, mut both) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for run in 0..lab.runs {
        disk.forget()?;
        let read = seconds(|| {
            let from = format!("if={}", disk.name());
            said("dd", &[&from, "of=/dev/null", "bs=4M", "iflag=direct", "status=none"]).map(drop)
        })?;
        let target = directory.join("written.img");
        let to = format!("of={}", target.display());
        let write = seconds(|| write_alone(&target, disk.size, &pattern))?;
        fs::remove_file(&target)?;
        let copy = seconds(|| {
            let from = format!("if={}", disk.name());
            said("dd", &[&from, &to, "bs=4M", "iflag=direct", "conv=fdatasync", "status=none"]).map(drop)
        })?;
        fs::remove_file(&target)?;
        let (took, figures) = copy_once(lab, directory, disk)?;
        println!(
            "  {source}, run {run}: read {read:.2} s, write {write:.2} s, dd {copy:.2} s, landfall {took:.2} s, {figures:?}"
        );
        for (figures, figure) in
            [(&mut ours, took), (&mut reads, read), (&mut writes, write), (&mut both, copy)]
        {
            figures.push(figure);
        }
    }
    let rate = |times: Vec<f64>| disk.size as f64 / MEBIBYTE / median(times);
    let (ours, read, write, both) = (rate(ours), rate(reads), rate(writes), rate(both));
    let mut add = |what: &str, figure, unit, goal| {
        report.add("noise", &format!("{source}: {what}"), figure, unit, goal);
    };
    add("landfall", ours, "MiB/s", Goal::None);
    add("reading alone", read, "MiB/s", Goal::None);
    add("writing alone", write, "MiB/s", Goal::None);
    add("dd, reading and writing", both, "MiB/s", Goal::None);
    add("landfall of the lower of reading and writing", ours / read.min(write), "x", Goal::AtLeast(0.85));
    add("landfall of dd", ours / both, "x", Goal::None);
    Ok(())
}

/// One copy to a new center, compared with the disk afterwards; gives the seconds from the job's beginning. The agent runs
/// already then, as it does on a source, and with it the tracking of changes, whose beginning is a figure of its own.
fn copy_once(lab: &Lab, directory: &Path, disk: &Disk) -> anyhow::Result<(f64, Copied)> {
    let center = Center::start(directory, disk.size)?;
    let begun = std::time::Instant::now();
    let mut agent = Agent::start(&disk.name(), center.address(0)?, center.pin(), lab.streams)?;
    println!("  agent and tracking began in {:.2} s", begun.elapsed().as_secs_f64());
    disk.forget()?;
    let mut copied = None;
    let took = seconds(|| {
        copied = Some(agent.everything()?);
        Ok(())
    })?;
    drop(agent);
    compare(disk.device(), &center.copy(0)?)?;
    Ok((took, copied.context("copying")?))
}

/// Writes noise from memory into a new file, and sees it on disk. Not zeros: there are disks under which nothing is written of those.
fn write_alone(target: &Path, size: u64, pattern: &[u8]) -> anyhow::Result<()> {
    let mut file = fs::File::create(target).context("making a file to write to")?;
    let mut left = size;
    for piece in pattern.chunks(1 << 20).cycle() {
        if left == 0 {
            break;
        }
        let part = usize::try_from(left).map_or(piece.len(), |left| left.min(piece.len()));
        file.write_all(&piece[..part]).context("writing alone")?;
        left -= part as u64;
    }
    file.sync_data().context("writing alone")
}

/// A disk with a filesystem, 30 % full of this machine's programs and libraries.
pub(crate) fn real_disk(directory: &Path, size: u64) -> anyhow::Result<Disk> {
    let disk = Disk::new(directory.join("source.img"), size)?;
    disk.format("ext4")?;
    let mounted = Mounted::new(disk.device(), directory.join("source"), "noatime")?;
    let wanted = size / 10 * 3;
    for round in 0.. {
        for from in ["/usr/bin", "/usr/share", "/usr/lib"] {
            let to = mounted.point().join(format!("{round}{}", from.replace('/', "-")));
            let left = wanted.saturating_sub(mounted.used_bytes()?);
            // The names in their order, until there is enough.
            shell(&format!(
                "mkdir -p {to}; cd {from}; find . -xdev -type f -size -200M -printf '%s %p\\0' | sort -z -k2 | \
                 awk -v RS='\\0' -v ORS='\\0' -v left={left} '{{left -= $1 + 2048; if (left > 0) {{sub(/^[0-9]+ /, \"\"); print}}}}' | \
                 tar --create --null --no-recursion --files-from=- | tar --extract --directory={to}",
                to = text(&to)
            ))?;
        }
        if mounted.used_bytes()? > wanted / 100 * 95 {
            break;
        }
        ensure!(round < 20, "this machine has too few files to fill a disk with");
    }
    drop(mounted);
    Ok(disk)
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / MEBIBYTE
}
