//! Streams of disk data over the agent listener: who may open one, and which of two goes on.

use std::sync::Arc;

use agent_api::{JOB, REPLICATE, RUN, SESSION, UPGRADE, read_frame, write_frame};
use bytes::Bytes;
use center::receivers::{Assignment, Ended, ReceiveError, RunKey, StagingSet, StreamEnded};
use http::{Request, header};
use http_body_util::Full;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use image::{Place, Staging};
use replication::{
    Codec, Frame, LeafKey, Range, digest,
    frame::{Extent, Hello, Settings},
};
use smc::SourceId;
use tokio::sync::{mpsc, watch};

use crate::{
    agents::import,
    harness::{Agent, Answer, Center, answer, random_machine},
};

const KEY: LeafKey = LeafKey::new([3; 32]);
const SIZE: u64 = 1 << 20;

type Stream = TokioIo<Upgraded>;

struct Run {
    center: Center,
    agent: Agent,
    source: SourceId,
    settings: watch::Sender<Settings>,
}

impl Run {
    async fn new() -> Self {
        let center = Center::start().await;
        let agent = Agent::new();
        let code = center.code(&[("Count", "2")]).await;
        let imported = import(&center, &agent, &code, &random_machine()).await.ok();
        let source = SourceId::parse(imported["source_id"].as_str().unwrap()).unwrap();
        Self { center, agent, source, settings: watch::Sender::new(Settings::default()) }
    }

    fn assign(&self) -> (Arc<StagingSet>, mpsc::UnboundedReceiver<StreamEnded>) {
        let disk = Staging::create(Place::new(self.center.directory.path(), 0), SIZE, KEY).unwrap();
        let set = Arc::new(StagingSet { disks: vec![disk], key: KEY });
        let (ended, told) = mpsc::unbounded_channel();
        let settings = self.settings.subscribe();
        let assignment = Assignment { source: self.source.clone(), set: set.clone(), settings, ended };
        self.center.running.desk.assign(key(), assignment);
        (set, told)
    }

    async fn open(&self, agent: &Agent, session: &str, upgrade: &str) -> Result<Stream, Answer> {
        let request = Request::post(REPLICATE)
            .header(header::HOST, "center")
            .header(header::CONNECTION, "upgrade")
            .header(header::UPGRADE, upgrade)
            .header(JOB, "j-1")
            .header(RUN, "r-1")
            .header(SESSION, session)
            .body(Full::new(Bytes::new()))
            .unwrap();
        let response = agent.request(&self.center, request).await;
        if response.status().as_u16() != 101 {
            return Err(answer(response).await);
        }
        Ok(TokioIo::new(hyper::upgrade::on(response).await.unwrap()))
    }

    async fn refused(&self, agent: &Agent, upgrade: &str) -> (u16, String) {
        let answer = self.open(agent, "s-1", upgrade).await.unwrap_err();
        (answer.status, answer.body["code"].as_str().unwrap_or_default().to_owned())
    }

    /// Opens a stream and greets.
    async fn begin(&self, session: &str) -> Stream {
        let mut stream = self.open(&self.agent, session, UPGRADE).await.unwrap();
        let hello = Hello { agent_version: "test".into(), session: session.into(), stream: 0 };
        write_frame(&mut stream, &Frame::Hello(hello)).await.unwrap();
        let Some(Frame::Welcome(welcome)) = next(&mut stream).await else {
            unreachable!("a greeting is answered with a welcome");
        };
        assert_eq!((welcome.leaf_key, welcome.fresh), (hex::encode(KEY.reveal()), true));
        stream
    }
}

fn key() -> RunKey {
    RunKey { job: "j-1".into(), run: "r-1".into() }
}

async fn next(stream: &mut Stream) -> Option<Frame> {
    read_frame(stream).await.unwrap()
}

fn extent(sequence: u64, fill: u8) -> Frame {
    let data = vec![fill; 8192];
    let range = Range::new(4096, 8192, 8192).unwrap();
    let digest = digest::over(&KEY.leaves(&data));
    Frame::Extent(Extent { sequence, disk: 0, range, codec: Codec::Raw, digest, payload: data.into() })
}

