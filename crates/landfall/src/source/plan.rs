//! What would be copied of a source, as far as its inventory tells; `landfall-agent plan` tells it on the source itself, from
//! the disks' own records.

use std::fmt::Write;

use blockdev::{Format, allocation::mapped_format};
use serde::Serialize;
use smc::source::{
    Inventory,
    inventory::{Content, Disk},
};

/// What would be copied of a disk.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Plan {
    path: String,
    size_bytes: u64,
    /// Bytes of the first copy; an estimate, and the most it can be.
    copy_bytes: u64,
    /// Partitions of which everything is copied, and why.
    whole: Vec<Whole>,
}

/// A partition of which everything is copied.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Whole {
    path: String,
    holds: String,
}

/// Draws the plan of each disk.
pub(super) fn draw(inventory: &Inventory) -> Vec<Plan> {
    inventory.disks.iter().map(of).collect()
}

/// The plan as lines in the form of those about the machine.
pub(super) fn lines(plans: &[Plan]) -> String {
    let mut text = String::new();
    for Plan { path, size_bytes, copy_bytes, whole } in plans {
        // Writing to a String cannot fail.
        let _ = write!(text, "copied     {path}: at most {} of {}", gib(*copy_bytes), gib(*size_bytes));
        for Whole { path, holds } in whole {
            let _ = write!(text, "; {path} whole ({holds})");
        }
        text.push('\n');
    }
    text
}

fn of(disk: &Disk) -> Plan {
    let mut plan =
        Plan { path: disk.path.clone(), size_bytes: disk.size_bytes, copy_bytes: 0, whole: Vec::new() };
    if disk.partitions.is_empty() {
        plan.add(&disk.path, disk.size_bytes, &disk.content);
        return plan;
    }
    let mut gaps = disk.size_bytes;
    for part in &disk.partitions {
        gaps = gaps.saturating_sub(part.size_bytes);
        plan.add(&part.path, part.size_bytes, &part.content);
    }
    // Boot loaders and tables live between partitions; a gap of zeros costs nothing.
    plan.copy_bytes = plan.copy_bytes.saturating_add(gaps).min(disk.size_bytes);
    plan
}

impl Plan {
    fn add(&mut self, path: &str, size_bytes: u64, content: &Content) {
        let copied = match mapped_format(&content.filesystem) {
            Some(Format::Swap) => 0,
            Some(_) => content.used_bytes.unwrap_or(size_bytes).min(size_bytes),
            None => {
                let holds = if content.filesystem.is_empty() { "nothing known" } else { &content.filesystem };
                self.whole.push(Whole { path: path.to_owned(), holds: holds.to_owned() });
                size_bytes
            }
        };
        self.copy_bytes = self.copy_bytes.saturating_add(copied);
    }
}

fn gib(bytes: u64) -> String {
    let tenths = u128::from(bytes) * 10 / (1 << 30);
    format!("{}.{} GiB", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use smc::source::inventory::{Content, Disk, Inventory, Partition};

    use super::{draw, lines};

    fn part(path: &str, gib: u64, filesystem: &str, used_gib: Option<u64>) -> Partition {
        let content = Content {
            filesystem: filesystem.into(),
            used_bytes: used_gib.map(|used| used << 30),
            ..Content::default()
        };
        Partition { path: path.into(), size_bytes: gib << 30, content, ..Partition::default() }
    }

    #[test]
    fn free_space_counts_where_it_is_known_and_nowhere_else() {
        let sda = Disk {
            path: "/dev/sda".into(),
            size_bytes: 100 << 30,
            partitions: vec![
                part("/dev/sda1", 1, "vfat", None),
                part("/dev/sda2", 50, "ext4", Some(12)),
                part("/dev/sda3", 8, "swap", None),
                part("/dev/sda4", 40, "btrfs", Some(3)),
            ],
            ..Disk::default()
        };
        let sdb = Disk { path: "/dev/sdb".into(), size_bytes: 5 << 30, ..Disk::default() };
        let inventory = Inventory { disks: vec![sda, sdb], ..Inventory::default() };
        let expected = "\
copied     /dev/sda: at most 54.0 GiB of 100.0 GiB; /dev/sda4 whole (btrfs)
copied     /dev/sdb: at most 5.0 GiB of 5.0 GiB; /dev/sdb whole (nothing known)
";
        assert_eq!(lines(&draw(&inventory)), expected);
    }
}
