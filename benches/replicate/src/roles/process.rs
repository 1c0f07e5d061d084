//! Starting a role, telling it what to do, and what it used.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// A role in a process of its own; ends with its value.
pub(crate) struct Process {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

/// What a process used so far.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Used {
    /// Bytes of memory at the most.
    pub(crate) peak_bytes: u64,
    /// Seconds of processor time.
    pub(crate) cpu_seconds: f64,
}

impl Process {
    /// Starts this program, or one that starts it, with these words.
    pub(crate) fn start(words: &[String]) -> anyhow::Result<Self> {
        let [program, arguments @ ..] = words else { bail!("starting a process without a name") };
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("starting {}", words.join(" ")))?;
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().context("reading what a process says")?);
        Ok(Self { child, input, output })
    }

    /// Says a line.
    pub(crate) fn say(&mut self, line: &str) -> anyhow::Result<()> {
        let input = self.input.as_mut().context("speaking to a process that has ended")?;
        writeln!(input, "{line}").context("speaking to a process")
    }

    /// Waits for the next line.
    pub(crate) fn hear<T: DeserializeOwned>(&mut self) -> anyhow::Result<T> {
        let mut line = String::new();
        if self.output.read_line(&mut line).context("listening to a process")? == 0 {
            bail!("a process ended without an answer ({})", self.child.wait()?);
        }
        serde_json::from_str(&line).with_context(|| format!("reading {line}"))
    }

    /// Says a line and waits for the answer.
    pub(crate) fn ask<T: DeserializeOwned>(&mut self, line: &str) -> anyhow::Result<T> {
        self.say(line)?;
        self.hear()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The end of its input is the end of a role.
        self.input = None;
        let _ = self.child.wait();
    }
}

/// What this process used so far.
pub(crate) fn used() -> Used {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next());
    let peak_kib: u64 = peak.and_then(|text| text.parse().ok()).unwrap_or(0);
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // User and system time are the 14th and 15th field, in hundredths of a second; the second may hold spaces.
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let hundredths: f64 =
        after_name.split_whitespace().skip(11).take(2).filter_map(|text| text.parse::<f64>().ok()).sum();
    Used { peak_bytes: peak_kib << 10, cpu_seconds: hundredths / 100.0 }
}

/// Answers with a line of JSON.
pub(crate) fn answer(message: &impl Serialize) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    serde_json::to_writer(&mut out, message)?;
    out.write_all(b"\n")?;
    out.flush().context("answering")
}
