//! The formats: how bytes become records.
//!
//! A [`Format`] is compiled once from its [`Options`] and shared by all sources; a [`Decoder`] is its state for one source. One file a
//! format in [`formats`], one row each in [`FORMATS`]; detection, command line, config, docs, tests and benchmarks follow from that.
#![forbid(unsafe_code)]

mod beside;
pub mod bulk;
mod capture;
mod container;
mod decoder;
mod delimited;
mod detect;
pub mod envoy;
mod fields;
pub mod formats;
mod ids;
mod inside;
pub mod json;
mod mixed;
mod msgpack_json;
mod objects;
mod operators;
mod options;
mod pattern;
mod plain;
pub mod proto_json;
mod scan;
pub mod severity;
mod spans;
mod swar;
mod syslog;
pub mod template;
mod thrift;
pub mod time;
mod trace;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use logloom_record::{BatchWriter, RejectReason, Text};

pub use decoder::{Decoder, Elements, Held, Lines, Multiline, Reading, Whole};
pub use detect::{SAMPLE_BYTES_MAX, detect};
pub use formats::FORMATS;
pub use options::{COMMON, OptionDoc, OptionError, OptionValue, Options};

/// A format before it is compiled: one row of [`FORMATS`].
#[derive(Debug)]
pub struct Spec {
    /// The config word, the file, the fixture folder.
    pub name: &'static str,
    /// For people.
    pub about: About,
    /// The options it takes; others are refused.
    pub options: &'static [OptionDoc],
    /// Compiles it.
    pub compile: fn(&Options) -> Result<Arc<dyn Format>, OptionError>,
}

/// What a newcomer wants to know of a format.
#[derive(Debug)]
pub struct About {
    /// One line: what it is and whose.
    pub line: &'static str,
    /// The vendor's page on it.
    pub page: &'static str,
    /// One real example.
    pub example: &'static str,
}

/// How a Chunk is cut into frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// A frame is a line, ended by LF or CR LF; empty lines are none. Lines that do not [begin](Format::begins) a record are joined where they
    /// are a stack trace.
    Lines,
    /// A frame is a line that [begins](Format::begins) a record, and the lines after it that do not.
    Records,
    /// A frame is an object: one after the other, or the items of an array.
    Elements,
    /// A frame is all that a source sends until it is flushed: a request body.
    Whole,
    /// A frame ends where the format itself says.
    Own,
}

impl Framing {
    /// Whether frames are made of lines.
    pub fn is_lines(self) -> bool {
        matches!(self, Self::Lines | Self::Records)
    }
}

/// How much a frame looks like a format: 0 not at all, 100 beyond doubt. `text` says 1 to everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Likely(pub u8);

impl Likely {
    /// Not this format.
    pub const NO: Self = Self(0);
    /// Beyond doubt.
    pub const SURE: Self = Self(100);
}

/// What a format found when it was asked whether a line begins a record: a time, which need not be read once more.
#[derive(Clone, Copy, Debug, Default)]
pub struct Began {
    /// In nanoseconds since the epoch, whenever the line arrived.
    pub(crate) time_unix_nano: u64,
    /// Where its text begins and ends in the line; it is empty where nothing was found.
    pub(crate) at: u32,
    pub(crate) end: u32,
    /// Which of the format's times it is.
    pub(crate) head: u8,
}

/// A compiled, immutable description of how bytes become records.
pub trait Format: Send + Sync {
    /// Its row of [`FORMATS`].
    fn spec(&self) -> &'static Spec;

    /// How its Chunks are cut.
    fn framing(&self) -> Framing {
        Framing::Lines
    }

    /// Whether `line` may begin a record; false only for one that never can. A glance at its first bytes, for a format made of lines.
    fn begins(&self, _line: &[u8]) -> bool {
        true
    }

    /// The same; what was found by that is for [`parse_begun`](Self::parse_begun).
    fn began(&self, line: &[u8]) -> Option<Began> {
        self.begins(line).then(Began::default)
    }

    /// Whether a frame is an object of JSON, which may also stand on several lines. Such a format says that a line that is only part of an
    /// object does not [begin](Self::begins) a record.
    fn goes_on_over_lines(&self) -> bool {
        false
    }

    /// Whether `line`, which may begin a record, belongs to `open` all the same: the lines of the record that is open. For formats whose
    /// records have a head of several lines of which not all are always there.
    fn goes_on(&self, _open: &[u8], _line: &[u8]) -> bool {
        false
    }

    /// Whether [`open`](Self::open) gives a decoder of the format's own rather than the usual one of its framing.
    fn has_own_decoder(&self) -> bool {
        false
    }

    /// Whether `between`, what stands between the objects of a source, is nothing that was logged: a comment. For [`Framing::Elements`].
    fn passes_over(&self, _between: &[u8]) -> bool {
        false
    }

    /// The key of an array of frames in an object around them, where frames are [elements](Framing::Elements); empty for none.
    fn list_key(&self) -> &'static str {
        ""
    }

    /// Whether its frames are text, which must be UTF-8; a binary format checks the strings that it reads.
    fn is_text(&self) -> bool {
        true
    }

    /// How much `frame` looks like this format. Cheap: no allocation, no full parse where a glance will do.
    fn likely(&self, frame: &[u8]) -> Likely;

    /// Reads one frame, which is UTF-8, into 0 to n records. An error leaves nothing of the frame behind: the driver cuts off what was
    /// written and keeps the frame as a Reject. May run twice for a frame (when the buffer had to grow), so it must have no other effect.
    fn parse(&self, frame: Text<'_>, out: &mut BatchWriter) -> Result<(), RejectReason>;

    /// The same of a frame whose first line [`began`](Self::began) looked at.
    fn parse_begun(&self, frame: Text<'_>, _began: &Began, out: &mut BatchWriter) -> Result<(), RejectReason> {
        self.parse(frame, out)
    }

    /// The state of one source.
    fn open(self: Arc<Self>, frame_bytes_max: usize) -> Box<dyn Decoder>;
}

