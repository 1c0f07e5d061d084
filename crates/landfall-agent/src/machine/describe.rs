//! An inventory for people.

use std::fmt::{self, Write};

use smc::source::{
    Inventory,
    inventory::{BootMode, Content, Disk, DiskKind, Partition, PartitionRole, Volume},
};

use crate::size::Size;

/// Writes what would be sent to a center, one fact a line.
pub fn describe(inventory: &Inventory) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write(&mut text, inventory);
    text
}

fn write(to: &mut String, inventory: &Inventory) -> fmt::Result {
    let Inventory { hostname, os, kernel, architecture, cpu, memory, .. } = inventory;
    let boot = match inventory.boot {
        BootMode::Bios => "BIOS",
        BootMode::Uefi => "UEFI",
    };
    writeln!(to, "host       {hostname}")?;
    writeln!(
        to,
        "system     {} (platform {}), kernel {kernel}, {architecture}, {boot}",
        os.name, os.platform
    )?;
    let model = if cpu.model.is_empty() { "unknown model" } else { &cpu.model };
    writeln!(to, "processors {} ({model}), {:.1} % busy since boot", cpu.count, cpu.usage_percent)?;
    writeln!(to, "memory     {}, {} available", Size(memory.total_bytes), Size(memory.available_bytes))?;
    let addresses: Vec<String> = inventory.addresses.iter().map(ToString::to_string).collect();
    writeln!(
        to,
        "addresses  {}",
        if addresses.is_empty() { "none".to_owned() } else { addresses.join(", ") }
    )?;
    for disk in &inventory.disks {
        write_disk(to, disk)?;
    }
    for Volume { kind, name, path, size_bytes, members, content } in &inventory.volumes {
        write!(to, "{kind:<10} {name}, {path}, {}, on {}", Size(*size_bytes), members.join(" "))?;
        writeln!(to, "{}", Holding(content))?;
    }
    Ok(())
}

fn write_disk(to: &mut String, disk: &Disk) -> fmt::Result {
    write!(to, "disk       {}, {}", disk.path, Size(disk.size_bytes))?;
    for (present, word) in [(disk.system, "system disk"), (disk.kind == DiskKind::Image, "image file")] {
        if present {
            write!(to, ", {word}")?;
        }
    }
    for word in [&disk.model, &disk.serial, &disk.table].into_iter().filter(|word| !word.is_empty()) {
        write!(to, ", {word}")?;
    }
    writeln!(to, "{}", Holding(&disk.content))?;
    for Partition { number, path, size_bytes, role, type_name, content, .. } in &disk.partitions {
        let name = if path.is_empty() { format!("partition {number}") } else { path.clone() };
        let role = match role {
            PartitionRole::Normal => "",
            PartitionRole::System => ", EFI system partition",
            PartitionRole::Boot => ", boot",
        };
        let type_name = if type_name.is_empty() { String::new() } else { format!(", {type_name}") };
        writeln!(to, "           {name}, {}{type_name}{role}{}", Size(*size_bytes), Holding(content))?;
    }
    Ok(())
}

/// What a device holds, as the end of a line.
struct Holding<'a>(&'a Content);

impl fmt::Display for Holding<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Content { filesystem, label, mounts, used_bytes, .. } = self.0;
        if !filesystem.is_empty() {
            write!(f, ", {filesystem}")?;
        }
        if !label.is_empty() {
            write!(f, " \"{label}\"")?;
        }
        if !mounts.is_empty() {
            write!(f, " at {}", mounts.join(" "))?;
        }
        match used_bytes {
            Some(used) => write!(f, ", {} used", Size(*used)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::describe;
    use crate::machine::{load::Load, samples, wire};

    #[test]
    fn an_inventory_reads_as_a_person_would_tell_it() {
        let load = Load { cpu_percent: 12.5, available_bytes: 1 << 30 };
        insta::assert_snapshot!(describe(&wire::inventory(&samples::server(), load)), @"
        host       web-01
        system     Debian GNU/Linux 12 (bookworm) (platform Debian), kernel 6.1.0, x86_64, UEFI
        processors 4 (EPYC), 12.5 % busy since boot
        memory     8.0 GiB, 1.0 GiB available
        addresses  10.0.0.5, 2001:db8::5
        disk       /dev/sda, 64.0 GiB, system disk, SAMSUNG MZ7LH, S45N?1, gpt
                   /dev/sda1, 1.0 GiB, Linux filesystem, EFI system partition, vfat at /boot/efi, 512.0 MiB used
                   /dev/sda2, 1.0 GiB, Linux filesystem, boot, ext4 at /boot, 512.0 MiB used
                   /dev/sda3, 1.0 GiB, Linux filesystem, LVM2_member
        disk       /dev/mapper/mpatha, 64.0 GiB
        multipath  mpatha, /dev/mapper/mpatha, 64.0 GiB, on /dev/sdc /dev/sdd
        lvm        vg0/root, /dev/mapper/vg0-root, 64.0 GiB, on /dev/sda3, xfs at /, 512.0 MiB used
        raid       md0 (raid1), /dev/md0, 64.0 GiB, on /dev/cciss/c0d1 /dev/sdf
        ");
    }
}
