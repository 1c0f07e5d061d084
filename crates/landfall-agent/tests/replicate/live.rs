//! A disk that is written to while it is copied, at every read, with a tracker that can be made to lie.

use std::io;
use std::sync::{Arc, Mutex};

use blockdev::direct::{Buffer, Place, Queue};
use landfall_agent::replicate::{DiskSource, Freezer, Frozen, PlacesRead, Source, SourceDisk, Tracker};
use replication::{BLOCK_BYTES, Range};

/// A disk of 8 MiB.
pub(crate) const SIZE: usize = 8 << 20;

pub(crate) struct Live {
    state: Arc<Mutex<State>>,
}

struct State {
    content: Vec<u8>,
    marks: Vec<Range>,
    random: u64,
    /// Writes that are still to come, and how many at each read.
    writes_left: u32,
    writes_at_once: u32,
    /// Marks that will be lost.
    to_lose: u32,
    lost: u32,
    /// Whether lost marks are noticed.
    honest: bool,
    /// Whether tracking can begin anew after that.
    rebases: bool,
    frozen: bool,
    /// The content at the last freeze.
    snapshot: Option<Vec<u8>>,
    freezes: u32,
    /// Freezes that are refused, and after them freezes that do not hold.
    refused: u32,
    cut_short: u32,
}

impl Live {
    pub(crate) fn new(writes: u32, writes_at_once: u32) -> Arc<Self> {
        let content = crate::runs::noise(1, SIZE / 2).into_iter().chain(vec![0; SIZE / 2]).collect();
        Arc::new(Self {
            state: Arc::new(Mutex::new(State {
                content,
                marks: vec![],
                random: 7,
                writes_left: writes,
                writes_at_once,
                to_lose: 0,
                lost: 0,
                honest: true,
                rebases: true,
                frozen: false,
                snapshot: None,
                freezes: 0,
                refused: 0,
                cut_short: 0,
            })),
        })
    }

    pub(crate) fn losing(self: Arc<Self>, marks: u32, honest: bool) -> Arc<Self> {
        let mut state = self.state.lock().unwrap();
        (state.to_lose, state.honest) = (marks, honest);
        drop(state);
        self
    }

    /// Once a proof has failed, tracking cannot begin anew.
    pub(crate) fn without_another_base(self: Arc<Self>) -> Arc<Self> {
        self.state.lock().unwrap().rebases = false;
        self
    }

    /// Freezing fails so many times, and then so many freezes end before their time.
    pub(crate) fn freezing_badly(self: Arc<Self>, refused: u32, cut_short: u32) -> Arc<Self> {
        let mut state = self.state.lock().unwrap();
        (state.refused, state.cut_short) = (refused, cut_short);
        drop(state);
        self
    }

    pub(crate) fn source(self: &Arc<Self>, with_marks: bool) -> Arc<Source> {
        let tracker: Result<Arc<dyn Tracker>, String> =
            if with_marks { Ok(self.clone()) } else { Err("switched off".to_owned()) };
        let disk = SourceDisk::whole(0, Arc::new(Disk(self.clone())));
        Arc::new(Source { disks: vec![disk], tracker, freezer: self.clone() })
    }

    /// Without a tracker, and with a disk that is written to whenever what it has in use is found out, as a freeze does.
    pub(crate) fn source_that_settles(self: &Arc<Self>) -> Arc<Source> {
        let live = self.clone();
        let allocated = move || {
            let mut state = live.state.lock().unwrap();
            state.content[0] = state.content[0].wrapping_add(1);
            Ok(vec![Range::new(0, SIZE as u64, u64::MAX).unwrap()])
        };
        let disk =
            SourceDisk { number: 0, content: Arc::new(Disk(self.clone())), allocated: Arc::new(allocated) };
        Arc::new(Source { disks: vec![disk], tracker: Err("switched off".to_owned()), freezer: self.clone() })
    }

    pub(crate) fn content(&self) -> Vec<u8> {
        self.state.lock().unwrap().content.clone()
    }

    pub(crate) fn snapshot(&self) -> Vec<u8> {
        self.state.lock().unwrap().snapshot.clone().unwrap()
    }

