//! Describes block devices: sysfs for what they are, their first kilobytes for what they hold, mountinfo for their use.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

use crate::disk::{Contents, Disk, Format, Mount, Partition, PartitionFlags, PartitionTable, Space};
use crate::inventory::InventoryError;
use crate::kernel_file::{bytes, flag, line, number};
use crate::layout;
use crate::mounts::{self, Mounted, Swap};
use crate::roots::Roots;
use crate::stack::Stack;
use crate::superblock;
use crate::table::Scan;
use crate::topology::{Node, Topology};
use crate::window::{Window, printable, text};

/// The most mounts listed of one device.
const MAX_MOUNTS: usize = 32;

/// What one pass over sysfs and procfs saw, from which disks are described.
pub(crate) struct Survey<'a> {
    pub(crate) roots: &'a Roots,
    pub(crate) topology: Topology,
    pub(crate) mounts: Vec<Mounted>,
    pub(crate) swaps: Vec<Swap>,
    pub(crate) problems: Vec<String>,
    mounts_of: HashMap<String, Vec<usize>>,
}

impl<'a> Survey<'a> {
    /// Looks at the devices, mounts and swap areas below `roots`.
    pub(crate) fn take(roots: &'a Roots) -> Result<Self, InventoryError> {
        let mounts = mounts::read(&roots.proc).map_err(|source| InventoryError::Unreadable {
            path: roots.proc.join("self/mountinfo"),
            source,
        })?;
        let mut problems = Vec::new();
        let topology = Topology::read(&roots.sys).unwrap_or_else(|error| {
            let block = roots.sys.join("block");
            problems
                .push(format!("no disks found: cannot read {}: {error}; is sysfs mounted?", block.display()));
            Topology::default()
        });
        let mut survey = Self {
            swaps: mounts::read_swaps(&roots.proc),
            roots,
            topology,
            mounts,
            problems,
            mounts_of: HashMap::new(),
        };
        let mut mounts_of: HashMap<String, Vec<usize>> = HashMap::new();
        for (index, mount) in survey.mounts.iter().enumerate() {
            if let Some(node) = survey.device_of(mount) {
                mounts_of.entry(node.name.clone()).or_default().push(index);
            }
        }
        survey.mounts_of = mounts_of;
        Ok(survey)
    }

    /// Finds the block device of a mount: by number or, for filesystems that hide theirs (Btrfs), by what was mounted.
    pub(crate) fn device_of(&self, mount: &Mounted) -> Option<&Node> {
        if mount.number.0 == 0 {
            self.topology.by_path(&mount.source)
        } else {
            self.topology.by_number(mount.number)
        }
    }

    /// Describes a whole disk or a volume.
    pub(crate) fn describe(&self, node: &Node) -> Disk {
        let queue = node.sysfs.join("queue");
        let sector = |name: &str| number(&queue.join(name)).and_then(|bytes| u32::try_from(bytes).ok());
        let logical = sector("logical_block_size").filter(|bytes| bytes.is_power_of_two()).unwrap_or(512);
        let stack = Stack::of(node, &self.topology);
        // A multipath map has no identity of its own: that of any of its paths is the disk's.
        let identity = match &stack {
            Stack::Multipath { members, .. } => members.first().and_then(|path| self.topology.get(path)),
            _ => None,
        };
        let identity = &identity.unwrap_or(node).sysfs;
        let mut disk = Disk {
            path: node.path(),
            kernel_name: node.name.clone(),
            size_bytes: node.size_bytes,
            logical_sector_bytes: logical,
            physical_sector_bytes: sector("physical_block_size").unwrap_or(logical).max(logical),
            rotational: flag(&queue.join("rotational")),
            read_only: flag(&node.sysfs.join("ro")),
            removable: flag(&node.sysfs.join("removable")),
            model: model(identity),
            serial: serial(identity),
            wwn: ["wwid", "device/wwid"].into_iter().find_map(|name| line(&identity.join(name))),
            stack,
            table: PartitionTable::Unread,
            partitions: Vec::new(),
            contents: Contents { format: Format::Unread, ..Contents::default() },
            problems: Vec::new(),
        };
        let mut file = self.open(node).map_err(|reason| disk.problems.push(reason)).ok();
        let mut window = file.as_mut().map(|file| Window::new(file, 0, node.size_bytes));
        let scan = window.as_mut().map(|window| {
            let in_raid = node.holders.iter().any(|holder| holder.starts_with("md"));
            layout::whole(window, logical, in_raid)
        });
        let table_partitions = match scan {
            Some(Ok((scan, contents))) => {
                let Scan { table, partitions, problems } = scan;
                (disk.table, disk.contents) = (table, contents);
                disk.problems.extend(problems);
                Some(partitions)
            }
            Some(Err(error)) => {
                disk.problems.push(format!("cannot read {}: {error}", node.path().display()));
                None
            }
            None => None,
        };
        self.add_use(&mut disk.contents, node);
        disk.partitions = self.partitions(node, table_partitions, &mut disk.problems);
        for partition in &mut disk.partitions {
            self.fill(partition, window.as_mut(), &mut disk.problems);
        }
        disk
    }

