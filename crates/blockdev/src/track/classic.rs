//! Programs of the classic tracepoint type, only for tests that show why tracking has another: the kernel runs one of them
//! at a time on a processor, whoever loaded it, and what comes meanwhile is lost without being counted.

#![allow(unsafe_code)] // System calls; each block says why it is sound.

use std::fs;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use super::assembler::Assembler;
use super::kernel::{Kind, Program};
use super::program::hold;

const EVENTS: &str = "/sys/kernel/tracing/events";
const SET_PROGRAM: libc::c_ulong = 0x4004_2408;
const ENABLE: libc::c_ulong = 0x2400;
const OF_TRACEPOINTS: u32 = 2;

/// Where the record of a completed request has what the program reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) device: i16,
    pub(super) sector: i16,
    pub(super) sectors: i16,
    /// The operation as a letter.
    pub(super) operation: i16,
}

impl Record {
    pub(super) fn find() -> io::Result<Self> {
        let format = fs::read_to_string(format!("{EVENTS}/block/block_rq_complete/format"))?;
        let field = |name: &str| {
            let line = format.lines().find(|line| line.contains(name));
            let offset = line.and_then(|line| line.split("offset:").nth(1)?.split(';').next()?.parse().ok());
            offset.ok_or_else(|| io::Error::other(format!("the record of a request has no {name}")))
        };
        Ok(Self {
            device: field(" dev;")?,
            sector: field(" sector;")?,
            sectors: field(" nr_sector;")?,
            operation: field(" rwbs[")?,
        })
    }
}

/// Runs a loaded program at an event, given as `group/event`, until the descriptor is closed.
pub(super) fn attach(loaded: &OwnedFd, event: &str) -> io::Result<OwnedFd> {
    let id = fs::read_to_string(format!("{EVENTS}/{event}/id"))?;
    let id: u64 = id.trim().parse().map_err(io::Error::other)?;
    // The first version of the structure: type, size, which event, and every one of them.
    let mut attributes = [0_u64; 8];
    attributes[0] = u64::from(OF_TRACEPOINTS) | 64 << 32;
    attributes[1] = id;
    attributes[2] = 1;
    // SAFETY: the structure is as long as it says; the kernel only reads it. The new descriptor is nobody else's, and the
    // two requests take a descriptor and nothing.
    unsafe {
        let opened = libc::syscall(libc::SYS_perf_event_open, attributes.as_ptr(), -1, 0, -1, 8);
        let opened = i32::try_from(opened).map_err(io::Error::other)?;
        if opened < 0 {
            return Err(io::Error::last_os_error());
        }
        let opened = OwnedFd::from_raw_fd(opened);
        for (request, argument) in [(SET_PROGRAM, loaded.as_raw_fd()), (ENABLE, 0)] {
            if libc::syscall(libc::SYS_ioctl, opened.as_raw_fd(), request, argument) < 0 {
                return Err(io::Error::last_os_error());
            }
        }
        Ok(opened)
    }
}

/// Somebody's program that has nothing to do with disks: it takes its time whenever a process asks for its priority.
#[doc(hidden)]
pub struct UnrelatedTracer {
    _attached: OwnedFd,
}

impl UnrelatedTracer {
    /// Traces until it is dropped. Needs tracefs at its usual place.
    pub fn attach() -> io::Result<Self> {
        let mut program = Assembler::default();
        hold(&mut program);
        let instructions = program.finish().ok_or(io::ErrorKind::InvalidData)?;
        let loaded = Program { instructions, kind: Kind::Classic }.load()?;
        Ok(Self { _attached: attach(&loaded, "syscalls/sys_enter_getpriority")? })
    }
}
