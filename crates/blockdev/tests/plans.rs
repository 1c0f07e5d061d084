//! The plan of a disk: what would be copied, by which method, and what cannot be stopped.

#![allow(clippy::unwrap_used, clippy::panic, reason = "test code outside #[test] functions")]

mod kit;
mod loops;

use std::fs::{File, OpenOptions};

use blockdev::plan::{DiskPlan, Freeze, Writer};
use blockdev::{Roots, disk_at, image_disk};
use kit::{MIB, blank, format_at, partition};
use loops::{Loop, Mounted};

#[test]
fn a_plan_can_be_read_by_machines() {
    let directory = tempfile::tempdir().unwrap();
    let image = directory.path().join("disk");
    blank(&image, 200 * MIB);
    partition(
        &image,
        "label: dos\nlabel-id: 0x11223344\nstart=2048, size=131072, type=83\nstart=200000, size=131072, type=8e\n",
    );
    format_at(&image, MIB, 64 * MIB, ("mkfs.ext4", "e2fsprogs"), &["-q", "-F"]);
    let mut plan = DiskPlan::draw(&File::open(&image).unwrap(), &image_disk(&image).unwrap(), &[]);
    plan.path = "/dev/sda".into();
    for part in &mut plan.parts {
        // How much mke2fs puts into an empty filesystem is its own business.
        if part.partition == Some(1) {
            assert!((4 * MIB..16 * MIB).contains(&part.copy_bytes), "{}", part.copy_bytes);
            plan.copy_bytes -= part.copy_bytes;
            part.copy_bytes = 0;
        }
    }
    insta::assert_json_snapshot!(plan);
}

#[test]
fn a_mounted_filesystem_is_planned_by_what_the_kernel_says_and_raw_writers_are_named() {
    let directory = tempfile::tempdir().unwrap();
    let image = directory.path().join("disk");
    blank(&image, 0);
    format_at(&image, 0, 64 * MIB, ("mkfs.ext4", "e2fsprogs"), &["-q", "-F"]);
    let device = Loop::attach(&image);
    let point = directory.path().join("mnt");
    let _mount = Mounted::at(device.path(), "rw", &point);
    std::fs::write(point.join("file"), vec![1; 5_000_000]).unwrap();
    let own = OpenOptions::new().write(true).open(device.path());
    let disk = disk_at(&Roots::default(), device.path()).unwrap();
    let writers = Writer::find(&Roots::default());
    let plan = DiskPlan::draw(&File::open(device.path()).unwrap(), &disk, &writers);
    let [part] = &plan.parts[..] else { panic!("{plan:?}") };
    assert!((5_000_000..40_000_000).contains(&part.copy_bytes), "{}", part.copy_bytes);
    assert!(
        matches!(&part.freeze, Freeze::Filesystem { mount_point } if *mount_point == point.to_str().unwrap())
    );
    // A kernel may forbid writing to mounted devices (CONFIG_BLK_DEV_WRITE_MOUNTED): then nobody does.
    let named = plan.writers.iter().any(|writer| writer.process == std::process::id());
    assert_eq!(named, own.is_ok(), "{:?}", plan.writers);
}
