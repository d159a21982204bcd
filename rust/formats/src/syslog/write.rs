//! A header as attributes.

use logloom_record::{Envelope, Key, RecordCursor, Text};

use super::{
    data::{Reader, unescape},
    header::Header,
    tables,
};
use crate::swar;

static HOST: Key = Key::new("host.name");
static PROGRAM: Key = Key::new("process.executable.name");
static PROCESS: Key = Key::new("process.pid");
static PROCESS_ID: Key = Key::new("syslog.procid");
static HOST_NAME: Key = Key::new("syslog.hostname");
static PROGRAM_NAME: Key = Key::new("syslog.appname");
const PRIORITY: Key = Key::new("syslog.priority");
const FACILITY: Key = Key::new("syslog.facility.code");
const FACILITY_NAME: Key = Key::new("syslog.facility.name");
const SEVERITY: Key = Key::new("syslog.severity.code");
const VERSION: Key = Key::new("syslog.version");
const MESSAGE_ID: Key = Key::new("syslog.msg.id");
const SEQUENCE: Key = Key::new("syslog.sequence");
const DATA: &str = "syslog.structured_data";

/// Room for the name of a parameter: the prefix, two names at their longest, and what a copy by whole steps may read.
const NAME_ROOM: usize = DATA.len() + 2 * 129 + 64;

/// Writes the parts of a header, but for time, severity and message.
#[inline(always)]
pub(crate) fn header<'w>(mut rec: RecordCursor<'w>, header: &Header<'_>, scratch: &mut Vec<u8>) -> RecordCursor<'w> {
    if !header.host.is_empty() {
        rec = rec.attr(&HOST, header.host);
    }
    if !header.program.is_empty() {
        rec = rec.attr(&PROGRAM, header.program);
    }
    if !header.process.is_empty() {
        rec = match swar::leading_u64(header.process.tail()) {
            Some((number, digits)) if digits == header.process.len() && i64::try_from(number).is_ok() => {
                rec.attr_i64(&PROCESS, number as i64)
            }
            _ => rec.attr(&PROCESS_ID, header.process),
        };
    }
    if let Some(priority) = header.priority {
        rec = rec
            .attr_i64(&PRIORITY, i64::from(priority))
            .attr_i64(&FACILITY, i64::from(priority >> 3))
            .attr(&FACILITY_NAME, tables::facility(priority))
            .attr_i64(&SEVERITY, i64::from(priority & 7));
    }
    if header.version != 0 {
        rec = rec.attr_i64(&VERSION, i64::from(header.version));
    }
    if !header.message_id.is_empty() {
        rec = rec.attr(&MESSAGE_ID, header.message_id);
    }
    if let Some(sequence) = header.sequence {
        rec = rec.attr_i64(&SEQUENCE, sequence);
    }
    if !header.data.is_empty() {
        rec = rec.apart(|rec| data(rec, header.data, scratch));
    }
    rec
}

/// Writes structured data, an attribute a parameter. Over `attributes_max` they are counted as dropped.
#[inline(never)]
fn data<'w>(mut rec: RecordCursor<'w>, data: Text<'_>, scratch: &mut Vec<u8>) -> RecordCursor<'w> {
    each_parameter(data, scratch, |name, value| {
        if rec.admit() {
            rec.string_entry(0x32, name, value);
        }
    });
    rec
}

/// Hands over each parameter: `syslog.structured_data.<id>.<name>` and its value. An element without any is an empty text.
#[inline(always)]
fn each_parameter(data: Text<'_>, scratch: &mut Vec<u8>, mut take: impl FnMut(Text<'_>, Text<'_>)) {
    let mut reader = Reader::new(data);
    let mut room = [0; NAME_ROOM];
    room[..DATA.len()].copy_from_slice(DATA.as_bytes());
    // The id stays from one parameter to the next.
    let (mut id, mut id_end) = ((0, 0), DATA.len());
    while let Ok(Some(parameter)) = reader.next() {
        if parameter.id != id {
            id = parameter.id;
            id_end = put_part(&mut room, DATA.len(), data, id);
        }
        let len = put_part(&mut room, id_end, data, parameter.name);
        let name = Text::of(&room, 0..len);
        let value = data.slice(parameter.value.0..parameter.value.1);
        if parameter.has_escapes {
            scratch.clear();
            unescape(value.bytes(), scratch);
            take(name, Text::from(scratch.as_slice()));
        } else {
            take(name, value);
        }
    }
}

