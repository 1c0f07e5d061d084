//! Several reads of one call: through an io_uring where the kernel has one, else one after the other.
#![expect(unsafe_code, reason = "the kernel reads into memory that the borrow checker cannot follow")]

use std::io;
use std::os::fd::AsRawFd;

use io_uring::{IoUring, Probe, opcode, squeue, types};

use super::{Buffer, Place, ReadError, Reader};

/// Reads in flight at once: deep enough for a disk to serve them together, and no flood for one that has others to serve.
const DEPTH: u8 = 8;

/// What several reads go through. Once it is there, reading through it allocates nothing.
pub struct Queue {
    ring: Option<IoUring>,
    flights: [Option<Flight>; DEPTH as usize],
}

/// A read in flight.
#[derive(Clone, Copy)]
struct Flight {
    /// Its place in the list of those to be read.
    number: usize,
    /// Bytes that arrived: a read may end short, and then goes on from here.
    done: usize,
}

/// One of several reads failed.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub struct NotRead {
    /// Which, in the order asked for.
    pub number: usize,
    /// Why.
    pub error: ReadError,
}

impl Default for Queue {
    fn default() -> Self {
        Self::new()
    }
}

impl Queue {
    /// Makes a queue; without an io_uring where the kernel has none, forbids it, or cannot read by it (before 5.6).
    pub fn new() -> Self {
        Self { ring: ring(), flights: [None; DEPTH as usize] }
    }

    /// Makes a queue that reads one after the other.
    pub fn one_by_one() -> Self {
        Self { ring: None, flights: [None; DEPTH as usize] }
    }

    /// Returns whether several reads are in flight at once.
    pub fn is_ring(&self) -> bool {
        self.ring.is_some()
    }
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Queue").field("ring", &self.is_ring()).finish_non_exhaustive()
    }
}

fn ring() -> Option<IoUring> {
    let ring = IoUring::new(DEPTH.into()).ok()?;
    let mut probe = Probe::new();
    ring.submitter().register_probe(&mut probe).ok()?;
    probe.is_supported(opcode::Read::CODE).then_some(ring)
}

impl Reader {
    /// Reads all `places` into `buffer`, several at a time where `queue` can; see [`Reader::read_in_place`]. After a failure
    /// what is in the places is of no use.
    pub fn read_places(
        &self,
        queue: &mut Queue,
        buffer: &mut Buffer,
        places: &[Place],
    ) -> Result<(), NotRead> {
        let Queue { ring: slot, flights } = queue;
        let one = places.len() < 2;
        let Some(ring) = slot.as_mut().filter(|_| !one) else {
            return places.iter().enumerate().try_for_each(|(number, place)| {
                self.read_in_place(buffer, *place).map_err(|error| NotRead { number, error })
            });
        };
        for (number, place) in places.iter().enumerate() {
            self.check_place(buffer, *place).map_err(|error| NotRead { number, error })?;
        }
        match read_all(ring, flights, self, buffer, places) {
            Ok(outcome) => outcome,
            Err(source) => {
                // The kernel may still write to where reads were on their way to, so that is never used or unmapped again.
                buffer.abandon();
                *flights = [None; DEPTH as usize];
                *slot = None;
                let error = self.failed(0, 0, io::Error::other(format!("the io_uring failed: {source}")));
                Err(NotRead { number: 0, error })
            }
        }
    }
}

/// Reads through a ring until nothing is in flight; an error of the ring itself leaves reads in flight.
fn read_all(
    ring: &mut IoUring,
    flights: &mut [Option<Flight>; DEPTH as usize],
    reader: &Reader,
    buffer: &mut Buffer,
    places: &[Place],
) -> io::Result<Result<(), NotRead>> {
    let (submitter, mut submissions, mut completions) = ring.split();
    let (mut next, mut failure) = (0, None);
    loop {
        for (slot, free) in flights.iter_mut().enumerate() {
            if free.is_none() && failure.is_none() && next < places.len() {
                let flight = Flight { number: next, done: 0 };
                // SAFETY: `push` promises what the kernel needs, and `read_places` has checked each place.
                unsafe { push(&mut submissions, reader, buffer, places[next], slot, flight) }?;
                *free = Some(flight);
                next += 1;
            }
        }
        if flights.iter().all(Option::is_none) {
            return Ok(failure.map_or(Ok(()), Err));
        }
        submissions.sync();
        if let Err(error) = submitter.submit_and_wait(1)
            && !matches!(error.raw_os_error(), Some(EINTR | EAGAIN | EBUSY))
        {
            return Err(error);
        }
        // What the kernel took has room again, and what it did is to be seen.
        submissions.sync();
        completions.sync();
        for entry in &mut completions {
            let slot = usize::try_from(entry.user_data()).unwrap_or(usize::MAX);
            let Some(flight) = flights.get_mut(slot).and_then(Option::take) else { continue };
            let place = places[flight.number];
            let rest = place.bytes - flight.done;
            let again = match usize::try_from(entry.result()) {
                Ok(count) if count >= rest => continue,
                // Goes on at a block: what a direct read starts at.
                Ok(count) => match count - count % reader.block_bytes() as usize {
                    0 => Err(io::ErrorKind::UnexpectedEof.into()),
                    arrived => Ok(Flight { done: flight.done + arrived, ..flight }),
                },
                Err(_) if matches!(-entry.result(), EINTR | EAGAIN) => Ok(flight),
                Err(_) => Err(io::Error::from_raw_os_error(-entry.result())),
            };
            match again {
                Ok(flight) => {
                    // SAFETY: as above.
                    unsafe { push(&mut submissions, reader, buffer, place, slot, flight) }?;
                    flights[slot] = Some(flight);
                }
                Err(source) => {
                    let error = reader.failed(place.offset, place.bytes as u64, source);
                    failure.get_or_insert(NotRead { number: flight.number, error });
                }
            }
        }
    }
}

/// Puts a read into the submission queue, which has a place for each flight.
///
/// # Safety
///
/// The place must lie in the buffer. The file is open and the buffer mapped and untouched until the read has completed:
/// both are borrowed until none is in flight, or the buffer is abandoned.
unsafe fn push(
    submissions: &mut squeue::SubmissionQueue<'_>,
    reader: &Reader,
    buffer: &mut Buffer,
    place: Place,
    slot: usize,
    flight: Flight,
) -> io::Result<()> {
    // SAFETY: `done` is less than the length of the place, which lies in the buffer.
    let memory = unsafe { buffer.as_mut_ptr().add(place.at + flight.done) };
    let rest = u32::try_from(place.bytes - flight.done).unwrap_or(u32::MAX);
    let read = opcode::Read::new(types::Fd(reader.inner.file.as_raw_fd()), memory, rest)
        .offset(place.offset + flight.done as u64)
        .build()
        .user_data(slot as u64);
    // SAFETY: the caller's promise.
    unsafe { submissions.push(&read) }.map_err(|_| io::Error::other("its submission queue is full"))
}

const EINTR: i32 = rustix::io::Errno::INTR.raw_os_error();
const EAGAIN: i32 = rustix::io::Errno::AGAIN.raw_os_error();
const EBUSY: i32 = rustix::io::Errno::BUSY.raw_os_error();
