//! Machines to import: alike in size to real ones, and each another.

use std::net::{IpAddr, Ipv4Addr};

use smc::source::{
    Inventory, MachineId,
    inventory::{Content, Cpu, Disk, Memory, Os, Partition},
};

const GIB: u64 = 1 << 30;

/// The identity of one of many machines; `fleet` keeps those of different tests apart.
pub fn machine_id(fleet: &str, number: usize) -> MachineId {
    MachineId::of(&["test machine", fleet, &number.to_string()])
}

/// What a usual virtual machine consists of: two disks, four partitions.
pub fn inventory(hostname: &str) -> Inventory {
    Inventory {
        hostname: hostname.to_owned(),
        os: Os {
            platform: "Debian".into(),
            name: "Debian GNU/Linux 12 (bookworm)".into(),
            version: "12".into(),
        },
        kernel: "6.1.0-18-amd64".into(),
        architecture: "x86_64".into(),
        cpu: Cpu { model: "Some Processor at 2.40GHz".into(), count: 4, usage_percent: 7.5 },
        memory: Memory { total_bytes: 16 * GIB, available_bytes: 9 * GIB },
        addresses: vec![IpAddr::V4(Ipv4Addr::new(192, 0, 2, 17))],
        disks: vec![
            disk("/dev/vda", true, &[("vfat", "/boot/efi", 1), ("ext4", "/boot", 1), ("ext4", "/", 38)]),
            disk("/dev/vdb", false, &[("xfs", "/var/lib/data", 200)]),
        ],
        ..Inventory::default()
    }
}

fn disk(path: &str, system: bool, partitions: &[(&str, &str, u64)]) -> Disk {
    let mut start = 1 << 20;
    let partitions: Vec<_> = (1..)
        .zip(partitions)
        .map(|(number, (filesystem, mount, gibibytes))| {
            let size = gibibytes * GIB;
            let partition = Partition {
                number,
                path: format!("{path}{number}"),
                start_bytes: start,
                size_bytes: size,
                content: Content {
                    filesystem: (*filesystem).into(),
                    mounts: vec![(*mount).to_owned()],
                    ..Content::default()
                },
                ..Partition::default()
            };
            start += size;
            partition
        })
        .collect();
    Disk {
        path: path.to_owned(),
        size_bytes: start + (1 << 20),
        sector_bytes: 512,
        system,
        table: "gpt".into(),
        table_id: "6f0d8f5e-5b0a-4c7e-9a3f-0c9d1e2b3a4c".into(),
        partitions,
        ..Disk::default()
    }
}

#[cfg(test)]
mod tests {
    use super::{inventory, machine_id};

    #[test]
    fn machines_are_acceptable_and_different() {
        inventory("h").check().unwrap();
        assert_ne!(machine_id("f", 1), machine_id("f", 2));
        assert_ne!(machine_id("f", 1), machine_id("g", 1));
    }
}
