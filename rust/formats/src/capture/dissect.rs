//! Dissect: a line cut at its delimiters, `%{time} %{level} [%{thread}] %{message}`, as Logstash, Elasticsearch and Beats have it.

use logloom_record::{BatchWriter, RejectReason, Text};
use memchr::memmem::Finder;

use super::{Captured, Kind, Plan, dotted, interned};
use crate::{OptionError, Options};

/// The most fields of a pattern.
const FIELDS_MAX: usize = 64;

/// Where a field's text goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Goes {
    /// `%{}`, `%{?name}`: nowhere.
    Nowhere,
    /// `%{name}`: to its slot; with others that are appended, in this order.
    Slot(u16, u16),
    /// `%{*name}`, and `%{?name}` where a `%{&name}` is: it is the name of another field's value.
    Name(u16),
    /// `%{&name}`: the value for that name.
    Value(u16),
}

struct Field {
    goes: Goes,
    /// As it stands in the pattern, for errors.
    shown: String,
    at: usize,
    /// What ends it; empty: the end of the line.
    delimiter: Finder<'static>,
    /// `->`: the delimiter may stand many times.
    padded: bool,
    /// `#5`: so many bytes, whatever they are.
    length: Option<usize>,
}

/// A compiled pattern.
pub(crate) struct Dissect {
    prefix: String,
    fields: Vec<Field>,
    /// The fields of each slot, in the order in which they are joined, each with what stands before it.
    slots: Vec<Vec<(usize, String)>>,
    /// Whether a slot has several fields, or a name is a field's value.
    joins: bool,
    plan: Plan,
}

/// What is said between `%{` and `}`.
struct Said<'p> {
    modifier: Option<char>,
    name: &'p str,
    order: Option<u16>,
    padded: bool,
    length: Option<usize>,
    kind: Option<Kind>,
}

impl<'p> Said<'p> {
    fn parse(inner: &'p str) -> Result<Self, String> {
        let (mut rest, mut kind, mut padded) = (inner.trim(), None, false);
        if let Some(inner) = rest.strip_suffix("->") {
            (rest, padded) = (inner, true);
        }
        if let Some((name, word)) = rest.split_once('|') {
            kind = Some(Kind::named(word.trim())?);
            rest = name;
        }
        if let Some(inner) = rest.strip_suffix("->") {
            (rest, padded) = (inner, true);
        }
        let modifier = rest.chars().next().filter(|c| matches!(c, '+' | '?' | '*' | '&'));
        rest = rest.get(usize::from(modifier.is_some())..).unwrap_or_default();
        let number = |digits: &str| digits.parse().ok().filter(|n: &u16| *n > 0);
        let (mut order, mut length) = (None, None);
        if let Some((name, digits)) = rest.split_once('#') {
            length = Some(usize::from(number(digits).ok_or_else(|| format!("'#{digits}': a length is a number, 1 to 65535"))?));
            rest = name;
        }
        if modifier == Some('+')
            && let Some((name, digits)) = rest.rsplit_once('/')
        {
            order = Some(number(digits).ok_or_else(|| format!("'/{digits}': a place is a number, 1 to 65535"))?);
            rest = name;
        }
        if modifier.is_some() && modifier != Some('?') && rest.is_empty() {
            return Err("a name must follow the sign".into());
        }
        Ok(Self { modifier, name: rest, order, padded, length, kind })
    }
}

impl Dissect {
    /// Compiles a pattern.
    pub(crate) fn compile(pattern: &str, options: &Options) -> Result<Self, OptionError> {
        let wrong = |message: String, at: usize| OptionError::new("pattern", message).at(at);
        let mut fields: Vec<Field> = Vec::new();
        let mut names: Vec<Captured> = Vec::new();
        let mut slots: Vec<Vec<(usize, String)>> = Vec::new();
        let mut pairs: Vec<&str> = Vec::new();
        let mut before = "";
        let (prefix, _) = pattern.split_once("%{").ok_or_else(|| wrong("there is no field: write '%{name}'".into(), 0))?;
        let mut at = prefix.len();
        while let Some(rest) = pattern.get(at..).and_then(|rest| rest.strip_prefix("%{")) {
            let (inner, behind) = rest.split_once('}').ok_or_else(|| wrong("the '%{' is not closed".into(), at))?;
            let said = Said::parse(inner).map_err(|message| wrong(message, at))?;
            let delimiter = behind.split("%{").next().unwrap_or_default();
            if delimiter.is_empty() && !behind.is_empty() && said.length.is_none() {
                return Err(wrong("nothing stands between this field and the next, so that nothing tells where it ends".into(), at));
            }
            let refers = |sign: &str| pattern.contains(&format!("%{{{sign}{}", said.name)) && !said.name.is_empty();
            let mut pair = |name| {
                pairs.iter().position(|known| *known == name).unwrap_or_else(|| {
                    pairs.push(name);
                    pairs.len() - 1
                }) as u16
            };
            let goes = match said.modifier {
                Some('*') => Goes::Name(pair(said.name)),
                Some('&') => Goes::Value(pair(said.name)),
                Some('?') if refers("&") => Goes::Name(pair(said.name)),
                Some('?') => Goes::Nowhere,
                _ if said.name.is_empty() => Goes::Nowhere,
                _ => {
                    let name = dotted(said.name);
                    let known = names.iter().position(|captured| captured.name == name);
                    if known.is_some() && said.modifier.is_none() {
                        return Err(wrong(format!("'{name}' stands twice: write '%{{+{name}}}' to append"), at));
                    }
                    let slot = known.unwrap_or_else(|| {
                        names.push(Captured { name, kind: said.kind });
                        slots.push(Vec::new());
                        names.len() - 1
                    });
                    if let Some(parts) = slots.get_mut(slot) {
                        let separator = if before.is_empty() { delimiter } else { before };
                        parts.push((fields.len(), separator.to_owned()));
                    }
                    Goes::Slot(slot as u16, said.order.unwrap_or_default())
                }
            };
            let end = at + 2 + inner.len() + 1;
            let shown = pattern.get(at..end).unwrap_or_default().to_owned();
            fields.push(Field {
                goes,
                shown,
                at,
                delimiter: Finder::new(delimiter).into_owned(),
                padded: said.padded,
                length: said.length,
            });
            before = delimiter;
            at = end + delimiter.len();
        }
        if fields.len() > FIELDS_MAX {
            return Err(wrong(format!("at most {FIELDS_MAX} fields, not {}", fields.len()), 0));
        }
        for parts in &mut slots {
            let order = |part: &(usize, String)| match fields.get(part.0).map(|field| field.goes) {
                Some(Goes::Slot(_, order)) => order,
                _ => 0,
            };
            parts.sort_by_key(order);
        }
        let joins = slots.iter().any(|parts| parts.len() > 1) || !pairs.is_empty();
        Ok(Self { prefix: prefix.to_owned(), fields, slots, joins, plan: Plan::compile(&names, options)? })
    }

