//! Which disks are meant: all whole disks, or those that the operator names.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use blockdev::{Disk, Inventory, InventoryError, Roots, Stack, SystemDisk, disk_at};

/// Limits the inventory to the block devices among the paths, if there are any, and adds the image files.
/// The system disk goes first, so that the disks are in the order in which they will be numbered.
pub(super) fn apply(found: &mut Inventory, roots: &Roots, paths: &[String]) -> Result<(), InventoryError> {
    let mut named: Vec<Disk> = Vec::new();
    for path in paths {
        let disk = disk_at(roots, Path::new(path))?;
        if !named.iter().any(|other| same(other, &disk)) {
            named.push(disk);
        }
    }
    let (images, devices): (Vec<_>, Vec<_>) =
        named.into_iter().partition(|disk| matches!(disk.stack, Stack::Image));
    if !devices.is_empty() {
        found.disks = devices;
        let kept = reachable(found);
        found.volumes.retain(|volume| kept.contains(&volume.kernel_name));
    }
    found.disks.extend(images);
    if let SystemDisk::Disk { path, .. } = &found.boot.system_disk {
        let system: PathBuf = path.clone();
        found.disks.sort_by_key(|disk| disk.path != system);
    }
    Ok(())
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
