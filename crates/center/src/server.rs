//! A running center: everything put together, started and stopped.

use std::{io, net::SocketAddr, path::PathBuf, sync::Arc};

use pop::{Gateway, Limits};
use smc::{
    Timestamp,
    ports::{Clock, StoreError, Tx},
    registry::Settings,
};
use store::{Database, Location, OpenError, Options};
use tokio::{sync::watch, task::JoinHandle};

use crate::{
    Registry,
    agents::{AgentBinary, AgentService, AgentSettings, Installer},
    api_service::ApiService,
    clock::{SystemClock, SystemRandom},
    emulator::Emulator,
    endpoint::AgentEndpoint,
    gateway::{Center, Faults, Parts},
    heartbeats::{Heartbeats, WRITE_EVERY},
    http::{Bounds, ListenError, Listener},
    identity::{Identities, IdentityError, KeyUses, Lookup, NewKey},
    keyring::{Keyring, KeyringError, MasterKeyError, MasterKeySource, RotationError, finish_interrupted},
    metrics::Metrics,
    probes::Probes,
    tls::{self, AuthorityError},
};

/// How far the clock may be behind the last entry of the audit trail before a start is refused, in seconds.
const CLOCK_TOLERANCE: i64 = 300;

/// What a center is told.
pub struct Config {
    /// Where its database is.
    pub database: Location,
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
    /// The system would not tell an address that was bound.
    #[error("asking for a bound address: {0}")]
    Address(io::Error),
}

/// A running center.
pub struct Running {
    /// Where the API listens.
    pub api_address: SocketAddr,
    /// Where agents are listened for.
    pub agent_address: SocketAddr,
    /// Where agents connect to, and what they pin.
    pub endpoint: Arc<AgentEndpoint>,
    /// The first account's owner key, if this start made it: the only time that its secret is known.
    pub first_key: Option<NewKey>,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Running {
    /// Starts a center: opens the database, keys and listeners, in this order, so that whatever is wrong is
    /// said before anything is served.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        let clock = Arc::new(SystemClock::default());
        let database = Database::open(&config.database, Options::default())?;
        check_clock(&database, &clock).await?;
        check_purpose(&database, config.emulator).await?;
        let keyring = Arc::new(open_keyring(&database, &config.master_key).await?);
        let binary = config.agent_binary.map(read_binary).transpose()?;

        let identities = Identities::new(database.clone(), keyring.clone(), clock.clone());
        let api =
            Listener::bind(config.api_listen, ("the API", "--api-listen"), config.api_tls, Bounds::default())
                .await?;
        let names = tls_names(&config.agent_addresses, config.agent_listen);
        let agent_tls = tls::agent_listener(keyring.authority(), &names)?;
        let agents = Listener::bind(
            config.agent_listen,
            ("agents", "--agent-listen"),
            Some(agent_tls),
            Bounds::default(),
        )
        .await?;
        let api_address = api.address().map_err(StartError::Address)?;
        let agent_address = agents.address().map_err(StartError::Address)?;
        // After everything that can fail: a key that was made and never shown would be lost.
        let first_key = first_key(&identities, config.emulator).await?;
        let endpoint = Arc::new(AgentEndpoint {
            addresses: public_addresses(&config.agent_addresses, agent_address),
            ca_fingerprint: keyring.authority().fingerprint(),
            key_pin: keyring.authority().key_pin().to_owned(),
            hands_out_agent: binary.is_some(),
        });

        let metrics = Arc::new(Metrics::default());
        let heartbeats = Arc::new(Heartbeats::default());
        let faults = Arc::new(Faults::default());
        let key_uses = Arc::new(KeyUses::default());
        let random = Arc::new(SystemRandom);
        let registry = Arc::new(Registry::new(
            database.clone(),
            clock.clone(),
            random,
            keyring.code_key(),
            config.settings,
        ));
        let probes = Arc::new(Probes::new(database.clone(), endpoint.clone(), metrics.clone()));
        let lookup = Arc::new(Lookup::new(database, keyring));
        let center = Center::new(Parts {
            registry: registry.clone(),
            lookup: lookup.clone(),
            endpoint: endpoint.clone(),
            metrics: metrics.clone(),
            key_uses: key_uses.clone(),
            faults: faults.clone(),
        });
        let noting = identities.clone();
        let emulator = config.emulator.then(|| Emulator {
            identities,
            lookup,
            clock: clock.clone(),
            faults,
            heartbeats: heartbeats.clone(),
        });
        let api_service = ApiService::new(Gateway::new(center, config.limits), probes.clone(), emulator);
        let agent_service = AgentService::new(AgentSettings {
            registry: registry.clone(),
            heartbeats: heartbeats.clone(),
            metrics: metrics.clone(),
            probes,
            installer: Installer::new(endpoint.clone(), binary),
        });

        let (stop, stopped) = watch::channel(false);
        let tasks = vec![
            tokio::spawn(api.serve(Arc::new(api_service), stopped.clone())),
            tokio::spawn(agents.serve(Arc::new(agent_service), stopped.clone())),
            tokio::spawn(write_heartbeats(registry, heartbeats, metrics, stopped.clone())),
            tokio::spawn(write_key_uses(noting, key_uses, stopped)),
        ];
        Ok(Self { api_address, agent_address, endpoint, first_key, stop, tasks })
    }

    /// Stops: no new connections, running requests finish, gathered heartbeats are written.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        for task in self.tasks {
            let _ = task.await;
        }
    }
}

