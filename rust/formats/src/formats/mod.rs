//! One file a format. `make formats` rewrites the list between the marks from the files of this folder.

use crate::Spec;

// formats:begin
pub mod auditd;
pub mod auto;
pub mod envoy;
pub mod envoy_app;
pub mod envoy_json;
pub mod jaeger;
pub mod journald;
pub mod json;
pub mod logfmt;
pub mod ltsv;
pub mod nginx;
pub mod nginx_error;
pub mod otlp;
pub mod otlp_json;
pub mod otlp_traces;
pub mod otlp_traces_json;
pub mod syslog;
pub mod text;
pub mod zipkin;

/// Every format, sorted by name.
#[rustfmt::skip]
pub static FORMATS: &[&Spec] = &[
    &auditd::SPEC,
    &auto::SPEC,
    &envoy::SPEC,
    &envoy_app::SPEC,
    &envoy_json::SPEC,
    &jaeger::SPEC,
    &journald::SPEC,
    &json::SPEC,
    &logfmt::SPEC,
    &ltsv::SPEC,
    &nginx::SPEC,
    &nginx_error::SPEC,
    &otlp::SPEC,
    &otlp_json::SPEC,
    &otlp_traces::SPEC,
    &otlp_traces_json::SPEC,
    &syslog::SPEC,
    &text::SPEC,
    &zipkin::SPEC,
];
// formats:end
