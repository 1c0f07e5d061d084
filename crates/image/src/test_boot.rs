//! Starting an image in QEMU, to see it come up, without changing it or letting it reach any network.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

use crate::{Firmware, Form, Image, ImageError, error::During};

const QEMU: &str = "qemu-system-x86_64";

const KVM: &str = "/dev/kvm";

/// Bytes of what the machine said that are kept.
const TAIL_BYTES: usize = 64 << 10;

/// What QEMU says where the kernel offers a KVM that cannot run all of a guest, as inside of some virtual machines, or
/// none at all; then software emulation does it.
const KVM_FAULTS: &[&str] = &["KVM internal error", "failed to initialize kvm"];

/// How long is waited before asking whether the start is still wanted.
const BREATH: Duration = Duration::from_millis(200);

/// The part of the bound after which a machine on KVM that says nothing is taken to hang, as also happens inside of
/// virtual machines; the rest of it is for software emulation.
const SILENT_PART: u32 = 4;

/// Where Debian and its relatives, then Fedora and its relatives, keep UEFI's code and its empty settings.
const FIRMWARE: &[(&str, &str)] = &[
    ("/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"),
    ("/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_VARS.fd"),
    ("/usr/share/edk2/ovmf/OVMF_CODE.fd", "/usr/share/edk2/ovmf/OVMF_VARS.fd"),
];

/// How to start an image.
#[derive(Clone, Debug)]
pub struct Boot {
    /// What the machine's firmware is.
    pub firmware: Firmware,
    /// The text on the serial line that means it is up.
    pub pattern: String,
    /// How long it may take.
    pub bound: Duration,
    /// Memory of the machine in MiB.
    pub memory_mib: u32,
    /// A directory for what the machine writes, which is thrown away.
    pub scratch: PathBuf,
}

/// What a start came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Booted {
    /// Whether the text came up.
    pub outcome: BootOutcome,
    /// What ran the machine's instructions.
    pub accelerator: Accelerator,
    /// How long that took.
    pub took: Duration,
    /// The end of what the machine said on its serial line.
    pub said: String,
}

/// What runs a machine's instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accelerator {
    /// The processor itself.
    Kvm,
    /// Software.
    Tcg,
}

impl Accelerator {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kvm => "kvm",
            Self::Tcg => "tcg",
        }
    }
}

/// Whether an image came up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BootOutcome {
    /// The text was seen.
    Up,
    /// It was not within the bound.
    TooLate,
    /// The machine, or QEMU, ended before.
    Ended,
    /// Whoever asked for it wanted it no more.
    Stopped,
}

impl Image {
    /// Starts the image and waits for the text. What the machine writes goes to a temporary file of QEMU's; the image is
    /// opened for reading only.
    pub fn test_boot(&self, boot: &Boot) -> Result<Booted, ImageError> {
        self.test_boot_while(boot, &|| true)
    }

    /// The same for as long as `wanted` says so, which is asked a few times in a second.
    pub fn test_boot_while(&self, boot: &Boot, wanted: &dyn Fn() -> bool) -> Result<Booted, ImageError> {
        let firmware = match boot.firmware {
            Firmware::Bios => None,
            Firmware::Uefi => Some(Settings::copy(&boot.scratch)?),
        };
        let begin = Instant::now();
        let mut watch = Watch { begin, patience: boot.bound / SILENT_PART, wanted };
        let mut accelerator = Accelerator::Kvm;
        let mut booted = (BootOutcome::Ended, String::new());
        let kvm = File::options().read(true).write(true).open(KVM).is_ok();
        if kvm {
            booted = self.start(boot, firmware.as_ref(), accelerator, &watch)?;
        }
        let faulty = KVM_FAULTS.iter().any(|fault| booted.1.contains(fault));
        let hangs = booted.0 == BootOutcome::TooLate && begin.elapsed() < boot.bound;
        if !kvm || faulty || hangs {
            accelerator = Accelerator::Tcg;
            watch.patience = boot.bound;
            booted = self.start(boot, firmware.as_ref(), accelerator, &watch)?;
        }
        Ok(Booted { outcome: booted.0, accelerator, took: begin.elapsed(), said: booted.1 })
    }

