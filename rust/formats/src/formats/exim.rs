//! Exim's main and reject logs: a time, perhaps a process and a message's id, and then words of which many say what they are (`H=`, `P=`,
//! `T=`), in an order that follows from the configuration. No list of patterns has them all, so the words are read one by one.

use std::sync::Arc;

use logloom_record::{BatchWriter, Key, RecordCursor, RejectReason, Tail, Text};

use crate::{
    About, Decoder, Format, Likely, OptionError, Options, Spec, open_framed,
    scan::find,
    swar,
    time::{self, Zone},
};

/// The row of `exim`.
pub static SPEC: Spec = Spec {
    name: "exim",
    about: About {
        line: "Exim's main log and reject log",
        page: "https://www.exim.org/exim-html-current/doc/html/spec_html/ch-log_files.html",
        example: "2026-11-21 10:40:59 1vMNnX-0000000B3zR-1aBc <= ann@example.org H=mail.example.org [198.51.100.23]:40022 P=esmtps S=1812 id=17@example.org",
    },
    options: &[],
    compile,
};

/// Fields of one letter or a few, and what they are. `true`: a number.
const FIELDS: [(&[u8], Key, bool); 13] = [
    (b"P", Key::new("network.protocol.name"), false),
    (b"X", Key::new("tls.cipher"), false),
    (b"CV", Key::new("exim.certificate_verified"), false),
    (b"A", Key::new("exim.authenticator"), false),
    (b"U", Key::new("exim.local_user"), false),
    (b"S", Key::new("exim.size"), true),
    (b"id", Key::new("exim.header_id"), false),
    (b"R", Key::new("exim.router"), false),
    (b"C", Key::new("exim.confirmation"), false),
    (b"QT", Key::new("exim.queue_time"), false),
    (b"DT", Key::new("exim.delivery_time"), false),
    (b"SNI", Key::new("tls.client.server_name"), false),
    (b"DN", Key::new("tls.client.subject"), false),
];
const PID: Key = Key::new("process.pid");
const MESSAGE_ID: Key = Key::new("exim.message_id");
const FLAG: Key = Key::new("exim.flag");
const FROM: Key = Key::new("exim.from");
const TO: Key = Key::new("exim.to");
const SUBJECT: Key = Key::new("exim.subject");
const TRANSPORT: Key = Key::new("exim.transport");
const HELO: Key = Key::new("exim.helo");
const REASON: Key = Key::new("exim.reason");
const USER: Key = Key::new("user.name");
const OUTCOME: Key = Key::new("event.outcome");
const PEER_NAME: Key = Key::new("source.address");
const SERVER_NAME: Key = Key::new("exim.host");
const PEER: (Key, Key) = (Key::new("client.address"), Key::new("client.port"));
/// Of a delivery.
const SERVER: (Key, Key) = (Key::new("server.address"), Key::new("server.port"));
const LOCAL: (Key, Key) = (Key::new("destination.address"), Key::new("destination.port"));
const ORIGINAL: Key = Key::new("log.record.original");

struct Exim {
    zone: Zone,
}

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    Ok(Arc::new(Exim { zone: options.zone()? }))
}

/// What stands in front of the words.
struct Head<'a> {
    time_unix_nano: u64,
    pid: Text<'a>,
    message_id: Text<'a>,
    /// `<=` and its kind; empty where the line is of none.
    flag: Text<'a>,
    /// Behind the time, process and id.
    body: Text<'a>,
    /// Behind the flag.
    words: Text<'a>,
}

