//! An agent as the center sees it: a key of its own, a TLS connection, the agent protocol.
//!
//! It speaks the protocol and does nothing else an agent does; in particular it does not check who the center is,
//! since it talks to a process on this machine, and its own arithmetic would be measured along with the center's.

use std::{net::SocketAddr, sync::Arc};

use agent_api::{
    HEARTBEAT, HeartbeatReply, HeartbeatRequest, IMPORT, ImportReply, ImportRequest, NEWEST, WireCode,
};
use bytes::Bytes;
use http::{Request, header};
use http_body_util::Full;
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PublicKeyData};
use rustls::{
    ClientConfig, DigitallySignedStruct, Error, SignatureScheme,
    client::{
        Resumption,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime},
};
use serde::{Serialize, de::DeserializeOwned};
use smc::source::{KeyFingerprint, MachineId};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::{
    api::Code,
    exchange::{ClientError, Exchange},
    machine::inventory,
};

/// The key of an agent.
#[derive(Clone)]
pub struct AgentKey {
    tls: Arc<ClientConfig>,
    fingerprint: KeyFingerprint,
}

/// A connection to a center.
pub struct AgentLine {
    exchange: Exchange,
    host: String,
}

impl AgentKey {
    /// Makes a key of the kind that agents make.
    pub fn generate() -> Result<Self, ClientError> {
        let unmade = |error: &dyn ToString| ClientError::Unmade(error.to_string());
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(|error| unmade(&error))?;
        let params = CertificateParams::new(Vec::new()).map_err(|error| unmade(&error))?;
        let certificate = params.self_signed(&key).map_err(|error| unmade(&error))?;
        let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let mut tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| unmade(&error))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyCenter))
            .with_client_auth_cert(vec![certificate.der().clone()], private)
            .map_err(|error| unmade(&error))?;
        // Ten thousand of them are kept at once, and each connects once.
        tls.resumption = Resumption::disabled();
        Ok(Self { tls: Arc::new(tls), fingerprint: KeyFingerprint::of(&key.subject_public_key_info()) })
    }

    /// What the center knows it by.
    pub fn fingerprint(&self) -> &KeyFingerprint {
        &self.fingerprint
    }

    /// Connects to a center's agent listener.
    pub async fn connect(&self, address: SocketAddr) -> Result<AgentLine, ClientError> {
        let stream = TcpStream::connect(address).await.map_err(|error| ClientError::broken(&error))?;
        stream.set_nodelay(true).map_err(|error| ClientError::broken(&error))?;
        let name = ServerName::IpAddress(address.ip().into());
        let stream = TlsConnector::from(self.tls.clone())
            .connect(name, stream)
            .await
            .map_err(|error| ClientError::broken(&error))?;
        Ok(AgentLine { exchange: Exchange::over(stream).await?, host: address.to_string() })
    }
}

impl AgentLine {
    /// Redeems a code for a machine.
    pub async fn import(&mut self, code: &Code, machine: MachineId) -> Result<ImportReply, ClientError> {
        let request = ImportRequest {
            protocol: NEWEST,
            agent_version: env!("CARGO_PKG_VERSION").into(),
            token_id: code.id.clone(),
            token_code: WireCode::new(code.value.reveal()),
            inventory: inventory(&format!("host-{}", &machine.as_str()[..12])),
            machine,
            name: None,
        };
        self.call(IMPORT, &request).await
    }

    /// Says that the agent lives.
    pub async fn heartbeat(&mut self) -> Result<HeartbeatReply, ClientError> {
        let request = HeartbeatRequest {
            protocol: NEWEST,
            agent_version: env!("CARGO_PKG_VERSION").into(),
            fault: None,
            seen: 0,
            wait_seconds: 0,
        };
        self.call(HEARTBEAT, &request).await
    }

    async fn call<R: DeserializeOwned>(
        &mut self,
        path: &'static str,
        message: &impl Serialize,
    ) -> Result<R, ClientError> {
        let body = serde_json::to_vec(message).map_err(|error| ClientError::Unmade(error.to_string()))?;
        let request = Request::post(path)
            .header(header::HOST, &self.host)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body)))
            .map_err(|error| ClientError::Unmade(error.to_string()))?;
        self.exchange.send(request).await
    }
}

/// Takes whoever answers for the center.
#[derive(Debug)]
struct AnyCenter;

impl ServerCertVerifier for AnyCenter {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        ring::default_provider().signature_verification_algorithms.supported_schemes()
    }
}
