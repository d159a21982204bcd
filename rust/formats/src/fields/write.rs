//! The gathered fields as one record.

use logloom_record::{BatchWriter, Key, RecordCursor, RejectReason, Scalar, Tail, Text};

use super::{Dialect, Field, Fields, Kind, Place, Target, roles::name, values::caller};
use crate::json::{Scanner, Value, write_value};

const ORIGINAL: Key = Key::new("log.record.original");

/// Appends a text with its escapes resolved.
pub(crate) type Unescape = fn(Text<'_>, &mut Vec<u8>);

impl Fields {
    /// Writes the record. The body is the message; where no field is one, it is the line itself. `frame` is what the fields lie in, `line`
    /// what is kept as the original.
    #[inline(always)]
    pub(crate) fn write(
        &mut self,
        dialect: &Dialect,
        frame: Text<'_>,
        line: Text<'_>,
        unescape: Unescape,
        out: &mut BatchWriter,
    ) -> Result<(), RejectReason> {
        let keeps_original = out.keeps_original();
        self.is_prefixed = !dialect.prefix.is_empty();
        let head = self.assign(dialect, frame, keeps_original || out.carries_raw());
        let mut scratch = out.take_scratch();
        let mut own = std::mem::take(&mut self.own);
        let prefix = dialect.prefix.len();
        // Mostly what the last line left is right.
        if prefix > 0 && (own.len() < prefix + ROOM || !own.starts_with(dialect.prefix.as_bytes())) {
            own.clear();
            own.extend_from_slice(dialect.prefix.as_bytes());
            own.resize(prefix + ROOM, 0);
        }
        let field = |position: Option<u32>| self.fields().get(position? as usize);
        // Serilog leaves the rendering to the reader: better its template than none.
        let template = name::TARGET + Target::MessageTemplate as u16;
        let body = field(head.body).or_else(|| self.fields().iter().find(|field| field.entry == template));
        let event_name = field(head.event_name).map_or(&[][..], |field| field.span(frame).bytes());
        let tail = Tail { flags: head.flags, trace_id: head.trace_id, span_id: head.span_id, event_name };
        let mut severity_text = field(head.severity_text).map_or(Text::EMPTY, |field| field.span(frame));
        if self.given_severity != 0 {
            let (from, to) = self.given_severity_text;
            severity_text = self.names.text(from as usize..to as usize);
        }
        let mut result = Ok(());
        let mut rec = out.begin(head.time_unix_nano, head.severity, severity_text);
        rec = match body {
            Some(body) if body.kind == Kind::Text => rec.body(body.span(frame)),
            Some(body) => rec.apart(|rec| self.body(rec, frame, body, unescape, &mut scratch, &mut result)),
            None if keeps_original => rec.body(line),
            None => rec,
        };
        for field in self.fields() {
            let name = match field.entry {
                name::OWN if prefix == 0 || field.is_whole() => self.name(frame, field),
                name::OWN => behind(&mut own, prefix, self.name(frame, field)),
                name::NONE => continue,
                name::CALLER => {
                    if let Some((file, line)) = caller(field, frame) {
                        rec = rec.attr(Target::CodeFile.key(), file).attr_i64(Target::CodeLine.key(), line);
                    }
                    continue;
                }
                entry => other_name(dialect, entry),
            };
            rec = self.attribute(rec, frame, name, field, unescape, &mut scratch, &mut result);
        }
        if keeps_original && body.is_some() {
            rec = rec.attr(&ORIGINAL, line);
        }
        rec.dropped(self.dropped).finish(&tail);
        out.give_scratch(scratch);
        self.own = own;
        result
    }

    /// Writes a body that is not plain text. What follows a failure is of no matter: the frame is written once more, as a Reject.
    #[inline(never)]
    fn body<'w>(
        &self,
        mut rec: RecordCursor<'w>,
        frame: Text<'_>,
        body: &Field,
        unescape: Unescape,
        scratch: &mut Vec<u8>,
        result: &mut Result<(), RejectReason>,
    ) -> RecordCursor<'w> {
        let mark = rec.open(0x2a);
        match body.kind {
            Kind::Escaped => rec.scalar(Scalar::Str(body.resolve(frame, unescape, scratch))),
            Kind::Nested | Kind::NestedTwice => *result = self.nested(&mut rec, frame, body, scratch),
            Kind::Made => rec.scalar(Scalar::Str(self.made(body))),
            _ => rec.scalar(body.scalar()),
        }
        rec.close(mark);
        rec
    }

    /// An attribute of this name with the field's value.
    #[inline(always)]
    #[allow(clippy::too_many_arguments)] // no struct: it would live in memory
    pub(crate) fn attribute<'w>(
        &self,
        mut rec: RecordCursor<'w>,
        frame: Text<'_>,
        name: Text<'_>,
        field: &Field,
        unescape: Unescape,
        scratch: &mut Vec<u8>,
        result: &mut Result<(), RejectReason>,
    ) -> RecordCursor<'w> {
        if !rec.admit() {
            return rec;
        }
        if field.kind == Kind::Text {
            rec.string_entry(0x32, name, field.span(frame));
            return rec;
        }
        let value = match field.kind {
            Kind::Escaped => field.resolve(frame, unescape, scratch),
            Kind::List | Kind::EscapedList => {
                let value = if field.kind == Kind::List { field.span(frame) } else { field.resolve(frame, unescape, scratch) };
                return rec.apart(|rec| rec.attr_list_named(name, value));
            }
            Kind::Made => self.made(field),
            Kind::MadeItems => {
                let value = self.made(field);
                return rec.apart(|rec| items_attribute(rec, name, value));
            }
            Kind::Items => {
                let value = field.resolve(frame, unescape, scratch);
                return rec.apart(|rec| items_attribute(rec, name, value));
            }
            Kind::Lines => {
                scratch.clear();
                match field.lines(frame, scratch) {
                    Ok(()) => Text::from(scratch.as_slice()),
                    Err(_) => return rec.apart(|rec| self.nested_attribute(rec, frame, name, field, scratch, result)),
                }
            }
            Kind::Nested if let Some(only) = field.only_text(frame) => return rec.apart(|rec| rec.attr_list_named(name, only)),
            Kind::Nested | Kind::NestedTwice => {
                return rec.apart(|rec| self.nested_attribute(rec, frame, name, field, scratch, result));
            }
            _ => {
                rec.scalar_entry(0x32, name, field.scalar());
                return rec;
            }
        };
        rec.string_entry(0x32, name, value);
        rec
    }

    /// A value that does not stand in the frame.
    fn made(&self, field: &Field) -> Text<'_> {
        self.names.text(field.at as usize..field.at as usize + field.len as usize)
    }

    #[inline(never)]
    fn nested_attribute<'w>(
        &self,
        mut rec: RecordCursor<'w>,
        frame: Text<'_>,
        name: Text<'_>,
        field: &Field,
        scratch: &mut Vec<u8>,
        result: &mut Result<(), RejectReason>,
    ) -> RecordCursor<'w> {
        let attribute = rec.open(0x32);
        rec.name(name);
        let any = rec.open(0x12);
        let written = self.nested(&mut rec, frame, field, scratch);
        if written.is_err() {
            *result = written;
        }
        rec.close(any);
        rec.close(attribute);
        rec
    }

    /// Writes the content of an object or array. Its nesting was bounded when it was gathered.
    fn nested(&self, rec: &mut RecordCursor<'_>, frame: Text<'_>, field: &Field, scratch: &mut Vec<u8>) -> Result<(), RejectReason> {
        let mut json = Scanner::new(field.span(frame), self.depth_max);
        if field.kind == Kind::NestedTwice {
            json = json.suspecting();
        }
        let value = json.value()?;
        write_value(rec, &mut json, value, scratch)
    }
}

