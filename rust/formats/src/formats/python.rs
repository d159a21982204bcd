//! Lines of Python's `logging`, of any format string.

use std::sync::Arc;

use crate::{
    About, Format, OptionDoc, OptionError, Options, Spec,
    pattern::{self, Dialect, Part, Patterns, Use},
    template::{FieldSpec, Shape, TemplateError, TimeShape},
    time::TimePattern,
};

/// The row of `python`.
pub static SPEC: Spec = Spec {
    name: "python",
    about: About {
        line: "Lines of Python's logging: any format string (`%`, `{` or `$` style); without one, the usual ones, Uvicorn's, Gunicorn's and \
               Celery's",
        page: "https://docs.python.org/3/library/logging.html#logrecord-attributes",
        example: "2026-11-21 10:40:59,509 - shop.cart - WARNING - cart 17 is empty",
    },
    options: &[
        OptionDoc { name: "format_string", doc: "string: the Formatter's `fmt`: `%(asctime)s %(levelname)-8s [%(name)s] %(message)s`" },
        OptionDoc { name: "date_format", doc: "string: the Formatter's `datefmt`, of strftime; without it, `2026-11-21 10:40:59,509`" },
    ],
    compile,
};

const PATTERNS: &[&str] = &[
    // OpenTelemetry's instrumentation.
    concat!(
        "{time:iso} {severity} [{log.logger:class}] [{code.file.path:class}:{code.line.number:int}] ",
        "[trace_id={trace_id:word} span_id={span_id:word} resource.service.name={service.name:word}{? trace_sampled={_:word}?}] - {body}"
    ),
    "{time:iso} - {log.logger:class} - {severity} - {body}",
    "{time:iso} {severity}{ }{log.logger:class}: {body}",
    "{time:iso} {severity}{ }[{log.logger:class}] {body}",
    "{time:iso} {severity}{ }{log.logger:class} - {body}",
    "{time:iso} - {severity} - {log.logger:class} - {body}",
    "{time:iso} - {severity} - {body}",
    "{time:iso} [{severity}] {log.logger:class}: {body}",
    "{time:%Y-%m-%d %H:%M:%S,%3f} [{severity}] {body}",
    // Gunicorn; Celery.
    "[{time:iso}] [{process.pid:int}] [{severity}] {body}",
    "[{time:iso}: {severity}/{process.executable.name:class}] {body}",
    // OpenStack.
    "{time:iso} {process.pid:int} {severity} {log.logger:class} [{openstack.request}] {body}",
    // loguru; absl.
    "{time:iso} | {severity}{ }| {log.logger:class}:{code.function.name:id}:{code.line.number:int} - {body}",
    // Home Assistant.
    "{time:iso} {severity}{ }({thread.name}) [{log.logger:class}] {body}",
    // Who asked for what: Uvicorn; its workers behind Gunicorn; http.server and Werkzeug.
    "{severity}:{ }{body>}{client.address:address} - \"{request:request}\" {http.response.status_code:int}{?{ }{_}?}",
    "{time:iso} {severity}{ }{body>}{client.address:address} - \"{request:request}\" {http.response.status_code:int}{?{ }{_}?}",
    "{client.address:ip} - {user.name:word} [{time:%d/%b/%Y %H:%M:%S}] \"{request:request}\" {http.response.status_code:status} {http.response.body.size:int}",
    // What `basicConfig` gives, and Uvicorn.
    "{severity}:{log.logger:class}:{body}",
    "{severity=DEBUG}DEBUG:    {body}",
    "{severity=INFO}INFO:     {body}",
    "{severity=WARNING}WARNING:  {body}",
    "{severity=ERROR}ERROR:    {body}",
    "{severity=CRITICAL}CRITICAL: {body}",
];

const OPTION: &str = "format_string";

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    let date = options.str("date_format")?;
    if let Some(date) = date {
        TimePattern::compile(date).map_err(|e| OptionError::new("date_format", e.message).at(e.at))?;
    }
    let Some(text) = options.str(OPTION)? else {
        if date.is_some() {
            return Err(OptionError::new("date_format", "it says how the asctime of a format_string is written: give that too"));
        }
        return pattern::compile_records(&SPEC, PATTERNS, 87, options);
    };
    Patterns::records_of_user(&SPEC, OPTION, vec![pattern::once(parts(text, date)?)], 0, options)
}

const FIELDS: Dialect = Dialect {
    directives: &[
        ("levelname", "severity"),
        ("levelno", "severity:python"),
        ("message", "body"),
        ("name", "log.logger:id"),
        ("created", "time:epoch"),
        ("msecs", "_"),
        ("filename", "code.file.name"),
        ("pathname", "code.file.path"),
        ("lineno", "code.line.number:int"),
        ("funcName", "code.function.name:id"),
        ("module", "code.module:id"),
        ("process", "process.pid:int"),
        ("processName", "process.executable.name"),
        ("thread", "thread.id:int"),
        ("threadName", "thread.name"),
        ("taskName", "python.task.name"),
        ("relativeCreated", "python.uptime_ms:double"),
        ("otelTraceID", "trace_id:word"),
        ("otelSpanID", "span_id:word"),
        ("otelServiceName", "service.name:id"),
        ("otelTraceSampled", "_"),
    ],
    by_rule: |name| {
        let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        is_name.then(|| name.to_owned())
    },
};

