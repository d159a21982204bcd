//! One connection to the destination: how it comes about, how it is probed, how it ends.

use std::{
    io::{self, IoSlice},
    pin::{Pin, pin},
    sync::{
        Arc, OnceLock, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll},
};

use h2::client::{Builder, Connection, SendRequest};
use socket2::SockRef;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    task::AbortHandle,
    time::{Instant, sleep_until, timeout},
};
use tokio_rustls::client::TlsStream;

use super::{Keepalive, Options, Trust, parts::Parts};

/// The most bytes of headers of an answer.
const HEADERS_BYTES_MAX: u32 = 16 << 10;

/// Sends one request.
pub(super) struct Sender {
    pub(super) sender: SendRequest<Parts>,
    /// Something is being sent as long as this is held.
    _in_hand: Arc<InHand>,
}

/// A connection. Dropped, it takes no more requests, and is closed when the last that is on its way has its answer.
#[derive(Debug)]
pub(super) struct Link {
    sender: SendRequest<Parts>,
    trust: Option<Arc<Trust>>,
    in_hand: Arc<InHand>,
    ended: Arc<OnceLock<String>>,
}

/// What keeps a connection open: its Link, and each request that is on its way.
#[derive(Debug, Default)]
struct InHand {
    task: OnceLock<AbortHandle>,
    /// Its Link is gone.
    is_left: AtomicBool,
}

impl Drop for InHand {
    fn drop(&mut self) {
        if let Some(task) = self.task.get() {
            task.abort();
        }
    }
}

/// The bytes of a connection; it counts what comes.
#[derive(Debug)]
struct Io {
    stream: Stream,
    read: Arc<AtomicU64>,
}

#[derive(Debug)]
enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Link {
    /// Connects, by TLS where there is `trust`, and says hello.
    ///
    /// # Errors
    /// Nobody is there, or it is not who it must be, or it does not speak HTTP/2.
    pub(super) async fn connect(options: &Options, trust: Option<Arc<Trust>>) -> io::Result<Self> {
        let socket = match &options.proxy {
            None => TcpStream::connect((options.host.as_str(), options.port)).await?,
            Some(proxy) => proxy.connect(&options.host, options.port).await?,
        };
        let _ = socket.set_nodelay(true); // slower, and no reason to fail
        let _ = SockRef::from(&socket).set_keepalive(true);
        let stream = match &trust {
            None => Stream::Plain(socket),
            Some(trust) => Stream::Tls(Box::new(trust.connect(&options.host, socket).await?)),
        };
        let read = Arc::new(AtomicU64::new(0));
        let io = Io { stream, read: Arc::clone(&read) };
        let mut builder = Builder::new();
        builder.enable_push(false).max_header_list_size(HEADERS_BYTES_MAX).initial_max_send_streams(1);
        let (sender, connection) = builder.handshake::<_, Parts>(io).await.map_err(io::Error::other)?;
        let in_hand = Arc::new(InHand::default());
        let ended = Arc::new(OnceLock::new());
        let (watched, keepalive, told) = (Arc::downgrade(&in_hand), options.keepalive, Arc::clone(&ended));
        let driven = async move {
            let why = drive(connection, watched, read, keepalive).await;
            let _ = told.set(why); // nobody else tells
        };
        let _ = in_hand.task.set(tokio::spawn(driven).abort_handle()); // there is none yet
        Ok(Self { sender, trust, in_hand, ended })
    }

    /// What it was secured with.
    pub(super) fn trust(&self) -> Option<&Arc<Trust>> {
        self.trust.as_ref()
    }

    /// Why it ended, where it has.
    pub(super) fn ended(&self) -> &str {
        self.ended.get().map_or("it was closed as soon as it was made", String::as_str)
    }

    /// What sends on it once there is a place for a stream; `None` where it takes no more requests.
    pub(super) async fn sender(&self) -> Option<Sender> {
        if self.in_hand.task.get().is_none_or(AbortHandle::is_finished) {
            return None;
        }
        let sender = self.sender.clone().ready().await.ok()?;
        Some(Sender { sender, _in_hand: Arc::clone(&self.in_hand) })
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.in_hand.is_left.store(true, Ordering::Relaxed);
    }
}

/// Runs the connection until it ends, and probes it while nothing comes: why it ended.
async fn drive(mut connection: Connection<Io, Parts>, in_hand: Weak<InHand>, read: Arc<AtomicU64>, keepalive: Keepalive) -> String {
    let Some(mut pings) = connection.ping_pong() else { return "it cannot be probed".into() };
    let mut connection = pin!(connection);
    let mut seen = read.load(Ordering::Relaxed);
    let mut look = Instant::now() + keepalive.every;
    loop {
        tokio::select! {
            ended = connection.as_mut() => return said(ended), // who sends is told by h2
            () = sleep_until(look) => {}
        }
        look = Instant::now() + keepalive.every;
        let now = read.load(Ordering::Relaxed);
        // One is the Link's, while there is one, and one ours.
        let is_used = |held: Arc<InHand>| Arc::strong_count(&held) > 2 || held.is_left.load(Ordering::Relaxed);
        let is_wanted = keepalive.when_idle || in_hand.upgrade().is_some_and(is_used);
        if now == seen && is_wanted {
            let pong = timeout(keepalive.timeout, pings.ping(h2::Ping::opaque()));
            tokio::select! {
                ended = connection.as_mut() => return said(ended),
                pong = pong => if !matches!(pong, Ok(Ok(_))) { return "it did not answer to a probe".into() } // dropped: what waits on it fails
            }
        }
        seen = read.load(Ordering::Relaxed);
    }
}

fn said(ended: Result<(), h2::Error>) -> String {
    ended.map_or_else(|error| error.to_string(), |()| "the destination closed it".into())
}

impl AsyncRead for Io {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = into.filled().len();
        let polled = match &mut this.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_read(context, into),
            Stream::Tls(stream) => Pin::new(stream).poll_read(context, into),
        };
        this.read.fetch_add((into.filled().len() - before) as u64, Ordering::Relaxed);
        polled
    }
}

impl AsyncWrite for Io {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write(context, from),
            Stream::Tls(stream) => Pin::new(stream).poll_write(context, from),
        }
    }

    fn poll_write_vectored(self: Pin<&mut Self>, context: &mut Context<'_>, from: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write_vectored(context, from),
            Stream::Tls(stream) => Pin::new(stream).poll_write_vectored(context, from),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().stream {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(context),
            Stream::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().stream {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Stream::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
