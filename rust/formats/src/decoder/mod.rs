//! The state of one source: what must wait over chunks.

mod ansi;
mod cuts;
mod cutter;
mod elements;
mod join;
mod lines;
mod objects;
mod reading;
mod status;
mod whole;

use bytes::Bytes;
use logloom_record::{BatchWriter, RejectKind, RejectReason, Text, repair};

use crate::{
    Began, Format,
    formats::text,
    time::Zone,
    trace::{Exception, exception},
};

pub(crate) use ansi::strip as strip_ansi;
pub(crate) use cuts::{Cut, Cuts, Read};
pub(crate) use cutter::{Cutter, Line, Part, Sink};
pub(crate) use elements::Cutter as ObjectCutter;
pub use elements::Elements;
pub(crate) use join::{Join, Outer, Pushed, RECORD_LINES_MAX, read_in, read_outer};
pub use lines::Lines;
pub(crate) use objects::{is_object, is_part, spread};
pub(crate) use reading::{ENCODING, MULTILINE, STRIP_ANSI};
pub use reading::{Multiline, Reading};
pub(crate) use status::ByStatus;
pub use whole::Whole;

/// From which source offset on bytes are still needed: all below it are in records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Held {
    /// The offset in bytes from the start of the source.
    pub from: u64,
}

/// The state of one source (a file, a connection, a stream).
pub trait Decoder: Send {
    /// Reads the next bytes of the source. What must wait for more stays here.
    fn feed(&mut self, chunk: &Bytes, out: &mut BatchWriter) -> Held;

    /// The source ended, or paused for long enough: what waited becomes records.
    fn flush(&mut self, out: &mut BatchWriter);

    /// The source goes on at this offset: offsets count from here. For before the first bytes.
    fn resume(&mut self, offset: u64);

    /// Reads lines otherwise than by default. For before the first bytes; nothing to a source that is not made of lines.
    fn configure(&mut self, _reading: &Reading) {}

    /// How many frames were cut that wait here for more: what becomes of them is not decided.
    fn waiting(&self) -> u64 {
        0
    }

    /// The name of the format in use, once it is known: `auto` answers with what it found.
    fn format(&self) -> &'static str;
}

/// Reads one frame: repairs what is not UTF-8, runs the format, keeps a bad frame as a Reject.
/// `checked`: the frame is known to be UTF-8.
#[inline(always)]
pub(crate) fn read_frame<F: Format + ?Sized>(format: &F, frame: Text<'_>, checked: bool, offset: u64, out: &mut BatchWriter) {
    read_with(format.spec().name, |frame, out| format.parse(frame, out), frame, checked, offset, out);
}

/// The same of a frame of whose first line it is known how it began.
#[inline(always)]
pub(crate) fn read_begun<F: Format + ?Sized>(
    format: &F,
    frame: Text<'_>,
    began: &Began,
    checked: bool,
    offset: u64,
    out: &mut BatchWriter,
) {
    read_with(format.spec().name, |frame, out| format.parse_begun(frame, began, out), frame, checked, offset, out);
}

/// The same, by any function that writes the frame's records.
#[inline(always)]
pub(crate) fn read_with(
    name: &'static str,
    parse: impl Fn(Text<'_>, &mut BatchWriter) -> Result<(), RejectReason>,
    frame: Text<'_>,
    checked: bool,
    offset: u64,
    out: &mut BatchWriter,
) {
    out.set_frame_offset(offset);
    if !checked && simdutf8::basic::from_utf8(frame.bytes()).is_err() {
        return read_repaired(name, parse, frame.bytes(), offset, out);
    }
    let before = out.mark();
    match out.attempt(|out| parse(frame, out)) {
        Ok(()) => {
            out.read(before);
            out.end_frame();
        }
        Err(reason) => out.reject(frame.bytes(), reason, offset, name),
    }
}

/// Reads a part of a frame that holds many, as [`read_frame`] reads a frame; who reads the frame counts its parts.
#[inline]
pub(crate) fn read_part(
    name: &'static str,
    parse: impl Fn(Text<'_>, &mut BatchWriter) -> Result<(), RejectReason>,
    part: Text<'_>,
    checked: bool,
    offset: u64,
    out: &mut BatchWriter,
) {
    let result = if checked || simdutf8::basic::from_utf8(part.bytes()).is_ok() {
        out.attempt(|out| parse(part, out))
    } else {
        let text = repair(part.bytes()).unwrap_or_default();
        out.set_raw(Some(part.bytes().to_vec()));
        let result = out.attempt(|out| parse(Text::from(text.as_slice()), out));
        out.set_raw(None);
        result
    };
    match result {
        Ok(()) => out.end_frame(),
        Err(reason) => out.reject(part.bytes(), reason, offset, name),
    }
}

/// Reads a frame of several lines, which may be a stack trace: its records say what was raised. A trace that the format cannot read, as it
/// begins none of its records, is a record of its own and no Reject. What was raised stays in the writer's envelope: end it.
#[cold]
#[inline(never)]
pub(crate) fn read_joined<F: Format + ?Sized>(
    format: &F,
    frame: Text<'_>,
    began: &Began,
    checked: bool,
    offset: u64,
    out: &mut BatchWriter,
) {
    let Some(Exception { kind, message, stacktrace }) = exception(frame.bytes()) else {
        return read_begun(format, frame, began, checked, offset, out);
    };
    let envelope = out.envelope();
    for (name, value) in [("exception.type", kind), ("exception.message", message), ("exception.stacktrace", stacktrace)] {
        if !value.is_empty() {
            envelope.attr(name.as_bytes(), repair(value).as_deref().unwrap_or(value));
        }
    }
    if format.begins(frame.bytes()) {
        read_begun(format, frame, began, checked, offset, out);
    } else {
        let plain = |frame: Text<'_>, out: &mut BatchWriter| text::parse(Zone::UTC, frame, out);
        read_with(format.spec().name, plain, frame, checked, offset, out);
    }
}

/// OTLP strings must be UTF-8: each ill-formed part becomes U+FFFD, and the frame's records carry the original
/// as bytes in `log.record.original`.
#[cold]
fn read_repaired(
    name: &'static str,
    parse: impl Fn(Text<'_>, &mut BatchWriter) -> Result<(), RejectReason>,
    raw: &[u8],
    offset: u64,
    out: &mut BatchWriter,
) {
    let Some(text) = repair(raw) else { return };
    if !out.envelope().has_original() {
        out.set_raw(Some(raw.to_vec()));
    }
    let before = out.mark();
    let result = out.attempt(|out| parse(Text::from(text.as_slice()), out));
    out.set_raw(None);
    match result {
        Ok(()) => {
            out.read(before);
            out.end_frame();
        }
        Err(reason) => out.reject(raw, reason, offset, name),
    }
}

/// What is said of a frame that is longer than the bound.
pub(crate) fn too_long() -> RejectReason {
    RejectReason { kind: RejectKind::Limit, what: "the frame is longer than frame_bytes_max", at: 0 }
}
