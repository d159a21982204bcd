//! Writing a value as its target asks.

use logloom_record::{RecordCursor, Scalar, Text};

use super::{Name, Role, Target, Trace, address, parse_trace_id, status};
pub use crate::template::is_absent;
use crate::{ids, swar::leading_u64};

/// Writes the text of a value that is not absent. The time is the caller's, as it is written first: here it is a string. Trace and
/// span ids go into `trace`, from where the caller writes them last; what is no id, or one more, is an attribute.
#[inline(always)]
pub fn text<'w>(rec: RecordCursor<'w>, target: &Target, value: Text<'_>, trace: &mut Trace) -> RecordCursor<'w> {
    let Name::Short(key) = &target.name else { return rec.apart(|rec| long(rec, target, value)) };
    match target.role {
        Role::Text | Role::Time => rec.attr(key, value),
        Role::Int | Role::Status => match integer(value.bytes()) {
            Some(..=0) if target.role == Role::Status => rec,
            Some(number) => rec.attr_i64(key, number),
            None => rec.attr(key, value),
        },
        Role::Header => rec.attr_list(key, value),
        Role::Path => match crate::scan::find(value, b'?') {
            Some(at) => second(rec.attr(key, value.slice(0..at)), target, value.after(at + 1)),
            None => rec.attr(key, value),
        },
        Role::Protocol if value.tail().starts_with(b"HTTP/") && value.len() > 5 => rec.attr(key, value.after(5)),
        Role::Address => {
            let (address, port) = address::split(value);
            let rec = rec.attr(key, address);
            match (&target.second, port) {
                (Name::Short(key), Some(port)) if port > 0 => rec.attr_i64(key, i64::from(port)),
                _ => rec,
            }
        }
        Role::ForwardedFor => {
            let rec = rec.attr_list(key, value);
            match address::first_forwarded(value) {
                Some(client) => second(rec, target, client),
                None => rec,
            }
        }
        _ => rec.apart(|rec| rare(rec, target, value, trace)),
    }
}

/// Writes a number, as JSON has it.
#[inline(always)]
pub fn number<'w>(rec: RecordCursor<'w>, target: &Target, value: i64) -> RecordCursor<'w> {
    match (target.role, &target.name) {
        (Role::Status, _) if value <= 0 => rec,
        (Role::Int | Role::Status, Name::Short(key)) => rec.attr_i64(key, value),
        _ => rec.apart(|rec| rare_number(rec, target, value)),
    }
}

#[inline(never)]
fn rare_number<'w>(rec: RecordCursor<'w>, target: &Target, value: i64) -> RecordCursor<'w> {
    let code = if target.role == Role::GrpcStatus { status::grpc_name(value.to_string().as_bytes()) } else { None };
    scalar(rec, &target.name, code.map_or(Scalar::Int(value), |name| Scalar::Str(Text::from(name))))
}

#[inline(always)]
fn second<'w>(rec: RecordCursor<'w>, target: &Target, value: Text<'_>) -> RecordCursor<'w> {
    match &target.second {
        Name::Short(key) => rec.attr(key, value),
        name @ Name::Long(_) => rec.apart(|rec| scalar(rec, name, Scalar::Str(value))),
    }
}

fn scalar<'w>(rec: RecordCursor<'w>, name: &Name, value: Scalar<'_>) -> RecordCursor<'w> {
    rec.attr_scalar(name.text(), value)
}

/// A whole number, perhaps negative, of at most 18 digits.
#[inline(always)]
fn integer(bytes: &[u8]) -> Option<i64> {
    let (digits, sign) = match bytes {
        [b'-', digits @ ..] => (digits, -1),
        digits => (digits, 1),
    };
    let (number, n) = leading_u64(digits)?;
    (n == digits.len()).then_some(())?;
    i64::try_from(number).ok().map(|number| number * sign)
}

/// A name too long to be laid out beforehand.
#[inline(never)]
fn long<'w>(rec: RecordCursor<'w>, target: &Target, value: Text<'_>) -> RecordCursor<'w> {
    let name = target.name.text();
    match (target.role, integer(value.bytes())) {
        (Role::Int | Role::Status, Some(number)) => rec.attr_scalar(name, Scalar::Int(number)),
        (Role::Header, _) => rec.attr_list_named(name, value),
        _ => rec.attr_scalar(name, Scalar::Str(value)),
    }
}

#[inline(never)]
fn rare<'w>(rec: RecordCursor<'w>, target: &Target, value: Text<'_>, trace: &mut Trace) -> RecordCursor<'w> {
    let bytes = value.bytes();
    match target.role {
        // HAProxy's `<BADREQ>` is no protocol.
        Role::Protocol if bytes.first() == Some(&b'<') => rec,
        Role::Protocol => {
            let lower = bytes.to_ascii_lowercase();
            second(rec, target, Text::from(lower.as_slice()))
        }
        Role::TlsVersion => {
            let version = bytes.strip_prefix(b"TLSv").unwrap_or(bytes);
            scalar(rec, &target.name, Scalar::Str(Text::from(version)))
        }
        Role::UpperHex => {
            let upper = bytes.to_ascii_uppercase();
            scalar(rec, &target.name, Scalar::Str(Text::from(upper.as_slice())))
        }
        Role::GrpcStatus => {
            let name = status::grpc_name(bytes).map_or(value, Text::from);
            scalar(rec, &target.name, Scalar::Str(name))
        }
        _ if take_trace(target.role, bytes, trace) => rec,
        // A tracing header that holds no ids is a header like any other.
        _ if target.name.bytes().starts_with(b"http.request.header.") => rec.attr_list_named(target.name.text(), value),
        _ => scalar(rec, &target.name, Scalar::Str(value)),
    }
}

/// Takes ids into the record's own fields; false where there is no id, or one already.
fn take_trace(role: Role, bytes: &[u8], trace: &mut Trace) -> bool {
    let found = match role {
        Role::TraceId => parse_trace_id(bytes).map(|trace_id| Trace { trace_id, ..Trace::default() }),
        Role::SpanId => ids::span_id(bytes).map(|span_id| Trace { span_id, ..Trace::default() }),
        Role::Traceparent => Trace::from_traceparent(bytes),
        Role::B3 => Trace::from_b3(bytes),
        _ => None,
    };
    let Some(found) = found else { return false };
    let taken = (found.has_trace_id() && trace.has_trace_id() && found.trace_id != trace.trace_id)
        || (found.has_span_id() && trace.has_span_id() && found.span_id != trace.span_id);
    if taken {
        return false;
    }
    if found.has_trace_id() {
        trace.trace_id = found.trace_id;
    }
    if found.has_span_id() {
        trace.span_id = found.span_id;
    }
    trace.flags |= found.flags;
    true
}
