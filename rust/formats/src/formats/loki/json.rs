//! Pushes as JSON: `{"streams": [{"stream": {…}, "values": [["time", "line", {…}], …]}]}`, and what came before that:
//! `{"streams": [{"labels": "{…}", "entries": [{"ts": …, "line": …}]}]}`.

use logloom_record::{BatchWriter, RejectReason, Text};

use super::{
    Estimate, labels,
    write::{Line, Writer},
};
use crate::{
    json::{Scanner, Str, Value},
    time::{self, epoch},
};

/// Levels of objects and arrays that a push has; nothing in it may be of any shape.
const DEPTH_MAX: u32 = 16;

/// A stream: where its labels and its lines stand.
#[derive(Clone, Copy)]
struct Stream<'a> {
    labels: Option<(Scanner<'a>, Value<'a>)>,
    lines: Scanner<'a>,
    /// How much it takes up, and how many lines it has.
    len: usize,
    count: u64,
}

/// Gives each stream to `stream`.
fn each<'a>(frame: Text<'a>, mut stream: impl FnMut(Stream<'a>) -> Result<(), RejectReason>) -> Result<(), RejectReason> {
    let mut json = Scanner::new(frame, DEPTH_MAX);
    json.byte_order_mark();
    let Value::Object = json.value()? else { return Err(RejectReason::syntax("expected an object with the key streams", 0)) };
    while let Some(key) = json.key()? {
        let value = json.value()?;
        if !key.is(b"streams") || matches!(value, Value::Null) {
            json.skip(value)?;
            continue;
        }
        let Value::Array = value else { return Err(RejectReason::value("streams is an array", json.position())) };
        while json.item()? {
            let start = json.start();
            let (Value::Object, next) = (json.value()?, json) else {
                return Err(RejectReason::value("a stream is an object", start));
            };
            json.skip(Value::Object)?;
            stream(one(next, json.position() - start)?)?;
        }
    }
    json.end()
}

