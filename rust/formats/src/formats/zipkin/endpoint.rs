//! What all of Zipkin's encodings say alike, as attributes.

use logloom_record::{Key, Text};

use crate::{
    json::Str,
    spans::{Owner, Span, Value},
};

/// Where a service was reached.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Endpoint<'a> {
    pub(super) service: Option<Str<'a>>,
    pub(super) ipv4: Option<Value<'a>>,
    pub(super) ipv6: Option<Value<'a>>,
    /// 0 where it is not known.
    pub(super) port: i64,
}

/// The attributes of an endpoint: address, the other address where it has both, port.
static LOCAL: [Key; 3] = [Key::new("network.local.address"), Key::new("zipkin.local.ipv6"), Key::new("network.local.port")];
static REMOTE: [Key; 3] = [Key::new("network.peer.address"), Key::new("zipkin.peer.ipv6"), Key::new("network.peer.port")];
static KIND: Key = Key::new("zipkin.kind");
static NO_START: Key = Key::new("otel.zipkin.absentField.startTime");
static DEBUG: Key = Key::new("zipkin.debug");
static SHARED: Key = Key::new("zipkin.shared");
static PEER: Key = Key::new("service.peer.name");

/// What a span says besides the fields that all spans have.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Facts<'a> {
    pub(super) local: Endpoint<'a>,
    pub(super) remote: Endpoint<'a>,
    /// A kind that OpenTelemetry does not have.
    pub(super) other_kind: Option<Value<'a>>,
    pub(super) debug: bool,
    pub(super) shared: bool,
}

impl<'a> Facts<'a> {
    /// Makes a span of it, all of whose fields are there; whose it is.
    #[inline]
    pub(super) fn settle(&self, span: &mut Span<'a>) -> Owner<'a, 'a> {
        span.flags = u32::from(self.debug);
        if let Some(kind) = self.other_kind {
            span.extra(&KIND, kind);
        }
        if span.start_unix_nano == 0 {
            span.extra(&NO_START, Value::Bool(true));
        }
        if self.debug {
            span.extra(&DEBUG, Value::Bool(true));
        }
        if self.shared {
            span.extra(&SHARED, Value::Bool(true));
        }
        if let Some(service) = self.remote.service {
            span.extra(&PEER, Value::Str(service));
        }
        for (endpoint, [address, second, port]) in [(&self.local, &LOCAL), (&self.remote, &REMOTE)] {
            if let Some(ip) = endpoint.ipv4.or(endpoint.ipv6) {
                span.extra(address, ip);
            }
            if let (Some(_), Some(ipv6)) = (endpoint.ipv4, endpoint.ipv6) {
                span.extra(second, ipv6);
            }
            if endpoint.port != 0 {
                span.extra(port, Value::Int(endpoint.port));
            }
        }
        span.settle();
        let service = self.local.service;
        Owner { key: service.map_or(Text::EMPTY, |service| service.text), service, tags: &[] }
    }
}

/// Microseconds as nanoseconds, exactly; `None` for what is negative or too large.
#[inline(always)]
pub(super) fn nanoseconds(micros: i64) -> Option<i64> {
    micros.checked_mul(1000).filter(|nanos| *nanos >= 0)
}
