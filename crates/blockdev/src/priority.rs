//! Makes a thread stand back behind what the machine is for.

#![expect(unsafe_code, reason = "the kernel's calls for priorities")]

use std::io;

/// `ioprio_set`'s "this process or thread", and best effort at its lowest level.
const WHO_PROCESS: libc::c_int = 1;
const LOWEST_BEST_EFFORT: libc::c_int = (2 << 13) | 7;
const NICENESS: libc::c_int = 10;

/// Lowers the calling thread's share of processor and disk: niceness 10 and the lowest best-effort IO priority.
///
/// Not the idle class: on a disk that is never idle a copy would never end.
pub fn stand_back() -> io::Result<()> {
    // SAFETY: both calls take numbers only and concern the calling thread (id 0).
    unsafe {
        if libc::setpriority(libc::PRIO_PROCESS, 0, NICENESS) != 0 {
            return Err(io::Error::last_os_error());
        }
        if libc::syscall(libc::SYS_ioprio_set, WHO_PROCESS, 0, LOWEST_BEST_EFFORT) != 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

/// Gives the calling thread the usual share again, whatever the thread that started it had. Takes the right to raise
/// priorities, as root has it.
pub fn come_forward() -> io::Result<()> {
    // SAFETY: both calls take numbers only and concern the calling thread (id 0).
    unsafe {
        // Class "none": the kernel derives it from the niceness.
        if libc::setpriority(libc::PRIO_PROCESS, 0, 0) != 0
            || libc::syscall(libc::SYS_ioprio_set, WHO_PROCESS, 0, 0) != 0
        {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_calling_thread_stands_back() {
        // SAFETY: takes numbers only.
        let niceness = || unsafe { libc::getpriority(libc::PRIO_PROCESS, 0) };
        let before = niceness();
        std::thread::spawn(move || {
            stand_back().unwrap();
            assert_eq!(niceness(), NICENESS);
        })
        .join()
        .unwrap();
        assert_eq!(niceness(), before);
    }
}
