//! Regular files that hold a disk image, treated as disks.

use std::fs::File;
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};

use crate::disk::{Disk, PartitionTable};
use crate::inventory::InventoryError;
use crate::layout;
use crate::stack::Stack;
use crate::window::{Window, has};

/// Image formats that are not plain bytes of a disk, by their magic at the front.
const CONTAINERS: &[(&[u8], &str)] = &[
    (b"QFI\xfb", "qcow2"),
    (b"KDMV", "vmdk"),
    (b"# Disk DescriptorFile", "vmdk"),
    (b"vhdxfile", "vhdx"),
    (b"conectix", "vpc"),
    (b"QED\0", "qed"),
];
const VDI_MAGIC_AT: usize = 64;

/// Describes a regular file that holds a raw disk image as a disk. Sectors are taken to have 512 bytes unless a GPT with
/// 4096-byte sectors is found.
pub fn image_disk(path: &Path) -> Result<Disk, InventoryError> {
    let refuse = |reason: String| InventoryError::NotADisk { path: path.to_owned(), reason };
    let unreadable = |source| InventoryError::Unreadable { path: path.to_owned(), source };
    if path.to_str().is_none() {
        return Err(refuse("its path is not UTF-8; rename it or link to it".to_owned()));
    }
    // Looked at before opening: opening a pipe would wait for its other end.
    if !path.metadata().map_err(unreadable)?.is_file() {
        return Err(refuse("it is neither a block device nor a regular file".to_owned()));
    }
    let mut file = File::open(path).map_err(unreadable)?;
    let size_bytes = file.metadata().map_err(unreadable)?.len();
    let mut window = Window::new(&mut file, 0, size_bytes);
    let Some(first) = window.read(0, 512).map_err(unreadable)? else {
        return Err(refuse(format!("it is too small for a disk image ({size_bytes} bytes)")));
    };
    if let Some(format) = container(&first) {
        return Err(refuse(format!(
            "it is a {format} image; convert it first: qemu-img convert -O raw FILE FILE.raw"
        )));
    }
    image_disk_in(path, &mut file, size_bytes).map_err(unreadable)
}

/// Describes the raw disk image of `size_bytes` that `reader` holds, as [`image_disk`] does; `path` is only its name.
pub fn image_disk_in<R: Read + Seek>(path: &Path, reader: &mut R, size_bytes: u64) -> std::io::Result<Disk> {
    let mut window = Window::new(reader, 0, size_bytes);
    let mut sector_bytes = 512;
    let (mut scan, mut contents) = layout::whole(&mut window, sector_bytes, false)?;
    if matches!(scan.table, PartitionTable::Damaged { .. }) {
        let large = layout::whole(&mut window, 4096, false)?;
        if matches!(large.0.table, PartitionTable::Gpt { .. }) {
            (sector_bytes, (scan, contents)) = (4096, large);
        }
    }
    for partition in &mut scan.partitions {
        partition.contents = layout::partition(&mut window, partition)?;
    }
    Ok(Disk {
        path: PathBuf::from(path),
        kernel_name: path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
        size_bytes,
        logical_sector_bytes: sector_bytes,
        physical_sector_bytes: sector_bytes,
        rotational: false,
        read_only: false,
        removable: false,
        model: None,
        serial: None,
        wwn: None,
        stack: Stack::Image,
        table: scan.table,
        partitions: scan.partitions,
        contents,
        problems: scan.problems,
    })
}

fn container(first: &[u8]) -> Option<&'static str> {
    if has(first, VDI_MAGIC_AT, &[0x7f, 0x10, 0xda, 0xbe]) {
        return Some("vdi");
    }
    CONTAINERS.iter().find(|(magic, _)| first.starts_with(magic)).map(|(_, format)| *format)
}
