//! Swap: its header is all that a copy needs, unless a hibernated system sleeps in it.

use super::ReadAt;
use super::part::{Part, Refusal, ensure, refuse};
use crate::window::{has, le32};

pub(super) fn free<S: ReadAt + ?Sized>(part: &mut Part<'_, S>) -> Result<(), Refusal> {
    let head = part.read(0, 65536)?;
    for page_bytes in [4096usize, 8192, 16384, 32768, 65536] {
        let at = page_bytes - 10;
        if ["S1SUSPEND", "S2SUSPEND", "ULSUSPEND"].iter().any(|sleeping| has(&head, at, sleeping.as_bytes()))
        {
            return refuse("a hibernated system is in it");
        }
        if has(&head, at, b"SWAPSPACE2") {
            ensure(le32(&head, 1024) == 1, "its swap header has an unknown version")?;
            let page = page_bytes as u64;
            let end = (u64::from(le32(&head, 1028)) + 1) * page;
            ensure(end <= part.size_bytes(), "its swap header speaks of more than there is")?;
            part.free(page..end);
            part.flush();
            return Ok(());
        }
    }
    refuse("its swap header is of an old or unknown kind")
}
