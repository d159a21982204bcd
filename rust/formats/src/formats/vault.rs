//! `HashiCorp` Vault: its audit log.

use std::sync::Arc;

use super::json::KEYS;
use crate::{
    About, Format, Framing, OptionError, Options, Spec,
    fields::{Container, Rows},
    objects::Objects,
};

/// The row of `vault`.
pub static SPEC: Spec = Spec {
    name: "vault",
    about: About {
        line: "The audit log of HashiCorp Vault and OpenBao",
        page: "https://developer.hashicorp.com/vault/docs/audit",
        example: concat!(
            r#"{"time":"2026-11-21T10:43:36.826191415Z","type":"response","auth":{"display_name":"token-ann","policies":["default"],"token_type":"service"},"#,
            r#""request":{"id":"1f3b","operation":"read","mount_type":"kv","path":"secret/data/cart","remote_address":"203.0.113.9","remote_port":41026},"#,
            r#""response":{"mount_type":"kv"},"error":"permission denied"}"#
        ),
    },
    options: &[KEYS],
    compile,
};

static OBJECTS: Objects = Objects {
    spec: &SPEC,
    rows: Rows { keys: ROWS, nested: Container::Dotted, prefix: "vault.", ..Rows::NONE },
    signs: &[
        (5, &["time", "type", "auth", "request", "operation"]),
        (5, &["time", "type", "request", "operation", "mount_type"]),
        (4, &["time", "type", "auth", "response"]),
    ],
    lists: &[],
    pairs: false,
    framing: Framing::Lines,
};

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    OBJECTS.compile(options)
}

const ROWS: &[(&str, &str)] = &[
    ("time", "time"),
    ("auth.display_name", "user.name"),
    ("auth.entity_id", "user.id"),
    ("auth.metadata", "{}"),
    ("request.remote_address", "client.address"),
    ("request.remote_port", "client.port:int"),
    ("request.data", "{}"),
    ("request.headers", "{}"),
    ("response.data", "{}"),
    ("response.headers", "{}"),
];
