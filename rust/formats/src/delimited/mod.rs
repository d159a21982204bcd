//! Tables: rows of values between delimiters, whose columns are named by options, by the first row or by a directive.

mod columns;
mod cut;

use std::sync::Arc;

use logloom_record::{BatchWriter, RejectReason, Tail, Text};

pub(crate) use columns::{COLUMNS_MAX, Columns, Value, Values};
pub(crate) use cut::Shape;

use crate::{
    Decoder, Format, Framing, Likely, OptionDoc, OptionError, Options, Spec,
    decoder::{Cut, Cuts, Read, read_with},
    fields::{Dialect, Fields, Table as _, Unescape},
    json::hash,
    time::{TimePattern, Zone},
};

/// The options of `csv` and `tsv`.
pub(crate) const COLUMNS: OptionDoc = OptionDoc {
    name: "columns",
    doc: "string: the names of the columns, with commas between them (`time,level,message`); without it the first row names them. `-` leaves one out",
};
pub(crate) const HEADER: OptionDoc = OptionDoc {
    name: "header",
    doc: "true or false: whether the first row of each source holds names, of which `columns` has better ones; true where `columns` is not given, else false",
};
pub(crate) const DELIMITER: OptionDoc =
    OptionDoc { name: "delimiter", doc: "string: the character between values; a comma for csv, a tab for tsv" };
pub(crate) const QUOTE: OptionDoc = OptionDoc {
    name: "quote",
    doc: "string: the character that may stand around a value, written twice in it: `\"`, `'`, or nothing for none; `\"` for csv, none for tsv",
};
pub(crate) const NULL: OptionDoc = OptionDoc {
    name: "null",
    doc: "string: texts that say that there is no value, with commas between them (`-,NULL`); an empty value always says so",
};
pub(crate) const TIME_FORMAT: OptionDoc = OptionDoc {
    name: "time_format",
    doc: "string: how the time is written, where it is not in one of the usual ways: a strftime pattern, a Java pattern or a Go layout",
};

/// Who names the columns.
#[derive(Debug)]
pub(crate) enum Header {
    /// Each source's first row.
    FirstRow,
    /// Options; the first row is passed over.
    Skipped(Columns),
    /// Options.
    Given(Columns),
    /// The number of values in a row: the longest version is the first, and the others have its first columns.
    ByCount(Vec<Columns>),
    /// A line `#Fields: …`; without one, the number of values.
    Directive(Vec<Columns>),
}

/// A format whose frames are the rows of a table.
#[derive(Debug)]
pub(crate) struct Delimited {
    pub(crate) spec: &'static Spec,
    pub(crate) dialect: Dialect,
    pub(crate) shape: Shape,
    pub(crate) header: Header,
    pub(crate) nulls: Vec<Vec<u8>>,
    pub(crate) zone: Zone,
    pub(crate) unescape: Unescape,
    pub(crate) likely: fn(&Delimited, &[u8]) -> Likely,
}

/// Compiles `csv` or `tsv`.
pub(crate) fn compile(
    spec: &'static Spec,
    dialect: Dialect,
    delimiter: u8,
    quote: Option<u8>,
    options: &Options,
) -> Result<Arc<dyn Format>, OptionError> {
    let delimiter = match options.str(DELIMITER.name)?.map(str::as_bytes) {
        None => delimiter,
        Some([byte]) if byte.is_ascii() && !matches!(byte, b'\n' | b'\r') => *byte,
        Some(_) => return Err(OptionError::new(DELIMITER.name, "expected one ASCII character")),
    };
    let quote = match options.str(QUOTE.name)? {
        None => quote,
        Some("") => None,
        Some("\"") => Some(b'"'),
        Some("'") => Some(b'\''),
        Some(_) => return Err(OptionError::new(QUOTE.name, "expected '\"', \"'\" or nothing")),
    };
    let mut dialect = dialect;
    if let Some(pattern) = options.str(TIME_FORMAT.name)? {
        let compiled = TimePattern::compile_any(pattern).map_err(|error| OptionError::new(TIME_FORMAT.name, error.message).at(error.at))?;
        dialect = dialect.with_time(compiled);
    }
    let names = options.str(COLUMNS.name)?;
    let header = match (names, options.bool(HEADER.name)?) {
        (None, Some(false)) => {
            return Err(OptionError::new(HEADER.name, "without a header the columns have no names: give them with 'columns'"));
        }
        (None, _) => Header::FirstRow,
        (Some(names), header) => {
            let names = names.trim().trim_start_matches('[').trim_end_matches(']');
            let names = names.split(',').map(|name| name.trim().trim_matches('"'));
            if names.clone().all(str::is_empty) || names.clone().count() > COLUMNS_MAX {
                return Err(OptionError::new(COLUMNS.name, format!("expected 1 to {COLUMNS_MAX} names with commas between them")));
            }
            let columns = Columns::new(&dialect, names).map_err(|reason| OptionError::new(COLUMNS.name, reason.what))?;
            if header == Some(true) { Header::Skipped(columns) } else { Header::Given(columns) }
        }
    };
    let nulls = options.str(NULL.name)?.unwrap_or_default();
    let nulls = nulls.split(',').filter(|null| !null.is_empty()).map(|null| null.as_bytes().to_vec()).collect();
    let shape = Shape { delimiter, quote, runs: false };
    let unescape: Unescape = if quote == Some(b'\'') { undouble::<b'\''> } else { undouble::<b'"'> };
    Ok(Arc::new(Delimited { spec, dialect, shape, header, nulls, zone: options.zone()?, unescape, likely: of_table }))
}

