//! References to other spans: one is the parent, the others are links.

use logloom_record::{Key, Text};

use crate::spans::{Link, Span, Value};

pub(super) const CHILD_OF: &str = "child_of";
pub(super) const FOLLOWS_FROM: &str = "follows_from";

static FLAGS: Key = Key::new("jaeger.flags");
static WARNINGS: Key = Key::new("jaeger.warnings");

/// Adds a reference; [`settle`] tells what becomes of it.
pub(super) fn push(span: &mut Span<'_>, kind: &'static str, trace_id: [u8; 16], span_id: [u8; 8]) {
    span.links.push(Link { trace_id, span_id, kind, trace_state: Text::EMPTY, fields: 0..0 });
}

/// What all of Jaeger's encodings say alike, once a span is read. The parent is the one that the span names, else its first reference in the same
/// trace to a parent, else to one that it follows, as Jaeger itself has it; a reference to a parent that says no more than that is no link. Flags
/// and warnings are attributes.
pub(super) fn settle<'a>(span: &mut Span<'a>, flags: u32, warnings: Option<Value<'a>>) {
    let (trace_id, named) = (span.trace_id, span.parent_span_id);
    let mut links = span.links.iter();
    let child = |link: &Link<'_>| link.kind == CHILD_OF && link.trace_id == trace_id && (named == [0; 8] || named == link.span_id);
    if let Some(at) = links.position(child) {
        span.parent_span_id = span.links.remove(at).span_id;
    } else if named == [0; 8]
        && let Some(link) = span.links.iter().find(|link| link.kind == FOLLOWS_FROM && link.trace_id == trace_id)
    {
        span.parent_span_id = link.span_id;
    }
    span.flags = flags & 1;
    if flags & !1 != 0 {
        span.extra(&FLAGS, Value::Int(i64::from(flags)));
    }
    if let Some(warnings) = warnings {
        span.extra(&WARNINGS, warnings);
    }
    span.settle();
}
