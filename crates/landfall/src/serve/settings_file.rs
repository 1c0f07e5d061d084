//! The `--config` file: the same options as keys. Options and environment win over it.

use std::{net::SocketAddr, path::PathBuf};

use anyhow::{Context, anyhow};
use serde::Deserialize;

use super::ServeArgs;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct SettingsFile {
    data_dir: Option<PathBuf>,
    database_url: Option<String>,
    master_key_file: Option<PathBuf>,
    api_listen: Option<SocketAddr>,
    agent_listen: Option<SocketAddr>,
    #[serde(default)]
    agent_address: Vec<String>,
    api_tls_cert: Option<PathBuf>,
    api_tls_key: Option<PathBuf>,
    #[serde(default)]
    allow_plaintext: bool,
    agent_binary: Option<PathBuf>,
    key_rate: Option<u32>,
    address_rate: Option<u32>,
    code_quota: Option<u32>,
}

/// Fills what options and environment leave open from the file, if one is named.
pub(super) fn merge(mut args: ServeArgs) -> anyhow::Result<ServeArgs> {
    let Some(path) = &args.config else { return Ok(args) };
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("reading the settings file {}", path.display()))?;
    let file: SettingsFile = toml::from_str(&text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        anyhow!("understanding the settings file {}, line {line}: {}", path.display(), error.message())
    })?;
    let storage = &mut args.storage;
    storage.data_dir = storage.data_dir.take().or(file.data_dir);
    storage.database_url = storage.database_url.take().or(file.database_url);
    storage.master_key_file = storage.master_key_file.take().or(file.master_key_file);
    args.api_listen = args.api_listen.or(file.api_listen);
    args.agent_listen = args.agent_listen.or(file.agent_listen);
    if args.agent_address.is_empty() {
        args.agent_address = file.agent_address;
    }
    args.api_tls_cert = args.api_tls_cert.or(file.api_tls_cert);
    args.api_tls_key = args.api_tls_key.or(file.api_tls_key);
    args.allow_plaintext |= file.allow_plaintext;
    args.agent_binary = args.agent_binary.or(file.agent_binary);
    args.key_rate = args.key_rate.or(file.key_rate);
    args.address_rate = args.address_rate.or(file.address_rate);
    args.code_quota = args.code_quota.or(file.code_quota);
    Ok(args)
}