fn head(line: Text<'_>, zone: Zone) -> Result<Head<'_>, RejectReason> {
    let (time_unix_nano, len) =
        time::prefix(line.bytes(), zone).map_err(|e| if e.is_value { e.reject(0) } else { RejectReason::syntax(e.what, e.at) })?;
    let mut rest = line.after(len);
    if rest.bytes().first() != Some(&b' ') {
        return Err(RejectReason::syntax("expected a blank behind the time", len));
    }
    rest = rest.after(1);
    let mut pid = Text::EMPTY;
    if let [b'[', digit, ..] = rest.bytes()
        && digit.is_ascii_digit()
        && let Some(end) = crate::scan::find_bytes(rest.bytes(), b"] ")
    {
        pid = rest.slice(1..end);
        rest = rest.after(end + 2);
    }
    let word = rest.slice(0..find(rest, b' ').unwrap_or(rest.len()));
    let mut message_id = Text::EMPTY;
    if is_message_id(word.bytes()) {
        message_id = word;
        rest = rest.after(word.len() + 1);
    }
    let flag = match rest.bytes() {
        [b'<' | b'=', b'=', b' ', ..] | [b'=' | b'-' | b'>' | b'*', b'>', b' ', ..] | [b'*', b'*', b' ', ..] => rest.slice(0..2),
        _ => Text::EMPTY,
    };
    let words = rest.after(if flag.is_empty() { 0 } else { 3 });
    Ok(Head { time_unix_nano, pid, message_id, flag, body: rest, words })
}

/// `1vMNnX-0000Nz-Rm`, or since 4.97 `1vMNnX-0000000B3zR-1aBc`.
fn is_message_id(word: &[u8]) -> bool {
    let dashes = match word.len() {
        16 => [6, 13],
        23 => [6, 18],
        _ => return false,
    };
    word.iter().enumerate().all(|(at, byte)| if dashes.contains(&at) { *byte == b'-' } else { byte.is_ascii_alphanumeric() })
}

impl Format for Exim {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn likely(&self, frame: &[u8]) -> Likely {
        let Ok(head) = head(Text::from(frame), Zone::UTC) else { return Likely::NO };
        let has = |part: &[u8]| crate::scan::find_bytes(head.body.bytes(), part).is_some();
        if !head.message_id.is_empty() {
            Likely(97)
        } else if has(b" authenticator failed for ") || (head.body.bytes().starts_with(b"H=") && has(b"[")) {
            Likely(95)
        } else if has(b"queue run: pid=") || head.body.bytes().starts_with(b"exim ") || has(b"SMTP connection from") {
            Likely(80)
        } else {
            Likely::NO
        }
    }

    fn parse(&self, frame: Text<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
        let head = head(frame, self.zone)?;
        let keeps_original = out.keeps_original();
        let mut rec = out.begin(head.time_unix_nano, 0, Text::EMPTY).body(head.body);
        if let Some((pid, _)) = swar::leading_u64(head.pid.bytes()).filter(|(_, digits)| *digits == head.pid.len()) {
            rec = rec.attr_i64(&PID, pid as i64);
        }
        if !head.message_id.is_empty() {
            rec = rec.attr(&MESSAGE_ID, head.message_id);
        }
        rec = rec.apart(|rec| words(rec, &head));
        if keeps_original {
            rec = rec.attr(&ORIGINAL, frame);
        }
        rec.finish(&Tail::default());
        Ok(())
    }

    fn open(self: Arc<Self>, frame_bytes_max: usize) -> Box<dyn Decoder> {
        open_framed(self, frame_bytes_max)
    }
}

/// What has been written already: each attribute stands once.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is of an attribute of its own")]
struct Seen {
    fields: u32,
    from: bool,
    to: bool,
    peer: bool,
    /// Whether the host is one that was delivered to.
    is_delivery: bool,
}

#[inline(never)]
fn words<'w>(mut rec: RecordCursor<'w>, head: &Head<'_>) -> RecordCursor<'w> {
    let mut seen = Seen::default();
    let mut rest = head.words;
    if !head.flag.is_empty() {
        rec = rec.attr(&FLAG, head.flag);
        let is_arrival = head.flag.bytes() == b"<=";
        (seen.from, seen.to, seen.is_delivery) = (is_arrival, !is_arrival, !is_arrival);
        let mut len = find(rest, b' ').unwrap_or(rest.len());
        let mut address = address_of(rest.slice(0..len));
        // A local user's name, and the address that it came to.
        let next = rest.after(len + 1);
        if !is_arrival && next.bytes().first() == Some(&b'<') {
            let next_len = find(next, b' ').unwrap_or(next.len());
            address = address_of(next.slice(0..next_len));
            len += 1 + next_len;
        }
        if !address.is_empty() {
            rec = rec.attr(if is_arrival { &FROM } else { &TO }, address);
        }
        rest = rest.after(len + 1);
    } else if let Some(at) = crate::scan::find_bytes(rest.bytes(), b" authenticator failed for ") {
        rec = rec.attr(&OUTCOME, Text::from("failure"));
        rec = peer(rec, rest.after(at + 26), &mut seen);
        if let Some(at) = crate::scan::find_bytes(rest.bytes(), b"(set_id=") {
            let user = rest.after(at + 8);
            rec = rec.attr(&USER, user.slice(0..find(user, b')').unwrap_or(user.len())));
        }
        return rec;
    }
    while !rest.is_empty() {
        let len = find(rest, b' ').unwrap_or(rest.len());
        let word = rest.slice(0..len);
        let after = rest.after(len + 1);
        rest = match word.bytes() {
            [b'H', b'=', ..] => {
                rec = peer(rec, rest.after(2), &mut seen);
                after
            }
            [b'I', b'=', b'[', ..] => {
                rec = address(rec, word.after(2), &LOCAL);
                after
            }
            [b'T', b'=', b'"', ..] => {
                let (subject, behind) = quoted(rest.after(2));
                rec = rec.attr(&SUBJECT, subject);
                behind
            }
            [b'T', b'=', ..] => {
                rec = rec.attr(&TRANSPORT, word.after(2));
                after
            }
            [b'F', b'=', ..] if !seen.from => {
                seen.from = true;
                rec = rec.attr(&FROM, angle(word.after(2)));
                after
            }
            b"rejected" | b"RCPT" | b"for" | b"from" | b"temporarily" => {
                let (written, is_end) = verdict(rec, word, after, &mut seen);
                rec = written;
                if is_end { Text::EMPTY } else { after }
            }
            _ => {
                let (written, behind) = field(rec, rest, len, &mut seen);
                rec = written;
                behind
            }
        };
    }
    rec
}

/// What was decided and about whom. Whether the line ends here: what follows are free words.
fn verdict<'w>(mut rec: RecordCursor<'w>, word: Text<'_>, after: Text<'_>, seen: &mut Seen) -> (RecordCursor<'w>, bool) {
    match word.bytes() {
        b"for" | b"from" => {
            let len = find(after, b' ').unwrap_or(after.len());
            let address = address_of(after.slice(0..len));
            let is_from = word.bytes() == b"from" || after.bytes().first() == Some(&b'<');
            let is_first = if is_from { !seen.from } else { !seen.to };
            if is_first && memchr::memchr(b'@', address.bytes()).is_some() {
                rec = rec.attr(if is_from { &FROM } else { &TO }, address);
                *(if is_from { &mut seen.from } else { &mut seen.to }) = true;
            }
            (rec, false)
        }
        b"RCPT" => {
            let end = crate::scan::find_bytes(after.bytes(), b">: ").map_or(after.len(), |at| at + 1);
            if !seen.to {
                seen.to = true;
                rec = rec.attr(&TO, angle(after.slice(0..end)));
            }
            let reason = after.after(end + 2);
            if !reason.is_empty() {
                rec = rec.attr(&REASON, reason);
            }
            (rec, true)
        }
        _ if after.bytes().starts_with(b"rejected") => (rec, false),
        _ => (rec.attr(&OUTCOME, Text::from("failure")), false),
    }
}

