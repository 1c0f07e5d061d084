//! A bound address, and the loop that serves connections on it until told to stop.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    sync::{Semaphore, watch},
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;

use super::{BodyRoom, Peer, Serve, exchange::exchange};
use crate::tls::fingerprint;

/// What one listener allows its clients.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Connections at once; more wait in the kernel's queue.
    pub connections: usize,
    /// How long a connection may be idle or take to send a request's head.
    pub idle: Duration,
    /// How long a TLS handshake may take.
    pub handshake: Duration,
    /// How long running requests may take to finish when the center stops.
    pub farewell: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            connections: 20_000,
            idle: Duration::from_secs(75),
            handshake: Duration::from_secs(10),
            farewell: Duration::from_secs(10),
        }
    }
}

/// An address could not be bound.
#[derive(Debug, thiserror::Error)]
#[error(
    "listening for {what} on {address}: {error}; choose another address with {option}, or stop what uses it"
)]
pub struct ListenError {
    /// Who was to be listened for.
    pub what: &'static str,
    /// Where.
    pub address: SocketAddr,
    /// The option that changes it.
    pub option: &'static str,
    /// What the system said.
    pub error: io::Error,
}

/// A bound address.
pub(crate) struct Listener {
    socket: TcpListener,
    tls: Option<TlsAcceptor>,
    bounds: Bounds,
}

impl Listener {
    /// Binds an address; with a TLS configuration, connections are TLS.
    pub(crate) fn bind(
        address: SocketAddr,
        (what, option): (&'static str, &'static str),
        tls: Option<Arc<rustls::ServerConfig>>,
        bounds: Bounds,
    ) -> Result<Self, ListenError> {
        let socket = listen(address).map_err(|error| ListenError { what, address, option, error })?;
        Ok(Self { socket, tls: tls.map(TlsAcceptor::from), bounds })
    }

    /// The address bound, with the port that the system chose where 0 was asked for.
    pub(crate) fn address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Serves until `stop` says true; then lets running requests finish within the bound.
    pub(crate) async fn serve<S: Serve>(self, service: Arc<S>, mut stop: watch::Receiver<bool>) {
        let room = Arc::new(Semaphore::new(self.bounds.connections));
        let bodies = BodyRoom::default();
        let mut connections = JoinSet::new();
        loop {
            let permit = tokio::select! {
                permit = room.clone().acquire_owned() => permit,
                () = stopped(&mut stop) => break,
            };
            let accepted = tokio::select! {
                accepted = self.socket.accept() => accepted,
                () = stopped(&mut stop) => break,
            };
            while connections.try_join_next().is_some() {}
            let Ok(permit) = permit else { break };
            let (stream, address) = match accepted {
                Ok(accepted) => accepted,
                Err(error) if is_of_client(&error) => continue,
                Err(error) => {
                    tracing::warn!(%error, connections = connections.len(), "accepting a connection failed; waiting for one to end");
                    tokio::select! {
                        () = relief(&mut connections) => continue,
                        () = stopped(&mut stop) => break,
                    }
                }
            };
            let (tls, bounds, service, stop) = (self.tls.clone(), self.bounds, service.clone(), stop.clone());
            let peer = Peer { address, secure: tls.is_some(), agent: None, bodies: bodies.clone() };
            connections.spawn(async move {
                connection(stream, peer, tls, bounds, service, stop).await;
                drop(permit);
            });
        }
        let drained = async { while connections.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(self.bounds.farewell, drained).await;
    }
}

/// How long to wait at the most after the system had no room for a connection: what it lacked may not be ours.
const RELIEF: Duration = Duration::from_millis(200);

/// Whether an accept failed because of who connected, and the next may succeed at once.
fn is_of_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

/// Waits until a connection has ended, or a short time: accepting again at once would only keep a processor busy.
async fn relief(connections: &mut JoinSet<()>) {
    let ended = async {
        if connections.join_next().await.is_none() {
            std::future::pending::<()>().await;
        }
    };
    let _ = tokio::time::timeout(RELIEF, ended).await;
}

/// Connections that may wait to be accepted: a whole fleet may come at once when a center comes back, and a
/// queue that overflows costs each of them a second until its next try. The kernel's own bound may be lower.
const BACKLOG: u32 = 4096;

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

async fn connection<S: Serve>(
    stream: TcpStream,
    peer: Peer,
    tls: Option<TlsAcceptor>,
    bounds: Bounds,
    service: Arc<S>,
    stop: watch::Receiver<bool>,
) {
    let _ = stream.set_nodelay(true);
    let Some(tls) = tls else {
        return exchange(stream, peer, bounds, service, stop).await;
    };
    // On the heap at once: a value that is passed on has a place in each future that it passes through.
    let shaking = Box::pin(async { tls.accept(stream).await.map(Box::new) });
    match tokio::time::timeout(bounds.handshake, shaking).await {
        Ok(Ok(stream)) => {
            let certificates = stream.get_ref().1.peer_certificates();
            let agent = certificates.and_then(|chain| chain.first()).and_then(fingerprint);
            exchange(stream, Peer { agent, ..peer }, bounds, service, stop).await;
        }
        Ok(Err(error)) => tracing::debug!(address = %peer.address, %error, "TLS handshake failed"),
        Err(_) => tracing::debug!(address = %peer.address, "TLS handshake took too long"),
    }
}

/// Returns once the center stops; its sender being gone means the same.
pub(super) async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stopped| *stopped).await;
}

#[cfg(test)]
mod tests {
    use tokio::{sync::Notify, time::Instant};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn without_room_it_waits_for_a_connection_to_end_or_a_short_time() {
        let began = Instant::now();
        let mut connections = JoinSet::new();
        relief(&mut connections).await;
        assert_eq!(began.elapsed(), RELIEF, "nothing to wait for");

        let end = Arc::new(Notify::new());
        let ended = end.clone();
        connections.spawn(async move { ended.notified().await });
        relief(&mut connections).await;
        assert_eq!((began.elapsed(), connections.len()), (RELIEF * 2, 1), "none ended");

        end.notify_one();
        relief(&mut connections).await;
        assert_eq!((began.elapsed(), connections.len()), (RELIEF * 2, 0), "one ended");
    }

    #[test]
    fn only_what_the_client_did_is_passed_over() {
        let of_client = |code: i32| is_of_client(&io::Error::from_raw_os_error(code));
        let (aborted, interrupted, own_table_full, system_full, no_memory) = (103, 4, 24, 23, 12);
        assert!(of_client(aborted) && of_client(interrupted));
        assert!(![own_table_full, system_full, no_memory].into_iter().any(of_client));
    }
}
