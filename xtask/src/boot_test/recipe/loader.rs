//! GRUB, put where the firmware looks for it, by hand: the installer would want the disk as a block device.

use std::{
    fs::{self, File},
    os::unix::fs::FileExt,
    path::Path,
    time::Duration,
};

use anyhow::{Context, ensure};

use super::system;
use crate::boot_test::{
    bounded::Bounded,
    layout::{ESP_SERIAL, Part, ROOT_UUID},
};

const BOUND: Duration = Duration::from_mins(2);

/// Bytes of an MBR before its disk id and table.
const MBR_CODE: usize = 440;

/// The modules that find a kernel on an ext4 and start it.
const MODULES: &str = "ext2 normal linux search search_fs_uuid configfile serial terminal echo test";

/// Writes GRUB's menu, of one entry, which talks on the serial line only.
pub(super) fn menu(root: &Path) -> anyhow::Result<()> {
    // On a busy machine an emulated timer may look broken to the kernel's check, which then stops for good.
    let text = format!(
        "serial --unit=0 --speed=115200\nterminal_input serial\nterminal_output serial\nset timeout=0\n\
         search --no-floppy --fs-uuid --set=root {ROOT_UUID}\n\
         menuentry Debian {{\n    linux /vmlinuz root=UUID={ROOT_UUID} ro console=ttyS0 quiet no_timer_check\n    initrd /initrd.img\n}}\n"
    );
    system::write(root, "boot/grub/grub.cfg", &text, 0o644)
}

/// For BIOS: the first sector's code, which reads GRUB from the sectors behind it. These are its own: the first
/// partition begins at a MiB.
pub(super) fn bios(root: &Path, disk: &File, gap: u64) -> anyhow::Result<()> {
    let modules = format!("biosdisk part_msdos {MODULES}");
    let core = image(root, &["-O", "i386-pc", "-p", "(,msdos1)/boot/grub"], &modules)?;
    let path = root.join("usr/lib/grub/i386-pc/boot.img");
    let sector = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
    let start = sector.get(..MBR_CODE).context("GRUB's boot.img is too short")?;
    ensure!(
        512 + core.len() as u64 <= gap,
        "GRUB has {} bytes, too many before the first partition",
        core.len()
    );
    // GRUB expects itself at sector 1, where `grub-mkimage` and `boot.img` say by default.
    disk.write_all_at(start, 0)
        .and_then(|()| disk.write_all_at(&core, 512))
        .context("writing GRUB to the disk")
}

/// For UEFI: a FAT with GRUB under the name that firmware starts from removable and unknown disks.
pub(super) fn esp(root: &Path, part: Part, work: &Path) -> anyhow::Result<std::path::PathBuf> {
    let early = format!(
        "search --no-floppy --fs-uuid --set=root {ROOT_UUID}\nset prefix=($root)/boot/grub\nconfigfile $prefix/grub.cfg\n"
    );
    system::write(root, "early.cfg", &early, 0o644)?;
    let modules = format!("part_gpt fat efi_gop {MODULES}");
    let efi = image(root, &["-O", "x86_64-efi", "-p", "/boot/grub", "-c", "/early.cfg"], &modules)?;
    fs::remove_file(root.join("early.cfg")).context("removing GRUB's first instructions")?;
    let (program, fat) = (work.join("BOOTX64.EFI"), work.join("esp.fat"));
    fs::write(&program, efi).context("writing GRUB for UEFI")?;
    let kib = (part.len / 1024).to_string();
    // mkfs.vfat counts in KiB; one sector a cluster makes a FAT32 of so small a partition.
    let make = ["-C", "-F", "32", "-s", "1", "-n", "ESP", "-i", ESP_SERIAL];
    Bounded::new(BOUND, "mkfs.vfat").args(make).args([fat.as_os_str(), kib.as_ref()]).run()?;
    let on_it = |tool: &str| Bounded::new(BOUND, tool).args(["-i".as_ref(), fat.as_os_str()]);
    on_it("mmd").args(["::/EFI", "::/EFI/BOOT"]).run()?;
    on_it("mcopy").args([program.as_os_str(), "::/EFI/BOOT/BOOTX64.EFI".as_ref()]).run()?;
    Ok(fat)
}

/// Has the guest's own GRUB make an image of itself.
fn image(root: &Path, options: &[&str], modules: &str) -> anyhow::Result<Vec<u8>> {
    Bounded::new(BOUND, "chroot")
        .args([root.as_os_str(), "grub-mkimage".as_ref()])
        .args(options)
        .args(["-o", "/grub.image"])
        .args(modules.split(' '))
        .run()
        .context("making GRUB")?;
    let made = root.join("grub.image");
    let bytes = fs::read(&made).context("reading GRUB")?;
    fs::remove_file(&made).context("removing GRUB's image from the guest")?;
    Ok(bytes)
}