    pub(crate) fn is_frozen(&self) -> bool {
        self.state.lock().unwrap().frozen
    }

    /// Writes before the next run.
    pub(crate) fn write_more(&self, writes: u32) {
        let mut state = self.state.lock().unwrap();
        state.writes_left = writes;
        for _ in 0..writes {
            state.write();
        }
    }
}

impl State {
    fn next(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random
    }

    fn write(&mut self) {
        if self.frozen || self.writes_left == 0 {
            return;
        }
        self.writes_left -= 1;
        let at = usize::try_from(self.next()).unwrap() % (SIZE / 512) * 512;
        let value = self.next().to_le_bytes()[0];
        if value.is_multiple_of(4) {
            // A whole leaf becomes zeros, as a deleted file's does.
            let leaf = at / 4096 * 4096;
            self.content[leaf..leaf + 4096].fill(0);
        } else {
            self.content[at..at + 512].fill(value);
        }
        if self.to_lose > 0 {
            self.to_lose -= 1;
            self.lost += 1;
            return;
        }
        let block = at as u64 / BLOCK_BYTES * BLOCK_BYTES;
        self.marks.push(Range::new(block, BLOCK_BYTES, BLOCK_BYTES).unwrap());
    }
}

struct Disk(Arc<Live>);

impl Disk {
    fn take(&self, offset: u64, to: &mut [u8]) {
        let mut state = self.0.state.lock().unwrap();
        let begin = usize::try_from(offset).unwrap();
        to.copy_from_slice(&state.content[begin..begin + to.len()]);
        for _ in 0..state.writes_at_once {
            state.write();
        }
    }
}

impl DiskSource for Disk {
    fn size(&self) -> u64 {
        SIZE as u64
    }

    fn read(&self, range: Range) -> io::Result<Vec<u8>> {
        let mut data = vec![0; usize::try_from(range.length()).unwrap()];
        self.take(range.offset(), &mut data);
        Ok(data)
    }

    fn hold(&self, _: &mut Queue, memory: &mut Buffer, places: &[Place]) -> PlacesRead {
        for place in places {
            self.take(place.offset, &mut memory[place.at..place.at + place.bytes]);
        }
        Ok(())
    }

    fn is_hole(&self, _range: Range) -> io::Result<bool> {
        Ok(false)
    }
}

impl Tracker for Live {
    fn drain(&self, _disk: u16, take: &mut dyn FnMut(Range)) -> io::Result<()> {
        std::mem::take(&mut self.state.lock().unwrap().marks).into_iter().for_each(take);
        Ok(())
    }

    fn prove(&self) -> Result<(), String> {
        let state = self.state.lock().unwrap();
        if state.honest && state.lost > 0 { Err(format!("{} marks lost", state.lost)) } else { Ok(()) }
    }

    fn rebase(&self) -> io::Result<()> {
        let mut state = self.state.lock().unwrap();
        if !state.rebases {
            return Err(io::Error::other("the disk has other paths now"));
        }
        state.lost = 0;
        Ok(())
    }
}

impl Freezer for Live {
    fn flush(&self) -> io::Result<()> {
        Ok(())
    }

    fn freeze(&self) -> io::Result<Option<Box<dyn Frozen>>> {
        let mut state = self.state.lock().unwrap();
        assert!(!state.frozen, "frozen twice");
        if state.refused > 0 {
            state.refused -= 1;
            return Err(io::Error::other("another program holds it"));
        }
        // The last writes before everything stands still.
        for _ in 0..5 {
            state.write();
        }
        state.frozen = true;
        state.freezes += 1;
        state.snapshot = Some(state.content.clone());
        Ok(Some(Box::new(Ice(self.state.clone()))))
    }
}

/// Thaws when it is dropped.
struct Ice(Arc<Mutex<State>>);

impl Drop for Ice {
    fn drop(&mut self) {
        self.0.lock().unwrap().frozen = false;
    }
}

impl Frozen for Ice {
    fn thaw(self: Box<Self>) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        if state.cut_short > 0 {
            state.cut_short -= 1;
            return Err(io::Error::other("thawed before everything was read"));
        }
        Ok(())
    }
}
