//! The logs of containers as their runtimes write them to files: lines that say when and to which stream something was written, around the
//! lines that a program wrote. Both kinds are read by one decoder, whichever was named: a node that changed its runtime has both.

mod decoder;
mod entry;
mod stream;

use std::sync::Arc;

use logloom_record::{BatchWriter, RejectReason, Text, proto::push_string_attribute};

use crate::{
    Format, Likely, OptionError, Options, Spec,
    decoder::{Decoder, Outer, read_in},
    inside::{INSIDE, Inside},
};
use decoder::Containers;
use entry::{Entry, Stream, cri, docker, is_docker, looks};

/// The logs of containers, around some format.
pub(crate) struct Container {
    spec: &'static Spec,
    inside: Inside,
}

impl Container {
    /// Compiles what is inside.
    pub(crate) fn compile(spec: &'static Spec, options: &Options) -> Result<Arc<dyn Format>, OptionError> {
        let inside = Inside::compile(options.str(INSIDE.name)?, options)?;
        Ok(Arc::new(Self { spec, inside }))
    }
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
        let found = self.inside.named.clone().or_else(|| self.inside.find(message.bytes()));
        let format = found.as_ref().unwrap_or(&self.inside.plain);
        read_in(Outer { raw: frame.bytes(), time_unix_nano, attributes: &attributes }, true, out, |out| format.parse(message, out))
    }

    fn open(self: Arc<Self>, frame_bytes_max: usize) -> Box<dyn Decoder> {
        Box::new(Containers::new(self, frame_bytes_max))
    }
}
