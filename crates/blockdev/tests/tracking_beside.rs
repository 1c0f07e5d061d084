//! Trackers that are right until something else happens on the same processor: the suite must catch them too.
//!
//! Requests complete whenever the disk is done, also while a processor runs a program of the kernel's. The processor that
//! writes here does nearly nothing else than to run one, and has its completions brought to it by interrupts
//! (`queue/rq_affinity` 2) from the other, where the loop device works: so most of them meet a program that runs, where in
//! life few do. Where the kernel lets the loop device work is its affair, so tries are made until one shows it. On a machine
//! with one processor no interrupt comes from another one, and the tests say that they did not run.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::cast_possible_truncation,
    reason = "a test fails by panicking; small sizes of a 64-bit test"
)]

mod tracking_kit;

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use blockdev::track::{Coverage, Faults, Unproven, UnrelatedTracer};
use tracking_kit::outcome::{Outcome, check, write_once};
use tracking_kit::{Disk, folder, tool};

const BYTES: u64 = 16 << 20;
const TRIES: usize = 20;

/// Two of these at once would share the processors.
static ALONE: Mutex<()> = Mutex::new(());

/// A thread on this thread's processor that asks for its priority all the time, until this is dropped. Programs that are
/// made for it take their time then. Meanwhile this thread, and what it starts, stay on that processor.
struct Busy {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    everywhere: libc::cpu_set_t,
}

impl Busy {
    fn here() -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let everywhere = stay_here();
        let stopped = stop.clone();
        let thread = thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                ask_for_priority();
            }
        });
        Self { stop, thread: Some(thread), everywhere }
    }
}

#[allow(unsafe_code, reason = "a system call that has no safe one in what this uses")]
fn ask_for_priority() {
    // SAFETY: it takes numbers and touches no memory.
    let _ = unsafe { libc::getpriority(libc::PRIO_PROCESS, 0) };
}

/// Keeps this thread on the processor that it runs on; returns where it might run before.
#[allow(unsafe_code, reason = "system calls that have no safe ones in what this uses")]
fn stay_here() -> libc::cpu_set_t {
    // SAFETY: sets of processors are numbers, of which zero is one, and are as long as is said.
    unsafe {
        let (mut before, mut here): (libc::cpu_set_t, libc::cpu_set_t) =
            (std::mem::zeroed(), std::mem::zeroed());
        assert_eq!(libc::sched_getaffinity(0, size_of_val(&before), &raw mut before), 0);
        libc::CPU_SET(usize::try_from(libc::sched_getcpu()).unwrap(), &mut here);
        assert_eq!(libc::sched_setaffinity(0, size_of_val(&here), &raw const here), 0);
        before
    }
}

impl Drop for Busy {
    #[allow(unsafe_code, reason = "a system call that has no safe one in what this uses")]
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap();
        // SAFETY: the set is one that the kernel gave.
        unsafe { libc::sched_setaffinity(0, size_of_val(&self.everywhere), &raw const self.everywhere) };
    }
}

fn written_once<T>(faults: Faults, beside: impl FnOnce() -> T) -> Outcome {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = folder();
    let disk = Disk::new(folder.path(), "disk", BYTES);
    let queue = Path::new("/sys/block").join(disk.path.file_name().unwrap()).join("queue");
    fs::write(queue.join("rq_affinity"), "2").unwrap();
    let outcome = write_once(&disk, BYTES, faults, beside);
    // The loop device is somebody else's afterwards.
    fs::write(queue.join("rq_affinity"), "1").unwrap();
    outcome
}

fn has_one_processor() -> bool {
    let one = thread::available_parallelism().unwrap().get() < 2;
    if one {
        eprintln!("not run: this machine has one processor, which nobody interrupts with a completion");
    }
    one
}

/// Whether one of a few tries came to this; each is held to the promise.
fn comes_to(name: &str, outcome: impl Fn() -> Outcome, wanted: impl Fn(&Outcome) -> bool) -> bool {
    (0..TRIES).any(|_| {
        let outcome = outcome();
        eprintln!("{name}: {outcome:?}");
        let is_wanted = wanted(&outcome);
        check(name, vec![outcome]);
        is_wanted
    })
}

fn lost_writes(outcome: &Outcome) -> bool {
    outcome.stale_blocks > 0
        && matches!(outcome.coverage, Coverage::Unproven(Unproven::Deficit { sectors }) if sectors > 0)
}

#[test]
fn one_copy_that_is_interrupted_by_its_like_loses_writes_and_three_do_not() {
    if has_one_processor() {
        return;
    }
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    let mut numbers = release.split(|letter: char| !letter.is_ascii_digit()).map(str::parse::<u32>);
    let version = (numbers.next().unwrap().unwrap(), numbers.next().unwrap().unwrap());
    let nested = |copies| written_once(Faults::Nested(copies), Busy::here);
    if version < (6, 1) {
        // Such a kernel runs a program within itself, so one copy is enough.
        assert!(comes_to("one copy, before 6.1", || nested(1), |outcome| outcome.stale_blocks == 0));
        return;
    }
    assert!(comes_to("one copy", || nested(1), lost_writes));
    // While one of three is interrupted the others mark. No copy has seen everything then, which forbids to claim it.
    assert!(comes_to("three copies", || nested(3), |outcome| outcome.stale_blocks == 0));
}

#[test]
fn a_classic_tracepoint_loses_writes_beside_an_unrelated_tracer() {
    if has_one_processor() {
        return;
    }
    if !Path::new("/sys/kernel/tracing/events").is_dir() {
        tool("mount", &["-t", "tracefs", "none", "/sys/kernel/tracing"]);
    }
    let alone = || written_once(Faults::Classic, Busy::here);
    let is_proven = |outcome: &Outcome| outcome.coverage == Coverage::Proven;
    assert!(comes_to("classic, alone", alone, is_proven));
    let beside = |faults| written_once(faults, || (UnrelatedTracer::attach().unwrap(), Busy::here()));
    assert!(comes_to("classic, beside a tracer", || beside(Faults::Classic), lost_writes));
    assert!(comes_to("raw, beside a tracer", || beside(Faults::None), is_proven));
}
