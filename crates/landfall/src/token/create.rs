//! `landfall token create`: the one moment at which the code is known.

use serde::Serialize;
use smc::Timestamp;
use smc_model::generated::{
    access_token::{CreateAccessTokenRequest, CreateAccessTokenResponse, ListAccessTokensRequest},
    landfall::{GetAgentEndpointRequest, GetAgentEndpointResponse},
};

use super::CreateArgs;
use crate::{
    client::{CallError, Client},
    output::{Output, Said, Screen, facts},
};

/// What is said of a new code. It holds the code, so it has no `Debug`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct NewCode<'a> {
    access_token_id: &'a str,
    access_token_code: &'a str,
    count: u32,
    expiration_time: String,
    /// Installs the agent on a source and imports it.
    #[serde(skip_serializing_if = "Option::is_none")]
    install_command: Option<String>,
    /// Imports a source that has the agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    import_command: Option<String>,
}

pub(super) async fn run(
    client: &Client,
    args: CreateArgs,
    output: Output,
    screen: Screen,
) -> anyhow::Result<Said> {
    let CreateArgs { name, description, count, ttl_days } = args;
    let request = CreateAccessTokenRequest { name, description, count, time_to_live_in_days: ttl_days };
    let created: CreateAccessTokenResponse = client.call(&request).await?;
    // From here on nothing may fail: the code would be lost.
    let id = created.access_token_id.as_str();
    let expires = expiry(client, id).await.unwrap_or_else(|| screen.now.plus_days(ttl_days));
    let endpoint: Result<GetAgentEndpointResponse, CallError> =
        client.call(&GetAgentEndpointRequest {}).await;
    let code = created.access_token_code.expose();
    let known = endpoint.as_ref().ok();
    let said = NewCode {
        access_token_id: id,
        access_token_code: code,
        count,
        expiration_time: expires.to_string(),
        install_command: known.and_then(|endpoint| install_command(endpoint, id, code)),
        import_command: known.and_then(|endpoint| import_command(endpoint, id, code)),
    };
    let uses = servers(count);
    let mut all = output.say(&said, || text(&said, expires, screen)).with_aside(format!(
        "The code is shown this once; the center keeps no copy of it. Whoever has it can import {uses} until it expires, or until: landfall token disable {id}"
    ));
    match endpoint {
        Err(error) => {
            all = all.with_aside(format!(
                "The commands for sources are missing, since where agents connect is not known: {error}"
            ));
        }
        Ok(endpoint) if !endpoint.hands_out_agent => {
            all = all.with_aside(
                "This center hands out no agent: copy landfall-agent to the source first, or start landfall serve with --agent-binary.",
            );
        }
        Ok(_) => {}
    }
    if client.in_plain_text() {
        all = all.with_aside("The code crossed the network in plain text: this endpoint has no TLS.");
    }
    Ok(all)
}

/// When the code expires by the center's clock. A key may be allowed to create codes and not to list them.
async fn expiry(client: &Client, id: &str) -> Option<Timestamp> {
    let request = ListAccessTokensRequest {
        access_token_id: vec![id.to_owned()],
        name: None,
        status: None,
        page_number: None,
        page_size: None,
    };
    let listed = client.call(&request).await.ok()?;
    let token = listed.access_tokens.items.first()?;
    super::list::expiry(token)
}

fn servers(count: u32) -> String {
    if count == 1 { "1 server".to_owned() } else { format!("{count} servers") }
}

fn text(said: &NewCode<'_>, expires: Timestamp, screen: Screen) -> String {
    let mut text = facts(
        screen,
        &[
            ("Id", said.access_token_id.into()),
            ("Code", said.access_token_code.into()),
            ("Imports", servers(said.count).into()),
            ("Expires", screen.moment(expires)),
        ],
    );
    for (purpose, command) in [
        ("On a source, as root:", &said.install_command),
        ("On a source that has landfall-agent, as root:", &said.import_command),
    ] {
        if let Some(command) = command {
            text.extend(["\n", purpose, "\n  ", command, "\n"]);
        }
    }
    text
}

/// The code travels in the environment: arguments can be read by every user of the source. `-k` because the pin, not
/// a public authority, says who the center is. Fetched first and run after: a pipe would end well when the pin does
/// not fit, and run what came of a script whose rest got lost.
fn install_command(endpoint: &GetAgentEndpointResponse, id: &str, code: &str) -> Option<String> {
    let address = endpoint.addresses.items.first().filter(|_| endpoint.hands_out_agent)?;
    let pin = &endpoint.tls_key_pin;
    Some(format!(
        "script=$(curl -fsSk --pinnedpubkey '{pin}' https://{address}/install.sh) && LANDFALL_TOKEN_CODE={code} sh -c \"$script\" sh --token-id {id}"
    ))
}

fn import_command(endpoint: &GetAgentEndpointResponse, id: &str, code: &str) -> Option<String> {
    let address = endpoint.addresses.items.first()?;
    let fingerprint = &endpoint.ca_fingerprint;
    Some(format!(
        "LANDFALL_TOKEN_CODE={code} landfall-agent import --server https://{address} --ca-fingerprint {fingerprint} --token-id {id}"
    ))
}
