//! The few calls of `bpf(2)` that tracking needs, and memory shared with the kernel.

#![allow(unsafe_code)] // System calls and a shared mapping; each block says why it is sound.

use std::ffi::CStr;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr::NonNull;
use std::sync::atomic::AtomicU64;

/// Maps are arrays of pages, so that one lookup reaches any byte on every kernel.
pub(super) const PAGE: usize = 4096;

const MAP_CREATE: libc::c_long = 0;
const PROGRAM_LOAD: libc::c_long = 5;
const RAW_TRACEPOINT_OPEN: libc::c_long = 17;
const TYPE_ARRAY: u32 = 2;
const TYPE_TRACEPOINT: u32 = 5;
const TYPE_RAW_TRACEPOINT: u32 = 17;
const TYPE_TRACING: u32 = 26;
/// Of a tracing program: a raw tracepoint, and neither the beginning nor the end of a function.
const AT_RAW_TRACEPOINT: u32 = 23;
const MMAPABLE: u32 = 1 << 10;
/// How often a program is given to the kernel that was interrupted while it verified it.
const LOAD_ATTEMPTS: usize = 100;
const LICENCE: &CStr = c"GPL";

/// An array of pages that the program writes and this process reads and takes from.
pub(super) struct SharedPages {
    descriptor: OwnedFd,
    address: NonNull<AtomicU64>,
    words: usize,
}

// SAFETY: the mapping is only reached through `&[AtomicU64]`, lives as long as the value, and belongs to no thread.
unsafe impl Send for SharedPages {}
// SAFETY: as above; all access is atomic.
unsafe impl Sync for SharedPages {}

impl SharedPages {
    pub(super) fn new(pages: u32) -> io::Result<Self> {
        let mut attributes = Attributes::default();
        attributes.words(0, &[TYPE_ARRAY, 4, 4096, pages, MMAPABLE]);
        let descriptor = attributes.call(MAP_CREATE)?;
        let length = usize::try_from(pages).unwrap_or(usize::MAX).saturating_mul(PAGE);
        // SAFETY: a new mapping at an address the kernel chooses; no existing memory is touched.
        let address = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                length,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED,
                descriptor.as_raw_fd(),
                0,
            )
        };
        if address == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let address = NonNull::new(address.cast()).ok_or_else(io::Error::last_os_error)?;
        Ok(Self { descriptor, address, words: length / 8 })
    }

    pub(super) fn words(&self) -> &[AtomicU64] {
        // SAFETY: the mapping is page aligned, `words` long, and unmapped only when `self` is dropped. The kernel's
        // plain stores of bytes race only with atomic operations of this process on memory outside Rust's view.
        unsafe { std::slice::from_raw_parts(self.address.as_ptr(), self.words) }
    }

    pub(super) fn descriptor(&self) -> i32 {
        self.descriptor.as_raw_fd()
    }
}

impl Drop for SharedPages {
    fn drop(&mut self) {
        // SAFETY: unmaps exactly what `new` mapped; no reference outlives `self`.
        unsafe { libc::munmap(self.address.as_ptr().cast(), self.words * 8) };
    }
}

/// A program for a tracepoint.
pub(super) struct Program {
    pub(super) instructions: Vec<u64>,
    pub(super) kind: Kind,
}

/// What type of program the kernel is told that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// For a raw tracepoint whose type has this id of the kernel's. The program reads structures as the kernel's types have
    /// them: it follows pointers by plain loads, which cost a fraction of a helper's call.
    Typed(u32),
    /// For a raw tracepoint; what it reads it asks a helper for.
    Raw,
    /// For a tracepoint's record, as tests have it.
    Classic,
}

impl Program {
    /// Loads it and returns its descriptor.
    pub(super) fn load(&self) -> io::Result<OwnedFd> {
        Self::verified(&self.attributes()?)
    }

