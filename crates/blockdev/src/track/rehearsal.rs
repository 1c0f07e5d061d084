//! The program run on requests that are made up, in memory of the kernel's, so that what no device at hand does is tested
//! all the same: discards of several ranges, raw commands, failures, operations that are not known yet.
//!
//! A map's pages are the kernel's memory and this process's at once; a program tells the address that they have there. Only
//! the program that reads by a helper can be run this way. Needs root.

use std::ops::Range;
use std::os::fd::OwnedFd;
use std::sync::atomic::Ordering;

use super::assembler::{Assembler, FRAME, Operation, R0, R1, R2, Width};
use super::kernel::{Kind, PAGE, Program, SharedPages};
use super::marks::Place;
use super::offsets::Offsets;
use super::program::{BLOCKS, Faults, LEVELS, Reads, Wiring, emit, lookup};
use super::target::{Queue, Target};
use super::{Seen, offsets, seen, word};

const DISK: (u32, u32) = (259, 77);
/// A path to a disk that is not tracked, known from the beginning.
const OTHER_PATH: (u32, u32) = (259, 80);
const DISK_BYTES: u64 = 1 << 30;
const BLOCK: u64 = 4096;

/// Pages of what is made up, and how long a `bio` may be in it.
const REQUEST: u64 = 1;
const QUEUE: u64 = 2;
const GENDISK: u64 = 3;
const BIOS: u64 = 4;
const BIO_BYTES: u64 = 256;
const PAGES: u64 = 24;

const READ: u32 = 0;
const WRITE: u32 = 1;
const DISCARD: u32 = 3;
const SECURE_ERASE: u32 = 5;
const WRITE_ZEROES: u32 = 9;
const RAW_READ: u32 = 34;
const RAW_WRITE: u32 = 35;
const UNKNOWN: u32 = 0x7f;
/// Bits above the operation: the write is to be durable, and what came before it.
const DURABLE: u32 = 1 << 17 | 1 << 18;

struct Rehearsal {
    offsets: Offsets,
    memory: SharedPages,
    /// Where the memory is for the kernel.
    address: u64,
    marks: SharedPages,
    _disks: SharedPages,
    counters: SharedPages,
    place: Place,
    program: OwnedFd,
}

/// What completes.
#[derive(Clone, Debug)]
struct Request {
    operation: u32,
    error: i64,
    /// In bytes.
    start: u64,
    completed: u64,
    /// Ranges of its bios, in bytes.
    bios: Vec<Range<u64>>,
    disk: (u32, u32),
}

impl Request {
    fn of(operation: u32, bios: &[Range<u64>]) -> Self {
        let completed = bios.iter().map(|bio| bio.end - bio.start).sum();
        Self { operation, error: 0, start: bios[0].start, completed, bios: bios.to_vec(), disk: DISK }
    }
}

impl Rehearsal {
    fn with(faults: Faults) -> Self {
        let offsets = offsets().unwrap();
        let (place, pages) = Place::new(DISK_BYTES, 0, BLOCK);
        let shared =
            |pages: u64| SharedPages::new(u32::try_from(pages).unwrap()).expect("this test needs root");
        let (marks, disks, counters, memory) = (shared(pages), shared(1), shared(2), shared(PAGES));
        for (field, value) in [BLOCKS].into_iter().chain(LEVELS).zip(place.entry()) {
            word(&disks, 0, field).unwrap().store(value, Ordering::SeqCst);
        }
        let wiring = Wiring {
            marks: marks.descriptor(),
            disks: disks.descriptor(),
            counters: counters.descriptor(),
            copy: 0,
            block_shift: 12,
            queues: &[(DISK, 0)],
            pages: 2,
            other_paths: Some(&[OTHER_PATH]),
        };
        let instructions = emit(&offsets, &wiring, Reads::ByHelper, faults).unwrap();
        let program = Program { instructions, kind: Kind::Raw }.load().unwrap();
        let address = address(&memory);
        Self { offsets, memory, address, marks, _disks: disks, counters, place, program }
    }

