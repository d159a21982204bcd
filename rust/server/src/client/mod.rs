//! The client of OTLP over gRPC: one connection, from the bytes of a Batch to the socket without a copy.
//!
//! It sends and reads the answer, and decides nothing: what an [`Answer`] means, and when something is sent again, is its caller's affair.

mod answer;
mod call;
mod link;
mod parts;
mod proxy;
mod tls;

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::{BufMut, Bytes, BytesMut};
use http::HeaderMap;
use logloom_record::{Batch, BlockPool};
use logloom_wire::Encoding;
use tokio::task::AbortHandle;

pub use self::{
    answer::Answer,
    proxy::Proxy,
    tls::{ClientPems, Trust},
};
use self::{link::Link, parts::Parts};
use crate::{Runtime, caught::caught, rpc::Code};

/// What a connection takes to come about is a part of the request's time, and at most this.
const CONNECT_MAX: Duration = Duration::from_secs(20);

/// Where to, and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// A name or an address.
    pub host: String,
    /// And its port.
    pub port: u16,
    /// Whom requests say they are for.
    pub authority: String,
    /// The method, as in `/package.Service/Method`.
    pub method: String,
    /// Who we say we are.
    pub user_agent: String,
    /// How a silent connection is probed.
    pub keepalive: Keepalive,
    /// The largest answer, in bytes.
    pub answer_bytes_max: usize,
    /// What stands between, where something does.
    pub proxy: Option<Proxy>,
}

/// How a silent connection is probed.
#[derive(Clone, Copy, Debug)]
pub struct Keepalive {
    /// After so long without anything from the destination.
    pub every: Duration,
    /// It is given up where the probe has no answer for so long.
    pub timeout: Duration,
    /// Whether also while nothing is being sent.
    pub when_idle: bool,
}

/// How a message is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packing {
    /// With what; gRPC names them as HTTP does.
    pub encoding: Encoding,
    /// How hard.
    pub level: i32,
}

/// What is sent.
#[derive(Debug)]
pub struct Request {
    /// The message.
    pub batch: Batch,
    /// How it is compressed; `None`: not at all.
    pub packing: Option<Packing>,
    /// Headers beside those that gRPC asks for.
    pub headers: HeaderMap,
    /// How long it may take from the first byte on the way to the last of the answer.
    pub timeout: Duration,
}

/// Sends requests over one connection, which is made when there is something to send, and anew when it is gone.
#[derive(Clone, Debug)]
pub struct Client(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    options: Options,
    trust: Mutex<Option<Arc<Trust>>>,
    link: tokio::sync::Mutex<Option<Link>>,
}

/// A request on its way.
#[derive(Debug)]
pub struct Call(AbortHandle);

impl Call {
    /// Gives it up: its answer is not told.
    pub fn cancel(&self) {
        self.0.abort();
    }
}

impl Client {
    /// In plain text, until [`trust`](Self::trust) was called.
    pub fn new(options: Options) -> Self {
        Self(Arc::new(Inner { options, trust: Mutex::default(), link: tokio::sync::Mutex::default() }))
    }

    /// TLS with these, from the next connection on; that is made for the next request.
    pub fn trust(&self, trust: Arc<Trust>) {
        *self.0.trust.lock().unwrap_or_else(PoisonError::into_inner) = Some(trust);
    }

    /// Sends `request`; `done` is told the answer, once, on a thread that must not block.
    ///
    /// # Errors
    /// There are no threads to do it.
    pub fn send(&self, runtime: &Runtime, request: Request, done: impl FnOnce(Answer) + Send + 'static) -> io::Result<Call> {
        let inner = Arc::clone(&self.0);
        let task = runtime.handle()?.spawn(async move {
            let answer = caught(inner.exchange(request)).await;
            let answer = answer.unwrap_or_else(|words| Answer::failed(Code::Internal, format!("a bug here: {words}")));
            done(answer);
        });
        Ok(Call(task.abort_handle()))
    }

