//! Fluent Forward, versions 1 and 0, as a server:
//! [the specification](https://github.com/fluent/fluentd/wiki/Forward-Protocol-Specification-v1).

use std::sync::Arc;

use bytes::Bytes;
use logloom_record::{
    Delivery, lossy,
    msgpack::{Head, SkipError, Skipper},
};
use ring::digest::{SHA512, digest};

use crate::{Encoding, Inbox, Step, Token, Wire, content::inflated_bytes_max, decompress};

/// Arrays and maps lie at most so deep in each other.
const DEPTH_MAX: usize = 64;
/// What a client may call a message that it wants acknowledged, in bytes: 16 in base 64, usually.
const CHUNK_ID_BYTES_MAX: usize = 256;
/// What a handshake may have before it is known who talks, in bytes.
const HANDSHAKE_BYTES_MAX: usize = 8 << 10;

/// What a server asks of its clients.
#[derive(Clone, Default)]
pub struct Settings {
    /// The largest message, also inflated, in bytes.
    pub message_bytes_max: usize,
    /// What both sides must know; empty: anybody may send.
    pub shared_key: String,
    /// Names and passwords, one of which a client must give as well; none: the key is enough.
    pub users: Vec<(String, String)>,
    /// What the server calls itself.
    pub hostname: String,
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings")
            .field("message_bytes_max", &self.message_bytes_max)
            .field("hostname", &self.hostname)
            .finish_non_exhaustive()
    }
}

/// What a value is.
enum Found {
    /// Nothing to be taken.
    Nothing,
    Message(Bytes),
    /// A compressed message, which needs so much room.
    Room(usize),
}

/// One connection.
#[derive(Debug)]
pub struct Forward {
    settings: Arc<Settings>,
    inbox: Inbox,
    /// A compressed message, while there is no room for what is in it.
    packed: Option<Bytes>,
    skipper: Skipper,
    /// What the handshake's digests are salted with, while it is not over.
    nonce: Option<[u8; 32]>,
    /// What proved who the client is, until it is let in, and why it is not.
    proof: Option<(Bytes, Result<(), String>)>,
    /// The id of the message that is out, where its client wants to hear of it.
    chunk_id: Option<Vec<u8>>,
    token: Token,
}

impl Forward {
    /// A new connection; `nonce` are random bytes: no two connections may have the same.
    pub fn new(settings: Arc<Settings>, nonce: [u8; 32]) -> Self {
        let nonce = (!settings.shared_key.is_empty()).then_some(nonce);
        Self { settings, inbox: Inbox::default(), packed: None, skipper: Skipper::default(), nonce, proof: None, chunk_id: None, token: 0 }
    }

    /// The next whole value of the connection.
    fn value(&mut self) -> Result<Option<Bytes>, String> {
        let max = if self.nonce.is_some() { HANDSHAKE_BYTES_MAX } else { self.settings.message_bytes_max };
        match self.skipper.skip(self.inbox.bytes(), DEPTH_MAX, max as u64) {
            Ok(None) => Ok(None),
            Ok(Some(len)) => {
                self.skipper = Skipper::default();
                Ok(Some(self.inbox.take(len)))
            }
            Err(SkipError::Deep) => Err(format!("values lie more than {DEPTH_MAX} deep in each other")),
            Err(SkipError::NoValue) => Err("no MessagePack: is it a client of Fluent Forward, and TLS on both sides or on none?".into()),
            Err(SkipError::Long) => Err(format!("a message of over {max} bytes: send less at once, or raise the bound")),
        }
    }

