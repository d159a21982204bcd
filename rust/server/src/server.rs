//! One listening socket and its connections: accepted within bounds, ended with grace.

use std::{
    future::Future,
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::{Semaphore, watch},
};
use tokio_rustls::server::TlsStream;

use crate::{
    Runtime, Tasks,
    caught::caught,
    listen::{Bound, Listener, Socket},
    tls::Tls,
};

/// How long a handshake of TLS may take.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);
/// How long a stop waits for tasks that were cut off.
const CUT_MAX: Duration = Duration::from_secs(5);

/// What is spoken on the connections.
pub trait Protocol: Send + Sync + 'static {
    /// Serves one connection to its end; further tasks of it are spawned on `tasks`. When it is stopping, it takes no more and finishes what
    /// it has.
    fn serve(self: Arc<Self>, connected: Connected, tasks: Tasks, stopping: Stopping) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}

/// A connection, ready to be spoken on.
#[derive(Debug)]
pub struct Connected {
    /// The bytes.
    pub io: Io,
    /// The peer, as it is named in records.
    pub peer: Arc<str>,
    /// Who the client's certificate says it is, the most telling name first; empty where it showed none.
    pub names: Arc<[String]>,
}

/// The bytes of a connection, as they are under TLS or without it.
#[derive(Debug)]
pub struct Io {
    stream: Stream,
    read: ReadBytes,
}

#[derive(Debug)]
enum Stream {
    Plain(Socket),
    Tls(Box<TlsStream<Socket>>),
}

/// How many bytes of a connection were read so far.
#[derive(Clone, Debug, Default)]
pub struct ReadBytes(Arc<AtomicU64>);

impl ReadBytes {
    /// So many.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Io {
    /// Says how many bytes were read, also when this was given away.
    pub fn read_bytes(&self) -> ReadBytes {
        self.read.clone()
    }
}

/// What an operator must know of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// A task panicked: what it said. Its request got no answer; the others go on.
    Panicked(String),
    /// Nothing is accepted any more: why. Nobody asked for that.
    Ended(String),
}

/// Where it is told; called on any thread.
pub type Tell = Arc<dyn Fn(Told) + Send + Sync>;

/// The bounds of a listening socket.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// The most connections at once; further ones are closed.
    pub connections_max: usize,
}

/// Tells when the server is stopping.
#[derive(Clone, Debug)]
pub struct Stopping(watch::Receiver<bool>);

impl Stopping {
    /// Whether it is.
    pub fn is_set(&self) -> bool {
        *self.0.borrow()
    }

    /// Returns when it is; also where the server is no more.
    pub async fn wait(&mut self) {
        let _ = self.0.wait_for(|is_stopping| *is_stopping).await; // gone is stopping
    }
}

/// A server that runs. Dropped, it is cut off.
#[derive(Debug)]
pub struct Server {
    runtime: Runtime,
    tasks: Tasks,
    stop: watch::Sender<bool>,
}

impl Server {
    /// Accepts on `bound` from now on.
    ///
    /// # Errors
    /// The runtime is of no use here, or has no place for the socket.
    pub fn start(
        runtime: Runtime,
        bound: Bound,
        tls: Option<Arc<Tls>>,
        protocol: Arc<dyn Protocol>,
        bounds: Bounds,
        tell: Tell,
    ) -> io::Result<Self> {
        let handle = runtime.handle()?.clone();
        let listener = {
            let _entered = handle.enter();
            bound.listen()?
        };
        let tasks = Tasks::new(handle, Arc::clone(&tell));
        let (stop, stopping) = watch::channel(false);
        let stopping = Stopping(stopping);
        let accepting = accept(listener, tls, protocol, bounds, tasks.clone(), stopping);
        tasks.spawn(async move {
            match caught(accepting).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tell(Told::Ended(format!("nothing can be accepted any more: {error}"))),
                Err(words) => tell(Told::Ended(format!("a bug: {words}"))),
            }
        });
        Ok(Self { runtime, tasks, stop })
    }

    /// Accepts no more, finishes what is in hand within `grace`, and cuts off what is left then. It waits: not for a thread of the runtime.
    ///
    /// # Errors
    /// In a process that was forked from the one that serves.
    pub fn stop(&self, grace: Duration) -> io::Result<()> {
        self.stop.send_replace(true);
        let tasks = self.tasks.clone();
        if self.runtime.wait(async move { tasks.ended().await }, grace)?.is_none() {
            self.tasks.cut();
            let tasks = self.tasks.clone();
            self.runtime.wait(async move { tasks.ended().await }, CUT_MAX)?;
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        self.tasks.cut();
    }
}