/// A word that says what it is, `rest`'s first of `len` bytes; else it is passed over.
fn field<'w, 'a>(rec: RecordCursor<'w>, rest: Text<'a>, len: usize, seen: &mut Seen) -> (RecordCursor<'w>, Text<'a>) {
    let word = rest.slice(0..len);
    let after = rest.after(len + 1);
    let Some(equals) = find(word, b'=') else { return (rec, after) };
    let Some(which) = FIELDS.iter().position(|(name, ..)| *name == word.slice(0..equals).bytes()) else { return (rec, after) };
    let Some((_, key, is_number)) = FIELDS.get(which).filter(|_| seen.fields & (1 << which) == 0) else { return (rec, after) };
    seen.fields |= 1 << which;
    let value = word.after(equals + 1);
    if value.bytes().first() == Some(&b'"') {
        let (value, behind) = quoted(rest.after(equals + 1));
        return (rec.attr(key, value), behind);
    }
    // A router that failed says why: `R=dnslookup: Unrouteable address`.
    let value = value.slice(0..value.bytes().strip_suffix(b":").map_or(value.len(), <[u8]>::len));
    let number = swar::leading_u64(value.bytes()).filter(|(_, digits)| *is_number && *digits == value.len());
    (if let Some((number, _)) = number { rec.attr_i64(key, number as i64) } else { rec.attr(key, value) }, after)
}

/// `name (helo) [address]:port`, each but the address perhaps missing.
fn peer<'w>(mut rec: RecordCursor<'w>, text: Text<'_>, seen: &mut Seen) -> RecordCursor<'w> {
    if seen.peer {
        return rec;
    }
    seen.peer = true;
    let mut rest = text;
    if !matches!(rest.bytes(), [b'(' | b'[', ..]) {
        let len = find(rest, b' ').unwrap_or(rest.len());
        rec = rec.attr(if seen.is_delivery { &SERVER_NAME } else { &PEER_NAME }, rest.slice(0..len));
        rest = rest.after(len + 1);
    }
    if rest.bytes().first() == Some(&b'(') {
        let end = find(rest, b')').unwrap_or(rest.len());
        rec = rec.attr(&HELO, rest.slice(1..end));
        rest = rest.after(end + 2);
    }
    address(rec, rest, if seen.is_delivery { &SERVER } else { &PEER })
}

/// `[address]:port`
fn address<'w>(mut rec: RecordCursor<'w>, text: Text<'_>, keys: &(Key, Key)) -> RecordCursor<'w> {
    let Some(end) = find(text, b']').filter(|_| text.bytes().first() == Some(&b'[')) else { return rec };
    rec = rec.attr(&keys.0, text.slice(1..end));
    match text.bytes().get(end + 1..) {
        Some([b':', port @ ..]) => match swar::leading_u64(port) {
            Some((port, _)) if port <= 65_535 => rec.attr_i64(&keys.1, port as i64),
            _ => rec,
        },
        _ => rec,
    }
}

/// The text in quotes, as it is written, and what follows the blank behind it.
fn quoted(text: Text<'_>) -> (Text<'_>, Text<'_>) {
    let end = crate::template::quoted_end(text, 0).unwrap_or(text.len());
    (text.slice(1..end.saturating_sub(1)), text.after(end + 1))
}

/// An address, without the colon behind it and the brackets around it.
fn address_of(word: Text<'_>) -> Text<'_> {
    angle(word.slice(0..word.bytes().strip_suffix(b":").map_or(word.len(), <[u8]>::len)))
}

/// Without `<` and `>` around it.
fn angle(text: Text<'_>) -> Text<'_> {
    match text.bytes() {
        [b'<', inner @ .., b'>'] => text.slice(1..inner.len() + 1),
        _ => text,
    }
}
