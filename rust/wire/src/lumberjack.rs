//! Lumberjack, versions 1 and 2: what Beats and Logstash send.
//! [The protocol](https://github.com/logstash-plugins/logstash-input-beats/blob/main/PROTOCOL.md).

use bytes::{Buf, Bytes};
use logloom_record::{Delivery, lossy};

use crate::{Encoding, Inbox, Step, Token, Wire, content::inflated_bytes_max, decompress};

/// One connection. The events of a window, or as many of them as the bound takes, are one message: JSON, one event a line.
#[derive(Debug)]
pub struct Lumberjack {
    message_bytes_max: usize,
    inbox: Inbox,
    /// Frames that came compressed, while they are read.
    inflated: Bytes,
    /// Whether there is room for the next of them.
    has_room: bool,
    /// The version that the client writes.
    version: u8,
    /// How many events its window has yet to bring.
    left: u32,
    /// The events so far, one a line.
    events: Vec<u8>,
    /// The number of the last of them.
    sequence: u32,
    token: Token,
    /// How far an event of version 1 was looked at that is not all there.
    partly: Option<Partly>,
}

/// An event of version 1 that is still coming.
#[derive(Clone, Copy, Debug)]
struct Partly {
    /// How many keys and values are still to come.
    left: u32,
    /// Where the next of them begins, from the frame's start.
    at: usize,
}

impl Partly {
    /// Goes on as far as `frame` goes; whether all of it is there.
    fn is_whole(&mut self, frame: &[u8], max: usize) -> Result<bool, String> {
        while self.left > 0 {
            let Some(len) = frame.get(self.at..).and_then(|rest| rest.first_chunk::<4>()) else { return Ok(false) };
            let end = self.at.saturating_add(4).saturating_add(u32::from_be_bytes(*len) as usize);
            if end > max {
                return Err(format!("an event of over {max} bytes: send less at once, or raise the bound"));
            }
            if end > frame.len() {
                return Ok(false);
            }
            (self.at, self.left) = (end, self.left - 1);
        }
        Ok(true)
    }
}

/// A frame, taken apart.
enum Frame {
    Window(u32),
    Event {
        sequence: u32,
    },
    Compressed(Bytes),
    /// Compressed frames, which need so much room.
    Room(usize),
}

/// What is wrong with compressed frames of which the last is not whole.
const CUT: &str = "compressed frames end in the middle of one";
/// The most pairs that an event of version 1 may have.
const PAIRS_MAX: u32 = 10_000;

impl Lumberjack {
    /// A new connection; `message_bytes_max` bounds a frame, also inflated, and a message.
    pub fn new(message_bytes_max: usize) -> Self {
        Self {
            message_bytes_max,
            inbox: Inbox::default(),
            inflated: Bytes::new(),
            has_room: false,
            version: b'2',
            left: 0,
            events: Vec::new(),
            sequence: 0,
            token: 0,
            partly: None,
        }
    }

    /// The next frame; `None` where it is not all there.
    fn frame(&mut self) -> Result<Option<Frame>, String> {
        let is_inside = !self.inflated.is_empty();
        let bytes: &[u8] = if is_inside { &self.inflated } else { self.inbox.bytes() };
        let Some((&[version, kind], rest)) = bytes.split_first_chunk::<2>() else {
            return if is_inside { Err(CUT.into()) } else { Ok(None) };
        };
        if !matches!(version, b'1' | b'2') {
            let tls = if version == 0x16 { ": it speaks TLS, and this listener does not" } else { "" };
            return Err(format!("no Lumberjack: a frame begins with byte {version:#04x}{tls}"));
        }
        self.version = version;
        let mut parts = Parts { rest, len: 2 };
        let mut event = Vec::new();
        let max = self.message_bytes_max;
        let frame = match kind {
            b'W' => parts.number().map(Frame::Window),
            b'J' => {
                let (sequence, json) = (parts.number(), parts.bytes(max)?);
                json.zip(sequence).map(|(json, sequence)| {
                    // Between the values of JSON a line end is a blank; inside a string none can stand.
                    event.extend(json.iter().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte }));
                    Frame::Event { sequence }
                })
            }
            b'D' => {
                let (sequence, count) = (parts.number(), parts.number());
                let Some(count) = count else { return if is_inside { Err(CUT.into()) } else { Ok(None) } };
                if count > PAIRS_MAX {
                    return Err(format!("an event of {count} pairs, over the bound of {PAIRS_MAX}"));
                }
                let partly = self.partly.get_or_insert(Partly { left: 2 * count, at: parts.len });
                if !partly.is_whole(bytes, max)? {
                    return if is_inside { Err(CUT.into()) } else { Ok(None) };
                }
                self.partly = None;
                pairs(count, &mut parts, max, &mut event)?.zip(sequence).map(|((), sequence)| Frame::Event { sequence })
            }
            b'C' if is_inside => return Err("compressed frames hold compressed frames".into()),
            b'C' => match parts.bytes(max)? {
                None => None,
                Some(packed) if !self.has_room => {
                    self.has_room = true;
                    return Ok(Some(Frame::Room(inflated_bytes_max(packed, Encoding::Deflate, max))));
                }
                Some(packed) => {
                    let inflated = decompress(packed, Encoding::Deflate, max).map_err(|error| error.to_string())?;
                    Some(Frame::Compressed(inflated.into()))
                }
            },
            other => return Err(format!("a frame of type {:?}, which is none", char::from(other))),
        };
        let Some(frame) = frame else {
            return if is_inside { Err(CUT.into()) } else { Ok(None) };
        };
        let len = parts.len;
        if is_inside {
            self.inflated.advance(len);
        } else {
            self.inbox.pass(len);
        }
        if let Frame::Event { .. } = frame {
            self.events.extend_from_slice(&event);
            self.events.push(b'\n');
        }
        Ok(Some(frame))
    }

    /// The events so far as a message.
    fn message(&mut self) -> Step {
        self.token += 1;
        Step::Message { chunk: std::mem::take(&mut self.events).into(), token: self.token }
    }

    fn ack(&self, sequence: u32) -> Vec<u8> {
        let [a, b, c, d] = sequence.to_be_bytes();
        vec![self.version, b'A', a, b, c, d]
    }
}

