//! Bytes and places without a pattern, the same every time.

use std::{
    fs::{File, OpenOptions},
    io::Write,
    os::unix::fs::FileExt,
    path::Path,
};

use anyhow::Context;

/// A generator of noise that no compressor finds anything in.
pub(crate) struct Noise {
    state: u64,
}

impl Noise {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1 }
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below another one.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    pub(crate) fn fill(&mut self, bytes: &mut [u8]) {
        for word in bytes.as_chunks_mut::<8>().0 {
            *word = self.next().to_le_bytes();
        }
    }

    /// Writes so many bytes into a new file.
    pub(crate) fn write_file(&mut self, path: &Path, bytes: u64) -> anyhow::Result<()> {
        let mut file = File::create(path).with_context(|| format!("making {}", path.display()))?;
        let mut block = vec![0; 1 << 20];
        let mut left = bytes;
        while left > 0 {
            self.fill(&mut block);
            let part = usize::try_from(left).map_or(block.len(), |left| left.min(block.len()));
            file.write_all(&block[..part]).with_context(|| format!("filling {}", path.display()))?;
            left -= part as u64;
        }
        Ok(())
    }

    /// Overwrites so many different blocks of 4 KiB at random places of a disk.
    pub(crate) fn change(&mut self, disk: &Path, size: u64, blocks: u64) -> anyhow::Result<()> {
        let file = OpenOptions::new()
            .write(true)
            .open(disk)
            .with_context(|| format!("opening {} to change it", disk.display()))?;
        let mut places = std::collections::BTreeSet::new();
        while (places.len() as u64) < blocks.min(size / 4096) {
            places.insert(self.below(size / 4096));
        }
        let mut block = [0; 4096];
        for place in places {
            self.fill(&mut block);
            file.write_all_at(&block, place * 4096).context("changing a disk")?;
        }
        file.sync_all().context("changing a disk")
    }
}
