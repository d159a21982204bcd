//! Writing the values of a line as a record.

use std::net::IpAddr;

use logloom_record::{BatchWriter, Key, RecordCursor, Scalar, Tail, Text};

use super::{
    Line, Use, Values,
    line::Slot,
    pairs::{bars, brackets, members, pairs},
    request,
};
use crate::{
    envoy::{Name, Trace, write},
    json::unescape,
    swar::short_decimal,
};

pub(super) const ORIGINAL: Key = Key::new("log.record.original");

impl Line {
    /// Writes what was [read](Self::read) as a record: the line is kept as its body, or as `log.record.original` where the pattern has a
    /// body of its own.
    #[inline]
    pub(crate) fn write(&self, line: Text<'_>, values: &Values, out: &mut BatchWriter) {
        let keep = out.keeps_original();
        // What stands around the line is kept there: the line itself is the message.
        let is_message = keep || out.envelope().has_original();
        let said = self.severity_field.and_then(|(field, _)| values.text(field, line));
        let severity_text = said.unwrap_or(Text::from(self.severity.1.as_str()));
        let body = self.body_field.and_then(|field| values.text(field, line));
        let rec = out.begin(values.time_unix_nano, values.severity, severity_text);
        let rec = match body {
            Some(body) => rec.body(body),
            None if is_message => rec.body(line),
            None => rec,
        };
        let mut trace = Trace::default();
        let mut rec = self.attributes(rec, line, values, &mut trace);
        if keep && body.is_some() {
            rec = rec.attr(&ORIGINAL, line);
        }
        rec.finish(&Tail { event_name: self.event_name(line, values), ..trace.tail() });
    }

    /// Writes the attributes of what was [read](Self::read); the ids of a trace go into `trace`.
    #[inline(always)]
    pub(crate) fn attributes<'w>(&self, mut rec: RecordCursor<'w>, line: Text<'_>, values: &Values, trace: &mut Trace) -> RecordCursor<'w> {
        for (i, used) in self.uses.iter().enumerate() {
            match (values.get(i), used) {
                (Slot::Absent, _) | (_, Use::Skip | Use::Time | Use::Severity(_) | Use::Body | Use::BodyStart | Use::EventName) => {}
                (Slot::Text { at, len }, Use::Target(target)) => {
                    rec = write::text(rec, target, line.slice(at as usize..(at + len) as usize), trace);
                }
                (Slot::Int(value), Use::Target(target)) => rec = write::number(rec, target, value),
                (Slot::Text { at, len }, Use::Request(name)) => {
                    rec = request::write(rec, name, line.slice(at as usize..(at + len) as usize));
                }
                (Slot::Text { at, len }, Use::Double(name))
                    if let Some(number) = decimal(line.slice(at as usize..(at + len) as usize).bytes()) =>
                {
                    rec = rec.attr_scalar(name.text(), Scalar::Double(number));
                }
                (slot, used) => rec = rec.apart(|rec| rare(rec, used, slot, line)),
            }
        }
        for (name, value) in &self.constants {
            rec = rec.attr_text(name.text(), Text::from(value.as_str()));
        }
        rec
    }

    #[inline(always)]
    fn event_name<'a>(&'a self, line: Text<'a>, values: &Values) -> &'a [u8] {
        self.event_name_field.and_then(|field| values.text(field, line)).map_or(self.event_name.as_bytes(), Text::bytes)
    }
}

/// A decimal number, perhaps negative, whose double is exact in one step.
#[inline(always)]
fn decimal(text: &[u8]) -> Option<f64> {
    match text {
        [b'-', number @ ..] => short_decimal(number).map(|number| -number),
        number => short_decimal(number),
    }
}

/// Writes an attribute of any name.
pub(super) fn text<'w>(rec: RecordCursor<'w>, name: &Name, value: Text<'_>) -> RecordCursor<'w> {
    rec.attr_text(name.text(), value)
}

#[inline(never)]
fn rare<'w>(rec: RecordCursor<'w>, used: &Use, slot: Slot, line: Text<'_>) -> RecordCursor<'w> {
    let value = match slot {
        Slot::Text { at, len } => line.slice(at as usize..(at + len) as usize),
        Slot::Int(value) => {
            let digits = value.to_string();
            return match used {
                Use::Double(name) => rec.attr_scalar(name.text(), Scalar::Double(value as f64)),
                Use::Bool(name) | Use::Quoted(name) => text(rec, name, Text::from(digits.as_str())),
                _ => rec,
            };
        }
        Slot::Absent => return rec,
    };
    match used {
        Use::Double(name) => match std::str::from_utf8(value.bytes()).ok().and_then(|text| text.parse::<f64>().ok()) {
            Some(number) if number.is_finite() => rec.attr_scalar(name.text(), Scalar::Double(number)),
            _ => text(rec, name, value),
        },
        Use::Bool(name) => match truth(value.bytes()) {
            Some(truth) => rec.attr_scalar(name.text(), Scalar::Bool(truth)),
            None => text(rec, name, value),
        },
        Use::Code(code, meaning, known) => {
            let rec = text(rec, code, value);
            match known.iter().find(|(code, _)| code.as_bytes() == value.bytes()) {
                Some((_, means)) => text(rec, meaning, Text::from(means.as_str())),
                None => rec,
            }
        }
        Use::Remote(address, port) => remote(rec, address, port, value),
        Use::Quoted(name) => quoted(rec, name, value),
        Use::Pairs(names) => pairs(rec, names, value),
        Use::Members(names) => members(rec, names, value),
        Use::Bars(names) => bars(rec, names, value),
        Use::Brackets(names) => brackets(rec, names, value),
        Use::Query(name) => text(rec, name, if value.bytes().first() == Some(&b'?') { value.after(1) } else { value }),
        Use::Ip(name) => text(rec, name, value),
        Use::Clients(name) => clients(rec, name, value),
        Use::List(name, between) => strings(rec, name, elements(value, |byte| byte == *between)),
        _ => rec,
    }
}

