//! `landfall serve`: turns options into a center's configuration, starts it, and says what a person needs next.

mod api_tls;
mod descriptors;
mod limits;
mod settings_file;

use std::{
    io::{IsTerminal, Write},
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::{Context, bail};
use center::server::{Config, Running};
use clap::Args;
use smc::registry::{DEFAULT_CODE_QUOTA, Settings};
use tokio::signal::unix::{SignalKind, signal};

use crate::{location::Storage, web_console};

/// Default address of the API and console.
pub(crate) const API_LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8620);
/// Default address for agents.
const AGENT_LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::UNSPECIFIED), 8621);
/// Default address for agents of the emulator.
const DEV_AGENT_LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8621);

/// Options of `landfall serve`.
#[derive(Args, Clone)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    storage: Storage,

    #[arg(long, value_name = "ADDR", env = "LANDFALL_API_LISTEN", help = format!("Where the API listens [default: {API_LISTEN}]"))]
    api_listen: Option<SocketAddr>,

    #[arg(long, value_name = "ADDR", env = "LANDFALL_AGENT_LISTEN", help = format!("Where agents connect, always by TLS [default: {AGENT_LISTEN}]"))]
    agent_listen: Option<SocketAddr>,

    /// How agents reach this center, HOST or HOST:PORT; repeatable. Default: found out from the routing table.
    #[arg(long, value_name = "HOST", env = "LANDFALL_AGENT_ADDRESS", value_delimiter = ',')]
    agent_address: Vec<String>,

    /// Certificate chain (PEM) for the API; with --api-tls-key the API speaks TLS.
    #[arg(long, value_name = "FILE", requires = "api_tls_key", env = "LANDFALL_API_TLS_CERT")]
    api_tls_cert: Option<PathBuf>,

    /// Private key (PEM) of --api-tls-cert.
    #[arg(long, value_name = "FILE", requires = "api_tls_cert", env = "LANDFALL_API_TLS_KEY")]
    api_tls_key: Option<PathBuf>,

    /// Serve the API without TLS on an address that is not loopback: signatures protect requests from
    /// change, but anybody on the way can read them, activation codes included.
    #[arg(long)]
    allow_plaintext: bool,

    /// The static landfall-agent file to hand to installers. Default: landfall-agent beside this program, if any.
    #[arg(long, value_name = "FILE", env = "LANDFALL_AGENT_BINARY")]
    agent_binary: Option<PathBuf>,

    /// Requests a second allowed for one AccessKey; 0 for no limit [default: 500]
    #[arg(long, value_name = "N", env = "LANDFALL_KEY_RATE")]
    key_rate: Option<u32>,

    /// Requests a second allowed from one address; 0 for no limit [default: 1000]
    #[arg(long, value_name = "N", env = "LANDFALL_ADDRESS_RATE")]
    address_rate: Option<u32>,

    /// Activation codes that an account may have unexpired at once; 0 for no limit [default: 1000]
    #[arg(long, value_name = "N", env = "LANDFALL_CODE_QUOTA")]
    code_quota: Option<u32>,

    /// A TOML file with these options as keys, such as `api-listen = "127.0.0.1:8620"`. Options and
    /// environment win over the file.
    #[arg(long, value_name = "FILE", env = "LANDFALL_CONFIG")]
    config: Option<PathBuf>,

    /// Be an emulator for tests: loopback only, the key landfall-dev / landfall-dev-secret, a throwaway
    /// store unless --data-dir is given, and POST /_landfall/{reset,clock,faults}.
    #[arg(long)]
    dev: bool,
}

/// Runs a center until it is told to stop.
pub(crate) async fn run(args: ServeArgs) -> anyhow::Result<ExitCode> {
    let dev = args.dev;
    let (config, throwaway) = configuration(args)?;
    let scheme = if config.api_tls.is_some() { "https" } else { "http" };
    descriptors::raise();
    let mut running = Running::start(config).await?;
    // Whoever reads the announcement may stop the center at once, and that has to be an orderly end already.
    let stop = stop_signal()?;
    let link = running.console_link().await?;
    announce(&mut running, scheme, dev, &link)?;
    stop.await;
    tracing::info!("stopping");
    running.stop().await;
    drop(throwaway);
    Ok(ExitCode::SUCCESS)
}

