//! What goes back: each kind of receiver in its protocol's way.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use http_body_util::Full;
use logloom_record::Done;

use super::Answer;
use crate::rpc::{self, Signal, Status};

pub(super) const JSON: &str = "application/json";
const PROTOBUF: &str = "application/x-protobuf";
const TEXT: &str = "text/plain; charset=utf-8";

/// How bodies that were pushed are answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// As OTLP has it, in kind.
    Otlp(Signal),
    /// 202, and a text for people.
    Spans,
    /// 204; `X-Scope-OrgID` names the tenant.
    Loki,
}

/// Ends a request with a status.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) message: String,
    /// When the same may be sent again.
    pub(super) retry_after: Option<Duration>,
    pub(super) header: Option<(HeaderName, HeaderValue)>,
}

impl Refusal {
    pub(super) fn new(status: u16, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), retry_after: None, header: None }
    }

    pub(super) fn later(status: u16, message: impl Into<String>, after: Duration) -> Self {
        Self { retry_after: Some(after), ..Self::new(status, message) }
    }

    /// The answer with what its head says of this.
    pub(super) fn answer(&self, mut answer: Answer) -> Answer {
        *answer.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if let Some((name, value)) = &self.header {
            answer.headers_mut().insert(name.clone(), value.clone());
        }
        if let Some(after) = self.retry_after {
            let seconds = after.as_secs() + u64::from(after.subsec_nanos() > 0);
            answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        answer
    }

    /// One of gRPC's codes, for the body of the answer.
    fn code(&self) -> u32 {
        match self.status {
            401 => 16,
            403 => 7,
            408 => 4,
            413 | 429 => 8,
            503 => 14,
            ..500 => 3,
            _ => 13,
        }
    }
}

impl Style {
    /// The answer to what was taken.
    pub(super) fn taken(self, content_type: &str, done: &Done) -> Answer {
        let (count, why) = (done.refused.len() as u64, done.refused.first().map_or("", |refusal| &refusal.reason));
        match self {
            Self::Otlp(signal) if content_type == JSON => page(JSON, rpc::partial_success_json(signal, count, why).into()),
            Self::Otlp(_) => page(PROTOBUF, rpc::partial_success(count, why).into()),
            Self::Spans if count == 0 => text(202, String::new()),
            Self::Spans => text(202, format!("{count} spans could not be read, the first because: {why}\n")),
            Self::Loki => empty(204),
        }
    }

    /// The answer to what was not.
    pub(super) fn refused(self, content_type: &str, refusal: &Refusal) -> Answer {
        let status = || Status { code: refusal.code(), message: refusal.message.clone(), retry_after: refusal.retry_after };
        refusal.answer(match self {
            Self::Otlp(_) if content_type == JSON => page(JSON, status().to_json().into()),
            Self::Otlp(_) => page(PROTOBUF, status().to_proto().into()),
            Self::Spans | Self::Loki => text(refusal.status, format!("{}\n", refusal.message)),
        })
    }
}

/// 200, and this.
pub(super) fn page(content_type: &str, data: Bytes) -> Answer {
    let mut answer = Response::new(Full::new(data));
    if let Ok(content_type) = HeaderValue::from_str(content_type) {
        answer.headers_mut().insert(header::CONTENT_TYPE, content_type);
    }
    answer
}

/// A text for people.
pub(super) fn text(status: u16, text: String) -> Answer {
    let mut answer = page(TEXT, text.into());
    *answer.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    answer
}

/// No content.
pub(super) fn empty(status: u16) -> Answer {
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    answer
}
