//! What Java programs write as lines: log4j, Logback, java.util.logging, and the layouts of well-known servers.

use std::sync::Arc;

use crate::{
    About, Format, OptionDoc, OptionError, Options, Spec,
    pattern::{self, Dialect, Part, Patterns},
    template::{FieldSpec, Shape, TemplateError, TimeShape},
    time::TimePattern,
};

/// The row of `log4j`.
pub static SPEC: Spec = Spec {
    name: "log4j",
    about: About {
        line: "Lines of Java programs: any log4j or Logback layout; without one, those of Spring Boot, Kafka, ZooKeeper, Cassandra, Hadoop, \
               Spark, Flink, Solr, Tomcat, WildFly and others",
        page: "https://logging.apache.org/log4j/2.x/manual/pattern-layout.html",
        example: "2026-11-21 10:40:59,509 WARN  [http-nio-8080-exec-3] com.example.shop.CartController - cart 17 is empty",
    },
    options: &[OptionDoc {
        name: "layout",
        doc: "string: the conversion pattern as in the program's configuration (`%d{ISO8601} [%t] %-5p %c{1} - %m%n`), of log4j 1, log4j 2 or \
              Logback",
    }],
    compile,
};

const PATTERNS: &[&str] = &[
    // Kafka; Pulsar and BookKeeper have no brackets around the time.
    "[{time:iso}] {severity} [{kafka.component}]{?:?} {body} ({log.logger:word})",
    "[{time:iso}] {severity} {body} ({log.logger:word})",
    "[{time:iso}] {severity} [{kafka.component}]{?:?} {body} ({log.logger:class})\n{_}",
    "[{time:iso}] {severity} {body} ({log.logger:class})\n{_}",
    // ZooKeeper, with and without its number.
    "{time:iso} [myid:{zookeeper.myid}] - {severity}{ }[{thread.name}:{log.logger:class}@{code.line.number:int}] - {body}",
    "{time:iso} - {severity}{ }[{thread.name}:{log.logger:class}@{code.line.number:int}] - {body}",
    "{time:iso} [myid:{zookeeper.myid}] - {severity}{ }[{thread.name:thread}] - {body}",
    "{time:iso} [myid:{zookeeper.myid}] - {severity}{ }[{thread.name}:{log.logger:class}] - {body}",
    // Spring Boot.
    concat!(
        "{time:iso}{ }{severity} {process.pid:int} --- [{?{service.name:word}] [?}{~}{thread.name}]{?{ }[{trace_id:word}-{span_id:word}]?} ",
        "{log.logger:word}{ }: {body}"
    ),
    // Cassandra.
    "{severity}{ }[{thread.name}] {time:iso} {code.file.path:word}:{code.line.number:int} - {body}",
    "{severity}{ }[{thread.name}] {time:iso} {log.logger:word} - {body}",
    "{severity}{ }{time:iso} [{thread.name}] {log.logger:word} - {body}",
    // CAS: who, what, application, when, from where.
    concat!(
        "{time:iso} {severity}{ }[{log.logger:class}] - {body>}{_}|{cas.application:word}|{_}|{event.action:word}|{user.name:id}|",
        "{client.address:word}|{server.address:word}"
    ),
    "{time:iso} {severity}{ }[{log.logger:class}] - {body}",
    // Keycloak's events.
    concat!(
        "{time:iso} {severity}{ }[org.keycloak.events] ({thread.name}) {body>}type={keycloak.event.type:quoted}, ",
        "{keycloak.event.:pairs ipAddress>client.address username>user.name userId>user.id realmId>keycloak.realm.id clientId>keycloak.client.id error>error.type}",
        "{log.logger=org.keycloak.events}"
    ),
    // WildFly, Quarkus: loggers and threads have names of several words.
    "{time:iso} {severity}{ }[{log.logger:name}] ({thread.name}) {body}",
    "{time:%H:%M:%S,%3f} {severity}{ }[{log.logger:name}] ({thread.name}) {body}",
    // Hadoop, HBase and others: thread in brackets, then the logger.
    "{time:iso} {severity}{ }[{thread.name}] {log.logger:word}{ }- {body}",
    "{time:iso} [{thread.name}] {severity}{ }{log.logger:word}{ }- {body}",
    "{time:iso} {severity}{ }[{thread.name}] {log.logger:word}: {body}",
    "{time:iso} [{thread.name}] {severity}{ }{log.logger:word}: {body}",
    "{time:iso} [{severity}] [{thread.name}] {log.logger:word}{ }- {body}",
    "{time:iso} [{thread.name}] [{severity}] {log.logger:word}{ }- {body}",
    // Flink.
    "{time:iso} {severity}{ }{log.logger:word}{ }[{_}] - {body}",
    "{time:iso} {severity}{ }{log.logger:word}{ }- {body}",
    // Doris, StarRocks.
    "{time:iso} {severity}{ }({thread.name:thread}|{thread.id:int}) [{code.function.name:class}():{code.line.number:int}] {body}",
    // Home Assistant is no Java, but its lines look so.
    "{time:iso} {severity}{ }({thread.name}) [{log.logger:class}] {body}",
    // Logback's own status.
    "{time:%H:%M:%S,%3f} |-{severity} in {log.logger:id} - {body}",
    "{time:iso} [{thread.name}] {severity}{ }- {body}",
    // Solr: of which collection, shard and replica.
    concat!(
        "{time:iso} {severity}{ }({thread.name}) [{~}c:{solr.collection:word} s:{solr.shard:word} r:{solr.replica:word} ",
        "x:{solr.core:name}] {log.logger:word} {body}"
    ),
    "{time:iso} {severity}{ }({thread.name}) [{~}x:{solr.core:word}] {log.logger:word} {body}",
    "{time:iso} {severity}{ }({thread.name}) [{~}{solr.core}] {log.logger:word} {body}",
    // Logback without a pattern.
    "{time:%H:%M:%S.%3f} [{thread.name}] {severity}{ }{log.logger:word} -- {body}",
    "{time:%H:%M:%S.%3f} [{thread.name}] {severity}{ }{log.logger:word} - {body}",
    // Tomcat's JULI; java.util.logging of two lines.
    "{time:%d-%b-%Y %H:%M:%S.%3f} {severity} [{thread.name}] {log.logger:word} {body}",
    "{time:%b %d, %Y %I:%M:%S %p} {log.logger:word} {code.function.name:word}\n{severity}: {body}",
    // Spark, YARN.
    "{time:%y/%m/%d %H:%M:%S} {severity} {log.logger:word}: {body}",
    // ActiveMQ.
    "{time:iso} | {severity}{ }| {body} | {log.logger:word} | {thread.name}",
    // Jetty.
    "{time:%Y-%m-%d %H:%M:%S.%3f}:{severity}:{log.logger:word}:{thread.name}: {body}",
    // The logger before the thread.
    "{time:iso} {severity}{ }{log.logger:class} [{thread.name}] {body}",
    // Neo4j, and whoever puts a word between.
    "{time:iso} {severity}{ }[{log.logger:word}] {body}",
];

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    const OPTION: &str = "layout";
    let Some(layout) = options.str(OPTION)? else { return pattern::compile_records(&SPEC, PATTERNS, 88, options) };
    let parts = parts(layout, 0).map_err(|e| OptionError::new(OPTION, e.message).at(e.at))?;
    // A value of the diagnostic context is often missing: between blanks, only another pattern can tell.
    let without = without_context(&parts);
    let alternatives = if without.len() < parts.len() { vec![parts, without] } else { vec![parts] };
    Patterns::records_of_user(&SPEC, OPTION, alternatives.into_iter().map(pattern::once).collect(), 0, options)
}

