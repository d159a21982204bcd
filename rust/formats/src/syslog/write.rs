//! A header as attributes.

use logloom_record::{Key, RecordCursor, Text};

use super::{
    data::{Reader, unescape},
    header::Header,
    tables,
};
use crate::swar;

const HOST: Key = Key::new("host.name");
const PROGRAM: Key = Key::new("process.executable.name");
const PROCESS: Key = Key::new("process.pid");
const PROCESS_ID: Key = Key::new("syslog.procid");
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

/// Writes structured data, an attribute a parameter: `syslog.structured_data.<id>.<name>`. An element without any is an empty text.
#[inline(never)]
fn data<'w>(mut rec: RecordCursor<'w>, data: Text<'_>, scratch: &mut Vec<u8>) -> RecordCursor<'w> {
    let mut reader = Reader::new(data);
    let mut room = [0; NAME_ROOM];
    while let Ok(Some(parameter)) = reader.next() {
        let mut len = 0;
        let mut put = |part: &[u8]| {
            if let Some(to) = room.get_mut(len..len + part.len()) {
                to.copy_from_slice(part);
                len += part.len();
            }
        };
        put(DATA.as_bytes());
        for (start, end) in [parameter.id, parameter.name] {
            if end > start {
                put(b".");
                put(data.slice(start..end).bytes());
            }
        }
        let name = Text::of(&room, 0..len);
        let value = data.slice(parameter.value.0..parameter.value.1);
        if memchr::memchr(b'\\', value.bytes()).is_none() {
            rec = rec.attr_text(name, value);
        } else {
            scratch.clear();
            unescape(value.bytes(), scratch);
            rec = rec.attr_text(name, Text::from(scratch.as_slice()));
        }
    }
    rec
}
