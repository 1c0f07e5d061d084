//! A guest in QEMU, and what it says on its serial line.

use std::{
    fs::{self, File},
    io::{Read, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Stdio},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context, bail};

use super::{bounded::tied, layout::Variant};

/// What the guest's programs begin their lines with.
const MARK: &str = "boot-test: ";

/// Lines of the end of what a guest said, shown with a failure.
const SHOWN_LINES: usize = 25;

/// Where Debian keeps UEFI's code and its empty settings.
const FIRMWARE: &[(&str, &str)] = &[
    ("/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"),
    ("/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_VARS.fd"),
];

/// A guest to start.
pub(super) struct Guest<'a> {
    /// How it starts.
    pub(super) variant: Variant,
    /// Its disk, a raw file.
    pub(super) disk: &'a Path,
    /// Throws away what is written to the disk.
    pub(super) snapshot: bool,
    /// Others, on NVMe: one as most are, and one behind two controllers.
    pub(super) nvme: Option<[&'a Path; 2]>,
    /// What the source is told; nothing for a copy, which gets no network either.
    pub(super) instructions: Option<&'a Path>,
    /// A directory for its log and firmware settings.
    pub(super) directory: &'a Path,
    /// Its name in that directory and in messages.
    pub(super) name: &'a str,
}

/// A guest that runs. It is killed with this value.
pub(super) struct Machine {
    child: Child,
    heard: Arc<Heard>,
    name: String,
    log: PathBuf,
}

/// Everything that a guest has said so far.
#[derive(Default)]
struct Heard {
    said: Mutex<Said>,
    changed: Condvar,
}

#[derive(Default)]
struct Said {
    text: String,
    ended: bool,
}

impl Guest<'_> {
    /// Starts it and waits until a program of its own has said anything.
    pub(super) fn start(&self, bound: Duration) -> anyhow::Result<Machine> {
        let machine = self.launch()?;
        machine.wait(bound, |said| said.contains(MARK))?;
        Ok(machine)
    }

    fn launch(&self) -> anyhow::Result<Machine> {
        let log = self.directory.join(format!("{}.serial", self.name));
        let mut command = tied("KILL", "qemu-system-x86_64");
        command.args(["-display", "none", "-monitor", "none", "-serial", "stdio", "-no-reboot"]);
        // Software emulation, by one thread: KVM inside of a virtual machine starts some guests and hangs with others.
        command.args(["-m", "768", "-cpu", "max", "-accel", "tcg,thread=single"]);
        // A host that loses power loses the test as well: what the guest flushes may stay in memory.
        let snapshot = if self.snapshot { "on" } else { "off" };
        let disk = format!(
            "if=none,id=disk,format=raw,cache=unsafe,discard=unmap,snapshot={snapshot},file={}",
            comma(self.disk)
        );
        command.args(["-drive", &disk, "-device", "virtio-blk-pci,drive=disk,serial=boot-test"]);
        for (disk, name) in self.nvme.iter().flatten().zip(["single", "shared"]) {
            let drive =
                format!("if=none,id={name},format=raw,cache=unsafe,discard=unmap,file={}", comma(disk));
            command.args(["-drive", &drive]);
        }
        if self.nvme.is_some() {
            command.args(["-device", "nvme,drive=single,serial=boot-test-single"]);
            command.args(["-device", "nvme-subsys,id=subsystem,nqn=boot-test"]);
            for _ in 0..2 {
                command.args(["-device", "nvme,subsys=subsystem,serial=boot-test-shared"]);
            }
            command.args(["-device", "nvme-ns,drive=shared,nsid=1,shared=on"]);
        }
        match self.instructions {
            None => command.args(["-nic", "none"]),
            Some(file) => command
                .args(["-nic", "user,model=virtio-net-pci", "-fw_cfg"])
                .arg(format!("name=opt/landfall/source,file={}", comma(file))),
        };
        if self.variant == Variant::Uefi {
            let (code, settings) = firmware()?;
            let own = self.directory.join(format!("{}.fd", self.name));
            fs::copy(settings, &own)
                .with_context(|| format!("copying UEFI's settings to {}", own.display()))?;
            command.args(["-drive", &format!("if=pflash,format=raw,unit=0,readonly=on,file={code}")]);
            command.args(["-drive", &format!("if=pflash,format=raw,unit=1,file={}", comma(&own))]);
        }
        let (mut file, errors) = File::create(&log)
            .and_then(|file| file.try_clone().map(|errors| (file, errors)))
            .with_context(|| format!("making {}", log.display()))?;
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(errors).env("TMPDIR", self.directory);
        let mut child = command.spawn().context("starting qemu-system-x86_64")?;
        let serial = child.stdout.take();
        let heard = Arc::new(Heard::default());
        let ear = Arc::clone(&heard);
        std::thread::spawn(move || ear.listen(serial, &mut file));
        Ok(Machine { child, heard, name: self.name.to_owned(), log })
    }
}

impl Machine {
    /// Waits until the guest says `key=…`, and gives that line from the key on.
    pub(super) fn wait_for(&self, key: &str, bound: Duration) -> anyhow::Result<String> {
        let mut found = None;
        self.wait(bound, |said| {
            found = latest(said, key).map(str::to_owned);
            found.is_some()
        })
        .with_context(|| format!("waiting for the guest {} to say {key}", self.name))?;
        found.context("the guest said it and did not")
    }

