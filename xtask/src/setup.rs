//! What the tests need of the machine: Debian packages, installed when this is root, named otherwise.

use std::{fs, path::Path};

use anyhow::bail;

use crate::shell::{command, exists, output, run};

/// A program that tests start, and the Debian package it comes in.
const PROGRAMS: &[(&str, &str)] = &[
    ("sfdisk", "fdisk"),
    ("mkfs.ext4", "e2fsprogs"),
    ("mkfs.xfs", "xfsprogs"),
    ("mkfs.btrfs", "btrfs-progs"),
    ("mkfs.vfat", "dosfstools"),
    ("mksquashfs", "squashfs-tools"),
    ("mkswap", "util-linux"),
    ("losetup", "mount"),
    ("blkid", "util-linux"),
    ("mcopy", "mtools"),
    ("debootstrap", "debootstrap"),
    ("e2fsck", "e2fsprogs"),
    ("debugfs", "e2fsprogs"),
    ("fallocate", "util-linux"),
    ("fio", "fio"),
    ("qemu-img", "qemu-utils"),
    ("qemu-io", "qemu-utils"),
    ("qemu-system-x86_64", "qemu-system-x86"),
    ("curl", "curl"),
    ("openssl", "openssl"),
    ("python3", "python3"),
    ("node", "nodejs"),
    ("npm", "npm"),
    ("chromium", "chromium"),
    ("setpriv", "util-linux"),
    // The console's samples are read by what their languages read with.
    ("go", "golang-go"),
    ("gofmt", "golang-go"),
    ("java", "default-jdk-headless"),
    ("javac", "default-jdk-headless"),
    ("php", "php-cli"),
    ("mcs", "mono-mcs"),
    ("mono", "mono-runtime"),
];

/// Makes sure that everything is there, or fails with the one command that installs it.
pub(crate) fn prepare(root: &Path) -> anyhow::Result<()> {
    install_until_there(root, || {
        let mut missing = packages_of_missing(PROGRAMS);
        if !postgres_installed() {
            missing.push("postgresql");
        }
        if !Path::new("/usr/share/OVMF/OVMF_CODE.fd").exists()
            && !Path::new("/usr/share/OVMF/OVMF_CODE_4M.fd").exists()
        {
            missing.push("ovmf");
        }
        if !python_makes_environments(root) {
            missing.push("python3-venv");
        }
        missing
    })
}

/// Makes sure that these programs are there, each with the package it comes in.
pub(crate) fn install(root: &Path, programs: &[(&str, &'static str)]) -> anyhow::Result<()> {
    install_until_there(root, || packages_of_missing(programs))
}

fn packages_of_missing(programs: &[(&str, &'static str)]) -> Vec<&'static str> {
    programs.iter().filter(|(program, _)| !exists(program)).map(|(_, package)| *package).collect()
}

/// Installs what is missing, twice where that is needed: a package that came from elsewhere, in another version than its
/// relatives here, is removed by apt when one of them comes in (qemu-utils of a backport by qemu-system-x86).
fn install_until_there(root: &Path, missing: impl Fn() -> Vec<&'static str>) -> anyhow::Result<()> {
    for _ in 0..2 {
        install_packages(root, missing())?;
    }
    let missing = missing();
    if missing.is_empty() {
        return Ok(());
    }
    bail!("these packages were installed and what they bring is still not there: {}", missing.join(" "))
}

fn install_packages(root: &Path, mut missing: Vec<&str>) -> anyhow::Result<()> {
    missing.sort_unstable();
    missing.dedup();
    if missing.is_empty() {
        return Ok(());
    }
    if output(&mut command(root, "id", &["-u"]))?.trim() != "0" {
        bail!(
            "this needs Debian packages that are missing: run  sudo apt-get install -y {}",
            missing.join(" ")
        );
    }
    run(command(root, "apt-get", &["update", "-qq"]).env("DEBIAN_FRONTEND", "noninteractive"))?;
    let install = ["install", "-y", "-qq", "--no-install-recommends"];
    run(command(root, "apt-get", &install).args(&missing).env("DEBIAN_FRONTEND", "noninteractive"))
}

/// Debian keeps the servers of each version in a directory of its own, outside the path.
fn postgres_installed() -> bool {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    versions
        .map(|version| version.path().join("bin"))
        .any(|bin| bin.join("initdb").is_file() && bin.join("pgbench").is_file())
}

/// Debian's python3 alone has no ensurepip, without which there is no virtual environment.
fn python_makes_environments(root: &Path) -> bool {
    output(&mut command(root, "python3", &["-c", "import ensurepip, venv"])).is_ok()
}
