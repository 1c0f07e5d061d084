//! `cargo xtask ci`: what has to hold for every commit.

use std::{fs, path::Path};

use anyhow::{Context, bail};

use crate::{
    codegen, licences,
    shell::{command, output, run},
    test,
};

/// Formatting, lints, generated code, licences, lock files, tests, and thirty of each proof.
pub(crate) fn run_all(root: &Path) -> anyhow::Result<()> {
    run(&mut command(root, "cargo", &["fmt", "--all", "--check"]))?;
    codegen::run(root, codegen::Options { check: true })?;
    lock_files(root)?;
    licences::check(root)?;
    run(&mut command(
        root,
        "cargo",
        &["clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"],
    ))?;
    test::run_all(root, Some(test::PROOFS))
}

/// Lock files name versions and digests, never the address of the mirror that somebody installed from. That of the
/// fuzz targets, which no other step builds, has to fit what the crates they use need by now.
fn lock_files(root: &Path) -> anyhow::Result<()> {
    let arguments = ["metadata", "--locked", "--format-version", "1", "--manifest-path", "fuzz/Cargo.toml"];
    output(&mut command(root, "cargo", &arguments))
        .context("checking fuzz/Cargo.lock; write it anew with cargo check in fuzz/")?;
    let tracked = output(&mut command(root, "git", &["ls-files", "*package-lock.json", "*Cargo.lock"]))?;
    for file in tracked.lines() {
        let text = fs::read_to_string(root.join(file)).with_context(|| format!("reading {file}"))?;
        if text.contains("\"resolved\"") {
            bail!(
                "{file} carries download addresses; write it with npm install --omit-lockfile-registry-resolved"
            );
        }
        let foreign = text.lines().find(|line| {
            line.starts_with("source = ")
                && !line.contains("registry+https://github.com/rust-lang/crates.io-index")
        });
        if let Some(line) = foreign {
            bail!("{file} has a source that is not the public registry: {line}");
        }
    }
    Ok(())
}