    /// Waits until a text comes up, such as a prompt.
    pub(super) fn wait_for_text(&self, text: &str, bound: Duration) -> anyhow::Result<()> {
        self.wait(bound, |said| said.contains(text))
            .with_context(|| format!("waiting for the guest {} to show {text:?}", self.name))
    }

    /// The lines that begin so, without that.
    pub(super) fn lines(&self, beginning: &str) -> Vec<String> {
        let said = self.heard.lock();
        said.text
            .lines()
            .filter_map(|line| line.trim_end().strip_prefix(beginning))
            .map(str::to_owned)
            .collect()
    }

    /// The number of the last file that the guest has said to be durable.
    pub(super) fn wrote(&self) -> u64 {
        latest(&self.heard.lock().text, "wrote=").and_then(number).unwrap_or(0)
    }

    /// Waits until the guest has written more files than that.
    pub(super) fn wait_for_more(&self, than: u64, bound: Duration) -> anyhow::Result<u64> {
        self.wait(bound, |said| latest(said, "wrote=").and_then(number).is_some_and(|wrote| wrote > than))
            .with_context(|| {
                format!("waiting for the guest {} to write more than {than} files", self.name)
            })?;
        Ok(self.wrote())
    }

    /// The longest that one file took, in milliseconds, among those said after this number of them.
    pub(super) fn longest_after(&self, wrote: u64) -> u64 {
        let said = self.heard.lock();
        let reports = said.text.split(MARK).filter(|line| line.starts_with("wrote="));
        let later = reports.filter(|line| number(line).is_some_and(|count| count > wrote));
        later
            .filter_map(|line| line.split_once("longest_ms=").and_then(|(_, rest)| digits(rest)))
            .max()
            .unwrap_or(0)
    }

    /// Waits until what was said fulfils a condition.
    fn wait(&self, bound: Duration, mut done: impl FnMut(&str) -> bool) -> anyhow::Result<()> {
        let begin = Instant::now();
        let mut said = self.heard.lock();
        loop {
            if done(&said.text) {
                return Ok(());
            }
            let left = bound.saturating_sub(begin.elapsed());
            let why = if let Some(failed) = latest(&said.text, "failed=") {
                failed.to_owned()
            } else if said.ended {
                "QEMU ended".to_owned()
            } else if left.is_zero() {
                format!("it did not happen within {} s", bound.as_secs())
            } else {
                said = self.heard.wait(said, left);
                continue;
            };
            let log = fs::read_to_string(&self.log).unwrap_or_else(|_| said.text.clone());
            bail!("{why}; the last of {}:\n{}", self.log.display(), end(&log));
        }
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Heard {
    fn lock(&self) -> MutexGuard<'_, Said> {
        // Text is whole at every moment, whoever held it.
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, said: MutexGuard<'a, Said>, bound: Duration) -> MutexGuard<'a, Said> {
        self.changed.wait_timeout(said, bound).unwrap_or_else(PoisonError::into_inner).0
    }

    fn listen(&self, serial: Option<ChildStdout>, log: &mut File) {
        let mut buffer = [0; 4096];
        if let Some(mut serial) = serial {
            while let Ok(read @ 1..) = serial.read(&mut buffer) {
                // The log is for people; what is decided by is in memory.
                let _ = log.write_all(&buffer[..read]);
                self.lock().text.push_str(&String::from_utf8_lossy(&buffer[..read]));
                self.changed.notify_all();
            }
        }
        self.lock().ended = true;
        self.changed.notify_all();
    }
}

/// The last whole line of the guest's programs that begins with a key.
fn latest<'a>(said: &'a str, key: &str) -> Option<&'a str> {
    let whole = &said[..said.rfind('\n')?];
    let start = whole.rfind(&format!("{MARK}{key}"))? + MARK.len();
    whole[start..].lines().next().map(str::trim_end)
}

/// The number behind the first `=` of a line.
fn number(line: &str) -> Option<u64> {
    digits(line.split_once('=')?.1)
}

fn digits(text: &str) -> Option<u64> {
    text.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

fn end(text: &str) -> String {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(SHOWN_LINES)..].join("\n")
}

fn firmware() -> anyhow::Result<(&'static str, &'static str)> {
    let found = FIRMWARE.iter().find(|(code, _)| Path::new(code).exists());
    found.copied().context("UEFI's firmware is missing; install the package ovmf")
}

/// QEMU takes a comma in a value when it is doubled.
fn comma(path: &Path) -> String {
    path.display().to_string().replace(',', ",,")
}

#[cfg(test)]
mod tests {
    use super::{latest, number};

    #[test]
    fn only_whole_lines_of_the_guest_count() {
        for (said, expected) in [
            ("boot-test: wrote=12 longest_ms=3\n", Some(12)),
            ("boot-test: wrote=12 longest_ms=3\r\n[  1.2] kernel\nboot-test: wro", Some(12)),
            ("boot-test: wrote=12 longest_ms=3\n\nboot-test: wrote=13 longest_ms=3", Some(12)),
            ("login: boot-test: wrote=14 longest_ms=3\n", Some(14)),
            ("boot-test: wrote=1", None),
            ("wrote=1\n", None),
        ] {
            assert_eq!(latest(said, "wrote=").and_then(number), expected, "{said:?}");
        }
    }
}