async fn failed(stream: &mut Stream) -> String {
    match next(stream).await {
        Some(Frame::Failed(failed)) => failed.code,
        other => unreachable!("{other:?}"),
    }
}

#[tokio::test]
async fn only_a_runs_own_agent_opens_streams_and_of_this_version() {
    let run = Run::new().await;
    let other = Agent::new();
    let not_assigned = (404, "Replication.NotAssigned".to_owned());
    assert_eq!(run.refused(&run.agent, UPGRADE).await, not_assigned);
    let _assigned = run.assign();
    assert_eq!(
        run.refused(&run.agent, "landfall-replication/9").await,
        (426, "Replication.Version".to_owned())
    );
    assert_eq!(run.refused(&other, UPGRADE).await, (404, "Agent.Unknown".to_owned()));
    let code = run.center.code(&[]).await;
    import(&run.center, &other, &code, &random_machine()).await.ok();
    assert_eq!(run.refused(&other, UPGRADE).await, not_assigned);
    run.begin("s-1").await;
    run.center.running.desk.withdraw(&key()).await;
    assert_eq!(run.refused(&run.agent, UPGRADE).await, not_assigned);
}

#[tokio::test]
async fn the_newer_session_goes_on_where_the_older_one_was() {
    let run = Run::new().await;
    let (set, mut told) = run.assign();
    let mut older = run.begin("s-1").await;
    write_frame(&mut older, &extent(1, 7)).await.unwrap();
    write_frame(&mut older, &Frame::Sync { sequence: 2 }).await.unwrap();
    assert_eq!(next(&mut older).await, Some(Frame::Durable { sequence: 2 }));
    let limited = Settings { bandwidth_bytes_per_second: Some(1000), ..Settings::default() };
    run.settings.send_replace(limited);
    assert_eq!(next(&mut older).await, Some(Frame::Settings(limited)));

    let mut newer = run.open(&run.agent, "s-2", UPGRADE).await.unwrap();
    assert_eq!(failed(&mut older).await, "Replication.Superseded");
    let superseded = told.recv().await.unwrap();
    assert!(matches!(superseded.outcome, Err(ReceiveError::Superseded)), "{superseded:?}");
    let hello = Hello { agent_version: "test".into(), session: "s-2".into(), stream: 0 };
    for frame in [Frame::Hello(hello), Frame::Done { sequence: 1 }] {
        write_frame(&mut newer, &frame).await.unwrap();
    }
    assert!(matches!(next(&mut newer).await, Some(Frame::Welcome(_))));
    assert_eq!(next(&mut newer).await, Some(Frame::Durable { sequence: 1 }));
    let complete = told.recv().await.unwrap();
    assert!(matches!(complete.outcome, Ok(Ended::Complete(_))), "{complete:?}");
    assert_eq!(complete.session, "s-2");
    assert_eq!(set.disks[0].verify(|_| ()).unwrap(), []);
    let written = set.disks[0].read(Range::new(4096, 8192, SIZE).unwrap()).unwrap();
    assert!(written.iter().all(|byte| *byte == 7));
}

#[tokio::test]
async fn a_corrupt_extent_is_refused_and_told() {
    let run = Run::new().await;
    let (set, mut told) = run.assign();
    let mut stream = run.begin("s-1").await;
    let Frame::Extent(extent) = extent(1, 7) else { unreachable!("extents are extents") };
    let mut damaged = extent.payload.to_vec();
    damaged[5000] ^= 1;
    let damaged = Frame::Extent(Extent { payload: damaged.into(), ..extent });
    write_frame(&mut stream, &damaged).await.unwrap();
    assert_eq!(failed(&mut stream).await, "Replication.Corrupt");
    assert!(told.recv().await.unwrap().outcome.is_err());
    assert!(set.disks[0].read(Range::new(4096, 8192, SIZE).unwrap()).unwrap().iter().all(|byte| *byte == 0));
}
