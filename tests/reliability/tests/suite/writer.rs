//! A program that keeps changing the files of a filesystem, and knows what each of its steps leaves. A copy is of some moment
//! while it ran: then the copy says after which step that was, and its files must be what all steps until then come to.

use std::{
    collections::BTreeMap,
    fs::File,
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use rustix::fs::{FallocateFlags, fallocate};

use crate::{field::noise, seed::Chance};

/// Bytes that a step writes at the most, and where it begins to write at the most.
const STEP_BYTES: u64 = 64 << 10;
const FILE_BYTES: u64 = 512 << 10;

/// Files that are written, and removed, and written anew.
const FILES: u64 = 12;

/// What a step changes beside what it writes: the rest of the first and the last block, records of the filesystem, and its
/// journal.
const COST_OF_A_STEP: u64 = 16 << 10;

/// Between two steps: what changes in all meanwhile is well below what an agent can send and hold.
const PAUSE: Duration = Duration::from_millis(20);

/// Writes until it is dropped.
pub(crate) struct Writer {
    mount: PathBuf,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    expected: Expected,
}

/// The files after some step.
#[derive(Clone)]
struct Expected {
    chance: Chance,
    steps: u64,
    /// Bytes written by them.
    written: u64,
    files: BTreeMap<u64, Vec<u8>>,
}

/// A change of one file, by a single call of the kernel but for its opening: a freeze comes before or after it.
struct Step {
    file: u64,
    change: Change,
}

enum Change {
    /// Makes the file where it is not there, and longer where it is too short.
    Write {
        at: usize,
        data: Vec<u8>,
    },
    /// Frees or zeroes a part of the file, which keeps its length.
    Empty {
        at: usize,
        bytes: usize,
        how: FallocateFlags,
    },
    Sync,
    Remove,
}

impl Writer {
    /// Begins to write to the filesystem that is mounted there.
    pub(crate) fn start(mount: &Path, mut chance: Chance) -> Self {
        let expected = Expected { chance: chance.clone(), steps: 0, written: 0, files: BTreeMap::new() };
        let stop = Arc::new(AtomicBool::new(false));
        let (at, stopped) = (mount.to_owned(), stop.clone());
        let count = File::create_new(count_in(mount)).unwrap();
        count.write_all_at(&0_u64.to_le_bytes(), 0).unwrap();
        let thread = thread::spawn(move || {
            for step in 1_u64.. {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                Step::drawn(&mut chance).take(&at).unwrap();
                count.write_all_at(&step.to_le_bytes(), 0).unwrap();
                thread::park_timeout(PAUSE);
            }
        });
        Self { mount: mount.to_owned(), stop, thread: Some(thread), expected }
    }

    /// Steps that it has taken.
    pub(crate) fn steps(&self) -> u64 {
        steps_in(&self.mount)
    }

    /// Ends it between two steps.
    pub(crate) fn end(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }

    /// Checks that a copy of the filesystem is as some step left it, which came not before `earliest`. Copies are given in
    /// the order in which they were made; gives about how many bytes were changed since the last one.
    pub(crate) fn compare(&mut self, copy: &Path, earliest: u64) -> u64 {
        let (steps, latest) = (steps_in(copy), self.steps());
        assert!(
            (earliest..=latest).contains(&steps),
            "{steps}, and not {earliest} to {latest} steps were copied"
        );
        let (before_steps, before_written) = (self.expected.steps, self.expected.written);
        self.expected.advance(steps);
        // The one that was on its way may have been taken, and be uncounted.
        let mut next = self.expected.clone();
        next.advance(steps + 1);
        for number in 0..FILES {
            let path = copy.join(name(number));
            let found = path.exists().then(|| std::fs::read(&path).unwrap());
            let (before, after) = (self.expected.files.get(&number), next.files.get(&number));
            let made = before.is_none() && after.is_some() && found.as_ref().is_some_and(Vec::is_empty);
            let right = found.as_ref() == before || found.as_ref() == after || made;
            assert!(
                right,
                "after {steps} steps {} is {}",
                path.display(),
                difference(found.as_ref(), before)
            );
        }
        self.expected.written - before_written + (steps - before_steps) * COST_OF_A_STEP
    }
}

impl Drop for Writer {
    /// Does not wait for it: what it writes to may stand still.
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
    }
}