/// The parts without the fields of the diagnostic context that stand between blanks.
fn without_context(parts: &[Part]) -> Vec<Part> {
    let mut left: Vec<Part> = Vec::new();
    for (i, part) in parts.iter().enumerate() {
        let between = i > 0 && matches!((&parts[i - 1], parts.get(i + 1)), (Part::Blanks, Some(Part::Blanks)));
        let is_context = matches!(part, Part::Field(_, used) if used.is_optional_id());
        let again = matches!((part, left.last()), (Part::Blanks, Some(Part::Blanks)));
        if !(again || (between && is_context)) {
            left.push(part.clone());
        }
    }
    left
}

/// Conversion words of log4j 1, log4j 2 and Logback. Several spellings stand for one field.
const WORDS: Dialect = Dialect {
    directives: &[
        ("p", "severity"),
        ("c", "log.logger:word"),
        ("t", "thread.name"),
        ("m", "body"),
        ("T", "thread.id:int"),
        ("C", "code.namespace:word"),
        ("M", "code.function.name"),
        ("L", "code.line.number:int"),
        ("F", "code.file.path"),
        ("l", "java.location"),
        ("r", "java.uptime_ms:int"),
        ("x", "java.ndc"),
        ("sn", "log.record.sequence:int"),
        ("pid", "process.pid:int"),
        ("marker", "java.marker"),
        ("u", "log.record.uid:word"),
        ("X", "java.mdc"),
        ("X{traceId}", "trace_id"),
        ("X{trace_id}", "trace_id"),
        ("X{trace.id}", "trace_id"),
        ("X{spanId}", "span_id"),
        ("X{span_id}", "span_id"),
        ("X{span.id}", "span_id"),
        ("_", "_"),
    ],
    by_rule: |word| word.strip_prefix("X{").and_then(|key| key.strip_suffix('}')).map(|key| format!("java.mdc.{key}")),
};

