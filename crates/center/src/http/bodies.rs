//! A body for the replies that the HTTP framework makes itself.
//!
//! What cannot be parsed as HTTP (a request line of more than 64 KiB, too many headers, garbage) never reaches
//! a service: the framework answers with a bare status line, and official clients crash on a reply without a
//! body. All of the services' own replies have one, so a head that says `content-length: 0` with an
//! error status can only be the framework's: [`Bodied`] replaces it on its way out.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use pop::{ApiError, ErrorContext, Format, error_response};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::request_id::request_id;

/// A stream whose bare error replies get a body.
pub(super) struct Bodied<T> {
    stream: T,
    waiting: Vec<u8>,
}

impl<T> Bodied<T> {
    /// Wraps a stream.
    pub(super) fn new(stream: T) -> Self {
        Self { stream, waiting: Vec::new() }
    }
}

impl<T: AsyncWrite + Unpin> Bodied<T> {
    /// Writes what waits.
    fn poll_waiting(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.waiting.is_empty() {
            let written = ready!(Pin::new(&mut self.stream).poll_write(cx, &self.waiting))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.waiting.drain(..written);
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Bodied<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Bodied<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_waiting(cx))?;
        match with_body(buffer) {
            None => Pin::new(&mut self.stream).poll_write(cx, buffer),
            Some(reply) => {
                self.waiting = reply;
                // Taken over whole; what does not fit now goes out with the flush.
                let _ = self.poll_waiting(cx)?;
                Poll::Ready(Ok(buffer.len()))
            }
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_waiting(cx))?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_waiting(cx))?;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// The whole reply to send in place of a bare error head; `None` for everything else.
fn with_body(head: &[u8]) -> Option<Vec<u8>> {
    let status: u16 = std::str::from_utf8(head.strip_prefix(b"HTTP/1.")?.get(2..5)?).ok()?.parse().ok()?;
    let text = std::str::from_utf8(head).ok()?;
    if status < 400
        || !text.ends_with("\r\n\r\n")
        || !text.to_ascii_lowercase().contains("\r\ncontent-length: 0\r\n")
    {
        return None;
    }
    let (code, message) = match status {
        414 => ("RequestUriTooLong", "The query is too long; send parameters in the body of a POST."),
        431 => (
            "RequestHeaderFieldsTooLarge",
            "The request's head has too many headers, or more than 128 KiB with its query; send parameters in the body of a POST.",
        ),
        _ => ("InvalidRequest", "The request is not well-formed HTTP/1.1."),
    };
    let id = request_id().unwrap_or_default();
    let context = ErrorContext { request_id: &id, host: "", product: "smc", format: Format::Json };
    let body = error_response(&ApiError::new(status, code, message), &context).into_body();
    let reason = http::StatusCode::from_u16(status).ok()?.canonical_reason().unwrap_or("Error");
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status} {reason}\r\ncontent-type: application/json;charset=utf-8\r\ncontent-length: {length}\r\ncache-control: no-store\r\nx-acs-request-id: {id}\r\nconnection: close\r\n\r\n"
    );
    Some([head.as_bytes(), &body].concat())
}

#[cfg(test)]
mod tests {
    use super::{Bodied, with_body};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    #[test]
    fn only_bare_error_heads_are_replaced() {
        let bare = b"HTTP/1.1 414 URI Too Long\r\ncontent-length: 0\r\ndate: x\r\n\r\n";
        let reply = String::from_utf8(with_body(bare).unwrap()).unwrap();
        assert!(reply.starts_with("HTTP/1.1 414 URI Too Long\r\n"), "{reply}");
        for member in ["\"Code\":\"RequestUriTooLong\"", "\"HostId\":", "\"Recommend\":"] {
            assert!(reply.contains(member), "{reply}");
        }
        for other in [
            &b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"[..],
            b"HTTP/1.1 400 Bad Request\r\ncontent-length: 2\r\n\r\n{}",
            b"HTTP/1.1 4",
            b"",
            b"\xff\xfe",
        ] {
            assert_eq!(with_body(other), None);
        }
    }

    #[tokio::test]
    async fn a_replacement_larger_than_the_pipe_arrives_whole() {
        let (near, mut far) = tokio::io::duplex(16);
        let mut near = Bodied::new(near);
        let writing = tokio::spawn(async move {
            near.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await.unwrap();
            near.shutdown().await.unwrap();
        });
        let mut text = String::new();
        far.read_to_string(&mut text).await.unwrap();
        writing.await.unwrap();
        assert!(text.ends_with('}') && text.contains("InvalidRequest"), "{text}");
    }
}
