//! `cargo xtask console`: the web console, built into `console/dist`, and its own checks.

use std::{fs, path::Path};

use anyhow::Context;

use crate::shell::{command, run};

/// Installs what the lock file names, unless that was done, and builds; prints how large each script is.
pub(crate) fn build(root: &Path) -> anyhow::Result<()> {
    let console = install(root)?;
    run(&mut command(&console, "npm", &["run", "--silent", "build"]))?;
    run(&mut command(root, "node", &["xtask/src/console.mjs", "console/dist"]))?;
    println!(
        "\nconsole/dist is built; a center serves it with LANDFALL_CONSOLE_DIR=console/dist, and the next build embeds it"
    );
    Ok(())
}

/// Types, lints and unit tests; none of them is left out because a compiler is absent.
pub(crate) fn check(root: &Path) -> anyhow::Result<()> {
    let console = install(root)?;
    run(command(&console, "npm", &["run", "--silent", "check"]).env("LANDFALL_COMPILERS", "require"))
}

/// Drives a real browser against a real center and agent, and once against a fleet of many.
pub(crate) fn browser(root: &Path, center: &Path, agent: &Path) -> anyhow::Result<()> {
    let console = install(root)?;
    run(&mut command(root, "cargo", &["build", "--locked", "-p", "test-center", "--example", "fleet"]))?;
    run(command(&console, "npm", &["run", "--silent", "e2e"])
        .env("LANDFALL_BIN", center)
        .env("LANDFALL_AGENT_BIN", agent))
}

/// The same note that the build of `crates/console` leaves, so that neither installs what the other did.
fn install(root: &Path) -> anyhow::Result<std::path::PathBuf> {
    let console = root.join("console");
    let wanted = fs::read(console.join("package-lock.json")).context("reading console/package-lock.json")?;
    let noted = console.join(".cache/installed-lock.json");
    let there = console.join("node_modules/vite/bin/vite.js").is_file();
    if !(there && fs::read(&noted).is_ok_and(|installed| installed == wanted)) {
        run(&mut command(&console, "npm", &["ci", "--ignore-scripts", "--no-audit", "--no-fund"]))?;
        fs::create_dir_all(console.join(".cache")).context("making console/.cache")?;
        fs::write(&noted, wanted).with_context(|| format!("writing {}", noted.display()))?;
    }
    Ok(console)
}
