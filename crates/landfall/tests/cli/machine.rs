//! A made-up machine, imported over TLS by the agent's own code.

use std::sync::Arc;

use landfall_agent::{
    import::{self, Voucher},
    link::Tcp,
    machine::{Machine, Selection},
    state::StateDir,
    system::System,
};
use smc::{
    access_token::AccessTokenCode,
    source::{
        Inventory, MachineId,
        inventory::{BootMode, Content, Cpu, Disk, Memory, Os, Partition, PartitionRole, Volume},
    },
};

use crate::bench::Bench;

/// Imports the machine of this name and gives the id of the source.
pub(crate) fn import(bench: &Bench, name: &str, (token_id, code): &(String, String)) -> String {
    let state = StateDir::create_at(&bench.path().join(name)).unwrap();
    let center = bench.center();
    let voucher = Voucher {
        center: format!("https://{}", center.agent_address).parse().unwrap(),
        pin: center.endpoint.ca_fingerprint.parse().unwrap(),
        token_id: smc::AccessTokenId::parse(token_id).unwrap(),
        code: AccessTokenCode::parse(code).unwrap(),
    };
    let machine =
        Machine { inventory: inventory(name), problems: Vec::new(), id: Some(MachineId::of(&[name])) };
    let wanted = Some(name.to_owned());
    let importing = import::import(
        &voucher,
        machine,
        Selection::default(),
        wanted,
        &state,
        &System,
        Arc::new(Tcp::default()),
    );
    bench.runtime().block_on(importing).unwrap().membership.source_id.to_string()
}

fn inventory(hostname: &str) -> Inventory {
    const GIB: u64 = 1 << 30;
    let content = |filesystem: &str, mount: &str, used: u64| Content {
        filesystem: filesystem.to_owned(),
        mounts: vec![mount.to_owned()],
        used_bytes: Some(used),
        ..Content::default()
    };
    let partition = |number: u32, size_bytes: u64, role, content| Partition {
        number,
        path: format!("/dev/vda{number}"),
        start_bytes: u64::from(number) << 20,
        size_bytes,
        role,
        content,
        ..Partition::default()
    };
    Inventory {
        hostname: hostname.to_owned(),
        os: Os {
            platform: "Debian".into(),
            name: "Debian GNU/Linux 12 (bookworm)".into(),
            version: "12".into(),
        },
        kernel: "6.1.0-25-amd64".into(),
        architecture: "x86_64".into(),
        boot: BootMode::Uefi,
        cpu: Cpu { model: "Common KVM processor".into(), count: 4, usage_percent: 12.5 },
        memory: Memory { total_bytes: 8 * GIB, available_bytes: 5 * GIB },
        addresses: vec!["192.0.2.10".parse().unwrap()],
        disks: vec![
            Disk {
                path: "/dev/vda".into(),
                size_bytes: 40 * GIB,
                sector_bytes: 512,
                system: true,
                table: "gpt".into(),
                partitions: vec![
                    partition(1, GIB / 2, PartitionRole::System, content("vfat", "/boot/efi", 6 << 20)),
                    partition(2, 39 * GIB, PartitionRole::Normal, content("ext4", "/", 11 * GIB)),
                ],
                ..Disk::default()
            },
            Disk { path: "/dev/vdb".into(), size_bytes: 100 * GIB, sector_bytes: 512, ..Disk::default() },
        ],
        volumes: vec![Volume {
            kind: "lvm".into(),
            name: "data/srv".into(),
            path: "/dev/mapper/data-srv".into(),
            size_bytes: 90 * GIB,
            members: vec!["/dev/vdb".into()],
            content: content("xfs", "/srv", 42 * GIB),
        }],
    }
}
