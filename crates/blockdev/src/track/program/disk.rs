//! Whether a request wrote, and to which disk.

use super::super::assembler::{Assembler, FRAME, Operation, R0, R1, R2, R3, R4, R6, R7, R8, R9, When, Width};
use super::super::offsets::Offsets;
use super::{COUNTERS, DISK, Faults, KEY, READ, Reads, SECTOR, SECTOR_SHIFT, TAINT, Wiring, lookup};

/// Digits of an NVMe subsystem's number at the most.
const MOST_DIGITS: i32 = 5;

/// Leaves the request in register 7, its bytes in 8, its operation in 9; reads and empty requests end here.
pub(super) fn filter(program: &mut Assembler, offsets: &Offsets, reads: Reads, faults: Faults) -> Option<()> {
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
pub(super) fn find_disk(
    program: &mut Assembler,
    offsets: &Offsets,
    reads: Reads,
    wiring: &Wiring<'_>,
) -> Option<()> {
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
