//! What Envoy itself logs, beside its access log.

use std::sync::Arc;

use crate::{About, Format, OptionError, Options, Spec, pattern};

/// The row of `envoy_app`.
pub static SPEC: Spec = Spec {
    name: "envoy_app",
    about: About {
        line: "Envoy's application log (`--log-format` default), also with source locations, as Istio's proxy writes it",
        page: "https://www.envoyproxy.io/docs/envoy/latest/operations/cli#cmdoption-log-format",
        example: "[2026-11-21 10:40:59.509][18][warning][config] [source/common/config/grpc_stream.h:193] StreamAggregatedResources \
                  gRPC config stream closed: 14, no healthy upstream",
    },
    options: &[],
    compile,
};

/// Envoy's own, and Istio's, which puts a tab between time, severity, logger and message.
const PATTERNS: &[&str] = &[
    "[{time:%Y-%m-%d %H:%M:%S.%f}][{thread.id:int}][{severity}][{log.logger:word}] {?[{code.file.path:word}:{code.line.number:int}] ?}{body}",
    "{time:iso}\t{severity}\tenvoy {log.logger:word}\t{body}{?\tthread={thread.id:int}?}",
];

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    pattern::compile(&SPEC, PATTERNS, 95, options)
}
