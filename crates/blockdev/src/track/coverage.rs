//! Whether the program saw every write: the kernel counts completed sectors itself, and the two counts must agree.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use super::{Coverage, Target, Unproven};

/// Samples that a base is the highest of.
const BASE_SAMPLES: u32 = 2000;
/// Samples until a disk counts as busy.
const PROOF_SAMPLES: u32 = 2000;
/// A mismatch between two counts that are read one after the other can be hidden by chance once, not three times.
const AGREEING: u32 = 3;

/// What one copy of the program counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) sectors: u64,
    pub(super) range_errors: u64,
    pub(super) taint: u64,
    /// Requests over NVMe paths that were not there when tracking began; of a disk that has paths.
    pub(super) new_paths: u64,
}

/// The accounting of one disk.
pub(super) struct Account {
    /// The kernel's count, for each queue that the disk has.
    stats: Vec<(PathBuf, Option<File>)>,
    /// For each copy: the kernel's count less the copy's, at the beginning; and the errors it had by then.
    base: Option<Vec<(i64, Seen)>>,
}

impl Account {
    pub(super) fn new(target: &Target) -> Self {
        let paths = target.queues.iter().map(|queue| queue.folder.join("stat"));
        Self { stats: paths.map(|path| (path.clone(), File::open(path).ok())).collect(), base: None }
    }

    /// Takes the base. The kernel's count is read first, so that a write between the two readings makes the difference
    /// smaller; the highest of many is right, and an error can only raise a false alarm.
    pub(super) fn begin(&mut self, seen: &dyn Fn() -> Vec<Seen>) -> Result<(), Unproven> {
        let mut base: Vec<(i64, Seen)> = seen().into_iter().map(|seen| (i64::MIN, seen)).collect();
        for _ in 0..BASE_SAMPLES {
            let written = self.written()?;
            for ((base, _), seen) in base.iter_mut().zip(seen()) {
                *base = (*base).max(difference(written, seen.sectors));
            }
        }
        self.base = Some(base);
        Ok(())
    }

    /// Compares the counts: they must be equal for one copy, at a moment in which the kernel's does not move.
    pub(super) fn prove(&self, seen: &dyn Fn() -> Vec<Seen>) -> Coverage {
        match self.compare(seen) {
            Ok(()) => Coverage::Proven,
            Err(reason) => Coverage::Unproven(reason),
        }
    }

    fn compare(&self, seen: &dyn Fn() -> Vec<Seen>) -> Result<(), Unproven> {
        let base = self.base.as_ref().ok_or(Unproven::NotBegun)?;
        let mut last = Err(Unproven::Busy);
        let mut agreed = 0;
        for _ in 0..PROOF_SAMPLES {
            let before = self.written()?;
            let now = seen();
            if self.written()? != before {
                agreed = 0;
                continue;
            }
            last = judge(base, before, &now);
            agreed = if last.is_ok() { agreed + 1 } else { 0 };
            if agreed >= AGREEING {
                return Ok(());
            }
        }
        last.and(Err(Unproven::Busy))
    }

    /// Sectors written and discarded since the machine started.
    fn written(&self) -> Result<u64, Unproven> {
        self.stats.iter().try_fold(0, |sum: u64, (path, file)| {
            let unreadable = || Unproven::NoCount(path.display().to_string());
            let mut text = [0; 512];
            let length =
                file.as_ref().ok_or_else(unreadable)?.read_at(&mut text, 0).map_err(|_| unreadable())?;
            text.get(..length)
                .and_then(written)
                .and_then(|written| sum.checked_add(written))
                .ok_or_else(unreadable)
        })
    }
}

/// Fields 7 and 14 of `/sys/block/X/stat`; kernels before 4.18 have no discards there.
fn written(text: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(text).ok()?;
    let field = |index| text.split_ascii_whitespace().nth(index).and_then(|field| field.parse::<u64>().ok());
    field(6)?.checked_add(field(13)?)
}

fn judge(base: &[(i64, Seen)], written: u64, now: &[Seen]) -> Result<(), Unproven> {
    // Each copy sees taint and range errors itself: one that did is enough.
    let rise = |of: fn(&Seen) -> u64| {
        base.iter().zip(now).map(|((_, then), now)| of(now) - of(then).min(of(now))).max()
    };
    match (rise(|seen| seen.taint), rise(|seen| seen.range_errors)) {
        (Some(taint), _) if taint > 0 => return Err(Unproven::Tainted(taint)),
        (_, Some(errors)) if errors > 0 => return Err(Unproven::RangeErrors(errors)),
        _ => {}
    }
    if let Some(requests @ 1..) = rise(|seen| seen.new_paths) {
        return Err(Unproven::NewPath(requests));
    }
    let deficits =
        base.iter().zip(now).map(|((base, _), now)| difference(written, now.sectors).wrapping_sub(*base));
    match deficits.min_by_key(|deficit| deficit.unsigned_abs()) {
        Some(0) => Ok(()),
        Some(sectors) => Err(Unproven::Deficit { sectors }),
        None => Err(Unproven::NotBegun),
    }
}

fn difference(written: u64, seen: u64) -> i64 {
    written.wrapping_sub(seen).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(sectors: u64) -> Seen {
        Seen { sectors, ..Seen::default() }
    }

    #[test]
    fn one_copy_that_agrees_is_enough_and_errors_void() {
        let base = [(100, seen(0)), (100, seen(0))];
        assert_eq!(judge(&base, 150, &[seen(40), seen(50)]), Ok(()));
        assert_eq!(judge(&base, 150, &[seen(40), seen(42)]), Err(Unproven::Deficit { sectors: 8 }));
        assert_eq!(judge(&base, 150, &[seen(58), seen(58)]), Err(Unproven::Deficit { sectors: -8 }));
        let tainted = Seen { taint: 1, ..seen(50) };
        assert_eq!(judge(&base, 150, &[seen(50), tainted]), Err(Unproven::Tainted(1)));
        let lost = Seen { range_errors: 2, ..seen(50) };
        assert_eq!(judge(&base, 150, &[lost, seen(50)]), Err(Unproven::RangeErrors(2)));
        let elsewhere = Seen { new_paths: 3, ..seen(50) };
        assert_eq!(judge(&base, 150, &[seen(50), elsewhere]), Err(Unproven::NewPath(3)));
        let old = [(100, tainted), (100, tainted)];
        assert_eq!(judge(&old, 150, &[tainted, tainted]), Ok(()), "only what came after the base counts");
    }

    #[test]
    fn written_and_discarded_sectors_are_fields_7_and_14() {
        assert_eq!(written(b" 1 2 3 4 5 6 70 8 9 10 11 12 13 1400 15 16 17\n"), Some(1470));
        assert_eq!(written(b"1 2 3"), None);
        assert_eq!(written(b"\xff"), None);
    }
}
