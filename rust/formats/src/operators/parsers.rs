//! What takes a text apart: JSON, regular expressions, pairs, rows, syslog, URIs.

use std::collections::HashMap;

use logloom_record::Text;

use super::{
    config::{Place, Result},
    entry::{Base, Entry, Field, Root},
    facts::{Facts, Failed, MISSING},
    rows::{Columns, Rows, pairs_of, split_header},
    uri,
    value::{Map, Str, Value},
};
use crate::{
    capture::Groups,
    syslog::{self, Header},
    time::{Context, Zone},
};

/// A parser with where it reads, and what becomes of what it finds.
#[derive(Debug)]
pub(super) struct Parser {
    kind: Kind,
    from: Field,
    to: Field,
    /// What of it becomes the body.
    body: Option<Field>,
    facts: Facts,
}

#[derive(Debug)]
enum Kind {
    Json,
    /// The names of the items; none: they stay a list.
    JsonArray(Vec<String>),
    Regex(Groups),
    Pairs {
        between: String,
        pairs: String,
    },
    Csv(Rows),
    Syslog {
        is_5424: bool,
        zone: Zone,
        may_lack_priority: bool,
        counts_octets: bool,
    },
    Uri,
}

/// What was found in a text.
#[derive(Default)]
struct Found<'a> {
    value: Value<'a>,
    time_unix_nano: u64,
    severity: Option<(u8, &'static str)>,
}

impl<'a> From<Value<'a>> for Found<'a> {
    fn from(value: Value<'a>) -> Self {
        Self { value, ..Self::default() }
    }
}

/// What a parser needs to know besides.
#[derive(Clone, Copy)]
pub(super) struct Known {
    pub(super) arrival_unix_nano: u64,
    pub(super) depth_max: u32,
}

impl Parser {
    /// By its type; `None` where that is none of these.
    pub(super) fn compile(name: &str, place: &Place<'_>) -> Result<Option<Self>> {
        let kind = match name {
            "json_parser" => {
                place.bool("parse_ints")?; // integers always stay such
                Kind::Json
            }
            "json_array_parser" => Kind::JsonArray(place.text("header")?.map_or(Vec::new(), |header| split_header(header, ','))),
            "regex_parser" => {
                place.inner("cache")?.map(|cache| cache.count("size")).transpose()?; // nothing is gained by one here
                let groups = Groups::compile(place.needed("regex")?)
                    .map_err(|(message, at)| place.error("regex", format!("{message} (at byte {at})")))?;
                if groups.names().is_empty() {
                    return Err(place.error("regex", "has no named group: write (?P<key>...) around what is to be kept"));
                }
                Kind::Regex(groups)
            }
            "key_value_parser" => {
                let between = place.text("delimiter")?.unwrap_or("=").to_owned();
                let pairs = place.text("pair_delimiter")?.filter(|text| !text.is_empty()).unwrap_or(" ").to_owned();
                if between.is_empty() || between == pairs {
                    return Err(place.error("delimiter", "is empty, or the same as pair_delimiter"));
                }
                Kind::Pairs { between, pairs }
            }
            "csv_parser" => Kind::Csv(Rows::compile(place)?),
            "syslog_parser" => {
                let is_5424 = match place.needed("protocol")? {
                    "rfc3164" => false,
                    "rfc5424" => true,
                    _ => return Err(place.error("protocol", "there are rfc3164 and rfc5424")),
                };
                let location = place.text("location")?.filter(|name| !name.is_empty());
                let zone = location.map(Zone::parse).transpose().map_err(|message| place.error("location", message))?;
                let may_lack_priority = place.bool("allow_skip_pri_header")?.unwrap_or(false);
                let counts_octets = place.bool("enable_octet_counting")?.unwrap_or(false);
                place.count("max_octets")?;
                place.text("non_transparent_framing_trailer")?; // a line of a file has none
                Kind::Syslog { is_5424, zone: zone.unwrap_or_default(), may_lack_priority, counts_octets }
            }
            "uri_parser" => Kind::Uri,
            _ => return Ok(None),
        };
        let from = place.one_field("parse_from")?.unwrap_or_else(|| Field::of(Root::Body, &[]));
        let to = place.field("parse_to")?.unwrap_or_else(|| Field::of(Root::Attributes, &[]));
        let body = place.one_field("body")?;
        if body.is_some() && to.is_root() && to.root == Root::Body {
            return Err(place.error("body", "means nothing beside 'parse_to: body'"));
        }
        Ok(Some(Self { kind, from, to, body, facts: Facts::compile(place)? }))
    }

