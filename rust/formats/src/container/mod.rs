//! The logs of containers as their runtimes write them to files: lines that say when and to which stream something was written, around the
//! lines that a program wrote. Both kinds are read by one decoder, whichever was named: a node that changed its runtime has both.

mod decoder;
mod entry;
mod stream;

use std::sync::{Arc, OnceLock};

use logloom_record::{BatchWriter, RejectReason, Text, proto::push_string_attribute};

use crate::{
    COMMON, Format, Likely, OptionDoc, OptionError, Options, Spec,
    decoder::{Decoder, Outer, read_in},
    detect::{Candidates, candidates, likeliest},
    find,
    formats::text,
    mixed::Mixed,
};
use decoder::Containers;
use entry::{Entry, Stream, cri, docker, is_docker, looks};

/// The option that names what is inside. Not `format`: beside the name of the outer one that would be no option in Python.
pub(crate) const INSIDE: OptionDoc = OptionDoc {
    name: "inside",
    doc: "string: the format of what the program wrote, by its name; it is found from the content, for each of the two streams, where it is \
          not given. The options of that format are given beside it",
};

/// The logs of containers, around some format.
pub(crate) struct Container {
    spec: &'static Spec,
    /// What is inside; found from the content where it is not named.
    inside: Option<Arc<dyn Format>>,
    /// What lines are of which no more is known.
    plain: Arc<dyn Format>,
    /// The options that all formats take.
    common: Options,
    candidates: OnceLock<Candidates>,
}

impl Container {
    /// Compiles what is inside.
    pub(crate) fn compile(spec: &'static Spec, options: &Options) -> Result<Arc<dyn Format>, OptionError> {
        let is_common = |name: &str| COMMON.iter().any(|doc| doc.name == name);
        let common =
            Options(options.0.iter().filter(|(name, _)| is_common(name)).map(|(name, value)| (name.clone(), value.clone())).collect());
        let inside = match options.str(INSIDE.name)? {
            None | Some("auto") => None,
            Some(name) => Some(inside(name, options)?),
        };
        let plain = (text::SPEC.compile)(&common)?;
        Ok(Arc::new(Self { spec, inside, plain, common, candidates: OnceLock::new() }))
    }

    /// The format that `messages`, one a line, look like.
    fn find(&self, messages: &[u8]) -> Option<Arc<dyn Format>> {
        let candidates = self.candidates.get_or_init(|| {
            let of_lines = |format: &&Arc<dyn Format>| format.framing().is_lines() && !format.has_own_decoder();
            candidates(&self.common).iter().filter(of_lines).cloned().collect()
        });
        likeliest(candidates, messages, true).map(|format| Mixed::inside(format, candidates))
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

/// The attribute of a stream's name, encoded.
fn iostream(stream: Stream) -> Vec<u8> {
    let mut attribute = Vec::new();
    push_string_attribute(&mut attribute, 0x32, b"log.iostream", Stream::NAMES[stream as usize]);
    attribute
}

impl Format for Container {
    fn spec(&self) -> &'static Spec {
        self.spec
    }

    fn begins(&self, line: &[u8]) -> bool {
        matches!(line.first(), Some(b'{' | b'0'..=b'9'))
    }

    fn likely(&self, frame: &[u8]) -> Likely {
        match (looks(frame), self.spec.name) {
            ((true, _), "cri") | ((_, true), "docker") => Likely::SURE,
            ((true, _) | (_, true), _) => Likely(90),
            _ => Likely::NO,
        }
    }

    fn has_own_decoder(&self) -> bool {
        true
    }

    /// A line by itself. Messages that go on in other lines are joined by the [decoder](Containers).
    fn parse(&self, frame: Text<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
        let (mut message, mut attributes) = (Vec::new(), Vec::new());
        let Entry { time_unix_nano, stream, message, .. } =
            if is_docker(frame.bytes()) { docker(frame, &mut message, &mut attributes)? } else { cri(frame)? };
        attributes.extend(iostream(stream));
        let found = self.inside.clone().or_else(|| self.find(message.bytes()));
        let format = found.as_ref().unwrap_or(&self.plain);
        read_in(Outer { raw: frame.bytes(), time_unix_nano, attributes: &attributes }, true, out, |out| format.parse(message, out))
    }

    fn open(self: Arc<Self>, frame_bytes_max: usize) -> Box<dyn Decoder> {
        Box::new(Containers::new(self, frame_bytes_max))
    }
}
