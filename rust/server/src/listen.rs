//! Listening sockets, TCP's and Unix's, and what is accepted on them.

use std::{
    fs, io,
    net::{SocketAddr, TcpListener as StdTcp, ToSocketAddrs},
    os::unix::{
        fs::FileTypeExt,
        net::{UnixListener as StdUnix, UnixStream as StdUnixStream},
    },
    path::{Path, PathBuf},
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use socket2::{Domain, Protocol, SockRef, Socket as Raw, Type};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream, UnixListener, UnixStream},
};

/// Connections that wait to be accepted.
const BACKLOG: i32 = 1024;
/// How long nothing is accepted when there are no descriptors or no memory for it: time in which others end.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A bound socket that listens; nothing is accepted on it yet.
#[derive(Debug)]
pub enum Bound {
    /// Of TCP.
    Tcp(StdTcp),
    /// Of a path.
    Unix(StdUnix, PathBuf),
}

/// One that accepts.
#[derive(Debug)]
pub enum Listener {
    /// Of TCP.
    Tcp(TcpListener),
    /// Of a path, which goes with it.
    Unix(UnixListener, PathBuf),
}

/// An accepted connection.
#[derive(Debug)]
pub enum Socket {
    /// Of TCP.
    Tcp(TcpStream),
    /// Of a path.
    Unix(UnixStream),
}

impl Bound {
    /// Binds `host`, a name or an address, empty for all addresses of the machine, and `port`, 0 for any. Nobody else gets the port as well.
    ///
    /// # Errors
    /// It is in use, or no address of this machine.
    pub fn tcp(host: &str, port: u16) -> io::Result<Self> {
        if host.is_empty() {
            return match listening((std::net::Ipv6Addr::UNSPECIFIED, port).into()) {
                Ok(bound) => Ok(Self::Tcp(bound)),
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => Err(error),
                Err(_) => listening((std::net::Ipv4Addr::UNSPECIFIED, port).into()).map(Self::Tcp), // a machine without IPv6
            };
        }
        let mut last = io::Error::new(io::ErrorKind::AddrNotAvailable, "no address of this machine");
        for address in (host, port).to_socket_addrs()? {
            match listening(address) {
                Ok(bound) => return Ok(Self::Tcp(bound)),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Binds a path, with these rights. What a process that is no more left there is taken away.
    ///
    /// # Errors
    /// Somebody listens there, or something else is there, or it cannot be made.
    pub fn unix(path: &Path, mode: u32) -> io::Result<Self> {
        use std::os::unix::fs::PermissionsExt;
        if fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket()) && StdUnixStream::connect(path).is_err() {
            fs::remove_file(path)?;
        }
        let bound = StdUnix::bind(path)?;
        fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
        bound.set_nonblocking(true)?;
        Ok(Self::Unix(bound, path.to_owned()))
    }

    /// The port; 0 for a path.
    pub fn port(&self) -> u16 {
        match self {
            Self::Tcp(bound) => bound.local_addr().map_or(0, |address| address.port()),
            Self::Unix(..) => 0,
        }
    }

    /// Accepts from now on; within a runtime.
    pub fn listen(self) -> io::Result<Listener> {
        Ok(match self {
            Self::Tcp(bound) => Listener::Tcp(TcpListener::from_std(bound)?),
            Self::Unix(bound, path) => Listener::Unix(UnixListener::from_std(bound)?, path),
        })
    }
}

fn listening(address: SocketAddr) -> io::Result<StdTcp> {
    let socket = Raw::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // After a restart at once; SO_REUSEPORT would let a second process silently take half of what comes in.
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(!address.ip().is_unspecified())?;
    }
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

impl Listener {
    /// The next connection, and its peer as it is named in records: `127.0.0.1:53216`, `[::1]:53216`; of a path, the path.
    ///
    /// # Errors
    /// The socket is no more; what passes is waited out.
    pub async fn accept(&self) -> io::Result<(Socket, String)> {
        loop {
            let accepted = match self {
                Self::Tcp(listener) => listener.accept().await.map(|(socket, peer)| (Socket::Tcp(socket), named(peer))),
                Self::Unix(listener, path) => {
                    listener.accept().await.map(|(socket, _)| (Socket::Unix(socket), path.to_string_lossy().into_owned()))
                }
            };
            match accepted {
                Ok((socket, peer)) => {
                    if let Socket::Tcp(socket) = &socket {
                        let _ = socket.set_nodelay(true); // an answer that waits for more: slower, and no reason to refuse
                        let _ = SockRef::from(socket).set_keepalive(true); // who is gone without a word is found in the end
                    }
                    return Ok((socket, peer));
                }
                Err(error) if is_gone(&error) => {}
                Err(error) if is_short(&error) => tokio::time::sleep(ACCEPT_PAUSE).await,
                Err(error) => return Err(error),
            }
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Self::Unix(_, path) = self {
            let _ = fs::remove_file(path); // somebody else took it away
        }
    }
}

/// The address as it is named in records.
pub(crate) fn named(peer: SocketAddr) -> String {
    SocketAddr::new(peer.ip().to_canonical(), peer.port()).to_string()
}

/// The client gave up before it was accepted.
fn is_gone(error: &io::Error) -> bool {
    use io::ErrorKind::{
        ConnectionAborted, ConnectionRefused, ConnectionReset, HostUnreachable, Interrupted, NetworkDown, NetworkUnreachable, TimedOut,
    };
    matches!(
        error.kind(),
        ConnectionAborted
            | ConnectionRefused
            | ConnectionReset
            | Interrupted
            | TimedOut
            | HostUnreachable
            | NetworkDown
            | NetworkUnreachable
    ) || error.raw_os_error() == Some(71) // EPROTO
}

/// There are no descriptors or no memory just now: EMFILE, ENFILE, ENOBUFS, ENOMEM.
fn is_short(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(24 | 23 | 105 | 12))
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(socket) => Pin::new(socket).poll_read(context, into),
            Self::Unix(socket) => Pin::new(socket).poll_read(context, into),
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(socket) => Pin::new(socket).poll_write(context, from),
            Self::Unix(socket) => Pin::new(socket).poll_write(context, from),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(socket) => Pin::new(socket).poll_flush(context),
            Self::Unix(socket) => Pin::new(socket).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(socket) => Pin::new(socket).poll_shutdown(context),
            Self::Unix(socket) => Pin::new(socket).poll_shutdown(context),
        }
    }

    fn poll_write_vectored(self: Pin<&mut Self>, context: &mut Context<'_>, from: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(socket) => Pin::new(socket).poll_write_vectored(context, from),
            Self::Unix(socket) => Pin::new(socket).poll_write_vectored(context, from),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_nobody_elses() {
        let first = Bound::tcp("127.0.0.1", 0).unwrap();
        assert_eq!(Bound::tcp("127.0.0.1", first.port()).unwrap_err().kind(), io::ErrorKind::AddrInUse);
        assert!(Bound::tcp("192.0.2.1", 0).is_err());
    }

    #[test]
    fn peers_are_named_as_they_came() {
        assert_eq!(named("[::ffff:10.0.0.1]:5".parse().unwrap()), "10.0.0.1:5");
        assert_eq!(named("[::1]:5".parse().unwrap()), "[::1]:5");
    }
}
