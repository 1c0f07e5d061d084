//! A mounted disk is copied while programs write to it, again for only what changed, and cut over: the image's filesystems
//! are clean, and every file that was on the disk before the cutover is in the image as it was.

use std::{
    fs::File,
    io::Write,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use serde_json::Value;

use crate::{
    disk::Disk,
    field::{Field, noise},
    place::{Engine, Place},
    seed::Chance,
};

/// Files that stay, in each filesystem, and their bytes.
const KEPT: u64 = 24;
const KEPT_BYTES: u64 = 256 << 10;

/// Bytes of a file that becomes zeros while it is copied.
const EMPTIED_BYTES: u64 = 12 << 20;

#[test]
fn a_live_disk_is_copied_again_for_what_changed_and_cut_over() {
    moves(&[], r#"{"checksum":true}"#, r#""tracking":{"mode":"ebpf"}"#);
}

/// Everything is compared while the filesystems stand still, which a slow machine needs time for.
#[test]
fn a_live_disk_is_copied_by_comparing_where_tracking_is_switched_off_and_says_why() {
    moves(
        &["--no-tracking"],
        r#"{"freeze_budget_ms":20000}"#,
        r#""tracking":{"mode":"rescan","reason":"switched off by --no-tracking"}"#,
    );
}

/// Moves a disk that is written to; each run's figures must say how changes were found.
fn moves(agent_options: &[&'static str], parameters: &str, tracking: &str) {
    let mut chance = Chance::of_this_run("live");
    let place = Place::new(Engine::Sqlite);
    let disk = Disk::make(place.path());
    for mount in &disk.mounts {
        for number in 0..KEPT {
            put(&mount.join(format!("kept-{number}")), &noise(&mut chance, KEPT_BYTES));
        }
    }
    let mut field = Field::with_device(&place, &disk.device);
    field.agent_options = agent_options.to_vec();
    let source = field.import();
    let job = field.create_job(&source, parameters);
    field.start_agent();
    field.await_online(&source);

    let stop = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> =
        disk.mounts.iter().map(|mount| churn(mount.clone(), chance.split(), &stop)).collect();
    field.call("StartReplicationJob", &[("JobId", &job)]);
    let first = field.settled(&job, "Waiting");
    for (number, mount) in disk.mounts.iter().enumerate() {
        put(&mount.join("after-the-first-run"), &noise(&mut chance, KEPT_BYTES));
        std::fs::remove_file(mount.join(format!("kept-{number}"))).unwrap();
    }
    field.call("StartReplicationJob", &[("JobId", &job)]);
    let second = field.settled(&job, "Waiting");
    for mount in &disk.mounts {
        put(&mount.join("before-the-cutover"), &noise(&mut chance, KEPT_BYTES));
    }
    stop.store(true, Ordering::SeqCst);
    for writer in writers {
        writer.join().unwrap();
    }
    field.call("CutOverReplicationJob", &[("JobId", &job), ("SyncData", "true")]);
    let last = field.settled(&job, "Finished");
    for run in [&first, &second, &last] {
        let info = run["StatusInfo"].as_str().unwrap();
        println!("{info}");
        assert!(info.contains(tracking), "not {tracking}: {info}\n{}", field.logs());
    }

    compare(&disk, &field, &place, &last);
    field.tear_down();
}

/// What was sent before a break and became zeros since is on no copy that is taken for empty again. Nothing is compared once
/// more at the end, which would find it.
#[test]
fn a_break_in_the_first_run_loses_nothing_that_became_zeros() {
    let mut chance = Chance::of_this_run("zeroed");
    let place = Place::new(Engine::Sqlite);
    let disk = Disk::make(place.path());
    let emptied = disk.mounts[0].join("emptied");
    put(&emptied, &noise(&mut chance, EMPTIED_BYTES));
    let mut field = Field::with_device(&place, &disk.device);
    let source = field.import();
    // A few seconds for what there is, so that something can happen in the middle of it.
    let job = field.create_job(&source, r#"{"bandwidth_limit":4096,"compress_level":0,"checksum":false}"#);
    field.start_agent();
    field.await_online(&source);
    let before = field.link.sent();
    field.call("StartReplicationJob", &[("JobId", &job)]);
    assert!(field.link.wait_for(before + EMPTIED_BYTES / 2, Duration::from_mins(1)), "{}", field.logs());
    let file = File::options().write(true).open(&emptied).unwrap();
    file.write_all_at(&vec![0; usize::try_from(EMPTIED_BYTES).unwrap()], 0).unwrap();
    file.sync_all().unwrap();
    field.link.cut();
    let fast = r#"{"bandwidth_limit":0,"compress_level":0,"checksum":false}"#;
    field.call("ModifyReplicationJobAttribute", &[("JobId", &job), ("ReplicationParameters", fast)]);
    field.settled(&job, "Waiting");
    field.call("CutOverReplicationJob", &[("JobId", &job), ("SyncData", "true")]);
    let last = field.settled(&job, "Finished");
    compare(&disk, &field, &place, &last);
    field.tear_down();
}

/// Compares the image that a job ended with to its disk.
fn compare(disk: &Disk, field: &Field, place: &Place, job: &Value) {
    let copy = field.exported(job["ImageId"].as_str().unwrap());
    disk.compare(&Disk::copied(&copy, place.path()));
}

/// Writes, overwrites and removes files until it is told to stop, without a pause. What they are written in together is
/// well below what an agent holds during a freeze, so that a slow machine converges too.
fn churn(mount: PathBuf, mut chance: Chance, stop: &Arc<AtomicBool>) -> JoinHandle<()> {
    let stop = stop.clone();
    thread::spawn(move || {
        while !stop.load(Ordering::SeqCst) {
            let path = mount.join(format!("churn-{}", chance.below(12)));
            if chance.below(6) == 0 {
                let _ = std::fs::remove_file(&path);
                continue;
            }
            let file = File::options().create(true).truncate(false).write(true).open(&path).unwrap();
            let bytes = 4096 + chance.below(64 << 10) / 8 * 8;
            file.write_all_at(&noise(&mut chance, bytes), chance.below(512 << 10)).unwrap();
            file.sync_data().unwrap();
        }
    })
}

fn put(path: &Path, content: &[u8]) {
    let mut file = File::create_new(path).unwrap();
    file.write_all(content).unwrap();
    file.sync_all().unwrap();
}
