//! What both ends of a copy share, and nothing that touches the world: no disk, no socket, no clock.
//!
//! A disk is an array of **leaves** of 4 KiB. The source reads ranges of leaves and sends them as **frames**; the center
//! writes them to its copy and keeps the digest of every leaf beside it. Later the source asks by digests which leaves
//! differ, so that a changed block of which one leaf changed costs one leaf on the network.
//!
//! Read in this order: [`range`] (places on a disk), [`digest`] (how content is compared), [`codec`] (how it is packed),
//! [`compression`] (how hard), [`frame`] (how it travels), [`limiter`] (how fast), [`passes`] (when it is enough to
//! freeze), [`lately`] and [`progress`] (the figures that people see).

pub mod codec;
pub mod compression;
pub mod digest;
pub mod frame;
pub mod lately;
pub mod limiter;
pub mod passes;
pub mod progress;
pub mod range;

pub use codec::Codec;
pub use digest::{Leaf, LeafKey};
pub use frame::{Frame, FrameError};
pub use lately::Lately;
pub use range::{BLOCK_BYTES, LEAF_BYTES, Range, RangeError};
