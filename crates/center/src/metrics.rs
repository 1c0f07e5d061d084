//! Counters for Prometheus. Labels come from closed sets, or name the runs that go on now, so that nobody can make
//! them grow.

use std::sync::atomic::AtomicU64;

use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};
use replication::progress::{DiskProgress, Tracking};
use smc::JobId;

use crate::conductor::Live;

/// The figures of a run and what they mean, in the order of [`Metrics::runs`].
const RUN_FIGURES: [(&str, &str); 9] = [
    ("run_pass_bytes", "Bytes that the pass of a run covers"),
    ("run_left_bytes", "Bytes of the pass that are still to be read"),
    ("run_read_bytes", "Bytes read from the source's disks in the run"),
    ("run_sent_bytes", "Bytes of content sent in the run"),
    ("run_packed_bytes", "Bytes of that content as packed for the network"),
    ("run_bytes_per_second", "Bytes a second of content that were got through lately"),
    ("run_dirty_bytes_per_second", "Bytes a second that the source changes"),
    ("run_predicted_freeze_milliseconds", "The freeze that would be needed now"),
    ("run_rescan", "1 where changes are found by comparing digests, 0 where the kernel tells"),
];

/// What a center counts.
pub(crate) struct Metrics {
    registry: Registry,
    api: Family<ApiLabels, Counter>,
    agent: Family<AgentLabels, Counter>,
    heartbeats: Counter,
    heartbeats_pending: Gauge<i64>,
    runs: [RunGauge; 9],
}

/// A figure of each run that goes on here.
type RunGauge = Family<RunLabels, Gauge<i64>>;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RunLabels {
    job: String,
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
        let runs = RUN_FIGURES.map(|(name, help)| {
            let gauge = RunGauge::default();
            registry.register(name, help, gauge.clone());
            gauge
        });
        Self { registry, api, agent, heartbeats, heartbeats_pending, runs }
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
            agent_api::REPORT => "report",
            agent_api::REPLICATE => "replicate",
            _ => "other",
        };
        self.agent.get_or_create(&AgentLabels { call, code: code.to_owned() }).inc();
    }

    /// Counts heartbeats written, and how many wait.
    pub(crate) fn heartbeats(&self, written: usize, pending: usize) {
        self.heartbeats.inc_by(u64::try_from(written).unwrap_or(u64::MAX));
        self.heartbeats_pending.set(i64::try_from(pending).unwrap_or(i64::MAX));
    }

    /// Replaces the figures of the runs that go on here.
    pub(crate) fn runs(&self, runs: &[(JobId, Live)]) {
        for gauge in &self.runs {
            gauge.clear();
        }
        for (job, live) in runs {
            let Some(progress) = &live.progress else { continue };
            let sum =
                |part: fn(&DiskProgress) -> u64| progress.disks.iter().map(part).fold(0, u64::saturating_add);
            let figures = [
                Some(sum(|disk| disk.bytes_total)),
                Some(sum(|disk| disk.bytes_left)),
                Some(progress.read_bytes),
                Some(progress.sent_bytes),
                Some(progress.packed_bytes),
                Some(progress.bytes_per_second),
                progress.dirty_bytes_per_second,
                progress.predicted_freeze_ms,
                Some(u64::from(matches!(progress.tracking, Tracking::Rescan { .. }))),
            ];
            for (gauge, figure) in self.runs.iter().zip(figures) {
                if let Some(figure) = figure {
                    let labels = RunLabels { job: job.to_string() };
                    gauge.get_or_create(&labels).set(i64::try_from(figure).unwrap_or(i64::MAX));
                }
            }
        }
    }

    /// All of it in the text form of OpenMetrics.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        // Writing into a String does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}