    /// Has a request complete, and takes what it left: what is marked, in blocks, and what it counted.
    fn complete(&self, request: &Request) -> (Vec<Range<u64>>, Seen) {
        let before = self.seen();
        let of = &self.offsets;
        let page = |page: u64| self.address + page * PAGE as u64;
        self.put(REQUEST, of.sector, request.start / 512);
        self.put(REQUEST, of.bio, page(BIOS));
        self.put_word(REQUEST, of.flags, request.operation);
        match of.to_disk.as_slice() {
            [disk] => self.put(REQUEST, *disk, page(GENDISK)),
            [queue, disk] => {
                self.put(REQUEST, *queue, page(QUEUE));
                self.put(QUEUE, *disk, page(GENDISK));
            }
            other => unreachable!("{other:?}"),
        }
        self.put_word(GENDISK, of.major, request.disk.0);
        self.put_word(GENDISK, of.first_minor, request.disk.1);
        for (index, bio) in (0..).zip(&request.bios) {
            let at = i32::try_from(index * BIO_BYTES).unwrap();
            let is_last = index + 1 == request.bios.len() as u64;
            self.put(BIOS, at + of.bio_next, if is_last { 0 } else { page(BIOS) + (index + 1) * BIO_BYTES });
            self.put(BIOS, at + of.bio_sector, bio.start / 512);
            self.put_word(BIOS, at + of.bio_size, u32::try_from(bio.end - bio.start).unwrap());
        }
        let arguments = [page(REQUEST), request.error.cast_unsigned(), request.completed];
        super::kernel::run(&self.program, &arguments).unwrap();

        let mut marked = Vec::new();
        self.place.drain(self.marks.words(), &mut |range| {
            marked.push(range.offset / BLOCK..(range.offset + range.length) / BLOCK);
        });
        marked.sort_by_key(|range| range.start);
        let after = self.seen();
        let counted = Seen {
            sectors: after.sectors - before.sectors,
            range_errors: after.range_errors - before.range_errors,
            taint: after.taint - before.taint,
            new_paths: after.new_paths - before.new_paths,
        };
        (marked, counted)
    }

    /// What the program counted of a disk that has paths.
    fn seen(&self) -> Seen {
        let queue = Queue { name: "a path".to_owned(), folder: "/".into(), number: DISK };
        let target = Target { name: "a disk".to_owned(), bytes: DISK_BYTES, queues: vec![queue] };
        seen(&self.counters, 1, 1, 0, &target)[0]
    }

    /// Names the disk that requests are of.
    fn name(&self, name: &str) {
        let mut bytes = [0; 32];
        bytes[..name.len()].copy_from_slice(name.as_bytes());
        for (at, word) in (0..).step_by(4).zip(bytes.as_chunks::<4>().0) {
            self.put_word(GENDISK, self.offsets.disk_name + at, u32::from_le_bytes(*word));
        }
    }

    fn put(&self, page: u64, offset: i32, value: u64) {
        self.put_word(page, offset, u32::try_from(value & u64::from(u32::MAX)).unwrap());
        self.put_word(page, offset + 4, u32::try_from(value >> 32).unwrap());
    }

    fn put_word(&self, page: u64, offset: i32, value: u32) {
        let at = usize::try_from(page).unwrap() * PAGE + usize::try_from(offset).unwrap();
        let shift = (at % 8) * 8;
        let word = &self.memory.words()[at / 8];
        let rest = word.load(Ordering::SeqCst) & !(u64::from(u32::MAX) << shift);
        word.store(rest | u64::from(value) << shift, Ordering::SeqCst);
    }
}

/// Has a program write a map's own address into its first word.
fn address(memory: &SharedPages) -> u64 {
    let mut program = Assembler::default();
    program.with_value(Operation::Move, R1, 0);
    program.store(Width::Word, FRAME, -8, R1);
    program.with_register(Operation::Move, R2, FRAME);
    lookup(&mut program, memory.descriptor(), "found", "out");
    program.store(Width::Double, R0, 0, R0);
    program.label("out");
    program.exit();
    let instructions = program.finish().unwrap();
    let loaded = Program { instructions, kind: Kind::Raw }.load().unwrap();
    super::kernel::run(&loaded, &[0; 3]).unwrap();
    memory.words()[0].load(Ordering::SeqCst)
}

fn bytes(blocks: Range<u64>) -> Range<u64> {
    blocks.start * BLOCK..blocks.end * BLOCK
}

