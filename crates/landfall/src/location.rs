//! Where a center keeps its data: one answer for `serve`, `demo` and `admin`.
//!
//! A data directory holds `landfall.db` and `master.key`, which can be elsewhere, and always `staging/` and `images/`. Opening them is left to `store` and
//! `center`.

use std::{
    ffi::OsString,
    fs::DirBuilder,
    io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use center::keyring::MasterKeySource;
use rustix::fs::Access;
use store::Location;
use zeroize::Zeroizing;

/// The database's file in the data directory.
const DATABASE: &str = "landfall.db";

/// The master key's file in the data directory.
const MASTER_KEY: &str = "master.key";

/// The images' directory in the data directory.
const IMAGES: &str = "images";

/// Where a center keeps its data, as the command line says it.
#[derive(Clone, Default, clap::Args)]
#[command(next_help_heading = "Storage")]
pub(crate) struct Storage {
    /// Directory of database, master key, staging disks and images [default: /var/lib/landfall for root, else ~/.local/share/landfall]
    #[arg(long, global = true, value_name = "DIR", env = "LANDFALL_DATA_DIR")]
    pub(crate) data_dir: Option<PathBuf>,

    /// PostgreSQL database instead of the embedded one, such as postgres://USER@HOST/DATABASE; give a URL with a
    /// password by the environment, where other users cannot read it
    #[arg(long, global = true, value_name = "URL", env = "LANDFALL_DATABASE_URL", hide_env_values = true)]
    pub(crate) database_url: Option<String>,

    /// File of the master key [default: master.key in the data directory]; the key itself can be given in
    /// LANDFALL_MASTER_KEY instead
    #[arg(long, global = true, value_name = "FILE", env = "LANDFALL_MASTER_KEY_FILE")]
    pub(crate) master_key_file: Option<PathBuf>,
}

/// The places that a center's parts are opened at.
#[derive(Clone)]
pub(crate) struct Places {
    /// The database.
    pub(crate) database: Location,
    /// The master key.
    pub(crate) master_key: MasterKeySource,
    /// The data directory, where staging disks and images are.
    pub(crate) data_dir: PathBuf,
}

/// Why there is no place for the data.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LocationError {
    /// Nothing says where it should be.
    #[error("finding the data directory: HOME is not set; say where with --data-dir or LANDFALL_DATA_DIR")]
    NoHome,
    /// The directory cannot be made.
    #[error("making the data directory {}: {error}; choose another with --data-dir, or make it and give it to this user", path.display())]
    Create {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The directory cannot be written to.
    #[error("using the data directory {}: {error}; make it writable for this user, or choose another with --data-dir", path.display())]
    NotWritable {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// No center has ever used the directory.
    #[error("there is no center's data in {}; start one there with landfall serve, or say where it is with --data-dir", path.display())]
    Empty {
        /// The directory.
        path: PathBuf,
    },
}

impl Storage {
    /// Finds the places, and makes the data directory (mode 0700) where it is missing; a missing master key may be made.
    pub(crate) fn prepare(&self) -> Result<Places, LocationError> {
        let places = self.places(&Surroundings::of_process(), true)?;
        make_private_directory(&places.data_dir)?;
        Ok(places)
    }

    /// Finds the places of a center that has run before; nothing is made.
    pub(crate) fn existing(&self) -> Result<Places, LocationError> {
        let places = self.places(&Surroundings::of_process(), false)?;
        match &places.database {
            Location::Sqlite(file) if !file.exists() => Err(LocationError::Empty { path: places.data_dir }),
            _ => Ok(places),
        }
    }

    /// The directory of a center's images, whether it is there yet or not.
    pub(crate) fn images(&self) -> Result<PathBuf, LocationError> {
        let directory = match &self.data_dir {
            Some(directory) => directory.clone(),
            None => Surroundings::of_process().default_directory()?,
        };
        Ok(directory.join(IMAGES))
    }

    fn places(&self, surroundings: &Surroundings, generate: bool) -> Result<Places, LocationError> {
        let data_dir = match &self.data_dir {
            Some(directory) => directory.clone(),
            None => surroundings.default_directory()?,
        };
        let database = match &self.database_url {
            Some(url) => Location::Postgres(url.clone()),
            None => Location::Sqlite(data_dir.join(DATABASE)),
        };
        let master_key = match (&self.master_key_file, &surroundings.master_key) {
            // What was said for this one call counts more than what stands in the environment.
            (Some(path), _) => MasterKeySource::File { path: path.clone(), generate },
            (None, Some(text)) => MasterKeySource::Given(text.clone()),
            (None, None) => MasterKeySource::File { path: data_dir.join(MASTER_KEY), generate },
        };
        Ok(Places { database, master_key, data_dir })
    }
}

/// What the process finds around itself.
#[derive(Default)]
struct Surroundings {
    root: bool,
    home: Option<OsString>,
    xdg_data_home: Option<OsString>,
    master_key: Option<Zeroizing<String>>,
}

impl Surroundings {
    fn of_process() -> Self {
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        Self {
            root: rustix::process::geteuid().is_root(),
            home: set("HOME"),
            xdg_data_home: set("XDG_DATA_HOME"),
            master_key: set("LANDFALL_MASTER_KEY")
                .map(|key| Zeroizing::new(key.to_string_lossy().into_owned())),
        }
    }

    fn default_directory(&self) -> Result<PathBuf, LocationError> {
        if self.root {
            return Ok(PathBuf::from("/var/lib/landfall"));
        }
        // The base directory specification has relative values ignored.
        let xdg = self.xdg_data_home.as_ref().map(PathBuf::from).filter(|path| path.is_absolute());
        let base = match (xdg, &self.home) {
            (Some(xdg), _) => xdg,
            (None, Some(home)) => Path::new(home).join(".local/share"),
            (None, None) => return Err(LocationError::NoHome),
        };
        Ok(base.join("landfall"))
    }
}

fn make_private_directory(path: &Path) -> Result<(), LocationError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|error| LocationError::Create { path: path.to_owned(), error })?;
    rustix::fs::access(path, Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK)
        .map_err(|error| LocationError::NotWritable { path: path.to_owned(), error: error.into() })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn surroundings(root: bool, home: &str, xdg: &str, master_key: &str) -> Surroundings {
        let set = |text: &str| (!text.is_empty()).then(|| text.into());
        Surroundings {
            root,
            home: set(home),
            xdg_data_home: set(xdg),
            master_key: (!master_key.is_empty()).then(|| Zeroizing::new(master_key.to_owned())),
        }
    }

    fn told(storage: &Storage, surroundings: &Surroundings) -> String {
        let places = match storage.places(surroundings, true) {
            Ok(places) => places,
            Err(error) => return error.to_string(),
        };
        let database = match places.database {
            Location::Sqlite(path) => path.display().to_string(),
            Location::SqliteMemory => "memory".to_owned(),
            Location::Postgres(url) => url,
        };
        let key = match places.master_key {
            MasterKeySource::File { path, .. } => path.display().to_string(),
            MasterKeySource::Given(_) => "given".to_owned(),
        };
        format!("{database} {key} {}", places.data_dir.display())
    }

    #[test]
    fn the_most_particular_place_wins() {
        let named = |directory: &str| Storage { data_dir: Some(directory.into()), ..Storage::default() };
        let url = Storage { database_url: Some("postgres://h/d".into()), ..Storage::default() };
        let key = Storage { master_key_file: Some("/k".into()), ..Storage::default() };
        let cases = [
            (named("/d"), surroundings(true, "/h", "", ""), "/d/landfall.db /d/master.key /d"),
            (
                Storage::default(),
                surroundings(true, "/h", "", ""),
                "/var/lib/landfall/landfall.db /var/lib/landfall/master.key /var/lib/landfall",
            ),
            (
                Storage::default(),
                surroundings(false, "/h", "/x", ""),
                "/x/landfall/landfall.db /x/landfall/master.key /x/landfall",
            ),
            (
                Storage::default(),
                surroundings(false, "/h", "relative", ""),
                "/h/.local/share/landfall/landfall.db /h/.local/share/landfall/master.key /h/.local/share/landfall",
            ),
            (url.clone(), surroundings(true, "", "", "aa"), "postgres://h/d given /var/lib/landfall"),
            (
                url,
                surroundings(false, "/h", "", ""),
                "postgres://h/d /h/.local/share/landfall/master.key /h/.local/share/landfall",
            ),
            (key, surroundings(true, "", "", "aa"), "/var/lib/landfall/landfall.db /k /var/lib/landfall"),
            (
                Storage::default(),
                surroundings(false, "", "", ""),
                "finding the data directory: HOME is not set; say where with --data-dir or LANDFALL_DATA_DIR",
            ),
        ];
        for (storage, surroundings, expected) in cases {
            assert_eq!(told(&storage, &surroundings), expected);
        }
    }

    #[test]
    fn a_data_directory_is_made_private_and_only_when_asked() {
        let root = tempfile::tempdir().unwrap();
        let directory = root.path().join("a/b");
        let storage = Storage { data_dir: Some(directory.clone()), ..Storage::default() };
        assert!(matches!(storage.existing(), Err(LocationError::Empty { .. })));
        assert!(!directory.exists());
        storage.prepare().unwrap();
        assert_eq!(std::fs::metadata(&directory).unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn a_directory_that_cannot_be_made_is_told_in_one_line() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("file");
        std::fs::write(&file, "").unwrap();
        let storage = Storage { data_dir: Some(file.join("data")), ..Storage::default() };
        let told = storage.prepare().err().unwrap().to_string();
        assert!(told.starts_with("making the data directory /") && !told.contains('\n'), "{told}");
    }
}
