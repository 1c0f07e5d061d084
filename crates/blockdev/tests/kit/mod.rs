//! What these tests share: disk images made by the system's own tools, trees that look like a machine, and an inventory
//! in a form a person can review.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use blockdev::{Boot, Carrier, Contents, Disk, Inventory, PartitionTable, Roots, Stack, SystemDisk};
use tempfile::TempDir;

pub(crate) const MIB: u64 = 1024 * 1024;

/// Runs a tool and returns its output. Fails with what to install when it is missing: a skipped test proves nothing.
pub(crate) fn tool(name: &str, package: &str, arguments: &[&str], input: &str) -> String {
    let path = ["/usr/sbin", "/sbin", "/usr/bin", "/bin"].map(|dir| Path::new(dir).join(name));
    let path = path.iter().find(|path| path.exists());
    let path = path.unwrap_or_else(|| panic!("{name} is missing; install it: apt-get install {package}"));
    let mut command = Command::new(path);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let (out, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{name} {arguments:?}: {out}{error}");
    out.into_owned()
}

/// Makes a sparse file.
pub(crate) fn blank(path: &Path, bytes: u64) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    File::create(path).unwrap().set_len(bytes).unwrap();
}

/// Writes into a file without shortening it.
pub(crate) fn patch(path: &Path, offset: u64, bytes: &[u8]) {
    OpenOptions::new().write(true).open(path).unwrap().write_all_at(bytes, offset).unwrap();
}

/// Makes a partition table in an image.
pub(crate) fn partition(path: &Path, script: &str) {
    let arguments = ["--quiet", "--no-reread", "--no-tell-kernel", path.to_str().unwrap()];
    tool("sfdisk", "fdisk", &arguments, script);
}

/// Makes a filesystem with `mkfs…` in a file of its own and puts it into an image.
pub(crate) fn format_at(
    image: &Path,
    offset: u64,
    bytes: u64,
    (name, package): (&str, &str),
    options: &[&str],
) {
    let part = image.with_extension("part");
    blank(&part, bytes);
    let mut arguments = options.to_vec();
    arguments.push(part.to_str().unwrap());
    tool(name, package, &arguments, "");
    patch(image, offset, &fs::read(&part).unwrap());
    fs::remove_file(part).unwrap();
}

/// The label of an LVM physical volume, as `pvcreate` writes it to the second sector.
pub(crate) fn lvm_label() -> Vec<u8> {
    let mut sector = vec![0; 512];
    sector[..8].copy_from_slice(b"LABELONE");
    sector[8] = 1;
    sector[20] = 32;
    sector[24..32].copy_from_slice(b"LVM2 001");
    sector[32..64].copy_from_slice(b"aBcDeF0123456789aBcDeF0123456789");
    let mut crc = 0xf597_a6cf_u32;
    for byte in &sector[20..] {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
        }
    }
    sector[16..20].copy_from_slice(&crc.to_le_bytes());
    sector
}

/// A directory that looks like the root of a machine.
pub(crate) struct Tree(TempDir);

impl Tree {
    /// Makes a machine without disks: Debian 12 on two processors.
    pub(crate) fn new() -> Self {
        let tree = Self(tempfile::tempdir().unwrap());
        for (path, content) in [
            (
                "etc/os-release",
                "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\nVERSION_ID=\"12\"\n",
            ),
            ("etc/machine-id", "0123456789abcdef0123456789abcdef\n"),
            ("proc/sys/kernel/hostname", "web1\n"),
            ("proc/sys/kernel/osrelease", "6.1.0-18-amd64\n"),
            ("proc/sys/kernel/arch", "x86_64\n"),
            ("proc/cpuinfo", "processor\t: 0\nmodel name\t: Example CPU\nprocessor\t: 1\n"),
            ("proc/meminfo", "MemTotal:        4194304 kB\n"),
            ("proc/self/mountinfo", "22 27 0:21 / /proc rw - proc proc rw\n"),
            ("proc/swaps", "Filename\t\tType\t\tSize\t\tUsed\t\tPriority\n"),
        ] {
            tree.put(path, content);
        }
        fs::create_dir_all(tree.path("sys/block")).unwrap();
        tree
    }

