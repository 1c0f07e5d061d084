//! What a center is told, and why it does not start.

use std::{io, net::SocketAddr, path::PathBuf, sync::Arc};

use pop::Limits;
use smc::{Timestamp, ports::StoreError, registry::Settings};
use store::{Location, OpenError};

use crate::{
    console,
    http::ListenError,
    identity::IdentityError,
    keyring::{KeyringError, MasterKeyError, MasterKeySource, RotationError},
    tls::AuthorityError,
};

/// What a center is told.
pub struct Config {
    /// Where its database is.
    pub database: Location,
    /// Where it keeps staging disks and images; it needs room for both.
    pub data_dir: PathBuf,
    /// Where its master key comes from.
    pub master_key: MasterKeySource,
    /// Where the API listens.
    pub api_listen: SocketAddr,
    /// The API's own TLS configuration; without it the API is plain HTTP.
    pub api_tls: Option<Arc<rustls::ServerConfig>>,
    /// Where agents are listened for.
    pub agent_listen: SocketAddr,
    /// `HOST:PORT`s or hosts under which agents reach it; empty to find out.
    pub agent_addresses: Vec<String>,
    /// The agent's static file, handed out to installers.
    pub agent_binary: Option<PathBuf>,
    /// Limits of the gateway.
    pub limits: Limits,
    /// Limits of the domain.
    pub settings: Settings,
    /// What the console is told.
    pub console: console::Settings,
    /// Whether this is an emulator: a well-known key, controls, and no database that anything else uses.
    pub emulator: bool,
}

/// Why a center did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database could not be opened.
    #[error(transparent)]
    Database(#[from] OpenError),
    /// The database could not be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no master key.
    #[error(transparent)]
    MasterKey(#[from] MasterKeyError),
    /// The keyring could not be opened.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// A rotation of the master key was cut off and could not be finished.
    #[error(transparent)]
    Rotation(#[from] RotationError),
    /// The first account could not be made.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// An address could not be bound.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The agent listener's certificate could not be made.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// The system's clock was set back.
    #[error(
        "the clock says {now}, but the database already has entries of {last}; set the clock right (codes would live too long otherwise)"
    )]
    ClockSetBack {
        /// What the clock says.
        now: Timestamp,
        /// The latest moment that the audit trail speaks of.
        last: Timestamp,
    },
    /// An emulator was to use the database of a real center.
    #[error(
        "--dev would let a key that everybody knows into this database, which is in use without it; leave out --data-dir and --database-url (and their environment variables) for a throwaway store, or name an empty one"
    )]
    EmulatorOnRealData,
    /// A real center was to use the database of an emulator.
    #[error(
        "this database was made by --dev and accepts a key that everybody knows; start it with --dev, or remove the key first: landfall admin key delete landfall-dev"
    )]
    RealOnEmulatorData,
    /// The agent's file cannot be read.
    #[error("reading the agent's file {path}: {error}; give the right one with --agent-binary")]
    AgentBinary {
        /// Its path.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The data directory cannot be used.
    #[error("using the data directory {}: {error}; make it writable for this user, or choose another", path.display())]
    DataDirectory {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The system would not tell an address that was bound.
    #[error("asking for a bound address: {0}")]
    Address(io::Error),
}
