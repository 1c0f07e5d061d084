//! The files of a guest: a small Debian, and the unit that makes it a source or a checked copy.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::Context;

use super::key;
use crate::boot_test::{bounded::Bounded, layout::Variant};

/// What the unit starts.
pub(super) const START: &str = include_str!("../guest/start");
/// The unit.
pub(super) const UNIT: &str = include_str!("../guest/boot-test.service");

const SUITE: &str = "bookworm";

/// Besides the smallest Debian: what starts it, its network, and what the installer of the agent needs.
const PACKAGES: &str = "linux-image-cloud-amd64,initramfs-tools,systemd-sysv,udev,dbus,kmod,e2fsprogs,\
    grub-common,grub-pc-bin,grub-efi-amd64-bin,curl,iproute2";

/// What no guest reads.
const SUPERFLUOUS: &[&str] = &[
    "usr/share/doc",
    "usr/share/man",
    "usr/share/locale",
    "usr/share/info",
    "var/cache/apt",
    "var/cache/debconf",
    "var/lib/apt/lists",
    "etc/apt/sources.list",
];

/// One address, without asking anybody for it: the guest's place in QEMU's user network.
const NETWORK: &str = "[Match]\nName=en* eth*\n\n[Network]\nAddress=10.0.2.15/24\nLinkLocalAddressing=no\n";

/// Gives a directory with a plain Debian, which is kept for the next disk.
pub(super) fn debian(cache: &Path) -> anyhow::Result<PathBuf> {
    let made = cache.join(format!("debian-{}", key(&[SUITE, PACKAGES])));
    if made.exists() {
        return Ok(made);
    }
    println!("making a Debian by debootstrap in {}", made.display());
    let work = cache.join(format!(".debian-{}", std::process::id()));
    // What debootstrap mounts is in a namespace of its own, and gone with it.
    let result = Bounded::new(Duration::from_mins(15), "unshare")
        .args(["--mount", "debootstrap", "--variant=minbase"])
        .args([format!("--include={PACKAGES}"), SUITE.to_owned()])
        .args([work.as_os_str()])
        .args(mirror())
        .run()
        .context("making the guest's Debian")
        .and_then(|()| {
            for path in SUPERFLUOUS.iter().map(|path| work.join(path)).filter(|path| path.exists()) {
                let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
                removed.with_context(|| format!("removing {}", path.display()))?;
            }
            fs::rename(&work, &made).with_context(|| format!("giving {} its name", made.display()))
        });
    if result.is_err() && work.exists() {
        fs::remove_dir_all(&work).with_context(|| format!("removing {}", work.display()))?;
    }
    result.map(|()| made)
}

/// Where this machine's apt gets the suite from; where it has none, debootstrap has a place of its own.
fn mirror() -> Option<String> {
    let format = "$(REPO_URI)|$(CODENAME)|$(LABEL)|$(COMPONENT)";
    let output = Command::new("apt-get").args(["indextargets", "--format", format]).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.lines().find_map(|line| {
        let mut words = line.split('|');
        let uri = words.next()?;
        words.eq([SUITE, "Debian", "main"]).then(|| uri.to_owned())
    })
}

/// Makes a plain Debian, copied to this directory, the guest of a variant.
pub(super) fn dress(root: &Path, variant: Variant) -> anyhow::Result<()> {
    fs::create_dir_all(root.join("boot/efi")).context("making the guest's /boot/efi")?;
    // Logs that last are written to the disk that is copied, as on most servers.
    fs::create_dir_all(root.join("var/log/journal")).context("making the guest's journal")?;
    write(root, "etc/fstab", &variant.fstab(), 0o644)?;
    write(root, "etc/hostname", &format!("guest-{}\n", variant.word()), 0o644)?;
    // Each guest gives itself an identity when it first starts.
    write(root, "etc/machine-id", "", 0o444)?;
    write(root, "etc/systemd/network/10-any.network", NETWORK, 0o644)?;
    write(root, "etc/systemd/system/boot-test.service", UNIT, 0o644)?;
    write(root, "usr/local/lib/boot-test/start", START, 0o755)?;
    for (unit, path) in [
        ("systemd-networkd.service", "/usr/lib/systemd/system/systemd-networkd.service"),
        ("boot-test.service", "/etc/systemd/system/boot-test.service"),
    ] {
        let wanted = root.join("etc/systemd/system/multi-user.target.wants");
        fs::create_dir_all(&wanted)
            .and_then(|()| symlink(path, wanted.join(unit)))
            .with_context(|| format!("enabling {unit}"))?;
    }
    Ok(())
}

/// Writes a file of the guest.
pub(super) fn write(root: &Path, path: &str, text: &str, mode: u32) -> anyhow::Result<()> {
    let file = root.join(path);
    let doing = || format!("writing the guest's /{path}");
    if let Some(directory) = file.parent() {
        fs::create_dir_all(directory).with_context(doing)?;
    }
    // A link would lead out of the guest.
    if file.is_symlink() {
        fs::remove_file(&file).with_context(doing)?;
    }
    fs::write(&file, text).with_context(doing)?;
    fs::set_permissions(&file, fs::Permissions::from_mode(mode)).with_context(doing)
}
