//! The two kinds of disk that a guest has: the PC's old way, and UEFI's.

use clap::ValueEnum;

/// How a guest starts and what its disk is divided by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ValueEnum)]
pub(crate) enum Variant {
    /// BIOS and an MBR.
    Bios,
    /// UEFI and a GPT.
    Uefi,
}

/// Size of a guest's disk in bytes.
pub(super) const DISK_BYTES: u64 = 2 << 30;

/// UUID of the root filesystem, by which loader and kernel find it.
pub(super) const ROOT_UUID: &str = "5f0e1a52-3a63-4c0b-9a5e-6b1f0d2c7a01";

/// UUID of the swap space.
pub(super) const SWAP_UUID: &str = "5f0e1a52-3a63-4c0b-9a5e-6b1f0d2c7a02";

/// UUID of the data's filesystem.
pub(super) const DATA_UUID: &str = "5f0e1a52-3a63-4c0b-9a5e-6b1f0d2c7a03";

/// Serial number of the FAT of the EFI system partition, as `mkfs.vfat -i` takes it.
pub(super) const ESP_SERIAL: &str = "5f0e1a53";

const MIB: u64 = 1 << 20;

/// A partition, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) start: u64,
    pub(crate) len: u64,
}

impl Variant {
    /// The word for it on the command line and in file names.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Bios => "bios",
            Self::Uefi => "uefi",
        }
    }

    /// The EFI system partition, where there is one.
    pub(super) fn esp(self) -> Option<Part> {
        (self == Self::Uefi).then_some(Part { start: MIB, len: 64 * MIB })
    }

    /// The root filesystem, an ext4.
    pub(super) fn root(self) -> Part {
        let start = self.esp().map_or(MIB, |esp| esp.start + esp.len);
        Part { start, len: 1_280 * MIB }
    }

    /// The swap space.
    pub(super) fn swap(self) -> Part {
        let root = self.root();
        Part { start: root.start + root.len, len: 128 * MIB }
    }

    /// An XFS beside the root filesystem, where there is one. What is left behind it belongs to no partition.
    pub(super) fn data(self) -> Option<Part> {
        let swap = self.swap();
        (self == Self::Uefi).then_some(Part { start: swap.start + swap.len, len: 384 * MIB })
    }

    /// What `sfdisk` is told.
    pub(super) fn table(self) -> String {
        let line =
            |part: Part, rest: &str| format!("start={}, size={}, {rest}\n", part.start / 512, part.len / 512);
        match self {
            Self::Bios => {
                let root = line(self.root(), "type=83, bootable");
                format!("label: dos\nlabel-id: 0x1a4dfa11\n{root}{}", line(self.swap(), "type=82"))
            }
            Self::Uefi => {
                let esp = self.esp().map(|esp| line(esp, "type=uefi, name=esp")).unwrap_or_default();
                let root = line(self.root(), "type=linux, name=root");
                let swap = line(self.swap(), "type=swap, name=swap");
                let data = self.data().map(|data| line(data, "type=linux, name=data")).unwrap_or_default();
                format!("label: gpt\n{esp}{root}{swap}{data}")
            }
        }
    }

    /// The guest's `/etc/fstab`.
    pub(super) fn fstab(self) -> String {
        let (high, low) = ESP_SERIAL.split_at(4);
        let esp = self.esp().map_or_else(String::new, |_| {
            let id = format!("{high}-{low}").to_uppercase();
            format!("UUID={id} /boot/efi vfat umask=0077,nofail 0 0\n")
        });
        let data =
            self.data().map_or_else(String::new, |_| format!("UUID={DATA_UUID} /srv xfs defaults 0 0\n"));
        format!(
            "UUID={ROOT_UUID} / ext4 errors=remount-ro 0 1\nUUID={SWAP_UUID} none swap sw,nofail 0 0\n{esp}{data}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::{DISK_BYTES, Variant};

    #[test]
    fn partitions_follow_each_other_and_fit() {
        for variant in [Variant::Bios, Variant::Uefi] {
            let (root, swap) = (variant.root(), variant.swap());
            assert!(variant.esp().is_none_or(|esp| esp.start + esp.len <= root.start));
            assert!(root.start + root.len <= swap.start);
            let last = variant.data().unwrap_or(swap);
            assert!(last == swap || swap.start + swap.len <= last.start);
            // The copy of a GPT at the end of the disk takes 33 sectors.
            assert!(last.start + last.len <= DISK_BYTES - 33 * 512);
        }
    }

    #[test]
    fn the_esp_is_known_by_its_serial_number() {
        assert!(Variant::Uefi.fstab().contains("UUID=5F0E-1A53 /boot/efi vfat"));
        assert!(!Variant::Bios.fstab().contains("vfat"));
    }
}
