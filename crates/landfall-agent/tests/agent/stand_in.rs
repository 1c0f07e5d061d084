//! A center that says what a test tells it to, over real TLS.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use agent_api::{ErrorReply, HeartbeatReply, Work};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn, upgrade::Upgraded};
use hyper_util::rt::TokioIo;
use landfall_agent::{
    center_url::CenterUrl,
    link::{Dial, Dialling, Stream},
    trust::Pin,
};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{
    DigitallySignedStruct, DistinguishedName, Error, HandshakeKind, ServerConfig, SignatureScheme,
    client::danger::HandshakeSignatureValid,
    crypto::{ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, PrivatePkcs8KeyDer, UnixTime},
    server::danger::{ClientCertVerified, ClientCertVerifier},
};
use serde::Serialize;
use serde_json::{Value, json};
use smc::source::KeyFingerprint;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    sync::watch,
    task::AbortHandle,
};
use tokio_rustls::TlsAcceptor;

pub(crate) const SOURCE_ID: &str = "s-abcdefghij0123456789";

/// One call as it came in.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) path: String,
    pub(crate) key: String,
    pub(crate) body: Value,
    pub(crate) connection: usize,
    pub(crate) resumed: bool,
}

/// What the center does about a call.
pub(crate) enum Answer {
    Reply(u16, Value),
    /// Acts, and closes the connection before the reply is out.
    Vanish,
}

/// An answer that refuses.
pub(crate) fn refusal(status: u16, code: &str, message: &str) -> Answer {
    reply(status, &ErrorReply { code: code.into(), message: message.into() })
}

pub(crate) fn reply(status: u16, body: &impl Serialize) -> Answer {
    Answer::Reply(status, serde_json::to_value(body).unwrap())
}

/// What a center in good health answers.
pub(crate) fn healthy(call: &Call) -> Answer {
    let body = match call.path.as_str() {
        agent_api::CHECK => json!({"uses_left": 3, "expires": "2030-01-31T08:00:00Z"}),
        agent_api::IMPORT => {
            json!({"source_id": SOURCE_ID, "name": "web-01", "arrival": "new", "heartbeat_seconds": 30})
        }
        agent_api::HEARTBEAT => json!({"source_id": SOURCE_ID, "heartbeat_seconds": 30}),
        _ => json!({}),
    };
    Answer::Reply(200, body)
}

type Rule = Box<dyn Fn(&Call) -> Answer + Send + Sync>;

/// Takes a stream of disk data, in a task that ends when the center dies.
pub(crate) type Taker = Box<dyn Fn(TokioIo<Upgraded>) -> AbortHandle + Send + Sync>;

/// What the center has its agent do. Until it is said for the first time, answers are not held back.
#[derive(Clone, Default)]
struct Orders {
    revision: u64,
    work: Option<Work>,
}

pub(crate) struct StandIn {
    pub(crate) pin: Pin,
    tls: TlsAcceptor,
    rule: Mutex<Rule>,
    calls: watch::Sender<Vec<Call>>,
    connections: AtomicUsize,
    alive: AtomicBool,
    serving: Mutex<Vec<AbortHandle>>,
    orders: watch::Sender<Orders>,
    taker: Mutex<Option<Taker>>,
}

impl StandIn {
    pub(crate) fn new(rule: impl Fn(&Call) -> Answer + Send + Sync + 'static) -> Arc<Self> {
        let (authority, config) = listener();
        Arc::new(Self {
            pin: Pin::of(&authority),
            tls: TlsAcceptor::from(Arc::new(config)),
            rule: Mutex::new(Box::new(rule)),
            calls: watch::Sender::new(vec![]),
            connections: AtomicUsize::new(0),
            alive: AtomicBool::new(true),
            serving: Mutex::new(vec![]),
            orders: watch::Sender::default(),
            taker: Mutex::default(),
        })
    }

