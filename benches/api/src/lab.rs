//! What measurements stand on: the programs, a directory on the file system under test, and a PostgreSQL server.

use std::{
    fmt,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, bail};
use store::Location;
use tempfile::TempDir;
use test_center::Launch;
use test_postgres::TestPostgres;

/// A database engine.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

impl Engine {
    pub(crate) const ALL: [Self; 2] = [Self::Sqlite, Self::Postgres];
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        })
    }
}

/// The place where things are measured; gone with it.
pub(crate) struct Lab {
    landfall: PathBuf,
    agent: PathBuf,
    directory: TempDir,
    quick: bool,
}

impl Lab {
    pub(crate) fn open(
        landfall: PathBuf,
        agent: PathBuf,
        directory: &Path,
        quick: bool,
    ) -> anyhow::Result<Self> {
        for program in [&landfall, &agent] {
            if !program.is_file() {
                bail!(
                    "looking for {}: there is no such file; build it: cargo build --release -p landfall -p landfall-agent",
                    program.display()
                );
            }
        }
        let directory = tempfile::Builder::new()
            .prefix("landfall-bench-")
            .tempdir_in(directory)
            .with_context(|| format!("making a directory in {}", directory.display()))?;
        Ok(Self { landfall, agent, directory, quick })
    }

    /// Where everything is measured.
    pub(crate) fn root(&self) -> &Path {
        self.directory.path()
    }

    /// A directory of this name, for one measurement.
    pub(crate) fn directory(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn agent(&self) -> &Path {
        &self.agent
    }

    /// How long to measure: this many seconds, or far fewer in a quick run.
    pub(crate) fn seconds(&self, usual: u64) -> Duration {
        if self.quick { Duration::from_secs((usual / 5).max(1)) } else { Duration::from_secs(usual) }
    }

    /// How many to measure with: this many, or a tenth in a quick run.
    pub(crate) fn many(&self, usual: usize) -> usize {
        if self.quick { (usual / 10).max(1) } else { usual }
    }

    /// A center on an engine, without limits on how fast it may be asked.
    pub(crate) fn launch(&self, name: &str, engine: Engine) -> anyhow::Result<Launch> {
        let mut launch = Launch::new(&self.landfall, self.directory(name));
        launch.options =
            ["--code-quota", "0", "--key-rate", "0", "--address-rate", "0"].map(Into::into).into();
        if engine == Engine::Postgres {
            launch.database_url = Some(TestPostgres::shared()?.fresh_database()?);
        }
        Ok(launch)
    }
}

/// Where the database of a launch is.
pub(crate) fn location(launch: &Launch) -> Location {
    match &launch.database_url {
        Some(url) => Location::Postgres(url.clone()),
        None => Location::Sqlite(launch.data_dir.join("landfall.db")),
    }
}