#[test]
fn whatever_may_have_written_leaves_a_mark_and_nothing_else_does() {
    let rehearsal = Rehearsal::with(Faults::None);
    let written = Request::of(WRITE, &[bytes(10..14)]);
    let with = |operation| Request { operation, ..written.clone() };
    let failed = |error| Request { error, ..written.clone() };
    for (request, is_marked) in [
        (written.clone(), true),
        (with(WRITE | DURABLE), true),
        (with(WRITE_ZEROES), true),
        (with(UNKNOWN), true),
        // A failed write may have changed the disk: by status, as of 5.17, and by number, as before.
        (failed(10), true),
        (failed(-5), true),
        (with(READ), false),
        (with(READ | DURABLE), false),
        (with(RAW_READ), false),
        (Request { completed: 0, ..written.clone() }, false),
        (Request { disk: (DISK.0, DISK.1 + 1), ..written.clone() }, false),
    ] {
        let (marked, counted) = rehearsal.complete(&request);
        let wanted = is_marked.then_some(10..14);
        assert_eq!(marked, Vec::from_iter(wanted), "{request:?}");
        assert_eq!(
            counted,
            Seen { sectors: if is_marked { 32 } else { 0 }, ..Seen::default() },
            "{request:?}"
        );
    }
}

#[test]
fn raw_commands_taint_the_disk_and_mark_nothing() {
    let (marked, counted) = Rehearsal::with(Faults::None).complete(&Request::of(RAW_WRITE, &[bytes(10..14)]));
    assert_eq!((marked, counted), (vec![], Seen { sectors: 32, taint: 1, ..Seen::default() }));
}

#[test]
fn a_write_over_a_path_that_is_new_is_noticed_and_no_other_disk_is_taken_for_one() {
    let rehearsal = Rehearsal::with(Faults::None);
    let of = |disk| Request { disk, ..Request::of(WRITE, &[bytes(10..14)]) };
    let new = (DISK.0, DISK.1 + 1);
    for (name, disk, noticed) in [
        ("nvme0c1n1", new, true),
        ("nvme12345c1n1", new, true),
        ("nvme0c1n1", OTHER_PATH, false),
        ("nvme0n1", new, false),
        ("nvme1234n1", new, false),
        ("sdnvmec", new, false),
        ("mmcblk0", new, false),
    ] {
        rehearsal.name(name);
        let (marked, counted) = rehearsal.complete(&of(disk));
        assert_eq!(
            (marked, counted),
            (vec![], Seen { new_paths: u64::from(noticed), ..Seen::default() }),
            "{name}"
        );
    }
    rehearsal.name("nvme0c1n1");
    let (marked, counted) = rehearsal.complete(&Request { operation: READ, ..of(new) });
    assert_eq!((marked, counted), (vec![], Seen::default()), "reads change nothing");
}

#[test]
fn every_range_of_a_discard_is_marked_and_one_range_for_all_is_caught() {
    let ranges = [bytes(1000..1003), bytes(7..8), bytes(200_000..200_040)];
    for operation in [DISCARD, SECURE_ERASE] {
        let discard = Request::of(operation, &ranges);
        let counted = Seen { sectors: 44 * 8, ..Seen::default() };
        let (marked, found) = Rehearsal::with(Faults::None).complete(&discard);
        // 40 blocks are marked 16 at a time.
        assert_eq!((marked, found), (vec![7..8, 1000..1003, 200_000..200_048], counted));
        // It counts as many sectors, so that no accounting would tell.
        let (marked, found) = Rehearsal::with(Faults::OneRangeDiscards).complete(&discard);
        assert_eq!(found, counted);
        assert!(!marked.iter().any(|range| range.contains(&7) || range.contains(&200_000)), "{marked:?}");
    }
}

#[test]
fn what_cannot_be_marked_is_a_range_error() {
    let rehearsal = Rehearsal::with(Faults::None);
    let most = |count: u64| (0..count).map(|index| bytes(index * 10..index * 10 + 1)).collect::<Vec<_>>();
    let end = DISK_BYTES / BLOCK;
    let short = Request::of(DISCARD, &[bytes(5..6)]);
    for (request, errors) in [
        (Request::of(DISCARD, &most(256)), 0),
        (Request::of(DISCARD, &most(257)), 1),
        // Its bios are gone, or do not tell of all that completed.
        (Request { completed: 2 * BLOCK, ..short.clone() }, 1),
        (short, 0),
        (Request::of(WRITE, &[bytes(end - 1..end)]), 0),
        (Request::of(WRITE, &[bytes(end - 1..end + 1)]), 1),
    ] {
        let (marked, counted) = rehearsal.complete(&request);
        let (operation, bios) = (request.operation, request.bios.len());
        assert_eq!(counted.range_errors, errors, "operation {operation} of {bios} ranges");
        for bio in request.bios.iter().filter(|_| errors == 0) {
            assert!(
                marked.iter().any(|range| range.contains(&(bio.start / BLOCK))),
                "{bio:?} of {request:?}"
            );
        }
    }
}
