//! The kernel's block devices and what stands on what, from sysfs.
//!
//! Only names, numbers and links: `/sys/block/*`, the partitions below, `holders`, `slaves` and device-mapper's own
//! attributes (Documentation/ABI/stable/sysfs-block, testing/sysfs-block-dm). What is on the disks is not looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::kernel_file::{flag, line, names, number};

/// All block devices, by kernel name.
#[derive(Debug, Default)]
pub(crate) struct Topology {
    nodes: BTreeMap<String, Node>,
    /// Members of Btrfs filesystems that span several devices.
    btrfs: Vec<Vec<String>>,
}

/// A block device: a disk, a partition or a volume.
#[derive(Debug)]
pub(crate) struct Node {
    /// The kernel's name; a `!` in it stands for `/`.
    pub(crate) name: String,
    /// Its directory in sysfs.
    pub(crate) sysfs: PathBuf,
    /// Major and minor number.
    pub(crate) number: Option<(u32, u32)>,
    pub(crate) size_bytes: u64,
    /// Devices it stands on.
    pub(crate) slaves: Vec<String>,
    /// Devices that stand on it.
    pub(crate) holders: Vec<String>,
    pub(crate) role: Role,
    /// The name device-mapper gave it.
    pub(crate) dm_name: Option<String>,
    /// Device-mapper's UUID, whose prefix tells who made it.
    pub(crate) dm_uuid: Option<String>,
}

/// What part a block device plays in an inventory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// A disk of its own, a multipath map included.
    Disk,
    /// One path to a disk that is listed as the multipath map.
    Path { map: String },
    /// A partition.
    Partition { disk: String, number: u32, start_bytes: Option<u64> },
    /// A volume that stands on other devices.
    Volume,
    /// A loop device: a disk only for those who ask for it.
    Loop,
    /// A hidden path of native NVMe multipath.
    NvmePath,
    /// Memory, floppy, optical drive, empty reader, firmware area.
    Ignored,
}

impl Topology {
    /// Reads sysfs below `sys`. Devices that vanish meanwhile are left out.
    pub(crate) fn read(sys: &Path) -> std::io::Result<Self> {
        let mut topology = Self::default();
        for name in names(&sys.join("block"))? {
            let sysfs = sys.join("block").join(&name);
            for child in names(&sysfs).unwrap_or_default() {
                let child_dir = sysfs.join(&child);
                if let Some(number) = number(&child_dir.join("partition")).and_then(|n| u32::try_from(n).ok())
                {
                    let start_bytes = self::number(&child_dir.join("start")).map(sectors);
                    topology.add(
                        child,
                        child_dir,
                        Role::Partition { disk: name.clone(), number, start_bytes },
                    );
                }
            }
            let role = role(&name, &sysfs);
            topology.add(name, sysfs, role);
        }
        topology.settle_maps();
        let btrfs = sys.join("fs/btrfs");
        for filesystem in names(&btrfs).unwrap_or_default() {
            topology.btrfs.extend(names(&btrfs.join(filesystem).join("devices")).ok());
        }
        Ok(topology)
    }

