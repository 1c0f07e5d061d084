//! How a guest's disk is made: a Debian by debootstrap, a disk around it, and a loader, without loop devices or mounts
//! that could be left behind.
//!
//! What is made is kept, under a name that follows from the recipe; so a changed recipe makes a new disk.

mod disk;
mod loader;
mod system;

use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
};

use anyhow::Context;

use super::layout::Variant;

/// All that decides what a disk holds, as text.
const RECIPE: &[&str] = &[
    include_str!("mod.rs"),
    include_str!("disk.rs"),
    include_str!("loader.rs"),
    include_str!("system.rs"),
    include_str!("../layout.rs"),
    system::START,
    system::UNIT,
];

/// Gives the disk of a guest, which nobody may write to; makes it if the cache has none by this recipe.
pub(super) fn base(cache: &Path, variant: Variant) -> anyhow::Result<PathBuf> {
    fs::create_dir_all(cache).with_context(|| format!("making the directory {}", cache.display()))?;
    let made = cache.join(format!("{}-{}.raw", variant.word(), key(RECIPE)));
    if made.exists() {
        println!("{}: the guest's disk is {}", variant.word(), made.display());
        return Ok(made);
    }
    let system = system::debian(cache)?;
    println!("{}: making the guest's disk {}", variant.word(), made.display());
    // The name comes last, so that half a disk is never taken for one.
    let work = cache.join(format!(".{}-{}", variant.word(), std::process::id()));
    let result = disk::make(&system, variant, &work).and_then(|raw| {
        fs::rename(&raw, &made).with_context(|| format!("giving {} its name", made.display()))
    });
    fs::remove_dir_all(&work).with_context(|| format!("removing {}", work.display()))?;
    result.map(|()| made)
}

fn key(parts: &[&str]) -> String {
    let mut hasher = DefaultHasher::new();
    parts.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}
