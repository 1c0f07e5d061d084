//! Starts centers and speaks to them.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use center::{
    clock::{SystemClock, SystemRandom},
    identity::{Identities, NewKey},
    keyring::{MasterKeySource, Vault},
    server::{Config, Running, open_keyring},
};
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use pop::{
    Limits, Secret,
    sign::{self, Payload},
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use serde_json::Value;
use smc::registry::Settings;
use store::{Database, Location, Options};
use tempfile::TempDir;
use tokio::net::{TcpSocket, TcpStream};

/// A center and the key that its first start made.
pub(crate) struct Center {
    pub running: Running,
    pub directory: TempDir,
    pub key: Key,
}

/// An AccessKey to call with.
#[derive(Clone)]
pub(crate) struct Key {
    pub id: String,
    pub secret: String,
}

/// What a call answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub status: u16,
    pub body: Value,
    /// How many milliseconds to wait before trying again, if it says so.
    pub retry_after: Option<u64>,
}

pub(crate) fn config(directory: &Path) -> Config {
    let loopback = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0);
    Config {
        database: Location::Sqlite(directory.join("landfall.db")),
        data_dir: directory.to_owned(),
        master_key: MasterKeySource::File { path: directory.join("master.key"), generate: true },
        api_listen: loopback,
        api_tls: None,
        agent_listen: loopback,
        agent_addresses: Vec::new(),
        agent_binary: None,
        limits: Limits { key_rate: None, address_rate: None, ..Limits::default() },
        settings: Settings::default(),
        console: center::console::Settings::default(),
        emulator: false,
    }
}

impl Center {
    pub(crate) async fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let config = config(directory.path());
        Self::start_with(directory, config).await
    }

    pub(crate) async fn start_emulator() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let config = Config { emulator: true, ..config(directory.path()) };
        Self::start_with(directory, config).await
    }

    pub(crate) async fn start_with(directory: TempDir, config: Config) -> Self {
        let mut running = Running::start(config).await.unwrap();
        let key = Key::from(&running.first_key.take().unwrap());
        Self { running, directory, key }
    }

    /// A center that was started again.
    pub(crate) fn again(running: Running, directory: TempDir, key: Key) -> Self {
        Self { running, directory, key }
    }

    /// Calls an operation of SMC with the owner's key.
    pub(crate) async fn call(&self, action: &str, params: &[(&str, &str)]) -> Answer {
        self.call_as(&self.key, action, params).await
    }

    pub(crate) async fn call_as(&self, key: &Key, action: &str, params: &[(&str, &str)]) -> Answer {
        self.call_dated(key, action, params, SystemClock::unmoved().unix()).await
    }

    /// Calls as somebody whose clock says something else.
    pub(crate) async fn call_dated(
        &self,
        key: &Key,
        action: &str,
        params: &[(&str, &str)],
        now: i64,
    ) -> Answer {
        self.send(self.signed(key, action, params, now)).await
    }

    /// Calls with the owner's key from another of this machine's addresses.
    pub(crate) async fn call_from(&self, address: Ipv4Addr, action: &str) -> Answer {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::new(address.into(), 0)).unwrap();
        let stream = socket.connect(self.running.api_address).await.unwrap();
        let request = self.signed(&self.key, action, &[], SystemClock::unmoved().unix());
        answer(exchange(stream, request).await).await
    }

    fn signed(&self, key: &Key, action: &str, params: &[(&str, &str)], now: i64) -> Request<Full<Bytes>> {
        let version =
            if smc_model::operation("2019-06-01", action).is_some() { "2019-06-01" } else { "2026-11-24" };
        let params: Vec<_> =
            params.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let host = self.running.api_address.to_string();
        let signed = sign::v3(
            &sign::Request {
                access_key_id: &key.id,
                secret: &Secret::new(key.secret.as_str()),
                security_token: None,
                method: &Method::POST,
                host: &host,
                action,
                version,
                params: &params,
                body: Payload::None,
                now,
                nonce: &nonce(),
            },
            pop::v3::Algorithm::HmacSha256,
        )
        .unwrap();
        let mut request = Request::post(format!("/?{}", signed.query)).body(Full::new(signed.body)).unwrap();
        *request.headers_mut() = signed.headers;
        request
    }

    /// Sends a plain request to the API listener.
    pub(crate) async fn send(&self, request: Request<Full<Bytes>>) -> Answer {
        let stream = TcpStream::connect(self.running.api_address).await.unwrap();
        answer(exchange(stream, request).await).await
    }

    /// Opens a path of the API listener and gives the answer before its body.
    pub(crate) async fn open(&self, path: &str) -> Response<hyper::body::Incoming> {
        let request = Request::get(path).header("host", "localhost").body(Full::new(Bytes::new())).unwrap();
        exchange(TcpStream::connect(self.running.api_address).await.unwrap(), request).await
    }

    pub(crate) async fn post(&self, path: &str, body: &str) -> Answer {
        let request =
            Request::post(path).header("host", "localhost").body(Full::new(Bytes::from(body.to_owned())));
        self.send(request.unwrap()).await
    }

    /// Manages identities in the database of the running center, as `landfall admin` does.
    pub(crate) async fn identities(&self) -> Identities {
        let config = config(self.directory.path());
        identities(&config).await
    }

    /// Creates a code; gives its id and value.
    pub(crate) async fn code(&self, params: &[(&str, &str)]) -> (String, String) {
        let body = self.call("CreateAccessToken", params).await.ok();
        let text = |name: &str| body[name].as_str().unwrap().to_owned();
        (text("AccessTokenId"), text("AccessTokenCode"))
    }

    /// Moves the emulator's clock; clients keep dating their signatures by their own, as the official ones do.
    pub(crate) async fn advance(&self, seconds: i64) {
        self.post("/_landfall/clock", &format!(r#"{{"advance":"{seconds}s"}}"#)).await.ok();
    }
}

/// The same for any center's places.
pub(crate) async fn identities(config: &Config) -> Identities {
    identities_by(config, SystemClock::default()).await
}

/// The same by another clock.
pub(crate) async fn identities_by(config: &Config, clock: SystemClock) -> Identities {
    let database = Database::open(&config.database, Options::default()).unwrap();
    let keyring = Arc::new(open_keyring(&database, &config.master_key).await.unwrap());
    let vault = Arc::new(Vault::new(database.clone(), config.master_key.clone(), keyring));
    Identities::new(database, vault, Arc::new(clock))
}

impl From<&NewKey> for Key {
    fn from(key: &NewKey) -> Self {
        Self { id: key.id.to_string(), secret: key.secret.reveal().to_owned() }
    }
}

impl Answer {
    /// The body of an answer that has to be a success.
    #[track_caller]
    pub(crate) fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{}", self.body);
        self.body
    }

    /// Status and code of an answer that has to be a failure.
    #[track_caller]
    pub(crate) fn refused(&self) -> (u16, &str) {
        assert!(self.status >= 400, "{}", self.body);
        (self.status, self.body["Code"].as_str().or(self.body["code"].as_str()).unwrap_or_default())
    }
}

