//! The agent's side: the run of a real agent, over TLS as a real agent speaks it.

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use clap::Args;
use landfall_agent::{
    replicate::{ConnectError, NothingToFreeze, Options, Outcome, Source, SourceDisk, Start, run},
    trust::{Identity, Pin, client_config},
};
use rustls::{ClientConfig, pki_types::ServerName};
use serde::{Deserialize, Serialize};
use tokio::{net::TcpStream, runtime::Runtime};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{
    fake::Fake,
    process::{Used, answer, used},
    wire::Counted,
};

/// What the agent copies, and where to.
#[derive(Args, Clone, Debug)]
pub(crate) struct AgentOptions {
    /// The disk
    #[arg(long)]
    pub(crate) disk: Option<PathBuf>,
    /// Instead of a disk: bytes of one that is made up
    #[arg(long)]
    pub(crate) fake: Option<u64>,
    /// Where the center listens
    #[arg(long)]
    pub(crate) center: SocketAddr,
    /// Who the center is
    #[arg(long)]
    pub(crate) pin: Pin,
    /// Streams to send over
    #[arg(long)]
    pub(crate) streams: u16,
    /// Milliseconds that filesystems may stay frozen
    #[arg(long, default_value_t = 2_000)]
    pub(crate) budget: u64,
}

/// What a run came to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Copied {
    pub(crate) seconds: f64,
    pub(crate) read_bytes: u64,
    pub(crate) sent_bytes: u64,
    pub(crate) packed_bytes: u64,
    /// Bytes on the network, both ways, encryption included.
    pub(crate) wire_bytes: u64,
    pub(crate) freeze_ms: f64,
    pub(crate) predicted_freeze_ms: Option<u64>,
    pub(crate) tracking: String,
    /// Why tracking was not proven at first, so that everything was compared.
    pub(crate) unproven: Option<String>,
    pub(crate) passes: u32,
    pub(crate) limited_by: Option<String>,
    pub(crate) used: Used,
}

/// Says `"ready"` once changes are tracked, then does what it is told: `everything` or `changes`, both of which are runs.
pub(super) fn play(options: &AgentOptions) -> anyhow::Result<()> {
    // As in the agent's own program: one thread for everything that does not block.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let budget = Duration::from_millis(options.budget);
    let source = Arc::new(match (&options.disk, options.fake) {
        (Some(disk), None) => Source::open(&[(0, disk.clone())], budget).context("opening the disk")?,
        (None, Some(size)) => Source {
            disks: vec![SourceDisk::whole(0, Arc::new(Fake { size }))],
            tracker: Err("made up".to_owned()),
            freezer: Arc::new(NothingToFreeze),
        },
        _ => bail!("an agent copies a disk or a fake one"),
    });
    let tls = client_config(options.pin, &Identity::generate()?)?;
    answer(&"ready")?;
    for line in std::io::stdin().lines() {
        match line?.as_str() {
            "everything" => answer(&copy(&runtime, options, &source, &tls, Start::Everything)?)?,
            "changes" => answer(&copy(&runtime, options, &source, &tls, Start::Changes)?)?,
            other => bail!("an agent was told {other:?}"),
        }
    }
    Ok(())
}

fn copy(
    runtime: &Runtime,
    options: &AgentOptions,
    source: &Arc<Source>,
    tls: &Arc<ClientConfig>,
    start: Start,
) -> anyhow::Result<Copied> {
    let bytes = Arc::new(AtomicU64::new(0));
    let begun = Instant::now();
    let settings = Options {
        agent_version: env!("CARGO_PKG_VERSION").to_owned(),
        run: "r-bench".to_owned(),
        streams: options.streams,
        freeze_budget: Duration::from_millis(options.budget),
        audit: false,
        start,
    };
    let connect = |_| connect(options.center, tls.clone(), bytes.clone());
    let outcome = runtime.block_on(run(source.clone(), settings, connect, |_| (), std::future::pending()))?;
    let seconds = begun.elapsed().as_secs_f64();
    let Outcome::Complete(complete) = outcome else { bail!("the run was stopped") };
    let progress = complete.progress;
    Ok(Copied {
        seconds,
        read_bytes: progress.read_bytes,
        sent_bytes: progress.sent_bytes,
        packed_bytes: progress.packed_bytes,
        wire_bytes: bytes.load(Relaxed),
        freeze_ms: complete.freeze.as_secs_f64() * 1_000.0,
        predicted_freeze_ms: progress.predicted_freeze_ms,
        tracking: progress.tracking.to_string(),
        unproven: progress.unproven,
        passes: progress.pass,
        limited_by: progress.limited_by.map(|limit| limit.as_str().to_owned()),
        used: used(),
    })
}

async fn connect(
    center: SocketAddr,
    tls: Arc<ClientConfig>,
    bytes: Arc<AtomicU64>,
) -> Result<TlsStream<Counted>, ConnectError> {
    let failed = |error: std::io::Error| ConnectError {
        code: "Replication.Broken".to_owned(),
        message: format!("connecting to {center}: {error}"),
        again: false,
    };
    let stream = TcpStream::connect(center).await.map_err(failed)?;
    stream.set_nodelay(true).map_err(failed)?;
    let name = ServerName::IpAddress(center.ip().into());
    TlsConnector::from(tls).connect(name, Counted { stream, bytes }).await.map_err(failed)
}