    /// Where each field stands; else where the line stops matching, and at which field (none: at what stands before the first).
    #[inline(always)]
    fn cut(&self, line: &[u8], places: &mut [(usize, usize); FIELDS_MAX]) -> Result<(), (usize, Option<&Field>)> {
        if !line.starts_with(self.prefix.as_bytes()) {
            return Err((0, None));
        }
        let mut at = self.prefix.len();
        for (field, place) in self.fields.iter().zip(places) {
            let delimiter = field.delimiter.needle();
            let rest = line.get(at..).unwrap_or_default();
            let len = match (field.length, delimiter) {
                // A length in bytes may not part a character.
                (Some(length), _) => Some(length).filter(|length| {
                    let behind = rest.get(*length..);
                    behind.is_some_and(|rest| rest.starts_with(delimiter) && rest.first().is_none_or(|byte| byte & 0xc0 != 0x80))
                }),
                (None, []) => Some(rest.len()),
                (None, [byte]) => memchr::memchr(*byte, rest),
                _ => field.delimiter.find(rest),
            };
            let Some(len) = len else { return Err((at, Some(field))) };
            *place = (at, at + len);
            at += len + delimiter.len();
            while field.padded && !delimiter.is_empty() && line.get(at..).is_some_and(|rest| rest.starts_with(delimiter)) {
                at += delimiter.len();
            }
        }
        Ok(())
    }

    /// Writes the record of a line.
    #[inline]
    pub(crate) fn read(&self, line: Text<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
        let mut places = [(0, 0); FIELDS_MAX];
        if let Err((at, field)) = self.cut(line.bytes(), &mut places) {
            return Err(self.reason(at, field));
        }
        let place = |field: usize| places.get(field).map(|(start, end)| line.slice(*start..*end));
        if !self.joins {
            let value = |slot: usize| place(self.slots.get(slot)?.first()?.0);
            self.plan.write(line, value, |rec| rec, out);
            return Ok(());
        }
        self.read_joined(line, place, out);
        Ok(())
    }

    /// The same where fields are joined, or one is the name of another.
    fn read_joined<'a>(&self, line: Text<'a>, place: impl Fn(usize) -> Option<Text<'a>>, out: &mut BatchWriter) {
        let mut joined = out.take_scratch();
        let mut ranges = Vec::with_capacity(self.slots.len());
        for parts in &self.slots {
            let start = joined.len();
            for (n, (field, separator)) in parts.iter().enumerate() {
                if n > 0 {
                    joined.extend_from_slice(separator.as_bytes());
                }
                joined.extend_from_slice(place(*field).unwrap_or_default().bytes());
            }
            ranges.push(start..joined.len());
        }
        let of = |wanted: Goes| self.fields.iter().position(|field| field.goes == wanted).and_then(&place);
        self.plan.write(
            line,
            |slot| ranges.get(slot).map(|range| Text::of(&joined, range.clone())),
            |mut rec| {
                for field in &self.fields {
                    if let Goes::Value(pair) = field.goes
                        && let (Some(name), Some(value)) = (of(Goes::Name(pair)), of(field.goes))
                        && !name.is_empty()
                        && !value.is_empty()
                    {
                        rec = rec.attr_text(name, value);
                    }
                }
                rec
            },
            out,
        );
        out.give_scratch(joined);
    }

    #[cold]
    fn reason(&self, at: usize, field: Option<&Field>) -> RejectReason {
        const OTHERWISE: &str = "the line does not have the pattern's delimiters";
        RejectReason::syntax(interned(self.expected(field), OTHERWISE), at)
    }

    fn expected(&self, field: Option<&Field>) -> String {
        let delimiter = |field: &Field| String::from_utf8_lossy(field.delimiter.needle()).into_owned();
        match field {
            None => format!("expected '{}' at the beginning", self.prefix),
            Some(field) => format!("expected '{}' behind '{}'", delimiter(field), field.shown),
        }
    }

    /// Where a sample stops matching, in words; `None` where it does not.
    pub(crate) fn explain(&self, sample: &str) -> Option<String> {
        let (at, field) = self.cut(sample.as_bytes(), &mut [(0, 0); FIELDS_MAX]).err()?;
        let next: String = sample.get(at..).unwrap_or_default().chars().take(40).collect();
        let place = field.map_or_else(String::new, |field| format!(" (byte {} of the pattern)", field.at));
        Some(format!("it matches up to byte {at}, where '{next}' stands: {}{place}", self.expected(field)))
    }
}
