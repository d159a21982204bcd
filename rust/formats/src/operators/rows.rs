//! Rows of values with delimiters between them, and pairs of keys and values.

use logloom_record::Text;

use super::{
    config::{Place, Result},
    facts::Failed,
    value::{Map, Str, Value},
};

#[derive(Debug)]
pub(super) struct Rows {
    pub(super) header: Columns,
    delimiter: char,
    quotes: Quotes,
}

/// Where the names of columns stand.
#[derive(Debug)]
pub(super) enum Columns {
    Names(Vec<String>),
    Attribute(String, char),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quotes {
    Strict,
    Lazy,
    Ignored,
}

pub(super) fn split_header(header: &str, delimiter: char) -> Vec<String> {
    header.split(delimiter).map(str::to_owned).collect()
}

/// Pairs, parted outside of quotes, which are taken off.
pub(super) fn pairs_of<'a>(text: Text<'a>, between: &str, pairs: &str) -> std::result::Result<Value<'a>, Failed> {
    const BAD: Failed = "a part of the text is no pair";
    if text.is_empty() {
        return Err("the text is empty");
    }
    let mut found = Vec::new();
    if memchr::memchr2(b'"', b'\'', text.bytes()).is_none() {
        let mut start = 0;
        let ends = memchr::memmem::find_iter(text.bytes(), pairs).chain([text.len()]);
        for end in ends {
            let pair = text.slice(start..end);
            start = end + pairs.len();
            if pair.is_empty() {
                continue;
            }
            let at = memchr::memmem::find(pair.bytes(), between.as_bytes()).ok_or(BAD)?;
            found.push((Str::Ref(trimmed(pair.slice(0..at))), trimmed(pair.after(at + between.len())).into()));
        }
        return Ok(Value::Map(Map::of(found)));
    }
    for pair in unquoted(text.bytes(), pairs.as_bytes())? {
        let at = memchr::memmem::find(&pair, between.as_bytes()).ok_or(BAD)?;
        let (key, value) = (pair.get(..at).unwrap_or_default(), pair.get(at + between.len()..).unwrap_or_default());
        let own = |part: &[u8]| Str::bytes_of(trimmed(Text::from(part)).bytes());
        found.push((own(key), Value::Str(own(value))));
    }
    Ok(Value::Map(Map::of(found)))
}

/// The parts of a text, as they are without quotes; a backslash keeps the quote behind it.
fn unquoted(bytes: &[u8], delimiter: &[u8]) -> std::result::Result<Vec<Vec<u8>>, Failed> {
    let (mut parts, mut part): (Vec<Vec<u8>>, Vec<u8>) = (Vec::new(), Vec::new());
    let (mut at, mut quote, mut is_escaped) = (0, None, false);
    while let Some(&byte) = bytes.get(at) {
        if quote.is_none() && bytes.get(at..).is_some_and(|rest| rest.starts_with(delimiter)) {
            if !part.is_empty() {
                parts.push(std::mem::take(&mut part));
            }
            at += delimiter.len();
            continue;
        }
        at += 1;
        if is_escaped {
            is_escaped = false;
        } else if quote.is_none() && matches!(byte, b'"' | b'\'') {
            quote = Some(byte);
            continue;
        } else if quote == Some(byte) {
            quote = None;
            continue;
        } else {
            is_escaped = byte == b'\\';
        }
        part.push(byte);
    }
    if quote.is_some() {
        return Err("a quote is not closed");
    }
    if !part.is_empty() {
        parts.push(part);
    }
    Ok(parts)
}

fn trimmed(text: Text<'_>) -> Text<'_> {
    let str = std::str::from_utf8(text.bytes()).unwrap_or_default();
    let start = str.len() - str.trim_start().len();
    text.slice(start..start + str.trim().len())
}

impl Rows {
    pub(super) fn compile(place: &Place<'_>) -> Result<Self> {
        let sign = |key: &'static str, otherwise: char| -> Result<char> {
            let Some(text) = place.text(key)?.filter(|text| !text.is_empty()) else { return Ok(otherwise) };
            let mut chars = text.chars();
            chars.next().filter(|_| chars.next().is_none()).ok_or_else(|| place.error(key, "expected one character"))
        };
        let delimiter = sign("delimiter", ',')?;
        let of_header = sign("header_delimiter", delimiter)?;
        let quotes = match (place.bool("lazy_quotes")?.unwrap_or(false), place.bool("ignore_quotes")?.unwrap_or(false)) {
            (true, true) => return Err(place.error("lazy_quotes", "and 'ignore_quotes' exclude each other")),
            (true, false) => Quotes::Lazy,
            (false, true) => Quotes::Ignored,
            (false, false) => Quotes::Strict,
        };
        let header = match (place.text("header")?, place.text("header_attribute")?) {
            (Some(header), None) if header.contains(of_header) => Columns::Names(split_header(header, of_header)),
            (Some(_), None) => return Err(place.error("header", "has no delimiter: name two columns or more")),
            (None, Some(name)) => Columns::Attribute(name.to_owned(), of_header),
            _ => return Err(place.error("", "needs 'header' or 'header_attribute', one of them")),
        };
        Ok(Self { header, delimiter, quotes })
    }

    pub(super) fn parse<'a>(&self, text: Text<'a>, names: &[String]) -> std::result::Result<Value<'a>, Failed> {
        let mut values: Vec<Str<'a>> = Vec::with_capacity(names.len());
        let str = std::str::from_utf8(text.bytes()).unwrap_or_default();
        let str = if self.quotes == Quotes::Ignored { str } else { str.strip_suffix('\r').unwrap_or(str) };
        if str.is_empty() && self.quotes != Quotes::Ignored {
            return Err("the row is empty");
        }
        let mut at = 0;
        loop {
            let rest = str.get(at..).unwrap_or_default();
            let end = if rest.starts_with('"') && self.quotes != Quotes::Ignored {
                let (value, len) = self.quoted(rest)?;
                values.push(Str::own(value));
                at + len
            } else {
                let len = rest.find(self.delimiter).unwrap_or(rest.len());
                if self.quotes == Quotes::Strict && rest.get(..len).is_some_and(|value| value.contains('"')) {
                    return Err("a quote stands in a value that does not begin with one");
                }
                values.push(Str::Ref(text.slice(at..at + len)));
                at + len
            };
            if end >= str.len() {
                break;
            }
            at = end + self.delimiter.len_utf8();
        }
        if values.len() != names.len() {
            return Err("the row has not as many values as the header has names");
        }
        let values = names.iter().map(|name| Str::own(name.as_str())).zip(values.into_iter().map(Value::Str));
        Ok(Value::Map(Map::of(values.collect())))
    }

    /// A value in quotes, and its length with them.
    fn quoted(&self, rest: &str) -> std::result::Result<(String, usize), Failed> {
        let mut value = String::new();
        let mut at = 1;
        loop {
            let inside = rest.get(at..).unwrap_or_default();
            let Some(len) = inside.find('"') else {
                if self.quotes == Quotes::Lazy {
                    value.push_str(inside);
                    return Ok((value, rest.len()));
                }
                return Err("a quote is not closed");
            };
            value.push_str(inside.get(..len).unwrap_or_default());
            let behind = inside.get(len + 1..).unwrap_or_default();
            at += len + 1;
            if behind.starts_with('"') {
                value.push('"');
                at += 1;
            } else if behind.is_empty() || behind.starts_with(self.delimiter) {
                return Ok((value, at));
            } else if self.quotes == Quotes::Lazy {
                value.push('"');
            } else {
                return Err("behind a closing quote stands no delimiter");
            }
        }
    }
}
