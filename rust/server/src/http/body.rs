//! A body, from its first byte to the journal.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, header};
use hyper::body::Incoming;
use logloom_record::Delivery;
use logloom_wire::Encoding;
use tokio::time::Instant;

use super::{Answer, Call, Http, RETRY_AFTER, Site, Style, Take, admitted, answer::Refusal, echoed};
use crate::{
    Stopping,
    feed::From,
    inflow::{Inflow, Trouble, inflated},
};

const TENANT: &str = "x-scope-orgid";
/// The longest name of a tenant, as Loki has it.
const TENANT_CHARS_MAX: usize = 150;
const ENCODINGS: &str = "gzip, zstd, deflate";

impl Http {
    pub(super) fn arriving(&self, body: Incoming) -> Inflow {
        Inflow::new(body, &self.room, 0)
    }

    /// The answer to a body that was pushed.
    pub(super) async fn pushed(
        &self,
        site: &Site,
        takes: &[Take],
        style: Style,
        call: &Call<'_>,
        arriving: &mut Inflow,
        stopping: &Stopping,
    ) -> Result<Answer, Refusal> {
        let mut from = admitted(site, call).await?;
        if style == Style::Loki {
            name_tenant(call, &mut from)?;
        }
        let Some(take) = takes.iter().find(|take| take.content_type == call.content_type) else {
            return Err(Refusal::new(415, format!("cannot read content of type '{}'", echoed(&call.content_type))));
        };
        if stopping.is_set() {
            return Err(Refusal::later(503, "stopping", RETRY_AFTER));
        }
        let data = self.body(site, take.packed, call, arriving).await?;
        match take.feed.take(data, from).await {
            Delivery::Done(done) => Ok(style.taken(&call.content_type, &done)),
            Delivery::Retry(later) => Err(Refusal::later(site.later, later.why, later.after)),
            Delivery::Refuse(why) => Err(Refusal::new(400, why)),
        }
    }

    /// The body, inflated.
    async fn body(&self, site: &Site, packed: Option<Encoding>, call: &Call<'_>, arriving: &mut Inflow) -> Result<Bytes, Refusal> {
        let max = site.body_bytes_max;
        let encoding = encoding(call, packed)?;
        let length = call.headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        if length.is_some_and(|length| length > max as u64) {
            return Err(refusal(Trouble::TooLarge(max), site.read_max, "body"));
        }
        let deadline = Instant::now() + site.read_max;
        let mut data = arriving.all(max, deadline).await.map_err(|trouble| refusal(trouble, site.read_max, "body"))?;
        arriving.guest().arrived();
        for encoding in [encoding, packed].into_iter().flatten() {
            let what = format!("{} of the body", name_of(encoding));
            data = inflated(&data, encoding, max, arriving.guest()).map_err(|trouble| refusal(trouble, site.read_max, &what))?;
        }
        Ok(data)
    }
}

/// How the body is said to be encoded beside what its type says.
fn encoding(call: &Call<'_>, packed: Option<Encoding>) -> Result<Option<Encoding>, Refusal> {
    let said = call.headers.get(header::CONTENT_ENCODING).map(|value| String::from_utf8_lossy(value.as_bytes()).trim().to_lowercase());
    let said = said.unwrap_or_default();
    if packed.is_some_and(|packed| name_of(packed) == said) {
        return Ok(None);
    }
    match said.as_str() {
        "" | "identity" => Ok(None),
        "gzip" | "x-gzip" => Ok(Some(Encoding::Gzip)),
        "deflate" | "zlib" => Ok(Some(Encoding::Deflate)),
        "zstd" | "zstd1" => Ok(Some(Encoding::Zstd)), // zstd1: as Datadog calls it
        _ => Err(Refusal {
            header: Some((header::ACCEPT_ENCODING, HeaderValue::from_static(ENCODINGS))),
            ..Refusal::new(415, format!("cannot read an encoding of '{}': send gzip, zstd, deflate or none", echoed(&said)))
        }),
    }
}

fn name_of(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Gzip => "gzip",
        Encoding::Deflate => "deflate",
        Encoding::Zstd => "zstd",
        Encoding::Snappy => "snappy",
    }
}

fn refusal(trouble: Trouble, read_max: Duration, what: &str) -> Refusal {
    match trouble {
        Trouble::TooLarge(max) => Refusal::new(413, format!("the body is over {max} bytes: send less at once")),
        Trouble::NoRoom => Refusal::later(429, "too much in hand, come again", RETRY_AFTER),
        Trouble::Slow => Refusal::new(408, format!("the body took longer than {} s", read_max.as_secs_f64())),
        Trouble::Damaged(why) => Refusal::new(400, format!("the {what} is damaged: {why}")),
        Trouble::Gone => Refusal::new(400, "the body ended before its end"),
    }
}

/// The tenant's name, as Loki checks it.
fn name_tenant(call: &Call<'_>, from: &mut From) -> Result<(), Refusal> {
    let Some(name) = call.headers.get(HeaderName::from_static(TENANT)).filter(|name| !name.is_empty()) else { return Ok(()) };
    let is_known = |byte: &u8| byte.is_ascii_alphanumeric() || b"!_.*'()|-".contains(byte);
    match name.to_str() {
        Ok(name) if name.len() <= TENANT_CHARS_MAX && name.bytes().all(|byte| is_known(&byte)) => {
            name.clone_into(&mut from.tenant);
            from.resource.push(("loki.tenant.id".into(), name.to_owned()));
            Ok(())
        }
        _ => Err(Refusal::new(400, "X-Scope-OrgID is no tenant: at most 150 letters, digits and !-_.*'()|")),
    }
}
