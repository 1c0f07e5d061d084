//! Reads through an io_uring.
#![expect(unsafe_code, reason = "the kernel reads into memory that the borrow checker cannot follow")]

use std::io;
use std::mem;
use std::os::fd::AsRawFd;

use io_uring::{IoUring, Probe, opcode, types};

use super::ReadError;
use super::buffer::Buffer;
use super::pieces::{Piece, Pieces};
use super::stream::Work;

/// An io_uring and the reads in it.
pub(super) struct Ring {
    ring: IoUring,
    /// Reads in flight, at the place that their `user_data` names. Their buffers belong to the kernel meanwhile.
    flights: Vec<Option<Flight>>,
}

struct Flight {
    piece: Piece,
    buffer: Buffer,
    /// Bytes that arrived: a read may end short, and then goes on from here.
    done: usize,
}

impl Ring {
    /// Makes a ring for `depth` reads; `None` where the kernel has no io_uring, forbids it, or cannot read by it (before 5.6).
    pub(super) fn new(depth: usize) -> Option<Self> {
        let ring = IoUring::new(u32::try_from(depth).ok()?.next_power_of_two()).ok()?;
        let mut probe = Probe::new();
        ring.submitter().register_probe(&mut probe).ok()?;
        let flights = (0..depth).map(|_| None).collect();
        probe.is_supported(opcode::Read::CODE).then_some(Self { ring, flights })
    }

    /// Reads all pieces, until done or the consumer is gone.
    pub(super) fn run(mut self, work: &Work, mut pieces: Pieces) {
        let mut more = true;
        loop {
            while more && let Some(slot) = self.flights.iter().position(Option::is_none) {
                // With nothing in flight only the consumer can free a buffer; otherwise a completion comes first.
                let idle = self.flights.iter().all(Option::is_none);
                let buffer = if idle { work.pool.take() } else { work.pool.try_take() };
                let Some(buffer) = buffer else {
                    more = !idle;
                    break;
                };
                match pieces.next() {
                    None => {
                        work.pool.put(buffer);
                        more = false;
                    }
                    Some(piece) => match work.check(&piece) {
                        Ok(()) => self.submit(work, slot, Flight { piece, buffer, done: 0 }),
                        Err(error) => work.deliver(&piece, buffer, Err(error)),
                    },
                }
            }
            if self.flights.iter().all(Option::is_none) {
                // After a `break` above with reads that failed to be submitted, there may be more to do.
                if more {
                    continue;
                }
                return;
            }
            if let Err(error) = self.ring.submit_and_wait(1)
                && !matches!(error.raw_os_error(), Some(EINTR | EAGAIN | EBUSY))
            {
                return self.give_up(work, &error);
            }
            self.complete(work);
        }
    }

    /// Puts a read into the queue, which has a place for each flight.
    fn submit(&mut self, work: &Work, slot: usize, mut flight: Flight) {
        let rest = flight.piece.bytes - flight.done;
        let offset = flight.piece.offset + flight.done as u64;
        // SAFETY: `done` is at most the piece's length, which is at most the buffer's.
        let place = unsafe { flight.buffer.as_mut_ptr().add(flight.done) };
        let fd = types::Fd(work.reader.inner.file.as_raw_fd());
        let read = opcode::Read::new(fd, place, u32::try_from(rest).unwrap_or(u32::MAX))
            .offset(offset)
            .build()
            .user_data(slot as u64);
        // SAFETY: the file is open as long as `work`, which outlives the ring's reads because `run` returns only when none is
        // in flight. The memory stays mapped and unused until completion because the buffer is kept in `flights`; if the
        // ring fails, `give_up` leaks it.
        let pushed = unsafe { self.ring.submission().push(&read) };
        if pushed.is_ok() {
            self.flights[slot] = Some(flight);
        } else {
            let error = work.reader.failed(offset, rest as u64, io::Error::other("the io_uring is full"));
            work.deliver(&flight.piece, flight.buffer, Err(error));
        }
    }

    fn complete(&mut self, work: &Work) {
        let done: Vec<(u64, i32)> =
            self.ring.completion().map(|entry| (entry.user_data(), entry.result())).collect();
        for (slot, result) in done {
            let Ok(slot) = usize::try_from(slot) else { continue };
            let Some(mut flight) = self.flights.get_mut(slot).and_then(Option::take) else { continue };
            let rest = flight.piece.bytes - flight.done;
            match usize::try_from(result) {
                Ok(0) => fail(work, flight, io::ErrorKind::UnexpectedEof.into()),
                Ok(count) if count >= rest => work.deliver(&flight.piece, flight.buffer, Ok(())),
                Ok(count) => {
                    // Goes on at a block: what a direct read starts at.
                    let block = work.reader.block_bytes() as usize;
                    flight.done += count - count % block;
                    if count < block {
                        fail(work, flight, io::ErrorKind::UnexpectedEof.into());
                    } else {
                        self.submit(work, slot, flight);
                    }
                }
                Err(_) if matches!(-result, EINTR | EAGAIN) => self.submit(work, slot, flight),
                Err(_) => fail(work, flight, io::Error::from_raw_os_error(-result)),
            }
        }
    }

    /// Ends after the ring itself failed. The kernel may still write into the buffers in flight: they are never unmapped.
    fn give_up(self, work: &Work, error: &io::Error) {
        for flight in self.flights.into_iter().flatten() {
            let Flight { piece, buffer, .. } = flight;
            mem::forget(buffer);
            let source = io::Error::other(format!("the io_uring failed: {error}"));
            work.report(work.reader.failed(piece.offset, piece.bytes as u64, source));
        }
    }
}

const EINTR: i32 = rustix::io::Errno::INTR.raw_os_error();
const EAGAIN: i32 = rustix::io::Errno::AGAIN.raw_os_error();
const EBUSY: i32 = rustix::io::Errno::BUSY.raw_os_error();

fn fail(work: &Work, flight: Flight, source: io::Error) {
    let error: ReadError = work.reader.failed(flight.piece.offset, flight.piece.bytes as u64, source);
    work.deliver(&flight.piece, flight.buffer, Err(error));
}
