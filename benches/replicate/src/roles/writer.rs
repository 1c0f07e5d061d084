//! A program that writes at a steady rate, as a server's own does, and notes how long a write was held up.

use std::{
    fs::OpenOptions,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use clap::Args;
use serde::{Deserialize, Serialize};

use super::process::{Process, answer};
use crate::{lab::this_program, noise::Noise};

/// Bytes of one write.
const WRITE_BYTES: usize = 64 << 10;

/// What is written where.
#[derive(Args, Clone, Debug)]
pub(crate) struct WriterOptions {
    /// The file, which is made
    #[arg(long)]
    pub(crate) file: PathBuf,
    /// Its bytes
    #[arg(long)]
    pub(crate) size: u64,
    /// Bytes a second
    #[arg(long)]
    pub(crate) rate: u64,
}

/// How long writes took.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Stalls {
    /// Milliseconds of the longest one.
    pub(crate) longest_ms: f64,
    /// Bytes written.
    pub(crate) bytes: u64,
    /// Seconds that is measured over.
    pub(crate) seconds: f64,
}

/// A started writer; ends with its value.
pub(crate) struct Writer {
    process: Process,
}

impl Writer {
    /// Starts to write.
    pub(crate) fn start(file: &Path, size: u64, rate: u64) -> anyhow::Result<Self> {
        let (size, rate) = (size.to_string(), rate.to_string());
        let file = file.display().to_string();
        let rest = ["writer", "--file", &file, "--size", &size, "--rate", &rate];
        let words: Vec<String> =
            std::iter::once(this_program()?).chain(rest.iter().map(|word| (*word).to_owned())).collect();
        let mut process = Process::start(&words)?;
        let _: String = process.hear()?;
        Ok(Self { process })
    }

    /// How long writes took since this was asked last.
    pub(crate) fn stalls(&mut self) -> anyhow::Result<Stalls> {
        self.process.ask("stalls")
    }
}

/// Writes blocks at random places of the file, each at its time; one that is late is followed by the next at once.
pub(super) fn play(options: &WriterOptions) -> anyhow::Result<()> {
    let file = OpenOptions::new().create(true).truncate(true).write(true).open(&options.file)?;
    let mut noise = Noise::new(50);
    let mut block = vec![0; WRITE_BYTES];
    for offset in (0..options.size).step_by(WRITE_BYTES) {
        noise.fill(&mut block);
        file.write_all_at(&block, offset)?;
    }
    file.sync_all()?;
    answer(&"ready")?;

    let (lines, asked) = mpsc::channel();
    thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            if lines.send(line).is_err() {
                break;
            }
        }
    });
    let pause = Duration::from_secs_f64(1.0 / (options.rate as f64 / WRITE_BYTES as f64));
    let (mut since, mut stalls) = (Instant::now(), Stalls::default());
    let mut due = Instant::now();
    loop {
        match asked.try_recv() {
            Ok(_) => {
                stalls.seconds = since.elapsed().as_secs_f64();
                answer(&stalls)?;
                (since, stalls) = (Instant::now(), Stalls::default());
            }
            Err(mpsc::TryRecvError::Empty) => {}
            Err(mpsc::TryRecvError::Disconnected) => return Ok(()),
        }
        noise.fill(&mut block);
        let offset = noise.below(options.size / WRITE_BYTES as u64) * WRITE_BYTES as u64;
        let begun = Instant::now();
        file.write_all_at(&block, offset)?;
        stalls.longest_ms = stalls.longest_ms.max(begun.elapsed().as_secs_f64() * 1_000.0);
        stalls.bytes += WRITE_BYTES as u64;
        due += pause;
        #[expect(clippy::disallowed_methods, reason = "a writer's pace is what it plays")]
        thread::sleep(due.saturating_duration_since(Instant::now()));
    }
}
