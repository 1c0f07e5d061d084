//! The system calls of freezing. None of them allocates, so they may be made while filesystems are frozen and by the
//! watchdog, which is a forked process.

#![expect(unsafe_code, reason = "system calls, pipes and a fork")]

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd, RawFd};

const FIFREEZE: libc::c_long = 0xc004_5877;
const FITHAW: libc::c_long = 0xc004_5878;

pub(super) fn freeze(point: RawFd) -> io::Result<()> {
    control(point, FIFREEZE)
}

pub(super) fn thaw(point: RawFd) -> io::Result<()> {
    control(point, FITHAW)
}

fn control(point: RawFd, request: libc::c_long) -> io::Result<()> {
    // As a plain system call, for the C libraries differ in the type of a request.
    // SAFETY: both requests ignore their argument; a descriptor that is none is an error.
    let result = unsafe { libc::syscall(libc::SYS_ioctl, point, request, 0) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

pub(super) fn sync(point: BorrowedFd<'_>) -> io::Result<()> {
    Ok(rustix::fs::syncfs(point)?)
}

/// What a poll of the watchdog's pipe came to.
pub(super) enum Heard {
    Message(u64),
    /// The other end is gone.
    End,
    Nothing,
}

/// Waits for eight bytes; without a limit when `milliseconds` is negative.
pub(super) fn hear(pipe: RawFd, milliseconds: i32) -> Heard {
    let mut poll = libc::pollfd { fd: pipe, events: libc::POLLIN, revents: 0 };
    // SAFETY: one valid structure.
    match unsafe { libc::poll(&raw mut poll, 1, milliseconds) } {
        0 => return Heard::Nothing,
        ready if ready < 0 => return Heard::Nothing,
        _ => {}
    }
    let mut bytes = [0_u8; 8];
    // SAFETY: the buffer is as long as said. Eight bytes are written to a pipe at once or not at all.
    match unsafe { libc::read(pipe, bytes.as_mut_ptr().cast(), bytes.len()) } {
        8 => Heard::Message(u64::from_ne_bytes(bytes)),
        _ => Heard::End,
    }
}

/// Sends eight bytes.
pub(super) fn say(pipe: RawFd, message: u64) -> io::Result<()> {
    let bytes = message.to_ne_bytes();
    // SAFETY: the buffer is as long as said.
    match unsafe { libc::send(pipe, bytes.as_ptr().cast(), bytes.len(), libc::MSG_NOSIGNAL) } {
        8 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Two connected sockets: unlike with a pipe, to write when the other end is gone is an error and not a signal.
pub(super) fn connected() -> io::Result<(OwnedFd, OwnedFd)> {
    let (left, right) = std::os::unix::net::UnixStream::pair()?;
    Ok((left.into(), right.into()))
}

/// Forks a process that runs `body`, holding only `kept` of this process's descriptors, which must be sorted.
///
/// `body` runs in a copy of one thread: it must not allocate, lock or return.
pub(super) fn fork(kept: &[RawFd], body: impl FnOnce()) -> io::Result<libc::pid_t> {
    // SAFETY: the child calls only system calls (its own session, signals, closing, then `body`, which keeps to the
    // rule above) and ends by `_exit`, so it meets no lock that another thread held at the fork.
    unsafe {
        let child = libc::fork();
        if child < 0 {
            return Err(io::Error::last_os_error());
        }
        if child > 0 {
            return Ok(child);
        }
        libc::setsid();
        // What ends the agent politely must not end the watchdog before it has thawed.
        for signal in [libc::SIGTERM, libc::SIGINT, libc::SIGHUP, libc::SIGPIPE] {
            libc::signal(signal, libc::SIG_IGN);
        }
        let mut next = 0;
        for descriptor in kept {
            close_range(next, *descriptor);
            next = *descriptor + 1;
        }
        close_range(next, RawFd::MAX);
        body();
        libc::_exit(0)
    }
}

/// Closes descriptors from `first` up to but not including `after`.
fn close_range(first: RawFd, after: RawFd) {
    if first >= after {
        return;
    }
    // SAFETY: runs in the forked child, whose copies nobody else uses. Kernels before 5.9 lack the call.
    unsafe {
        if libc::syscall(libc::SYS_close_range, first, after - 1, 0) != 0 {
            for descriptor in first..after.min(1 << 16) {
                libc::close(descriptor);
            }
        }
    }
}

/// Waits for a child to end.
pub(super) fn reap(child: libc::pid_t) {
    // SAFETY: no status is asked for.
    while unsafe { libc::waitpid(child, std::ptr::null_mut(), 0) } < 0 && interrupted() {}
}

fn interrupted() -> bool {
    io::Error::last_os_error().kind() == io::ErrorKind::Interrupted
}
