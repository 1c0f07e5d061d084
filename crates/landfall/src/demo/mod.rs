//! `landfall demo`: the whole job on this machine, in a temporary directory.
//!
//! Nothing is played: a center on loopback, a code created by a signed call, the agent's own program
//! importing this machine over TLS with a small disk made for it, and replicating that disk to a verified image.

mod disk;
mod machine;
mod replication;

use std::{
    fmt::Write as _,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    process::ExitCode,
};

use anyhow::Context;
use center::{
    keyring::MasterKeySource,
    server::{Config, Running},
};
use clap::Args;
use pop::Limits;
use smc::registry::Settings;
use smc_model::{
    Request,
    generated::{
        access_token::{CreateAccessTokenRequest, CreateAccessTokenResponse},
        landfall::{DescribeAccessTokenRequest, DescribeAccessTokenResponse},
        source_server::{DescribeSourceServersRequest, DescribeSourceServersResponse},
    },
};
use store::Location;

use self::disk::Disk;
use crate::{client::Client, web_console};

/// Options of `landfall demo`.
#[derive(Args, Clone)]
pub(crate) struct DemoArgs {
    /// Leave the center running until Ctrl-C, to try more.
    #[arg(long)]
    keep: bool,
}

/// Uses of the demo's code.
const USES: u32 = 5;

/// Does the whole job once.
pub(crate) async fn run(args: DemoArgs) -> anyhow::Result<ExitCode> {
    let directory =
        tempfile::Builder::new().prefix("landfall-demo-").tempdir().context("making a directory")?;
    step(1, "a center on loopback, with an embedded database");
    let mut center = Running::start(config(directory.path())).await?;
    let key = center.first_key.take().context("a fresh center made no first key")?;
    say(&format!(
        "API     http://{}\nagents  https://{}\nCA      {}",
        center.api_address, center.agent_address, center.endpoint.ca_fingerprint
    ));

    step(2, "an activation code, created by a signed CreateAccessToken");
    let client =
        Client::new(&format!("http://{}", center.api_address), key.id.to_string(), key.secret.reveal())?;
    let request = CreateAccessTokenRequest {
        name: Some("demo".to_owned()),
        description: Some("made by landfall demo".to_owned()),
        count: USES,
        time_to_live_in_days: 1,
    };
    let code: CreateAccessTokenResponse = client.call(&request).await?;
    let id = &code.access_token_id;
    say(&format!("{id}, {USES} uses, 1 day; its value was in that reply and is nowhere else"));

    step(
        3,
        "this machine, imported by the agent over TLS with that code; its disk is an image of 256 MiB made for this",
    );
    let disk = {
        let directory = directory.path().to_owned();
        tokio::task::spawn_blocking(move || Disk::make(&directory)).await??
    };
    if !disk.filesystem {
        say("mke2fs is not installed, so the disk holds plain data instead of a filesystem");
    }
    let import = machine::Import {
        server: format!("https://{}", center.agent_address),
        ca_fingerprint: center.endpoint.ca_fingerprint.clone(),
        token_id: id.clone(),
        token_code: code.access_token_code.expose(),
        state_dir: directory.path().join("agent"),
        disk: &disk.path,
    };
    let source = machine::import(&import).await?;
    say(&format!("Import Source Server [{source}] Successfully!"));

    step(4, "what the center knows now");
    let sources: DescribeSourceServersResponse =
        client.call(&DescribeSourceServersRequest::parse(&[])?).await?;
    let lineage: DescribeAccessTokenResponse =
        client.call(&DescribeAccessTokenRequest { access_token_id: id.clone() }).await?;
    say(&shown(&sources, &lineage)?);

    let agent = machine::run(&import.state_dir)?;
    replication::run(&client, &source, &disk, directory.path(), 5).await.with_context(|| {
        let log = import.state_dir.with_extension("log");
        format!("the agent said:\n{}", std::fs::read_to_string(log).unwrap_or_default())
    })?;

    if args.keep {
        keep(center, &key.id.to_string(), key.secret.reveal(), directory.path()).await?;
        drop(agent);
    } else {
        drop(agent);
        center.stop().await;
        step(9, "done; everything ran in a temporary directory, which is removed now");
        say(
            "Next: landfall demo --keep leaves it running; landfall serve starts a center that stays.\nThe book's quick start goes on from here: docs/src/quick-start.md",
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn config(directory: &Path) -> Config {
    let loopback = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0);
    Config {
        database: Location::Sqlite(directory.join("landfall.db")),
        data_dir: directory.to_owned(),
        master_key: MasterKeySource::File { path: directory.join("master.key"), generate: true },
        api_listen: loopback,
        api_tls: None,
        agent_listen: loopback,
        agent_addresses: Vec::new(),
        agent_binary: None,
        limits: Limits::default(),
        settings: Settings::default(),
        console: web_console::settings(),
        emulator: false,
    }
}

fn shown(
    sources: &DescribeSourceServersResponse,
    lineage: &DescribeAccessTokenResponse,
) -> anyhow::Result<String> {
    let mut text = String::new();
    for source in &sources.source_servers.items {
        let known = |field: &Option<String>| field.clone().unwrap_or_else(|| "unknown".to_owned());
        writeln!(text, "source    {}  {}  {}", source.source_id, known(&source.name), source.state)?;
        writeln!(
            text,
            "machine   {}, {}, agent {}",
            known(&source.platform),
            known(&source.architecture),
            known(&source.agent_version)
        )?;
        if let Some(size) = source.system_disk_size {
            writeln!(text, "system    {size} GiB, {} partitions", source.system_disk_parts.items.len())?;
        }
        for disk in &source.data_disks.items {
            writeln!(text, "data {}    {} GiB at {}", disk.index, disk.size, known(&disk.path))?;
        }
    }
    write!(
        text,
        "code      {}: {} of {} uses spent, {}, expires {}",
        lineage.access_token_id,
        lineage.registered_count,
        lineage.count,
        lineage.status,
        lineage.expiration_time
    )?;
    Ok(text)
}

async fn keep(center: Running, key_id: &str, secret: &str, directory: &Path) -> anyhow::Result<()> {
    let link = center.console_link().await?;
    step(9, "the center stays until Ctrl-C");
    say(&format!(
        "console: http://{}{link}  (30 minutes, once)\nexport LANDFALL_ENDPOINT=http://{}\nexport ALIBABA_CLOUD_ACCESS_KEY_ID={key_id}\nexport ALIBABA_CLOUD_ACCESS_KEY_SECRET={secret}\nlandfall token create\nlandfall source list\nIts data: {}",
        center.api_address,
        center.api_address,
        directory.display()
    ));
    tokio::signal::ctrl_c().await.context("waiting for Ctrl-C")?;
    center.stop().await;
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the demo's whole purpose is to show what it does")]
fn step(number: u32, what: &str) {
    println!("\n{number}. {what}");
}

#[expect(clippy::print_stdout, reason = "the demo's whole purpose is to show what it does")]
fn say(text: &str) {
    for line in text.lines() {
        println!("   {line}");
    }
}
