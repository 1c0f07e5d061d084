//! Importing this machine, and asking whether a code would.

use std::sync::Arc;

use agent_api::{Arrival, CheckReply, CheckRequest, ImportReply, ImportRequest, WireCode};
use http::Method;
use smc::{AccessTokenId, SourceId, access_token::AccessTokenCode, ports::Clock, source::MachineId};

use crate::{
    center_url::CenterUrl,
    failure::Failure,
    link::{Dial, Line},
    machine::{Machine, Selection, essence},
    pace,
    state::{Heartbeat, HeartbeatState, Membership, StateDir},
    trust::{Identity, Pin, client_config},
};

/// A code, and the center that gave it out.
pub struct Voucher {
    /// Where the center is.
    pub center: CenterUrl,
    /// Fingerprint of its authority.
    pub pin: Pin,
    /// Names the code.
    pub token_id: AccessTokenId,
    /// The code's value.
    pub code: AccessTokenCode,
}

/// The source that this machine now is.
#[derive(Clone, Debug)]
pub struct Imported {
    /// What is kept of it.
    pub membership: Membership,
    /// How it came.
    pub arrival: Arrival,
    /// Seconds between heartbeats.
    pub heartbeat_seconds: u32,
    /// What it was before, if that was a source of another center.
    pub before: Option<Membership>,
}

/// Asks whether the code would import a machine now; spends and writes nothing.
pub async fn check(
    voucher: &Voucher,
    identity: &Identity,
    dial: Arc<dyn Dial>,
) -> Result<CheckReply, Failure> {
    let request = CheckRequest {
        protocol: agent_api::NEWEST,
        token_id: voucher.token_id.to_string(),
        token_code: WireCode::new(voucher.code.reveal()),
    };
    Ok(voucher.line(identity, dial)?.call(Method::POST, agent_api::CHECK, &request).await?)
}

/// Imports the machine. The key is on disk before the request leaves; what the center answers is on disk
/// before this returns.
pub async fn import(
    voucher: &Voucher,
    machine: Machine,
    selection: Selection,
    name: Option<String>,
    state: &StateDir,
    clock: &dyn Clock,
    dial: Arc<dyn Dial>,
) -> Result<Imported, Failure> {
    let identity = Identity::load_or_create(state)?;
    let inventory = essence(&machine.inventory);
    let request = ImportRequest {
        protocol: agent_api::NEWEST,
        agent_version: env!("CARGO_PKG_VERSION").to_owned(),
        token_id: voucher.token_id.to_string(),
        token_code: WireCode::new(voucher.code.reveal()),
        machine: machine.id.unwrap_or_else(|| known_by_key(&identity)),
        name,
        inventory: machine.inventory,
    };
    let reply: ImportReply =
        voucher.line(&identity, dial)?.call(Method::POST, agent_api::IMPORT, &request).await?;
    let membership = Membership {
        center: voucher.center.clone(),
        pin: voucher.pin,
        source_id: SourceId::parse(&reply.source_id).map_err(|_| Failure::Reply(reply.source_id))?,
        name: reply.name.chars().filter(|character| !character.is_control()).take(256).collect(),
        token_id: voucher.token_id.clone(),
        imported: clock.now(),
        selection,
    };
    // A record that cannot be read is about to be replaced by one that can.
    let before = Membership::load(state).ok().flatten();
    let before = before.filter(|before| before.pin != membership.pin);
    membership.save(state)?;
    let every_seconds = pace::interval(reply.heartbeat_seconds);
    let first = Heartbeat {
        last: Some(clock.now()),
        every_seconds,
        state: HeartbeatState::Connected,
        inventory: Some(inventory),
    };
    first.save(state)?;
    Ok(Imported { membership, arrival: reply.arrival, heartbeat_seconds: every_seconds, before })
}

impl Voucher {
    fn line(&self, identity: &Identity, dial: Arc<dyn Dial>) -> Result<Line, Failure> {
        Ok(Line::new(self.center.clone(), client_config(self.pin, identity)?, dial))
    }
}

/// A machine on which nothing is its own but the agent's key.
fn known_by_key(identity: &Identity) -> MachineId {
    MachineId::of(&["landfall machine 1", "agent-key", identity.fingerprint().as_str()])
}