    /// Joins the table's partitions with the kernel's. Where they differ the kernel is right about where its device is, and
    /// the operator is told.
    fn partitions(
        &self,
        disk: &Node,
        table: Option<Vec<Partition>>,
        problems: &mut Vec<String>,
    ) -> Vec<Partition> {
        let read = table.is_some();
        let mut partitions = table.unwrap_or_default();
        for (number, start_bytes, node) in self.topology.partitions_of(&disk.name) {
            let Some(known) = partitions.iter_mut().find(|partition| partition.number == number) else {
                if read {
                    problems.push(format!(
                        "{} is not in the partition table; has the table changed since it was read?",
                        node.path().display()
                    ));
                }
                partitions.push(from_kernel(number, start_bytes.unwrap_or(0), node));
                continue;
            };
            known.path = Some(node.path());
            // The kernel shows two sectors of an extended partition, for the boot loader in it.
            let same_size = known.flags.extended || known.size_bytes == node.size_bytes;
            if start_bytes.is_some_and(|start| start != known.start_bytes) || !same_size {
                problems.push(format!(
                    "the kernel has {} elsewhere than the partition table; run partprobe or restart",
                    node.path().display()
                ));
                known.start_bytes = start_bytes.unwrap_or(known.start_bytes);
                known.size_bytes = node.size_bytes;
            }
        }
        partitions.sort_by_key(|partition| partition.number);
        partitions
    }

    /// Fills in what a partition holds and how it is used. Read through the partition's own device where there is one: the
    /// kernel caches it apart from the disk's.
    fn fill(
        &self,
        partition: &mut Partition,
        disk: Option<&mut Window<'_, File>>,
        problems: &mut Vec<String>,
    ) {
        let node = partition.path.as_ref().and_then(|path| self.topology.by_path(path.to_str()?));
        let read = if partition.flags.extended {
            Ok(Contents::default())
        } else if let Some(mut file) = node.and_then(|node| self.open(node).ok()) {
            superblock::probe(&mut Window::new(&mut file, 0, partition.size_bytes))
        } else if let Some(disk) = disk {
            layout::partition(disk, partition)
        } else {
            Ok(Contents { format: Format::Unread, ..Contents::default() })
        };
        partition.contents = read.unwrap_or_else(|error| {
            problems.push(format!("cannot read partition {}: {error}", partition.number));
            Contents { format: Format::Unread, ..Contents::default() }
        });
        if let Some(node) = node {
            self.add_use(&mut partition.contents, node);
        }
    }

    /// Adds mounts, space, swap and holders of a device to what it holds.
    fn add_use(&self, contents: &mut Contents, node: &Node) {
        contents.holders.clone_from(&node.holders);
        contents.swap_active = self
            .swaps
            .iter()
            .any(|swap| self.topology.by_path(&swap.path).is_some_and(|device| device.name == node.name));
        let Some(indices) = self.mounts_of.get(&node.name) else { return };
        let mut mounts: Vec<&Mounted> = indices.iter().filter_map(|index| self.mounts.get(*index)).collect();
        // Of Btrfs, subvolumes are mounted; of the others, a part is a bind mount and says nothing new beside the whole.
        let whole = mounts.iter().any(|mount| mount.subtree == "/" && mount.kind != "btrfs");
        mounts.retain(|mount| mount.subtree == "/" || !whole);
        mounts.sort_by_key(|mount| mount.subtree != "/");
        mounts.truncate(MAX_MOUNTS);
        if let Some(format) = mounts.first().and_then(|mount| Format::of_mounted(&mount.kind)) {
            contents.format = format;
        }
        contents.space = mounts.iter().find_map(|mount| self.space(mount));
        contents.mounts = mounts.into_iter().map(listed).collect();
    }

