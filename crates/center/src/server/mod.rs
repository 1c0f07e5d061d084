//! A running center: everything put together, started and stopped.

mod addresses;
mod background;
mod checks;
mod config;

pub use checks::open_keyring;
pub use config::{Config, StartError};

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use pop::Gateway;
use smc::ports::RandomError;
use store::{Database, Options};
use tokio::{sync::watch, task::JoinHandle};

use self::{
    addresses::{public_addresses, tls_names},
    background::{write_heartbeats, write_key_uses},
    checks::{check_clock, check_purpose, first_key},
};
use crate::{
    Registry,
    agents::{AgentBinary, AgentService, AgentSettings, Installer, KnownAgents},
    api_service::{Api, ApiService},
    clock::{SystemClock, SystemRandom},
    conductor::{Conductor, Storage},
    console::{self, Console},
    emulator::Emulator,
    endpoint::AgentEndpoint,
    events::Events,
    gateway::{Center, Faults, Parts},
    heartbeats::Heartbeats,
    http::{Bounds, Listener},
    identity::{Identities, IdentityError, KeyUses, Lookup, NewKey},
    keyring::Vault,
    metrics::Metrics,
    probes::Probes,
    receivers::Desk,
    tls,
};

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
    /// The runs whose disk data is taken in.
    pub desk: Arc<Desk>,
    access: Arc<console::Access>,
    identities: Identities,
    emulator: bool,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Running {
    /// Starts a center: opens the database, keys and listeners, in this order, so that whatever is wrong is
    /// said before anything is served.
    #[expect(
        clippy::too_many_lines,
        reason = "a flat list of the parts of a center, in the order they need each other"
    )]
    pub async fn start(config: Config) -> Result<Self, StartError> {
        // Before anything is listened for: what a client signs while it waits to be let in is signed after the start.
        let started = SystemClock::unmoved().unix();
        let clock = Arc::new(SystemClock::default());
        let database = Database::open(&config.database, Options::default())?;
        // An emulator's clock is moved on purpose, and right again after each start.
        if !config.emulator {
            check_clock(&database, &clock).await?;
        }
        check_purpose(&database, config.emulator).await?;
        let keyring = Arc::new(open_keyring(&database, &config.master_key).await?);
        let (storage, center_name) = storage(config.data_dir)?;
        let binary = config.agent_binary.map(read_binary).transpose()?;

        let vault = Arc::new(Vault::new(database.clone(), config.master_key, keyring.clone()));
        let identities = Identities::new(database.clone(), vault.clone(), clock.clone());
        let api = Listener::bind(
            config.api_listen,
            ("the API", "--api-listen"),
            config.api_tls,
            Bounds::default(),
        )?;
        let names = tls_names(&config.agent_addresses, config.agent_listen);
        let agent_tls = tls::agent_listener(keyring.authority(), &names)?;
        let agents = Listener::bind(
            config.agent_listen,
            ("agents", "--agent-listen"),
            Some(agent_tls),
            Bounds::default(),
        )?;
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
        let known = Arc::new(KnownAgents::default());
        let random = Arc::new(SystemRandom);
        let registry = Arc::new(Registry::new(
            database.clone(),
            clock.clone(),
            random,
            keyring.code_key(),
            config.settings,
        ));
        let probes = Arc::new(Probes::new(database.clone(), endpoint.clone(), metrics.clone()));
        let lookup = Arc::new(Lookup::new(database.clone(), vault));
        let access = Arc::new(console::Access::new(lookup.clone(), config.console.clock.clone()));
        let desk = Arc::new(Desk::default());
        let conductor = Arc::new(Conductor::new(
            registry.clone(),
            keyring,
            desk.clone(),
            storage,
            metrics.clone(),
            center_name,
        ));
        let events = Arc::new(Events::new(conductor.clone()));
        let center = Center::new(Parts {
            registry: registry.clone(),
            lookup: lookup.clone(),
            identities: identities.clone(),
            access: access.clone(),
            endpoint: endpoint.clone(),
            metrics: metrics.clone(),
            known: known.clone(),
            key_uses: key_uses.clone(),
            conductor: conductor.clone(),
            events: events.clone(),
            faults: faults.clone(),
        });
        let noting = identities.clone();
        let managing = identities.clone();
        let emulator = config.emulator.then(|| Emulator {
            identities,
            lookup,
            clock: clock.clone(),
            faults,
            known: known.clone(),
            heartbeats: heartbeats.clone(),
        });
        let gateway = Gateway::new(center, config.limits);
        // Clients of an emulator may date requests as their tests need, and on loopback nobody captures any.
        let gateway = if config.emulator { gateway } else { gateway.refusing_signed_before(started) };
        let calls = Arc::new(Api::new(gateway));
        let console = Console::new(console::Parties {
            settings: config.console,
            access: access.clone(),
            api: calls.clone(),
            database,
            clock,
            key_uses: key_uses.clone(),
            port: api_address.port(),
            emulator: config.emulator,
        });
        let api_service = ApiService::new(calls, console, probes.clone(), emulator, events);
        let agent_service = AgentService::new(AgentSettings {
            registry: registry.clone(),
            heartbeats: heartbeats.clone(),
            known,
            metrics: metrics.clone(),
            probes,
            desk: desk.clone(),
            conductor: conductor.clone(),
            installer: Installer::new(endpoint.clone(), binary),
        });

        let (stop, stopped) = watch::channel(false);
        let tasks = vec![
            tokio::spawn(api.serve(Arc::new(api_service), stopped.clone())),
            tokio::spawn(agents.serve(Arc::new(agent_service), stopped.clone())),
            tokio::spawn(write_heartbeats(registry, heartbeats, metrics, stopped.clone())),
            tokio::spawn(write_key_uses(noting, key_uses, stopped.clone())),
            tokio::spawn(conductor.conduct(stopped)),
        ];
        Ok(Self {
            api_address,
            agent_address,
            endpoint,
            first_key,
            desk,
            access,
            identities: managing,
            emulator: config.emulator,
            stop,
            tasks,
        })
    }

    /// Makes a link to the console that signs in the owner of the first account, once, within half an hour. In the
    /// emulator it signs in whoever has the well-known key, which a reset gives another account.
    pub async fn console_link(&self) -> Result<String, LinkError> {
        let token = if self.emulator {
            self.access.link(NewKey::emulator().id.as_str())?
        } else {
            match self.identities.accounts().await?.first() {
                Some(account) => Some(self.access.owners_link(account.id)?),
                None => None,
            }
        };
        let token = token.ok_or(LinkError::Nobody)?;
        Ok(format!("{}/#token={token}", console::PATH))
    }

    /// Stops: no new connections, running requests finish, gathered heartbeats are written.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        for task in self.tasks {
            let _ = task.await;
        }
    }
}

/// Why a center made no link to its console.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// There is no account.
    #[error("making a link to the console: there is no account; make one with landfall admin account create")]
    Nobody,
    /// The accounts could not be read.
    #[error("making a link to the console: {0}")]
    Identity(#[from] IdentityError),
    /// There is no randomness.
    #[error("making a link to the console: {0}")]
    Random(#[from] RandomError),
}

/// The center's disks, and what the center is called among those on its database.
fn storage(data_directory: PathBuf) -> Result<(Storage, String), StartError> {
    let storage = Storage::new(&data_directory);
    let name = storage.center_name();
    let name = name.map_err(|error| StartError::DataDirectory { path: data_directory, error })?;
    Ok((storage, name))
}

fn read_binary(path: PathBuf) -> Result<AgentBinary, StartError> {
    AgentBinary::read(&path).map_err(|error| StartError::AgentBinary { path, error })
}
