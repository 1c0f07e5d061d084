//! Page-aligned memory.
#![expect(unsafe_code, reason = "mappings are made and freed by hand: page-aligned, lockable memory")]

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::ptr::{self, NonNull};
use std::slice;

use rustix::mm::{MapFlags, ProtFlags, mlock, mmap_anonymous, munmap};

use super::ReadError;

/// Memory of its own mapping: page-aligned, as direct reads need it, and zero at first.
pub struct Buffer {
    start: NonNull<u8>,
    bytes: usize,
}

// SAFETY: the mapping is owned by this value alone and is plain memory; nothing ties it to a thread.
unsafe impl Send for Buffer {}
// SAFETY: shared access only reads.
unsafe impl Sync for Buffer {}

impl Buffer {
    /// Maps `bytes` of memory, at least one.
    pub fn new(bytes: usize) -> Result<Self, ReadError> {
        let bytes = bytes.max(1);
        // SAFETY: a new private anonymous mapping at an address of the kernel's choice touches no memory in use.
        let start = unsafe {
            mmap_anonymous(ptr::null_mut(), bytes, ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE)
        };
        let start = start.map_err(|error| ReadError::Memory { bytes, source: error.into() })?;
        let Some(start) = NonNull::new(start.cast()) else {
            return Err(ReadError::Memory { bytes, source: std::io::ErrorKind::OutOfMemory.into() });
        };
        Ok(Self { start, bytes })
    }

    /// Maps `bytes` of memory that is present and cannot be swapped out: writing to it while filesystems are frozen
    /// waits for no disk.
    pub fn locked(bytes: usize) -> Result<Self, ReadError> {
        let buffer = Self::new(bytes)?;
        // SAFETY: the range is this buffer's own mapping. It is unlocked by unmapping it.
        unsafe { mlock(buffer.start.as_ptr().cast(), buffer.bytes) }
            .map_err(|error| ReadError::Memory { bytes, source: error.into() })?;
        Ok(buffer)
    }

    /// Leaves the memory mapped for good, and is empty from now on: for when the kernel may still write to it.
    pub(super) fn abandon(&mut self) {
        *self = Self { start: NonNull::dangling(), bytes: 0 };
    }

    pub(super) fn as_mut_ptr(&mut self) -> *mut u8 {
        self.start.as_ptr()
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: the mapping has `bytes` initialised (zeroed) bytes, lives as long as `self`, and is not written through
        // anything else while it is borrowed: a queue borrows a buffer mutably for as long as the kernel writes to it.
        unsafe { slice::from_raw_parts(self.start.as_ptr(), self.bytes) }
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `deref`, and `&mut self` makes it the only access.
        unsafe { slice::from_raw_parts_mut(self.start.as_ptr(), self.bytes) }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if self.bytes == 0 {
            return;
        }
        // SAFETY: the mapping was made by `new` with this length, and no reference into it outlives `self`. An error
        // would leak it, which is all that can be done.
        let _ = unsafe { munmap(self.start.as_ptr().cast(), self.bytes) };
    }
}

impl fmt::Debug for Buffer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Buffer").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}
