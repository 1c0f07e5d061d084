//! Counters for Prometheus. Labels come from closed sets, so that nobody can make them grow.

use std::sync::atomic::AtomicU64;

use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

/// What a center counts.
pub(crate) struct Metrics {
    registry: Registry,
    api: Family<ApiLabels, Counter>,
    agent: Family<AgentLabels, Counter>,
    heartbeats: Counter,
    heartbeats_pending: Gauge<i64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ApiLabels {
    operation: &'static str,
    code: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AgentLabels {
    call: &'static str,
    code: String,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("landfall");
        let (api, agent) = (Family::default(), Family::default());
        let (heartbeats, heartbeats_pending) = (Counter::<u64, AtomicU64>::default(), Gauge::default());
        registry.register("api_calls", "Authenticated API calls by operation and result code", api.clone());
        registry.register("agent_calls", "Calls of agents by kind and result code", agent.clone());
        registry.register("heartbeats_written", "Heartbeats written to the database", heartbeats.clone());
        registry.register(
            "heartbeats_pending",
            "Heartbeats gathered and not yet written",
            heartbeats_pending.clone(),
        );
        Self { registry, api, agent, heartbeats, heartbeats_pending }
    }
}

impl Metrics {
    /// Counts a call of the API; the operation is one of the contract, the code one that the program makes.
    pub(crate) fn api_call(&self, operation: &'static str, code: &str) {
        self.api.get_or_create(&ApiLabels { operation, code: code.to_owned() }).inc();
    }

    /// Counts a call of an agent; unknown paths count together.
    pub(crate) fn agent_call(&self, path: &str, code: &str) {
        let call = match path {
            agent_api::CHECK => "check",
            agent_api::IMPORT => "import",
            agent_api::HEARTBEAT => "heartbeat",
            agent_api::INVENTORY => "inventory",
            _ => "other",
        };
        self.agent.get_or_create(&AgentLabels { call, code: code.to_owned() }).inc();
    }

    /// Counts heartbeats written, and how many wait.
    pub(crate) fn heartbeats(&self, written: usize, pending: usize) {
        self.heartbeats.inc_by(u64::try_from(written).unwrap_or(u64::MAX));
        self.heartbeats_pending.set(i64::try_from(pending).unwrap_or(i64::MAX));
    }

    /// All of it in the text form of OpenMetrics.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        // Writing into a String does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}
