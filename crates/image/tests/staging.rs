//! Staging disks: what was written is there, and digests never claim what is not.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    fs::OpenOptions,
    io::{BufRead, BufReader},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use image::{FileError, Opened, Place, Staging, StagingError};
use proptest::prelude::*;
use replication::{Leaf, LeafKey, Range, digest};

const KEY: LeafKey = LeafKey::new([9; 32]);
const MIB: u64 = 1 << 20;

fn range(offset: u64, length: u64) -> Range {
    Range::new(offset, length, 1 << 40).unwrap()
}

fn put(staging: &Staging, offset: u64, data: &[u8]) {
    staging.write(range(offset, data.len() as u64), data, &KEY.leaves(data)).unwrap();
}

fn whole(staging: &Staging) -> Vec<u8> {
    staging.read(range(0, staging.size())).unwrap()
}

/// Opens a disk that no process has open, but for one that another test has just forked off: that has all that is open
/// here until it is another program.
fn open(directory: &Path, size: u64) -> (Staging, Opened) {
    let begin = Instant::now();
    loop {
        match Staging::open(Place::new(directory, 0), size, KEY) {
            Err(StagingError::InUse(_)) if begin.elapsed() < Duration::from_secs(10) => {
                std::thread::yield_now();
            }
            opened => return opened.unwrap(),
        }
    }
}

#[test]
fn what_is_written_is_there_and_so_are_its_digests() {
    let directory = tempfile::tempdir().unwrap();
    // The last leaf is shorter than the others.
    let size = 3 * MIB + 512;
    let staging = Staging::create(Place::new(directory.path(), 0), size, KEY).unwrap();
    put(&staging, 0, &[1; 8192]);
    put(&staging, 3 * MIB, &[2; 512]);
    staging.checkpoint().unwrap();
    assert_eq!(staging.verify(|_| ()).unwrap(), []);
    drop(staging);
    let (staging, opened) = open(directory.path(), size);
    assert_eq!(opened, Opened { recovered_bytes: 0, fresh: false });
    let mut expected = vec![0; usize::try_from(size).unwrap()];
    expected[..8192].fill(1);
    expected[3 * 1_048_576..].fill(2);
    assert!(whole(&staging) == expected);
    assert_eq!(staging.leaves(range(4096, 8192)).unwrap(), [KEY.leaf(&[1; 4096]), Leaf::ZERO]);
}

#[test]
fn an_offer_is_answered_with_what_is_lacking() {
    let directory = tempfile::tempdir().unwrap();
    let staging = Staging::create(Place::new(directory.path(), 0), 40_960 + 1024, KEY).unwrap();
    let mut data = vec![3; 40_960 + 1024];
    put(&staging, 0, &data);
    let digest = digest::over(&KEY.leaves(&data));
    assert!(!staging.differs(range(0, 41_984), &digest).unwrap());
    assert_eq!(staging.wanted(0, &KEY.leaves(&data)).unwrap(), [0, 0]);
    data[4096] = 4;
    data[41_000] = 4;
    let digest = digest::over(&KEY.leaves(&data));
    assert!(staging.differs(range(0, 41_984), &digest).unwrap());
    assert_eq!(staging.wanted(0, &KEY.leaves(&data)).unwrap(), [0b10, 0b100]);
    let too_many = vec![Leaf::ZERO; 12];
    assert!(matches!(staging.wanted(0, &too_many), Err(StagingError::Mismatch(0))));
    assert!(staging.wanted(1 << 30, &too_many).is_err());
}

/// What is known to be damaged is asked for until the disk is opened again, which computes its digests from what is there.
#[test]
fn doubted_content_is_lacking_whatever_its_digests_say() {
    let directory = tempfile::tempdir().unwrap();
    let place = Place::new(directory.path(), 0);
    let staging = Staging::create(place.clone(), 64 * MIB + 8192, KEY).unwrap();
    let data = vec![3; 8192];
    for offset in [0, 64 * MIB] {
        put(&staging, offset, &data);
    }
    staging.checkpoint().unwrap();
    OpenOptions::new().write(true).open(place.data()).unwrap().write_all_at(&[4], 4096).unwrap();
    let (leaves, whole) = (KEY.leaves(&data), digest::over(&KEY.leaves(&data)));
    assert_eq!(staging.wanted(0, &leaves).unwrap(), [0], "no digest tells of it");
    staging.verify(|_| ()).unwrap().into_iter().for_each(|range| staging.doubt(range).unwrap());
    assert_eq!(staging.wanted(0, &leaves).unwrap(), [0b11]);
    assert!(staging.differs(range(0, 8192), &whole).unwrap());
    assert_eq!(staging.wanted(64 * MIB, &leaves).unwrap(), [0], "another region is believed");
    // No checkpoint takes that away.
    put(&staging, 0, &data[..4096]);
    staging.checkpoint().unwrap();
    drop(staging);
    let (staging, opened) = open(directory.path(), 64 * MIB + 8192);
    assert_eq!(opened.recovered_bytes, 64 * MIB);
    assert_eq!(staging.wanted(0, &leaves).unwrap(), [0b10]);
    assert_eq!(staging.verify(|_| ()).unwrap(), []);
}