    /// Ends the connection, once what is on its way on it has its answer. The next request makes a new one.
    pub fn close(&self, runtime: &Runtime) -> io::Result<()> {
        let inner = Arc::clone(&self.0);
        runtime.handle()?.spawn(async move { drop(inner.link.lock().await.take()) });
        Ok(())
    }
}

impl Inner {
    async fn exchange(&self, request: Request) -> Answer {
        let Request { batch, packing, headers, timeout } = request;
        let packed = match packing {
            None => Ok(plain(&batch)),
            // It takes milliseconds, in which this thread has others to serve.
            Some(packing) => match tokio::task::spawn_blocking(move || packed(&batch, packing)).await {
                Ok(packed) => packed,
                Err(error) => Err(error.to_string()),
            },
        };
        let parts = match packed {
            Ok(parts) => parts,
            Err(why) => return Answer::failed(Code::Internal, format!("it cannot be compressed: {why}")),
        };
        match tokio::time::timeout(timeout, self.call(parts, packing, &headers, timeout)).await {
            Ok(answer) => answer,
            Err(_) => Answer::failed(Code::DeadlineExceeded, "Deadline Exceeded"),
        }
    }

    async fn call(&self, parts: Parts, packing: Option<Packing>, headers: &HeaderMap, timeout: Duration) -> Answer {
        let request = match call::head(&self.options, self.trust().is_some(), packing, headers, timeout) {
            Ok(request) => request,
            Err(error) => return Answer::failed(Code::Internal, error.to_string()),
        };
        let sender = match self.sender().await {
            Ok(sender) => sender,
            Err(error) => return Answer::failed(Code::Unavailable, error.to_string()),
        };
        call::call(sender, request, parts, self.options.answer_bytes_max).await
    }

    fn trust(&self) -> Option<Arc<Trust>> {
        self.trust.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What sends on the connection there is, or on a new one.
    async fn sender(&self) -> io::Result<link::Sender> {
        let mut link = self.link.lock().await;
        let trust = self.trust();
        if let Some(known) = link.take() {
            let is_same = match (known.trust(), &trust) {
                (None, None) => true,
                (Some(before), Some(now)) => Arc::ptr_eq(before, now),
                _ => false,
            };
            // One that the destination has closed meanwhile took nothing: a new one is made at once.
            if is_same && let Some(sender) = known.sender().await {
                *link = Some(known);
                return Ok(sender);
            }
        }
        let made = tokio::time::timeout(CONNECT_MAX, Link::connect(&self.options, trust)).await;
        let made = made.map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "no connection came about"))??;
        match made.sender().await {
            Some(sender) => {
                *link = Some(made);
                Ok(sender)
            }
            None => Err(io::Error::other(made.ended().to_owned())),
        }
    }
}

/// The header of gRPC: whether the message is compressed, and its length.
fn prefix(is_packed: bool, len: usize) -> Bytes {
    let mut prefix = BytesMut::with_capacity(5);
    prefix.put_u8(u8::from(is_packed));
    prefix.put_u32(len as u32); // a request is a few MB
    prefix.freeze()
}

/// The very blocks.
fn plain(batch: &Batch) -> Parts {
    let blocks = batch.blocks().iter().map(logloom_record::Block::otlp);
    Parts::new(std::iter::once(prefix(false, batch.otlp_len())).chain(blocks))
}

