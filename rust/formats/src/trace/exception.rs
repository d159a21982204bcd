//! What a stack trace says: type and message of what was raised.

use std::ops::Range;

use memchr::{memchr, memmem, memrchr};

use crate::scan::has_pair;

use super::line::{TRACEBACK, is_frame, is_numbered, is_ruby_place, is_trace_point, type_len};

/// An exception in a text; the parts lie in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Exception<'t> {
    /// `exception.type`; empty where the trace does not say.
    pub(crate) kind: &'t [u8],
    /// `exception.message`; empty where there is none.
    pub(crate) message: &'t [u8],
    /// `exception.stacktrace`: from the exception to the end.
    pub(crate) stacktrace: &'t [u8],
}

/// The most lines of a message that are looked at for the line that names the type.
const MESSAGE_LINES_MAX: usize = 64;

const SERVING: &[u8] = b": panic serving ";
const PANICKED: &[u8] = b"' panicked at ";

/// The exception that `text`, of several lines, tells of: the one that reached the top.
pub(crate) fn exception(text: &[u8]) -> Option<Exception<'_>> {
    // Most texts have none of what tells the kind of a trace, wherever that stands in its line.
    let is_marked = has_pair(text, [*b"Tr", *b"pa", *b":i"]);
    let [traceback, panic, ruby] = [TRACEBACK, b"panic", b":in "].map(|mark| is_marked && find(text, mark).is_some());
    let [serving, panicked] = [SERVING, PANICKED].map(|mark| panic && find(text, mark).is_some());
    let find = |is_there: bool, line, mark| if is_there { find(line, mark) } else { None };
    for (start, line) in lines(text) {
        let trimmed = line.trim_ascii_start();
        let indented = trimmed.len() < line.len();
        // Nor does a line mostly begin as one of a trace does.
        let begins = matches!(trimmed.first(), Some(b'p' | b'f' | b'a' | b'C' | b'S' | b'F' | b'-' | b'.' | b'#' | b'['));
        if !begins && !is_marked {
            continue;
        }
        if let Some(at) = find(traceback, line, TRACEBACK) {
            return Some(python(text, start + at));
        }
        if line.starts_with(b"panic: ") || line.starts_with(b"fatal error: ") {
            return Some(go(text, start, line));
        }
        if let Some(at) = find(serving, line, SERVING) {
            let message = line.get(at + 16..).unwrap_or_default();
            let message = find(true, message, b": ").map_or(message, |at| message.get(at + 2..).unwrap_or_default());
            return Some(Exception { kind: b"panic", message, stacktrace: after(text, start) });
        }
        if let Some(at) = find(panicked, line, PANICKED).filter(|_| line.starts_with(b"thread '")) {
            return Some(rust(text, start, start + at + 14));
        }
        if indented && (is_frame(trimmed) || is_trace_point(trimmed).is_some()) || ruby && is_ruby_place(line) && start > 0 {
            if is_ruby_place(trimmed) && !is_frame(trimmed) {
                return ruby_error(text);
            }
            return raised(text, 0..start);
        }
        if is_numbered(trimmed) || trimmed.starts_with(b"Stack trace:") || trimmed.starts_with(b"[stacktrace]") {
            return numbered(text, start);
        }
        if matches!(trimmed, b"Caused by:" | b"Stack backtrace:") && text.starts_with(b"Error: ") {
            let message = text.get(7..start).unwrap_or_default().trim_ascii();
            return Some(Exception { kind: b"Error", message, stacktrace: text });
        }
    }
    None
}

/// The lines with where they begin, without what ends them.
fn lines(text: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = text.get(at..).filter(|rest| !rest.is_empty())?;
        let (start, end) = (at, memchr(b'\n', rest).unwrap_or(rest.len()));
        at += end + 1;
        let line = rest.get(..end)?;
        Some((start, line.strip_suffix(b"\r").unwrap_or(line)))
    })
}

fn find(line: &[u8], what: &[u8]) -> Option<usize> {
    crate::scan::find_bytes(line, what)
}

fn after(text: &[u8], at: usize) -> &[u8] {
    text.get(at..).unwrap_or_default()
}

/// `Type: message`, of which the message may go on; or a type alone.
fn type_and_message(text: &[u8], len: usize) -> (&[u8], &[u8]) {
    let (kind, rest) = text.split_at(len.min(text.len()));
    (kind, rest.strip_prefix(b":").unwrap_or(rest).trim_ascii())
}

