//! `landfall token disable` and `landfall token delete`.

use smc_model::generated::access_token::{DeleteAccessTokenRequest, DisableAccessTokenRequest};

use crate::{client::Client, output::Said};

pub(super) async fn disable(client: &Client, id: String) -> anyhow::Result<Said> {
    client.call(&DisableAccessTokenRequest { access_token_id: id.clone() }).await?;
    Ok(Said::aside(format!("Nothing can be imported any more with {id}"))
        .with_aside("Servers that were imported with it stay, and stay connected."))
}

pub(super) async fn delete(client: &Client, id: String) -> anyhow::Result<Said> {
    client.call(&DeleteAccessTokenRequest { access_token_id: id.clone() }).await?;
    Ok(Said::aside(format!("Deleted {id}"))
        .with_aside("Servers that were imported with it stay, and stay connected."))
}
