//! `logproto.PushRequest`: proto/loki.proto has it.

use logloom_record::{
    BatchWriter, RejectReason, Text,
    proto::{Fields, Malformed, Value as Wire, text_field},
};

use super::{
    Estimate, labels,
    write::{Line, Writer},
};
use crate::spans::choice::is_binary;

const NANOS: i64 = 1_000_000_000;

fn cut(bad: Malformed) -> RejectReason {
    RejectReason::syntax("the push is cut, or no protobuf", bad.at)
}

/// Whether a frame may be one: its first stream begins with labels in braces. It may be cut.
pub(super) fn looks(frame: &[u8]) -> bool {
    is_binary(frame, |stream| Some(matches!(stream, [0x0a, _, b'{', ..] | [0x0a, _, 1..=8, b'{', ..]))) == Some(true)
        && frame.first() == Some(&b'\n')
        && memchr::memchr(b'{', frame.get(..16).unwrap_or(frame)).is_some()
}

/// Looks at all of a push before any of it is written.
pub(super) fn check(bytes: &[u8]) -> Result<(), RejectReason> {
    let mut estimate = Estimate::default();
    let mut streams = Fields::new(bytes);
    while let Some(field) = streams.next() {
        let (1, Wire::Len(stream)) = field.map_err(cut)? else { continue };
        let start = streams.position() - stream.len();
        let (mut lines, mut labels) = (0, 0);
        for field in Fields::new(stream) {
            match field.map_err(|bad| cut(Malformed { at: start + bad.at }))? {
                (1, Wire::Len(text)) => labels = text.len(),
                (2, Wire::Len(_)) => lines += 1,
                _ => {}
            }
        }
        estimate.add(lines, labels, stream.len())?;
    }
    Ok(())
}

/// Writes the lines of a push that was checked.
pub(super) fn read(frame: Text<'_>, writer: &mut Writer<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
    let bytes = frame.bytes();
    let mut streams = Fields::new(bytes);
    while let Some(field) = streams.next() {
        let (1, Wire::Len(stream)) = field.map_err(cut)? else { continue };
        let start = streams.position() - stream.len();
        let is_known = writer.stream(|label| labels::each(text_field(stream, 1), label), || text_field(stream, 1).to_vec());
        if writer.wants_sample() {
            let lines =
                Fields::new(stream).flatten().filter_map(|field| if let (2, Wire::Len(entry)) = field { Some(entry) } else { None });
            writer.find(lines.map(|entry| text_field(entry, 2)));
        }
        let mut entries = Fields::new(stream);
        while let Some(field) = entries.next() {
            let (2, Wire::Len(entry)) = field.map_err(cut)? else { continue };
            let at = start + entries.position() - entry.len();
            let raw = frame.slice(at..at + entry.len());
            let result = is_known.and_then(|()| line(raw, at, writer)).map(|line| writer.line(&line, out));
            if let Err(reason) = result {
                writer.reject(raw, at, reason, out);
            }
            out.end_frame();
        }
    }
    Ok(())
}

/// One line: its time, its text, and its structured metadata.
fn line<'a>(entry: Text<'a>, at: usize, writer: &mut Writer<'_>) -> Result<Line<'a>, RejectReason> {
    let mut line = Line { time: 0, text: Text::EMPTY, raw: entry, at, is_checked: false };
    writer.begin_line();
    let mut fields = Fields::new(entry.bytes());
    while let Some(field) = fields.next() {
        match field.map_err(cut)? {
            (1, Wire::Len(time)) => line.time = nanos(time)?,
            (2, Wire::Len(text)) => line.text = entry.slice(fields.position() - text.len()..fields.position()),
            // Structured metadata, and what a query has parsed from the line.
            (3 | 4, Wire::Len(pair)) => writer.fact(text_field(pair, 1), text_field(pair, 2))?,
            _ => {}
        }
    }
    Ok(line)
}

/// `google.protobuf.Timestamp`, in nanoseconds since 1970.
fn nanos(time: &[u8]) -> Result<u64, RejectReason> {
    let (mut seconds, mut nanos) = (0, 0);
    for field in Fields::new(time) {
        match field.map_err(cut)? {
            (1, Wire::Varint(value)) => seconds = value as i64,
            (2, Wire::Varint(value)) => nanos = value as i64,
            _ => {}
        }
    }
    let bad = RejectReason::value("the time is before 1970, or after 2262", 0);
    if !(0..NANOS).contains(&nanos) {
        return Err(bad);
    }
    seconds.checked_mul(NANOS).and_then(|whole| whole.checked_add(nanos)).and_then(|all| u64::try_from(all).ok()).ok_or(bad)
}