/// All blocks as one compressed message, in a buffer of the pool.
fn packed(batch: &Batch, packing: Packing) -> Result<Parts, String> {
    let blocks: Vec<Bytes> = batch.blocks().iter().map(logloom_record::Block::otlp).collect();
    let pool = BlockPool::global();
    let pieces: Vec<&[u8]> = blocks.iter().map(|block| &**block).collect();
    let mut out = pool.take(batch.otlp_len() / 3);
    let size = logloom_wire::compress_all(&pieces, packing.encoding, packing.level, &mut out).map_err(|error| error.to_string())?;
    if size >= batch.otlp_len() {
        pool.give(out);
        return Ok(plain(batch)); // as gRPC allows
    }
    Ok(Parts::new([prefix(true, size), pool.freeze(out).slice(..size)]))
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use http::{HeaderValue, Response};
    use logloom_record::Limits;
    use tokio::net::TcpListener;

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    fn request() -> Request {
        let batch = Batch::from_otlp(Bytes::from_static(&[10, 4, 18, 2, 18, 0]), &Limits::DEFAULT).unwrap();
        Request { batch, packing: None, headers: HeaderMap::new(), timeout: LONG }
    }

    fn options(port: u16) -> Options {
        Options {
            host: "127.0.0.1".into(),
            port,
            authority: "logs".into(),
            method: "/logs/Export".into(),
            user_agent: "test".into(),
            keepalive: Keepalive { every: LONG, timeout: LONG, when_idle: false },
            answer_bytes_max: 1024,
            proxy: None,
        }
    }

    /// Says that it was taken.
    fn taken(mut respond: h2::server::SendResponse<Bytes>) {
        let mut stream = respond.send_response(Response::new(()), false).unwrap();
        stream.send_data(Bytes::from_static(&[0; 5]), false).unwrap();
        let trailers = HeaderMap::from_iter([(http::HeaderName::from_static("grpc-status"), HeaderValue::from_static("0"))]);
        stream.send_trailers(trailers).unwrap();
    }

    /// Answers on its first connection the first request only when `go` says so, and says meanwhile that it takes no more there.
    async fn leave(listener: TcpListener, held: mpsc::Sender<()>, moved: mpsc::Sender<()>, go: tokio::sync::oneshot::Receiver<()>) {
        let mut first = h2::server::handshake(listener.accept().await.unwrap().0).await.unwrap();
        let (_, respond) = first.accept().await.unwrap().unwrap();
        first.graceful_shutdown();
        held.send(()).unwrap();
        let others = async {
            while let Ok((socket, _)) = listener.accept().await {
                let mut connection = h2::server::handshake(socket).await.unwrap();
                moved.send(()).unwrap();
                tokio::spawn(async move {
                    while let Some(Ok((_, respond))) = connection.accept().await {
                        taken(respond);
                    }
                });
            }
        };
        let first = async move {
            let mut held = Some((respond, go));
            loop {
                let going = async {
                    match &mut held {
                        Some((_, go)) => go.await,
                        None => std::future::pending().await,
                    }
                };
                tokio::select! {
                    more = first.accept() => match more {
                        Some(Ok((_, respond))) => taken(respond), // it has not heard yet
                        _ => break,
                    },
                    _ = going => if let Some((respond, _)) = held.take() { taken(respond) },
                }
            }
        };
        tokio::join!(first, others);
    }

    #[test]
    fn what_is_on_its_way_is_answered_where_the_next_goes_by_another_connection() {
        let runtime = Runtime::shared().unwrap();
        let handle = runtime.handle().unwrap().clone();
        let listener = handle.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let client = Client::new(options(listener.local_addr().unwrap().port()));
        let (held, is_held) = mpsc::channel();
        let (moved, has_moved) = mpsc::channel();
        let (go, going) = tokio::sync::oneshot::channel();
        let server = handle.spawn(leave(listener, held, moved, going));
        let (answer, answers) = mpsc::channel();
        let ask = |number: usize| {
            let answer = answer.clone();
            client.send(&runtime, request(), move |said| answer.send((number, said.code)).unwrap()).unwrap()
        };
        ask(0);
        is_held.recv_timeout(LONG).unwrap();
        for number in 1.. {
            // One that goes out as the connection is left may be refused: whoever sent it sends it again.
            ask(number);
            assert_eq!(answers.recv_timeout(LONG).unwrap().0, number, "the first must wait for its answer");
            if has_moved.try_recv().is_ok() {
                break;
            }
        }
        go.send(()).unwrap();
        assert_eq!(answers.recv_timeout(LONG).unwrap(), (0, Code::Ok as u32));
        server.abort();
    }
}