    /// Asks for the space of a mounted filesystem, unless what answers at its mount point is another filesystem.
    fn space(&self, mount: &Mounted) -> Option<Space> {
        let path = self.roots.root.join(mount.point.strip_prefix("/").ok()?);
        let answers = path.metadata().ok()?.dev();
        let device = (rustix::fs::major(answers), rustix::fs::minor(answers));
        // Btrfs gives each subvolume a number of its own.
        if device != mount.number && mount.kind != "btrfs" {
            return None;
        }
        let stat = rustix::fs::statvfs(&path).ok()?;
        Some(Space {
            used_bytes: stat.f_blocks.saturating_sub(stat.f_bfree).saturating_mul(stat.f_frsize),
            free_bytes: stat.f_bavail.saturating_mul(stat.f_frsize),
        })
    }

    /// Opens a device for reading, after making sure that the node in `/dev` is the device meant.
    fn open(&self, node: &Node) -> Result<File, String> {
        let path = self.roots.dev.join(node.dev_name());
        if flag(&node.sysfs.join("dm/suspended")) {
            return Err(format!("did not read {}: it is suspended and reading would wait", path.display()));
        }
        let fail = |error: io::Error| format!("cannot read {}: {error}{}", path.display(), advice(&error));
        let metadata = path.metadata().map_err(fail)?;
        let number = (rustix::fs::major(metadata.rdev()), rustix::fs::minor(metadata.rdev()));
        // A regular file in its place is as good: read-only, it can only be wrong about itself.
        let meant = if metadata.file_type().is_block_device() {
            node.number == Some(number)
        } else {
            metadata.is_file()
        };
        if !meant {
            return Err(format!("{} is not the block device {}; recreate it", path.display(), node.name));
        }
        File::open(&path).map_err(fail)
    }
}

/// The file's mode refuses with EACCES, a container's device rules with EPERM; only the first ends with being root.
fn advice(error: &io::Error) -> &'static str {
    use rustix::io::Errno;
    match Errno::from_io_error(error) {
        Some(Errno::ACCESS) => "; run as root",
        Some(Errno::PERM) => "; run outside the container, or allow it this device",
        Some(Errno::NOENT) => "; in a container, share the host's /dev",
        _ => "",
    }
}

fn listed(mount: &Mounted) -> Mount {
    Mount {
        point: mount.point.to_string_lossy().into_owned(),
        subtree: mount.subtree.clone(),
        read_only: mount.read_only,
    }
}

/// Describes a partition of which only the kernel's view is known.
fn from_kernel(number: u32, start_bytes: u64, node: &Node) -> Partition {
    Partition {
        number,
        path: Some(node.path()),
        start_bytes,
        size_bytes: node.size_bytes,
        kind: None,
        name: None,
        uuid: None,
        flags: PartitionFlags::default(),
        contents: Contents::default(),
    }
}

/// SCSI has vendor and model, NVMe a model, MMC a name; for virtio the vendor is a number of no use.
fn model(sysfs: &Path) -> Option<String> {
    let model = ["device/model", "device/name"].into_iter().find_map(|name| line(&sysfs.join(name)))?;
    let vendor =
        line(&sysfs.join("device/vendor")).filter(|vendor| vendor != "ATA" && !vendor.starts_with("0x"));
    Some(vendor.map_or(model.clone(), |vendor| format!("{vendor} {model}")))
}

/// virtio and NVMe have a serial number in sysfs, SCSI a page of vital product data (SPC-4, 7.8.15).
fn serial(sysfs: &Path) -> Option<String> {
    let plain = ["serial", "device/serial"].into_iter().find_map(|name| line(&sysfs.join(name)));
    plain
        .or_else(|| {
            let page = bytes(&sysfs.join("device/vpd_pg80"), 4096).ok()?;
            let length = crate::window::be16(&page, 2);
            (page.get(1) == Some(&0x80)).then(|| text(&page, 4, usize::from(length))).flatten()
        })
        .and_then(|serial| printable(&serial))
}