/// Finds what a stream, whose bracket was read, consists of.
fn one(mut json: Scanner<'_>, len: usize) -> Result<Stream<'_>, RejectReason> {
    let (start, mut labels, mut lines, mut count) = (json.position(), None, None, 0);
    while let Some(key) = json.key()? {
        let value = json.value()?;
        let place = json;
        match value {
            Value::Array if key.is(b"values") || key.is(b"entries") => {
                while json.item()? {
                    let item = json.value()?;
                    json.skip(item)?;
                    count += 1;
                }
                lines = Some(place);
            }
            _ if key.is(b"stream") || key.is(b"labels") => {
                labels = Some((place, value));
                json.skip(value)?;
            }
            _ => json.skip(value)?,
        }
    }
    let lines = lines.ok_or(RejectReason::value("a stream has an array of values", start))?;
    Ok(Stream { labels, lines, len, count })
}

/// Looks at all of a push before any of it is written.
pub(super) fn check(frame: Text<'_>) -> Result<(), RejectReason> {
    let mut estimate = Estimate::default();
    each(frame, |stream| {
        let labels = match stream.labels {
            Some((mut json, value)) => {
                let start = json.position();
                json.skip(value)?;
                if let Value::Str(text) = value { text.text.len() } else { json.position() - start }
            }
            None => 0,
        };
        estimate.add(stream.count, labels, stream.len)
    })
}

/// Writes the lines of a push that was checked.
pub(super) fn read(frame: Text<'_>, writer: &mut Writer<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
    each(frame, |stream| {
        let is_known = writer.stream(|label| labels_of(stream.labels, label), || raw_of(stream.labels));
        if writer.wants_sample() {
            let mut lines = stream.lines;
            writer.find(std::iter::from_fn(|| sample(&mut lines)));
        }
        let mut json = stream.lines;
        while json.item()? {
            let start = json.start();
            let value = json.value()?;
            let inside = json;
            json.skip(value)?;
            let raw = frame.slice(start..json.position());
            let mut text = Vec::new();
            let result = is_known
                .and_then(|()| line(inside, value, writer))
                .map(|(time, line)| writer.line(&Line { time, text: line.resolve(&mut text), raw, at: start, is_checked: true }, out));
            if let Err(reason) = result {
                let at = reason.at.saturating_sub(start as u32);
                writer.reject(raw, start, RejectReason { at, ..reason }, out);
            }
            out.end_frame();
        }
        Ok(())
    })
}

/// The labels of a stream: an object of strings, or their text.
fn labels_of(
    labels: Option<(Scanner<'_>, Value<'_>)>,
    mut label: impl FnMut(&[u8], &[u8]) -> Result<(), RejectReason>,
) -> Result<(), RejectReason> {
    match labels {
        None => Ok(()),
        Some((json, Value::Object)) => pairs(json, label),
        Some((_, Value::Str(text))) => labels::each(text.resolve(&mut Vec::new()).bytes(), &mut label),
        Some((json, _)) => Err(RejectReason::value("the labels of a stream are an object of strings", json.position())),
    }
}

/// What stands in the place of the labels.
fn raw_of(labels: Option<(Scanner<'_>, Value<'_>)>) -> Vec<u8> {
    let mut raw = Vec::new();
    match labels {
        Some((_, Value::Str(text))) => text.unescape_into(&mut raw),
        Some((mut json, value)) => {
            let start = json.position().saturating_sub(1);
            if json.skip(value).is_ok() {
                raw.extend_from_slice(json.frame().slice(start..json.position()).bytes());
            }
        }
        None => {}
    }
    raw
}

/// The entries of an object of strings.
fn pairs(mut json: Scanner<'_>, mut pair: impl FnMut(&[u8], &[u8]) -> Result<(), RejectReason>) -> Result<(), RejectReason> {
    let (mut name, mut text) = (Vec::new(), Vec::new());
    while let Some(key) = json.key()? {
        let Value::Str(value) = json.value()? else {
            return Err(RejectReason::value("labels and structured metadata are strings", json.position()));
        };
        pair(key.resolve(&mut name).bytes(), value.resolve(&mut text).bytes())?;
    }
    Ok(())
}

/// One line: its time and its text. Its structured metadata goes to the writer.
fn line<'a>(mut json: Scanner<'a>, value: Value<'a>, writer: &mut Writer<'_>) -> Result<(u64, Str<'a>), RejectReason> {
    let bad = RejectReason::value("expected a time, a line, and structured metadata if there is any", json.position());
    writer.begin_line();
    let (mut at, mut text) = (None, None);
    match value {
        Value::Array => {
            let mut count = 0;
            while json.item()? {
                match (count, json.value()?) {
                    (0, value) => at = Some(nanos(value).ok_or(bad)?),
                    (1, Value::Str(line)) => text = Some(line),
                    (2, Value::Object) => {
                        pairs(json, |name, value| writer.fact(name, value))?;
                        json.skip(Value::Object)?;
                    }
                    (2, Value::Null) => {}
                    _ => return Err(bad),
                }
                count += 1;
            }
        }
        Value::Object => {
            while let Some(key) = json.key()? {
                match json.value()? {
                    value if key.is(b"ts") || key.is(b"timestamp") => at = Some(nanos(value).ok_or(bad)?),
                    Value::Str(line) if key.is(b"line") => text = Some(line),
                    Value::Object if key.is(b"structuredMetadata") => {
                        pairs(json, |name, value| writer.fact(name, value))?;
                        json.skip(Value::Object)?;
                    }
                    other => json.skip(other)?,
                }
            }
        }
        _ => {}
    }
    at.zip(text).ok_or(bad)
}

/// Nanoseconds since 1970, in digits; a fraction says that it is another unit, by its size; also RFC 3339.
fn nanos(value: Value<'_>) -> Option<u64> {
    let text = match value {
        Value::Int(nanos) => return u64::try_from(nanos).ok(),
        Value::Str(text) => text.text.bytes(),
        _ => return None,
    };
    if !text.is_empty() && text.iter().all(u8::is_ascii_digit) {
        return std::str::from_utf8(text).ok()?.parse().ok().filter(|nanos| i64::try_from(*nanos).is_ok());
    }
    epoch::parse(text).or_else(|_| time::parse(text)).ok()
}

/// The text of the next line, for who finds out what lines are; as it stands.
fn sample(json: &mut Scanner<'_>) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    if json.item().ok()? {
        let value = json.value().ok()?;
        let mut inside = *json;
        json.skip(value).ok()?;
        if let Value::Array = value
            && inside.item().ok()?
        {
            let time = inside.value().ok()?;
            inside.skip(time).ok()?;
            if let (true, Ok(Value::Str(line))) = (inside.item().ok()?, inside.value()) {
                line.unescape_into(&mut text);
            }
        }
        return Some(text);
    }
    None
}