/// Opens the keyring, after finishing a rotation of the master key that a crash cut off. A master key is only
/// ever generated for a database that has no keyring: beside one that has, its absence is the error.
pub async fn open_keyring(database: &Database, source: &MasterKeySource) -> Result<Keyring, StartError> {
    let mut source = source.clone();
    if let MasterKeySource::File { path, generate } = &mut source {
        finish_interrupted(database, path).await?;
        *generate &= database.read(|tx| tx.keyring()).await?.is_none();
    }
    let master = source.load(&SystemRandom)?;
    Ok(Keyring::open(database, &master, &SystemRandom).await?)
}

/// The emulator's key, or the first key of a database that has none yet.
async fn first_key(identities: &Identities, emulator: bool) -> Result<Option<NewKey>, IdentityError> {
    if emulator {
        identities.bootstrap(NewKey::emulator()).await?;
        return Ok(Some(NewKey::emulator()));
    }
    identities.bootstrap(NewKey::generate(&SystemRandom)?).await
}

/// Keeps the key that everybody knows out of databases that are used for real, whichever way round.
async fn check_purpose(database: &Database, emulator: bool) -> Result<(), StartError> {
    let id = NewKey::emulator().id;
    let (used, emulated) =
        database.read(move |tx| Ok((!tx.accounts()?.is_empty(), tx.key(&id)?.is_some()))).await?;
    match (emulator, emulated) {
        (true, false) if used => Err(StartError::EmulatorOnRealData),
        (false, true) => Err(StartError::RealOnEmulatorData),
        _ => Ok(()),
    }
}

async fn check_clock(database: &Database, clock: &SystemClock) -> Result<(), StartError> {
    let last = database.read(|tx| Tx::last_recorded(tx)).await?;
    let now = clock.now();
    match last {
        Some(last) if now.plus_seconds(CLOCK_TOLERANCE) < last => Err(StartError::ClockSetBack { now, last }),
        _ => Ok(()),
    }
}

fn read_binary(path: PathBuf) -> Result<AgentBinary, StartError> {
    AgentBinary::read(&path).map_err(|error| StartError::AgentBinary { path, error })
}

async fn write_heartbeats(
    registry: Arc<Registry>,
    heartbeats: Arc<Heartbeats>,
    metrics: Arc<Metrics>,
    mut stop: watch::Receiver<bool>,
) {
    loop {
        let stopping = tokio::time::timeout(WRITE_EVERY, stop.wait_for(|stopped| *stopped)).await.is_ok();
        let gathered = heartbeats.take();
        if !gathered.is_empty() {
            let count = gathered.len();
            match registry.note_heartbeats(gathered.clone()).await {
                Ok(()) => metrics.heartbeats(count, 0),
                Err(error) => {
                    tracing::warn!(%error, count, "writing heartbeats failed; they are kept for the next time");
                    metrics.heartbeats(0, count);
                    heartbeats.put_back(gathered);
                }
            }
        }
        if stopping {
            return;
        }
    }
}

async fn write_key_uses(identities: Identities, uses: Arc<KeyUses>, mut stop: watch::Receiver<bool>) {
    loop {
        let stopping = tokio::time::timeout(WRITE_EVERY, stop.wait_for(|stopped| *stopped)).await.is_ok();
        if let Err(error) = identities.note_uses(uses.take()).await {
            tracing::warn!(%error, "noting when AccessKeys were last used failed");
        }
        if stopping {
            return;
        }
    }
}

/// Names and addresses that the agent listener's certificate speaks for. Agents do not check them, since
/// they pin the authority; other clients do.
fn tls_names(configured: &[String], listen: SocketAddr) -> Vec<String> {
    let mut names: Vec<String> = configured.iter().map(|address| host(address).to_owned()).collect();
    names.extend(["localhost", "127.0.0.1", "::1"].map(str::to_owned));
    if !listen.ip().is_unspecified() {
        names.push(listen.ip().to_string());
    }
    names.sort();
    names.dedup();
    names
}

/// Where agents connect to: what was configured, else the address listened on, else the address that this
/// machine would use towards another network.
fn public_addresses(configured: &[String], bound: SocketAddr) -> Vec<String> {
    let port = bound.port();
    if !configured.is_empty() {
        let complete = |address: &String| {
            if host(address) == address { format!("{address}:{port}") } else { address.clone() }
        };
        return configured.iter().map(complete).collect();
    }
    if !bound.ip().is_unspecified() {
        return vec![bound.to_string()];
    }
    let own = outward_address().unwrap_or(std::net::Ipv4Addr::LOCALHOST.into());
    vec![SocketAddr::new(own, port).to_string()]
}

/// The host of `HOST:PORT`, `[V6]:PORT` or a bare host.
fn host(address: &str) -> &str {
    if let Some(rest) = address.strip_prefix('[') {
        return rest.split(']').next().unwrap_or(rest);
    }
    match address.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') && port.parse::<u16>().is_ok() => host,
        _ => address,
    }
}

/// Asks the routing table, without sending anything: connecting a datagram socket only picks a source address.
fn outward_address() -> Option<std::net::IpAddr> {
    let socket = std::net::UdpSocket::bind(("0.0.0.0", 0)).ok()?;
    socket.connect(("192.0.2.1", 9)).ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_unspecified()).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::{host, public_addresses};

    #[test]
    fn agents_are_told_where_to_connect() {
        let bound = "192.0.2.7:8621".parse().unwrap();
        for (configured, expected) in [
            (vec![], "192.0.2.7:8621"),
            (vec!["center.example"], "center.example:8621"),
            (vec!["center.example:443"], "center.example:443"),
            (vec!["[2001:db8::1]:443"], "[2001:db8::1]:443"),
        ] {
            let configured: Vec<String> = configured.into_iter().map(str::to_owned).collect();
            assert_eq!(public_addresses(&configured, bound), [expected]);
        }
        assert_eq!(host("[2001:db8::1]:443"), "2001:db8::1");
        assert_eq!(host("center.example:443"), "center.example");
    }
}