    /// The verifier gives up whenever anything wants the thread's attention, be it a stop or work of io_uring, and says
    /// "try again": that is no answer about the program.
    fn verified(attributes: &Attributes) -> io::Result<OwnedFd> {
        for _ in 1..LOAD_ATTEMPTS {
            match attributes.call(PROGRAM_LOAD) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                outcome => return outcome,
            }
        }
        attributes.call(PROGRAM_LOAD)
    }

    /// Returns what the kernel's verifier says, if it refuses it.
    pub(super) fn complaint(&self) -> String {
        let mut log = vec![0_u8; 1 << 20];
        let Ok(mut attributes) = self.attributes() else { return String::new() };
        attributes.words(24, &[1, 1 << 20]);
        attributes.pointer(32, log.as_mut_ptr().expose_provenance());
        if Self::verified(&attributes).is_ok() {
            return String::new();
        }
        let text = log.split(|byte| *byte == 0).next().unwrap_or_default();
        let text = String::from_utf8_lossy(text);
        let lines: Vec<&str> = text.lines().rev().take(4).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("; ")
    }

    /// Runs it, loaded, at every event of a tracepoint for as long as the returned descriptor is open.
    pub(super) fn attach(&self, loaded: &OwnedFd, tracepoint: &CStr) -> io::Result<OwnedFd> {
        let mut attributes = Attributes::default();
        // A typed program has named its tracepoint when it was loaded.
        if self.kind == Kind::Raw {
            attributes.pointer(0, tracepoint.as_ptr().addr());
        }
        attributes.words(8, &[u32::try_from(loaded.as_raw_fd()).map_err(|_| io::ErrorKind::InvalidInput)?]);
        attributes.call(RAW_TRACEPOINT_OPEN)
    }

    fn attributes(&self) -> io::Result<Attributes> {
        let mut attributes = Attributes::default();
        let count = u32::try_from(self.instructions.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
        let kind = match self.kind {
            Kind::Typed(_) => TYPE_TRACING,
            Kind::Raw => TYPE_RAW_TRACEPOINT,
            Kind::Classic => TYPE_TRACEPOINT,
        };
        attributes.words(0, &[kind, count]);
        attributes.pointer(8, self.instructions.as_ptr().addr());
        attributes.pointer(16, LICENCE.as_ptr().addr());
        attributes.name(48, b"landfall_track");
        if let Kind::Typed(id) = self.kind {
            attributes.words(68, &[AT_RAW_TRACEPOINT]);
            attributes.words(108, &[id]);
        }
        Ok(attributes)
    }
}

/// Runs a program for a raw tracepoint once, with these arguments in place of an event's.
#[cfg(test)]
pub(super) fn run(loaded: &OwnedFd, arguments: &[u64; 3]) -> io::Result<()> {
    const PROGRAM_TEST_RUN: libc::c_long = 10;
    let mut attributes = Attributes::default();
    attributes.words(0, &[u32::try_from(loaded.as_raw_fd()).map_err(|_| io::ErrorKind::InvalidInput)?]);
    attributes.words(40, &[24]);
    attributes.pointer(48, arguments.as_ptr().addr());
    // SAFETY: the structure is zeroed but for valid fields, its length is passed, and the arguments outlive the call.
    let result =
        unsafe { libc::syscall(libc::SYS_bpf, PROGRAM_TEST_RUN, attributes.0.as_ptr(), attributes.0.len()) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Lets this process lock the memory of its maps: kernels before 5.11 count them against this limit.
pub(super) fn raise_memory_limit() {
    let limit = libc::rlimit { rlim_cur: libc::RLIM_INFINITY, rlim_max: libc::RLIM_INFINITY };
    // SAFETY: passes a valid structure. A refusal shows when the map is made.
    unsafe { libc::setrlimit(libc::RLIMIT_MEMLOCK, &raw const limit) };
}

/// The argument of `bpf(2)`: a union of structures, filled by offset.
#[repr(C, align(8))]
struct Attributes([u8; 120]);

impl Default for Attributes {
    fn default() -> Self {
        Self([0; 120])
    }
}

impl Attributes {
    fn words(&mut self, at: usize, values: &[u32]) {
        for (index, value) in values.iter().enumerate() {
            self.0[at + index * 4..][..4].copy_from_slice(&value.to_ne_bytes());
        }
    }

    fn pointer(&mut self, at: usize, address: usize) {
        self.0[at..at + size_of::<usize>()].copy_from_slice(&address.to_ne_bytes());
    }

    fn name(&mut self, at: usize, name: &[u8]) {
        self.0[at..at + name.len()].copy_from_slice(name);
    }

    fn call(&self, command: libc::c_long) -> io::Result<OwnedFd> {
        // SAFETY: the structure is zeroed but for valid fields, and its length is passed; buffers that it points at
        // outlive the call in every caller. These commands return a new descriptor, which nobody else owns.
        unsafe {
            let result = libc::syscall(libc::SYS_bpf, command, self.0.as_ptr(), self.0.len());
            let descriptor = i32::try_from(result).map_err(|_| io::ErrorKind::InvalidData)?;
            if descriptor < 0 {
                return Err(io::Error::last_os_error());
            }
            Ok(OwnedFd::from_raw_fd(descriptor))
        }
    }
}