    /// Returns the devices in the order people count them.
    pub(crate) fn nodes(&self) -> Vec<&Node> {
        let mut nodes: Vec<_> = self.nodes.values().collect();
        nodes.sort_by_cached_key(|node| crate::kernel_file::natural_order(&node.name));
        nodes
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Node> {
        self.nodes.get(name)
    }

    pub(crate) fn by_number(&self, number: (u32, u32)) -> Option<&Node> {
        self.nodes.values().find(|node| node.number == Some(number))
    }

    /// Finds a device by its path below `/dev`, device-mapper names included. Follows no links.
    pub(crate) fn by_path(&self, path: &str) -> Option<&Node> {
        let name = path.strip_prefix("/dev/")?;
        self.get(&name.replace('/', "!")).or_else(|| {
            let mapped = name.strip_prefix("mapper/")?;
            self.nodes.values().find(|node| node.dm_name.as_deref() == Some(mapped))
        })
    }

    /// Returns the names of the whole disks under a device, down through partitions and volumes; of a multi-device Btrfs,
    /// the disks of all its devices.
    pub(crate) fn disks_under(&self, name: &str) -> BTreeSet<String> {
        let (mut disks, mut visited) = (BTreeSet::new(), BTreeSet::new());
        let mut open = vec![name.to_owned()];
        open.extend(
            self.btrfs.iter().filter(|group| group.iter().any(|member| member == name)).flatten().cloned(),
        );
        while let Some(name) = open.pop() {
            let Some(node) = self.get(&name) else { continue };
            if !visited.insert(name) {
                continue;
            }
            match &node.role {
                Role::Disk => drop(disks.insert(node.name.clone())),
                Role::Path { map } => open.push(map.clone()),
                Role::Partition { disk, .. } => open.push(disk.clone()),
                _ => open.extend(node.slaves.iter().cloned()),
            }
        }
        disks
    }

    /// Returns the partitions of a disk, by number.
    pub(crate) fn partitions_of(&self, disk: &str) -> Vec<(u32, Option<u64>, &Node)> {
        let mut partitions: Vec<_> = self
            .nodes
            .values()
            .filter_map(|node| match &node.role {
                Role::Partition { disk: of, number, start_bytes } if of == disk => {
                    Some((*number, *start_bytes, node))
                }
                _ => None,
            })
            .collect();
        partitions.sort_by_key(|(number, ..)| *number);
        partitions
    }

    /// Returns the hidden devices through which the NVMe namespace `head` is reached: `nvme0c1n1` of `nvme0n1`.
    pub(crate) fn nvme_paths(&self, head: &str) -> Vec<String> {
        let of_head =
            |node: &&Node| node.role == Role::NvmePath && nvme_head(&node.name).as_deref() == Some(head);
        self.nodes().into_iter().filter(of_head).map(|node| node.name.clone()).collect()
    }

    fn add(&mut self, name: String, sysfs: PathBuf, role: Role) {
        let links = |kind| {
            let mut links = names(&sysfs.join(kind)).unwrap_or_default();
            links.truncate(256);
            links
        };
        let node = Node {
            number: line(&sysfs.join("dev")).and_then(|text| device_number(&text)),
            size_bytes: number(&sysfs.join("size")).map_or(0, sectors),
            slaves: links("slaves"),
            holders: links("holders"),
            // A slash would make another path of it below /dev/mapper.
            dm_name: line(&sysfs.join("dm/name")).filter(|name| !name.contains('/')),
            dm_uuid: line(&sysfs.join("dm/uuid")),
            name: name.clone(),
            role,
            sysfs,
        };
        self.nodes.insert(name, node);
    }

    /// Turns the disks under multipath maps into their paths, and mappings that kpartx made into partitions.
    fn settle_maps(&mut self) {
        let mut roles = Vec::new();
        for node in self.nodes.values() {
            let uuid = node.dm_uuid.as_deref().unwrap_or_default();
            if uuid.starts_with("mpath-") {
                roles.extend(
                    node.slaves.iter().map(|path| (path.clone(), Role::Path { map: node.name.clone() })),
                );
            } else if let (Some(number), [under]) = (map_partition(uuid), node.slaves.as_slice()) {
                let disk = under.clone();
                roles.push((node.name.clone(), Role::Partition { disk, number, start_bytes: None }));
            }
        }
        for (name, role) in roles {
            if let Some(node) = self.nodes.get_mut(&name) {
                node.role = role;
            }
        }
    }
}

impl Node {
    /// Returns where the device is opened, relative to `/dev`.
    pub(crate) fn dev_name(&self) -> String {
        self.name.replace('!', "/")
    }

    /// Returns the path people know the device by.
    pub(crate) fn path(&self) -> PathBuf {
        let name = self.dm_name.as_ref().map_or_else(|| self.dev_name(), |name| format!("mapper/{name}"));
        Path::new("/dev").join(name)
    }
}

fn role(name: &str, sysfs: &Path) -> Role {
    let begins = |prefix: &str| {
        name.strip_prefix(prefix).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    // SCSI device type 5 is a CD or DVD drive, whatever its name.
    let optical = begins("sr") || begins("scd") || line(&sysfs.join("device/type")).as_deref() == Some("5");
    let firmware = begins("mmcblk") && ["boot", "rpmb", "gp"].iter().any(|area| name.contains(area));
    let memory = begins("ram") || begins("zram") || begins("mtdblock");
    let empty = number(&sysfs.join("size")).unwrap_or(0) == 0;
    if nvme_head(name).is_some() {
        Role::NvmePath
    } else if begins("loop") {
        Role::Loop
    } else if optical || firmware || memory || begins("fd") || empty || flag(&sysfs.join("hidden")) {
        Role::Ignored
    } else if begins("dm-") {
        let multipath = line(&sysfs.join("dm/uuid")).is_some_and(|uuid| uuid.starts_with("mpath-"));
        if multipath { Role::Disk } else { Role::Volume }
    } else if ["md", "bcache", "drbd", "zd"].iter().any(|driver| begins(driver)) || name.starts_with("md_") {
        Role::Volume
    } else {
        Role::Disk
    }
}

/// Returns the namespace that a native multipath path device belongs to: `nvme0n1` for `nvme0c1n1`.
pub(crate) fn nvme_head(name: &str) -> Option<String> {
    let (subsystem, rest) = name.strip_prefix("nvme")?.split_once('c')?;
    let (controller, namespace) = rest.split_once('n')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    [subsystem, controller, namespace].into_iter().all(digits).then(|| format!("nvme{subsystem}n{namespace}"))
}

/// Returns the number in a UUID as kpartx writes it: 3 for `part3-mpath-3600…`.
fn map_partition(uuid: &str) -> Option<u32> {
    uuid.strip_prefix("part")?.split_once('-')?.0.parse().ok()
}

fn device_number(text: &str) -> Option<(u32, u32)> {
    let (major, minor) = text.split_once(':')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// Converts sysfs's sizes, always in units of 512 bytes, to bytes.
fn sectors(count: u64) -> u64 {
    count.saturating_mul(512)
}