/// The configuration that options ask for, and the directory to remove at the end, if the store is a throwaway.
fn configuration(args: ServeArgs) -> anyhow::Result<(Config, Option<tempfile::TempDir>)> {
    let mut args = settings_file::merge(args)?;
    let api_tls = match (&args.api_tls_cert, &args.api_tls_key) {
        (Some(certificate), Some(key)) => Some(api_tls::load(certificate, key)?),
        (None, None) => None,
        _ => bail!("--api-tls-cert and --api-tls-key belong together; give both"),
    };
    let api_listen = args.api_listen.unwrap_or(API_LISTEN);
    if args.dev && !api_listen.ip().is_loopback() {
        bail!(
            "--dev uses a key that everybody knows, so it listens on loopback only; choose a loopback --api-listen"
        );
    }
    if !api_listen.ip().is_loopback() && api_tls.is_none() && !args.allow_plaintext {
        bail!(
            "--api-listen {api_listen} is not loopback and the API has no TLS; give --api-tls-cert and --api-tls-key, or say --allow-plaintext"
        );
    }
    let chosen = args.storage.data_dir.is_some() || args.storage.database_url.is_some();
    let throwaway = if args.dev && !chosen {
        let directory = tempfile::tempdir().context("making a throwaway data directory")?;
        args.storage.data_dir = Some(directory.path().to_owned());
        Some(directory)
    } else {
        None
    };
    let places = args.storage.prepare()?;
    let quota = args.code_quota.unwrap_or(DEFAULT_CODE_QUOTA);
    let config = Config {
        database: places.database,
        data_dir: places.data_dir,
        master_key: places.master_key,
        api_listen,
        api_tls,
        agent_listen: args.agent_listen.unwrap_or(if args.dev { DEV_AGENT_LISTEN } else { AGENT_LISTEN }),
        agent_addresses: args.agent_address,
        agent_binary: args.agent_binary.or_else(agent_beside_this_program),
        limits: limits::limits(
            args.key_rate.unwrap_or(limits::KEY_RATE),
            args.address_rate.unwrap_or(limits::ADDRESS_RATE),
        ),
        settings: Settings { code_quota: (quota > 0).then_some(quota) },
        console: web_console::settings(),
        emulator: args.dev,
    };
    Ok((config, throwaway))
}

fn agent_beside_this_program() -> Option<PathBuf> {
    let beside = std::env::current_exe().ok()?.with_file_name("landfall-agent");
    beside.is_file().then_some(beside)
}

/// Says where the center is, and once ever, the first key.
fn announce(running: &mut Running, scheme: &str, dev: bool, link: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "API      {scheme}://{}", running.api_address)?;
    writeln!(out, "Agents   https://{}", running.endpoint.addresses.join(", https://"))?;
    writeln!(out, "CA       {}", running.endpoint.ca_fingerprint)?;
    if let Some(key) = running.first_key.take() {
        let once = if dev { "" } else { "   (shown once, now)" };
        writeln!(out, "AccessKey of the account's owner{once}:")?;
        writeln!(out, "  export ALIBABA_CLOUD_ACCESS_KEY_ID={}", key.id)?;
        writeln!(out, "  export ALIBABA_CLOUD_ACCESS_KEY_SECRET={}", key.secret.reveal())?;
        if !dev && !std::io::stdout().is_terminal() {
            tracing::warn!(
                "the first AccessKey's secret was written to standard output, which is not a terminal: remove it from there once it is noted"
            );
        }
    }
    // Not to where data goes: what signs in does not belong into files.
    let mut aside = std::io::stderr().lock();
    writeln!(aside, "console: {scheme}://{}{link}  (30 minutes, once)", running.api_address)?;
    writeln!(out, "Ready.")?;
    out.flush()?;
    Ok(())
}

/// Listens for the signals that stop a center from now on; completes with the first of them.
fn stop_signal() -> anyhow::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listening for SIGINT")?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