    pub(crate) fn roots(&self) -> Roots {
        Roots::under(self.0.path())
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    pub(crate) fn put(&self, path: &str, content: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Adds a line to a file.
    pub(crate) fn append(&self, path: &str, line: &str) {
        let mut file = OpenOptions::new().append(true).open(self.path(path)).unwrap();
        writeln!(file, "{line}").unwrap();
    }

    pub(crate) fn mount(&self, number: &str, point: &str, kind: &str, source: &str) {
        self.append("proc/self/mountinfo", &format!("30 1 {number} / {point} rw - {kind} {source} rw"));
    }

    /// Adds a block device to sysfs, and a blank file of its size to `/dev`.
    pub(crate) fn device(
        &self,
        name: &str,
        number: &str,
        bytes: u64,
        attributes: &[(&str, &str)],
    ) -> PathBuf {
        let sys = format!("sys/block/{name}");
        for (attribute, value) in [("dev", number), ("ro", "0"), ("removable", "0")].iter().chain(attributes)
        {
            self.put(&format!("{sys}/{attribute}"), &format!("{value}\n"));
        }
        self.put(&format!("{sys}/size"), &format!("{}\n", bytes / 512));
        self.put(&format!("{sys}/queue/logical_block_size"), "512\n");
        let node = self.path(&format!("dev/{}", name.replace('!', "/")));
        blank(&node, bytes);
        node
    }

    /// Adds partition `number` of `disk`, named `name`, to sysfs; the bytes are the disk's.
    pub(crate) fn partition(&self, disk: &str, name: &str, dev: &str, number: u32, range: (u64, u64)) {
        let sys = format!("sys/block/{disk}/{name}");
        let (start, bytes) = range;
        for (attribute, value) in [
            ("dev", dev.to_owned()),
            ("partition", number.to_string()),
            ("start", (start / 512).to_string()),
            ("size", (bytes / 512).to_string()),
        ] {
            self.put(&format!("{sys}/{attribute}"), &format!("{value}\n"));
        }
    }

    /// Puts `upper` on `lower`, both given as directories below `/sys/block`.
    pub(crate) fn stack(&self, upper: &str, lower: &str) {
        let name = |path: &str| path.rsplit('/').next().unwrap().to_owned();
        fs::create_dir_all(self.path(&format!("sys/block/{upper}/slaves/{}", name(lower)))).unwrap();
        fs::create_dir_all(self.path(&format!("sys/block/{lower}/holders/{}", name(upper)))).unwrap();
    }

    pub(crate) fn collect(&self) -> Inventory {
        Inventory::collect(&self.roots()).unwrap()
    }

    /// Takes the inventory and writes it so that a person can review it; the tree's place is left out.
    pub(crate) fn report(&self) -> String {
        let root = self.0.path().to_str().unwrap().to_owned();
        report(&self.collect()).replace(&root, "")
    }
}

/// Writes disks and boot facts, a line each.
pub(crate) fn report(inventory: &Inventory) -> String {
    let mut out = boot(&inventory.boot);
    for disk in inventory.disks.iter().chain(&inventory.volumes) {
        out.push_str(&describe(disk));
    }
    for swap in &inventory.swaps {
        writeln!(out, "swap {} {:?} {}/{}", swap.path, swap.medium, swap.used_bytes, swap.size_bytes)
            .unwrap();
    }
    for problem in &inventory.problems {
        writeln!(out, "! {problem}").unwrap();
    }
    out
}

fn boot(boot: &Boot) -> String {
    let system = match &boot.system_disk {
        SystemDisk::Disk { path, also } => format!("{} also {also:?}", path.display()),
        SystemDisk::None { reason } => format!("none: {reason}"),
    };
    let mut out = format!("{:?}, system disk {system}\n", boot.mode);
    for Carrier { device, mount_point, disks } in boot.boot.iter().chain(&boot.efi) {
        writeln!(out, "{mount_point} on {} of {disks:?}", device.display()).unwrap();
    }
    out
}

/// Writes a disk, a line for it and one for each partition.
pub(crate) fn describe(disk: &Disk) -> String {
    let table = match &disk.table {
        PartitionTable::None => "no table".to_owned(),
        PartitionTable::Mbr { disk_id } => format!("mbr {disk_id}"),
        PartitionTable::Gpt { disk_guid, from_backup: false } => format!("gpt {disk_guid}"),
        PartitionTable::Gpt { disk_guid, from_backup: true } => format!("backup gpt {disk_guid}"),
        PartitionTable::Damaged { reason } => format!("damaged: {reason}"),
        PartitionTable::Unread => "table unread".to_owned(),
    };
    let stack = match &disk.stack {
        Stack::Image => "Image".to_owned(),
        stack => format!("{stack:?}"),
    };
    let path = if disk.stack == Stack::Image { "image".to_owned() } else { disk.path.display().to_string() };
    let (size, sector) = (disk.size_bytes, disk.logical_sector_bytes);
    let mut out = format!("{path} [{stack}] {size} bytes in {sector}, {table}{}\n", contents(&disk.contents));
    for part in &disk.partitions {
        let path = part.path.as_ref().map(|path| format!(" {}", path.display())).unwrap_or_default();
        let kind = part.kind.as_ref().map_or("?".to_owned(), |kind| format!("{} {}", kind.code, kind.name));
        let flags = [
            (part.flags.bootable, " bootable"),
            (part.flags.esp, " esp"),
            (part.flags.bios_boot, " bios-boot"),
            (part.flags.extended, " extended"),
        ];
        let flags: String = flags.iter().filter(|(set, _)| *set).map(|(_, name)| *name).collect();
        let name = part.name.as_ref().map(|name| format!(" {name:?}")).unwrap_or_default();
        let (number, start, size) = (part.number, part.start_bytes, part.size_bytes);
        let held = contents(&part.contents);
        writeln!(out, "  {number}{path} {start}+{size} ({kind}){name}{flags}{held}").unwrap();
    }
    for problem in &disk.problems {
        writeln!(out, "  ! {problem}").unwrap();
    }
    out
}

fn contents(contents: &Contents) -> String {
    let mut out = format!("; {}", contents.format.as_str());
    for value in [&contents.uuid, &contents.label].into_iter().flatten() {
        write!(out, " {value}").unwrap();
    }
    for mount in &contents.mounts {
        let part = if mount.subtree == "/" { String::new() } else { format!(" ({})", mount.subtree) };
        write!(out, " at {}{part}", mount.point).unwrap();
    }
    if contents.swap_active {
        out.push_str(" swapping");
    }
    if !contents.holders.is_empty() {
        write!(out, " held by {}", contents.holders.join(",")).unwrap();
    }
    out
}