    fn start(
        &self,
        boot: &Boot,
        firmware: Option<&Settings>,
        accelerator: Accelerator,
        watch: &Watch<'_>,
    ) -> Result<(BootOutcome, String), ImageError> {
        let mut command = Command::new(QEMU);
        command.args([
            "-display",
            "none",
            "-monitor",
            "none",
            "-serial",
            "stdio",
            "-nic",
            "none",
            "-no-reboot",
        ]);
        command.args(["-m", &boot.memory_mib.to_string()]);
        command.args(["-accel", accelerator.name()]);
        if let Some(Settings { code, path }) = firmware {
            let code = format!("if=pflash,format=raw,unit=0,readonly=on,file={}", comma(Path::new(code)));
            let settings = format!("if=pflash,format=raw,unit=1,file={}", comma(path));
            command.args(["-drive", &code, "-drive", &settings]);
        }
        for disk in &self.manifest().disks {
            let (format, file) = match self.form(disk) {
                Form::Whole(file) => ("raw", file),
                Form::Layer { layer, .. } => ("qcow2", layer),
            };
            let drive = format!("if=virtio,format={format},snapshot=on,file={}", comma(&file));
            command.args(["-drive", &drive]);
        }
        command.env("TMPDIR", &boot.scratch);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let machine = match command.spawn() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(ImageError::NoProgram { program: QEMU.to_owned(), package: "qemu-system-x86" });
            }
            child => Machine(child.during("starting", Path::new(QEMU))?),
        };
        Ok(machine.listen(boot, watch))
    }
}

/// How long a start is watched.
struct Watch<'a> {
    begin: Instant,
    /// For how long the machine may say nothing.
    patience: Duration,
    wanted: &'a dyn Fn() -> bool,
}

/// UEFI's settings, of which every start gets its own copy.
struct Settings {
    code: &'static str,
    path: PathBuf,
}

impl Settings {
    fn copy(scratch: &Path) -> Result<Self, ImageError> {
        let (code, settings) =
            FIRMWARE.iter().find(|(code, _)| Path::new(code).exists()).ok_or_else(|| {
                ImageError::NoProgram { program: "the UEFI firmware OVMF".to_owned(), package: "ovmf" }
            })?;
        let path = scratch.join(format!("uefi-{}.fd", std::process::id()));
        std::fs::copy(settings, &path).during("copying UEFI's settings to", &path)?;
        Ok(Self { code, path })
    }
}

impl Drop for Settings {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// A running QEMU, which ends with this value.
struct Machine(Child);

impl Machine {
    /// Listens until the text comes up, the time is over, or nothing was said for as long as patience lasts.
    fn listen(mut self, boot: &Boot, watch: &Watch<'_>) -> (BootOutcome, String) {
        let (heard, hearing) = mpsc::sync_channel(16);
        for pipe in [
            self.0.stdout.take().map(|pipe| Box::new(pipe) as Box<dyn Read + Send>),
            self.0.stderr.take().map(|pipe| Box::new(pipe) as Box<dyn Read + Send>),
        ]
        .into_iter()
        .flatten()
        {
            let heard = heard.clone();
            std::thread::spawn(move || hear(pipe, &heard));
        }
        drop(heard);
        let mut said: Vec<u8> = Vec::new();
        let mut heard_at = Instant::now();
        let outcome = loop {
            let silent = watch.patience.saturating_sub(heard_at.elapsed());
            let left = boot.bound.saturating_sub(watch.begin.elapsed()).min(silent);
            match hearing.recv_timeout(left.min(BREATH)) {
                _ if !(watch.wanted)() => break BootOutcome::Stopped,
                Ok(bytes) => said.extend(bytes),
                Err(mpsc::RecvTimeoutError::Timeout) if left.is_zero() => break BootOutcome::TooLate,
                Err(mpsc::RecvTimeoutError::Timeout) => continue,
                Err(mpsc::RecvTimeoutError::Disconnected) => break BootOutcome::Ended,
            }
            heard_at = Instant::now();
            if memchr::memmem::find(&said, boot.pattern.as_bytes()).is_some() {
                break BootOutcome::Up;
            }
            if KVM_FAULTS.iter().any(|fault| memchr::memmem::find(&said, fault.as_bytes()).is_some()) {
                break BootOutcome::Ended;
            }
            // The text may begin in what is kept and end in what comes.
            let excess = said.len().saturating_sub(TAIL_BYTES.max(boot.pattern.len()));
            said.drain(..excess);
        };
        (outcome, String::from_utf8_lossy(&said).into_owned())
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn hear(mut pipe: impl Read, heard: &mpsc::SyncSender<Vec<u8>>) {
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = pipe.read(&mut buffer) {
        if heard.send(buffer[..read].to_vec()).is_err() {
            break;
        }
    }
}

/// QEMU takes a comma in a value when it is doubled.
fn comma(path: &Path) -> String {
    path.display().to_string().replace(',', ",,")
}
