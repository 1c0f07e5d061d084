//! Which center is called with which key: options and environment, the SDKs' own names among them.

use std::path::PathBuf;

use zeroize::Zeroizing;

use super::{CallError, Client};

/// The variable of the key's id; the SDKs read it too.
const KEY_ID: &str = "ALIBABA_CLOUD_ACCESS_KEY_ID";

/// The variable of the key's secret; the SDKs read it too.
const KEY_SECRET: &str = "ALIBABA_CLOUD_ACCESS_KEY_SECRET";

/// Which center is called with which key. The secret is never an option: every user of a machine can read options.
#[derive(Clone, clap::Args)]
#[command(next_help_heading = "Connection")]
pub(crate) struct ConnectionArgs {
    /// URL of the center's API
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "LANDFALL_ENDPOINT",
        default_value = "http://127.0.0.1:8620"
    )]
    pub(crate) endpoint: String,

    /// Id of the AccessKey to sign with; its secret is read from ALIBABA_CLOUD_ACCESS_KEY_SECRET
    #[arg(long, global = true, value_name = "ID", env = KEY_ID, hide_env_values = true)]
    pub(crate) access_key_id: Option<String>,

    /// Certificates (PEM) to trust for an https endpoint, in place of the system's
    #[arg(long, global = true, value_name = "FILE", env = "LANDFALL_CA_FILE")]
    pub(crate) ca_file: Option<PathBuf>,
}

impl ConnectionArgs {
    /// Takes the secret from the environment and puts a client together.
    pub(crate) fn client(&self) -> Result<Client, CallError> {
        let secret = std::env::var(KEY_SECRET).ok().filter(|secret| !secret.is_empty()).map(Zeroizing::new);
        let id = self.access_key_id.clone().filter(|id| !id.is_empty());
        match (id, secret) {
            (Some(id), Some(secret)) => {
                Client::trusting(&self.endpoint, id, &secret, self.ca_file.as_deref())
            }
            (None, Some(_)) => Err(CallError::NoKey("ALIBABA_CLOUD_ACCESS_KEY_ID is")),
            (Some(_), None) => Err(CallError::NoKey("ALIBABA_CLOUD_ACCESS_KEY_SECRET is")),
            (None, None) => {
                Err(CallError::NoKey("ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET are"))
            }
        }
    }
}
