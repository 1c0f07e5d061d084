//! The center's side: staging disks, and the TLS of the agent listener in front of them.

use std::{
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::{Context, bail};
use center::{
    receivers::{StagingSet, receive},
    tls::{Authority, agent_listener},
};
use clap::Args;
use image::{Place, Staging};
use replication::{LeafKey, frame::Settings};
use serde::{Deserialize, Serialize};
use tokio::{net::TcpListener, sync::watch, task::JoinSet};
use tokio_rustls::TlsAcceptor;

use super::process::{answer, used};

const KEY: LeafKey = LeafKey::new([9; 32]);

/// Where copies go.
#[derive(Args, Clone, Debug)]
pub(crate) struct CenterOptions {
    /// Bytes of each disk
    #[arg(long)]
    pub(crate) size: u64,
    /// Where to listen
    #[arg(long, default_value = "127.0.0.1")]
    pub(crate) listen: IpAddr,
    /// A directory for each disk, which gets a listener of its own
    pub(crate) directories: Vec<PathBuf>,
}

/// Where a center listens and who it is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Listening {
    /// A listener for each directory.
    pub(crate) addresses: Vec<SocketAddr>,
    pub(crate) pin: String,
}

/// One disk and the sessions that write to it.
struct Desk {
    directory: PathBuf,
    size: u64,
    set: Mutex<Option<Arc<StagingSet>>>,
    sessions: tokio::sync::Mutex<JoinSet<()>>,
}

/// Says where it listens, then does what it is told: `again` (closes and opens the disks, as for another run), `used`.
pub(super) fn play(options: &CenterOptions) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let authority = Authority::generate()?;
    let acceptor = TlsAcceptor::from(agent_listener(&authority, &[options.listen.to_string()])?);
    let mut desks = Vec::new();
    let mut addresses = Vec::new();
    for directory in &options.directories {
        let set = Mutex::new(Some(open(directory, options.size)?));
        let (directory, sessions) = (directory.clone(), tokio::sync::Mutex::default());
        let desk = Arc::new(Desk { directory, size: options.size, set, sessions });
        let listener = runtime.block_on(TcpListener::bind((options.listen, 0))).context("listening")?;
        addresses.push(listener.local_addr()?);
        runtime.spawn(accept(listener, acceptor.clone(), desk.clone()));
        desks.push(desk);
    }
    answer(&Listening { addresses, pin: authority.fingerprint() })?;
    for line in std::io::stdin().lines() {
        match line?.as_str() {
            "again" => {
                for desk in &desks {
                    runtime.block_on(desk.again())?;
                }
                answer(&"ready")?;
            }
            "used" => answer(&used())?,
            other => bail!("a center was told {other:?}"),
        }
    }
    Ok(())
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, desk: Arc<Desk>) {
    while let Ok((stream, _)) = listener.accept().await {
        let (acceptor, set) = (acceptor.clone(), desk.set());
        desk.sessions.lock().await.spawn(async move {
            let Some(set) = set else { return };
            let settings = watch::Sender::new(Settings::default());
            let took = async {
                stream.set_nodelay(true)?;
                let stream = acceptor.accept(stream).await?;
                anyhow::Ok(receive(stream, set, settings.subscribe()).await?)
            };
            if let Err(error) = took.await {
                eprintln!("center: {error:#}");
            }
        });
    }
}

impl Desk {
    fn set(&self) -> Option<Arc<StagingSet>> {
        self.set.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Closes the disk once its sessions have ended, and opens it again.
    async fn again(&self) -> anyhow::Result<()> {
        let mut sessions = self.sessions.lock().await;
        while sessions.join_next().await.is_some() {}
        let mut set = self.set.lock().unwrap_or_else(PoisonError::into_inner);
        *set = None;
        *set = Some(open(&self.directory, self.size)?);
        Ok(())
    }
}

fn open(directory: &Path, size: u64) -> anyhow::Result<Arc<StagingSet>> {
    let place = Place::new(directory, 0);
    let disk = if place.data().exists() {
        Staging::open(place, size, KEY)?.0
    } else {
        Staging::create(place, size, KEY)?
    };
    Ok(Arc::new(StagingSet { disks: vec![disk], key: KEY }))
}
