//! Counters for Prometheus. Labels come from closed sets, or name the runs that go on now, so that nobody can make
//! them grow.

use std::sync::atomic::AtomicU64;

use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};
use replication::progress::{DiskProgress, Progress, Tracking};
use smc::JobId;

use crate::conductor::Live;

/// The figures of a run and what they mean, in the order of [`Metrics::runs`].
const RUN_FIGURES: [(&str, &str); 10] = [
    ("run_pass", "Number of the pass of a run, the first full one being 1"),
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
    runs: [RunGauge; RUN_FIGURES.len()],
    limits: Family<LimitLabels, Gauge<i64>>,
    copied: Family<TrackingLabels, Counter>,
}

/// A figure of each run that goes on here.
type RunGauge = Family<RunLabels, Gauge<i64>>;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RunLabels {
    job: String,
}

/// What a run waits for most.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LimitLabels {
    job: String,
    by: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TrackingLabels {
    tracking: &'static str,
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
        let (limits, copied) = (Family::default(), Family::default());
        registry.register("run_limited", "1 for what a run waits for most", limits.clone());
        registry.register("runs_copied", "Complete copies by how changes were found", copied.clone());
        Self { registry, api, agent, heartbeats, heartbeats_pending, runs, limits, copied }
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
        self.limits.clear();
        for (job, live) in runs {
            let Some(progress) = &live.progress else { continue };
            let sum =
                |part: fn(&DiskProgress) -> u64| progress.disks.iter().map(part).fold(0, u64::saturating_add);
            if let Some(limit) = progress.limited_by {
                let labels = LimitLabels { job: job.to_string(), by: limit.as_str() };
                self.limits.get_or_create(&labels).set(1);
            }
            let figures = [
                Some(u64::from(progress.pass)),
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

    /// A copy of a run is complete, and its changes were found in this way.
    pub(crate) fn copied(&self, progress: &Progress) {
        let tracking = match (&progress.tracking, &progress.unproven) {
            (Tracking::Rescan { .. }, _) => "rescan",
            (Tracking::Ebpf, Some(_)) => "unproven",
            (Tracking::Ebpf, None) => "ebpf",
        };
        self.copied.get_or_create(&TrackingLabels { tracking }).inc();
    }

    /// All of it in the text form of OpenMetrics.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        // Writing into a String does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

#[cfg(test)]
mod tests {
    use replication::progress::{DiskProgress, Limit, Phase, Progress, Tracking};
    use smc::JobId;

    use super::Metrics;
    use crate::conductor::Figures;

    #[test]
    fn a_run_is_told_in_figures_until_it_is_over_and_its_tracking_is_counted() {
        let (metrics, figures) = (Metrics::default(), Figures::default());
        let job = JobId::from_random(&[1; 32]);
        let rescan = Tracking::Rescan { reason: "image file".to_owned() };
        let progress = Progress {
            phase: Phase::Changes,
            pass: 3,
            disks: vec![DiskProgress { disk: 0, bytes_total: 700, bytes_left: 30 }],
            limited_by: Some(Limit::Link),
            ..Progress::starting(rescan.clone())
        };
        figures.begin(&job, "1234567890123456".parse().unwrap());
        figures.told(&job, progress);
        metrics.runs(&figures.all());
        let tracked = Progress::starting(Tracking::Ebpf);
        metrics.copied(&Progress::starting(rescan));
        metrics.copied(&tracked);
        metrics.copied(&Progress { unproven: Some("8 sectors unseen".to_owned()), ..tracked });
        let text = metrics.text();
        for line in [
            format!("landfall_run_pass{{job=\"{job}\"}} 3"),
            format!("landfall_run_left_bytes{{job=\"{job}\"}} 30"),
            format!("landfall_run_rescan{{job=\"{job}\"}} 1"),
            format!("landfall_run_limited{{job=\"{job}\",by=\"link\"}} 1"),
            "landfall_runs_copied_total{tracking=\"rescan\"} 1".to_owned(),
            "landfall_runs_copied_total{tracking=\"ebpf\"} 1".to_owned(),
            "landfall_runs_copied_total{tracking=\"unproven\"} 1".to_owned(),
        ] {
            assert!(text.lines().any(|told| told == line), "{line} is not in:\n{text}");
        }
        figures.end(&job);
        metrics.runs(&figures.all());
        assert!(!metrics.text().contains(job.as_str()));
    }
}
