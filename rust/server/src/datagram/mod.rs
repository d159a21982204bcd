//! Datagrams (UDP): many are read at a time, and those of one peer are pushed together, each a frame of its own.
//!
//! A datagram cannot be told to wait: what finds no room, here or in the kernel, is lost and counted. Read ones wait here, within a bound, until
//! they are in the journal.

mod push;
mod queue;

use std::{
    future::Future,
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs, UdpSocket as StdUdp},
    os::fd::AsRawFd,
    sync::Arc,
    time::Duration,
};

use socket2::{Domain, Protocol, Socket as Raw, Type};
use tokio::{io::Interest, net::UdpSocket, sync::watch};

pub use self::{push::Sink, queue::Bounds};
use self::{push::work, queue::Queue};
use crate::{Room, Runtime, Tasks, Tell, Told, caught::caught};

/// The most that are read at a time.
const READ_DATAGRAMS_MAX: usize = 64;
/// The most that one of them has.
const DATAGRAM_BYTES_MAX: usize = 65_535;
/// Where they are read to.
const BUFFER_BYTES: usize = 256 << 10;
/// After so many times others get their turn.
const READS_MAX: usize = 16;
/// A socket that was read is left alone for a while, so that the next read finds many and nothing is woken for each: for so long at most,
const READ_EVERY_MAX: Duration = Duration::from_millis(10);
/// and never for as long as so many bytes a millisecond take to fill what the kernel holds meanwhile (it counts a small datagram as 1 KiB).
const FILLS_BYTES_MS: usize = 800 << 10;
/// How long a stop waits for tasks that were cut off.
const CUT_MAX: Duration = Duration::from_secs(5);

/// A socket that is served. Dropped, it is cut off.
#[derive(Debug)]
pub struct Datagrams {
    runtime: Runtime,
    tasks: Tasks,
    stop: watch::Sender<bool>,
    queue: Arc<Queue>,
    socket: Arc<StdUdp>,
}

/// Binds `host`, a name or an address, empty for all addresses of the machine, and `port`, 0 for any; the kernel is asked to hold so many bytes.
///
/// # Errors
/// It is in use, or no address of this machine.
pub fn bind(host: &str, port: u16, buffer_bytes: usize) -> io::Result<StdUdp> {
    if host.is_empty() {
        return match bound((Ipv6Addr::UNSPECIFIED, port).into(), buffer_bytes) {
            Err(error) if error.kind() != io::ErrorKind::AddrInUse => bound((Ipv4Addr::UNSPECIFIED, port).into(), buffer_bytes), // no IPv6
            bound => bound,
        };
    }
    let mut last = io::Error::new(io::ErrorKind::AddrNotAvailable, "no address of this machine");
    for address in (host, port).to_socket_addrs()? {
        match bound(address, buffer_bytes) {
            Ok(bound) => return Ok(bound),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn bound(address: SocketAddr, buffer_bytes: usize) -> io::Result<StdUdp> {
    let socket = Raw::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    if address.is_ipv6() {
        socket.set_only_v6(!address.ip().is_unspecified())?;
    }
    socket.set_recv_buffer_size(buffer_bytes)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket.into())
}

impl Datagrams {
    /// Reads `socket` from now on.
    ///
    /// # Errors
    /// The runtime is of no use here, or has no place for the socket.
    pub fn start(runtime: Runtime, socket: StdUdp, sink: Sink, room: Arc<Room>, bounds: Bounds, tell: Tell) -> io::Result<Self> {
        let handle = runtime.handle()?.clone();
        let socket = Arc::new(socket);
        {
            let _entered = handle.enter();
            known_of(&socket)?; // told now, where there is no place for it
        }
        let tasks = Tasks::new(handle, Arc::clone(&tell));
        let (stop, stopping) = watch::channel(false);
        let queue = Queue::new(bounds, room);
        let (reads, works) = (Arc::clone(&queue), Arc::clone(&queue));
        spawn(&tasks, Arc::clone(&tell), read(reads, Arc::clone(&socket), stopping.clone()));
        spawn(&tasks, tell, work(works, sink, stopping));
        Ok(Self { runtime, tasks, stop, queue, socket })
    }

    /// The real port.
    pub fn port(&self) -> u16 {
        self.socket.local_addr().map_or(0, |address| address.port())
    }

    /// The descriptor, for asking the kernel what it dropped.
    pub fn descriptor(&self) -> i32 {
        self.socket.as_raw_fd()
    }

    /// How many datagrams were dropped: they found no room here, or for too long none in the journal.
    pub fn dropped(&self) -> u64 {
        self.queue.dropped()
    }

    /// Takes what the kernel holds and no more, pushes what waits as far as the journal takes it at once, and counts the rest as dropped. It
    /// waits, `grace` at most: not for a thread of the runtime.
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
        self.queue.forget();
        Ok(())
    }
}

impl Drop for Datagrams {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        self.tasks.cut();
    }
}

/// Without one of them nothing comes in any more: that is told.
fn spawn(tasks: &Tasks, tell: Tell, work: impl Future<Output = ()> + Send + 'static) {
    tasks.spawn(async move {
        if let Err(words) = caught(work).await {
            tell(Told::Ended(format!("a bug: {words}")));
        }
    });
}

