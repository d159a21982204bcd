//! What Consul, Vault, Nomad and other programs of `HashiCorp` log as text.

use std::sync::Arc;

use crate::{About, Format, OptionError, Options, Spec, pattern};

/// The row of `hclog`.
pub static SPEC: Spec = Spec {
    name: "hclog",
    about: About {
        line: "Consul, Vault, Nomad and whatever else logs by hclog, as text",
        page: "https://github.com/hashicorp/go-hclog",
        example: r#"2026-11-21T10:40:59.509Z [INFO]  agent.server.raft: entering follower state: follower="Node at 10.0.0.4:8300" leader-address="""#,
    },
    options: &[],
    compile,
};

/// The pairs stay in the message too, as nothing tells where they begin but that they are pairs.
const PATTERNS: &[&str] = &[
    "{time:%Y-%m-%dT%H:%M:%E*S%z} [{severity}]{ }{code.file.path:word}:{code.line.number:int}: {log.logger:class}: {body>}{_}: {_:pairs error>exception.message}",
    "{time:%Y-%m-%dT%H:%M:%E*S%z} [{severity}]{ }{code.file.path:word}:{code.line.number:int}: {log.logger:class}: {body}",
    "{time:%Y-%m-%dT%H:%M:%E*S%z} [{severity}]{ }{log.logger:class}: {body>}{_}: {_:pairs error>exception.message}",
    "{time:%Y-%m-%dT%H:%M:%E*S%z} [{severity}]{ }{log.logger:class}: {body}",
];

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    pattern::compile_records(&SPEC, PATTERNS, 70, options)
}
