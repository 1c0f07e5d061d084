//! Heartbeats: many small changes of sources at once.

use std::collections::BTreeMap;

use smc::ports::{Heartbeat, StoreError};

use crate::{driver::Value, transaction::Transaction};

/// Heartbeats of one statement at the most.
const LARGEST_UPDATE: usize = 128;

/// Writes many heartbeats with few statements, each source's latest one only and in the order of the ids.
pub(super) fn note(transaction: &mut Transaction<'_>, heartbeats: &[Heartbeat]) -> Result<(), StoreError> {
    let mut latest: BTreeMap<&str, &Heartbeat> = BTreeMap::new();
    for heartbeat in heartbeats {
        let kept = latest.entry(heartbeat.source.as_str()).or_insert(heartbeat);
        if heartbeat.at >= kept.at {
            *kept = heartbeat;
        }
    }
    let mut rest: &[&Heartbeat] = &latest.into_values().collect::<Vec<_>>();
    while !rest.is_empty() {
        let size = if rest.len() >= LARGEST_UPDATE { LARGEST_UPDATE } else { 1 << rest.len().ilog2() };
        let (now, later) = rest.split_at(size);
        let values: Vec<Value> = now.iter().flat_map(|heartbeat| heartbeat_values(heartbeat)).collect();
        transaction.execute(&heartbeat_update(size), &values)?;
        rest = later;
    }
    Ok(())
}

/// Both engines call the columns of `VALUES` so; the casts tell PostgreSQL what the first row, and so all, are.
fn heartbeat_update(size: usize) -> String {
    let mut rows = vec![
        "(CAST($1 AS TEXT), CAST($2 AS BIGINT), CAST($3 AS TEXT), CAST($4 AS TEXT), CAST($5 AS TEXT), CAST($6 AS TEXT))"
            .to_owned(),
    ];
    rows.extend((1..size).map(|row| {
        let placeholders: Vec<_> = (1..=6).map(|column| format!("${}", row * 6 + column)).collect();
        format!("({})", placeholders.join(", "))
    }));
    format!(
        "UPDATE sources SET last_seen = beat.column2, address = beat.column3, agent_version = beat.column4,
            fault_code = beat.column5, fault_message = beat.column6
        FROM (VALUES {}) AS beat WHERE sources.id = beat.column1 AND sources.last_seen <= beat.column2",
        rows.join(", ")
    )
}

fn heartbeat_values(heartbeat: &Heartbeat) -> [Value; 6] {
    [
        heartbeat.source.as_str().into(),
        heartbeat.at.into(),
        heartbeat.address.as_str().into(),
        heartbeat.agent_version.as_str().into(),
        heartbeat.fault.as_ref().map(|fault| fault.error_code.as_str()).into(),
        heartbeat.fault.as_ref().map(|fault| fault.error_msg.as_str()).into(),
    ]
}
