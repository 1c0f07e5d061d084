//! Linux disks: inventory of disks, partitions, filesystems and boot mode.