/// The digests of what a full disk took only in part are not believed.
#[test]
fn a_write_that_failed_leaves_no_digest_that_lies() {
    let small = SmallDisk::mount();
    let staging = Staging::create(Place::new(&small.0, 0), 16 * MIB, KEY).unwrap();
    let old = vec![1; 4096];
    put(&staging, 4 * MIB, &old);
    staging.checkpoint().unwrap();
    let new = vec![2; 8 << 20];
    let refused = staging.write(range(0, 8 * MIB), &new, &KEY.leaves(&new)).unwrap_err();
    assert!(refused.is_full(), "{refused}");
    assert_eq!(staging.wanted(4 * MIB, &KEY.leaves(&old)).unwrap(), [1], "it may hold either");
    staging.checkpoint().unwrap();
    drop(staging);
    small.grow();
    let (staging, opened) = open(&small.0, 16 * MIB);
    assert_eq!(opened.recovered_bytes, 16 * MIB);
    assert_eq!(staging.verify(|_| ()).unwrap(), []);
}

/// A filesystem of six MiB, mounted for one test, which takes root.
struct SmallDisk(PathBuf, #[expect(dead_code, reason = "what it is mounted in")] tempfile::TempDir);

impl SmallDisk {
    fn mount() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let at = directory.path().join("small");
        std::fs::create_dir(&at).unwrap();
        let mut mount = Command::new("mount");
        let mounted = mount.args(["-t", "tmpfs", "-o", "size=6m", "landfall-test"]).arg(&at).status();
        assert!(mounted.unwrap().success(), "mounting a small tmpfs, which needs root");
        Self(at, directory)
    }

    fn grow(&self) {
        let grown = Command::new("mount").args(["-o", "remount,size=32m"]).arg(&self.0).status();
        assert!(grown.unwrap().success());
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn zeros_take_no_room() {
    let directory = tempfile::tempdir().unwrap();
    let place = Place::new(directory.path(), 0);
    let staging = Staging::create(place.clone(), 64 * MIB, KEY).unwrap();
    put(&staging, 0, &vec![5; 1 << 20]);
    put(&staging, MIB, &vec![6; 1 << 20]);
    staging.checkpoint().unwrap();
    staging.write_zeros(range(4096, 32 * MIB)).unwrap();
    staging.checkpoint().unwrap();
    let room = std::os::unix::fs::MetadataExt::blocks(&std::fs::metadata(place.data()).unwrap()) * 512;
    assert!(room < MIB / 2, "{room}");
    assert_eq!(staging.verify(|_| ()).unwrap(), []);
    assert_eq!(staging.leaves(range(0, 8192)).unwrap(), [KEY.leaf(&[5; 4096]), Leaf::ZERO]);
}

#[test]
fn damage_is_found_and_named() {
    let directory = tempfile::tempdir().unwrap();
    let place = Place::new(directory.path(), 0);
    let staging = Staging::create(place.clone(), 8 * MIB, KEY).unwrap();
    put(&staging, 2 * MIB, &vec![7; 1 << 20]);
    staging.checkpoint().unwrap();
    let file = OpenOptions::new().write(true).open(place.data()).unwrap();
    for at in [2 * MIB + 5000, 2 * MIB + 9000, 6 * MIB] {
        file.write_all_at(&[1], at).unwrap();
    }
    let mut passed = 0;
    let damaged = staging.verify(|bytes| passed += bytes).unwrap();
    assert_eq!(damaged, [range(2 * MIB + 4096, 8192), range(6 * MIB, 4096)]);
    assert_eq!(passed, 8 * MIB);
}

#[test]
fn a_disk_is_open_once_and_only_as_what_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let place = Place::new(directory.path(), 0);
    let staging = Staging::create(place.clone(), MIB, KEY).unwrap();
    assert!(matches!(Staging::open(place.clone(), MIB, KEY), Err(StagingError::InUse(_))));
    drop(staging);
    let refused = |size, key| Staging::open(place.clone(), size, key).unwrap_err();
    assert!(matches!(refused(MIB, LeafKey::new([1; 32])), StagingError::Foreign { .. }));
    assert!(matches!(refused(MIB + 512, KEY), StagingError::Foreign { .. }));
    assert!(Staging::create(place.clone(), MIB, KEY).is_err());
    for size in [0, 100, (16 << 40) + 512] {
        assert!(matches!(
            Staging::create(Place::new(directory.path(), 1), size, KEY),
            Err(StagingError::Size(_))
        ));
    }
    std::fs::write(directory.path().join("disk-0.state"), b"nonsense").unwrap();
    assert!(matches!(refused(MIB, KEY), StagingError::Foreign { .. }));
    std::fs::remove_file(directory.path().join("disk-0.state")).unwrap();
    assert!(matches!(refused(MIB, KEY), StagingError::File(FileError::Io { .. })));
}

#[test]
fn writes_that_do_not_fit_change_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let staging = Staging::create(Place::new(directory.path(), 0), MIB, KEY).unwrap();
    let data = [1; 4096];
    let leaves = KEY.leaves(&data);
    assert!(staging.write(range(MIB, 4096), &data, &leaves).is_err());
    assert!(staging.write(range(0, 8192), &data, &leaves).is_err());
    assert!(staging.write(range(0, 4096), &data, &[]).is_err());
    assert!(staging.write_zeros(range(0, 2 * MIB)).is_err());
    assert_eq!(staging.leaves(range(0, MIB)).unwrap(), vec![Leaf::ZERO; 256]);
    drop(staging);
    assert!(open(directory.path(), MIB).1.fresh);
}