/// Appends a value whose quotes are written twice.
pub(crate) fn undouble<const QUOTE: u8>(text: Text<'_>, out: &mut Vec<u8>) {
    let mut rest = text.bytes();
    while let Some(at) = memchr::memchr(QUOTE, rest) {
        out.extend_from_slice(rest.get(..=at).unwrap_or_default());
        rest = rest.get(at + 1..).unwrap_or_default();
        rest = rest.strip_prefix(&[QUOTE]).unwrap_or(rest);
    }
    out.extend_from_slice(rest);
}

/// Columns of the W3C's names. The server is the destination too: Elastic's own mapping asks for it.
pub(crate) fn w3c_columns<'n>(dialect: &Dialect, names: impl Iterator<Item = &'n str>) -> Result<Columns, RejectReason> {
    let mut columns = Columns::new(dialect, names)?.strict();
    columns.holds_header("cs(User-Agent)");
    columns.holds_header("cs(Cookie)");
    columns.twin("s-ip", "destination.address");
    columns.twin("s-port", "destination.port");
    Ok(columns)
}

/// What the rows of one source are read by.
#[derive(Debug)]
struct Source {
    format: Arc<Delimited>,
    /// Its own columns, once they are known.
    columns: Option<Columns>,
    /// The day of the last `#Date:`.
    day: Option<[u8; 10]>,
    /// Whether the next frame is the first.
    is_first: bool,
    /// The bytes of the source before this one are not there: its header is not known.
    is_resumed: bool,
}

impl Read for Source {
    fn name(&self) -> &'static str {
        self.format.spec.name
    }

    #[inline(always)]
    fn read(&mut self, frame: Text<'_>, checked: bool, offset: u64, out: &mut BatchWriter) {
        let mut frame = frame;
        if std::mem::take(&mut self.is_first) {
            frame = frame.after(if frame.bytes().starts_with(b"\xef\xbb\xbf") { 3 } else { 0 });
            self.is_resumed = offset > 0 && matches!(self.format.header, Header::FirstRow);
            if !self.is_resumed && self.header(frame) {
                return out.passed_over(1);
            }
        }
        if frame.bytes().first() == Some(&b'#') && self.directive(frame) {
            return read_with(self.format.spec.name, said, frame, checked, offset, out);
        }
        let (format, columns) = (&*self.format, self.columns.as_ref());
        read_with(format.spec.name, |frame, out| format.row(columns, frame, out), frame, checked, offset, out);
    }
}

/// A directive is a record too: its line is the body.
#[allow(clippy::unnecessary_wraps)] // the shape of a row's
fn said(frame: Text<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
    out.begin(0, 0, Text::EMPTY).body(frame).finish(&Tail::default());
    Ok(())
}

impl Source {
    /// Takes the first row of the source as its header where it is one.
    fn header(&mut self, frame: Text<'_>) -> bool {
        match self.format.header {
            Header::Skipped(_) => true,
            Header::FirstRow => {
                self.columns = self.format.header_of(frame).ok();
                self.columns.is_some()
            }
            _ => false,
        }
    }

