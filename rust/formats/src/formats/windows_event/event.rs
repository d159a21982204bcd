//! One event's XML as fields.

use std::borrow::Cow;

use logloom_record::{RejectReason, Text};
use quick_xml::{
    Reader, XmlVersion,
    events::{BytesStart, Event},
};

use super::details::Message;
use crate::{
    fields::{Dialect, Fields},
    json::Seen,
    severity::{self, Scale},
    time,
};

/// Elements may stand so deep in each other.
const DEPTH_MAX: usize = 32;

/// Where in an event an element stands: below `<Event>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Section {
    Other,
    System,
    EventData,
    UserData,
    RenderingInfo,
}

/// What several fields say together.
#[derive(Debug, Default)]
struct Facts {
    level: Option<i64>,
    keywords: u64,
    channel: String,
    message: String,
    rendered_level: String,
    rendered_keywords: Vec<String>,
    has_system: bool,
}

/// An event on its way into fields.
struct Walk<'f> {
    fields: &'f mut Fields,
    dialect: &'f Dialect,
    seen: Seen,
    facts: Facts,
    /// The names of the open elements below the section's own, joined by dots.
    path: String,
    section: Section,
    /// How many `Data` had no name.
    anonymous: usize,
}

/// Reads an event into `fields`. `frame` is what the fields lie in.
pub(super) fn read(fields: &mut Fields, dialect: &Dialect, xml: &str) -> Result<(), RejectReason> {
    let (path, section) = (String::new(), Section::Other);
    let mut walk = Walk { fields, dialect, seen: Seen::default(), facts: Facts::default(), path, section, anonymous: 0 };
    let mut reader = Reader::from_str(xml);
    let config = reader.config_mut();
    (config.allow_dangling_amp, config.check_comments) = (true, false);
    let (mut depth, mut is_leaf, mut text) = (0usize, false, String::new());
    let mut names: Vec<usize> = Vec::new();
    let mut data_name: Option<String> = None;
    loop {
        let at = usize::try_from(reader.buffer_position()).unwrap_or_default();
        let event = reader.read_event().map_err(|_| RejectReason::syntax("the event is no well-formed XML", at))?;
        match event {
            Event::Start(start) => {
                depth += 1;
                if depth > DEPTH_MAX {
                    return Err(RejectReason::limit("elements stand more than 32 deep in each other", at));
                }
                names.push(walk.path.len());
                data_name = walk.start(&start, depth);
                (is_leaf, text) = (true, String::new());
            }
            Event::Empty(start) if depth > 0 => {
                let before = walk.path.len();
                walk.start(&start, depth + 1);
                walk.path.truncate(before);
            }
            Event::End(_) => {
                if is_leaf && depth > 2 {
                    walk.leaf(&text, data_name.as_deref());
                }
                is_leaf = false;
                walk.path.truncate(names.pop().unwrap_or_default());
                depth = depth.saturating_sub(1);
                if depth == 1 {
                    walk.section = Section::Other;
                }
            }
            Event::Text(part) if is_leaf => text.push_str(&part.xml10_content()),
            Event::CData(part) if is_leaf => text.push_str(&part.xml10_content()),
            Event::GeneralRef(part) if is_leaf => {
                let name = part.xml10_content();
                match (part.resolve_char_ref(), name.as_ref()) {
                    (Ok(Some(character)), _) => text.push(character),
                    (_, "lt") => text.push('<'),
                    (_, "gt") => text.push('>'),
                    (_, "amp") => text.push('&'),
                    (_, "quot") => text.push('"'),
                    (_, "apos") => text.push('\''),
                    (_, name) => text.extend(["&", name, ";"]),
                }
            }
            Event::Eof if depth == 0 => break,
            Event::Eof => return Err(RejectReason::truncated("the event has no end", xml.len())),
            _ => {}
        }
    }
    if !walk.facts.has_system {
        return Err(RejectReason::syntax("the event has no <System>", 0));
    }
    walk.settle();
    Ok(())
}

