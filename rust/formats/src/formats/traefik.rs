//! Traefik's access log in its common format.

use std::sync::Arc;

use crate::{
    About, Format, OptionError, Options, Spec,
    pattern::{self, clf_agent, clf_request},
};

/// The row of `traefik`.
pub static SPEC: Spec = Spec {
    name: "traefik",
    about: About {
        line: "Traefik's access log in the common format, which is its default; the duration in milliseconds",
        page: "https://doc.traefik.io/traefik/observe/logs-and-access-logs/",
        example: concat!(
            r#"203.0.113.9 - ann [21/Nov/2026:10:40:59 +0000] "GET /cart?item=7 HTTP/1.1" 200 612 "https://shop.example/" "curl/8.9.1" "#,
            r#"42 "shop@docker" "http://10.0.2.1:8080" 13ms"#
        ),
    },
    options: &[],
    compile,
};

const PATTERNS: &[&str] = &[concat!(
    "{client.address:word} - {user.name:id} ",
    clf_request!(),
    clf_agent!(),
    " {traefik.request.count:int} \"{traefik.router.name:escaped}\" \"{traefik.service.url:escaped}\" {traefik.duration_ms:int}ms"
)];

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    pattern::compile(&SPEC, PATTERNS, 96, options)
}
