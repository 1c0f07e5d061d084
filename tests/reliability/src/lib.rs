//! Finds the programs that the tests of this package run, or has them built.

use std::{
    env, io,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

/// The `landfall` program: the one named by `LANDFALL_BIN`, else a build of this workspace.
pub fn landfall() -> io::Result<PathBuf> {
    program("LANDFALL_BIN", "landfall")
}

/// The `landfall-agent` program: the one named by `LANDFALL_AGENT_BIN`, else a build of this workspace.
pub fn landfall_agent() -> io::Result<PathBuf> {
    program("LANDFALL_AGENT_BIN", "landfall-agent")
}

fn program(variable: &str, name: &str) -> io::Result<PathBuf> {
    match env::var_os(variable) {
        Some(path) => Ok(path.into()),
        None => Ok(built()?.join(name)),
    }
}

/// Builds both programs as this test was built, once, and gives the directory they are in.
fn built() -> io::Result<PathBuf> {
    static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    BUILT.get_or_init(|| build().map_err(|error| error.to_string())).clone().map_err(io::Error::other)
}

fn build() -> io::Result<PathBuf> {
    let this = env::current_exe()?;
    // The test itself is in `deps` below the directory of its profile.
    let profile = this
        .ancestors()
        .nth(2)
        .ok_or_else(|| io::Error::other(format!("{} is in no build directory", this.display())))?;
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--quiet", "--package", "landfall", "--package", "landfall-agent"]);
    if profile.file_name() == Some("release".as_ref()) {
        cargo.arg("--release");
    }
    cargo.arg("--manifest-path").arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.toml"));
    let status = cargo.status()?;
    if status.success() {
        Ok(profile.to_owned())
    } else {
        Err(io::Error::other(format!("building landfall and landfall-agent failed ({status})")))
    }
}
