//! Health, readiness and metrics: what load balancers and monitoring ask for, without a signature.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Response, StatusCode};
use http_body_util::Full;
use serde_json::json;
use store::Database;

use crate::{
    endpoint::AgentEndpoint,
    http::{content, json as reply},
    metrics::Metrics,
};

/// How long the database may take to answer before the center counts as not ready.
const PATIENCE: Duration = Duration::from_secs(2);

/// Answers probes.
pub(crate) struct Probes {
    database: Database,
    endpoint: Arc<AgentEndpoint>,
    metrics: Arc<Metrics>,
}

impl Probes {
    /// Probes a database.
    pub(crate) fn new(database: Database, endpoint: Arc<AgentEndpoint>, metrics: Arc<Metrics>) -> Self {
        Self { database, endpoint, metrics }
    }

    /// Answers a `GET` of `/healthz`, `/readyz` or `/metrics`; other paths are not probes.
    pub(crate) async fn answer(&self, path: &str) -> Option<Response<Full<Bytes>>> {
        match path {
            "/healthz" => Some(reply(
                StatusCode::OK,
                &json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION"), "agent": *self.endpoint }),
            )),
            "/readyz" => Some(self.readiness().await),
            "/metrics" => Some(content(
                StatusCode::OK,
                "application/openmetrics-text; version=1.0.0; charset=utf-8",
                self.metrics.text().into(),
            )),
            _ => None,
        }
    }

    async fn readiness(&self) -> Response<Full<Bytes>> {
        let reason = match tokio::time::timeout(PATIENCE, self.database.ping()).await {
            Ok(Ok(())) => return reply(StatusCode::OK, &json!({ "status": "ready" })),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "the database did not answer within 2 s".to_owned(),
        };
        tracing::warn!(%reason, "not ready");
        reply(StatusCode::SERVICE_UNAVAILABLE, &json!({ "status": "unavailable", "reason": "database" }))
    }
}
