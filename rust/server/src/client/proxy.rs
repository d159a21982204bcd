//! A proxy of HTTP on the way, which is asked for a tunnel.

use std::io;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// The most bytes of a proxy's answer.
const ANSWER_BYTES_MAX: usize = 8 << 10;

/// Where it is.
#[derive(Clone)]
pub struct Proxy {
    /// A name or an address.
    pub host: String,
    /// And its port.
    pub port: u16,
    /// The value of `Proxy-Authorization`, where it asks who we are.
    pub authorization: Option<String>,
}

impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Proxy({}:{})", self.host, self.port) // never as whom
    }
}

impl Proxy {
    /// A connection through it.
    ///
    /// # Errors
    /// It is not there, or makes no tunnel.
    pub(super) async fn connect(&self, host: &str, port: u16) -> io::Result<TcpStream> {
        let mut socket = TcpStream::connect((self.host.as_str(), self.port)).await.map_err(|error| self.failed(&error.to_string()))?;
        let to = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
        let known = self.authorization.as_ref().map(|value| format!("Proxy-Authorization: {value}\r\n")).unwrap_or_default();
        socket.write_all(format!("CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n{known}\r\n").as_bytes()).await?;
        let mut answer = Vec::with_capacity(256);
        // Byte by byte: what follows the answer is the destination's.
        while !answer.ends_with(b"\r\n\r\n") {
            if answer.len() >= ANSWER_BYTES_MAX {
                return Err(self.failed("its answer does not end"));
            }
            answer.push(socket.read_u8().await.map_err(|error| self.failed(&error.to_string()))?);
        }
        let text = String::from_utf8_lossy(&answer);
        let status = text.lines().next().unwrap_or_default();
        if status.starts_with("HTTP/1.") && status.split(' ').nth(1) == Some("200") {
            return Ok(socket);
        }
        Err(self.failed(status))
    }

    fn failed(&self, why: &str) -> io::Error {
        io::Error::other(format!("the proxy {}:{}: {why}", self.host, self.port))
    }
}