/// Hands over each parameter: the element's id, its name and value. Of an element without any, its id.
pub(crate) fn parameters(data: Text<'_>, mut take: impl FnMut(&[u8], &[u8], &[u8])) {
    let mut reader = Reader::new(data);
    let mut plain = Vec::new();
    while let Ok(Some(parameter)) = reader.next() {
        let part = |(start, end): (usize, usize)| data.slice(start..end.max(start)).bytes();
        plain.clear();
        if parameter.has_escapes {
            unescape(part(parameter.value), &mut plain);
        } else {
            plain.extend_from_slice(part(parameter.value));
        }
        take(part(parameter.id), part(parameter.name), &plain);
    }
}

/// Writes a dot and the part of the data at `at`, unless it is empty; where it ends.
#[inline(always)]
fn put_part(room: &mut [u8; NAME_ROOM], at: usize, data: Text<'_>, (start, end): (usize, usize)) -> usize {
    if end <= start {
        return at;
    }
    let part = data.slice(start..end);
    let len = part.len();
    if let Some(dot) = room.get_mut(at) {
        *dot = b'.';
    }
    let to = room.get_mut(at + 1..).unwrap_or_default();
    if len <= 32
        && let (Some(to), Some(from)) = (to.first_chunk_mut::<32>(), part.tail().first_chunk())
    {
        *to = *from;
    } else if let Some(to) = to.get_mut(..len) {
        to.copy_from_slice(part.bytes());
    }
    at + 1 + len
}

/// Puts the parts of a header around the record of its message, which another format reads. A name that the message may have for itself
/// is another one here, so that no attribute stands twice.
pub(super) fn envelope(header: &Header<'_>, frame: Text<'_>, scratch: &mut Vec<u8>, envelope: &mut Envelope) {
    let message = header.message.bytes();
    let name = |key: &'static Key, word: &[u8], own: &'static Key| {
        if crate::scan::find_bytes(message, word).is_some() { own.name() } else { key.name() }
    };
    if header.time_unix_nano != 0 {
        envelope.time(header.time_unix_nano);
    }
    if let Some((number, text)) = header.priority.and_then(tables::severity_name) {
        envelope.severity(number, text);
    }
    if !header.host.is_empty() {
        envelope.attr(name(&HOST, b"host", &HOST_NAME), header.host.bytes());
    }
    if !header.program.is_empty() {
        envelope.attr(name(&PROGRAM, b"proc", &PROGRAM_NAME), header.program.bytes());
    }
    match swar::leading_u64(header.process.tail()) {
        _ if header.process.is_empty() => {}
        Some((number, digits)) if digits == header.process.len() && i64::try_from(number).is_ok() => {
            // NGINX writes `17#17`.
            let numbers = header.program.bytes().starts_with(b"nginx") && memchr::memchr(b'#', message).is_some();
            let key = if numbers { PROCESS_ID.name() } else { name(&PROCESS, b"pid", &PROCESS_ID) };
            envelope.attr_int(key, number as i64);
        }
        _ => {
            envelope.attr(PROCESS_ID.name(), header.process.bytes());
        }
    }
    if let Some(priority) = header.priority {
        envelope.attr_int(PRIORITY.name(), i64::from(priority)).attr_int(FACILITY.name(), i64::from(priority >> 3));
        envelope.attr(FACILITY_NAME.name(), tables::facility(priority).bytes()).attr_int(SEVERITY.name(), i64::from(priority & 7));
    }
    if header.version != 0 {
        envelope.attr_int(VERSION.name(), i64::from(header.version));
    }
    if !header.message_id.is_empty() {
        envelope.attr(MESSAGE_ID.name(), header.message_id.bytes());
    }
    if let Some(sequence) = header.sequence {
        envelope.attr_int(SEQUENCE.name(), sequence);
    }
    each_parameter(header.data, scratch, |name, value| {
        envelope.attr(name.bytes(), value.bytes());
    });
    if !envelope.has_original() {
        envelope.original(frame.bytes(), true);
    }
}
