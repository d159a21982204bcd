//! The W3C's extended log file format, as IIS and `CloudFront` write it.

use std::sync::Arc;

use logloom_record::Text;

use super::json::KEYS;
use crate::{
    About, Format, Likely, OptionError, Options, Spec,
    delimited::{Delimited, Header, Shape, w3c_columns},
    fields::{Dialect, Rows},
    time::Zone,
};

/// The row of `w3c`.
pub static SPEC: Spec = Spec {
    name: "w3c",
    about: About {
        line: "W3C extended logs: IIS, HTTP.sys, CloudFront, proxies; times in UTC, columns named by #Fields, or those that IIS and CloudFront have by default",
        page: "https://www.w3.org/TR/WD-logfile.html",
        example: "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) sc-status time-taken\n2026-11-21 10:40:59 192.0.2.9 GET /cart id=7 443 - 198.51.100.7 Mozilla/5.0+(X11;+Linux+x86_64) 200 62",
    },
    options: &[KEYS],
    compile,
};

/// The identifiers of the W3C, IIS, HTTP.sys and `CloudFront`; others are `w3c.<identifier>`.
const ROWS: Rows = Rows {
    keys: &[
        ("s-ip", "server.address"),
        ("s-port", "server.port:int"),
        ("s-computername", "host.name"),
        ("s-sitename", "iis.site_name"),
        ("s-siteid", "iis.site_id"),
        ("s-reason", "iis.reason"),
        ("s-queuename", "iis.queue_name"),
        ("c-ip", "client.address"),
        ("c-port", "client.port:int"),
        ("c-dns", "client.domain"),
        ("cs-method", "http.request.method"),
        ("cs-uri", "url.original:url"),
        ("cs-uri-stem", "url.path"),
        ("cs-uri-query", "url.query"),
        ("cs-username", "user.name"),
        ("cs-version", "network.protocol.version:protocol"),
        ("cs-host", "url.domain"),
        ("cs(host)", "url.domain"),
        ("cs(user-agent)", "user_agent.original"),
        ("cs(referer)", "http.request.header.referer:list"),
        ("cs(referrer)", "http.request.header.referer:list"),
        ("cs(cookie)", "http.request.header.cookie:list"),
        ("cs(x-forwarded-for)", "http.request.header.x-forwarded-for:list"),
        ("x-forwarded-for", "http.request.header.x-forwarded-for:list"),
        ("cs(content-type)", "http.request.header.content-type:list"),
        ("sc(content-type)", "http.response.header.content-type:list"),
        ("sc-status", "http.response.status_code:status"),
        ("sc-substatus", "iis.sub_status:int"),
        ("sc-win32-status", "iis.win32_status:int"),
        ("sc-bytes", "http.response.size:int"),
        ("cs-bytes", "http.request.size:int"),
        ("bytes", "http.response.size:int"),
        ("time-taken", "w3c.time_taken:any"),
        ("streamid", "iis.stream_id:int"),
        // CloudFront; its own host is the distribution's, the viewer's the other.
        ("x-edge-location", "aws.cloudfront.edge_location"),
        ("x-edge-result-type", "aws.cloudfront.edge_result_type"),
        ("x-edge-response-result-type", "aws.cloudfront.edge_response_result_type"),
        ("x-edge-detailed-result-type", "aws.cloudfront.edge_detailed_result_type"),
        ("x-edge-request-id", "aws.cloudfront.edge_request_id"),
        ("x-host-header", "server.address"),
        ("cs-protocol", "url.scheme"),
        ("cs-protocol-version", "network.protocol.version:protocol"),
        ("ssl-protocol", "tls.protocol.version:tls"),
        ("ssl-cipher", "tls.cipher"),
        ("time-to-first-byte", "aws.cloudfront.time_to_first_byte:any"),
        ("fle-status", "aws.cloudfront.fle_status"),
        ("fle-encrypted-fields", "aws.cloudfront.fle_encrypted_fields:int"),
        ("sc-content-type", "http.response.header.content-type:list"),
        ("sc-content-len", "http.response.body.size:int"),
        ("sc-range-start", "aws.cloudfront.range_start:int"),
        ("sc-range-end", "aws.cloudfront.range_end:int"),
    ],
    prefix: "w3c.",
    ..Rows::NONE
};