async fn read(queue: Arc<Queue>, socket: Arc<StdUdp>, mut stopping: watch::Receiver<bool>) {
    let mut buffer = Buffer::new();
    let held_bytes = socket2::SockRef::from(&*socket).recv_buffer_size().unwrap_or(0);
    let pause = Duration::from_millis((held_bytes / FILLS_BYTES_MS) as u64).min(READ_EVERY_MAX);
    let mut known = None;
    'waits: loop {
        tokio::select! {
            biased;
            _ = stopping.wait_for(|is_stopping| *is_stopping) => break,
            () = something(&socket, &mut known) => {}
        }
        // The runtime knows of the socket no longer than it is waited for: it would be woken for each datagram that comes in a pause.
        known = known.filter(|_| pause.is_zero());
        let mut was_read = false;
        loop {
            let pause = match read_some(|place| socket.recv_from(place), &mut buffer, &queue) {
                Read::Nothing if was_read || pause.is_zero() => break,
                Read::Nothing | Read::All => pause, // woken for nothing: lest that comes at once again, and never ends
                Read::AndMore => Duration::ZERO,
            };
            was_read = true;
            tokio::select! {
                biased;
                _ = stopping.wait_for(|is_stopping| *is_stopping) => break 'waits,
                () = rest(pause) => {}
            }
        }
    }
    // What came before the stop, also what the runtime did not hear of yet; who floods does not hold it up.
    for _ in 0..READS_MAX {
        if read_some(|place| socket.recv_from(place), &mut buffer, &queue) != Read::AndMore {
            break;
        }
        tokio::task::yield_now().await;
    }
    queue.close();
}

/// Waits until there is something to read, or something wrong, which the read meets.
async fn something(socket: &StdUdp, known: &mut Option<UdpSocket>) {
    let waits = match known.take() {
        None => known_of(socket),
        Some(known) => Ok(known),
    };
    let Ok(waits) = waits else { return rest(READ_EVERY_MAX).await }; // too many descriptors, for now
    let waits = known.insert(waits);
    let _ = waits.readable().await; // what is wrong, the read meets
    // What comes from now on is told anew.
    let _ = waits.try_io(Interest::READABLE, || Err::<(), _>(io::ErrorKind::WouldBlock.into()));
}

/// The same socket, as the runtime knows it.
fn known_of(socket: &StdUdp) -> io::Result<UdpSocket> {
    UdpSocket::from_std(socket.try_clone()?)
}

/// Lets others go on for so long.
async fn rest(pause: Duration) {
    if pause.is_zero() { tokio::task::yield_now().await } else { tokio::time::sleep(pause).await }
}

/// What a read found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Read {
    Nothing,
    All,
    /// There may be more.
    AndMore,
}

fn read_some(mut receive: impl FnMut(&mut [u8]) -> io::Result<(usize, SocketAddr)>, buffer: &mut Buffer, queue: &Queue) -> Read {
    let mut read = Read::Nothing;
    for _ in 0..READS_MAX {
        let is_more = buffer.fill(&mut receive);
        if !buffer.came.is_empty() {
            read = Read::All;
            queue.take(buffer.datagrams());
        }
        if !is_more {
            return read;
        }
    }
    Read::AndMore
}

/// What is read at a time.
struct Buffer {
    /// The datagrams, one behind the other.
    bytes: Vec<u8>,
    /// Where each ends, and its sender.
    came: Vec<(usize, SocketAddr)>,
}

impl Buffer {
    fn new() -> Self {
        Self { bytes: vec![0; BUFFER_BYTES], came: Vec::with_capacity(READ_DATAGRAMS_MAX) }
    }

    /// Reads what is there, anew; whether there may be more.
    fn fill(&mut self, receive: &mut impl FnMut(&mut [u8]) -> io::Result<(usize, SocketAddr)>) -> bool {
        self.came.clear();
        let mut at = 0;
        while self.came.len() < READ_DATAGRAMS_MAX
            && let Some(place) = self.bytes.get_mut(at..at + DATAGRAM_BYTES_MAX)
        {
            match receive(place) {
                Ok((len, from)) => {
                    at += len;
                    self.came.push((at, from));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
                // A signal; or what a datagram of ours met, long ago: nothing of the next. It ends what is read now, lest it never ends.
                Err(_) => return !self.came.is_empty(),
            }
        }
        true
    }

    fn datagrams(&self) -> impl Iterator<Item = (&[u8], SocketAddr)> {
        let starts = std::iter::once(0).chain(self.came.iter().map(|came| came.0));
        starts.zip(&self.came).map(|(start, (end, from))| (self.bytes.get(start..*end).unwrap_or_default(), *from))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With a large buffer the socket is left alone for a while after each read, and the runtime knows of it anew each time that it is waited for;
    /// with a small one it is not.
    #[tokio::test(flavor = "multi_thread")]
    async fn what_comes_is_read_whether_the_socket_rests_or_not() {
        for buffer_bytes in [16 << 10, 8 << 20] {
            let socket = Arc::new(bind("127.0.0.1", 0, buffer_bytes).unwrap());
            let to = socket.local_addr().unwrap();
            let queue = Queue::new(Bounds { queue_bytes_max: 1 << 20, wait_max: Duration::ZERO }, Room::new(1 << 20));
            let (stop, mut stopping) = watch::channel(false);
            let reads = tokio::spawn(read(Arc::clone(&queue), socket, stopping.clone()));
            let sender = StdUdp::bind("127.0.0.1:0").unwrap();
            let mut read = Vec::new();
            for number in 0..12_u8 {
                sender.send_to(&[number], to).unwrap();
                while number % 3 == 2 && read.len() <= usize::from(number) {
                    let groups = queue.next(&mut stopping).await.unwrap();
                    read.extend(groups.iter().flat_map(|group| group.data.to_vec()));
                }
            }
            assert_eq!(read, (0..12).collect::<Vec<u8>>());
            stop.send_replace(true);
            reads.await.unwrap();
            assert!(queue.next(&mut stopping).await.is_none());
        }
    }
}
