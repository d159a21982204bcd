//! Elasticsearch's, OpenSearch's and Logstash's logs as text.

use std::sync::Arc;

use crate::{About, Format, OptionError, Options, Spec, pattern};

/// The row of `elasticsearch`.
pub static SPEC: Spec = Spec {
    name: "elasticsearch",
    about: About {
        line: "Elasticsearch's, OpenSearch's and Logstash's logs as text: server, deprecation, slow queries, access audit",
        page: "https://www.elastic.co/guide/en/elasticsearch/reference/7.17/logging.html",
        example: "[2026-11-21T10:40:59,509][INFO ][o.e.c.m.MetadataCreateIndexService] [node-1] [orders] creating index, cause [api]",
    },
    options: &[],
    compile,
};

/// A line of the audit, of this layer.
macro_rules! audit {
    ($layer:literal) => {
        concat!(
            "[{time:iso}] {?[{elasticsearch.node.name:name}] ?}[",
            $layer,
            "] [{elasticsearch.audit.event_type:word}]{~}",
            "{elasticsearch.audit.:brackets origin_address>client.address principal>user.name roles>elasticsearch.audit.user.roles[] indices>elasticsearch.audit.indices[] uri>url.original request_body>http.request.body.content}",
            "{elasticsearch.audit.layer=",
            $layer,
            "}"
        )
    };
}

const PATTERNS: &[&str] = &[
    concat!(
        "[{time:iso}][{severity}][{log.logger:name}] [{elasticsearch.node.name:name}] [gc][{elasticsearch.gc.collection:int}] {body>}overhead, ",
        "spent [{elasticsearch.gc.collection_duration}] collecting in the last [{elasticsearch.gc.observation_duration}]"
    ),
    "[{time:iso}][{severity}][{log.logger:name}] [{elasticsearch.node.name:name}] [gc][{elasticsearch.gc.collection:int}] {body}",
    concat!(
        "[{time:iso}][{severity}][{log.logger:name}] [{elasticsearch.node.name:name}] [gc][{elasticsearch.gc.generation:class}]",
        "[{elasticsearch.gc.collection:int}][{elasticsearch.gc.generation_collection:int}] {body}"
    ),
    // Slow queries, of a search and of indexing.
    concat!(
        "[{time:iso}][{severity}][{log.logger:name}] [{elasticsearch.node.name:name}] [{elasticsearch.index.name:word}]",
        "[{elasticsearch.shard.id:int}] {body>}took[{elasticsearch.slowlog.took}], {elasticsearch.slowlog.:brackets stats>elasticsearch.slowlog.stats[] types>elasticsearch.slowlog.types[]}"
    ),
    concat!(
        "[{time:iso}][{severity}][{log.logger:name}] [{elasticsearch.node.name:name}] [{elasticsearch.index.name:word}/{elasticsearch.index.id:word}] ",
        "{body>}took[{elasticsearch.slowlog.took}], {elasticsearch.slowlog.:brackets stats>elasticsearch.slowlog.stats[] types>elasticsearch.slowlog.types[]}"
    ),
    // The server's.
    "[{time:iso}][{severity}][{log.logger:name}] [{elasticsearch.node.name:name}] [{elasticsearch.index.name:word}/{elasticsearch.index.id:word}] {body}",
    "[{time:iso}][{severity}][{log.logger:name}] [{elasticsearch.node.name:name}] [{elasticsearch.index.name:word}] {body}",
    "[{time:iso}][{severity}][{log.logger:name}][{logstash.pipeline.id:name}] {body}",
    "[{time:iso}][{severity}][{log.logger:name}] [{elasticsearch.node.name:name}] {body}",
    "[{time:iso}][{severity}][{log.logger:name}] {body}",
    // Who was let in, before it became JSON.
    audit!("transport"),
    audit!("rest"),
    audit!("ip_filter"),
];

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    pattern::compile_records(&SPEC, PATTERNS, 92, options)
}