async fn accept(
    listener: Listener,
    tls: Option<Arc<Tls>>,
    protocol: Arc<dyn Protocol>,
    bounds: Bounds,
    tasks: Tasks,
    stopping: Stopping,
) -> io::Result<()> {
    let places = Arc::new(Semaphore::new(bounds.connections_max.min(Semaphore::MAX_PERMITS)));
    let mut stop = stopping.clone();
    loop {
        let (socket, peer) = tokio::select! {
            biased;
            () = stop.wait() => return Ok(()),
            accepted = listener.accept() => accepted?,
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue }; // one too many: closed
        let (tls, protocol, stopping) = (tls.clone(), Arc::clone(&protocol), stopping.clone());
        let inner = tasks.clone();
        tasks.spawn(async move {
            let _place = place;
            let Some((io, names)) = shaken(socket, tls).await else { return };
            let connected = Connected { io, peer: peer.into(), names: names.into() };
            protocol.serve(connected, inner, stopping).await;
        });
    }
}

/// The connection when its handshake is done; `None` where that failed or took too long: scanners do that all the time.
async fn shaken(socket: Socket, tls: Option<Arc<Tls>>) -> Option<(Io, Vec<String>)> {
    let io = |stream| Io { stream, read: ReadBytes::default() };
    let Some(tls) = tls else { return Some((io(Stream::Plain(socket)), Vec::new())) };
    let (stream, names) = tokio::time::timeout(HANDSHAKE_MAX, tls.accept(socket)).await.ok()?.ok()?;
    Some((io(Stream::Tls(Box::new(stream))), names))
}

impl AsyncRead for Io {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = into.filled().len();
        let polled = match &mut this.stream {
            Stream::Plain(socket) => Pin::new(socket).poll_read(context, into),
            Stream::Tls(stream) => Pin::new(stream).poll_read(context, into),
        };
        this.read.0.fetch_add((into.filled().len() - before) as u64, Ordering::Relaxed);
        polled
    }
}

impl AsyncWrite for Io {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().stream {
            Stream::Plain(socket) => Pin::new(socket).poll_write(context, from),
            Stream::Tls(stream) => Pin::new(stream).poll_write(context, from),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().stream {
            Stream::Plain(socket) => Pin::new(socket).poll_flush(context),
            Stream::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().stream {
            Stream::Plain(socket) => Pin::new(socket).poll_shutdown(context),
            Stream::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }

    fn poll_write_vectored(self: Pin<&mut Self>, context: &mut Context<'_>, from: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().stream {
            Stream::Plain(socket) => Pin::new(socket).poll_write_vectored(context, from),
            Stream::Tls(stream) => Pin::new(stream).poll_write_vectored(context, from),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.stream {
            Stream::Plain(socket) => socket.is_write_vectored(),
            Stream::Tls(stream) => stream.is_write_vectored(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{net::TcpStream, sync::mpsc};

    use super::*;

    struct Panics;

    impl Protocol for Panics {
        fn serve(self: Arc<Self>, connected: Connected, _tasks: Tasks, _stopping: Stopping) -> Pin<Box<dyn Future<Output = ()> + Send>> {
            Box::pin(async move { panic!("of {}", connected.names.len()) })
        }
    }

    struct Waits(mpsc::Sender<()>);

    impl Protocol for Waits {
        fn serve(self: Arc<Self>, connected: Connected, _tasks: Tasks, _stopping: Stopping) -> Pin<Box<dyn Future<Output = ()> + Send>> {
            let _ = self.0.send(());
            Box::pin(async move {
                let _connected = connected;
                std::future::pending::<()>().await;
            })
        }
    }

    fn started(protocol: Arc<dyn Protocol>) -> (Server, u16, mpsc::Receiver<Told>) {
        let (told, tells) = mpsc::channel();
        let bound = Bound::tcp("127.0.0.1", 0).unwrap();
        let port = bound.port();
        let tell: Tell = Arc::new(move |what| drop(told.send(what)));
        let server = Server::start(Runtime::shared().unwrap(), bound, None, protocol, Bounds { connections_max: 1 }, tell).unwrap();
        (server, port, tells)
    }

    #[test]
    fn a_panic_is_told_and_others_are_served() {
        let (server, port, tells) = started(Arc::new(Panics));
        for _ in 0..3 {
            let _connection = TcpStream::connect(("127.0.0.1", port)).unwrap();
            assert_eq!(tells.recv_timeout(Duration::from_secs(60)).unwrap(), Told::Panicked("of 0".into()));
        }
        server.stop(Duration::from_secs(60)).unwrap();
    }

    #[test]
    fn a_stop_cuts_off_what_does_not_end_and_lets_go_of_all() {
        let (serves, served) = mpsc::channel();
        let protocol = Arc::new(Waits(serves));
        let weak = Arc::downgrade(&protocol);
        let (server, port, tells) = started(protocol);
        let _connection = TcpStream::connect(("127.0.0.1", port)).unwrap();
        served.recv_timeout(Duration::from_secs(60)).unwrap();
        server.stop(Duration::from_millis(1)).unwrap();
        assert!(weak.upgrade().is_none());
        assert!(tells.try_recv().is_err());
        assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
    }
}
