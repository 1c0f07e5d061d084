//! Staging disks, the center's copies of a source's disks, and the images that are made of them.
//!
//! Knows nothing of jobs and nothing of networks. A [`Staging`] is a sparse file that holds the copy and a second one
//! that holds the digest of every leaf, which agree whatever happens to the program or the machine. A [`Library`] makes
//! signed [`Image`]s of them, which can be verified, exported as raw or [`qcow2`], and started to see them come up.

mod content;
mod error;
mod firmware;
mod library;
mod manifest;
pub mod qcow2;
mod staging;
mod test_boot;

pub use error::{FileError, ImageError, StagingError};
pub use firmware::Firmware;
pub use library::{Built, Damage, Form, Format, Image, Library, Room, Verified};
pub use manifest::{
    CHUNK_BYTES, DiskManifest, How, MANIFEST_VERSION, Manifest, Origin, PublicKey, Signature, SignatureFault,
    Signer,
};
pub use staging::{Opened, Place, Staging};
pub use test_boot::{Accelerator, Boot, BootOutcome, Booted};