/// A digest must never claim what the copy does not hold, whatever the file of digests says when a marked region is
/// opened again.
#[test]
fn the_digests_of_what_was_being_written_come_from_the_copy() {
    let directory = tempfile::tempdir().unwrap();
    let size = 130 * MIB;
    let staging = Staging::create(Place::new(directory.path(), 0), size, KEY).unwrap();
    put(&staging, 0, &[1; 4096]);
    put(&staging, 129 * MIB, &[1; 4096]);
    staging.checkpoint().unwrap();
    put(&staging, 129 * MIB, &[2; 4096]);
    drop(staging);
    // The write of the digest got lost.
    let leaves = OpenOptions::new().write(true).open(directory.path().join("disk-0.leaves")).unwrap();
    leaves.write_all_at(&KEY.leaf(&[1; 4096]).0, 129 * MIB / 4096 * 16).unwrap();
    let (staging, opened) = open(directory.path(), size);
    assert_eq!(opened, Opened { recovered_bytes: 2 * MIB, fresh: false });
    assert_eq!(staging.leaves(range(129 * MIB, 4096)).unwrap(), [KEY.leaf(&[2; 4096])]);
    drop(staging);
    assert_eq!(open(directory.path(), size).1.recovered_bytes, 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Any order of writes, zeros, checkpoints and reopenings leaves what a plain array would hold, with its digests.
    #[test]
    fn a_disk_is_an_array(steps in proptest::collection::vec((0_u64..60, 1_u64..20, 0_u8..8), 1..40)) {
        let directory = tempfile::tempdir().unwrap();
        let size = 60 * 4096 + 1536;
        let mut staging = Staging::create(Place::new(directory.path(), 0), size, KEY).unwrap();
        let mut model = vec![0_u8; usize::try_from(size).unwrap()];
        for (leaf, leaves, act) in steps {
            let offset = leaf * 4096;
            let length = (leaves * 4096).min(size - offset);
            let (begin, end) = (usize::try_from(offset).unwrap(), usize::try_from(offset + length).unwrap());
            match act {
                0 => staging.checkpoint().unwrap(),
                1 => {
                    drop(staging);
                    staging = open(directory.path(), size).0;
                }
                2 | 3 => {
                    staging.write_zeros(range(offset, length)).unwrap();
                    model[begin..end].fill(0);
                }
                fill => {
                    model[begin..end].fill(fill);
                    put(&staging, offset, &model[begin..end]);
                }
            }
        }
        prop_assert!(whole(&staging) == model);
        prop_assert_eq!(staging.leaves(range(0, size)).unwrap(), KEY.leaves(&model));
        prop_assert_eq!(staging.verify(|_| ()).unwrap(), vec![]);
    }
}

const DISK: &str = "LANDFALL_TEST_STAGING_DISK";
const KILLED_SIZE: u64 = 200 * MIB;

/// Not a test by itself: the process that the next test kills. It writes for as long as it lives, and says what is
/// durable.
#[test]
fn writer_to_be_killed() {
    let Some(directory) = std::env::var_os(DISK) else { return };
    let (staging, _) = Staging::open(Place::new(directory, 0), KILLED_SIZE, KEY).unwrap();
    for round in 0_u64.. {
        for place in 0..40 {
            let data = vec![round.to_le_bytes()[0] | 1; 65_536];
            put(&staging, (place * 5 % 200) * MIB, &data);
        }
        staging.checkpoint().unwrap();
        println!("durable {round}");
    }
}

#[test]
fn a_killed_writer_leaves_digests_that_are_true() {
    let directory = tempfile::tempdir().unwrap();
    drop(Staging::create(Place::new(directory.path(), 0), KILLED_SIZE, KEY).unwrap());
    for kills in 0..8 {
        let mut writer = Command::new(std::env::current_exe().unwrap())
            .args(["writer_to_be_killed", "--exact", "--nocapture"])
            .env(DISK, directory.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // It dies somewhere in the round after one that it said to be durable.
        let said = BufReader::new(writer.stdout.take().unwrap()).lines().map(Result::unwrap);
        let durable = said.filter(|line| line.contains("durable")).nth(kills);
        assert!(durable.is_some());
        writer.kill().unwrap();
        writer.wait().unwrap();
        let (staging, _) = open(directory.path(), KILLED_SIZE);
        assert_eq!(staging.verify(|_| ()).unwrap(), []);
        assert_ne!(staging.leaves(range(0, 4096)).unwrap(), [Leaf::ZERO]);
    }
}
