//! `cargo xtask agent-static`: the agent as one file without shared libraries, for any x86-64 Linux.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, bail};

use crate::shell::{command, output, run};

const TARGET: &str = "x86_64-unknown-linux-gnu";

/// Builds the file, checks that it is what it says, and tells where it is.
pub(crate) fn build(root: &Path) -> anyhow::Result<PathBuf> {
    let mut cargo = command(root, "cargo", &["build", "--release", "--locked", "-p", "landfall-agent"]);
    let target_dir = without_libraries(root, &mut cargo);
    run(&mut cargo)?;
    let file = target_dir.join(TARGET).join("release/landfall-agent");
    check(root, &file)?;
    let bytes = fs::metadata(&file).with_context(|| format!("looking at {}", file.display()))?.len();
    println!("{} ({} KiB)", file.display(), bytes / 1024);
    Ok(file)
}

/// Has cargo build what needs no shared libraries. That gets a target directory of its own, which this gives: these
/// flags would rebuild everything else otherwise.
pub(crate) fn without_libraries(root: &Path, cargo: &mut Command) -> PathBuf {
    let target_dir = root.join("target/agent-static");
    cargo
        .args(["--target", TARGET])
        .env("RUSTFLAGS", "-C target-feature=+crt-static")
        .env("CARGO_TARGET_DIR", &target_dir);
    target_dir
}

/// A static file names no interpreter and runs with nothing around it.
fn check(root: &Path, file: &Path) -> anyhow::Result<()> {
    let bytes = fs::read(file).with_context(|| format!("reading {}", file.display()))?;
    if has_interpreter(&bytes).context("reading the ELF header")? {
        bail!("{} asks for a dynamic loader: it is not static", file.display());
    }
    let path = file.to_str().context("the path of the agent is not text")?;
    let version = output(command(root, path, &["version"]).env_clear())?;
    if !version.contains(env!("CARGO_PKG_VERSION")) {
        bail!("{path} version says {version:?}");
    }
    Ok(())
}

/// Looks for a PT_INTERP entry among the program headers of a 64-bit little-endian ELF file.
fn has_interpreter(elf: &[u8]) -> Option<bool> {
    const INTERPRETER: u32 = 3;
    let word = |at: usize| Some(u16::from_le_bytes(elf.get(at..at + 2)?.try_into().ok()?));
    let table = usize::try_from(u64::from_le_bytes(elf.get(32..40)?.try_into().ok()?)).ok()?;
    let (size, count) = (usize::from(word(54)?), usize::from(word(56)?));
    let mut found = false;
    for entry in 0..count {
        let at = table.checked_add(entry * size)?;
        found |= u32::from_le_bytes(elf.get(at..at.checked_add(4)?)?.try_into().ok()?) == INTERPRETER;
    }
    elf.starts_with(b"\x7fELF\x02\x01").then_some(found)
}

#[cfg(test)]
mod tests {
    use super::has_interpreter;

    #[test]
    fn a_dynamic_program_is_told_from_what_is_none() {
        let this = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        assert_eq!(has_interpreter(&this), Some(true), "tests are linked dynamically");
        assert_eq!(has_interpreter(b"#!/bin/sh\n"), None);
        assert_eq!(has_interpreter(&[0; 64]), None);
    }
}
