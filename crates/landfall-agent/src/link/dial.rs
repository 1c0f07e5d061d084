//! Opening a byte stream to the center.

use std::{io, pin::Pin as Pinned};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};

use super::Proxy;
use crate::center_url::CenterUrl;

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
            // Requests are written whole; waiting to merge them would only delay the last piece.
            stream.set_nodelay(true)?;
            Ok(Box::new(stream) as Box<dyn Stream>)
        })
    }
}