/// Java, Node, .NET: the exception stands in the lines `within`, before the first frame.
fn raised(text: &[u8], within: Range<usize>) -> Option<Exception<'_>> {
    let head = text.get(within.clone())?;
    let starts: Vec<_> = lines(head).collect();
    for (start, line) in starts.iter().rev().take(MESSAGE_LINES_MAX) {
        let Some((at, len)) = type_in(line) else { continue };
        let from = within.start + start + at;
        let said = text.get(from..within.end)?;
        let (kind, mut message) = type_and_message(said, len);
        // What was thrown within, as .NET has it in the same line or the next.
        message = find(message, b" ---> ")
            .or_else(|| find(message, b"---> "))
            .map_or(message, |at| message.get(..at).unwrap_or_default())
            .trim_ascii();
        if let Some(inside) = message.strip_prefix(b"[") {
            // `Error [CODE]: message`, `IndexNotFoundException[message]`.
            message = match find(inside, b"]: ") {
                Some(at) => inside.get(at + 3..).unwrap_or_default(),
                None => inside.strip_suffix(b"]").unwrap_or(inside),
            };
        }
        return Some(Exception { kind, message, stacktrace: after(text, from) });
    }
    // Frames alone: a trace, of what it does not say.
    Some(Exception { kind: b"", message: b"", stacktrace: after(text, within.end) })
}

/// Where the name of a type stands in a line, and its length: at the line's beginning, else the last one that is followed by what follows types.
fn type_in(line: &[u8]) -> Option<(usize, usize)> {
    let ends = |at: usize, len: usize| {
        matches!(line.get(at + len), None | Some(b':' | b'[' | b'(')) || line.get(at + len..).is_some_and(|rest| rest.starts_with(b" ["))
    };
    let mut at = 0;
    let mut found = None;
    loop {
        let rest = line.get(at..)?;
        if let Some(len) = type_len(rest).filter(|len| ends(at, *len)) {
            // The message of one may name another: the first that is told of with a colon is meant.
            return Some((at, len));
        }
        if found.is_none()
            && let Some(len) = type_len(rest)
        {
            found = Some((at, len));
        }
        match memchr(b' ', rest) {
            Some(blank) => at += blank + 1,
            None => return found,
        }
    }
}

/// Python: the last trace's last line says what was raised; of a group, the line behind its first frames.
fn python(text: &[u8], from: usize) -> Exception<'_> {
    let last = memmem::rfind(text, TRACEBACK).unwrap_or(from);
    let line_start = |at: usize| text.get(..at).and_then(|before| memrchr(b'\n', before)).map_or(0, |at| at + 1);
    let stacktrace = after(text, from);
    let group = find(text.get(from.saturating_sub(18)..from).unwrap_or_default(), b"Exception Group ").is_some();
    let (scan, margin) = if group { (from, b"| ".as_slice()) } else { (last, b"".as_slice()) };
    let indent = text
        .get(line_start(scan)..scan)
        .filter(|_| !group)
        .map_or(0, |before| before.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'|')).count());
    let from_line = scan + memchr(b'\n', after(text, scan)).map_or(0, |at| at + 1);
    for (start, line) in lines(after(text, from_line)) {
        let (at, said) = if group {
            let trimmed = line.trim_ascii_start();
            let Some(said) = trimmed.strip_prefix(margin).filter(|said| !said.starts_with(b" ")) else { continue };
            (line.len() - said.len(), said)
        } else {
            let blanks = line.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'|')).count();
            if blanks > indent || blanks == line.len() || (blanks == 0 && indent > 0) {
                continue;
            }
            (blanks, line.get(blanks..).unwrap_or_default())
        };
        let len = said.iter().take_while(|byte| !matches!(byte, b':' | b' ')).count();
        let begin = from_line + start + at;
        let end = if group { begin + said.len() } else { text.len() };
        let (kind, message) = type_and_message(text.get(begin..end).unwrap_or_default(), len);
        // Ruby prints its traces this way as well where they are long: `a.rb:2:in 'm': message (Type)`.
        if is_ruby_place(said)
            && let Some((kind, message)) = ruby_message(said)
        {
            return Exception { kind, message, stacktrace };
        }
        return Exception { kind, message, stacktrace };
    }
    Exception { kind: b"", message: b"", stacktrace }
}

