//! Freezing real filesystems on loop devices, and that they always thaw.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test fails by panicking"
)]

mod tracking_kit;

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use blockdev::freeze::{FreezeError, Freezer};
use tracking_kit::{Disk, folder, tool};

/// Longer than anything takes here on a machine that has much else to do.
const AMPLE: Duration = Duration::from_mins(1);

const HELPER_DISK: &str = "FREEZE_TEST_DISK";

/// Writes a file in another thread; the receiver hears when it is on the disk.
fn write_in_background(folder: &Path) -> mpsc::Receiver<()> {
    let (done, wait) = mpsc::channel();
    let path = folder.join("written");
    thread::spawn(move || {
        let mut file = File::create(path).unwrap();
        file.write_all(b"text").unwrap();
        file.sync_all().unwrap();
        // Who hears of it may unmount.
        drop(file);
        done.send(()).unwrap();
    });
    wait
}

#[test]
fn what_is_mounted_deeper_freezes_first_and_all_of_it_thaws() {
    let folder = folder();
    let (mut outer, mut inner) =
        (Disk::new(folder.path(), "outer", 64 << 20), Disk::new(folder.path(), "inner", 400 << 20));
    outer.format("ext4");
    inner.format("xfs");
    let point = folder.path().join("mnt");
    outer.mount(&point, "rw");
    inner.mount(&point.join("deep er"), "rw");

    let mut freezer = Freezer::prepare(&[&outer.path, &inner.path]).unwrap();
    let points: Vec<PathBuf> = freezer.mount_points().map(Path::to_owned).collect();
    assert_eq!(points, [point.join("deep er"), point.clone()]);
    freezer.sync().unwrap();
    for _ in 0..3 {
        let frozen = freezer.freeze(AMPLE).unwrap();
        let waits = [write_in_background(&point), write_in_background(&point.join("deep er"))];
        assert!(waits[0].recv_timeout(Duration::from_millis(100)).is_err(), "the outer filesystem is frozen");
        assert!(waits[1].try_recv().is_err(), "the inner filesystem is frozen");
        let thawed = frozen.thaw();
        assert!(thawed.held);
        assert!(thawed.stall >= Duration::from_millis(100) && thawed.stall < AMPLE, "{thawed:?}");
        for wait in waits {
            wait.recv().unwrap();
        }
    }
    drop(freezer);
    inner.unmount();
    outer.unmount();
}

#[test]
fn the_guard_thaws_on_the_way_out() {
    let folder = folder();
    let mut disk = Disk::new(folder.path(), "disk", 64 << 20);
    disk.format("ext4");
    let point = folder.path().join("mnt");
    disk.mount(&point, "rw");
    let mut freezer = Freezer::prepare(&[&disk.path]).unwrap();
    drop(freezer.freeze(AMPLE).unwrap());
    // Long before the watchdog would.
    write_in_background(&point).recv_timeout(AMPLE / 2).unwrap();

    // Another program's freeze is not ours: it is named, and stays.
    let mut other = Freezer::prepare(&[&disk.path]).unwrap();
    let held = other.freeze(AMPLE).unwrap();
    assert!(matches!(freezer.freeze(AMPLE), Err(FreezeError::Busy { path }) if path == point));
    assert!(held.thaw().held);
}

#[test]
fn a_freeze_over_its_budget_is_thawed_and_does_not_count() {
    let folder = folder();
    let mut disk = Disk::new(folder.path(), "disk", 64 << 20);
    disk.format("ext4");
    let point = folder.path().join("mnt");
    disk.mount(&point, "rw");
    let mut freezer = Freezer::prepare(&[&disk.path]).unwrap();
    freezer.sync().unwrap();
    let budget = Duration::from_secs(2);
    let began = Instant::now();
    let frozen = freezer.freeze(budget).unwrap();
    // Ends only because the watchdog thaws.
    write_in_background(&point).recv_timeout(AMPLE).unwrap();
    assert!(began.elapsed() + Duration::from_millis(10) >= budget, "{:?}", began.elapsed());
    assert!(!frozen.thaw().held);
    assert!(freezer.freeze(AMPLE).unwrap().thaw().held, "and can freeze again");
}

#[test]
fn a_filesystem_that_cannot_freeze_is_named() {
    let folder = folder();
    let mut disk = Disk::new(folder.path(), "disk", 64 << 20);
    // As the FAT of an ESP, which not every kernel that runs these tests has.
    tool("mksquashfs", &["/etc/hostname", disk.name(), "-quiet", "-no-progress", "-noappend"]);
    let point = folder.path().join("esp");
    disk.mount(&point, "ro");
    let mut freezer = Freezer::prepare(&[&disk.path]).unwrap();
    let frozen = freezer.freeze(AMPLE).unwrap();
    assert_eq!(frozen.only_synced().collect::<Vec<_>>(), [(point.as_path(), "squashfs")]);
    assert!(frozen.thaw().held);
}

