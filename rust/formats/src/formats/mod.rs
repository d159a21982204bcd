//! One file a format. `make formats` rewrites the list between the marks from the files of this folder.

use crate::Spec;

// formats:begin
pub mod apache;
pub mod apache_error;
pub mod auditd;
pub mod authelia;
pub mod auto;
pub mod aws_alb;
pub mod aws_elb;
pub mod aws_s3;
pub mod azure;
pub mod caddy;
pub mod cef;
pub mod cloudflare;
pub mod cloudtrail;
pub mod coredns;
pub mod couchbase;
pub mod cri;
pub mod csv;
pub mod datadog;
pub mod dissect;
pub mod docker;
pub mod dotnet;
pub mod ecs;
pub mod elasticsearch;
pub mod elasticsearch_bulk;
pub mod elasticsearch_json;
pub mod envoy;
pub mod envoy_als;
pub mod envoy_app;
pub mod envoy_json;
pub mod erlang;
pub mod exim;
pub mod fluentforward;
pub mod gcp;
pub mod gelf;
pub mod golang;
pub mod grok;
pub mod haproxy;
pub mod hclog;
pub mod hubble;
pub mod icinga;
pub mod istio;
pub mod jaeger;
pub mod journald;
pub mod json;
pub mod jvm;
pub mod k8s_audit;
pub mod k8s_events;
pub mod kibana;
pub mod klog;
pub mod kong_json;
pub mod leef;
pub mod linkerd;
pub mod linkerd_json;
pub mod log4j;
pub mod logfmt;
pub mod lograge;
pub mod loki;
pub mod ltsv;
pub mod mongodb;
pub mod mongodb_json;
pub mod mssql;
pub mod mysql_error;
pub mod mysql_slow;
pub mod nagios;
pub mod named;
pub mod nats;
pub mod nextcloud;
pub mod nginx;
pub mod nginx_error;
pub mod nginx_json;
pub mod otlp;
pub mod otlp_json;
pub mod otlp_traces;
pub mod otlp_traces_json;
pub mod php;
pub mod postgresql;
pub mod postgresql_csv;
pub mod postgresql_json;
pub mod python;
pub mod redis;
pub mod regex;
pub mod ruby;
pub mod rust;
pub mod santa;
pub mod saphana;
pub mod splunkhec;
pub mod squid;
pub mod suricata;
pub mod syslog;
pub mod text;
pub mod traefik;
pub mod traefik_json;
pub mod tsv;
pub mod vault;
pub mod w3c;
pub mod windows_event;
pub mod zipkin;

/// Every format, sorted by name.
#[rustfmt::skip]
pub static FORMATS: &[&Spec] = &[
    &apache::SPEC,
    &apache_error::SPEC,
    &auditd::SPEC,
    &authelia::SPEC,
    &auto::SPEC,
    &aws_alb::SPEC,
    &aws_elb::SPEC,
    &aws_s3::SPEC,
    &azure::SPEC,
    &caddy::SPEC,
    &cef::SPEC,
    &cloudflare::SPEC,
    &cloudtrail::SPEC,
    &coredns::SPEC,
    &couchbase::SPEC,
    &cri::SPEC,
    &csv::SPEC,
    &datadog::SPEC,
    &dissect::SPEC,
    &docker::SPEC,
    &dotnet::SPEC,
    &ecs::SPEC,
    &elasticsearch::SPEC,
    &elasticsearch_bulk::SPEC,
    &elasticsearch_json::SPEC,
    &envoy::SPEC,
    &envoy_als::SPEC,
    &envoy_app::SPEC,
    &envoy_json::SPEC,
    &erlang::SPEC,
    &exim::SPEC,
    &fluentforward::SPEC,
    &gcp::SPEC,
    &gelf::SPEC,
    &golang::SPEC,
    &grok::SPEC,
    &haproxy::SPEC,
    &hclog::SPEC,
    &hubble::SPEC,
    &icinga::SPEC,
    &istio::SPEC,
    &jaeger::SPEC,
    &journald::SPEC,
    &json::SPEC,
    &jvm::SPEC,
    &k8s_audit::SPEC,
    &k8s_events::SPEC,
    &kibana::SPEC,
    &klog::SPEC,
    &kong_json::SPEC,
    &leef::SPEC,
    &linkerd::SPEC,
    &linkerd_json::SPEC,
    &log4j::SPEC,
    &logfmt::SPEC,
    &lograge::SPEC,
    &loki::SPEC,
    &ltsv::SPEC,
    &mongodb::SPEC,
    &mongodb_json::SPEC,
    &mssql::SPEC,
    &mysql_error::SPEC,
    &mysql_slow::SPEC,
    &nagios::SPEC,
    &named::SPEC,
    &nats::SPEC,
    &nextcloud::SPEC,
    &nginx::SPEC,
    &nginx_error::SPEC,
    &nginx_json::SPEC,
    &otlp::SPEC,
    &otlp_json::SPEC,
    &otlp_traces::SPEC,
    &otlp_traces_json::SPEC,
    &php::SPEC,
    &postgresql::SPEC,
    &postgresql_csv::SPEC,
    &postgresql_json::SPEC,
    &python::SPEC,
    &redis::SPEC,
    &regex::SPEC,
    &ruby::SPEC,
    &rust::SPEC,
    &santa::SPEC,
    &saphana::SPEC,
    &splunkhec::SPEC,
    &squid::SPEC,
    &suricata::SPEC,
    &syslog::SPEC,
    &text::SPEC,
    &traefik::SPEC,
    &traefik_json::SPEC,
    &tsv::SPEC,
    &vault::SPEC,
    &w3c::SPEC,
    &windows_event::SPEC,
    &zipkin::SPEC,
];
// formats:end
