//! The source's side of a copy: reading disks, and sending what the center's copy lacks.
//!
//! [`Outlet`] is one stream to the center with its window, numbering and answers; [`Copier`] sends ranges of a disk
//! through it, either outright or after asking by digests what is lacking. What is sent is what was hashed: content
//! is read once and kept until the center has answered.

mod copier;
mod disk;
mod outlet;

pub use copier::{Copied, Copier};
pub use disk::{DiskSource, ImageFile};
pub use outlet::{Outlet, ReplicateError};
