//! Tags that say the same as a span's own attributes are consumed by them.

use logloom_record::Text;

use super::{Kind, Span, Status, Tag, Value};
use crate::json::Str;

/// What a tag means to the mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    Kind,
    Error,
    StatusCode,
    StatusDescription,
    ScopeName,
    ScopeVersion,
    TraceState,
}

/// Whether a name begins like one that means something or is one of ours: most begin otherwise.
#[inline(always)]
pub(super) fn may_be_known(name: Text<'_>) -> bool {
    name.tail().first_chunk().is_none_or(|head: &[u8; 4]| matches!(head, b"span" | b"erro" | b"otel" | b"w3c." | b"log."))
}

/// The names that mean something; the older names of OpenTelemetry's exporters beside the newer.
#[inline]
fn meaning(name: &[u8]) -> Option<Meaning> {
    Some(match name {
        b"span.kind" => Meaning::Kind,
        b"error" => Meaning::Error,
        b"otel.status_code" => Meaning::StatusCode,
        b"otel.status_description" => Meaning::StatusDescription,
        b"otel.scope.name" | b"otel.library.name" => Meaning::ScopeName,
        b"otel.scope.version" | b"otel.library.version" => Meaning::ScopeVersion,
        b"w3c.tracestate" => Meaning::TraceState,
        _ => return None,
    })
}

/// The names of the attributes that the mapping writes; a tag that is called like one of them, and was not consumed, gets `tag.` before its name.
#[inline]
pub(super) fn is_ours(name: &[u8]) -> bool {
    matches!(
        name,
        b"span.kind"
            | b"span.parent_span_id"
            | b"span.duration_ns"
            | b"span.status_code"
            | b"span.status_message"
            | b"span.links"
            | b"span.trace_state"
            | b"span.end_time_unix_nano"
            | b"log.record.original"
    )
}

impl<'a> Span<'a> {
    /// Adds a tag of a format whose tags may say what OpenTelemetry has fields for. All other fields of the span that the format has should
    /// be set before [`settle`](Self::settle), in any order with this.
    #[inline]
    pub(crate) fn tag(&mut self, name: Str<'a>, value: Value<'a>) {
        self.tags.push(Tag::new(name, value));
    }

    /// Consumes the tags that say what the span's own attributes say. Once, when all are there.
    pub(crate) fn settle(&mut self) {
        let mut explicit = Status::Unset;
        let mut error = None;
        let mut kept = 0;
        // Removing keeps the order: what stays moves up.
        for at in 0..self.tags.len() {
            let Some(tag) = self.tags.get(at) else { break };
            let known = if may_be_known(tag.name) { meaning(tag.name.bytes()) } else { None };
            let consumed = known.map(|meaning| (meaning, *tag)).is_some_and(|(meaning, tag)| match meaning {
                Meaning::Error => {
                    error = Some(tag);
                    true
                }
                Meaning::StatusCode => status_code(tag.value()).is_some_and(|status| {
                    explicit = status;
                    true
                }),
                _ => self.consume(meaning, tag.value()),
            });
            if !consumed {
                if kept != at {
                    self.tags.swap(kept, at);
                }
                kept += 1;
            }
        }
        self.tags.truncate(kept);
        if explicit != Status::Unset {
            self.status = explicit;
        }
        if let Some(tag) = error
            && !self.consume_error(tag.value(), explicit)
        {
            self.tags.push(tag);
        }
    }

    /// Whether the tag's value is now said by the span itself.
    fn consume(&mut self, meaning: Meaning, value: Value<'a>) -> bool {
        let Value::Str(text) = value else { return false };
        if text.has_escapes() && meaning == Meaning::Kind {
            return false;
        }
        let place = match meaning {
            Meaning::Kind => {
                let named = Kind::of(text.text.bytes());
                self.kind = self.kind.or(named);
                return named.is_some() && self.kind == named;
            }
            Meaning::StatusDescription => &mut self.status_message,
            Meaning::ScopeName => &mut self.scope_name,
            Meaning::ScopeVersion => &mut self.scope_version,
            Meaning::TraceState => &mut self.trace_state,
            Meaning::Error | Meaning::StatusCode => return false,
        };
        let free = place.is_none();
        if free {
            *place = Some(text);
        }
        free
    }

    /// The tag `error`: a boolean for Jaeger and OpenTelemetry; for Zipkin its being there is the error, and its value the message.
    fn consume_error(&mut self, value: Value<'a>, explicit: Status) -> bool {
        let failed = match value {
            Value::Bool(failed) => failed,
            Value::Str(text) => !text.is(b"false"),
            _ => return false,
        };
        if explicit == Status::Ok && failed {
            return false;
        }
        if !failed {
            return self.status != Status::Error;
        }
        self.status = Status::Error;
        match value {
            Value::Str(text) if !text.text.is_empty() && !text.is(b"true") => {
                let free = self.status_message.is_none();
                if free {
                    self.status_message = Some(text);
                }
                free
            }
            _ => true,
        }
    }
}

/// `otel.status_code`, as a name or as the number of OTLP's enum.
fn status_code(value: Value<'_>) -> Option<Status> {
    match value {
        Value::Str(text) if text.is(b"OK") || text.is(b"Ok") || text.is(b"STATUS_CODE_OK") => Some(Status::Ok),
        Value::Str(text) if text.is(b"ERROR") || text.is(b"Error") || text.is(b"STATUS_CODE_ERROR") => Some(Status::Error),
        Value::Str(text) if text.is(b"UNSET") || text.is(b"Unset") || text.is(b"STATUS_CODE_UNSET") => Some(Status::Unset),
        Value::Int(0) => Some(Status::Unset),
        Value::Int(1) => Some(Status::Ok),
        Value::Int(2) => Some(Status::Error),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_may_be_known() {
        let source = include_str!("tags.rs").split("#[cfg(test)]").next().unwrap();
        let names = source.split("b\"").skip(1).filter_map(|rest| rest.split_once('"')).map(|(name, _)| name);
        let known: Vec<_> = names.filter(|name| meaning(name.as_bytes()).is_some() || is_ours(name.as_bytes())).collect();
        assert!(known.len() > 15, "{known:?}");
        for name in known {
            assert!(may_be_known(Text::from(name)), "{name}");
        }
    }
}
