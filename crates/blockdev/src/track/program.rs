//! The program that runs when a request to a disk completes: it marks the blocks that were written and adds up the sectors.
//!
//! Everything but reads is a write: an operation that is not known is one too. A write is marked when it completes,
//! also when it failed, since a failed write may have changed the disk.

use super::assembler::{
    Assembler, FRAME, Operation, R0, R1, R2, R3, R4, R6, R7, R8, R9, Register, When, Width,
};
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

/// One more than the ranges in one discard; NVMe allows 256.
const MAX_RANGES: i32 = 257;
/// Marks for one range: 16 of a level, and one more when it begins within the first. The kernel's verifier follows every
/// mark of every range of a discard, and from a million steps on it refuses: more marks would bring it near that.
const MAX_MARKS: i32 = 17;
/// How much coarser a level is than the one below it, as a shift. The longest range, of 4 GiB, has 2^20 blocks of 4 KiB:
/// four times this shift, and marks for the rest.
pub(super) const LEVEL_SHIFT: i32 = 4;

/// Bytes of a sector, as a shift.
const SECTOR_SHIFT: i32 = 9;

/// What is read over and over to take time: part of the stack.
const HELD: i32 = -320;
const HELD_BYTES: i32 = 256;
const HELD_TIMES: i32 = 3000;

/// Digits of an NVMe subsystem's number at the most.
const MOST_DIGITS: i32 = 5;

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
    filter(&mut program, offsets, reads, faults)?;
    find_disk(&mut program, offsets, reads, wiring)?;
    count(&mut program, offsets, faults);
    ranges(&mut program, offsets, reads, faults)?;
    mark(&mut program, wiring);
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

/// Leaves the request in register 7, its bytes in 8, its operation in 9; reads and empty requests end here.
fn filter(program: &mut Assembler, offsets: &Offsets, reads: Reads, faults: Faults) -> Option<()> {
    if let Reads::Record(record) = reads {
        program.with_register(Operation::Move, R7, R1);
        program.load(Width::Word, R8, R7, record.sectors);
        program.with_value(Operation::ShiftLeft, R8, SECTOR_SHIFT);
        program.jump_value(When::Equal, R8, 0, "out");
        program.load(Width::Byte, R9, R7, record.operation);
        program.jump_value(When::Equal, R9, i32::from(b'R'), "out");
        program.with_value(Operation::Move, R9, i32::MAX);
        return Some(());
    }
    program.load(Width::Double, R7, R1, 0);
    if matches!(faults, Faults::AtIssue | Faults::Nested(_)) {
        reads.read(program, Width::Word, R7, offsets.data_length, READ)?;
        program.load(Width::Word, R8, FRAME, READ);
    } else {
        program.load(Width::Double, R8, R1, 16);
        program.low_word(R8);
    }
    program.jump_value(When::Equal, R8, 0, "out");
    reads.read(program, Width::Word, R7, offsets.flags, READ)?;
    program.load(Width::Word, R9, FRAME, READ);
    program.with_value(Operation::And, R9, 0xff);
    for operation in &offsets.reads {
        program.jump_value(When::Equal, R9, *operation, "out");
    }
    Some(())
}

/// Finds the request's disk among those tracked and leaves its entry and counters on the stack; others end here.
fn find_disk(program: &mut Assembler, offsets: &Offsets, reads: Reads, wiring: &Wiring<'_>) -> Option<()> {
    if let Reads::Record(record) = reads {
        program.load(Width::Word, R3, R7, record.device);
    } else {
        number(program, offsets, reads)?;
    }
    for (number, disk) in wiring.queues {
        program.with_value(Operation::Move, R4, i32::try_from(*disk).ok()?);
        program.jump_value(When::Equal, R3, immediate(*number)?, "found");
    }
    let before = wiring.copy.checked_mul(i32::try_from(wiring.pages).ok()?)?;
    match wiring.other_paths {
        Some(others) if !matches!(reads, Reads::Record(_)) => {
            notice_path(program, offsets, reads, others)?;
            let page = before.checked_add(i32::try_from(wiring.pages).ok()? - 1)?;
            program.store_value(Width::Word, FRAME, KEY, page);
            lookup(program, wiring.counters, "counters of paths", "out");
            program.with_value(Operation::Move, R1, 1);
            program.add_atomically(R0, TAINT, R1);
            program.jump("out");
        }
        _ => program.jump("out"),
    }
    program.label("found");
    program.store(Width::Word, FRAME, KEY, R4);
    program.with_register(Operation::Move, R6, R4);
    lookup(program, wiring.disks, "disk", "out");
    program.store(Width::Double, FRAME, DISK, R0);
    program.with_value(Operation::Add, R6, before);
    program.store(Width::Word, FRAME, KEY, R6);
    lookup(program, wiring.counters, "counters", "out");
    program.store(Width::Double, FRAME, COUNTERS, R0);
    program.with_register(Operation::Move, R6, R0);
    Some(())
}

