//! The gathered fields as one record.

use logloom_record::{BatchWriter, Key, RecordCursor, RejectReason, Scalar, Tail, Text};

use super::{
    Dialect, Field, Fields, Kind, Target,
    roles::{caller, name},
};
use crate::json::{Scanner, write_attribute, write_value};

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
        let mut head = self.assign(dialect, frame, keeps_original);
        let mut scratch = out.take_scratch();
        // Serilog leaves the rendering to the reader: better its template than none.
        if head.body.is_none() {
            let template = name::TARGET + Target::MessageTemplate as u16;
            head.body = self.list.iter().find(|field| field.entry == template && field.kind != Kind::Gone).copied();
        }
        let tail = Tail {
            flags: head.flags,
            trace_id: head.trace_id,
            span_id: head.span_id,
            event_name: head.event_name.map_or(&[], |field| field.span(frame).bytes()),
        };
        let severity_text = head.severity_text.map_or(Text::EMPTY, |field| field.span(frame));
        let mut rec = out.begin(head.time_unix_nano, head.severity, severity_text);
        rec = match head.body {
            Some(body) => self.body(rec, frame, &body, unescape, &mut scratch)?,
            None if keeps_original => rec.body(line),
            None => rec,
        };
        for field in &self.list {
            if field.kind == Kind::Gone {
                continue;
            }
            rec = match field.entry {
                name::OWN => self.attribute(rec, frame, self.name(frame, field), field, unescape, &mut scratch)?,
                entry => self.named(rec, dialect, frame, entry, field, unescape, &mut scratch)?,
            };
        }
        if keeps_original && head.body.is_some() {
            rec = rec.attr(&ORIGINAL, line);
        }
        rec.dropped(self.dropped).finish(&tail);
        out.give_scratch(scratch);
        Ok(())
    }

    fn body<'w>(
        &self,
        mut rec: RecordCursor<'w>,
        frame: Text<'_>,
        body: &Field,
        unescape: Unescape,
        scratch: &mut Vec<u8>,
    ) -> Result<RecordCursor<'w>, RejectReason> {
        match body.kind {
            Kind::Text => Ok(rec.body(body.span(frame))),
            Kind::Escaped => Ok(rec.body(body.resolve(frame, unescape, scratch))),
            Kind::Nested | Kind::NestedTwice => {
                let mark = rec.open(0x2a);
                let mut json = self.nested(frame, body);
                let value = json.value()?;
                write_value(&mut rec, &mut json, value, scratch)?;
                rec.close(mark);
                Ok(rec)
            }
            _ => Ok(rec.body_scalar(body.scalar())),
        }
    }

    /// An attribute of this name with the field's value.
    #[inline(always)]
    pub(crate) fn attribute<'w>(
        &self,
        rec: RecordCursor<'w>,
        frame: Text<'_>,
        name: Text<'_>,
        field: &Field,
        unescape: Unescape,
        scratch: &mut Vec<u8>,
    ) -> Result<RecordCursor<'w>, RejectReason> {
        match field.kind {
            Kind::Text => Ok(rec.attr_text(name, field.span(frame))),
            Kind::Int => Ok(rec.attr_int(name, field.number as i64)),
            Kind::Escaped => Ok(rec.attr_text(name, field.resolve(frame, unescape, scratch))),
            Kind::Nested | Kind::NestedTwice => self.nested_attribute(rec, frame, name, field, scratch),
            _ => Ok(rec.attr_scalar(name, field.scalar())),
        }
    }

    #[inline(never)]
    fn nested_attribute<'w>(
        &self,
        mut rec: RecordCursor<'w>,
        frame: Text<'_>,
        name: Text<'_>,
        field: &Field,
        scratch: &mut Vec<u8>,
    ) -> Result<RecordCursor<'w>, RejectReason> {
        let mut json = self.nested(frame, field);
        let value = json.value()?;
        write_attribute(&mut rec, name, &mut json, value, scratch)?;
        Ok(rec)
    }

    /// An attribute under another name than its own.
    #[inline(never)]
    #[allow(clippy::too_many_arguments)] // what `attribute` takes, and the two that say the name
    fn named<'w>(
        &self,
        rec: RecordCursor<'w>,
        dialect: &Dialect,
        frame: Text<'_>,
        entry: u16,
        field: &Field,
        unescape: Unescape,
        scratch: &mut Vec<u8>,
    ) -> Result<RecordCursor<'w>, RejectReason> {
        if entry == name::CALLER {
            return Ok(match caller(field, frame) {
                Some((file, line)) => rec.attr(Target::CodeFile.key(), file).attr_i64(Target::CodeLine.key(), line),
                None => rec,
            });
        }
        if let Some(n) = entry.checked_sub(name::RENAMED) {
            let name = dialect.renamed.get(usize::from(n)).map(String::as_str).unwrap_or_default();
            return self.attribute(rec, frame, Text::from(name), field, unescape, scratch);
        }
        let Some(target) = Target::ALL.get(usize::from(entry - name::TARGET)) else { return Ok(rec) };
        Ok(match field.kind {
            Kind::Int => rec.attr_i64(target.key(), field.number as i64),
            Kind::Escaped => rec.attr(target.key(), field.resolve(frame, unescape, scratch)),
            _ => rec.attr(target.key(), field.span(frame)),
        })
    }

    /// A reader of a field that is an object or array. Its nesting was bounded when it was gathered.
    fn nested<'a>(&self, frame: Text<'a>, field: &Field) -> Scanner<'a> {
        let json = Scanner::new(field.span(frame), self.depth_max);
        if field.kind == Kind::NestedTwice { json.suspecting() } else { json }
    }
}

impl Field {
    /// Where its value stands.
    #[inline(always)]
    pub(crate) fn span<'a>(&self, frame: Text<'a>) -> Text<'a> {
        frame.slice(self.at as usize..self.at as usize + self.len as usize)
    }

    /// Its text without escapes, in `scratch`, which is overwritten.
    pub(crate) fn resolve<'s>(&self, frame: Text<'_>, unescape: Unescape, scratch: &'s mut Vec<u8>) -> Text<'s> {
        scratch.clear();
        unescape(self.span(frame), scratch);
        Text::from(scratch.as_slice())
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
