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
    // What `basicConfig` gives, and Uvicorn.
    "{severity}:{log.logger:class}:{body}",
    "{severity=DEBUG}DEBUG:    {body}",
    "{severity=INFO}INFO:     {body}",
    "{severity=WARNING}WARNING:  {body}",
    "{severity=ERROR}ERROR:    {body}",
    "{severity=CRITICAL}CRITICAL: {body}",
];

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    const OPTION: &str = "format_string";
    let date = options.str("date_format")?;
    let time = match date {
        None => TimeShape::Iso,
        Some(date) => TimePattern::compile(date).map(TimeShape::from).map_err(|e| OptionError::new("date_format", e.message).at(e.at))?,
    };
    let Some(text) = options.str(OPTION)? else {
        if date.is_some() {
            return Err(OptionError::new("date_format", "it says how the asctime of a format_string is written: give that too"));
        }
        return pattern::compile_records(&SPEC, PATTERNS, 87, options);
    };
    let parts = parts(text, &time).map_err(|e| OptionError::new(OPTION, e.message).at(e.at))?;
    Patterns::records_of_user(&SPEC, OPTION, vec![pattern::once(parts)], 0, options)
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

/// The parts of a format string. The style is what its first field is written in.
fn parts(text: &str, time: &TimeShape) -> Result<Vec<Part>, TemplateError> {
    let error = |message: &str, at: usize| TemplateError { message: message.into(), at };
    let (open, close) = if text.contains("%(") {
        ("%(", ")")
    } else if text.contains('{') && !text.contains("${") {
        ("{", "}")
    } else if text.contains("${") {
        ("${", "}")
    } else {
        return Err(error("the format has no field, such as %(message)s", 0));
    };
    let mut parts = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let start = rest.find(open).unwrap_or(rest.len());
        literal(&mut parts, rest.get(..start).unwrap_or_default());
        let Some(inner) = rest.get(start + open.len()..) else { break };
        let end = inner.find(close).ok_or_else(|| error("a field without its end", at + start))?;
        let field = inner.get(..end).unwrap_or_default();
        let mut len = start + open.len() + end + close.len();
        let (name, spec) = field.split_once([':', '!']).unwrap_or((field, ""));
        let mut spec = spec.to_owned();
        if close == ")" {
            // `-8s`, `.3f`, `d`: up to the conversion's letter.
            let behind = inner.get(end + 1..).unwrap_or_default();
            let width = behind
                .find(|c: char| c.is_ascii_alphabetic())
                .ok_or_else(|| error("a field without its type, such as %(name)s", at + start))?;
            behind.get(..width).unwrap_or_default().clone_into(&mut spec);
            len += width + 1;
        }
        // Padded on the left: `%(levelname)8s`, `{levelname:>8}`.
        if spec.starts_with(|c: char| matches!(c, '>' | '^' | '1'..='9')) {
            parts.push(Part::Padding);
        }
        parts.push(if name == "asctime" {
            Part::Field(FieldSpec { shape: Shape::Time, time: Some(time.clone()), cut_bytes: None, at: at + start }, Use::Time)
        } else {
            FIELDS.part(name, at + start)?
        });
        at += len;
    }
    Ok(parts)
}

/// Text between fields; blanks alone may be more, as the value before them may be padded.
fn literal(parts: &mut Vec<Part>, text: &str) {
    if text.is_empty() {
    } else if text.bytes().all(|byte| byte == b' ') {
        parts.push(Part::Blanks);
    } else {
        parts.push(Part::Literal(text.replace("%%", "%")));
    }
}
