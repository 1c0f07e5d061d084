//! One connection's requests and answers.

use std::{convert::Infallible, future::poll_fn, pin::Pin, sync::Arc, task::Poll, time::Duration};

use http::StatusCode;
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    sync::watch,
};

use super::{
    Bounds, Peer, Serve,
    bodies::Bodied,
    listener::stopped,
    rest::{Marked, Turn, Watched},
};

/// How long a connection is kept ready after an answer: who asks often pays for that once.
const LINGERING: Duration = Duration::from_secs(1);

/// Serves one connection. Ten thousand idle ones are the usual case, so what each keeps is small: what HTTP needs is
/// there only while a request is under way.
pub(super) async fn exchange<T, S>(
    stream: T,
    peer: Peer,
    bounds: Bounds,
    service: Arc<S>,
    mut stop: watch::Receiver<bool>,
) where
    T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    S: Serve,
{
    let peer = Arc::new(peer);
    let turn = Turn::default();
    let mut stream = Watched::new(Bodied::new(stream), turn.clone());
    loop {
        let woken = tokio::select! {
            woken = tokio::time::timeout(bounds.idle, stream.wakes()) => woken,
            () = stopped(&mut stop) => Ok(Ok(false)),
        };
        if !matches!(woken, Ok(Ok(true))) {
            let _ = tokio::time::timeout(bounds.farewell, stream.shutdown()).await;
            return;
        }
        // On the heap, so that a connection at rest has no room for it.
        match Box::pin(until_rest(stream, &peer, bounds, &service, &turn, &mut stop)).await {
            Ok(Some(rested)) => stream = rested,
            Ok(None) => return,
            Err(error) => return tracing::debug!(address = %peer.address, %error, "connection ended"),
        }
    }
}

/// Lets the HTTP framework answer requests until there are no more for now; gives the stream back, unless the
/// connection is over or has become another's.
async fn until_rest<T, S>(
    stream: Watched<T>,
    peer: &Arc<Peer>,
    bounds: Bounds,
    service: &Arc<S>,
    turn: &Turn,
    stop: &mut watch::Receiver<bool>,
) -> hyper::Result<Option<Watched<T>>>
where
    T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    S: Serve,
{
    let answer = service_fn(|request| {
        turn.begin();
        let (service, peer, turn) = (service.clone(), peer.clone(), turn.clone());
        Box::pin(async move {
            let answer = service.serve(peer, request).await;
            // A connection that becomes another's is not taken back.
            let turn =
                if answer.status() == StatusCode::SWITCHING_PROTOCOLS { Turn::default() } else { turn };
            Ok::<_, Infallible>(answer.map(|body| Marked::new(body, turn)))
        })
    });
    let mut served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(bounds.idle)
        .max_buf_size(128 << 10)
        .serve_connection(TokioIo::new(stream), answer)
        .with_upgrades();
    match drive(&mut served, turn, stop).await? {
        Driven::Ended => Ok(None),
        Driven::Stopped => {
            Pin::new(&mut served).graceful_shutdown();
            served.await.map(|()| None)
        }
        Driven::Rests => Ok(served.into_parts().map(|parts| {
            let mut stream = parts.io.into_inner();
            stream.give_back(parts.read_buf);
            stream
        })),
    }
}

/// Where driving a connection has led to.
enum Driven {
    /// It is over, or has become another's.
    Ended,
    /// There has been nothing to do for a while.
    Rests,
    /// The center stops while a request is under way.
    Stopped,
}

async fn drive<C>(connection: &mut C, turn: &Turn, stop: &mut watch::Receiver<bool>) -> hyper::Result<Driven>
where
    C: Future<Output = hyper::Result<()>> + Unpin,
{
    loop {
        let ended = tokio::select! {
            ended = while_not(|| turn.is_over(), connection) => ended?,
            () = stopped(stop) => return Ok(Driven::Stopped),
        };
        if ended {
            return Ok(Driven::Ended);
        }
        let next = tokio::select! {
            next = tokio::time::timeout(LINGERING, while_not(|| !turn.is_over(), connection)) => next,
            () = stopped(stop) => return Ok(Driven::Rests),
        };
        let Ok(ended) = next else { return Ok(Driven::Rests) };
        if ended? {
            return Ok(Driven::Ended);
        }
    }
}

