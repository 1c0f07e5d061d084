//! The source's side of a copy: reading disks, and sending what the center's copy lacks.
//!
//! [`run`] drives a whole run over as many sessions as it takes: everything once, then what changed, pass after pass,
//! then a short freeze. [`Outlet`] is one stream to the center with its window, numbering and answers; [`Copier`] sends
//! ranges of a disk through it, either outright or after asking by digests what is lacking. What is sent is what was
//! hashed: content is read once and kept until the center has answered.
//!
//! What a disk is, how its changes are known and how it is frozen is behind [`Source`]'s traits, so that a disk image in
//! a file is copied by the same code.

mod bandwidth;
mod copier;
mod devices;
mod disk;
mod drive;
mod everything;
mod failure;
mod follow;
mod frozen;
mod heard;
mod meter;
mod outlet;
mod packing;
mod pieces;
mod ranges;
mod rescan;
mod session;
mod source;
mod threads;

pub use bandwidth::Bandwidth;
pub use copier::{Copied, Copier};
pub use disk::{DiskSource, ImageFile, PlacesRead, RawDisk};
pub use drive::{Complete, Options, Outcome, Start, run};
pub use failure::{ConnectError, ReplicateError};
pub use meter::Meter;
pub use outlet::Outlet;
pub use source::{Freezer, Frozen, NothingToFreeze, Source, SourceDisk, Tracker};
