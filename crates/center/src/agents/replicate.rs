//! Opening a stream of disk data: the call that becomes one.

use agent_api::{JOB, RUN, SESSION, StreamError, UPGRADE};
use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::{body::Incoming, upgrade::OnUpgrade};
use hyper_util::rt::TokioIo;

use super::protocol::{AgentService, Answer, Refused, error, key};
use crate::{
    http::Peer,
    receivers::{NotTaken, Place, ReceiveError, RunKey, receive_until},
};

/// Characters of an id in a header at the most.
const MOST_ID: usize = 128;

impl AgentService {
    /// Checks that this agent may send what it wants to, and takes the connection over once it has the answer.
    pub(super) async fn replicate(&self, peer: &Peer, mut request: Request<Incoming>) -> Answer {
        let source = self.source_of(key(peer)?).await?;
        let wanted = request.headers().get(header::UPGRADE).and_then(|value| value.to_str().ok());
        if wanted != Some(UPGRADE) {
            return Err(error(
                StatusCode::UPGRADE_REQUIRED,
                "Replication.Version",
                format!(
                    "this center takes {UPGRADE} and the agent wants {}; upgrade the older of the two",
                    wanted.unwrap_or("no upgrade")
                ),
            ));
        }
        let run = RunKey { job: id(&request, JOB)?, run: id(&request, RUN)? };
        let session = id(&request, SESSION)?;
        let place = self.desk.place(&run, &source, &session).map_err(|reason| {
            let (status, code) = match reason {
                NotTaken::Unknown => (StatusCode::NOT_FOUND, "Replication.NotAssigned"),
                NotTaken::TooMany => (StatusCode::TOO_MANY_REQUESTS, "Replication.TooManyStreams"),
            };
            error(status, code, reason.to_string())
        })?;
        tokio::spawn(take_in(hyper::upgrade::on(&mut request), place, run));
        Ok(switching())
    }
}

/// Takes a stream in, from the moment that its connection is free of HTTP.
async fn take_in(upgrade: OnUpgrade, mut place: Place, run: RunKey) {
    let stream = match upgrade.await {
        Ok(stream) => TokioIo::new(stream),
        Err(error) => {
            tracing::debug!(job = run.job, run = run.run, %error, "a stream did not begin");
            return place.report(Err(std::io::Error::other(error).into()));
        }
    };
    place.clear().await;
    let (set, settings) = (place.set.clone(), place.settings.clone());
    let outcome = receive_until(stream, set, settings, place.stopped()).await;
    match &outcome {
        Ok(ended) => tracing::info!(job = run.job, run = run.run, ?ended, "a stream ended"),
        Err(ReceiveError::Superseded) => {
            tracing::info!(job = run.job, run = run.run, "a stream was superseded");
        }
        Err(ReceiveError::Stream(StreamError::Broken(error))) => {
            tracing::info!(job = run.job, run = run.run, %error, "a stream broke; its agent connects again");
        }
        Err(error) => tracing::warn!(job = run.job, run = run.run, %error, "a stream failed"),
    }
    place.report(outcome);
}

fn switching() -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static(UPGRADE));
    response
}

fn id(request: &Request<Incoming>, name: &'static str) -> Result<String, Refused> {
    let value = request.headers().get(name).and_then(|value| value.to_str().ok());
    let value = value.filter(|value| (1..=MOST_ID).contains(&value.len()));
    value.map(str::to_owned).ok_or_else(|| {
        error(
            StatusCode::BAD_REQUEST,
            "Request.Malformed",
            format!("the header {name} is missing or too long; use a current agent"),
        )
    })
}
