//! Events of Windows as XML: what `wevtutil`, Event Viewer, Windows Event Forwarding and collectors write.

mod cut;
mod details;
mod event;

use std::sync::Arc;

use logloom_record::{BatchWriter, RejectReason, Text};
use memchr::memmem;

use super::json::KEYS;
use crate::{
    About, Decoder, Format, Framing, Likely, OptionError, Options, Spec,
    decoder::Cuts,
    fields::{Dialect, Fields, Rows},
    json::{Scanner, Value},
};

/// The row of `windows_event`.
pub static SPEC: Spec = Spec {
    name: "windows_event",
    about: About {
        line: "Windows events as XML, one a line or pretty-printed, also inside <Events> or in a collector's JSON; security messages taken apart",
        page: "https://learn.microsoft.com/en-us/windows/win32/wes/eventschema-schema",
        example: r#"<Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event"><System><Provider Name="Service Control Manager"/><EventID Qualifiers="16384">7036</EventID><Level>4</Level><TimeCreated SystemTime="2026-11-21T10:40:59.5094660Z"/><EventRecordID>17353</EventRecordID><Channel>System</Channel><Computer>node-7</Computer></System><EventData><Data Name="param1">Print Spooler</Data><Data Name="param2">stopped</Data></EventData></Event>"#,
    },
    options: &[KEYS],
    compile,
};

/// The elements and attributes of the event schema.
const ROWS: Rows = Rows {
    keys: &[
        ("message", "body"),
        ("Provider.Name", "winlog.provider_name"),
        ("Provider.Guid", "winlog.provider_guid"),
        ("Provider.EventSourceName", "winlog.event_source_name"),
        ("EventID", "winlog.event_id:int"),
        ("EventID.Qualifiers", "winlog.qualifiers:int"),
        ("Version", "winlog.version:int"),
        ("Level", "winlog.level:int"),
        ("Task", "winlog.task_id:int"),
        ("rendered.Task", "winlog.task"),
        ("Opcode", "winlog.opcode_id:int"),
        ("rendered.Opcode", "winlog.opcode"),
        ("Keywords", "winlog.keywords_mask"),
        ("rendered.Keywords", "winlog.keywords:any"),
        ("EventRecordID", "winlog.record_id:int"),
        ("Correlation.ActivityID", "winlog.activity_id"),
        ("Correlation.RelatedActivityID", "winlog.related_activity_id"),
        ("Execution.ProcessID", "process.pid:int"),
        ("Execution.ThreadID", "thread.id:int"),
        ("Channel", "winlog.channel"),
        ("rendered.Channel", "-"),
        ("rendered.Provider", "winlog.provider_title"),
        ("Computer", "host.name"),
        ("Security.UserID", "user.id"),
        // What the security events have in common.
        ("event_data.IpAddress", "client.address"),
        ("event_data.IpPort", "client.port:int"),
    ],
    prefix: "winlog.",
    ..Rows::NONE
};

struct WindowsEvent {
    dialect: Dialect,
}

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    let dialect = Dialect::of(&ROWS, options.map(KEYS.name)?.unwrap_or_default())?.in_zone(options.zone()?);
    Ok(Arc::new(WindowsEvent { dialect }))
}

/// Whether the text begins with the element of an event.
fn is_event(text: &[u8]) -> bool {
    text.strip_prefix(b"<Event").and_then(<[u8]>::first).is_some_and(|byte| byte.is_ascii_whitespace() || *byte == b'>')
}

/// The keys under which collectors put an event's XML into JSON.
const XML_KEYS: [&[u8]; 5] = [b"log.record.original", b"event.original", b"original", b"xml", b"raw_xml"];

impl Format for WindowsEvent {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn framing(&self) -> Framing {
        Framing::Own
    }

    fn likely(&self, frame: &[u8]) -> Likely {
        let text = frame.strip_prefix(b"\xef\xbb\xbf").unwrap_or(frame).trim_ascii_start();
        let head = text.get(..text.len().min(2048)).unwrap_or_default();
        let has = |part: &[u8]| memmem::find(head, part).is_some();
        let is_xml = is_event(text) || cut::is_between(text.get(..text.len().min(64)).unwrap_or_default());
        match text.first() {
            Some(b'<') if is_xml && has(b"<Event") && (has(b"win/2004/08/events/event") || has(b"<System>")) => Likely::SURE,
            Some(b'{') if has(b"\"<Event xmlns=") => Likely(98),
            _ => Likely::NO,
        }
    }

    fn parse(&self, frame: Text<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
        let text = std::str::from_utf8(frame.bytes()).map_err(|_| RejectReason::value("the event is no UTF-8", 0))?;
        let text = text.trim_start_matches('\u{feff}').trim();
        if text.is_empty() || cut::is_between(text.as_bytes()) {
            return Ok(());
        }
        if text.starts_with('{') {
            let xml = inside_json(text, out.limits().depth_max)?;
            return self.event(&xml, frame, out);
        }
        if !is_event(text.as_bytes()) {
            return Err(RejectReason::syntax("expected '<Event'", 0));
        }
        self.event(text, frame, out)
    }

    fn open(self: Arc<Self>, frame_bytes_max: usize) -> Box<dyn Decoder> {
        Box::new(Cuts::new(self, cut::Place::default(), frame_bytes_max))
    }
}

impl WindowsEvent {
    fn event(&self, xml: &str, frame: Text<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
        Fields::with(out.limits().attributes_max, out.limits().depth_max, |fields| {
            event::read(fields, &self.dialect, xml)?;
            fields.write(&self.dialect, Text::EMPTY, frame, |text, to| to.extend_from_slice(text.bytes()), out)
        })
    }
}

/// The event's XML in an object of JSON.
fn inside_json(text: &str, depth_max: u32) -> Result<String, RejectReason> {
    let mut json = Scanner::new(Text::from(text), depth_max);
    let mut xml = None;
    if let Value::Object = json.value()? {
        while let Some(key) = json.key()? {
            let value = json.value()?;
            if let Value::Str(string) = value
                && XML_KEYS.iter().any(|name| key.is(name))
            {
                let mut bytes = Vec::new();
                string.unescape_into(&mut bytes);
                xml = String::from_utf8(bytes).ok().filter(|xml| is_event(xml.trim_start().as_bytes())).or(xml);
            } else {
                json.skip(value)?;
            }
        }
        json.end()?;
    }
    xml.ok_or(RejectReason::syntax("expected the XML of an event, or an object that holds it as 'log.record.original'", 0))
}
