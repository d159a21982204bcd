//! The logs of containers as Docker's `json-file` driver writes them.

use crate::{About, Spec, container::Container, inside::INSIDE};

/// The row of `docker`.
pub static SPEC: Spec = Spec {
    name: "docker",
    about: About {
        line: "Container logs of Docker's json-file driver, with the program's own format inside; parts of a line are joined",
        page: "https://docs.docker.com/engine/logging/drivers/json-file/",
        example: r#"{"log":"{\"level\":\"warn\",\"msg\":\"slow query\"}\n","stream":"stdout","time":"2026-11-21T10:40:59.509123456Z"}"#,
    },
    options: &[INSIDE],
    compile: |options| Container::compile(&SPEC, options),
};
