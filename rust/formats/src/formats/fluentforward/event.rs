//! One event, taken apart.

use logloom_record::{RejectReason, msgpack::Head};

use super::reason;
use crate::msgpack_json::{Damage, Reader, event_time, string};

pub(super) const NANOS: i64 = 1_000_000_000;
/// The seconds of what opens and closes a group of Fluent Bit's: it holds what its events share.
pub(super) const GROUP_BEGINS: i64 = -1;
pub(super) const GROUP_ENDS: i64 = -2;

/// One event.
pub(super) struct Event {
    /// In nanoseconds; 0 where it has none. That of a group's mark is negative.
    pub(super) time: i64,
    /// Where its metadata begins, of which Fluent Bit writes some.
    pub(super) metadata: Option<usize>,
    /// Where its record begins.
    pub(super) record: usize,
}

impl Event {
    /// Whether it only opens or closes a group.
    pub(super) fn is_mark(&self) -> bool {
        matches!(self.time.div_euclid(NANOS), GROUP_BEGINS | GROUP_ENDS)
    }

    /// Whether more is known of it than its time and its record.
    pub(super) fn has_metadata(&self, bytes: &[u8]) -> bool {
        self.metadata.is_some_and(|at| matches!(Reader::from(bytes, at).head(), Ok(Head::Map(1..))))
    }
}

fn separate(json: &mut Vec<u8>) {
    if json.len() > 1 {
        json.push(b',');
    }
}

/// What Fluent Bit knows of an event besides its record: of `otlp` the members themselves, which are named as OpenTelemetry names them.
pub(super) fn metadata(bytes: &[u8], at: usize, depth: u32, json: &mut Vec<u8>) -> Result<(), Damage> {
    let mut reader = Reader::from(bytes, at);
    let Head::Map(len) = reader.head()? else { return Ok(()) };
    for _ in 0..len {
        let before = reader;
        let key = reader.text()?.unwrap_or_default();
        let value = reader;
        match (key, reader.head()?) {
            (b"otlp", Head::Map(0)) => {}
            (b"otlp", Head::Map(members)) => otlp(&mut reader, members, depth, json)?,
            _ if key.is_empty() => {
                reader = before;
                reader.pass()?;
                reader.pass()?;
            }
            _ => {
                separate(json);
                let mut name = b"fluent.metadata.".to_vec();
                name.extend_from_slice(key);
                string(&name, json);
                json.push(b':');
                reader = value;
                reader.value(depth, json)?;
            }
        }
    }
    Ok(())
}

/// The members of `otlp`; its attributes are the record's.
fn otlp(reader: &mut Reader<'_>, members: u32, depth: u32, json: &mut Vec<u8>) -> Result<(), Damage> {
    for _ in 0..members {
        let before = *reader;
        let key = reader.text()?;
        match (key, reader.head()?) {
            (Some(b"attributes"), Head::Map(0)) => {}
            (Some(b"attributes"), Head::Map(len)) => {
                separate(json);
                reader.pairs(len, depth, json)?;
            }
            _ => {
                *reader = before;
                separate(json);
                reader.pairs(1, depth, json)?;
            }
        }
    }
    Ok(())
}

/// Takes an event apart, whose time comes next.
pub(super) fn split(reader: &mut Reader<'_>) -> Result<Event, RejectReason> {
    let mut metadata = None;
    let at = reader.at;
    let mut head = reader.head().map_err(reason)?;
    if let Head::Array(2) = head {
        // Fluent Bit's: the time, and what is known besides.
        head = reader.head().map_err(reason)?;
        metadata = Some(0);
    }
    let time = match head {
        Head::Uint(seconds) => i64::try_from(seconds).ok().and_then(|seconds| seconds.checked_mul(NANOS)),
        Head::Int(seconds) => seconds.checked_mul(NANOS),
        Head::Float(seconds) if seconds.is_finite() && seconds.abs() < 9.2e9 => {
            // Its fraction by itself: a double has no nanoseconds of today.
            Some(seconds.trunc() as i64 * NANOS + (seconds.fract() * 1e9).round() as i64)
        }
        Head::Ext(kind, _) => event_time(kind, reader.body(head).map_err(reason)?),
        Head::Nil => Some(0),
        _ => None,
    };
    let time = time.ok_or_else(|| RejectReason::value("the time of an event is seconds, or an EventTime", at))?;
    if metadata.is_some() {
        metadata = Some(reader.at);
        reader.pass().map_err(reason)?;
    }
    Ok(Event { time, metadata, record: reader.at })
}

/// Whether a time stands at `at`.
pub(super) fn is_plain_time(bytes: &[u8], at: usize) -> bool {
    matches!(Reader::from(bytes, at).head(), Ok(Head::Uint(_) | Head::Int(_) | Head::Float(_) | Head::Ext(0, 8)))
}

/// Whether a time stands at `at` that has its metadata with it: then the message is one event.
pub(super) fn is_time(bytes: &[u8], at: usize) -> bool {
    let mut reader = Reader::from(bytes, at);
    matches!(reader.head(), Ok(Head::Array(2)))
        && matches!(reader.head(), Ok(Head::Uint(_) | Head::Int(_) | Head::Float(_) | Head::Ext(0, 8)))
}