    /// A message, or what stands for one. `has_room`: for all that a compressed one may hold.
    fn message(&mut self, value: Bytes, has_room: bool) -> Result<Found, String> {
        let mut reader = Reader { bytes: &value, at: 0 };
        let len = match reader.head() {
            // A heartbeat.
            Some(Head::Nil) => return Ok(Found::Nothing),
            Some(Head::Array(len @ 2..=4)) => len,
            // What it is the format says, and keeps it.
            _ => return Ok(Found::Message(value)),
        };
        let start = reader.at;
        reader.pass();
        let entries = reader.at;
        let is_packed = matches!(reader.head(), Some(Head::Str(_) | Head::Bin(_)));
        reader.at = entries;
        for _ in 2..len {
            reader.pass();
        }
        let mut compressed = None;
        if let Some(Head::Map(pairs)) = reader.head() {
            for _ in 0..pairs {
                match reader.text() {
                    Some(b"chunk") => self.chunk_id = reader.text().filter(|id| id.len() <= CHUNK_ID_BYTES_MAX).map(<[u8]>::to_vec),
                    Some(b"compressed") => compressed = reader.text().map(|name| lossy(name).into_owned()),
                    _ => reader.pass(),
                }
            }
        }
        let encoding = match compressed.as_deref() {
            Some("gzip") if is_packed => Encoding::Gzip,
            Some("zstd") if is_packed => Encoding::Zstd,
            None | Some("text" | "") => return Ok(Found::Message(value)),
            Some(other) => return Err(format!("cannot inflate '{}': gzip and zstd are known", other.chars().take(40).collect::<String>())),
        };
        reader.at = entries;
        let packed = reader.text().unwrap_or_default();
        let max = self.settings.message_bytes_max;
        if !has_room {
            // Inflated, and once more behind its tag.
            let size_bytes = 2 * inflated_bytes_max(packed, encoding, max);
            self.packed = Some(value);
            return Ok(Found::Room(size_bytes));
        }
        let inflated = decompress(packed, encoding, max).map_err(|error| error.to_string())?;
        Ok(Found::Message(rebuilt(value.get(start..entries).unwrap_or_default(), &inflated)))
    }

    /// Whom a `PING` proves, by what the server knows: one of its users, where it has any. Or why it proves nothing.
    fn proven(&self, ping: &[u8], nonce: &[u8; 32]) -> Result<Option<String>, &'static str> {
        let mut reader = Reader { bytes: ping, at: 0 };
        let is_ping = reader.head() == Some(Head::Array(6)) && reader.text() == Some(b"PING");
        let mut part = || reader.text().unwrap_or_default();
        let (hostname, salt, key_digest, user, password_digest) = (part(), part(), part(), part(), part());
        let (nonce, auth) = nonce.split_at(16);
        if !is_ping {
            return Err("expected a PING");
        }
        if !is_same(&hex(&[salt, hostname, nonce, self.settings.shared_key.as_bytes()]), key_digest) {
            return Err("shared_key mismatch");
        }
        if self.settings.users.is_empty() {
            return Ok(None);
        }
        // All are looked at, so that the time tells nothing of names.
        let known = self.settings.users.iter().fold(None, |known, (name, password)| {
            let is_it = is_same(name.as_bytes(), user) & is_same(&hex(&[auth, user, password.as_bytes()]), password_digest);
            if is_it { Some(name) } else { known }
        });
        known.cloned().map(Some).ok_or("username/password mismatch")
    }

    /// The `PONG` that a `PING` gets, which ends the handshake.
    fn pong(&mut self, ping: &[u8], nonce: &[u8; 32], verdict: Result<(), String>) -> Step {
        let mut pong = vec![0x95];
        put_str(&mut pong, b"PONG");
        if let Err(why) = verdict {
            pong.push(0xc2);
            put_str(&mut pong, why.as_bytes());
            put_str(&mut pong, b"");
            put_str(&mut pong, b"");
            return Step::Bad { reply: pong, why };
        }
        let mut reader = Reader { bytes: ping, at: 0 };
        let _ = (reader.head(), reader.text(), reader.text());
        let salt = reader.text().unwrap_or_default();
        let own = self.settings.hostname.as_bytes();
        pong.push(0xc3);
        put_str(&mut pong, b"");
        put_str(&mut pong, own);
        put_str(&mut pong, &hex(&[salt, own, nonce.split_at(16).0, self.settings.shared_key.as_bytes()]));
        self.nonce = None;
        Step::Reply(pong)
    }
}

impl Wire for Forward {
    fn greet(&mut self) -> Vec<u8> {
        let Some(nonce) = &self.nonce else { return Vec::new() };
        let (nonce, auth) = nonce.split_at(16);
        let mut helo = vec![0x92];
        put_str(&mut helo, b"HELO");
        helo.push(0x83);
        put_str(&mut helo, b"nonce");
        put_bin(&mut helo, nonce);
        put_str(&mut helo, b"auth");
        put_bin(&mut helo, if self.settings.users.is_empty() { &[] } else { auth });
        put_str(&mut helo, b"keepalive");
        helo.push(0xc3);
        helo
    }

