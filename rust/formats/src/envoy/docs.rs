//! `docs/envoy.md`, written from the table.

use std::fmt::Write;

use super::{FIELDS, Field};

const HEAD: &str = r#"# What becomes of Envoy's access-log operators

This page is written from the table in `rust/formats/src/envoy/fields.rs`; `make formats` writes it anew. It holds for the text format
(`envoy`) and for JSON (`envoy_json`) alike. Names follow the
[OpenTelemetry semantic conventions](https://opentelemetry.io/docs/specs/semconv/) where those have one (marked OTel); Envoy's own are
under `envoy.`.

- `-`, `null`, an empty value and a missing key mean absent: no attribute is written.
- The line itself is the body, unless the original is switched off. There is no severity: a status code is none.
- The record's time is the start time; where the format has none, the emit time.
- An operator that is not in the table is named by rule: headers `http.request.header.<name>` and `http.response.header.<name>` (a
  list, as the conventions have it), trailers `envoy.response.trailer.<name>`, anything else `envoy.` with the operator in lower
  case and its argument, `:` as `.`, and `envoy.upstream.` or `envoy.downstream.` for what begins so:
  `%DYNAMIC_METADATA(com.test:key)%` is `envoy.dynamic_metadata.com.test.key`, `%COMMON_DURATION(DS_RX_BEG:DS_TX_END:us)%` is `envoy.duration.ds_rx_beg.ds_tx_end_us`.
- `%REQ(X?Y)%` has the row of both or else the row of Y, for which X stands in; with no row it is named after X.
- A second operator for an attribute that the same line has already is named by rule.
- `client.address` is the address that Envoy settled on (`DOWNSTREAM_REMOTE_ADDRESS`); in a format without it, the first address of
  `x-forwarded-for`, which the client may have made up.
- A port of 0, as behind a trusted `x-forwarded-for`, and a response code of 0, no response, are absent.

## Format strings

The option `format_string` takes what Envoy's `text_format_source.inline_string` has; a line break at its end may be there or not.
`%%` is a percent sign, `%NAME(ARGUMENT):LENGTH%` an operator. The argument of `START_TIME` and `EMIT_TIME` is a strftime pattern with
Envoy's `%s`, `%f`, `%1f` to `%9f`; a pattern without year or date is read as the moment nearest to the arrival. An operator that this
page does not know is taken; one that is a letter or two off a known one is refused, as are two fields with nothing between them
that would tell where the first ends. Without `format_string` each line is read as Envoy's default or as one of Istio's formats
(1.1 and 1.2, 1.3 to 1.5, 1.6 to 1.8, and since).

Envoy does not escape header values. A line is read from left to right, each value up to the first place of the text that follows it in
the format. Where that does not work out to the end, because a user agent holds `" "` or a path the separator, all divisions of the line
are weighed and the one is taken in which the fewest values are unusual for what they are: a status code is digits, a host has no blank
or quote, an `x-forwarded-for` is addresses, a user agent may be anything. Where a client makes up a value so that two divisions are
equally good, nobody can tell which one it was; the body keeps the line.

## Operators

| operator | attribute | type | |
|---|---|---|---|
"#;

/// The page.
pub fn markdown() -> String {
    FIELDS.iter().fold(String::from(HEAD), |mut page, field| {
        let argument = if field.argument.is_empty() { String::new() } else { format!("({})", field.argument) };
        let otel = if field.name.starts_with("envoy.") || field.name.is_empty() { "" } else { "OTel" };
        // Writing to a String cannot fail.
        let _ = writeln!(page, "| `%{}{argument}%` | {} | {} | {otel} |", field.operator, names(field), field.role.type_name());
        page
    })
}

fn names(field: &Field) -> String {
    use super::Role;
    match field.role {
        Role::Time => format!("the record's time, else `{}`", field.name),
        Role::TraceId => format!("the record's trace id, else `{}`", field.name),
        Role::SpanId => format!("the record's span id, else `{}`", field.name),
        Role::Traceparent | Role::B3 => format!("the record's trace id, span id and flags, else `{}`", field.name),
        Role::Protocol => format!("`{}` (of HTTP), else `{}`", field.name, field.second),
        _ if field.second.is_empty() => format!("`{}`", field.name),
        _ => format!("`{}`, `{}`", field.name, field.second),
    }
}
