//! Opening a byte stream to the center.

use std::{io, pin::Pin as Pinned, time::Duration};

use rustix::net::sockopt;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};

use super::Proxy;
use crate::center_url::CenterUrl;

/// After this silence the other side is asked whether it is there, and then every few seconds.
const SILENCE: Duration = Duration::from_secs(15);
const ASK_EVERY: Duration = Duration::from_secs(5);
const ASK_TIMES: u32 = 6;
/// What was sent and not acknowledged for so long, in milliseconds, breaks the connection.
const UNACKNOWLEDGED: u32 = 60_000;

/// A byte stream to the center.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A stream being opened.
pub type Dialling<'a> = Pinned<Box<dyn Future<Output = io::Result<Box<dyn Stream>>> + Send + 'a>>;

/// Opens streams to a center. Tests put a center in memory behind it.
pub trait Dial: Send + Sync {
    /// Opens one.
    fn dial<'a>(&'a self, center: &'a CenterUrl) -> Dialling<'a>;
}

/// Dials over TCP, through a proxy where the environment asks for one.
#[derive(Debug, Default)]
pub struct Tcp {
    proxy: Option<Proxy>,
}

impl Tcp {
    /// Dials directly or through this proxy.
    pub fn new(proxy: Option<Proxy>) -> Self {
        Self { proxy }
    }
}

impl Dial for Tcp {
    fn dial<'a>(&'a self, center: &'a CenterUrl) -> Dialling<'a> {
        Box::pin(async move {
            let stream = match &self.proxy {
                Some(proxy) => proxy.tunnel(center).await?,
                None => TcpStream::connect((center.host(), center.port())).await?,
            };
            notice_a_dead_link(&stream)?;
            // Requests are written whole; waiting to merge them would only delay the last piece.
            stream.set_nodelay(true)?;
            Ok(Box::new(stream) as Box<dyn Stream>)
        })
    }
}

/// Has the kernel break a connection whose other side is gone without a word, within a minute: by default it would take a
/// quarter of an hour, or for ever.
fn notice_a_dead_link(stream: &TcpStream) -> io::Result<()> {
    sockopt::set_socket_keepalive(stream, true)?;
    sockopt::set_tcp_keepidle(stream, SILENCE)?;
    sockopt::set_tcp_keepintvl(stream, ASK_EVERY)?;
    sockopt::set_tcp_keepcnt(stream, ASK_TIMES)?;
    Ok(sockopt::set_tcp_user_timeout(stream, UNACKNOWLEDGED)?)
}
