//! Starting an image in QEMU, to see it come up, without changing it or letting it reach any network.

use std::{
    io::{self, Read},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

use crate::{Image, ImageError, error::During};

const QEMU: &str = "qemu-system-x86_64";

const KVM: &str = "/dev/kvm";

/// Bytes of what the machine said that are kept.
const TAIL_BYTES: usize = 64 << 10;

/// What QEMU says where the kernel offers a KVM that cannot run all of a guest, as inside of some virtual machines; then
/// software emulation does it.
const KVM_FAULT: &str = "KVM internal error";

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

/// What a machine starts with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Firmware {
    /// The PC's old way.
    Bios,
    /// The new one.
    Uefi,
}

/// What a start came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Booted {
    /// Whether the text came up.
    pub outcome: BootOutcome,
    /// How long that took.
    pub took: Duration,
    /// The end of what the machine said on its serial line.
    pub said: String,
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
}

impl Image {
    /// Starts the image and waits for the text. What the machine writes goes to a temporary file of QEMU's; the image is
    /// opened for reading only.
    pub fn test_boot(&self, boot: &Boot) -> Result<Booted, ImageError> {
        let firmware = match boot.firmware {
            Firmware::Bios => None,
            Firmware::Uefi => Some(Settings::copy(&boot.scratch)?),
        };
        let begin = Instant::now();
        let kvm = Path::new(KVM).exists();
        let mut booted = (BootOutcome::Ended, String::new());
        if kvm {
            let patience = boot.bound / SILENT_PART;
            booted = self.start(boot, firmware.as_ref(), &["kvm", "tcg"], begin, patience)?;
        }
        let left = boot.bound.saturating_sub(begin.elapsed());
        if !kvm || booted.1.contains(KVM_FAULT) || booted.0 == BootOutcome::TooLate && !left.is_zero() {
            booted = self.start(boot, firmware.as_ref(), &["tcg"], begin, boot.bound)?;
        }
        Ok(Booted { outcome: booted.0, took: begin.elapsed(), said: booted.1 })
    }

    fn start(
        &self,
        boot: &Boot,
        firmware: Option<&Settings>,
        accelerators: &[&str],
        begin: Instant,
        patience: Duration,
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
        command.args(accelerators.iter().flat_map(|accelerator| ["-accel", accelerator]));
        if let Some(Settings { code, path }) = firmware {
            let code = format!("if=pflash,format=raw,unit=0,readonly=on,file={}", comma(Path::new(code)));
            let settings = format!("if=pflash,format=raw,unit=1,file={}", comma(path));
            command.args(["-drive", &code, "-drive", &settings]);
        }
        for disk in &self.manifest().disks {
            let file = comma(&self.data(disk));
            command.args(["-drive", &format!("if=virtio,format=raw,snapshot=on,file={file}")]);
        }
        command.env("TMPDIR", &boot.scratch);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let machine = match command.spawn() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(ImageError::NoProgram { program: QEMU.to_owned(), package: "qemu-system-x86" });
            }
            child => Machine(child.during("starting", Path::new(QEMU))?),
        };
        Ok(machine.listen(boot, begin, patience))
    }
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
    fn listen(mut self, boot: &Boot, begin: Instant, patience: Duration) -> (BootOutcome, String) {
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
        let outcome = loop {
            let left = boot.bound.saturating_sub(begin.elapsed());
            match hearing.recv_timeout(left.min(patience)) {
                Ok(bytes) => said.extend(bytes),
                Err(mpsc::RecvTimeoutError::Timeout) => break BootOutcome::TooLate,
                Err(mpsc::RecvTimeoutError::Disconnected) => break BootOutcome::Ended,
            }
            if memchr::memmem::find(&said, boot.pattern.as_bytes()).is_some() {
                break BootOutcome::Up;
            }
            if memchr::memmem::find(&said, KVM_FAULT.as_bytes()).is_some() {
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
