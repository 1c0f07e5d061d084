//! The running agent and a disk with a mounted filesystem: its runs follow one another by what the kernel marked. Needs
//! root.
//!
//! Kernels may lose an event without counting it. Then a run says so and compares everything: its figures are then not held
//! to what is asserted of runs that are tracked, its content is.

use std::{fs::OpenOptions, path::Path, process::Command, time::Duration};

use agent_api::{REPORT, RunEvent, WorkDisk};
use blockdev::{PartitionTable, Roots, disk_at};
use replication::{
    frame::Settings,
    progress::{Progress, Tracking},
};

use crate::{
    copies::Center,
    loops::{LiveDisk, tool},
    working::Source,
};

fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    (0..length).map(|_| next()).collect()
}

pub(crate) fn of_job(disk: &LiveDisk) -> WorkDisk {
    let found = disk_at(&Roots::default(), &disk.path).unwrap();
    let PartitionTable::Gpt { disk_guid, .. } = found.table else { unreachable!("it has a GPT") };
    let path = disk.path.display().to_string();
    WorkDisk { index: 0, path, size_bytes: found.size_bytes, table_id: Some(disk_guid), serial: None }
}

/// A copy, mounted until this is dropped.
struct Mounted<'a>(&'a Path);

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0).status();
    }
}

/// The files of a copy, by name, as a machine that starts from it would find them.
fn files_of(copy: &[u8]) -> Vec<(String, Vec<u8>)> {
    let folder = tempfile::tempdir().unwrap();
    let (image, point) = (folder.path().join("copy.img"), folder.path().join("mounted"));
    std::fs::write(&image, copy).unwrap();
    std::fs::create_dir(&point).unwrap();
    // The first partition begins at one mebibyte. Its journal may have to be played, as after a power cut.
    let loops = "loop,rw,offset=1048576,sizelimit=67108864";
    tool("mount", &["-o", loops, image.to_str().unwrap(), point.to_str().unwrap()], "");
    let _mounted = Mounted(&point);
    let entries = std::fs::read_dir(&point).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries
        .filter(|path| path.is_file())
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(&path).unwrap()))
        .collect();
    files.sort();
    files
}

async fn complete(source: &Source, count: usize, run: &str) -> Progress {
    let (of, end) = source.until_ended(count).await;
    assert_eq!(of, run);
    match end {
        RunEvent::Complete { progress, .. } => *progress,
        other => unreachable!("{other:?}"),
    }
}

#[tokio::test]
async fn a_run_that_was_stopped_leaves_its_changes_to_the_next() {
    let disk = LiveDisk::new(&[("ext4", 64)]);
    let (first, second, third) = (noise(1, 12 << 20), noise(2, 3 << 20), noise(3, 50_000));
    disk.write("first", &first);
    let source = Source::new().await;
    let job = of_job(&disk);
    let copies = Center::new(&[usize::try_from(job.size_bytes).unwrap()]);
    source.copies_to(&copies);
    let limit = |bytes| Settings { bandwidth_bytes_per_second: bytes, ..Settings::default() };
    source.order(&job, Some(("run-1", None)));
    let all = complete(&source, 1, "run-1").await;
    assert!(files_of(&copies.disks.lock().unwrap()[0]).contains(&("first".into(), first.clone())));

    source.order(&job, None);
    disk.write("second", &second);
    copies.settings.send_replace(limit(Some(100_000)));
    source.order(&job, Some(("run-2", Some("run-1"))));
    // It has taken its marks once it says that it is in a pass.
    let passing = |report: &crate::stand_in::Call| {
        report.body["run_id"] == "run-2" && report.body["event"]["progress"]["pass"].as_u64() > Some(0)
    };
    while !source.center.calls().iter().filter(|call| call.path == REPORT).any(passing) {
        source.center.until(REPORT, source.center.count(REPORT) + 1).await;
    }
    source.order(&job, None);
    disk.write("third", &third);
    disk.remove("first");
    copies.settings.send_replace(limit(None));
    source.order(&job, Some(("run-3", Some("run-1"))));
    let rest = complete(&source, 2, "run-3").await;
    let found = files_of(&copies.disks.lock().unwrap()[0]);
    assert_eq!(found.len(), 2);
    assert!(found.contains(&("second".into(), second)) && found.contains(&("third".into(), third)));
    let proven = |run: &Progress| (&run.tracking, &run.unproven) == (&Tracking::Ebpf, &None);
    if proven(&all) && proven(&rest) {
        assert!(rest.read_bytes < 8 << 20, "what changed is read, and not everything: {rest:?}");
    }
    source.stop().await;
}