/// An attribute that is a list of the items of `value`.
#[inline(never)]
fn items_attribute<'w>(mut rec: RecordCursor<'w>, name: Text<'_>, value: Text<'_>) -> RecordCursor<'w> {
    let attribute = rec.open(0x32);
    rec.name(name);
    let any = rec.open(0x12);
    let list = rec.open(0x2a);
    let bytes = value.bytes();
    let (bytes, separator) = match memchr::memchr(0, bytes) {
        Some(_) => (bytes.strip_suffix(b"\0").unwrap_or(bytes), 0),
        None => (bytes, b' '),
    };
    for item in bytes.split(|byte| *byte == separator) {
        if !item.is_empty() || separator == 0 {
            let value = rec.open(0x0a);
            rec.scalar(Scalar::Str(Text::from(item)));
            rec.close(value);
        }
    }
    rec.close(list);
    rec.close(any);
    rec.close(attribute);
    rec
}

impl Field {
    /// Where its value stands.
    #[inline(always)]
    pub(crate) fn span<'a>(&self, frame: Text<'a>) -> Text<'a> {
        frame.slice(self.at as usize..self.at as usize + self.len as usize)
    }

    /// The text that a list is made of, if it is one without escapes: then no quote stands in it but the two around it.
    #[inline]
    pub(super) fn only_text<'a>(&self, frame: Text<'a>) -> Option<Text<'a>> {
        let list = self.span(frame);
        let inner = list.bytes().strip_prefix(b"[\"")?.strip_suffix(b"\"]")?;
        memchr::memchr2(b'"', b'\\', inner).is_none().then(|| list.slice(2..inner.len() + 2))
    }

    /// Whether its name stands as it is, whatever the table has names begin with.
    #[inline(always)]
    pub(super) fn is_whole(&self) -> bool {
        matches!(self.place, Place::Whole | Place::Learned | Place::LearnedWhole | Place::Kept) || self.path_len > 0
    }

    /// Its text without escapes, in `scratch`, which is overwritten.
    pub(crate) fn resolve<'s>(&self, frame: Text<'_>, unescape: Unescape, scratch: &'s mut Vec<u8>) -> Text<'s> {
        scratch.clear();
        unescape(self.span(frame), scratch);
        // What follows lets it be copied in whole steps.
        let len = scratch.len();
        scratch.resize(len + STEP, 0);
        Text::of(scratch, 0..len)
    }

    /// The texts of a list, each on a line of its own, appended to `out`; what is no such list is an error.
    #[cold]
    fn lines(&self, frame: Text<'_>, out: &mut Vec<u8>) -> Result<(), RejectReason> {
        let mut json = Scanner::new(self.span(frame), 2);
        let no_list = RejectReason::value("expected a list of texts", 0);
        let Value::Array = json.value()? else { return Err(no_list) };
        while json.item()? {
            let Value::Str(line) = json.value()? else { return Err(no_list) };
            if !out.is_empty() {
                out.push(b'\n');
            }
            line.unescape_into(out);
        }
        Ok(())
    }

    fn scalar(&self) -> Scalar<'static> {
        match self.kind {
            Kind::Bool => Scalar::Bool(self.number != 0),
            Kind::Int => Scalar::Int(self.number as i64),
            Kind::Double => Scalar::Double(f64::from_bits(self.number)),
            _ => Scalar::Null,
        }
    }
}

/// So many bytes follow a text that was made.
const STEP: usize = 128;
/// Room for most names, copied as a whole.
const ROOM: usize = 64;

/// The name behind the first `prefix` bytes of `own`.
#[inline(always)]
fn behind<'o>(own: &'o mut Vec<u8>, prefix: usize, name: Text<'_>) -> Text<'o> {
    if name.len() <= ROOM
        && let Some(from) = name.tail().first_chunk::<ROOM>()
        && let Some(to) = own.get_mut(prefix..).and_then(<[u8]>::first_chunk_mut)
    {
        *to = *from;
    } else {
        own.truncate(prefix);
        own.extend_from_slice(name.bytes());
        own.resize(prefix + name.len() + ROOM, 0);
    }
    Text::of(own, 0..prefix + name.len())
}

/// The name that [`Fields::assign`] gave.
#[inline(always)]
fn other_name(dialect: &Dialect, entry: u16) -> Text<'_> {
    match entry.checked_sub(name::NAMED) {
        Some(n) => dialect.name_of(n),
        None => Target::ALL.get(usize::from(entry - name::TARGET)).map_or(Text::EMPTY, |target| target.key().text()),
    }
}
