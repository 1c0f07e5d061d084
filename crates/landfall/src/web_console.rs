//! `landfall console`, and the console's files that this program carries.

use std::path::PathBuf;

use center::console::{Asset, Settings};
use clap::Args;
use smc_model::{
    Request,
    generated::landfall::{CreateSignInLinkRequest, CreateSignInLinkResponse},
};

use crate::{client::ConnectionArgs, output::Said};

/// Options of `landfall console`.
#[derive(Args)]
pub(crate) struct ConsoleArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// What a center of this program serves: the embedded console, or a directory for whoever works on it.
pub(crate) fn settings() -> Settings {
    let assets: Vec<Asset> = console::files()
        .iter()
        .map(|file| Asset {
            path: file.path,
            kind: file.media_type(),
            etag: file.tag,
            plain: file.plain,
            gzip: file.gzip,
            brotli: file.brotli,
        })
        .collect();
    let directory = std::env::var_os("LANDFALL_CONSOLE_DIR").filter(|path| !path.is_empty());
    Settings { assets, directory: directory.map(PathBuf::from), ..Settings::default() }
}

/// Makes a link that signs in whose key is in the environment, and says it.
pub(crate) async fn run(args: ConsoleArgs) -> anyhow::Result<Said> {
    let client = args.connection.client()?;
    let link: CreateSignInLinkResponse = client.call(&CreateSignInLinkRequest::parse(&[])?).await?;
    Ok(Said::data(format!("{}{}\n", client.address(), link.path.expose()))
        .with_aside(format!("Signs in once, within {} minutes.", link.expires_in_seconds / 60)))
}