fn go<'t>(text: &'t [u8], start: usize, line: &'t [u8]) -> Exception<'t> {
    let at = find(line, b": ").map_or(line.len(), |at| at + 2);
    let message = line.get(at..).unwrap_or_default();
    let message = message.strip_suffix(b" [recovered]").unwrap_or(message);
    Exception { kind: line.get(..at.saturating_sub(2)).unwrap_or_default(), message, stacktrace: after(text, start) }
}

/// Rust: `panicked at src/main.rs:2:5:` and the message in the next lines, before 1.73 `panicked at 'message', src/main.rs:2:5`.
fn rust(text: &[u8], start: usize, place: usize) -> Exception<'_> {
    let said = after(text, place);
    let message = if let Some(quoted) = said.strip_prefix(b"'") {
        find(quoted, b"', ").map_or(quoted, |at| quoted.get(..at).unwrap_or_default())
    } else {
        let message = memchr(b'\n', said).map_or(b"".as_slice(), |at| after(said, at + 1));
        let end = [b"\nnote: ".as_slice(), b"\nstack backtrace:"].iter().filter_map(|end| find(message, end)).min();
        message.get(..end.unwrap_or(message.len())).unwrap_or_default()
    };
    Exception { kind: b"panic", message: message.trim_ascii(), stacktrace: after(text, start) }
}

/// Ruby: `a.rb:2:in 'm': message (Type)`, or Rails' `Type (message):` with places below.
fn ruby_error(text: &[u8]) -> Option<Exception<'_>> {
    for (start, line) in lines(text).take(MESSAGE_LINES_MAX) {
        if let Some((kind, message)) = ruby_message(line) {
            return Some(Exception { kind, message, stacktrace: after(text, start) });
        }
        if let Some((at, len)) = type_in(line) {
            let rest = line.get(at + len..)?.trim_ascii();
            let message = rest
                .strip_prefix(b"(")
                .map_or(rest, |inside| inside.strip_suffix(b":").unwrap_or(inside).strip_suffix(b")").unwrap_or(inside));
            let message = message.strip_prefix(b": ").unwrap_or(message);
            return Some(Exception { kind: line.get(at..at + len)?, message, stacktrace: after(text, start + at) });
        }
    }
    None
}

fn ruby_message(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let said = line.get(find(line, b":in `").or_else(|| find(line, b":in '"))? + 5..)?;
    let said = said.get(find(said, b"': ")? + 3..)?;
    let open = memrchr(b'(', said)?;
    Some((said.get(open + 1..)?.strip_suffix(b")")?, said.get(..open)?.trim_ascii()))
}

/// PHP, Dart: what was thrown stands before the first frame, at `end`.
fn numbered(text: &[u8], end: usize) -> Option<Exception<'_>> {
    let head = text.get(..end)?;
    let (from, said) = if let Some(at) = memmem::rfind(head, b"Uncaught ") {
        (at, at + 9)
    } else if let Some(at) = find(head, b"[object] (") {
        (at + 10, at + 10)
    } else if let Some(at) = find(head, b"Unhandled exception:") {
        (at, at + 20)
    } else {
        let (start, line) = lines(head).filter(|(_, line)| !line.is_empty()).last()?;
        let at = type_in(line).map_or(0, |(at, _)| at);
        (start + at, start + at)
    };
    let said = text.get(said..end)?.trim_ascii();
    let stacktrace = after(text, from);
    let Some(len) = type_len(said) else {
        // Lines that begin with numbers are no trace unless something says so.
        let says = after(text, end).starts_with(b"Stack trace:")
            || after(text, end).starts_with(b"[stacktrace]")
            || find(head, b"xception").is_some();
        return says.then_some(Exception { kind: b"", message: said, stacktrace });
    };
    let (kind, message) = type_and_message(said, len);
    // Where it was thrown: ` in /app/x.php:3`, Monolog's `(code: 0): message at /app/x.php:3)`.
    let message = message.strip_prefix(b"(code: ").and_then(|rest| find(rest, b"): ").map(|at| after(rest, at + 3))).unwrap_or(message);
    let place = memmem::rfind(message, b" in /").or_else(|| memmem::rfind(message, b" at /")).or_else(|| memmem::rfind(message, b" in C:"));
    Some(Exception { kind, message: message.get(..place.unwrap_or(message.len()))?.trim_ascii(), stacktrace })
}
