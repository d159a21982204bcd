//! What single lines of stack traces look like.

use memchr::memchr;

use crate::scan::find_bytes;

pub(super) const TRACEBACK: &[u8] = b"Traceback (most recent call last)";
pub(super) const RUST_BACKTRACE: &[u8] = b"note: ";

/// Which frames an indented line begins.
pub(super) enum Point {
    /// `at …`, `… more`, `Suppressed: …`: Java, Node, .NET.
    Frame,
    /// `File "…"`: Python.
    File,
    /// `from …:`: Ruby.
    From,
}

/// Whether an indented line, its blanks gone, can be nothing but a line of a trace.
pub(super) fn is_trace_point(text: &[u8]) -> Option<Point> {
    if is_frame(text) {
        Some(Point::Frame)
    } else if text.starts_with(b"File \"") {
        Some(Point::File)
    } else {
        (text.starts_with(b"from ") && is_ruby_place(text)).then_some(Point::From)
    }
}

/// Whether a line, its blanks gone, is a frame or what stands among frames in Java, Node and .NET.
pub(super) fn is_frame(text: &[u8]) -> bool {
    if let Some(place) = text.strip_prefix(b"at ") {
        return place.iter().any(|byte| matches!(byte, b'.' | b'(' | b'<' | b'/' | b':'));
    }
    [b"Caused by: ".as_slice(), b"Suppressed: ", b"---> ", b"--- End of ", b"- locked ", b"- waiting "]
        .iter()
        .any(|start| text.starts_with(start))
        || text.strip_prefix(b"... ").and_then(<[u8]>::first).is_some_and(u8::is_ascii_digit)
}

/// Whether the last line opens a list of an error's properties, as Node prints them behind the frames.
pub(super) fn ends_with_brace(open: &[u8]) -> bool {
    [b" {\n".as_slice(), b" {\r\n"].iter().any(|brace| find_bytes(open, brace).is_some())
}

/// Whether a line announces the exception that another one was raised from or beside.
pub(super) fn is_chained(text: &[u8]) -> bool {
    text.starts_with(b"During handling of the above exception") || text.starts_with(b"The above exception was the direct cause")
}

/// Whether a text begins with the trace of a group of exceptions, which has a margin.
pub(super) fn is_group(text: &[u8]) -> bool {
    text.trim_ascii_start().starts_with(b"+ Exception Group Traceback")
}

/// `#0 …`, `#12  …`.
pub(super) fn is_numbered(text: &[u8]) -> bool {
    let Some(rest) = text.strip_prefix(b"#") else { return false };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (1..=4).contains(&digits) && rest.get(digits) == Some(&b' ')
}

/// `main.main()`, `net/http.(*conn).serve(0xc0001, {0x1, 0x2})`.
pub(super) fn is_call(line: &[u8]) -> bool {
    let Some(open) = memchr(b'(', line) else { return false };
    let name = line.get(..open).unwrap_or_default();
    line.ends_with(b")") && !name.is_empty() && name.iter().all(u8::is_ascii_graphic)
}

/// `rax    0x0`: the registers of a fatal signal.
pub(super) fn is_register(line: &[u8]) -> bool {
    let name = line.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let rest = line.get(name..).unwrap_or_default();
    (2..=6).contains(&name) && rest.starts_with(b" ") && rest.trim_ascii_start().starts_with(b"0x")
}

/// `app/models/user.rb:7:in 'name'`.
pub(super) fn is_ruby_place(line: &[u8]) -> bool {
    find_bytes(line, b":in `").or_else(|| find_bytes(line, b":in '")).is_some_and(|at| {
        let before = line.get(..at).unwrap_or_default();
        let digits = before.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
        digits > 0 && before.len() > digits && before.get(before.len() - digits - 1) == Some(&b':')
    })
}

/// `/app/index.js:12`, `node:internal/errors:496`: where Node stopped.
pub(super) fn is_js_place(open: &[u8]) -> bool {
    let first = open.split(|byte| *byte == b'\n').next().unwrap_or_default().trim_ascii_end();
    let digits = first.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let place = first.get(..first.len() - digits).unwrap_or_default();
    let is_script = |name: &[u8]| [b".js".as_slice(), b".ts", b".mjs", b".cjs"].iter().any(|end| name.ends_with(end));
    digits > 0 && !place.contains(&b' ') && place.strip_suffix(b":").is_some_and(|name| is_script(name) || name.starts_with(b"node:"))
}

