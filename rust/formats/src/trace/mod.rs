//! Stack traces in plain text: which lines are one, and what they say.
//!
//! The shapes are those that the runtimes print: Java (also Scala, Kotlin), Python, Go, Node, Ruby, .NET, PHP, Rust, Dart.

mod exception;
mod line;

pub(crate) use exception::{Exception, exception};
pub(crate) use line::{breaks_away, is_headed};

use line::{
    RUST_BACKTRACE, TRACEBACK, ends_with_brace, is_call, is_chained, is_exception, is_frame, is_group, is_js_place, is_numbered,
    is_register, is_ruby_place, is_trace_point,
};

/// What kind of trace the open lines are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Kind {
    /// None so far.
    #[default]
    Unknown,
    /// Java, Node, .NET: indented frames that begin with `at`.
    Frames,
    /// Node says where it stopped before it says why.
    Uncaught,
    Python,
    /// Behind the line that says what was raised.
    PythonEnded,
    Go,
    Ruby,
    /// PHP, Dart: frames that begin with `#` and a number.
    Numbered,
    Rust,
}

/// Which lines are one trace, line by line.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Trace {
    kind: Kind,
    /// Lines that may still be the message, whatever they look like.
    message_lines: u8,
}

/// Whether a line may go on with a trace by its first two bytes: nearly none does.
#[inline(always)]
fn may_continue(line: &[u8]) -> bool {
    match line.first() {
        Some(b' ' | b'\t') => true,
        Some(b'#') => line.get(1).is_some_and(u8::is_ascii_digit),
        Some(b'C' | b'p') => line.get(1) == Some(&b'a'),
        Some(b'S' | b's') => line.get(1) == Some(&b't'),
        Some(b'T') => line.get(1) == Some(&b'r'),
        Some(b'n' | b'g') => line.get(1) == Some(&b'o'),
        Some(b'[') => matches!(line.get(1), Some(b's' | b'p')),
        _ => false,
    }
}

impl Trace {
    /// Whether `line` is one of the trace that `open` is or becomes by it. `after_blank`: blank lines stand between them.
    #[inline(always)]
    pub(crate) fn continues(&mut self, open: &[u8], line: &[u8], after_blank: bool) -> bool {
        let (Some(&first), Some(&opened)) = (line.first(), open.first()) else { return false };
        if self.kind == Kind::Unknown && !may_continue(line) {
            // Some traces go on with lines like any other: then it is what they follow that tells.
            let by_head = match opened {
                b'0'..=b'9' | b'[' => first.is_ascii_alphabetic(),
                b't' => open.starts_with(b"thread '"),
                b'U' => open.starts_with(b"Unhandled exception"),
                b'/' | b'f' | b'n' => is_js_place(open),
                _ => false,
            };
            if !by_head {
                return false;
            }
        }
        self.look(open, line, after_blank)
    }

    #[inline(never)]
    fn look(&mut self, open: &[u8], line: &[u8], after_blank: bool) -> bool {
        let indented = line.starts_with(b" ") || line.starts_with(b"\t");
        let text = line.trim_ascii_start();
        let kind = match self.kind {
            Kind::Unknown => self.becomes(open, line, text, indented, after_blank),
            Kind::Frames => {
                let goes_on = if after_blank {
                    (indented && is_frame(text)) || text.starts_with(b"Caused by: ") || line.starts_with(b"Node.js v")
                } else {
                    indented || is_frame(text) || text.starts_with(b"--- End of ") || (line == b"}" && ends_with_brace(open))
                };
                goes_on.then_some(Kind::Frames)
            }
            Kind::Uncaught => {
                if indented && is_frame(text) {
                    Some(Kind::Frames)
                } else if self.message_lines > 0 || indented || line.starts_with(b"^") || is_exception(line) {
                    self.message_lines = self.message_lines.saturating_sub(1);
                    Some(Kind::Uncaught)
                } else {
                    (after_blank && crate::scan::find_bytes(line, b"Error").is_some() || line.starts_with(b"Node.js v"))
                        .then_some(Kind::Uncaught)
                }
            }
            Kind::Python => match (after_blank, indented) {
                (false, true) => Some(Kind::Python),
                // Behind the frames stands what was raised; after a blank line only the trace that a sentence announced.
                (false, false) => (!is_headed(line)).then_some(Kind::PythonEnded),
                (true, _) => (text.starts_with(TRACEBACK) || is_chained(text)).then_some(Kind::Python),
            },
            Kind::PythonEnded => {
                let chained = is_chained(text) || (after_blank && text.starts_with(TRACEBACK));
                if chained { Some(Kind::Python) } else { (indented && !after_blank && !is_group(text)).then_some(Kind::PythonEnded) }
            }
            Kind::Go => {
                let goes_on = line.starts_with(b"goroutine ") || line.starts_with(b"[signal ") || line.starts_with(b"exit status ");
                let inside =
                    indented || line.starts_with(b"created by ") || line.starts_with(b"...additional frames elided") || is_call(line);
                let dump = line.starts_with(b"runtime stack:") || is_register(line);
                (goes_on || dump || (inside && !after_blank)).then_some(Kind::Go)
            }
            Kind::Ruby => (!after_blank && (indented || is_ruby_place(line))).then_some(Kind::Ruby),
            Kind::Numbered => {
                let goes_on = is_numbered(text)
                    || text.starts_with(b"Stack trace:")
                    || text.starts_with(b"Next ")
                    || text.starts_with(b"thrown in ")
                    || text.starts_with(b"<asynchronous suspension>")
                    || text.starts_with(b"[stacktrace]")
                    || text.starts_with(b"[previous exception]")
                    || text.starts_with(b"\"}");
                let message = self.message_lines > 0 && !after_blank && !is_headed(line);
                self.message_lines = self.message_lines.saturating_sub(1);
                (goes_on || message).then_some(Kind::Numbered)
            }
            Kind::Rust => {
                let goes_on = indented
                    || line.starts_with(b"stack backtrace:")
                    || line.starts_with(RUST_BACKTRACE)
                    || (after_blank && matches!(line, b"Caused by:" | b"Stack backtrace:"));
                (goes_on && (!after_blank || !indented)).then_some(Kind::Rust)
            }
        };
        self.kind = kind.unwrap_or(self.kind);
        kind.is_some()
    }