/// The short form of a conversion word; nothing where it writes a stack trace or a line's end, which the record's end tells.
const SPELLINGS: &[(&str, &str)] = &[
    ("level", "p"),
    ("le", "p"),
    ("logger", "c"),
    ("lo", "c"),
    ("thread", "t"),
    ("tn", "t"),
    ("threadName", "t"),
    ("message", "m"),
    ("msg", "m"),
    ("maxLen", "m"),
    ("tid", "T"),
    ("threadId", "T"),
    ("class", "C"),
    ("method", "M"),
    ("line", "L"),
    ("file", "F"),
    ("location", "l"),
    ("caller", "l"),
    ("relative", "r"),
    ("NDC", "x"),
    ("mdc", "X"),
    ("MDC", "X"),
    ("sequenceNumber", "sn"),
    ("processId", "pid"),
    ("markerSimpleName", "marker"),
    ("uuid", "u"),
    ("tp", "_"),
    ("threadPriority", "_"),
    ("contextName", "_"),
    ("cn", "_"),
    ("fqcn", "_"),
];
/// Words whose text is the end of the line, or follows the message as a stack trace.
const ENDS: &[&str] = &[
    "n",
    "ex",
    "exception",
    "throwable",
    "xEx",
    "xException",
    "xThrowable",
    "rEx",
    "rException",
    "rThrowable",
    "wEx",
    "wex",
    "nopex",
    "nopexception",
];
/// Words that only dress what they are given in brackets or braces.
const DRESS: &[&str] =
    &["clr", "highlight", "style", "color", "replace", "boldRed", "cyan", "green", "red", "blue", "yellow", "magenta", "gray", "white"];