/// Ends here unless the disk in register 6 is an NVMe path that is not among these, by its name: nvme0c1n1.
fn notice_path(
    program: &mut Assembler,
    offsets: &Offsets,
    reads: Reads,
    others: &[(u32, u32)],
) -> Option<()> {
    for other in others {
        program.jump_value(When::Equal, R3, immediate(*other)?, "out");
    }
    reads.read(program, Width::Word, R6, offsets.disk_name, READ)?;
    program.load(Width::Word, R1, FRAME, READ);
    program.jump_value(When::NotEqual, R1, i32::from_ne_bytes(*b"nvme"), "out");
    // The letter comes after the number of the subsystem.
    for digits in 1..=MOST_DIGITS {
        reads.read(program, Width::Byte, R6, offsets.disk_name + 4 + digits, READ)?;
        program.load(Width::Byte, R1, FRAME, READ);
        program.jump_value(When::Equal, R1, i32::from(b'c'), "new path");
    }
    program.jump("out");
    program.label("new path");
    Some(())
}

/// Major and minor number as the program has them.
fn immediate((major, minor): (u32, u32)) -> Option<i32> {
    i32::try_from((major << 20) | minor).ok()
}

/// Follows the request to its disk's number, as the kernel has it, in register 3.
fn number(program: &mut Assembler, offsets: &Offsets, reads: Reads) -> Option<()> {
    program.with_register(Operation::Move, R6, R7);
    for pointer in &offsets.to_disk {
        reads.read(program, Width::Double, R6, *pointer, READ)?;
        program.load(Width::Double, R6, FRAME, READ);
        program.jump_value(When::Equal, R6, 0, "out");
    }
    reads.read(program, Width::Word, R6, offsets.major, READ)?;
    reads.read(program, Width::Word, R6, offsets.first_minor, SECTOR)?;
    program.load(Width::Word, R1, FRAME, READ);
    program.load(Width::Word, R2, FRAME, SECTOR);
    program.with_register(Operation::Move, R3, R1);
    program.with_value(Operation::ShiftLeft, R3, 20);
    program.with_register(Operation::Or, R3, R2);
    Some(())
}

/// Adds up the sectors; a raw command from user space taints the disk, since what it wrote is not known.
fn count(program: &mut Assembler, offsets: &Offsets, faults: Faults) {
    if let Faults::DropEvery(every) = faults {
        program.with_value(Operation::Move, R1, 1);
        program.add_atomically(R6, RUNS, R1);
        program.load(Width::Double, R1, R6, RUNS);
        program.with_value(Operation::Modulo, R1, i32::from(every).max(1));
        program.jump_value(When::Equal, R1, 0, "out");
    }
    program.with_register(Operation::Move, R1, R8);
    program.with_value(Operation::ShiftRight, R1, 9);
    program.add_atomically(R6, SECTORS, R1);
    for operation in &offsets.raw_writes {
        program.jump_value(When::Equal, R9, *operation, "taint");
    }
    program.jump("clean");
    program.label("taint");
    program.with_value(Operation::Move, R1, 1);
    program.add_atomically(R6, TAINT, R1);
    program.jump("out");
    program.label("clean");
}

