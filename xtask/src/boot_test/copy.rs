//! What a copy of the source's disk has to be: it boots by itself, holds the files of one moment, and its filesystem is clean.

use std::{fs, path::Path, time::Duration};

use anyhow::{Context, ensure};
use serde::Serialize;

use super::{
    bounded::Bounded,
    layout::{Part, Variant},
    machine::Guest,
    replica::Replica,
    report::Steps,
    source::duplicate,
};

/// What the checker says last.
pub(super) const CHECKED: &str = "boot-test: checked";

/// How long a copy may take to start, and to look through the files.
const BOOT: Duration = Duration::from_mins(7);

/// How long checking its filesystem may take.
const FSCK: Duration = Duration::from_mins(2);

/// A file of which the control is robbed.
const STOLEN: u64 = 3;

/// What was found on a copy.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Checked {
    /// Files of the source that are there, whole, without a gap from the first on.
    pub(super) files: u64,
    /// What e2fsck says of the root filesystem before anything has mounted it.
    pub(super) fsck: String,
    /// Whether xfs_repair found nothing to repair after the log's replay, where there is an XFS.
    pub(super) xfs_clean: Option<bool>,
    /// Whether a copy without one of the files was found out.
    pub(super) control: bool,
}

/// Looks at a disk that nothing has mounted since it was copied.
pub(super) fn filesystems(
    variant: Variant,
    disk: &Path,
    directory: &Path,
    steps: &mut Steps,
) -> anyhow::Result<(String, Option<bool>)> {
    let fsck = fsck(variant, disk)?;
    let xfs_clean = variant.data().map(|part| xfs_repair(part, disk, directory)).transpose()?;
    steps.done("fsck");
    Ok((fsck, xfs_clean))
}

/// Boots a disk that stays as it is, and gives the verdict of the checker in it.
pub(super) fn boot(variant: Variant, disk: &Path, directory: &Path, name: &str) -> anyhow::Result<String> {
    let guest = Guest { variant, disk, snapshot: true, nvme: None, instructions: None, directory, name };
    let machine = guest.start(BOOT)?;
    machine.wait_for_text(CHECKED, BOOT)?;
    machine.wait_for("check=", BOOT)
}

/// Takes the verdict of the checker: how many files the copy has, which has to fit what the source had said.
pub(super) fn judge(said: &str, replica: &Replica) -> anyhow::Result<u64> {
    let files = files(said).with_context(|| format!("looking through the copy: {said}"))?;
    ensure!(
        files >= replica.durable_before,
        "file {} was durable before the cutover; the copy has only {files}",
        replica.durable_before
    );
    ensure!(
        files <= replica.durable_after,
        "the source had written {} files at its end; the copy claims {files}",
        replica.durable_after
    );
    Ok(files)
}

/// Checks the root filesystem where it lies; any trouble is an error.
fn fsck(variant: Variant, disk: &Path) -> anyhow::Result<String> {
    let place = format!("{}?offset={}", disk.display(), variant.root().start);
    let said = Bounded::new(FSCK, "e2fsck").args(["-f", "-n", &place]).output()?;
    Ok(said.lines().last().unwrap_or_default().to_owned())
}

/// Checks the XFS, which has to be a file of its own for that. A frozen XFS keeps records in its log on purpose, so that
/// removed files that are open are cleaned up at the next mount; so it is mounted once, in a namespace that ends with it.
fn xfs_repair(part: Part, disk: &Path, directory: &Path) -> anyhow::Result<bool> {
    const MIB: u64 = 1 << 20;
    let data = directory.join("data.xfs");
    let place = [format!("skip={}", part.start / MIB), format!("count={}", part.len / MIB)];
    let paths =
        [("if=", disk), ("of=", data.as_path())].map(|(word, path)| format!("{word}{}", path.display()));
    Bounded::new(FSCK, "dd").args(["bs=1M", "conv=sparse"]).args(place).args(paths).run()?;
    let place = directory.join("data");
    fs::create_dir_all(&place).with_context(|| format!("making the directory {}", place.display()))?;
    let replay = r#"mount -t xfs -o loop,nouuid "$1" "$2" && umount "$2""#;
    Bounded::new(FSCK, "unshare").args(["--mount", "sh", "-c", replay, "sh"]).args([&data, &place]).run()?;
    Bounded::new(FSCK, "xfs_repair").args(["-n", "-f"]).args([&data]).run()?;
    Ok(true)
}

/// A check that cannot fail proves nothing: robbed of one file, the same copy has to be found out.
pub(super) fn control_without_a_file(
    variant: Variant,
    disk: &Path,
    replica: &Replica,
    directory: &Path,
) -> anyhow::Result<()> {
    let robbed = directory.join("robbed.raw");
    duplicate(disk, &robbed)?;
    let place = format!("{}?offset={}", robbed.display(), variant.root().start);
    if !replica.frozen {
        // A journal to be replayed would undo the theft; e2fsck ends with 1 when it has put something right.
        Bounded::new(FSCK, "e2fsck").args(["-p", &place]).end()?;
    }
    let steal = format!("rm /var/lib/boot-test/files/{STOLEN:08}");
    Bounded::new(FSCK, "debugfs").args(["-w", "-R", &steal, &place]).run()?;
    let said = boot(variant, &robbed, directory, "robbed")?;
    ensure!(
        said == format!("check=bad file {STOLEN:08} is missing, there is {:08}", STOLEN + 1),
        "a copy without file {STOLEN} was not found out; the checker says {said}"
    );
    Ok(())
}

/// The files that a good verdict counts.
fn files(said: &str) -> Option<u64> {
    let found = said.strip_prefix("check=ok ")?;
    // What is in all of the three places is what was durable.
    let slots = found.split(' ').find_map(|word| word.strip_prefix("slots="))?;
    slots.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::files;

    #[test]
    fn only_a_good_verdict_counts_files() {
        assert_eq!(files("check=ok files=91 logged=90 slots=90"), Some(90));
        assert_eq!(files("check=bad file 00000003 is missing, there is 00000004"), None);
        assert_eq!(files("check=ok files=91"), None);
    }
}
