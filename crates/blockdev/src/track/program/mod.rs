//! The program that runs when a request to a disk completes: it marks the blocks that were written and adds up the sectors.
//!
//! Everything but reads is a write: an operation that is not known is one too. A write is marked when it completes,
//! also when it failed, since a failed write may have changed the disk.

mod blocks;
mod disk;

use super::assembler::{Assembler, FRAME, Operation, R0, R1, R2, R3, R6, R9, Register, When, Width};
use super::classic::Record;
use super::offsets::Offsets;

/// One fault to build into a program, so that tests can show that they would notice it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[doc(hidden)]
pub enum Faults {
    /// None: what every caller but a test wants.
    #[default]
    None,
    /// Marks when a request is issued.
    AtIssue,
    /// So many copies, and each keeps its processor busy whenever a process asks for its priority (`getpriority(2)`), as it
    /// is for a moment at each request: what completes then finds it running.
    Nested(u8),
    /// One copy, of the classic tracepoint type.
    Classic,
    /// Takes a discard for one range.
    OneRangeDiscards,
    /// Overlooks every n-th completion.
    DropEvery(u16),
    /// None, and it reads as on kernels that take no typed program.
    ByHelper,
}

/// The maps that a program works on, by descriptor, and which copy it is.
pub(super) struct Wiring<'disks> {
    pub(super) marks: i32,
    pub(super) disks: i32,
    pub(super) counters: i32,
    pub(super) copy: i32,
    /// Bytes of a block, as a shift.
    pub(super) block_shift: i32,
    /// Major and minor number of each queue, and the disk that it is of.
    pub(super) queues: &'disks [((u32, u32), usize)],
    /// Pages of counters that each copy has: one for each disk, and one for requests over NVMe paths that are new.
    pub(super) pages: usize,
    /// Where a disk has paths: the paths there are to other disks, by number. Any other is new.
    pub(super) other_paths: Option<&'disks [(u32, u32)]>,
}

/// Fields of a disk's entry in the map of disks: how many blocks it has, and where its levels begin.
pub(super) const BLOCKS: i16 = 0;
pub(super) const LEVELS: [i16; 5] = [8, 16, 24, 32, 40];
/// Fields of a page of counters.
pub(super) const SECTORS: i16 = 0;
pub(super) const RANGE_ERRORS: i16 = 8;
pub(super) const TAINT: i16 = 16;
const RUNS: i16 = 24;

/// How much coarser a level is than the one below it, as a shift. The longest range, of 4 GiB, has 2^20 blocks of 4 KiB:
/// four times this shift, and marks for the rest.
pub(super) const LEVEL_SHIFT: i32 = 4;

/// Bytes of a sector, as a shift.
const SECTOR_SHIFT: i32 = 9;

/// What is read over and over to take time: part of the stack.
const HELD: i32 = -320;
const HELD_BYTES: i32 = 256;
const HELD_TIMES: i32 = 3000;

const LOOKUP: i32 = 1;
const PROBE_READ_KERNEL: i32 = 113;

/// Places on the stack.
const KEY: i16 = -8;
const READ: i16 = -16;
const NEXT_BIO: i16 = -24;
const DISK: i16 = -32;
const COUNTERS: i16 = -40;
const REMAINING: i16 = -48;
const SECTOR: i16 = -56;
const SIZE: i16 = -64;

/// How the program reads the kernel's structures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reads {
    /// By plain loads, which the kernel allows where it knows the type of what a register points at.
    Typed,
    /// By a helper, which any kernel has.
    ByHelper,
    /// From a record that is written for each event, as classic tracepoints have it.
    Record(Record),
}

impl Reads {
    /// Reads kernel memory at `base + offset` to the stack. A failed read leaves zeroes, which the accounting notices.
    fn read(
        self,
        program: &mut Assembler,
        width: Width,
        base: Register,
        offset: i32,
        stack: i16,
    ) -> Option<()> {
        if self == Self::Typed {
            program.load(width, R1, base, i16::try_from(offset).ok()?);
            program.store(width, FRAME, stack, R1);
            return Some(());
        }
        program.with_register(Operation::Move, R1, FRAME);
        program.with_value(Operation::Add, R1, i32::from(stack));
        let size = match width {
            Width::Byte => 1,
            Width::Word => 4,
            Width::Double => 8,
        };
        program.with_value(Operation::Move, R2, size);
        program.with_register(Operation::Move, R3, base);
        program.with_value(Operation::Add, R3, offset);
        program.call(PROBE_READ_KERNEL);
        Some(())
    }
}

/// Emits one copy of the program; `None` only if the emitter itself is wrong.
pub(super) fn emit(offsets: &Offsets, wiring: &Wiring<'_>, reads: Reads, faults: Faults) -> Option<Vec<u64>> {
    let mut program = Assembler::default();
    if let Faults::Nested(_) = faults {
        // The number of a system call, at a tracepoint of those.
        program.load(Width::Double, R9, R1, 8);
        program.jump_value(When::Equal, R9, i32::try_from(libc::SYS_getpriority).ok()?, "hold");
    }
    disk::filter(&mut program, offsets, reads, faults)?;
    disk::find_disk(&mut program, offsets, reads, wiring)?;
    blocks::count(&mut program, offsets, faults);
    blocks::ranges(&mut program, offsets, reads, faults)?;
    blocks::mark(&mut program, wiring);
    program.label("range error");
    program.load(Width::Double, R1, FRAME, COUNTERS);
    program.with_value(Operation::Move, R2, 1);
    program.add_atomically(R1, RANGE_ERRORS, R2);
    program.label("out");
    program.exit();
    if let Faults::Nested(_) = faults {
        program.label("hold");
        hold(&mut program);
    }
    program.finish()
}

/// Takes a tenth of a millisecond or so, and ends.
pub(super) fn hold(program: &mut Assembler) {
    program.with_value(Operation::Move, R6, 0);
    program.label("hold on");
    program.with_register(Operation::Move, R1, FRAME);
    program.with_value(Operation::Add, R1, HELD);
    program.with_value(Operation::Move, R2, HELD_BYTES);
    program.with_register(Operation::Move, R3, FRAME);
    program.with_value(Operation::Add, R3, HELD);
    program.call(PROBE_READ_KERNEL);
    program.with_value(Operation::Add, R6, 1);
    program.jump_value(When::AtMost, R6, HELD_TIMES, "hold on");
    program.exit();
}

/// Looks the key on the stack up in an array.
pub(super) fn lookup(program: &mut Assembler, map: i32, found: &'static str, missing: &'static str) {
    program.map(R1, map);
    program.with_register(Operation::Move, R2, FRAME);
    program.with_value(Operation::Add, R2, i32::from(KEY));
    program.call(LOOKUP);
    program.jump_value(When::NotEqual, R0, 0, found);
    program.jump(missing);
    program.label(found);
}