    fn feed(&mut self, bytes: &[u8]) {
        self.inbox.feed(bytes);
    }

    fn step(&mut self) -> Step {
        if let Some((nonce, (ping, verdict))) = self.nonce.zip(self.proof.take()) {
            return self.pong(&ping, &nonce, verdict);
        }
        loop {
            let packed = self.packed.take();
            let has_room = packed.is_some();
            let value = match packed.map_or_else(|| self.value(), |packed| Ok(Some(packed))) {
                Ok(Some(value)) => value,
                Ok(None) => return Step::Need,
                Err(why) => return Step::bad(why),
            };
            if let Some(nonce) = self.nonce {
                match self.proven(&value, &nonce) {
                    Ok(Some(user)) => {
                        self.proof = Some((value, Ok(())));
                        return Step::User(user);
                    }
                    Ok(None) => return self.pong(&value, &nonce, Ok(())),
                    Err(why) => return self.pong(&value, &nonce, Err(why.into())),
                }
            }
            self.chunk_id = None;
            match self.message(value, has_room) {
                Ok(Found::Nothing) => {}
                Ok(Found::Room(size_bytes)) => return Step::Room(size_bytes),
                Ok(Found::Message(chunk)) => {
                    self.token += 1;
                    return Step::Message { chunk, token: self.token };
                }
                Err(why) => return Step::bad(why),
            }
        }
    }

    fn answer(&mut self, token: Token, delivery: &Delivery) -> Vec<u8> {
        match self.chunk_id.take_if(|_| token == self.token && !matches!(delivery, Delivery::Retry(_))) {
            Some(id) => {
                let mut ack = vec![0x81];
                put_str(&mut ack, b"ack");
                put_str(&mut ack, &id);
                ack
            }
            None => Vec::new(),
        }
    }

    fn refuse(&mut self, why: &str) {
        if let Some((_, verdict)) = &mut self.proof {
            *verdict = Err(why.to_owned());
        }
    }

    fn held(&self) -> usize {
        let proof = self.proof.as_ref().map_or(0, |(ping, _)| ping.len());
        self.inbox.bytes().len() + self.packed.as_ref().map_or(0, Bytes::len) + proof
    }
}

/// A message in packed mode, its events inflated.
fn rebuilt(tag: &[u8], events: &[u8]) -> Bytes {
    let mut message = Vec::with_capacity(tag.len() + events.len() + 6);
    message.push(0x92);
    message.extend_from_slice(tag);
    message.push(0xc6);
    message.extend_from_slice(&(events.len() as u32).to_be_bytes());
    message.extend_from_slice(events);
    message.into()
}

fn put_str(out: &mut Vec<u8>, text: &[u8]) {
    match text.len() {
        len @ 0..=31 => out.push(0xa0 | len as u8),
        len @ 32..=255 => out.extend_from_slice(&[0xd9, len as u8]),
        len => {
            out.push(0xda);
            out.extend_from_slice(&(len as u16).to_be_bytes());
        }
    }
    out.extend_from_slice(text);
}

fn put_bin(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&[0xc4, bytes.len() as u8]);
    out.extend_from_slice(bytes);
}

/// The SHA-512 of the parts together, in hex digits.
fn hex(parts: &[&[u8]]) -> Vec<u8> {
    digest(&SHA512, &parts.concat()).as_ref().iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect()
}

/// Whether they are the same, in a time that does not tell where they differ.
fn is_same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}

/// Reads a value that was passed over before: it is whole.
struct Reader<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl<'b> Reader<'b> {
    fn head(&mut self) -> Option<Head> {
        let (head, len) = Head::read(self.bytes.get(self.at..)?).ok()?;
        self.at += len;
        Some(head)
    }

    fn text(&mut self) -> Option<&'b [u8]> {
        let head = self.head()?;
        let body = self.bytes.get(self.at..self.at.checked_add(head.body_len())?)?;
        self.at += body.len();
        if let Head::Str(_) | Head::Bin(_) = head {
            return Some(body);
        }
        self.values(head.values());
        None
    }

    fn pass(&mut self) {
        self.values(1);
    }

    fn values(&mut self, mut left: u64) {
        while left > 0 {
            let Some(head) = self.head() else { return };
            self.at = self.at.saturating_add(head.body_len());
            left = left - 1 + head.values();
        }
    }
}
