//! Which blocks a request wrote: its ranges, and the marks for each.

use super::super::assembler::{Assembler, FRAME, Operation, R0, R1, R2, R3, R4, R6, R7, R8, R9, When, Width};
use super::super::offsets::Offsets;
use super::{
    BLOCKS, DISK, Faults, KEY, LEVEL_SHIFT, LEVELS, NEXT_BIO, REMAINING, RUNS, Reads, SECTOR, SECTOR_SHIFT,
    SECTORS, SIZE, TAINT, Wiring, lookup,
};

/// One more than the ranges in one discard; NVMe allows 256.
const MAX_RANGES: i32 = 257;
/// Marks for one range: 16 of a level, and one more when it begins within the first. The kernel's verifier follows every
/// mark of every range of a discard, and from a million steps on it refuses: more marks would bring it near that.
const MAX_MARKS: i32 = 17;

/// Adds up the sectors; a raw command from user space taints the disk, since what it wrote is not known.
pub(super) fn count(program: &mut Assembler, offsets: &Offsets, faults: Faults) {
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
pub(super) fn ranges(program: &mut Assembler, offsets: &Offsets, reads: Reads, faults: Faults) -> Option<()> {
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
pub(super) fn mark(program: &mut Assembler, wiring: &Wiring<'_>) {
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
