//! `landfall source show`: a source with its machine.
//!
//! Two operations know about a source: the contract's tells state, tags and faults, this center's own tells lineage,
//! heartbeat and the whole inventory.

use anyhow::bail;
use serde::Serialize;
use smc::source::Inventory;
use smc_model::{
    Request,
    generated::{
        landfall::{DescribeSourceServerRequest, DescribeSourceServerResponse},
        source_server::{DescribeSourceServersRequest, SourceServer},
    },
};

use super::{
    plan::{self, Plan},
    state,
};
use crate::{
    client::Client,
    output::{Cell, Output, Said, Screen, Tone, facts},
};

/// What is said of a source.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Shown {
    #[serde(flatten)]
    source: SourceServer,
    #[serde(skip_serializing_if = "Option::is_none")]
    access_token_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_heartbeat_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remote_address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    boot_mode: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inventory: Option<Inventory>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    plan: Vec<Plan>,
}

pub(super) async fn run(client: &Client, id: String, output: Output, screen: Screen) -> anyhow::Result<Said> {
    let own: DescribeSourceServerResponse =
        client.call(&DescribeSourceServerRequest { source_id: id.clone() }).await?;
    let mut request = DescribeSourceServersRequest::parse(&[])?;
    request.source_id = vec![id.clone()];
    let listed = client.call(&request).await?.source_servers.items;
    let Some(source) = listed.into_iter().next() else {
        bail!("showing {id}: it was deleted meanwhile; landfall source list shows those there are");
    };
    let inventory = own.inventory.as_deref().and_then(inventory);
    let shown = Shown {
        source,
        access_token_id: own.access_token_id,
        last_heartbeat_time: own.last_heartbeat_time,
        remote_address: own.remote_address,
        boot_mode: own.boot_mode,
        plan: inventory.as_ref().map(plan::draw).unwrap_or_default(),
        inventory,
    };
    Ok(output.say(&shown, || text(&shown, screen)))
}

/// Reads the inventory, and shows none that a center would not have accepted.
fn inventory(text: &str) -> Option<Inventory> {
    let inventory: Inventory = serde_json::from_str(text).ok()?;
    inventory.check().is_ok().then_some(inventory)
}

fn text(shown: &Shown, screen: Screen) -> String {
    let source = &shown.source;
    let moment = |at: &Option<String>| at.as_deref().map_or_else(|| "never".into(), |at| screen.written(at));
    let mut lines = vec![
        ("Id", source.source_id.as_str().into()),
        ("Name", Cell::known(source.name.as_deref())),
        ("Description", Cell::known(source.description.as_deref())),
        ("State", state(&source.state)),
    ];
    if let Some(fault) = source.status_info.as_deref().and_then(fault) {
        lines.push(("", Cell::new(fault, Tone::Bad)));
    }
    let tags: Vec<String> =
        source.tags.items.iter().map(|tag| format!("{}={}", tag.key, tag.value)).collect();
    lines.extend([
        ("Tags", Cell::known(Some(&tags.join(", ")))),
        ("Imported", screen.written(&source.creation_time)),
        ("By code", Cell::known(shown.access_token_id.as_deref())),
        ("Heartbeat", moment(&shown.last_heartbeat_time)),
        ("Address", Cell::known(shown.remote_address.as_deref())),
        ("Agent", Cell::known(source.agent_version.as_deref())),
        ("Boot mode", Cell::known(shown.boot_mode.as_deref())),
    ]);
    let mut text = facts(screen, &lines);
    match &shown.inventory {
        Some(inventory) => {
            text.push('\n');
            text.push_str(&landfall_agent::machine::describe(inventory));
            text.push_str(&plan::lines(&shown.plan));
        }
        None => text.push_str("\nWhat the machine consists of cannot be shown\n"),
    }
    text
}

/// A fault as a line: the contract wraps it in JSON.
fn fault(status_info: &str) -> Option<String> {
    let fault: smc::source::Fault = serde_json::from_str(status_info).ok()?;
    Some(format!("{}: {}", fault.error_code, fault.error_msg))
}