#[test]
fn a_killed_process_leaves_nothing_frozen() {
    let folder = folder();
    let mut disk = Disk::new(folder.path(), "disk", 64 << 20);
    disk.format("ext4");
    let point = folder.path().join("mnt");
    disk.mount(&point, "rw");
    let mut helper = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "helper_that_freezes_and_hangs", "--ignored", "--nocapture"])
        .env(HELPER_DISK, &disk.path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(helper.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("frozen now")));
    let wait = write_in_background(&point);
    assert!(wait.recv_timeout(Duration::from_millis(100)).is_err(), "frozen");
    helper.kill().unwrap();
    let killed = Instant::now();
    // Its budget is longer: only the end of the process can thaw this early.
    wait.recv_timeout(AMPLE / 2).unwrap();
    eprintln!("thawed {:?} after the kill", killed.elapsed());
    helper.wait().unwrap();
}

#[test]
fn the_watchdog_holds_only_what_it_watches_from_the_first_moment() {
    let folder = folder();
    let mut disk = Disk::new(folder.path(), "disk", 64 << 20);
    disk.format("ext4");
    let point = folder.path().join("mnt");
    disk.mount(&point, "rw");
    let _other = File::create(folder.path().join("other")).unwrap();
    for _ in 0..50 {
        let freezer = Freezer::prepare(&[&disk.path]).unwrap();
        let held = std::fs::read_dir(format!("/proc/{}/fd", freezer.watchdog())).unwrap();
        let mut held: Vec<PathBuf> =
            held.map(|descriptor| std::fs::read_link(descriptor.unwrap().path()).unwrap()).collect();
        held.retain(|held| !held.to_string_lossy().starts_with("socket:"));
        assert_eq!(held, std::slice::from_ref(&point));
    }
}

#[test]
fn what_is_mounted_over_a_filesystem_does_not_freeze_in_its_stead() {
    let folder = folder();
    let (mut below, mut above) =
        (Disk::new(folder.path(), "below", 64 << 20), Disk::new(folder.path(), "above", 64 << 20));
    below.format("ext4");
    above.format("ext4");
    let (point, other) = (folder.path().join("mnt"), folder.path().join("other"));
    below.mount(&point, "rw");
    std::fs::create_dir_all(point.join("part")).unwrap();
    above.mount(&point, "rw");

    let refused = Freezer::prepare(&[&below.path]).err().unwrap();
    assert!(matches!(&refused, FreezeError::Hidden { source_device, points }
        if *source_device == below.path && points == std::slice::from_ref(&point)));
    assert_eq!(
        refused.to_string(),
        format!(
            "cannot freeze the filesystem on {}, which is hidden by what is mounted over it at {}; unmount that, or mount it \
             at a place of its own too",
            below.name(),
            point.display()
        )
    );

    // A part of it at another place is way enough.
    above.unmount();
    below.mount_part(&point.join("part"), &other);
    above.mount(&point, "rw");
    for (disk, frozen_point, free) in [(&below, &other, &point), (&above, &point, &other)] {
        let mut freezer = Freezer::prepare(&[&disk.path]).unwrap();
        assert_eq!(freezer.mount_points().collect::<Vec<_>>(), [frozen_point]);
        let frozen = freezer.freeze(AMPLE).unwrap();
        let stands = write_in_background(frozen_point);
        write_in_background(free).recv_timeout(AMPLE / 2).unwrap();
        assert!(stands.try_recv().is_err(), "{} is frozen", frozen_point.display());
        assert!(frozen.thaw().held);
        stands.recv().unwrap();
    }
    above.unmount();
    below.unmount();
}

#[test]
fn a_btrfs_freezes_whichever_of_its_devices_and_subvolumes_is_meant() {
    let folder = folder();
    let (mut first, second) =
        (Disk::new(folder.path(), "first", 200 << 20), Disk::new(folder.path(), "second", 200 << 20));
    let mut above = Disk::new(folder.path(), "above", 64 << 20);
    above.format("ext4");
    tool("mkfs.btrfs", &["-q", "-d", "single", "-m", "single", first.name(), second.name()]);
    let (point, part) = (folder.path().join("mnt"), folder.path().join("part"));
    first.mount(&point, "rw");
    for name in ["one", "two"] {
        tool("btrfs", &["subvolume", "create", point.join(name).to_str().unwrap()]);
    }
    first.mount(&part, "rw,subvol=one");
    above.mount(&point, "rw");
    for disk in [&first, &second] {
        let mut freezer = Freezer::prepare(&[&disk.path]).unwrap();
        assert_eq!(freezer.mount_points().collect::<Vec<_>>(), [part.as_path()]);
        let frozen = freezer.freeze(AMPLE).unwrap();
        let stands = write_in_background(&part);
        assert!(stands.recv_timeout(Duration::from_millis(100)).is_err(), "frozen");
        assert!(frozen.thaw().held);
        stands.recv().unwrap();
    }
    above.unmount();
    first.unmount();
}

/// Not a test: the process that `a_killed_process_leaves_nothing_frozen` kills.
#[test]
#[ignore = "runs only as another test's helper"]
fn helper_that_freezes_and_hangs() {
    let Some(disk) = std::env::var_os(HELPER_DISK) else { return };
    let mut freezer = Freezer::prepare(&[disk]).unwrap();
    let _frozen = freezer.freeze(AMPLE).unwrap();
    println!("frozen now");
    let _ = std::io::stdin().read(&mut [0]);
}
