//! Linux disks: inventory of disks, partitions, filesystems and boot mode.
//!
//! [`Inventory::collect`] reads sysfs, procfs and a few kilobytes of each disk and never writes. Everything it reads is
//! untrusted: reads are bounded, lengths are checked, and what does not parse becomes a line in `problems` rather than
//! an error, because half an inventory is more use to an operator than none. It knows nothing of SMC's wire, of the
//! center, or of what an inventory is for.

mod addresses;
pub mod allocation;
mod boot;
pub mod direct;
mod disk;
pub mod freeze;
mod image_file;
mod inventory;
mod kernel_file;
mod layout;
mod machine;
mod mounts;
mod os_release;
pub mod plan;
pub mod priority;
mod roots;
mod stack;
mod superblock;
mod survey;
mod table;
mod topology;
pub mod track;
mod window;

pub use boot::{Boot, BootMode, Carrier, SystemDisk};
pub use disk::{
    Contents, Disk, Format, Mount, Partition, PartitionFlags, PartitionTable, PartitionType, Space,
};
pub use image_file::{image_disk, image_disk_in};
pub use inventory::{Inventory, InventoryError, disk_at, disks_there};
pub use machine::{Architecture, Machine, MachineIdentity};
pub use mounts::{Swap, SwapMedium};
pub use os_release::{OperatingSystem, Platform};
pub use roots::Roots;
pub use stack::Stack;
