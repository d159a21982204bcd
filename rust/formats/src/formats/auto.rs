//! Whatever the content looks like.

use std::sync::Arc;

use bytes::Bytes;
use logloom_record::{BatchWriter, RejectReason, Text};
use memchr::memrchr;

use super::text;
use crate::{
    About, Decoder, Format, Held, Likely, OptionError, Options, Reading, Spec,
    detect::{Candidates, SAMPLE_BYTES_MAX, candidates, likeliest},
    mixed::Mixed,
    time::Zone,
};

/// The row of `auto`.
pub static SPEC: Spec = Spec {
    name: "auto",
    about: About {
        line: "Detected from the content of each source: what the first lines look like, else text",
        page: "https://opentelemetry.io/docs/specs/otel/logs/data-model/",
        example: r#"{"level":"info","msg":"whatever comes"}"#,
    },
    options: &[],
    compile,
};

struct Auto {
    candidates: Candidates,
    zone: Zone,
}

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    Ok(Arc::new(Auto { candidates: candidates(options), zone: options.zone()? }))
}

impl Format for Auto {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn likely(&self, _: &[u8]) -> Likely {
        Likely::NO
    }

    fn parse(&self, frame: Text<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
        match likeliest(&self.candidates, frame.bytes(), true) {
            Some(format) => format.parse(frame, out),
            None => text::parse(self.zone, frame, out),
        }
    }

    fn open(self: Arc<Self>, frame_bytes_max: usize) -> Box<dyn Decoder> {
        let (candidates, reading) = (Arc::clone(&self.candidates), Reading::default());
        Box::new(Detecting {
            candidates,
            zone: self.zone,
            frame_bytes_max,
            reading,
            offset: 0,
            tail: Vec::new(),
            seen_bytes: 0,
            decoder: None,
            decided: false,
        })
    }
}

/// A source whose format is being found.
///
/// A format that fits is taken at the first whole line, and kept. Until one does, lines are text, and go out as they come; but for the first
/// 64 KiB each chunk is looked at anew, so that a banner before JSON lines costs no more than itself. What waits is what any decoder of lines
/// would hold as well: a line that has no end yet.
struct Detecting {
    candidates: Candidates,
    zone: Zone,
    frame_bytes_max: usize,
    reading: Reading,
    /// The source offset of the first byte of `tail`, or of the next chunk.
    offset: u64,
    /// What no decoder has been given.
    tail: Vec<u8>,
    seen_bytes: usize,
    /// Of the format found; of `text` before.
    decoder: Option<Box<dyn Decoder>>,
    decided: bool,
}

/// A text that opens as an indented JSON document does is a body in the making: so many bytes of it may wait for the rest.
const BODY_BYTES_MAX: usize = 4 << 10;

impl Detecting {
    /// The decoder of a format, from here on. What the one before it still held is read by that.
    fn open(&mut self, mut decoder: Box<dyn Decoder>, out: &mut BatchWriter) {
        decoder.configure(&self.reading);
        decoder.resume(self.offset);
        if let Some(mut before) = self.decoder.replace(decoder) {
            before.flush(out);
        }
    }

    /// Looks at `data`, all that no decoder was given; how much of it may be decoded now.
    fn look(&mut self, data: &[u8], ended: bool, out: &mut BatchWriter) -> usize {
        self.decided |= self.seen_bytes >= SAMPLE_BYTES_MAX && self.decoder.is_some();
        let line_end = memrchr(b'\n', data).map_or(0, |at| at + 1);
        if self.decided || (line_end == 0 && !ended && data.len() < SAMPLE_BYTES_MAX) {
            return if self.decided { data.len() } else { 0 };
        }
        if let Some(format) = likeliest(&self.candidates, data, ended) {
            let decoder = Mixed::open(format, &self.candidates, self.zone, self.frame_bytes_max);
            self.open(decoder, out);
            self.decided = true;
            return data.len();
        }
        let first = data.trim_ascii_start().split(|byte| *byte == b'\n').next().unwrap_or_default();
        if !ended && data.len() < BODY_BYTES_MAX && matches!(first.trim_ascii_end(), b"[" | b"{" | b"[{" | b"") {
            return 0;
        }
        if self.decoder.is_none() {
            self.open(text::open(self.zone, self.frame_bytes_max), out);
        }
        if ended || line_end == 0 { data.len() } else { line_end }
    }

    fn run(&mut self, data: &Bytes, ended: bool, out: &mut BatchWriter) -> Held {
        let now = self.look(data, ended, out);
        let rest = data.get(now..).unwrap_or_default();
        self.tail.extend_from_slice(rest);
        let mut held = Held { from: self.offset };
        if let Some(decoder) = self.decoder.as_mut().filter(|_| now > 0) {
            held = decoder.feed(&data.slice(..now), out);
            self.offset += now as u64;
        }
        held
    }
}

impl Decoder for Detecting {
    fn feed(&mut self, chunk: &Bytes, out: &mut BatchWriter) -> Held {
        if let Some(decoder) = self.decoder.as_mut().filter(|_| self.decided && self.tail.is_empty()) {
            return decoder.feed(chunk, out);
        }
        self.seen_bytes = self.seen_bytes.saturating_add(chunk.len());
        if self.tail.is_empty() {
            return self.run(chunk, false, out);
        }
        self.tail.extend_from_slice(chunk);
        let data = Bytes::from(std::mem::take(&mut self.tail));
        self.run(&data, false, out)
    }

    fn flush(&mut self, out: &mut BatchWriter) {
        if !self.tail.is_empty() {
            let data = Bytes::from(std::mem::take(&mut self.tail));
            self.run(&data, true, out);
        }
        if let Some(decoder) = &mut self.decoder {
            decoder.flush(out);
        }
    }

    fn resume(&mut self, offset: u64) {
        self.offset = offset;
    }

    fn configure(&mut self, reading: &Reading) {
        self.reading = reading.clone();
    }

    fn waiting(&self) -> u64 {
        self.decoder.as_ref().map_or(0, |decoder| decoder.waiting())
    }

    fn format(&self) -> &'static str {
        self.decoder.as_ref().map_or(SPEC.name, |decoder| decoder.format())
    }
}