/// The parts of a layout; `depth` bounds the nesting of `%clr(…)` and its like.
fn parts(layout: &str, depth: usize) -> Result<Vec<Part>, TemplateError> {
    let error = |message: String, at: usize| TemplateError { message, at };
    if depth > 4 {
        return Err(error("conversions are nested too deeply".into(), 0));
    }
    let mut parts = Vec::new();
    let mut at = 0;
    while let Some(rest) = layout.get(at..).filter(|rest| !rest.is_empty()) {
        let Some(spec) = rest.strip_prefix('%') else {
            let len = rest.find('%').unwrap_or(rest.len());
            push_text(&mut parts, rest.get(..len).unwrap_or_default());
            at += len;
            continue;
        };
        if spec.starts_with('%') {
            push_text(&mut parts, "%");
            at += 2;
            continue;
        }
        let width = spec.find(|c: char| !(c.is_ascii_digit() || matches!(c, '-' | '.'))).unwrap_or(spec.len());
        let pads_left = spec.starts_with(|c: char| c.is_ascii_digit());
        let body = spec.get(width..).unwrap_or_default();
        let word_len = body.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(body.len());
        let word = known_prefix(body.get(..word_len).unwrap_or_default());
        let mut len = 1 + width + word.len();
        let mut arguments = Vec::new();
        while let Some((argument, taken)) = argument(layout.get(at + len..).unwrap_or_default()) {
            arguments.push(argument);
            len += taken;
        }
        let first = arguments.first().copied().unwrap_or_default();
        if pads_left {
            parts.push(Part::Padding);
        }
        if word.is_empty() || DRESS.contains(&word) {
            parts.extend(self::parts(first, depth + 1).map_err(|e| error(e.message, at + e.at))?);
        } else if matches!(word, "d" | "date") {
            parts.push(date(first, at)?);
        } else if !ENDS.contains(&word) {
            let short = SPELLINGS.iter().find(|(long, _)| *long == word).map_or(word, |(_, short)| short);
            let key = first.split(":-").next().unwrap_or_default();
            let directive = if short == "X" && !key.is_empty() { format!("X{{{key}}}") } else { short.to_owned() };
            parts.push(WORDS.part(&directive, at)?);
        }
        at += len;
    }
    Ok(parts)
}

/// The conversion word that `word` begins with: `%mn` is `%m` and a letter.
fn known_prefix(word: &str) -> &str {
    let is_known = |word: &str| {
        matches!(word, "d" | "date")
            || ENDS.contains(&word)
            || DRESS.contains(&word)
            || SPELLINGS.iter().any(|(long, _)| *long == word)
            || WORDS.directives.iter().any(|(name, _)| *name == word && word != "_")
    };
    (1..=word.len()).rev().filter_map(|len| word.get(..len)).find(|word| is_known(word)).unwrap_or(word)
}

/// The `{argument}` or `(argument)` that `text` begins with, and its length with the brackets; they may nest.
fn argument(text: &str) -> Option<(&str, usize)> {
    let (open, close) = match text.as_bytes().first()? {
        b'{' => (b'{', b'}'),
        b'(' => (b'(', b')'),
        _ => return None,
    };
    let mut depth = 0;
    for (at, byte) in text.bytes().enumerate() {
        depth += i32::from(byte == open) - i32::from(byte == close);
        if depth == 0 {
            return Some((text.get(1..at)?, at + 1));
        }
    }
    None
}

/// Text between conversions. Blanks alone may be more in a line, as what stands before them may be padded.
fn push_text(parts: &mut Vec<Part>, text: &str) {
    let text = text.trim_end_matches(['\n', '\r']);
    if text.is_empty() {
    } else if text.bytes().all(|byte| byte == b' ') {
        parts.push(Part::Blanks);
    } else {
        parts.push(Part::Literal(text.into()));
    }
}

/// A date, `%d{pattern}`; without one, log4j's and Logback's `2026-11-21 10:40:59,509`.
fn date(pattern: &str, at: usize) -> Result<Part, TemplateError> {
    let time = if pattern.is_empty() || pattern == "DEFAULT" {
        TimeShape::Iso
    } else {
        TimeShape::Pattern(TimePattern::java(pattern).map_err(|e| TemplateError { message: e.message, at: at + 3 + e.at })?)
    };
    Ok(Part::Field(FieldSpec { shape: Shape::Time, time: Some(time), cut_bytes: None, at }, pattern::Use::Time))
}
