//! Application logs as `key=value` pairs.

use std::sync::Arc;

use logloom_record::{BatchWriter, RejectReason, Text};

use super::json::KEYS;
use crate::{
    About, Decoder, Format, Likely, OptionDoc, OptionError, Options, Spec,
    fields::{Dialect, Fields, unescape_pair},
    open_framed,
};

/// The row of `logfmt`.
pub static SPEC: Spec = Spec {
    name: "logfmt",
    about: About {
        line: "Application logs as key=value pairs: logrus, slog, go-kit, hclog, Heroku",
        page: "https://pkg.go.dev/github.com/go-logfmt/logfmt",
        example: r#"time=2026-11-21T10:40:59.509Z level=warn msg="slow query" trace_id=0af7651916cd43dd8448eb211c80319c took_ms=812"#,
    },
    options: &[KEYS, BETWEEN, EQUALS],
    compile,
};

const BETWEEN: OptionDoc = OptionDoc {
    name: "pair_separator",
    doc: "string: what stands between pairs, 1 to 8 bytes (`;`, ` | `), where it is no blank: `key: value; key: value`",
};
const EQUALS: OptionDoc =
    OptionDoc { name: "value_separator", doc: "string: what stands between a key and its value, 1 to 8 bytes, where it is no `=` (`:`)" };

struct Logfmt {
    dialect: Dialect,
    /// What stands between pairs, and between a key and its value, where the user says so.
    separators: Option<(Vec<u8>, Vec<u8>)>,
}

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    let dialect = Dialect::compile(options.map(KEYS.name)?.unwrap_or_default())?.in_zone(options.zone()?);
    let separator = |option: &OptionDoc, usual: &str| {
        let text = options.str(option.name)?.unwrap_or(usual);
        if (1..=8).contains(&text.len()) {
            Ok(text.as_bytes().to_vec())
        } else {
            Err(OptionError::new(option.name, "expected 1 to 8 bytes"))
        }
    };
    let (between, equals) = (separator(&BETWEEN, " ")?, separator(&EQUALS, "=")?);
    if between == equals {
        return Err(OptionError::new(EQUALS.name, format!("must differ from {}", BETWEEN.name)));
    }
    let separators = (between != b" " || equals != b"=").then_some((between, equals));
    Ok(Arc::new(Logfmt { dialect, separators }))
}

impl Format for Logfmt {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn likely(&self, frame: &[u8]) -> Likely {
        let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'@' | b'/');
        let name_len = frame.iter().take_while(|byte| is_name(byte)).count();
        let starts = name_len > 0 && frame.get(name_len) == Some(&b'=');
        if !starts {
            return Likely::NO;
        }
        let pairs = memchr::memchr_iter(b'=', frame)
            .filter(|&at| frame.get(..at).is_some_and(|before| before.iter().rev().take_while(|byte| is_name(byte)).count() > 0))
            .take(3)
            .count();
        match (frame.get(..name_len).unwrap_or_default(), pairs) {
            (b"time" | b"ts" | b"t" | b"level" | b"lvl" | b"msg" | b"timestamp" | b"at" | b"severity", 2..) => Likely(90),
            (_, 3) => Likely(75),
            (_, 2) => Likely(55),
            _ => Likely(30),
        }
    }

    #[inline]
    fn parse(&self, frame: Text<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
        if frame.len() > u32::MAX as usize {
            return Err(RejectReason::limit("a line has at most 4 GiB", 0));
        }
        Fields::with(out.limits().attributes_max, out.limits().depth_max, |fields| {
            let pairs = match &self.separators {
                None => fields.gather_pairs(&self.dialect, frame)?,
                Some((between, equals)) => fields.gather_separated(&self.dialect, frame, between, equals)?,
            };
            if pairs == 0 {
                return Err(RejectReason::syntax("expected key=value", 0));
            }
            fields.write(&self.dialect, frame, frame, unescape_pair, out)
        })
    }

    fn open(self: Arc<Self>, frame_bytes_max: usize) -> Box<dyn Decoder> {
        open_framed(self, frame_bytes_max)
    }
}
