//! The format of what a program wrote, where its lines come in something else: a container's log, a push to Loki.

use std::sync::{Arc, OnceLock};

use crate::{
    COMMON, Format, OptionDoc, OptionError, Options,
    detect::{Candidates, candidates, likeliest},
    find,
    formats::text,
    mixed::Mixed,
    time::Zone,
};

/// The option that names what is inside. Not `format`: beside the name of the outer one that would be no option in Python.
pub(crate) const INSIDE: OptionDoc = OptionDoc {
    name: "inside",
    doc: "string: the format of what the program wrote, by its name; it is found from the content, for each of the two streams, where it is \
          not given. The options of that format are given beside it",
};

/// What is inside, named or to be found.
pub(crate) struct Inside {
    /// Found from the content where it is not named.
    pub(crate) named: Option<Arc<dyn Format>>,
    /// What lines are of which no more is known.
    pub(crate) plain: Arc<dyn Format>,
    /// The options that all formats take, and of these the zone.
    common: Options,
    zone: Zone,
    candidates: OnceLock<Candidates>,
}

impl Inside {
    /// Compiles what is inside: the format called `name`; `None` or `auto` where it is to be found.
    pub(crate) fn compile(name: Option<&str>, options: &Options) -> Result<Self, OptionError> {
        let is_common = |name: &str| COMMON.iter().any(|doc| doc.name == name);
        let common =
            Options(options.0.iter().filter(|(name, _)| is_common(name)).map(|(name, value)| (name.clone(), value.clone())).collect());
        let named = match name {
            None | Some("auto") => None,
            Some(name) => Some(inside(name, options)?),
        };
        let plain = (text::SPEC.compile)(&common)?;
        let zone = options.zone()?;
        Ok(Self { named, plain, common, zone, candidates: OnceLock::new() })
    }

    /// The format that `messages`, one a line, look like.
    pub(crate) fn find(&self, messages: &[u8]) -> Option<Arc<dyn Format>> {
        let candidates = self.candidates.get_or_init(|| {
            let of_lines = |format: &&Arc<dyn Format>| format.framing().is_lines() && !format.has_own_decoder();
            candidates(&self.common).iter().filter(of_lines).cloned().collect()
        });
        likeliest(candidates, messages, true).map(|format| Mixed::inside(format, candidates, self.zone))
    }
}

fn is_container(name: &str) -> bool {
    matches!(name, "cri" | "docker")
}

/// The format called `name`, for messages of one line or several.
fn inside(name: &str, options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    let wrong = |what: String| OptionError::new(INSIDE.name, what);
    let spec = find(name).ok_or_else(|| wrong(OptionError::unknown_format(name).message))?;
    let mut own = options.clone();
    own.0.remove(INSIDE.name);
    let format = (spec.compile)(&own)?;
    if format.framing().is_lines() && !is_container(name) {
        return Ok(format);
    }
    Err(wrong(format!("'{name}' is not made of lines as programs write them")))
}
