//! Where a test's center lives: a directory, and on PostgreSQL a database of its own.

use std::path::{Path, PathBuf};

use store::Location;
use tempfile::TempDir;
use test_center::Launch;
use test_postgres::TestPostgres;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

pub(crate) struct Place {
    directory: TempDir,
    database_url: Option<String>,
}

impl Place {
    pub(crate) fn new(engine: Engine) -> Self {
        let database_url =
            (engine == Engine::Postgres).then(|| TestPostgres::shared().unwrap().fresh_database().unwrap());
        Self { directory: tempfile::tempdir().unwrap(), database_url }
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// A center of this name; centers of one place share the database and the master key of the first.
    pub(crate) fn launch(&self, name: &str) -> Launch {
        let mut launch = Launch::new(reliability::landfall().unwrap(), self.path().join(name));
        launch.database_url.clone_from(&self.database_url);
        launch.options =
            ["--code-quota", "0", "--key-rate", "0", "--address-rate", "0"].map(Into::into).into();
        launch
    }

    /// Where the database of a center of this name is.
    pub(crate) fn location(&self, name: &str) -> Location {
        match &self.database_url {
            Some(url) => Location::Postgres(url.clone()),
            None => Location::Sqlite(self.database_file(name)),
        }
    }

    pub(crate) fn database_file(&self, name: &str) -> PathBuf {
        self.path().join(name).join("data/landfall.db")
    }
}
