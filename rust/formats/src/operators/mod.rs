//! The [operators](https://github.com/open-telemetry/opentelemetry-collector-contrib/tree/main/pkg/stanza/docs/operators) of the Collector's `filelog`:
//! a line goes through them as a record that each changes, and is written once, at their end.
//!
//! No format of the list: a receiver that has `operators` compiles them by [`compile`]. `docs/operators.md` tells users what is the same as in the
//! Collector, and what is not.

mod chain;
mod config;
mod container;
mod entry;
mod facts;
mod parsers;
mod recombine;
mod rows;
mod run;
mod source;
mod times;
mod transforms;
mod uri;
mod value;

use std::sync::Arc;

use logloom_record::{BatchWriter, Limits, RejectReason, Text};

use crate::{About, Decoder, Format, Framing, Likely, OptionDoc, OptionError, Options, Spec};
use chain::Chain;
use config::Place;
use source::{Blanks, Source};
use value::{Map, Value};

/// What the format is called where it is asked for.
pub(crate) const NAME: &str = "operators";
/// The deepest nesting of the config.
const DEPTH_MAX: u32 = 64;

/// What it is. It stands in no list: users write `operators` in a receiver, and not its name.
pub(crate) static SPEC: Spec = Spec {
    name: NAME,
    about: About {
        line: "Lines that the Collector's operators take apart",
        page: "https://github.com/open-telemetry/opentelemetry-collector-contrib/tree/main/pkg/stanza/docs/operators",
        example: "{\"level\":\"warn\",\"msg\":\"slow query\"}",
    },
    options: &[OptionDoc {
        name: NAME,
        doc: "string: a map of JSON with `operators`, a list as the receiver `filelog` has it, `attributes` and `resource`, maps of texts, and \
              `environment`, what `env` gives",
    }],
    compile,
};

/// A chain of operators as a format of lines.
struct Operators {
    chain: Arc<Chain>,
    blanks: Blanks,
    strips_ansi: bool,
}

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    let text = options.str(NAME)?.ok_or_else(|| OptionError::new(NAME, "give the operators as JSON"))?;
    let config = Value::json(Text::from(text), DEPTH_MAX).map_err(|reason| OptionError::new(NAME, reason.what).at(reason.at as usize))?;
    let config = config.into_static();
    let none = Map::default();
    let environment = if let Value::Map(map) = &config { map.get("environment") } else { None };
    let environment = if let Some(Value::Map(map)) = environment { map } else { &none };
    let place = Place::new(NAME.to_owned(), &config, environment)?;
    place.get("environment");
    let chain = Chain::compile(&place)?;
    let preserves = |key| Ok::<_, OptionError>(place.bool(key)?.unwrap_or(false));
    let blanks = Blanks { leading: preserves("preserve_leading_whitespaces")?, trailing: preserves("preserve_trailing_whitespaces")? };
    place.finish()?;
    Ok(Arc::new(Operators { chain: Arc::new(chain), blanks, strips_ansi: options.bool("strip_ansi")? == Some(true) }))
}

impl Format for Operators {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn framing(&self) -> Framing {
        Framing::Lines
    }

    fn has_own_decoder(&self) -> bool {
        true
    }

    fn likely(&self, _: &[u8]) -> Likely {
        Likely::NO
    }

    /// A line by itself: nothing waits for others.
    fn parse(&self, frame: Text<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
        Source::new(Arc::clone(&self.chain), (self.blanks, self.strips_ansi), Limits::DEFAULT.frame_bytes_max).alone(frame, out);
        Ok(())
    }

    fn open(self: Arc<Self>, frame_bytes_max: usize) -> Box<dyn Decoder> {
        Box::new(Source::new(Arc::clone(&self.chain), (self.blanks, self.strips_ansi), frame_bytes_max))
    }
}
