//! The stream of news about jobs: who gets in, and until when.

use std::time::Duration;

use http::Response;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::time::{Instant, timeout};

use crate::{
    administration::user,
    harness::{Answer, Center, Key, answer},
    jobs::{job, source},
};

/// The path that a ticket of this key's holder opens.
async fn ticket(center: &Center, key: &Key) -> String {
    let given = center.call_as(key, "FollowReplicationJobs", &[]).await.ok();
    given["Path"].as_str().unwrap().to_owned()
}

/// Calls until the holder of a key may no longer follow: what was taken from them is known within a second.
async fn until_refused(center: &Center, key: &Key) {
    let began = Instant::now();
    while center.call_as(key, "FollowReplicationJobs", &[]).await.status == 200 {
        assert!(began.elapsed() < Duration::from_secs(30), "the key still works");
    }
}

/// Reads a stream until it tells of a job.
async fn until_told(stream: &mut Response<Incoming>, job: &str) {
    let mut told = String::new();
    while !told.contains(job) {
        let frame = timeout(Duration::from_secs(30), stream.frame()).await.unwrap();
        let data = frame.unwrap().unwrap().into_data().unwrap();
        told.push_str(std::str::from_utf8(&data).unwrap());
    }
}

#[track_caller]
fn assert_enveloped(refused: &Answer, expected: (u16, &str)) {
    assert_eq!(refused.refused(), expected);
    for member in ["RequestId", "HostId", "Code", "Message", "Recommend"] {
        assert!(
            refused.body[member].as_str().is_some_and(|text| !text.is_empty()),
            "{member}: {}",
            refused.body
        );
    }
}

#[tokio::test]
async fn refusals_beside_the_api_are_in_its_envelope() {
    let center = Center::start_emulator().await;
    let path = ticket(&center, &center.key).await;
    assert_eq!(center.open(&path).await.status().as_u16(), 200);
    for spent in [path.as_str(), "/events", "/events?Ticket=none"] {
        assert_enveloped(&answer(center.open(spent).await).await, (403, "Ticket.Invalid"));
    }
    for (control, body, expected) in [
        ("clock", "soon", (400, "InvalidRequest")),
        ("faults", r#"{"operation":"Nothing"}"#, (400, "InvalidRequest")),
        ("nothing", "", (404, "InvalidApi.NotFound")),
    ] {
        assert_enveloped(&center.post(&format!("/_landfall/{control}"), body).await, expected);
    }
    let got = answer(center.open("/_landfall/reset").await).await;
    assert_enveloped(&got, (405, "UnsupportedHTTPMethod"));
}

#[tokio::test]
async fn a_stream_ends_when_its_follower_may_not_follow_any_more() {
    let center = Center::start().await;
    let (first, second) = (source(&center).await, source(&center).await);
    let (seen, hidden) = (job(&center, &first, &[]).await, job(&center, &second, &[]).await);
    let detached = user(&center, "detached", &["LandfallReadOnlyAccess"]).await;
    let disabled = user(&center, "disabled", &["LandfallReadOnlyAccess"]).await;
    let late = ticket(&center, &disabled).await;
    let mut streams = Vec::new();
    for key in [&detached, &disabled] {
        streams.push(center.open(&ticket(&center, key).await).await);
    }
    let stays = center.open(&ticket(&center, &center.key).await).await;
    center.call("StartReplicationJob", &[("JobId", &seen)]).await.ok();
    for stream in &mut streams {
        until_told(stream, &seen).await;
    }

    let policy = [("UserName", "detached"), ("PolicyName", "LandfallReadOnlyAccess")];
    center.call("DetachPolicyFromUser", &policy).await.ok();
    let off = [("UserAccessKeyId", disabled.id.as_str()), ("Status", "Inactive"), ("UserName", "disabled")];
    center.call("UpdateAccessKey", &off).await.ok();
    for key in [&detached, &disabled] {
        until_refused(&center, key).await;
    }
    let refused = answer(center.open(&late).await).await;
    assert_enveloped(&refused, (400, "InvalidAccessKeyId.Inactive"));
    center.call("StartReplicationJob", &[("JobId", &hidden)]).await.ok();
    for stream in streams {
        let told = timeout(Duration::from_secs(30), answer(stream)).await.unwrap().body;
        let told = told.as_str().unwrap();
        assert!(!told.contains(&hidden), "{told}");
    }
    let Center { running, .. } = center;
    let (told, ()) = tokio::join!(answer(stays), running.stop());
    assert!(told.body.as_str().unwrap().contains(&hidden), "the owner's stream goes on: {}", told.body);
}