impl Walk<'_> {
    fn add(&mut self, name: &str, value: &str) {
        if !matches!(value, "" | "-") {
            self.fields.add_made(self.dialect, &mut self.seen, Text::EMPTY, name, value);
        }
    }

    /// An integer where the text is one.
    fn add_number(&mut self, name: &str, value: &str) {
        match value.parse() {
            Ok(number) => self.fields.add_int(self.dialect, &mut self.seen, Text::EMPTY, name, number),
            Err(_) => self.add(name, value),
        }
    }

    /// An element begins; the name that it gives its value.
    fn start(&mut self, start: &BytesStart<'_>, depth: usize) -> Option<String> {
        let local = start.local_name();
        let name: &str = local.as_ref();
        if depth == 2 {
            self.section = match name {
                "System" => {
                    self.facts.has_system = true;
                    Section::System
                }
                "EventData" => Section::EventData,
                "UserData" => Section::UserData,
                "RenderingInfo" => Section::RenderingInfo,
                _ => Section::Other,
            };
            return None;
        }
        if depth < 2 {
            return None;
        }
        // The one element inside UserData names what the others are of.
        if self.section == Section::UserData && depth == 3 {
            self.add("user_data.xml_name", name);
            return None;
        }
        if !self.path.is_empty() {
            self.path.push('.');
        }
        self.path.push_str(name);
        let mut data_name = None;
        for attribute in start.attributes().with_checks(false).flatten() {
            let key: &str = attribute.key.as_ref();
            let value = attribute.normalized_value(XmlVersion::Implicit1_0).unwrap_or(Cow::Borrowed(""));
            let value = value.trim();
            match (self.section, key) {
                (_, "xmlns") => {}
                _ if key.starts_with("xmlns:") => {}
                (Section::EventData, "Name") if name == "Data" => data_name = Some(value.to_owned()),
                (Section::System, "SystemTime") => self.time(value),
                (Section::System, _) => self.add_number(&format!("{}.{key}", self.path), value),
                (Section::UserData, _) => self.add(&format!("user_data.{}.{key}", self.path), value),
                _ => {}
            }
        }
        data_name
    }

    fn time(&mut self, value: &str) {
        match time::parse(value.as_bytes()) {
            Ok(unix_nano) => self.fields.give_time(unix_nano),
            Err(_) => self.add("TimeCreated.SystemTime", value),
        }
    }

    /// An element that holds no other ends.
    fn leaf(&mut self, text: &str, data_name: Option<&str>) {
        let path = std::mem::take(&mut self.path);
        match (self.section, path.as_str()) {
            (Section::System, "Level") => {
                self.facts.level = text.trim().parse().ok();
                self.add_number("Level", text.trim());
            }
            (Section::System, "Keywords") => {
                let mask = text.trim();
                let digits = mask.strip_prefix("0x").unwrap_or_default();
                self.facts.keywords = u64::from_str_radix(digits, 16).unwrap_or_default();
                self.add("Keywords", mask);
            }
            (Section::System, "Channel") => {
                text.trim().clone_into(&mut self.facts.channel);
                self.add("Channel", text.trim());
            }
            (Section::System, path) => self.add_number(path, text.trim()),
            (Section::EventData, "Data") => {
                if let Some(name @ "IpPort") = data_name {
                    self.add_number(&format!("event_data.{name}"), text);
                } else if let Some(name) = data_name {
                    self.add(&format!("event_data.{name}"), text);
                } else {
                    self.anonymous += 1;
                    self.add(&format!("event_data.param{}", self.anonymous), text);
                }
            }
            (Section::EventData, path) => self.add(&format!("event_data.{path}"), text.trim()),
            (Section::UserData, path) => self.add(&format!("user_data.{path}"), text.trim()),
            (Section::RenderingInfo, "Message") => self.facts.message = text.replace("\r\n", "\n"),
            (Section::RenderingInfo, "Level") => text.trim().clone_into(&mut self.facts.rendered_level),
            (Section::RenderingInfo, "Keywords.Keyword") => self.facts.rendered_keywords.push(text.trim().to_owned()),
            (Section::RenderingInfo, path) => self.add(&format!("rendered.{path}"), text.trim()),
            (Section::Other, _) => {}
        }
        self.path = path;
    }

    /// Severity, body and details, once all is known.
    fn settle(&mut self) {
        let facts = std::mem::take(&mut self.facts);
        if !facts.rendered_keywords.is_empty() {
            let all: String = facts.rendered_keywords.iter().flat_map(|keyword| [keyword.as_str(), "\0"]).collect();
            self.fields.add_items(self.dialect, &mut self.seen, Text::EMPTY, "rendered.Keywords", &all);
        }
        let says = |word: &str| facts.rendered_keywords.iter().any(|keyword| keyword.eq_ignore_ascii_case(word));
        let has = |bit: u64| facts.keywords & bit != 0;
        let level = facts.level.unwrap_or_default();
        let word = usize::try_from(level).ok().and_then(|level| LEVELS.get(level)).copied().unwrap_or_default();
        let level_text = if facts.rendered_level.is_empty() { word } else { &facts.rendered_level };
        // Audits are all of one level: it is the keyword that tells them apart. Where the rendered one says another thing than the mask,
        // people saw the rendered one.
        let is_audit = matches!(level, 0 | 4) && (has(AUDIT_FAILURE | AUDIT_SUCCESS) || says("Audit Failure") || says("Audit Success"));
        let (severity, text, kind) = match level {
            _ if is_audit && (says("Audit Failure") || (has(AUDIT_FAILURE) && !says("Audit Success"))) => {
                (17, "Audit Failure", "FailureAudit")
            }
            _ if is_audit => (9, "Audit Success", "SuccessAudit"),
            1 | 2 => (severity::of_number(level, Scale::Windows), level_text, "Error"),
            3 => (severity::of_number(level, Scale::Windows), level_text, "Warning"),
            _ => (severity::of_number(level, Scale::Windows), level_text, "Information"),
        };
        self.fields.give_severity(severity, text);
        self.add("event_type", kind);
        let message = facts.message.trim_end();
        if facts.channel != "Security" {
            return self.add("message", message);
        }
        let read = Message::read(message);
        self.add("message", read.summary);
        if read.summary.len() < message.len() {
            self.add("rendered_message", message);
        }
        for detail in &read.fields {
            let name = named(detail.section, detail.name);
            match detail.values.as_slice() {
                [] => {}
                [value] => self.add(&name, value),
                values => {
                    let all: String = values.iter().flat_map(|value| [*value, "\0"]).collect();
                    self.fields.add_items(self.dialect, &mut self.seen, Text::EMPTY, &name, &all);
                }
            }
        }
        if !read.context.is_empty() {
            let all: String = read.context.iter().flat_map(|value| [*value, "\0"]).collect();
            self.fields.add_items(self.dialect, &mut self.seen, Text::EMPTY, "details.additional_context", &all);
        }
    }
}

/// What Event Viewer shows for `Level`; winmeta.xml has the names.
const LEVELS: [&str; 6] = ["Information", "Critical", "Error", "Warning", "Information", "Verbose"];

/// Bits of `Keywords`, as winmeta.xml has them.
const AUDIT_FAILURE: u64 = 0x0010_0000_0000_0000;
const AUDIT_SUCCESS: u64 = 0x0020_0000_0000_0000;

/// `details.<section>.<name>`, in small letters, with `_` for what is no letter or digit.
fn named(section: &str, name: &str) -> String {
    let mut out = String::from("details");
    for part in [section, name] {
        if part.is_empty() {
            continue;
        }
        out.push('.');
        let mut gap = false;
        for character in part.chars() {
            if character.is_alphanumeric() {
                if gap && !out.ends_with('.') {
                    out.push('_');
                }
                gap = false;
                out.extend(character.to_lowercase());
            } else {
                gap = true;
            }
        }
    }
    out
}