impl Expected {
    fn advance(&mut self, steps: u64) {
        while self.steps < steps {
            self.steps += 1;
            let Step { file, change } = Step::drawn(&mut self.chance);
            match change {
                Change::Write { at, data } => {
                    let content = self.files.entry(file).or_default();
                    let end = at + data.len();
                    content.resize(content.len().max(end), 0);
                    content[at..end].copy_from_slice(&data);
                    self.written += data.len() as u64;
                }
                Change::Empty { at, bytes, .. } => {
                    let content = self.files.get_mut(&file).map_or(&mut [][..], Vec::as_mut_slice);
                    let end = content.len().min(at + bytes);
                    content[at.min(end)..end].fill(0);
                }
                Change::Sync => {}
                Change::Remove => drop(self.files.remove(&file)),
            }
        }
    }
}

impl Step {
    fn drawn(chance: &mut Chance) -> Self {
        let file = chance.below(FILES);
        let at = usize::try_from(chance.below(FILE_BYTES)).unwrap();
        let bytes = 8 + chance.below(STEP_BYTES - 8);
        let emptied = |how: FallocateFlags| Change::Empty {
            at,
            bytes: usize::try_from(bytes).unwrap(),
            how: how | FallocateFlags::KEEP_SIZE,
        };
        let drawn = match chance.below(16) {
            0 => Change::Remove,
            1..3 => Change::Sync,
            3..5 => emptied(FallocateFlags::PUNCH_HOLE),
            5..7 => emptied(FallocateFlags::ZERO_RANGE),
            _ => Change::Write { at, data: noise(chance, bytes) },
        };
        Self { file, change: drawn }
    }

    /// Changes the file, if there is one to be changed.
    fn take(&self, mount: &Path) -> io::Result<()> {
        let path = mount.join(name(self.file));
        let exists = path.exists();
        let open = || File::options().create(true).truncate(false).write(true).open(&path);
        match &self.change {
            Change::Write { at, data } => open()?.write_all_at(data, *at as u64),
            Change::Empty { at, bytes, how } if exists => {
                Ok(fallocate(open()?, *how, *at as u64, *bytes as u64)?)
            }
            Change::Sync if exists => open()?.sync_all(),
            Change::Remove if exists => std::fs::remove_file(&path),
            _ => Ok(()),
        }
    }
}

fn name(file: u64) -> String {
    format!("written-{file}")
}

/// The file that says how many steps were taken.
fn count_in(mount: &Path) -> PathBuf {
    mount.join("steps")
}

fn steps_in(mount: &Path) -> u64 {
    u64::from_le_bytes(std::fs::read(count_in(mount)).unwrap().try_into().unwrap())
}

/// What is wrong with a file.
fn difference(found: Option<&Vec<u8>>, expected: Option<&Vec<u8>>) -> String {
    match (found, expected) {
        (None, _) => "not there".to_owned(),
        (_, None) => "still there, or there too early".to_owned(),
        (Some(found), Some(expected)) => {
            let first = found.iter().zip(expected).position(|(found, expected)| found != expected);
            format!("{} bytes and not {}, the first other one at {first:?}", found.len(), expected.len())
        }
    }
}

#[test]
fn what_is_written_is_what_is_expected() {
    let directory = tempfile::tempdir().unwrap();
    let chance = Chance::of_this_run("writer");
    let (mut taken, mut expected) =
        (chance.clone(), Expected { chance, steps: 0, written: 0, files: BTreeMap::new() });
    for _ in 0..400 {
        Step::drawn(&mut taken).take(directory.path()).unwrap();
    }
    expected.advance(400);
    for number in 0..FILES {
        let found = std::fs::read(directory.path().join(name(number))).ok();
        assert!(
            found.as_ref() == expected.files.get(&number),
            "{number}: {}",
            difference(found.as_ref(), expected.files.get(&number))
        );
    }
}
