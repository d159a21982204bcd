//! A line of a container's log, taken apart.

use logloom_record::{RejectReason, Text, proto::push_string_attribute};

use crate::{
    json::{Scanner, Str, Value},
    time::{self, Zone},
};

/// Which of the two streams of a container a line was written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stream {
    Out,
    Err,
}

impl Stream {
    pub(super) const NAMES: [&'static [u8]; 2] = [b"stdout", b"stderr"];

    fn of(name: &[u8]) -> Option<Self> {
        match name {
            b"stdout" => Some(Self::Out),
            b"stderr" => Some(Self::Err),
            _ => None,
        }
    }
}

/// A line: when and where it was written, and what.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry<'a> {
    /// 0 where there is none.
    pub(super) time_unix_nano: u64,
    pub(super) stream: Stream,
    /// The message goes on in the stream's next line.
    pub(super) is_partial: bool,
    pub(super) message: Text<'a>,
}

/// Whether a line is one of Docker's, and not of the Container Runtime Interface.
#[inline(always)]
pub(super) fn is_docker(line: &[u8]) -> bool {
    line.first() == Some(&b'{')
}

/// A line as the Container Runtime Interface has them: `TIME stdout|stderr P|F MESSAGE`; other tags may follow the first.
#[inline(always)]
pub(super) fn cri(line: Text<'_>) -> Result<Entry<'_>, RejectReason> {
    let bytes = line.bytes();
    let (time_unix_nano, len) = time::prefix(bytes, Zone::UTC).map_err(|error| error.reject(0))?;
    let stream = match bytes.get(len..).and_then(<[u8]>::first_chunk::<8>) {
        Some(b" stdout ") => Stream::Out,
        Some(b" stderr ") => Stream::Err,
        _ => return Err(RejectReason::syntax("expected stdout or stderr", len + 1)),
    };
    let tag = len + 8;
    let is_partial = match bytes.get(tag) {
        Some(b'F') => false,
        Some(b'P') => true,
        _ => return Err(RejectReason::syntax("expected P or F", tag)),
    };
    let mut end = tag + 1;
    if bytes.get(end) == Some(&b':') {
        end += bytes.get(end..).unwrap_or_default().iter().take_while(|byte| **byte != b' ').count();
    }
    match bytes.get(end) {
        None => Ok(Entry { time_unix_nano, stream, is_partial, message: Text::EMPTY }),
        Some(b' ') => Ok(Entry { time_unix_nano, stream, is_partial, message: line.after(end + 1) }),
        Some(_) => Err(RejectReason::syntax("expected a blank after P or F", end)),
    }
}

/// A line as Docker's `json-file` driver writes them. Its message is unescaped into `message`; `attributes` gets what its `attrs` say.
#[inline(always)]
pub(super) fn docker<'m>(line: Text<'_>, message: &'m mut Vec<u8>, attributes: &mut Vec<u8>) -> Result<Entry<'m>, RejectReason> {
    message.clear();
    let mut json = Scanner::new(line, 4);
    let (mut log, mut stream, mut time_unix_nano): (Option<Str<'_>>, _, _) = (None, None, 0);
    match json.value()? {
        Value::Object => {}
        _ => return Err(RejectReason::syntax("expected an object", 0)),
    }
    while let Some(key) = json.key()? {
        match json.value()? {
            Value::Str(text) if key.is(b"log") => log = Some(text),
            Value::Str(text) if key.is(b"stream") => stream = Stream::of(text.text.bytes()),
            Value::Str(text) if key.is(b"time") => time_unix_nano = time::parse(text.text.bytes()).unwrap_or_default(),
            Value::Object if key.is(b"attrs") => json = attrs(json, attributes)?,
            other => json.skip(other)?,
        }
    }
    json.end()?;
    let Some(log) = log else { return Err(RejectReason::syntax("expected the key log", 0)) };
    let Some(stream) = stream else { return Err(RejectReason::syntax("expected the key stream: stdout or stderr", 0)) };
    log.unescape_into(message);
    let is_partial = message.last() != Some(&b'\n');
    if !is_partial {
        message.pop();
        if message.last() == Some(&b'\r') {
            message.pop();
        }
    }
    Ok(Entry { time_unix_nano, stream, is_partial, message: Text::from(message.as_slice()) })
}

/// The labels and variables that the daemon was told to log.
#[cold]
fn attrs<'a>(mut json: Scanner<'a>, attributes: &mut Vec<u8>) -> Result<Scanner<'a>, RejectReason> {
    while let Some(key) = json.key()? {
        match json.value()? {
            Value::Str(text) => {
                let mut name = b"docker.attrs.".to_vec();
                key.unescape_into(&mut name);
                let mut value = Vec::new();
                text.unescape_into(&mut value);
                push_string_attribute(attributes, 0x32, &name, &value);
            }
            other => json.skip(other)?,
        }
    }
    Ok(json)
}

/// Whether a line looks like one of a container's log, by a glance: of the Container Runtime Interface, of Docker's.
pub(super) fn looks(line: &[u8]) -> (bool, bool) {
    if is_docker(line) {
        let has = |what: &[u8]| crate::scan::find_bytes(line, what).is_some();
        let head = line.get(1..).unwrap_or_default().trim_ascii_start().starts_with(b"\"log\"");
        return (false, head && has(b"\"stream\"") && (has(b"\"stdout\"") || has(b"\"stderr\"")) && has(b"\"time\""));
    }
    (line.first().is_some_and(u8::is_ascii_digit) && cri(Text::from(line)).is_ok(), false)
}