    /// A line that says something of those that follow.
    #[cold]
    fn directive(&mut self, frame: Text<'_>) -> bool {
        if !matches!(self.format.header, Header::Directive(_)) {
            return false;
        }
        if let Some(day) = frame.bytes().strip_prefix(b"#Date:").and_then(|date| date.trim_ascii_start().first_chunk()) {
            self.day = Some(*day);
        }
        if let Some(columns) = self.format.directive_of(frame) {
            self.columns = Some(columns);
        }
        if let Some(columns) = &mut self.columns {
            columns.set_day(self.day);
        }
        true
    }
}

impl Delimited {
    /// The columns that a row names.
    fn header_of(&self, frame: Text<'_>) -> Result<Columns, RejectReason> {
        let text = std::str::from_utf8(frame.bytes()).map_err(|_| RejectReason::value("the header is no UTF-8", 0))?;
        let line = Text::from(text.trim_end_matches(['\n', '\r']));
        let mut values = Values::new(self.shape, line);
        let mut names = Vec::new();
        while let Some(value) = values.next()? {
            let mut name = Vec::new();
            match value {
                Value::Doubled(range) => (self.unescape)(line.slice(range), &mut name),
                other => name.extend_from_slice(line.slice(other.range()).bytes()),
            }
            names.push(String::from_utf8_lossy(&name).into_owned());
        }
        Columns::new(&self.dialect, names.iter().map(String::as_str))
    }

    /// The columns that a directive names.
    fn directive_of(&self, frame: Text<'_>) -> Option<Columns> {
        let text = std::str::from_utf8(frame.bytes()).ok()?;
        let names = text.strip_prefix("#Fields:").or_else(|| text.strip_prefix("#fields:"))?;
        w3c_columns(&self.dialect, names.split_ascii_whitespace()).ok()
    }

    /// Reads one row under these columns, or under those that its number of values tells.
    #[inline(always)]
    fn row(&self, columns: Option<&Columns>, frame: Text<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
        if frame.len() > u32::MAX as usize {
            return Err(RejectReason::limit("a row has at most 4 GiB", 0));
        }
        let columns = match (columns, &self.header) {
            (Some(columns), _) | (None, Header::Given(columns) | Header::Skipped(columns)) => columns,
            (None, Header::ByCount(all)) => return self.row_of_version(all, frame, out),
            (None, Header::Directive(all)) => self.by_count(all, frame)?,
            (None, Header::FirstRow) => {
                return Err(RejectReason::syntax("the table's header is not known here: give 'columns'", 0));
            }
        };
        let mut shape = self.shape;
        // CloudFront has tabs where others have blanks.
        if shape.runs && memchr::memchr(b'\t', frame.bytes()).is_some() {
            shape = Shape { delimiter: b'\t', quote: None, runs: false };
        }
        let read = |columns: &Columns, out: &mut BatchWriter| {
            Fields::with(out.limits().attributes_max, out.limits().depth_max, |fields| {
                columns.gather(fields, &self.dialect, shape, &self.nulls, self.zone, frame)?;
                fields.write(&self.dialect, frame, frame, self.unescape, out)
            })
        };
        let result = read(columns, out);
        if let (Err(_), Header::Directive(all)) = (&result, &self.header) {
            // A file may have been put together of several, not all with their directives.
            return self.by_count(all, frame).map_or(result, |columns| read(columns, out));
        }
        result
    }

    /// Reads a row under the columns of the longest version, as far as it has values, and then counts them.
    #[inline(always)]
    fn row_of_version(&self, all: &[Columns], frame: Text<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
        Fields::with(out.limits().attributes_max, out.limits().depth_max, |fields| {
            let Some(longest) = all.first() else { return self.by_count(all, frame).map(|_| ()) };
            match longest.gather(fields, &self.dialect, self.shape, &self.nulls, self.zone, frame) {
                Ok(count) if all.iter().any(|columns| columns.len() == count) => {
                    fields.write(&self.dialect, frame, frame, self.unescape, out)
                }
                result => self.by_count(all, frame).and(result.map(|_| ())),
            }
        })
    }

