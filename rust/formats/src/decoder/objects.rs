//! A JSON object that goes on over several lines, among lines that each are one.

use logloom_record::Text;
use memchr::memchr;

use super::{elements::Cutter, join::RECORD_LINES_MAX};
use crate::json::Scanner;

/// An object whose end has not come. Its lines wait here.
#[derive(Debug)]
pub(super) struct Open {
    cutter: Cutter,
    /// Its lines, each with what ended it.
    pub(super) lines: Vec<u8>,
    /// Its lines that came otherwise than they are kept, as with colours: where each begins in `lines`, and as it came.
    pub(super) raws: Vec<(usize, Vec<u8>)>,
    /// The source offset of its first byte.
    pub(super) from: u64,
    /// How many of its lines are not empty.
    pub(super) waiting: u64,
}

/// What a line is to an object that may be open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A part of it that does not end it.
    GoesOn,
    /// Its last part: so many bytes of the line belong to it.
    Ends(usize),
    /// None of it: the lines before are not the beginning of an object either.
    Breaks,
}

/// Whether the line is no object, or array, by itself, but may be the beginning of one, or a bracket or comma around some.
pub(crate) fn is_part(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    match line {
        [b'{', .., last] => *last != b'}',
        [b'[', .., last] => *last != b']',
        [b'{' | b'[' | b']' | b','] | b"]," => true,
        _ => false,
    }
}

/// Whether the line is an object, by its ends; also one behind a byte order mark. One that goes on in the next line is none.
#[inline(always)]
pub(crate) fn is_object(line: &[u8]) -> bool {
    match line {
        [b'{', .., b'}'] => true,
        [b' ' | b'\t' | 0xef, ..] => {
            let object = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line).trim_ascii();
            object.first() == Some(&b'{') && object.last() == Some(&b'}')
        }
        [b'{', ..] => line.trim_ascii_end().last() == Some(&b'}'),
        _ => false,
    }
}

/// What stands before an object in its line: blanks, and the bracket of a list of objects.
pub(super) fn before(line: &[u8]) -> usize {
    let blank = |at: usize| line.get(at..).unwrap_or_default().iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let start = blank(0);
    match line.get(start) {
        Some(b'[' | b']' | b',') => {
            let inside = start + 1 + blank(start + 1);
            if line.get(inside).is_none_or(|byte| matches!(byte, b'{' | b',')) { inside } else { start }
        }
        _ => start,
    }
}

/// Whether only what stands between the objects of a list stands in `rest`.
pub(super) fn is_between(rest: &[u8]) -> bool {
    rest.iter().all(|byte| byte.is_ascii_whitespace() || matches!(byte, b',' | b']'))
}

impl Open {
    pub(super) fn new(from: u64) -> Self {
        Self { cutter: Cutter::default(), lines: Vec::new(), raws: Vec::new(), from, waiting: 0 }
    }

    /// All its lines as they came, where one came otherwise than it is kept.
    pub(super) fn came(&self) -> Option<Vec<u8>> {
        let mut whole = Vec::new();
        let mut raws = self.raws.iter().peekable();
        raws.peek()?;
        let mut at = 0;
        for line in self.lines.split_inclusive(|byte| *byte == b'\n') {
            match raws.next_if(|(from, _)| *from == at) {
                Some((_, raw)) => {
                    whole.extend_from_slice(raw);
                    whole.extend(line.last().filter(|byte| **byte == b'\n'));
                }
                None => whole.extend_from_slice(line),
            }
            at += line.len();
        }
        Some(whole)
    }

    /// Takes the next line, or the part of one with which the object begins; `newline` is what ended it, `raw` it as it came, if otherwise.
    pub(super) fn take(&mut self, line: &[u8], newline: &[u8], raw: Option<&[u8]>, bytes_max: usize) -> Step {
        // JSON has no line end inside a string, and a line that begins with a brace is an object of its own.
        let is_first = self.lines.is_empty();
        if !is_first && (line.first() == Some(&b'{') || !may_go_on(line)) || self.lines.len() + line.len() > bytes_max {
            return Step::Breaks;
        }
        if self.raws.len() >= RECORD_LINES_MAX as usize {
            return Step::Breaks;
        }
        match self.cutter.cut(line) {
            Some(end) => Step::Ends(end),
            None if self.cutter.is_in_string() => Step::Breaks,
            None => {
                self.raws.extend(raw.map(|raw| (self.lines.len(), raw.to_vec())));
                self.lines.extend_from_slice(line);
                self.lines.extend_from_slice(newline);
                Step::GoesOn
            }
        }
    }
}

/// Whether a token of JSON stands at the line's beginning.
fn may_go_on(line: &[u8]) -> bool {
    match line.trim_ascii() {
        [] | [b'"' | b'{' | b'}' | b'[' | b']' | b',' | b':' | b'-' | b'0'..=b'9', ..] => true,
        word => [&b"true"[..], b"false", b"null"].iter().any(|name| word.starts_with(name)),
    }
}

/// Whether the bytes are one value of JSON.
pub(super) fn is_good(bytes: &[u8]) -> bool {
    let mut json = Scanner::new(Text::from(bytes), u32::MAX);
    json.value().and_then(|value| json.skip(value)).and_then(|()| json.end()).is_ok()
}

/// The object at the beginning of `sample` with all its lines; `None` where its end is not there, or it is none.
pub(crate) fn spread(sample: &[u8]) -> Option<usize> {
    let mut open = Open::new(0);
    let mut at = 0;
    while let Some(rest) = sample.get(at..).filter(|rest| !rest.is_empty()) {
        let len = memchr(b'\n', rest).unwrap_or(rest.len());
        let line = rest.get(..len).unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let newline = rest.get(line.len()..=len).or(rest.get(line.len()..)).unwrap_or_default();
        match open.take(line, newline, None, usize::MAX) {
            Step::GoesOn => at += line.len() + newline.len(),
            Step::Ends(end) => return is_between(line.get(end..)?).then_some(at + end),
            Step::Breaks => return None,
        }
    }
    None
}
