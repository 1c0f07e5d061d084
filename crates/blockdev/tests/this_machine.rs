//! The inventory of the machine the tests run on, whatever it is: only what holds everywhere.

use blockdev::{Inventory, Roots, SystemDisk};

#[test]
fn the_inventory_of_this_machine_agrees_with_itself() {
    let inventory = Inventory::collect(&Roots::default()).unwrap();
    println!("{}", serde_json::to_string_pretty(&inventory).unwrap());
    let machine = &inventory.machine;
    assert!(!machine.hostname.is_empty() && !machine.kernel_release.is_empty());
    assert!(machine.cpu_count >= 1 && machine.memory_bytes > 64 << 20, "{machine:?}");
    if let SystemDisk::Disk { path, also } = &inventory.boot.system_disk {
        for path in [path].into_iter().chain(also) {
            assert!(inventory.disks.iter().any(|disk| disk.path == *path), "{path:?} is not among the disks");
        }
    }
    for disk in inventory.disks.iter().chain(&inventory.volumes) {
        for partition in &disk.partitions {
            assert!(partition.start_bytes + partition.size_bytes <= disk.size_bytes, "{partition:?}");
        }
    }
}