fn remote<'w>(rec: RecordCursor<'w>, address: &Name, port: &Name, value: Text<'_>) -> RecordCursor<'w> {
    let bytes = value.bytes();
    let open = bytes.strip_suffix(b")").and_then(|bytes| memchr::memrchr(b'(', bytes));
    let number = open.and_then(|open| std::str::from_utf8(bytes.get(open + 1..bytes.len() - 1)?).ok()?.parse::<u16>().ok());
    match (open, number) {
        (Some(open), Some(number)) => text(rec, address, value.slice(0..open)).attr_int(port.text(), i64::from(number)),
        _ => text(rec, address, value),
    }
}

/// Who the client is, of a list as `x-forwarded-for` has it: the first that is no private address, else the first.
fn clients<'w>(rec: RecordCursor<'w>, name: &Name, value: Text<'_>) -> RecordCursor<'w> {
    let parts = |byte: u8| byte == b',' || byte == b' ';
    if !value.bytes().iter().copied().any(parts) {
        return text(rec, name, value);
    }
    let addresses = || elements(value, parts).filter(|address| !address.is_empty());
    let Some(client) = addresses().find(|address| is_public(*address)).or_else(|| addresses().next()) else { return rec };
    strings(text(rec, name, client), &Name::new("http.request.header.x-forwarded-for"), addresses())
}

fn is_public(address: Text<'_>) -> bool {
    match std::str::from_utf8(address.bytes()).unwrap_or_default().parse::<IpAddr>() {
        Ok(IpAddr::V4(v4)) => !(v4.is_private() || v4.is_loopback() || v4.is_link_local()),
        Ok(IpAddr::V6(v6)) => !(v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local()),
        Err(_) => false,
    }
}

/// The elements of a list, without the blanks around them.
fn elements(value: Text<'_>, parts: impl Fn(u8) -> bool) -> impl Iterator<Item = Text<'_>> {
    let mut rest = Some(value);
    std::iter::from_fn(move || {
        let text = rest?;
        let end = text.bytes().iter().position(|byte| parts(*byte));
        rest = end.map(|end| text.after(end + 1));
        let element = text.slice(0..end.unwrap_or(text.len()));
        let blanks = element.len() - element.bytes().trim_ascii_start().len();
        Some(element.slice(blanks..blanks + element.bytes().trim_ascii().len()))
    })
}

/// Empty elements stay where they are in the list, as their place tells what they are.
fn strings<'a, 'w>(mut rec: RecordCursor<'w>, name: &Name, elements: impl Iterator<Item = Text<'a>>) -> RecordCursor<'w> {
    if !rec.admit() {
        return rec;
    }
    let attribute = rec.open(0x32);
    rec.name(name.text());
    let any = rec.open(0x12);
    let array = rec.open(0x2a);
    for element in elements {
        let open = rec.open(0x0a);
        rec.scalar(Scalar::Str(element));
        rec.close(open);
    }
    rec.close(array);
    rec.close(any);
    rec.close(attribute);
    rec
}

fn truth(word: &[u8]) -> Option<bool> {
    match word.to_ascii_lowercase().as_slice() {
        b"true" | b"yes" | b"on" | b"1" | b"t" | b"y" => Some(true),
        b"false" | b"no" | b"off" | b"0" | b"f" | b"n" => Some(false),
        _ => None,
    }
}

/// A value in quotes: what stands between them, its escapes those of JSON.
fn quoted<'w>(rec: RecordCursor<'w>, name: &Name, value: Text<'_>) -> RecordCursor<'w> {
    let inner = if value.bytes().first() == Some(&b'"') { value.slice(1..value.len().saturating_sub(1).max(1)) } else { value };
    if inner.is_empty() || inner.bytes() == b"-" {
        return rec;
    }
    if !inner.bytes().contains(&b'\\') {
        return text(rec, name, inner);
    }
    let mut plain = Vec::with_capacity(inner.len());
    unescape(inner, &mut plain);
    text(rec, name, Text::from(plain.as_slice()))
}