    pub(super) fn read<'a>(&'a self, entry: &mut Entry<'a>, base: &'a Base, known: Known) -> std::result::Result<(), Failed> {
        let header = match &self.kind {
            Kind::Csv(Rows { header: Columns::Attribute(name, delimiter), .. }) => match entry.attributes.get(name) {
                Some(Value::Str(header)) => Some(split_header(header.str(), *delimiter)),
                _ => return Err("the attribute with the names of the columns is not there"),
            },
            _ => None,
        };
        let found = match entry.get(&self.from, base).ok_or(MISSING)? {
            Value::Str(Str::Ref(text)) if header.is_none() => self.kind.parse(*text, known)?,
            Value::Str(text) => {
                let text = text.bytes().to_vec();
                let found = match (&header, &self.kind) {
                    (Some(names), Kind::Csv(rows)) => rows.parse(Text::from(&text[..]), names)?.into(),
                    _ => self.kind.parse(Text::from(&text[..]), known)?,
                };
                Found { value: found.value.into_static(), ..found }
            }
            _ => return Err("the field is no text"),
        };
        if found.time_unix_nano != 0 {
            entry.time_unix_nano = found.time_unix_nano;
        }
        if let Some((number, text)) = found.severity {
            (entry.severity, entry.severity_text) = (number, Some(text.into()));
        }
        if !entry.set(&self.to, found.value, base) {
            return Err("what was found is no map, which attributes and the resource are");
        }
        if let Some(field) = &self.body
            && let Some(body) = entry.get(field, base)
        {
            entry.body = body.clone();
        }
        self.facts.read(entry, base, known.arrival_unix_nano)
    }
}

impl Kind {
    fn parse<'a>(&'a self, text: Text<'a>, known: Known) -> std::result::Result<Found<'a>, Failed> {
        Ok(match self {
            Self::Json => match Value::json(text, known.depth_max) {
                Ok(Value::Map(map)) => Value::Map(map).into(),
                _ => return Err("the text is no object of JSON"),
            },
            Self::JsonArray(names) => json_array(names, text, known)?.into(),
            Self::Regex(groups) => {
                let mut map = Map::with_capacity(groups.names().len());
                groups.read(text, |at, found| {
                    if let Some(name) = groups.names().get(at) {
                        let value = found.unwrap_or(Text::EMPTY);
                        map.push(Str::from(name.as_str()), value.into());
                    }
                })?;
                Value::Map(map).into()
            }
            Self::Pairs { between, pairs } => pairs_of(text, between, pairs)?.into(),
            Self::Csv(rows) => match &rows.header {
                Columns::Names(names) => rows.parse(text, names)?.into(),
                Columns::Attribute(..) => return Err(MISSING),
            },
            Self::Syslog { is_5424, zone, may_lack_priority, counts_octets } => {
                let context = Context { zone: *zone, arrival_unix_nano: known.arrival_unix_nano };
                let text = if *counts_octets { uncounted(text) } else { text };
                syslog(text, &context, *is_5424, *may_lack_priority)?
            }
            Self::Uri => uri::parse(text)?.into(),
        })
    }
}

fn json_array<'a>(names: &'a [String], text: Text<'a>, known: Known) -> std::result::Result<Value<'a>, Failed> {
    let items = Value::json_items(text, known.depth_max).map_err(|_| "the text is no array of single values and objects in JSON")?;
    if names.is_empty() {
        return Ok(Value::Array(items));
    }
    if names.len() != items.len() {
        return Err("the array has not as many items as the header has names");
    }
    Ok(Value::Map(Map::of(names.iter().map(|name| Str::from(name.as_str())).zip(items).collect())))
}

/// Without the count of bytes before it.
fn uncounted(text: Text<'_>) -> Text<'_> {
    let digits = text.bytes().iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits > 0 && text.bytes().get(digits) == Some(&b' ') { text.after(digits + 1) } else { text }
}

fn syslog<'a>(text: Text<'a>, context: &Context, is_5424: bool, may_lack_priority: bool) -> std::result::Result<Found<'a>, Failed> {
    let header = Header::read(text, context).map_err(|reason| reason.what)?;
    if (header.version != 0) != is_5424 {
        return Err(if is_5424 { "the text is not of RFC 5424" } else { "the text is not of RFC 3164" });
    }
    if header.priority.is_none() && !may_lack_priority {
        return Err("the text has no priority");
    }
    let mut map = Map::with_capacity(12);
    for (name, value) in [
        ("hostname", header.host),
        ("appname", header.program),
        ("proc_id", header.process),
        ("msg_id", header.message_id),
        ("message", header.message),
    ] {
        if !value.is_empty() {
            map.push(name.into(), value.into());
        }
    }
    if let Some(priority) = header.priority {
        map.push("priority".into(), Value::Int(priority.into()));
        map.push("facility".into(), Value::Int((priority >> 3).into()));
        map.push("facility_text".into(), syslog::facility(priority).into());
    }
    if is_5424 {
        map.push("version".into(), Value::Int(header.version.into()));
        let mut places = HashMap::<Vec<u8>, usize>::new();
        let mut data: Vec<(Str<'_>, Vec<(Str<'_>, Value<'_>)>)> = Vec::new();
        syslog::parameters(header.data, |id, name, value| {
            let at = *places.entry(id.to_vec()).or_insert(data.len());
            if at == data.len() {
                data.push((Str::bytes_of(id), Vec::new()));
            }
            if let Some((_, element)) = data.get_mut(at).filter(|_| !name.is_empty()) {
                element.push((Str::bytes_of(name), Value::Str(Str::bytes_of(value))));
            }
        });
        if !data.is_empty() {
            let elements = data.into_iter().map(|(id, element)| (id, Value::Map(Map::of(element))));
            map.push("structured_data".into(), Value::Map(Map::of(elements.collect())));
        }
    }
    let severity = header.priority.and_then(syslog::severity_name);
    Ok(Found { value: Value::Map(map), time_unix_nano: header.time_unix_nano, severity })
}
