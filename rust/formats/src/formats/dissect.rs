//! Lines in a dissect pattern.

use std::sync::Arc;

use logloom_record::{BatchWriter, RejectReason, Text};

use crate::{
    About, Decoder, Format, Likely, OptionDoc, OptionError, Options, Spec,
    capture::{KEYS, SAMPLE, TIME_FORMAT, TIME_KEY, TYPES, compile_all, dissect::Dissect, read_any},
    open_framed,
};

/// The row of `dissect`.
pub static SPEC: Spec = Spec {
    name: "dissect",
    about: About {
        line: "Lines cut at their delimiters by a dissect pattern",
        page: "https://www.elastic.co/docs/reference/beats/filebeat/dissect",
        example: "2026-11-21T10:40:59Z WARN [worker-3] slow query",
    },
    options: &[
        OptionDoc {
            name: "pattern",
            doc: "string: dissect patterns, one a line, tried in their order: `%{time} %{level} [%{thread}] %{message}`. `%{}` and `%{?name}` are \
                  left out, `%{+name/2}` is appended (in that place), `%{*key}` names the value of `%{&key}`, `%{name->}` is padded, \
                  `%{name|int}` has a type, `%{name#5}` has so many bytes",
        },
        TIME_FORMAT,
        TIME_KEY,
        KEYS,
        TYPES,
        SAMPLE,
    ],
    compile,
};

struct Dissects {
    patterns: Vec<Dissect>,
}

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    Ok(Arc::new(Dissects { patterns: compile_all(options, |text| Dissect::compile(text, options), Dissect::explain)? }))
}

impl Format for Dissects {
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