/// Whether a line begins as those of logs do: with a time, or with a severity.
pub(crate) fn is_headed(line: &[u8]) -> bool {
    let text = line.strip_prefix(b"[").or_else(|| line.strip_prefix(b"<")).unwrap_or(line);
    let head = text.get(..text.len().min(10)).unwrap_or_default();
    if head.first().is_some_and(u8::is_ascii_digit) {
        let digits = head.iter().filter(|byte| byte.is_ascii_digit()).count();
        return digits >= 4 && head.iter().any(|byte| matches!(byte, b'-' | b'/' | b':' | b'.' | b'T')) || digits == 10;
    }
    let word = text.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let (word, rest) = text.split_at(word);
    let severities = [
        b"ERROR".as_slice(),
        b"WARN",
        b"WARNING",
        b"INFO",
        b"DEBUG",
        b"CRITICAL",
        b"FATAL",
        b"SEVERE",
        b"TRACE",
        b"NOTICE",
        b"ALERT",
        b"EMERGENCY",
    ];
    if severities.contains(&word.to_ascii_uppercase().as_slice()) && word.first().is_some_and(u8::is_ascii_uppercase) {
        return !rest.starts_with(b":") || word.iter().all(u8::is_ascii_uppercase);
    }
    // klog: `E0102 15:04:05…`; syslog: `Jan  2 15:04:05`.
    matches!(
        (word, rest),
        (b"I" | b"W" | b"E" | b"F" | b"D", [b'0'..=b'9', b'0'..=b'9', b'0'..=b'9', b'0'..=b'9', ..])
            | ([_, _, _], [b' ', b' ' | b'0'..=b'3', b'0'..=b'9', b' ', b'0'..=b'2', b'0'..=b'9', b':', ..])
    )
}

/// Whether a line begins with an exception: `java.io.IOException: no space`, `TypeError: x is undefined`, `Uncaught Error`.
pub(super) fn is_exception(line: &[u8]) -> bool {
    let line = line.strip_prefix(b"Uncaught ").unwrap_or(line);
    type_len(line).is_some_and(|len| {
        matches!(line.get(len), None | Some(b':' | b'\r')) || line.get(len..).is_some_and(|rest| rest.starts_with(b" ["))
    })
}

/// The length of the name of an exception's type at the start of `text`, if one stands there: its last part is a name in capitals that says
/// that it is one, or it has a package.
pub(super) fn type_len(text: &[u8]) -> Option<usize> {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'$' | b'\\' | b'/') || *byte >= 0x80;
    let len = text.iter().take_while(|byte| is_name(byte)).count();
    let name = text.get(..len).unwrap_or_default();
    let last = name.rsplit(|byte| matches!(byte, b'.' | b'$' | b'\\')).next().unwrap_or_default();
    let says = |last: &[u8]| {
        [b"Exception".as_slice(), b"Error", b"Throwable", b"Failure", b"Fault", b"Interrupt", b"Exit", b"Warning"]
            .iter()
            .any(|word| find_bytes(last, word).is_some())
    };
    let packaged = memchr::memchr_iter(b'.', name).nth(1).is_some() && !name.contains(&b'/');
    (last.first().is_some_and(u8::is_ascii_uppercase) && name.first().is_some_and(u8::is_ascii_alphabetic) && (packaged || says(last)))
        .then_some(len)
}

/// Whether a line begins what a runtime prints of its own accord, so that it is none of the record before.
pub(crate) fn breaks_away(line: &[u8]) -> bool {
    match line.first() {
        Some(b'p') => line.starts_with(b"panic: "),
        Some(b'f') => line.starts_with(b"fatal error: "),
        Some(b't') => line.starts_with(b"thread '") && find_bytes(line, b"panicked at").is_some(),
        Some(b'E') => line.starts_with(b"Exception in thread \""),
        Some(b'U') => line.starts_with(b"Unhandled exception"),
        _ => false,
    }
}
