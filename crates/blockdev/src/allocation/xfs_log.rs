//! Whether the log of an XFS filesystem is empty: then everything it ever said is in place.
//!
//! The log is a ring of 512-byte blocks. Each begins with the number of its lap, a record's header with a magic number and
//! then the lap. Where the lap falls by one is the head; the log is empty if the last record before it says "unmounted".

use super::ReadAt;
use super::part::{Part, Refusal, ensure};
use crate::window::{be16, be32};

const BLOCK: u64 = 512;
const PIECE: u64 = 256 * 1024;
const RECORD: u32 = 0xfeed_babe;
const UNMOUNT: u8 = 0x20;
const NOT_EMPTY: &str = "it was not unmounted; its log may hold newer records";

/// Checks that the log in `bytes` from `start` on is empty.
pub(super) fn ensure_empty<S: ReadAt + ?Sized>(
    part: &Part<'_, S>,
    start: u64,
    bytes: u64,
) -> Result<(), Refusal> {
    let blocks = bytes / BLOCK;
    let Some((head, last)) = find_head(part, start, blocks)? else { return ensure(false, NOT_EMPTY) };
    let header = part.read(start + last * BLOCK, 512)?;
    // A record of version 2 has a header block for each 32 KiB of the buffers that it was written from.
    let buffers = u64::from(be32(&header, 320));
    let header_blocks = if be32(&header, 8) & 2 != 0 { buffers.div_ceil(32 * 1024).max(1) } else { 1 };
    let body_blocks = u64::from(be32(&header, 12)).div_ceil(BLOCK);
    let ends_at_head = (last + header_blocks + body_blocks) % blocks == head % blocks;
    ensure(ends_at_head && be32(&header, 40) == 1, NOT_EMPTY)?;
    let operation = part.read(start + (last + header_blocks) % blocks * BLOCK, 512)?;
    ensure(be16(&operation, 8).to_be_bytes()[1] & UNMOUNT != 0, NOT_EMPTY)
}

/// Returns the block where the next record will go and that of the last record's header. `None` if laps make no sense.
fn find_head<S: ReadAt + ?Sized>(
    part: &Part<'_, S>,
    start: u64,
    blocks: u64,
) -> Result<Option<(u64, u64)>, Refusal> {
    let mut lap = None;
    let mut head = None;
    let mut last = None;
    let mut block = 0;
    while block < blocks {
        let count = (blocks - block).min(PIECE / BLOCK);
        let piece = part.read(start + block * BLOCK, usize::try_from(count * BLOCK).unwrap_or(usize::MAX))?;
        for raw in piece.chunks_exact(512) {
            let is_header = be32(raw, 0) == RECORD;
            let this = be32(raw, if is_header { 4 } else { 0 });
            let first = *lap.get_or_insert(this);
            if this == first {
                // Behind the head, everything is of the lap before.
                if head.is_some() {
                    return Ok(None);
                }
                if is_header {
                    last = Some(block);
                }
            } else if first.checked_sub(1) == Some(this) {
                head.get_or_insert(block);
            } else {
                return Ok(None);
            }
            block += 1;
        }
    }
    Ok(last.map(|last| (head.unwrap_or(blocks), last)))
}
