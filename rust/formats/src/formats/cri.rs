//! The logs of containers as the Container Runtime Interface has them.

use crate::{About, Spec, container::Container, inside::INSIDE};

/// The row of `cri`.
pub static SPEC: Spec = Spec {
    name: "cri",
    about: About {
        line: "Container logs of Kubernetes' runtimes (containerd, CRI-O), with the program's own format inside; partial lines are joined",
        page: "https://kubernetes.io/docs/concepts/cluster-administration/logging/",
        example: r#"2026-11-21T10:40:59.509123456Z stdout F {"level":"warn","msg":"slow query","took_ms":812}"#,
    },
    options: &[INSIDE],
    compile: |options| Container::compile(&SPEC, options),
};
