//! Istio's ztunnel, and istiod.

use std::sync::Arc;

use crate::{About, Format, OptionError, Options, Spec, pattern};

/// The row of `istio`.
pub static SPEC: Spec = Spec {
    name: "istio",
    about: About {
        line: "Istio's ztunnel (connections and its own log), istiod and CNI agent, as text",
        page: "https://github.com/istio/ztunnel#logging",
        example: concat!(
            "2026-11-21T10:40:59.509512Z\tinfo\taccess\tconnection complete\tsrc.addr=10.42.0.63:37522 src.workload=\"web-7656cf8794-9v2gv\" ",
            "src.namespace=\"shop\" src.identity=\"spiffe://cluster.local/ns/shop/sa/web\" dst.addr=10.42.0.7:15008 ",
            "dst.hbone_addr=10.42.0.7:8080 dst.service=\"cart.shop.svc.cluster.local\" dst.workload=\"cart-86b8ffc5ff-bhvxx\" ",
            "dst.namespace=\"shop\" dst.identity=\"spiffe://cluster.local/ns/shop/sa/cart\" direction=\"outbound\" bytes_sent=84 ",
            "bytes_recv=158 duration=\"118ms\""
        ),
    },
    options: &[],
    compile,
};

/// ztunnel separates by tabs; releases of 2024 had a blank behind the level.
macro_rules! connection {
    ($between:literal) => {
        concat!(
            "{time:iso}\t{severity}",
            $between,
            "{log.logger:target}\t{body}\t",
            "{istio.:pairs src.addr>source.address:address dst.addr>destination.address:address src.workload>istio.source.workload ",
            "src.namespace>istio.source.namespace src.identity>istio.source.identity dst.workload>istio.destination.workload ",
            "dst.namespace>istio.destination.namespace dst.identity>istio.destination.identity dst.service>istio.destination.service ",
            "dst.hbone_addr>istio.destination.hbone_address direction>istio.direction bytes_sent>istio.bytes_sent ",
            "bytes_recv>istio.bytes_received duration>istio.duration error>error.message}"
        )
    };
}

const PATTERNS: &[&str] =
    &[connection!("\t"), connection!(" "), "{time:iso}\t{severity}\t{log.logger:target}\t{body}", "{time:iso}\t{severity}\t{body}"];

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    pattern::compile(&SPEC, PATTERNS, 90, options)
}
