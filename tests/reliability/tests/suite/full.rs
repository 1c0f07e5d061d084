//! The center's disk fills up in the middle of a copy: the job says so, nothing is lost, and it goes on once there is room.

use std::{path::Path, process::Command};

use crate::{
    field::{Field, noise, write},
    place::{Engine, Place},
    seed::Chance,
};

const DISK_BYTES: u64 = 32 << 20;

/// A filesystem of a few MiB, where the staging disks are.
struct Small<'a>(&'a Path);

impl<'a> Small<'a> {
    fn mount(at: &'a Path) -> Self {
        std::fs::create_dir_all(at).unwrap();
        mount(&["-t", "tmpfs", "-o", "size=16m", "small"], at);
        Self(at)
    }

    fn grow(&self) {
        mount(&["-o", "remount,size=256m"], self.0);
    }
}

impl Drop for Small<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.0).status();
    }
}

fn mount(options: &[&str], at: &Path) {
    let mounted = Command::new("mount").args(options).arg(at).status().unwrap();
    assert!(mounted.success(), "mounting a small filesystem takes root");
}

#[test]
fn a_full_disk_fails_the_job_and_room_lets_it_go_on() {
    let mut chance = Chance::of_this_run("full");
    let place = Place::new(Engine::Sqlite);
    let staging = place.path().join("center/data/staging");
    let small = Small::mount(&staging);
    let mut field = Field::set_up(&place, DISK_BYTES);
    let disk = noise(&mut chance, DISK_BYTES);
    write(&field.disk, 0, &disk);
    let source = field.import();
    let job = field.create_job(&source, "{}");
    field.start_agent();
    field.await_online(&source);
    field.call("StartReplicationJob", &[("JobId", &job)]);
    let failed = field.settled(&job, "InError");
    assert_eq!(failed["ErrorCode"], "Staging.NoSpace", "{failed}");
    let before = field.link.sent();

    small.grow();
    field.call("StartReplicationJob", &[("JobId", &job)]);
    let done = field.settled(&job, "Waiting");
    field.compare(done["ImageId"].as_str().unwrap(), &disk);
    let sent = field.link.sent() - before;
    assert!(sent < DISK_BYTES, "what was durable when the disk was full came again: {sent} bytes");
    field.tear_down();
}