/// Drives a connection until something is so, or it has ended; says whether it has.
async fn while_not<C>(so: impl Fn() -> bool, connection: &mut C) -> hyper::Result<bool>
where
    C: Future<Output = hyper::Result<()>> + Unpin,
{
    poll_fn(|cx| match Pin::new(&mut *connection).poll(cx) {
        Poll::Ready(ended) => Poll::Ready(ended.map(|()| true)),
        Poll::Pending if so() => Poll::Ready(Ok(false)),
        Poll::Pending => Poll::Pending,
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use bytes::Bytes;
    use http::{HeaderValue, Request, Response};
    use http_body_util::{
        BodyExt, Channel,
        Either::{self, Left, Right},
        Full, channel,
    };
    use hyper::body::Incoming;
    use tokio::{
        io::{AsyncReadExt, DuplexStream, duplex},
        task::JoinHandle,
    };

    use super::*;
    use crate::http::BodyRoom;

    /// Answers with what it was sent; at `/parts` in parts that a test sends, at `/other` by becoming another's.
    #[derive(Default)]
    struct Echo {
        parts: Mutex<Option<Channel<Bytes>>>,
        other: Mutex<Option<hyper::upgrade::OnUpgrade>>,
    }

    impl Serve for Echo {
        type Body = Either<Full<Bytes>, Channel<Bytes>>;

        async fn serve(&self, _: Arc<Peer>, mut request: Request<Incoming>) -> Response<Self::Body> {
            match request.uri().path() {
                "/parts" => Response::new(Right(self.parts.lock().unwrap().take().unwrap())),
                "/other" => {
                    *self.other.lock().unwrap() = Some(hyper::upgrade::on(&mut request));
                    let mut response = Response::new(Left(Full::default()));
                    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
                    response.headers_mut().insert("connection", HeaderValue::from_static("upgrade"));
                    response.headers_mut().insert("upgrade", HeaderValue::from_static("other"));
                    response
                }
                _ => Response::new(Left(request.into_body().collect().await.unwrap().to_bytes().into())),
            }
        }
    }

    type Rested = Option<Watched<DuplexStream>>;

    /// A connection, from its first bytes to its rest.
    struct Turns {
        turn: Turn,
        service: Arc<Echo>,
        stop: watch::Sender<bool>,
    }

    impl Turns {
        fn new(service: Echo) -> Self {
            Self { turn: Turn::default(), service: service.into(), stop: watch::Sender::new(false) }
        }

        fn serve(&self, stream: Watched<DuplexStream>) -> JoinHandle<hyper::Result<Rested>> {
            let peer = Peer {
                address: ([127, 0, 0, 1], 1).into(),
                secure: false,
                agent: None,
                bodies: BodyRoom::default(),
            };
            let (turn, service, mut stop) = (self.turn.clone(), self.service.clone(), self.stop.subscribe());
            tokio::spawn(async move {
                until_rest(stream, &peer.into(), Bounds::default(), &service, &turn, &mut stop).await
            })
        }

        fn pair(&self) -> (Watched<DuplexStream>, DuplexStream) {
            let (near, far) = duplex(1 << 16);
            (Watched::new(near, self.turn.clone()), far)
        }
    }

    fn request(path: &str, body: &str) -> String {
        format!("POST {path} HTTP/1.1\r\ncontent-length: {}\r\n\r\n{body}", body.len())
    }

    async fn read_until(far: &mut DuplexStream, end: &str) -> String {
        let mut text = String::new();
        while !text.ends_with(end) {
            text.push(far.read_u8().await.unwrap().into());
        }
        text
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_rests_after_its_answer_and_wakes_for_the_next_request() {
        let turns = Turns::new(Echo::default());
        let (mut stream, mut far) = turns.pair();
        for body in ["one", "two", &"x".repeat(9_000)] {
            far.write_all(request("/", body).as_bytes()).await.unwrap();
            assert!(stream.wakes().await.unwrap());
            stream = turns.serve(stream).await.unwrap().unwrap().unwrap();
            let answer = read_until(&mut far, body).await;
            assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        }
        drop(far);
        assert!(!stream.wakes().await.unwrap(), "the other end is done");
    }

    #[tokio::test(start_paused = true)]
    async fn requests_sent_together_are_all_answered_and_a_begun_one_is_kept() {
        let turns = Turns::new(Echo::default());
        let (stream, mut far) = turns.pair();
        let third = request("/", "three");
        let (begun, rest) = third.split_at(20);
        let together = [request("/", "one"), request("/", "two"), begun.to_owned()].concat();
        far.write_all(together.as_bytes()).await.unwrap();
        let serving = turns.serve(stream);
        read_until(&mut far, "one").await;
        read_until(&mut far, "two").await;
        let mut stream = serving.await.unwrap().unwrap().unwrap();
        assert!(stream.wakes().await.unwrap(), "what was begun is there");
        let serving = turns.serve(stream);
        far.write_all(rest.as_bytes()).await.unwrap();
        read_until(&mut far, "three").await;
        assert!(serving.await.unwrap().unwrap().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_in_parts_is_waited_for() {
        let (mut sender, parts) = channel::Channel::new(1);
        let turns = Turns::new(Echo { parts: Mutex::new(Some(parts)), ..Echo::default() });
        let (stream, mut far) = turns.pair();
        far.write_all(request("/parts", "").as_bytes()).await.unwrap();
        let serving = turns.serve(stream);
        for part in ["first", "second"] {
            sender.send_data(part.into()).await.unwrap();
            read_until(&mut far, &format!("{part}\r\n")).await;
            tokio::task::yield_now().await;
            assert!(!serving.is_finished() && !turns.turn.is_over());
        }
        drop(sender);
        read_until(&mut far, "0\r\n\r\n").await;
        assert!(serving.await.unwrap().unwrap().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn what_ends_or_becomes_another_is_not_given_back() {
        let turns = Turns::new(Echo::default());
        let (stream, mut far) = turns.pair();
        far.write_all(b"GET / HTTP/1.1\r\nconnection: close\r\n\r\n").await.unwrap();
        assert!(turns.serve(stream).await.unwrap().unwrap().is_none());
        far.read_to_string(&mut String::new()).await.unwrap();

        let (stream, mut far) = turns.pair();
        far.write_all(b"GET /other HTTP/1.1\r\nconnection: upgrade\r\nupgrade: other\r\n\r\nafter")
            .await
            .unwrap();
        assert!(turns.serve(stream).await.unwrap().unwrap().is_none());
        let upgrade = turns.service.other.lock().unwrap().take().unwrap();
        let mut other = TokioIo::new(upgrade.await.unwrap());
        let mut first = [0; 5];
        other.read_exact(&mut first).await.unwrap();
        other.write_all(b"mine").await.unwrap();
        assert_eq!(&first, b"after");
        read_until(&mut far, "mine").await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_under_way_is_answered_when_the_center_stops() {
        let (sender, parts) = channel::Channel::new(1);
        let turns = Turns::new(Echo { parts: Mutex::new(Some(parts)), ..Echo::default() });
        let (stream, mut far) = turns.pair();
        far.write_all(request("/parts", "").as_bytes()).await.unwrap();
        let serving = turns.serve(stream);
        read_until(&mut far, "\r\n\r\n").await;
        turns.stop.send_replace(true);
        tokio::task::yield_now().await;
        drop(sender);
        assert!(serving.await.unwrap().unwrap().is_none());
        assert_eq!(read_until(&mut far, "0\r\n\r\n").await, "0\r\n\r\n");
    }
}
