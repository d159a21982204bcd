//! Cilium Hubble: flows as JSON.

use std::sync::Arc;

use super::json::KEYS;
use crate::{
    About, Format, Framing, OptionError, Options, Spec,
    fields::{Container, Rows},
    objects::Objects,
};

/// The row of `hubble`.
pub static SPEC: Spec = Spec {
    name: "hubble",
    about: About {
        line: "Cilium Hubble flows as JSON lines: of the exporter, `hubble observe -o json` and bare",
        page: "https://docs.cilium.io/en/stable/observability/hubble/configuration/export/",
        example: concat!(
            r#"{"flow":{"time":"2026-11-21T10:43:36.826191Z","verdict":"DROPPED","drop_reason_desc":"POLICY_DENIED","IP":{"source":"10.0.1.7","#,
            r#""destination":"10.0.2.9","ipVersion":"IPv4"},"l4":{"TCP":{"source_port":41026,"destination_port":8080,"flags":{"SYN":true}}},"#,
            r#""source":{"namespace":"shop","pod_name":"cart-0"},"destination":{"namespace":"shop","pod_name":"price-1"},"Type":"L3_L4","#,
            r#""traffic_direction":"EGRESS","Summary":"TCP Flags: SYN"},"node_name":"node-1","time":"2026-11-21T10:43:36.826191Z"}"#
        ),
    },
    options: &[KEYS],
    compile,
};

static OBJECTS: Objects = Objects {
    spec: &SPEC,
    rows: Rows { keys: ROWS, nested: Container::Dotted, prefix: "hubble.", ..Rows::NONE },
    signs: &[(3, &["verdict", "source", "destination"]), (2, &["verdict", "flow"]), (1, &["lost_events", "agent_event", "node_status"])],
    lists: &[],
    pairs: false,
    framing: Framing::Lines,
};

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    OBJECTS.compile(options)
}

const ROWS: &[(&str, &str)] = &[
    ("flow", "^"),
    ("time", "time"),
    ("Summary", "body"),
    ("trace_context.parent.trace_id", "trace_id"),
    ("node_name", "k8s.node.name"),
    ("IP.source", "source.address"),
    ("IP.destination", "destination.address"),
    ("l4.TCP.source_port", "source.port:int"),
    ("l4.TCP.destination_port", "destination.port:int"),
    ("l4.UDP.source_port", "source.port:int"),
    ("l4.UDP.destination_port", "destination.port:int"),
    ("l4.SCTP.source_port", "source.port:int"),
    ("l4.SCTP.destination_port", "destination.port:int"),
    ("l7.http.method", "http.request.method"),
    ("l7.http.url", "url.full:url"),
    ("l7.http.code", "http.response.status_code:status"),
    ("l7.http.protocol", "network.protocol.version:protocol"),
    ("l7.dns.query", "dns.question.name"),
];
