//! Which disks are meant: all whole disks, or those that the operator names.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use blockdev::{Disk, Inventory, InventoryError, Roots, Stack, SystemDisk, disk_at};
use serde::{Deserialize, Serialize};

/// The disks that an operator means.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selection {
    /// Absolute paths: block devices among them limit the list to themselves, image files are added to it.
    pub disks: Vec<String>,
    /// Whether the machine's own disks are left alone, so that only the image files are meant.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub images_only: bool,
}

/// Limits the inventory to the block devices among the paths, if there are any, and adds the image files.
pub(super) fn apply(
    found: &mut Inventory,
    roots: &Roots,
    selection: &Selection,
) -> Result<(), InventoryError> {
    let named = selection.disks.iter().map(|path| disk_at(roots, Path::new(path)));
    let named = named.collect::<Result<Vec<_>, _>>()?;
    if selection.images_only {
        found.disks.clear();
        found.volumes.clear();
    }
    choose(found, named);
    Ok(())
}

/// The system disk goes first, so that the disks are in the order in which they will be numbered.
fn choose(found: &mut Inventory, named: Vec<Disk>) {
    let mut distinct: Vec<Disk> = Vec::new();
    for disk in named {
        if !distinct.iter().any(|other| same(other, &disk)) {
            distinct.push(disk);
        }
    }
    let (images, devices): (Vec<_>, Vec<_>) =
        distinct.into_iter().partition(|disk| matches!(disk.stack, Stack::Image));
    if !devices.is_empty() {
        found.disks = devices;
        let kept = reachable(found);
        // A volume that was named as a disk is one, and not both.
        let disk = |volume: &Disk| found.disks.iter().any(|disk| same(disk, volume));
        found.volumes.retain(|volume| kept.contains(&volume.kernel_name) && !disk(volume));
    }
    found.disks.extend(images);
    if let SystemDisk::Disk { path, .. } = &found.boot.system_disk {
        let system: PathBuf = path.clone();
        found.disks.sort_by_key(|disk| disk.path != system);
    }
}

/// Images are told apart by their files, everything else by the kernel's name.
fn same(one: &Disk, other: &Disk) -> bool {
    match (&one.stack, &other.stack) {
        (Stack::Image, Stack::Image) => {
            let file = |disk: &Disk| disk.path.canonicalize().ok();
            one.path == other.path || (file(one).is_some() && file(one) == file(other))
        }
        (Stack::Image, _) | (_, Stack::Image) => false,
        _ => one.kernel_name == other.kernel_name,
    }
}

/// Kernel names of everything that stands on the disks kept, wholly or in part.
fn reachable(found: &Inventory) -> BTreeSet<String> {
    let mut names: BTreeSet<String> = BTreeSet::new();
    for disk in &found.disks {
        names.insert(disk.kernel_name.clone());
        let partitions = disk.partitions.iter().filter_map(|partition| partition.path.as_deref());
        names.extend(partitions.filter_map(|path| path.file_name()?.to_str().map(str::to_owned)));
    }
    loop {
        let before = names.len();
        let standing: Vec<String> = found
            .volumes
            .iter()
            .filter(|volume| volume.stack.members().iter().any(|member| names.contains(member)))
            .map(|volume| volume.kernel_name.clone())
            .collect();
        names.extend(standing);
        if names.len() == before {
            return names;
        }
    }
}

#[cfg(test)]
mod tests {
    use blockdev::{Disk, Stack};

    use super::choose;
    use crate::machine::samples::{disk, inventory, volume};

    fn image(path: &str) -> Disk {
        Disk { stack: Stack::Image, ..disk(path) }
    }

    #[test]
    fn named_devices_limit_and_named_images_add() {
        let dm = |name: &str, on: &str| volume(name, &[on]);
        let cases: [(Vec<Disk>, &[&str], &[&str]); 7] = [
            (vec![], &["/dev/sdb", "/dev/sda"], &["dm-0", "dm-1", "dm-2"]),
            (vec![disk("/dev/sda")], &["/dev/sda"], &["dm-0", "dm-1"]),
            (vec![disk("/dev/sda"), disk("/dev/sda")], &["/dev/sda"], &["dm-0", "dm-1"]),
            (vec![disk("/dev/sda"), disk("/dev/sdb")], &["/dev/sdb", "/dev/sda"], &["dm-0", "dm-1", "dm-2"]),
            (vec![image("/i"), image("/i")], &["/dev/sdb", "/dev/sda", "/i"], &["dm-0", "dm-1", "dm-2"]),
            (vec![image("/i"), disk("/dev/sda")], &["/dev/sda", "/i"], &["dm-0", "dm-1"]),
            (vec![dm("dm-0", "sda")], &["/dev/dm-0"], &["dm-1"]),
        ];
        for (named, disks, volumes) in cases {
            let mut found = inventory("/dev/sdb", vec![disk("/dev/sda"), disk("/dev/sdb")]);
            // dm-1 stands on dm-0, which stands on sda; dm-2 stands on sdb.
            found.volumes = vec![dm("dm-0", "sda"), dm("dm-1", "dm-0"), dm("dm-2", "sdb")];
            choose(&mut found, named);
            let paths: Vec<_> = found.disks.iter().map(|disk| disk.path.to_str().unwrap()).collect();
            let names: Vec<_> = found.volumes.iter().map(|volume| volume.kernel_name.as_str()).collect();
            assert_eq!((paths.as_slice(), names.as_slice()), (disks, volumes));
        }
    }
}