#[tokio::test]
async fn a_disk_that_has_another_name_now_is_copied() {
    let disk = LiveDisk::new(&[("ext4", 64)]);
    let file = noise(6, 1 << 20);
    disk.write("file", &file);
    let source = Source::new().await;
    let job = WorkDisk { path: "/dev/loop-before".into(), ..of_job(&disk) };
    let copies = Center::new(&[usize::try_from(job.size_bytes).unwrap()]);
    source.copies_to(&copies);
    source.order(&job, Some(("run-1", None)));
    complete(&source, 1, "run-1").await;
    assert!(files_of(&copies.disks.lock().unwrap()[0]).contains(&("file".into(), file)));
    source.stop().await;
}

#[tokio::test]
async fn a_job_may_have_a_disk_and_an_image() {
    let disk = LiveDisk::new(&[("ext4", 64)]);
    let (file, image) = (noise(4, 2 << 20), noise(5, 1 << 20));
    disk.write("file", &file);
    let source = Source::new().await;
    let disks = [of_job(&disk), WorkDisk { index: 1, ..source.image("disk.img", &image) }];
    let sizes = disks.each_ref().map(|disk| usize::try_from(disk.size_bytes).unwrap());
    let copies = Center::new(&sizes);
    source.copies_to(&copies);
    source.order_disks(&disks, Some(("run-1", None)));
    let progress = complete(&source, 1, "run-1").await;
    assert_eq!(progress.tracking, Tracking::Rescan { reason: "disk 1 is an image file".into() });
    {
        let copies = copies.disks.lock().unwrap();
        assert!(files_of(&copies[0]).contains(&("file".into(), file)));
        assert!(copies[1] == image);
    }
    source.stop().await;
}

#[test]
fn a_filesystem_that_a_process_writes_to_by_itself_is_in_use_as_a_whole() {
    const PART: u64 = 128 << 20;
    let disk = LiveDisk::new(&[("nothing", PART >> 20), ("ext4", 64)]);
    tool("mkfs.ext4", &["-q", "-F", "-E", "nodiscard", disk.part(1).to_str().unwrap()], "");
    let source =
        landfall_agent::replicate::Source::devices(&[(1, disk.path.clone())], Duration::from_secs(10))
            .unwrap();
    let in_use = || {
        let ranges = (source.disks[0].allocated)().unwrap();
        ranges.iter().map(|range| range.length()).sum::<u64>()
    };
    let at_rest = in_use();
    assert!(at_rest < PART / 2, "{at_rest}");

    // As mkfs does: everything else first, the records that lead to it last.
    let making = OpenOptions::new().write(true).open(disk.part(1)).unwrap();
    let meanwhile = in_use();
    assert!(meanwhile > at_rest + PART / 2, "{meanwhile} of {at_rest}");
    drop(making);
    assert_eq!(in_use(), at_rest);

    // Who has the whole disk open may be a guest that runs from it. What is mounted here is this kernel's.
    let guest = OpenOptions::new().write(true).open(&disk.path).unwrap();
    let meanwhile = in_use();
    assert!(meanwhile > at_rest + PART / 2 && meanwhile < PART + (32 << 20), "{meanwhile} of {at_rest}");
    drop(guest);
    assert_eq!(in_use(), at_rest);
}