/// One field of a format string.
struct Found<'t> {
    /// Where it stands in the text.
    start: usize,
    name: &'t str,
    /// How its value is padded: `-8`, `>8`.
    spec: &'t str,
    len: usize,
}

/// In which of its three styles a format string is written: the first field tells.
#[derive(Clone, Copy)]
enum Style {
    Percent,
    Brace,
    Dollar,
}

impl Style {
    fn of(text: &str) -> Option<Self> {
        let brace = text.contains('{') && !text.contains("${");
        let styles = [(text.contains("%("), Self::Percent), (brace, Self::Brace), (text.contains('$'), Self::Dollar)];
        styles.into_iter().find(|(is_it, _)| *is_it).map(|(_, style)| style)
    }

    /// The next field of `text`, which stands at byte `at` of its format string.
    fn next(self, text: &str, at: usize) -> Result<Option<Found<'_>>, TemplateError> {
        let error = |message: &str, start: usize| TemplateError { message: message.into(), at: at + start };
        let (open, escaped) = match self {
            Self::Percent => ("%(", "%%"),
            Self::Brace => ("{", "{{"),
            Self::Dollar => ("$", "$$"),
        };
        let mut from = 0;
        let start = loop {
            let Some(found) = text.get(from..).and_then(|rest| rest.find(open)) else { return Ok(None) };
            let start = from + found;
            if !text.get(start..).is_some_and(|rest| rest.starts_with(escaped)) {
                break start;
            }
            from = start + escaped.len();
        };
        let inner = text.get(start + open.len()..).unwrap_or_default();
        let bare = inner.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
        if matches!(self, Self::Dollar) && !inner.starts_with('{') {
            let name = inner.get(..bare).filter(|name| !name.is_empty()).ok_or_else(|| error("a '$' needs a name behind it", start))?;
            return Ok(Some(Found { start, name, spec: "", len: 1 + bare }));
        }
        let inner = inner.strip_prefix('{').filter(|_| matches!(self, Self::Dollar)).unwrap_or(inner);
        let close = if matches!(self, Self::Percent) { ')' } else { '}' };
        let (field, behind) = inner.split_once(close).ok_or_else(|| error("a field without its end", start))?;
        if let Self::Percent = self {
            // `-8s`, `.3f`, `d`: up to the conversion's letter.
            let width = behind.find(|c: char| c.is_ascii_alphabetic());
            let width = width.ok_or_else(|| error("a field without its type, such as %(name)s", start))?;
            let len = text.len() - start - behind.len() + width + 1;
            return Ok(Some(Found { start, name: field, spec: behind.get(..width).unwrap_or_default(), len }));
        }
        let (name, spec) = field.split_once([':', '!']).unwrap_or((field, ""));
        Ok(Some(Found { start, name, spec, len: text.len() - start - behind.len() }))
    }

    /// The text of a literal, as it stands in the line.
    fn plain(self, text: &str) -> String {
        match self {
            Self::Percent => text.replace("%%", "%"),
            Self::Brace => text.replace("{{", "{").replace("}}", "}"),
            Self::Dollar => text.replace("$$", "$"),
        }
    }
}

/// The parts of a format string. `date`: how its `asctime` is written, where that is not Python's own way.
fn parts(text: &str, date: Option<&str>) -> Result<Vec<Part>, OptionError> {
    let wrong = |e: TemplateError| OptionError::new(OPTION, e.message).at(e.at);
    let style = Style::of(text).ok_or_else(|| OptionError::new(OPTION, "the format has no field, such as %(message)s").at(0))?;
    let mut parts = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let Some(found) = style.next(rest, at).map_err(wrong)? else {
            literal(&mut parts, &style.plain(rest));
            break;
        };
        literal(&mut parts, &style.plain(rest.get(..found.start).unwrap_or_default()));
        let place = at + found.start;
        at = place + found.len;
        // Padded on the left: `%(levelname)8s`, `{levelname:>8}`.
        if found.spec.starts_with(|c: char| matches!(c, '>' | '^' | '1'..='9')) {
            parts.push(Part::Padding);
        }
        if found.name != "asctime" {
            parts.push(FIELDS.part(found.name, place).map_err(wrong)?);
            continue;
        }
        let mut date = date.map(str::to_owned);
        // A date of the user's has no fraction: it stands behind, as a field of its own.
        if let Some(date) = &mut date
            && let Some(behind) = text.get(at..)
            && let Some(Found { start: 1, name: "msecs", len, .. }) = style.next(behind, at).map_err(wrong)?
            && let Some(sign @ ("." | "," | ":")) = behind.get(..1)
        {
            *date = format!("{date}{sign}%3f");
            at += 1 + len;
        }
        let time = match date {
            None => TimeShape::Iso,
            Some(date) => {
                TimePattern::compile(&date).map(TimeShape::from).map_err(|e| OptionError::new("date_format", e.message).at(e.at))?
            }
        };
        parts.push(Part::Field(FieldSpec { shape: Shape::Time, time: Some(time), cut_bytes: None, at: place }, Use::Time));
    }
    Ok(parts)
}

/// Text between fields; blanks alone may be more, as the value before them may be padded.
fn literal(parts: &mut Vec<Part>, text: &str) {
    if text.is_empty() {
    } else if text.bytes().all(|byte| byte == b' ') {
        parts.push(Part::Blanks);
    } else {
        parts.push(Part::Literal(text.into()));
    }
}
