//! Lines in a grok pattern.

use std::sync::Arc;

use logloom_record::{BatchWriter, RejectReason, Text};

use crate::{
    About, Decoder, Format, Likely, OptionDoc, OptionError, Options, Spec,
    capture::{
        KEYS, Pattern, SAMPLE, TIME_FORMAT, TIME_KEY, TYPES, compile_all,
        grok::{DEFINITIONS, Definitions, FIELD_NAMES, FOLDER},
        read_any,
    },
    open_framed,
};

/// The row of `grok`.
pub static SPEC: Spec = Spec {
    name: "grok",
    about: About {
        line: "Lines in a grok pattern, with the standard library of patterns",
        page: "https://www.elastic.co/docs/reference/logstash/plugins/plugins-filters-grok",
        example: "2026-11-21 10:40:59,509 WARN [worker-3] took 812 ms: slow query",
    },
    options: &[
        OptionDoc {
            name: "pattern",
            doc: "string: grok patterns, one a line, tried in their order: `%{TIMESTAMP_ISO8601:time} %{LOGLEVEL:level} %{GREEDYDATA:message}`. \
                  `%{NAME:field:type}` gives the field a type (int, float, bool, list); `[a][b]` is `a.b`",
        },
        DEFINITIONS,
        FOLDER,
        FIELD_NAMES,
        TIME_FORMAT,
        TIME_KEY,
        KEYS,
        TYPES,
        SAMPLE,
    ],
    compile,
};

struct Grok {
    patterns: Vec<Pattern>,
}

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    let definitions = Definitions::of(options)?;
    Ok(Arc::new(Grok { patterns: compile_all(options, |text| definitions.compile(text, options), Pattern::explain)? }))
}

impl Format for Grok {
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
