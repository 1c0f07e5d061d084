//! Images: equal to what they were made of, or what is wrong with them is named.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

#[cfg(test)]
mod bench;
#[cfg(test)]
mod boot;
#[cfg(test)]
mod damage;
#[cfg(test)]
mod exports;
#[cfg(test)]
mod layers;
#[cfg(test)]
mod library;
