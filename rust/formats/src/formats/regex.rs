//! Lines in a regular expression of the user's own.

use std::sync::Arc;

use logloom_record::{BatchWriter, RejectReason, Text};

use crate::{
    About, Decoder, Format, Likely, OptionDoc, OptionError, Options, Spec,
    capture::{KEYS, Pattern, Piece, SAMPLE, TIME_FORMAT, TIME_KEY, TYPES, compile_all, read_any, split},
    open_framed,
};

/// The row of `regex`.
pub static SPEC: Spec = Spec {
    name: "regex",
    about: About {
        line: "Lines in your own regular expression: each named group is a field",
        page: "https://docs.rs/regex/latest/regex/#syntax",
        example: "2026-11-21 10:40:59,509 WARN [worker-3] took 812 ms: slow query",
    },
    options: &[
        OptionDoc {
            name: "pattern",
            doc: "string: regular expressions, one a line, tried in their order. A group `(?<name>…)` is a field, `(?<name:type>…)` or \
                  `(?<name__type>…)` one of that type (int, double, bool, list); a name may have dots (`(?<http.response.status_code:int>\\d+)`)",
        },
        TIME_FORMAT,
        TIME_KEY,
        KEYS,
        TYPES,
        SAMPLE,
    ],
    compile,
};

struct Regexes {
    patterns: Vec<Pattern>,
}

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    let pattern = |text: &str| {
        let piece = |(at, shown): (usize, &str)| Piece { shown: shown.to_owned(), at, regex: shown.to_owned() };
        Pattern::compile(split(text, false).into_iter().map(piece).collect(), false, |_| {}, options)
    };
    Ok(Arc::new(Regexes { patterns: compile_all(options, pattern, Pattern::explain)? }))
}

impl Format for Regexes {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn likely(&self, _: &[u8]) -> Likely {
        Likely::NO
    }

    #[inline]
    fn parse(&self, frame: Text<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
        read_any(&self.patterns, |pattern| pattern.read(frame, out))
    }

    fn open(self: Arc<Self>, frame_bytes_max: usize) -> Box<dyn Decoder> {
        open_framed(self, frame_bytes_max)
    }
}