    /// The columns for a row of this number of values.
    pub(crate) fn by_count<'c>(&self, all: &'c [Columns], frame: Text<'_>) -> Result<&'c Columns, RejectReason> {
        let count = self.count(frame)?;
        all.iter()
            .find(|columns| columns.len() == count)
            .ok_or(RejectReason::syntax("no version of the format has this number of values in a row", 0))
    }

    /// Where the first row of `sample` ends, its line end left out.
    pub(crate) fn row_end(&self, sample: &[u8]) -> Option<usize> {
        let end = cut::Rows::new(self.shape).cut(sample)?;
        let row = sample.get(..end - 1)?;
        Some(row.strip_suffix(b"\r").unwrap_or(row).len())
    }

    /// The `n`th value of a row, counted from 0, as it stands there.
    pub(crate) fn value<'a>(&self, row: Text<'a>, n: usize) -> Option<Text<'a>> {
        let mut values = Values::new(self.shape, row);
        for _ in 0..n {
            values.next().ok()??;
        }
        values.next().ok()?.map(|value| row.slice(value.range()))
    }

    /// How many values a row has.
    pub(crate) fn count(&self, frame: Text<'_>) -> Result<usize, RejectReason> {
        let mut shape = self.shape;
        if shape.runs && memchr::memchr(b'\t', frame.bytes()).is_some() {
            shape = Shape { delimiter: b'\t', quote: None, runs: false };
        }
        let mut values = Values::new(shape, frame);
        let mut count = 0;
        while values.next()?.is_some() {
            count += 1;
        }
        Ok(count)
    }
}

impl Format for Delimited {
    fn spec(&self) -> &'static Spec {
        self.spec
    }

    fn framing(&self) -> Framing {
        Framing::Own
    }

    fn likely(&self, frame: &[u8]) -> Likely {
        (self.likely)(self, frame)
    }

    fn parse(&self, frame: Text<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
        self.row(None, frame, out)
    }

    fn open(self: Arc<Self>, frame_bytes_max: usize) -> Box<dyn Decoder> {
        let cutter = cut::Rows::new(self.shape);
        let source = Source { format: self, columns: None, day: None, is_first: true, is_resumed: false };
        Box::new(Cuts::new(source, cutter, frame_bytes_max))
    }
}

/// A header of names, of which one or more are known, and rows of as many values.
fn of_table(format: &Delimited, sample: &[u8]) -> Likely {
    const ROWS_MAX: usize = 16;
    let Some(first_end) = memchr::memchr(b'\n', sample) else { return Likely::NO };
    let (first, mut rest) = (sample.get(..first_end).unwrap_or_default(), sample.get(first_end + 1..).unwrap_or_default());
    let first = first.strip_prefix(b"\xef\xbb\xbf").unwrap_or(first);
    let first = Text::from(first.strip_suffix(b"\r").unwrap_or(first));
    let mut values = Values::new(format.shape, first);
    let (mut names, mut known) = (0, 0);
    while let Ok(Some(value)) = values.next() {
        let name = first.slice(value.range());
        let is_name = name.bytes().first().is_some_and(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'@'))
            && name.len() <= 64
            && name
                .bytes()
                .iter()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b' ' | b'/' | b'@' | b'(' | b')'));
        if !is_name {
            return Likely::NO;
        }
        names += 1;
        let small = name.bytes().to_ascii_lowercase();
        let is_known = |name: Text<'_>| format.dialect.find(hash(name), name).is_some();
        known += usize::from(is_known(name) || is_known(Text::from(small.as_slice())));
    }
    let mut rows = 0;
    while rows < ROWS_MAX
        && let Some(end) = cut::Rows::new(format.shape).cut(rest)
    {
        let row = rest.get(..end - 1).unwrap_or_default();
        let row = Text::of(rest, 0..row.strip_suffix(b"\r").unwrap_or(row).len());
        if !row.is_empty() && format.count(row).ok() != Some(names) {
            return Likely::NO;
        }
        rows += usize::from(!row.is_empty());
        rest = rest.get(end..).unwrap_or_default();
    }
    match (names, known, rows) {
        (3.., 2.., 1..) => Likely(90),
        (3.., 1, 2..) => Likely(88),
        (2, 2, 2..) => Likely(70),
        (4.., 0, 4..) => Likely(65),
        _ => Likely::NO,
    }
}
