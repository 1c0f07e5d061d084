//! Marks that were taken and did not arrive: what a run owes that did not end.
//!
//! The kernel hands a mark out once. A run that is stopped after it took marks would lose them, and with them the next
//! run's right to begin with what changed. Here they are kept, a bit for each block, until a run is complete.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use replication::{BLOCK_BYTES, Range};

use crate::replicate::{SourceDisk, Tracker};

/// A tracker whose marks outlive a run that does not end. Memory: 2 MiB for each tebibyte of disk.
pub(super) struct Owed {
    tracker: Arc<dyn Tracker>,
    disks: Vec<Disk>,
    /// Whether a proof failed since the last complete run.
    doubted: AtomicBool,
}

struct Disk {
    number: u16,
    size: u64,
    /// A bit for each block that was marked since the last complete run and whose mark was taken.
    blocks: Vec<AtomicU64>,
    /// Whether they are to be handed out with the next marks.
    again: AtomicBool,
}

impl Owed {
    /// Keeps the marks that this tracker gives of these disks.
    pub(super) fn new(tracker: Arc<dyn Tracker>, disks: &[SourceDisk]) -> Self {
        let disk = |disk: &SourceDisk| {
            let size = disk.content.size();
            let words = size.div_ceil(BLOCK_BYTES).div_ceil(64);
            let blocks = (0..words).map(|_| AtomicU64::new(0)).collect();
            Disk { number: disk.number, size, blocks, again: AtomicBool::new(false) }
        };
        Self { tracker, disks: disks.iter().map(disk).collect(), doubted: AtomicBool::new(false) }
    }

    /// Whether some changes since the last complete run may have gone without a mark.
    pub(super) fn is_doubted(&self) -> bool {
        self.doubted.load(Ordering::Acquire)
    }

    /// What is owed is handed out again with the next marks.
    pub(super) fn put_back(&self) {
        self.disks.iter().for_each(|disk| disk.again.store(true, Ordering::Release));
    }

    /// Nothing is owed any more: a run is complete, or one begins that looks at everything.
    pub(super) fn forget(&self) {
        for disk in &self.disks {
            disk.again.store(false, Ordering::Release);
            disk.blocks.iter().for_each(|word| word.store(0, Ordering::Release));
        }
        self.doubted.store(false, Ordering::Release);
    }
}

impl Tracker for Owed {
    fn drain(&self, number: u16, take: &mut dyn FnMut(Range)) -> io::Result<()> {
        let disk = self.disks.iter().find(|disk| disk.number == number).ok_or(io::ErrorKind::NotFound)?;
        if disk.again.swap(false, Ordering::AcqRel) {
            disk.hand_out(take);
        }
        self.tracker.drain(number, &mut |range| {
            disk.keep(range);
            take(range);
        })
    }

    fn prove(&self) -> Result<(), String> {
        let proof = self.tracker.prove();
        if proof.is_err() {
            self.doubted.store(true, Ordering::Release);
        }
        proof
    }

    fn rebase(&self) -> io::Result<()> {
        self.tracker.rebase()
    }
}

impl Disk {
    fn keep(&self, range: Range) {
        let end = range.end().min(self.size).div_ceil(BLOCK_BYTES);
        for block in range.offset() / BLOCK_BYTES..end {
            if let Some(word) = usize::try_from(block / 64).ok().and_then(|word| self.blocks.get(word)) {
                word.fetch_or(1 << (block % 64), Ordering::AcqRel);
            }
        }
    }

    /// Hands out each run of blocks that are kept.
    fn hand_out(&self, take: &mut dyn FnMut(Range)) {
        let mut begun: Option<u64> = None;
        let blocks = self.size.div_ceil(BLOCK_BYTES);
        for block in 0..=blocks {
            let word = usize::try_from(block / 64).ok().and_then(|word| self.blocks.get(word));
            let kept = block < blocks
                && word.is_some_and(|word| word.load(Ordering::Acquire) >> (block % 64) & 1 == 1);
            match (kept, begun) {
                (true, None) => begun = Some(block),
                (false, Some(first)) => {
                    let (start, end) = (first * BLOCK_BYTES, (block * BLOCK_BYTES).min(self.size));
                    if let Ok(range) = Range::new(start, end - start, u64::MAX) {
                        take(range);
                    }
                    begun = None;
                }
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{Arc, Mutex},
    };

    use blockdev::direct::{Buffer, Place, Queue};
    use replication::{BLOCK_BYTES, Range};

    use super::Owed;
    use crate::replicate::{DiskSource, PlacesRead, SourceDisk, Tracker};

    const SIZE: u64 = 200 * BLOCK_BYTES + 512;

    #[derive(Default)]
    struct Marks(Mutex<Vec<Range>>);

    impl Tracker for Marks {
        fn drain(&self, _: u16, take: &mut dyn FnMut(Range)) -> io::Result<()> {
            std::mem::take(&mut *self.0.lock().unwrap()).into_iter().for_each(take);
            Ok(())
        }

        fn prove(&self) -> Result<(), String> {
            Err("lost".to_owned())
        }

        fn rebase(&self) -> io::Result<()> {
            Ok(())
        }
    }

    struct Blank;

    impl DiskSource for Blank {
        fn size(&self) -> u64 {
            SIZE
        }

        fn read(&self, _: Range) -> io::Result<Vec<u8>> {
            Err(io::ErrorKind::Unsupported.into())
        }

        fn hold(&self, _: &mut Queue, _: &mut Buffer, places: &[Place]) -> PlacesRead {
            places.iter().try_for_each(|place| Err((*place, io::ErrorKind::Unsupported.into())))
        }

        fn is_hole(&self, _: Range) -> io::Result<bool> {
            Ok(true)
        }
    }

    fn range(first: u64, end: u64) -> Range {
        let start = first * BLOCK_BYTES;
        Range::new(start, (end * BLOCK_BYTES).min(SIZE) - start, u64::MAX).unwrap()
    }

    fn drained(owed: &Owed) -> Vec<Range> {
        let mut ranges = vec![];
        owed.drain(3, &mut |range| ranges.push(range)).unwrap();
        ranges
    }

    #[test]
    fn what_a_run_took_and_did_not_bring_is_handed_out_again() {
        let marks = Arc::new(Marks::default());
        let owed = Owed::new(marks.clone(), &[SourceDisk::whole(3, Arc::new(Blank))]);
        let mark = |ranges: &[Range]| marks.0.lock().unwrap().extend_from_slice(ranges);
        mark(&[range(0, 1), range(62, 66), range(199, 201)]);
        assert_eq!(drained(&owed).len(), 3);
        assert_eq!(drained(&owed), []);
        owed.put_back();
        mark(&[range(66, 67)]);
        assert_eq!(drained(&owed), [range(0, 1), range(62, 66), range(199, 201), range(66, 67)]);
        assert_eq!(drained(&owed), []);
        owed.put_back();
        assert_eq!(drained(&owed), [range(0, 1), range(62, 67), range(199, 201)]);
        owed.forget();
        owed.put_back();
        assert_eq!(drained(&owed), []);
        assert!(owed.drain(4, &mut |_| ()).is_err());
    }

    #[test]
    fn a_proof_that_failed_is_remembered_until_everything_was_looked_at() {
        let owed = Owed::new(Arc::new(Marks::default()), &[SourceDisk::whole(3, Arc::new(Blank))]);
        assert!(!owed.is_doubted());
        assert!(owed.prove().is_err());
        assert!(owed.is_doubted());
        owed.forget();
        assert!(!owed.is_doubted());
    }
}