    /// Listens on a port of its own; lives as long as the test's runtime.
    pub(crate) async fn listen(self: &Arc<Self>) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (center, address) = (self.clone(), listener.local_addr().unwrap());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(center.clone().serve(stream));
            }
        });
        address
    }

    pub(crate) fn obey(&self, rule: impl Fn(&Call) -> Answer + Send + Sync + 'static) {
        *self.rule.lock().unwrap() = Box::new(rule);
    }

    /// Has the agent do this, and nothing else.
    pub(crate) fn order(&self, work: Option<Work>) {
        self.orders.send_modify(|orders| *orders = Orders { revision: orders.revision + 1, work });
    }

    /// Hands streams of disk data to this; without, none is taken.
    pub(crate) fn take_streams(
        &self,
        taker: impl Fn(TokioIo<Upgraded>) -> AbortHandle + Send + Sync + 'static,
    ) {
        *self.taker.lock().unwrap() = Some(Box::new(taker));
    }

    /// Waits as an answer to a heartbeat does, then gives it.
    async fn held(&self, call: &Call) -> Answer {
        let mut orders = self.orders.subscribe();
        let wait = std::time::Duration::from_secs(call.body["wait_seconds"].as_u64().unwrap());
        let news = orders.wait_for(|orders| orders.revision != call.body["seen"].as_u64().unwrap());
        let _ = tokio::time::timeout(wait, news).await;
        let Orders { revision, work } = self.orders.borrow().clone();
        let source_id = SOURCE_ID.to_owned();
        reply(200, &HeartbeatReply { source_id, heartbeat_seconds: 30, wait_seconds: 25, revision, work })
    }

    fn open_stream(self: &Arc<Self>, mut request: Request<Incoming>) -> Response<Full<Bytes>> {
        if self.taker.lock().unwrap().is_none() {
            let body =
                json!({"code": "Replication.NotAssigned", "message": "this agent has no such run to send"});
            return Response::builder().status(404).body(Full::new(Bytes::from(body.to_string()))).unwrap();
        }
        let center = self.clone();
        let taking = tokio::spawn(async move {
            let stream = hyper::upgrade::on(&mut request).await.unwrap();
            if let Some(taker) = &*center.taker.lock().unwrap() {
                let task = taker(TokioIo::new(stream));
                center.serving.lock().unwrap().push(task);
            }
        });
        self.serving.lock().unwrap().push(taking.abort_handle());
        Response::builder()
            .status(101)
            .header("connection", "upgrade")
            .header("upgrade", agent_api::UPGRADE)
            .body(Full::default())
            .unwrap()
    }

    /// Cuts every connection and takes no other until [`Self::revive`].
    pub(crate) fn die(&self) {
        self.alive.store(false, Ordering::SeqCst);
        self.serving.lock().unwrap().drain(..).for_each(|task| task.abort());
    }

    pub(crate) fn revive(&self) {
        self.alive.store(true, Ordering::SeqCst);
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.calls.borrow().clone()
    }

    pub(crate) fn count(&self, path: &str) -> usize {
        self.calls.borrow().iter().filter(|call| call.path == path).count()
    }

    /// Waits for the event that so many calls of this kind have come in.
    pub(crate) async fn until(&self, path: &str, count: usize) {
        let enough = |calls: &Vec<Call>| calls.iter().filter(|call| call.path == path).count() >= count;
        self.calls.subscribe().wait_for(enough).await.unwrap();
    }

    async fn serve(self: Arc<Self>, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        let connection = self.connections.fetch_add(1, Ordering::SeqCst) + 1;
        let Ok(stream) = self.tls.accept(stream).await else { return };
        let session = stream.get_ref().1;
        let resumed = session.handshake_kind() == Some(HandshakeKind::Resumed);
        let key = session.peer_certificates().and_then(|chain| chain.first()).map(|certificate| {
            let certificate = webpki::EndEntityCert::try_from(certificate).unwrap();
            KeyFingerprint::of(&certificate.subject_public_key_info()).to_string()
        });
        let key = key.unwrap_or_default();
        let service = service_fn(|request: Request<Incoming>| {
            let (center, key) = (self.clone(), key.clone());
            async move {
                let path = request.uri().path().to_owned();
                if path == agent_api::REPLICATE {
                    let header = |name| request.headers().get(name).unwrap().to_str().unwrap().to_owned();
                    let body = json!({"job": header(agent_api::JOB), "run": header(agent_api::RUN), "session": header(agent_api::SESSION)});
                    center
                        .calls
                        .send_modify(|calls| calls.push(Call { path, key, body, connection, resumed }));
                    return Ok(center.open_stream(request));
                }
                let body = request.into_body().collect().await.map_err(io::Error::other)?.to_bytes();
                let body = serde_json::from_slice(&body).unwrap();
                let call = Call { path, key, body, connection, resumed };
                center.calls.send_modify(|calls| calls.push(call.clone()));
                let holds = call.path == agent_api::HEARTBEAT && center.orders.borrow().revision > 0;
                let answer =
                    if holds { center.held(&call).await } else { (center.rule.lock().unwrap())(&call) };
                match answer {
                    Answer::Reply(status, body) => Response::builder()
                        .status(status)
                        .body(Full::new(Bytes::from(body.to_string())))
                        .map_err(io::Error::other),
                    Answer::Vanish => Err(io::Error::other("gone")),
                }
            }
        });
        let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).with_upgrades().await;
    }
}

/// Reaches a stand-in without a network.
pub(crate) struct InMemory(pub(crate) Arc<StandIn>);

impl Dial for InMemory {
    fn dial<'a>(&'a self, _: &'a CenterUrl) -> Dialling<'a> {
        Box::pin(async move {
            if !self.0.alive.load(Ordering::SeqCst) {
                return Err(io::ErrorKind::ConnectionRefused.into());
            }
            let (ours, theirs) = tokio::io::duplex(64 * 1024);
            let task = tokio::spawn(self.0.clone().serve(theirs));
            self.0.serving.lock().unwrap().push(task.abort_handle());
            Ok(Box::new(ours) as Box<dyn Stream>)
        })
    }
}

fn listener() -> (CertificateDer<'static>, ServerConfig) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    let authority = params.self_signed(&key).unwrap().der().clone();
    let leaf_key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec!["somewhere.else".to_owned()]).unwrap();
    let leaf = leaf.signed_by(&leaf_key, &Issuer::new(params, key)).unwrap().der().clone();
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(Arc::new(AnyAgent))
        .with_single_cert(
            vec![leaf, authority.clone()],
            PrivatePkcs8KeyDer::from(leaf_key.serialize_der()).into(),
        )
        .unwrap();
    config.ticketer = ring::Ticketer::new().unwrap();
    (authority, config)
}

#[derive(Debug)]
struct AnyAgent;

impl ClientCertVerifier for AnyAgent {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = ring::default_provider().signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, &algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = ring::default_provider().signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, &algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        ring::default_provider().signature_verification_algorithms.supported_schemes()
    }
}