impl Wire for Lumberjack {
    fn feed(&mut self, bytes: &[u8]) {
        self.inbox.feed(bytes);
    }

    fn step(&mut self) -> Step {
        loop {
            match self.frame() {
                Err(why) => return Step::bad(why),
                Ok(None) => return Step::Need,
                Ok(Some(Frame::Room(size_bytes))) => return Step::Room(size_bytes),
                Ok(Some(Frame::Compressed(inflated))) => (self.inflated, self.has_room) = (inflated, false),
                Ok(Some(Frame::Window(size))) => {
                    self.left = size;
                    if !self.events.is_empty() {
                        // The window before was not filled: its events count all the same.
                        return self.message();
                    }
                }
                Ok(Some(Frame::Event { sequence })) => {
                    self.sequence = sequence;
                    self.left = self.left.saturating_sub(1);
                    if self.left == 0 || self.events.len() >= self.message_bytes_max {
                        return self.message();
                    }
                }
            }
        }
    }

    fn answer(&mut self, token: Token, delivery: &Delivery) -> Vec<u8> {
        if token != self.token || matches!(delivery, Delivery::Retry(_)) {
            return Vec::new();
        }
        self.ack(self.sequence)
    }

    /// An answer that acknowledges nothing: clients take it as a sign of life.
    fn keep_alive(&self) -> Vec<u8> {
        self.ack(0)
    }

    fn held(&self) -> usize {
        self.inbox.bytes().len() + self.inflated.len() + self.events.len()
    }
}

/// Reads the parts of a frame.
struct Parts<'b> {
    rest: &'b [u8],
    /// The frame's length so far.
    len: usize,
}

impl<'b> Parts<'b> {
    fn number(&mut self) -> Option<u32> {
        let (number, rest) = self.rest.split_first_chunk::<4>()?;
        (self.rest, self.len) = (rest, self.len + 4);
        Some(u32::from_be_bytes(*number))
    }

    /// Bytes with their length before them.
    fn bytes(&mut self, max: usize) -> Result<Option<&'b [u8]>, String> {
        let Some(len) = self.number() else { return Ok(None) };
        if len as usize > max {
            return Err(format!("a frame of {len} bytes, over the bound of {max}: send less at once, or raise the bound"));
        }
        let Some((bytes, rest)) = self.rest.split_at_checked(len as usize) else { return Ok(None) };
        (self.rest, self.len) = (rest, self.len + bytes.len());
        Ok(Some(bytes))
    }
}

/// The pairs of an event of version 1, as an object.
fn pairs(count: u32, parts: &mut Parts<'_>, max: usize, event: &mut Vec<u8>) -> Result<Option<()>, String> {
    event.push(b'{');
    for i in 0..count {
        let Some(key) = parts.bytes(max)? else { return Ok(None) };
        let Some(value) = parts.bytes(max)? else { return Ok(None) };
        if i > 0 {
            event.push(b',');
        }
        // What version 1 calls the line is the message everywhere else.
        string(if key == b"line" { b"message" } else { key }, event);
        event.push(b':');
        string(value, event);
    }
    event.push(b'}');
    Ok(Some(()))
}

fn string(bytes: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for c in lossy(bytes).chars() {
        match c {
            '"' | '\\' => out.extend_from_slice(&[b'\\', c as u8]),
            '\0'..='\x1f' => out.extend_from_slice(format!("\\u{:04x}", c as u32).as_bytes()),
            _ => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    out.push(b'"');
}