/// The usual [`Format::open`]: by the format's framing.
pub fn open_framed<F: Format + 'static>(format: Arc<F>, frame_bytes_max: usize) -> Box<dyn Decoder> {
    match format.framing() {
        Framing::Lines | Framing::Records => Box::new(Lines::new(format, frame_bytes_max)),
        Framing::Elements => Box::new(Elements::new(format, frame_bytes_max)),
        Framing::Whole | Framing::Own => Box::new(Whole::new(format, frame_bytes_max)),
    }
}

/// The row of the format called `name`.
pub fn find(name: &str) -> Option<&'static Spec> {
    let of_list = FORMATS.binary_search_by(|spec| spec.name.cmp(name)).ok().and_then(|i| FORMATS.get(i).copied());
    of_list.or((name == operators::NAME).then_some(&operators::SPEC))
}

/// Compiles the format called `name`; one that was compiled lately with the same options is given again: a connection, a file or a small
/// chunk would else spend more on that than on parsing.
pub fn compile(name: &str, options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    let spec = find(name).ok_or_else(|| OptionError::unknown_format(name))?;
    options.check(spec)?;
    if options.0.is_empty() {
        return without_options(spec);
    }
    if let Some(format) = lately(spec, options) {
        return Ok(format);
    }
    let format = configured(spec, options)?;
    let mut compiled = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    compiled.truncate(COMPILED_MAX - 1);
    compiled.insert(0, Compiled { spec, options: options.clone(), format: Arc::clone(&format) });
    Ok(format)
}

/// Formats that were compiled with options, the last used first.
static COMPILED: Mutex<Vec<Compiled>> = Mutex::new(Vec::new());
/// How many of them are kept.
const COMPILED_MAX: usize = 32;

struct Compiled {
    spec: &'static Spec,
    options: Options,
    format: Arc<dyn Format>,
}

fn lately(spec: &'static Spec, options: &Options) -> Option<Arc<dyn Format>> {
    let mut compiled = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    let at = compiled.iter().position(|one| std::ptr::eq(one.spec, spec) && one.options == *options)?;
    if let Some(before) = compiled.get_mut(..=at) {
        before.rotate_right(1);
    }
    compiled.first().map(|one| Arc::clone(&one.format))
}

/// Compiles it with its own options, and with those that all formats take.
fn configured(spec: &'static Spec, options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    let format = (spec.compile)(options)?;
    let reading = Reading::of(options)?;
    let by_status = options.bool("severity_from_status")? == Some(true);
    if reading.is_default() && !by_status {
        return Ok(format);
    }
    if let Some(option) = Reading::first_of(options).filter(|_| !format.framing().is_lines()) {
        return Err(OptionError::new(option, format!("'{}' is not made of lines: leave it out", spec.name)));
    }
    Ok(Arc::new(Configured { format, reading, by_status }))
}

/// A format whose sources are read otherwise than by default.
struct Configured {
    format: Arc<dyn Format>,
    reading: Reading,
    /// Whether an HTTP status gives a severity.
    by_status: bool,
}

impl Format for Configured {
    fn spec(&self) -> &'static Spec {
        self.format.spec()
    }

    fn framing(&self) -> Framing {
        self.format.framing()
    }

    fn begins(&self, line: &[u8]) -> bool {
        self.format.begins(line)
    }

    fn goes_on_over_lines(&self) -> bool {
        self.format.goes_on_over_lines()
    }

    fn goes_on(&self, open: &[u8], line: &[u8]) -> bool {
        self.format.goes_on(open, line)
    }

    fn has_own_decoder(&self) -> bool {
        self.format.has_own_decoder()
    }

    fn passes_over(&self, between: &[u8]) -> bool {
        self.format.passes_over(between)
    }

    fn is_text(&self) -> bool {
        self.format.is_text()
    }

    fn likely(&self, frame: &[u8]) -> Likely {
        self.format.likely(frame)
    }

    fn parse(&self, frame: Text<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
        self.format.parse(frame, out)
    }

    fn open(self: Arc<Self>, frame_bytes_max: usize) -> Box<dyn Decoder> {
        let mut decoder = Arc::clone(&self.format).open(frame_bytes_max);
        decoder.configure(&self.reading);
        if self.by_status { Box::new(decoder::ByStatus(decoder)) } else { decoder }
    }
}

/// A format as it is without options, compiled once a process: a call for one small chunk would else spend more on that than on parsing.
fn without_options(spec: &'static Spec) -> Result<Arc<dyn Format>, OptionError> {
    static COMPILED: Mutex<BTreeMap<&str, Arc<dyn Format>>> = Mutex::new(BTreeMap::new());
    let mut compiled = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(format) = compiled.get(spec.name) {
        return Ok(Arc::clone(format));
    }
    let format = (spec.compile)(&Options::default())?;
    compiled.insert(spec.name, Arc::clone(&format));
    Ok(format)
}