/// Goes through the request's ranges: one for a write, one for each `bio` of a discard. Leaves first sector and bytes
/// in registers 1 and 2 at the label "range".
fn ranges(program: &mut Assembler, offsets: &Offsets, reads: Reads, faults: Faults) -> Option<()> {
    program.store_value(Width::Double, FRAME, NEXT_BIO, 0);
    program.store_value(Width::Double, FRAME, REMAINING, 0);
    program.with_value(Operation::Move, R6, 0);
    if faults != Faults::OneRangeDiscards {
        for operation in &offsets.discards {
            program.jump_value(When::Equal, R9, *operation, "discard");
        }
    }
    if let Reads::Record(record) = reads {
        program.load(Width::Double, R1, R7, record.sector);
    } else {
        reads.read(program, Width::Double, R7, offsets.sector, SECTOR)?;
        program.load(Width::Double, R1, FRAME, SECTOR);
    }
    program.with_register(Operation::Move, R2, R8);
    program.jump("range");

    // The kernel refuses a program with a part that nothing leads to.
    if faults != Faults::OneRangeDiscards {
        program.label("discard");
        program.store(Width::Double, FRAME, REMAINING, R8);
        reads.read(program, Width::Double, R7, offsets.bio, NEXT_BIO)?;
    }

    program.label("next range");
    program.with_value(Operation::Add, R6, 1);
    program.jump_value(When::Above, R6, MAX_RANGES, "range error");
    program.load(Width::Double, R7, FRAME, NEXT_BIO);
    program.jump_value(When::Equal, R7, 0, "ranges end");
    reads.read(program, Width::Double, R7, offsets.bio_sector, SECTOR)?;
    reads.read(program, Width::Word, R7, offsets.bio_size, SIZE)?;
    reads.read(program, Width::Double, R7, offsets.bio_next, NEXT_BIO)?;
    program.load(Width::Double, R1, FRAME, SECTOR);
    program.load(Width::Word, R2, FRAME, SIZE);
    program.load(Width::Double, R3, FRAME, REMAINING);
    program.with_register(Operation::Subtract, R3, R2);
    program.store(Width::Double, FRAME, REMAINING, R3);
    program.jump("range");

    // The ranges must account for every byte that completed.
    program.label("ranges end");
    program.load(Width::Double, R1, FRAME, REMAINING);
    program.jump_value(When::AboveSigned, R1, 0, "range error");
    program.jump("out");
    Some(())
}

/// Marks one range at the finest level that needs few enough marks.
fn mark(program: &mut Assembler, wiring: &Wiring<'_>) {
    let sectors = wiring.block_shift - SECTOR_SHIFT;
    program.label("range");
    program.jump_value(When::Equal, R2, 0, "next range");
    program.with_value(Operation::Add, R2, 511);
    program.with_value(Operation::ShiftRight, R2, 9);
    program.with_register(Operation::Move, R7, R1);
    program.with_value(Operation::ShiftRight, R7, sectors);
    program.with_register(Operation::Move, R8, R1);
    program.with_register(Operation::Add, R8, R2);
    program.with_value(Operation::Subtract, R8, 1);
    program.with_value(Operation::ShiftRight, R8, sectors);
    program.load(Width::Double, R3, FRAME, DISK);
    program.load(Width::Double, R4, R3, BLOCKS);
    program.jump_register(When::AtLeast, R8, R4, "range error");
    for (level, base) in LEVELS.into_iter().enumerate() {
        if level > 0 {
            program.with_value(Operation::ShiftRight, R7, LEVEL_SHIFT);
            program.with_value(Operation::ShiftRight, R8, LEVEL_SHIFT);
        }
        let coarser = format!("coarser than {level}");
        program.with_register(Operation::Move, R4, R8);
        program.with_register(Operation::Subtract, R4, R7);
        program.jump_value(When::AtLeast, R4, MAX_MARKS, coarser.clone());
        program.load(Width::Double, R4, R3, base);
        program.jump("mark");
        program.label(coarser);
    }
    program.jump("range error");

    program.label("mark");
    program.with_register(Operation::Add, R7, R4);
    program.with_register(Operation::Add, R8, R4);
    program.with_value(Operation::Move, R9, 0);
    program.label("next mark");
    // The kernel's verifier follows the way straight on first: that must be the way out, or too many wait to be followed.
    program.jump_register(When::AtMost, R7, R8, "one more");
    program.jump("next range");
    program.label("one more");
    program.jump_value(When::AtLeast, R9, MAX_MARKS, "range error");
    program.with_value(Operation::Add, R9, 1);
    program.with_register(Operation::Move, R1, R7);
    program.with_value(Operation::ShiftRight, R1, 12);
    program.store(Width::Word, FRAME, KEY, R1);
    lookup(program, wiring.marks, "marks", "range error");
    program.with_register(Operation::Move, R1, R7);
    program.with_value(Operation::And, R1, 4095);
    program.with_register(Operation::Add, R0, R1);
    program.store_value(Width::Byte, R0, 0, 1);
    program.with_value(Operation::Add, R7, 1);
    program.jump("next mark");
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