    /// What kind of trace `line` makes of the lines before it, which are none yet.
    fn becomes(&mut self, open: &[u8], line: &[u8], text: &[u8], indented: bool, after_blank: bool) -> Option<Kind> {
        let is_panic = || {
            [b"panic: ".as_slice(), b"fatal error: ", b"goroutine ", b"runtime: ", b"SIG"].iter().any(|start| open.starts_with(start))
                || crate::scan::find_bytes(open, b": panic").is_some()
                || crate::scan::find_bytes(open, b" panic ").is_some()
        };
        if line.starts_with(b"goroutine ") || line.starts_with(b"[signal ") {
            return (is_panic() || (!after_blank && is_headed(open))).then_some(Kind::Go);
        }
        if after_blank {
            let anyhow = open.starts_with(b"Error: ") && matches!(line, b"Caused by:" | b"Stack backtrace:");
            return if anyhow { Some(Kind::Rust) } else { (is_js_place(open) && is_exception(line)).then_some(Kind::Uncaught) };
        }
        if indented && let Some(kind) = is_trace_point(text) {
            return Some(match kind {
                line::Point::Frame => Kind::Frames,
                line::Point::File => Kind::Python,
                line::Point::From => Kind::Ruby,
            });
        }
        if is_numbered(text) {
            let says = |word: &[u8]| crate::scan::find_bytes(open, word).is_some();
            return (says(b"xception") || says(b"rror") || says(b"tack trace") || is_headed(open)).then_some(Kind::Numbered);
        }
        let headed = is_headed(open);
        if is_group(open) && indented {
            return Some(Kind::PythonEnded);
        }
        if text.starts_with(TRACEBACK) || is_group(text) {
            let announced =
                open.starts_with(b"Exception ") || open.starts_with(b"Task exception ") || open.starts_with(b"Unhandled exception");
            return (announced || headed).then_some(if is_group(text) { Kind::PythonEnded } else { Kind::Python });
        }
        if text.starts_with(b"Caused by: ") || text.starts_with(b"... ") && text.get(4).is_some_and(u8::is_ascii_digit) {
            return Some(Kind::Frames);
        }
        if text.starts_with(b"Stack trace:") || text.starts_with(b"[stacktrace]") {
            return Some(Kind::Numbered);
        }
        if text.starts_with(b"stack backtrace:") || text.starts_with(RUST_BACKTRACE) {
            return Some(Kind::Rust);
        }
        if open.starts_with(b"thread '") && crate::scan::find_bytes(open, b"panicked at").is_some() {
            // The message has a line of its own where the place comes first.
            return (indented || open.ends_with(b":")).then_some(Kind::Rust);
        }
        if open.starts_with(b"Unhandled exception") {
            self.message_lines = 3;
            return (indented || open.ends_with(b":")).then_some(Kind::Numbered);
        }
        if open.starts_with(b"panic: ") || open.starts_with(b"fatal error: ") {
            return indented.then_some(Kind::Go);
        }
        if open.starts_with(TRACEBACK) && indented {
            return Some(Kind::Python);
        }
        if is_js_place(open) {
            self.message_lines = 2;
            return Some(Kind::Uncaught);
        }
        // A line of a log, and the exception that it tells of.
        (headed && !indented && is_exception(line) && !is_headed(line)).then_some(Kind::Frames)
    }
}

#[cfg(test)]
mod tests;
