//! qcow2, version 3: what virtual machine monitors and clouds take.
//!
//! Written are images without snapshots or encryption, of clusters of 64 KiB, as they are or packed with zstd; holes are
//! not stored. One is whole, or a layer over a raw file beside it. Read is every such image whatever its cluster size,
//! and nothing in it is trusted.
//! The format: <https://www.qemu.org/docs/master/interop/qcow2.html>.

mod read;
mod write;

pub use read::{Cluster, Qcow2Error, Qcow2Reader, ReadAt};
pub use write::Qcow2Writer;

pub(crate) const MAGIC: u32 = 0x5146_49fb;

/// Features without which a reader must refuse: bit 3 says that the compression type is not zlib.
const COMPRESSION_TYPE: u64 = 1 << 3;

/// The compression type's number of zstd.
const ZSTD: u8 = 1;

/// A table's entry is of a cluster that only this entry names.
const COPIED: u64 = 1 << 63;

/// An entry of a second-level table is of a packed cluster.
const COMPRESSED: u64 = 1 << 62;

/// A cluster reads as zeros, whatever else its entry says.
const ZERO_FLAG: u64 = 1;

/// Bytes of the header that is written, without extensions.
const HEADER_BYTES: u32 = 112;