/// An agent: a key pair of its own and a connection to the agent listener.
pub(crate) struct Agent {
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
}

impl Agent {
    pub(crate) fn new() -> Self {
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = rcgen::CertificateParams::default().self_signed(&key).unwrap().der().clone();
        Self { certificate, key: PrivateKeyDer::Pkcs8(key.serialize_der().into()) }
    }

    pub(crate) async fn send(&self, center: &Center, request: Request<Full<Bytes>>) -> Answer {
        answer(self.request(center, request).await).await
    }

    /// Sends a request and gives the answer before its body.
    pub(crate) async fn request(
        &self,
        center: &Center,
        request: Request<Full<Bytes>>,
    ) -> Response<hyper::body::Incoming> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(TrustAll(provider)))
            .with_client_auth_cert(vec![self.certificate.clone()], self.key.clone_key())
            .unwrap();
        let stream = TcpStream::connect(center.running.agent_address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let stream = tokio_rustls::TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
        exchange(stream, request).await
    }

    pub(crate) async fn post(&self, center: &Center, path: &str, body: &Value) -> Answer {
        let body = Full::new(Bytes::from(body.to_string()));
        self.send(center, Request::post(path).header("host", "center").body(body).unwrap()).await
    }
}

async fn exchange<T>(stream: T, request: Request<Full<Bytes>>) -> Response<hyper::body::Incoming>
where
    T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static,
{
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection.with_upgrades());
    sender.send_request(request).await.unwrap()
}

pub(crate) async fn answer(response: Response<hyper::body::Incoming>) -> Answer {
    let status = response.status().as_u16();
    let retry_after = response.headers().get("x-acs-retry-after");
    let retry_after = retry_after.map(|milliseconds| milliseconds.to_str().unwrap().parse().unwrap());
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Answer { status, body: serde_json::from_str(&text).unwrap_or(Value::String(text)), retry_after }
}

fn nonce() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// What the pins of a real agent replace: these tests know that they speak to their own center.
#[derive(Debug)]
struct TrustAll(Arc<rustls::crypto::CryptoProvider>);

impl rustls::client::danger::ServerCertVerifier for TrustAll {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: rustls::pki_types::UnixTime,
    ) -> Result<rustls::client::danger::ServerCertVerified, rustls::Error> {
        Ok(rustls::client::danger::ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

pub(crate) fn random_machine() -> String {
    use smc::ports::Random;
    hex::encode(SystemRandom.bytes::<32>().unwrap())
}