/// The columns where no `#Fields` came: those of IIS 7 and of IIS 8 on by default, and those of `CloudFront`'s standard logs.
const DEFAULTS: [&str; 3] = [
    "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) sc-status sc-substatus sc-win32-status time-taken",
    "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken",
    "date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes time-taken x-forwarded-for ssl-protocol ssl-cipher x-edge-response-result-type cs-protocol-version fle-status fle-encrypted-fields c-port time-to-first-byte x-edge-detailed-result-type sc-content-type sc-content-len sc-range-start sc-range-end",
];

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    // The specification has all times in GMT, and that is what IIS and CloudFront write: `timezone` is for the others.
    let zone = Zone::UTC;
    let dialect = Dialect::of(&ROWS, options.map(KEYS.name)?.unwrap_or_default())?;
    let mut defaults = Vec::new();
    for names in DEFAULTS {
        defaults.push(w3c_columns(&dialect, names.split(' ')).map_err(|reason| OptionError::new("", reason.what))?);
    }
    let shape = Shape { delimiter: b' ', quote: Some(b'"'), runs: true };
    let nulls = vec![b"-".to_vec()];
    Ok(Arc::new(Delimited { spec: &SPEC, dialect, shape, header: Header::Directive(defaults), nulls, zone, unescape, likely }))
}

/// Appends a header's value, with the blanks that stand for `+`, or where it has `%20`, what its escapes say; of a text in quotes, whose
/// quotes are doubled.
fn unescape(text: Text<'_>, out: &mut Vec<u8>) {
    let bytes = text.bytes();
    // A search for several bytes costs more to set up than all of this: most values have not even the first of them.
    let has = |first: u8, all: &[u8]| {
        memchr::memchr(first, bytes).is_some_and(|at| memchr::memmem::find(bytes.get(at..).unwrap_or_default(), all).is_some())
    };
    if has(b'"', b"\"\"") {
        return crate::delimited::undouble::<b'"'>(text, out);
    }
    if !has(b'%', b"%20") {
        return out.extend(bytes.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }));
    }
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, after)) = rest.split_first() {
        let escaped = after.first_chunk::<2>().filter(|_| *first == b'%').and_then(|digits| crate::ids::hex2(digits));
        decoded.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    out.extend_from_slice(String::from_utf8_lossy(&decoded).as_bytes());
}

/// Directives, or rows as IIS and `CloudFront` have them by default.
fn likely(format: &Delimited, sample: &[u8]) -> Likely {
    let sample = sample.strip_prefix(b"\xef\xbb\xbf").unwrap_or(sample);
    let directive = [&b"#Fields:"[..], b"#Software: Microsoft", b"#Version: 1.", b"#Date: "].iter().any(|name| sample.starts_with(name));
    if directive && memchr::memmem::find(sample, b"#Fields:").is_some() {
        return Likely::SURE;
    }
    let (mut rows, mut good) = (0, 0);
    for line in sample.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).take(8) {
        let line = Text::from(line.strip_suffix(b"\r").unwrap_or(line));
        rows += 1;
        let starts = crate::time::parse(line.slice(0..19).bytes()).is_ok() || line.slice(10..11).bytes() == b"\t";
        let is_default = starts && matches!(&format.header, Header::Directive(all) if format.by_count(all, line).is_ok());
        let method = line.bytes().split(|byte| matches!(byte, b' ' | b'\t')).nth(if line.slice(10..11).bytes() == b"\t" { 5 } else { 3 });
        let has_method = method.is_some_and(|method| method.len() > 2 && method.iter().all(u8::is_ascii_uppercase));
        good += usize::from((is_default && has_method) || is_directive(line.bytes()));
    }
    // The last line of a sample may be cut.
    if good > 0 && good + 1 >= rows { Likely(96) } else { Likely::NO }
}

/// Whether a line is one of the directives that the specification has. Comments of others begin with `#` as well.
fn is_directive(line: &[u8]) -> bool {
    const NAMES: [&[u8]; 7] = [b"Version:", b"Fields:", b"Software:", b"Start-Date:", b"End-Date:", b"Date:", b"Remark:"];
    line.strip_prefix(b"#").is_some_and(|rest| NAMES.iter().any(|name| rest.starts_with(name)))
}
