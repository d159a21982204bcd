//! What goes back over HTTP/2.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use hyper::body::{Body, Frame};
use tokio::sync::mpsc;

use crate::rpc::{Status, base64, percent_encoded};

const STATUS: HeaderName = HeaderName::from_static("grpc-status");
const MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
const DETAILS: HeaderName = HeaderName::from_static("grpc-status-details-bin");
const ENCODINGS: HeaderName = HeaderName::from_static("grpc-accept-encoding");

/// The body of an answer: messages, and how it ended.
#[derive(Debug)]
pub enum Reply {
    /// The one message, and then that all is well.
    Message(Bytes),
    /// Only that.
    Well,
    /// Nothing more: how it ended was said in the head.
    End,
    /// Messages as they come, and then how it ended.
    Stream(mpsc::Receiver<Bytes>, Option<Status>),
}

impl Body for Reply {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = self.get_mut();
        match this {
            Self::Message(data) => {
                let data = std::mem::take(data);
                *this = Self::Well;
                Poll::Ready(Some(Ok(Frame::data(data))))
            }
            Self::Well => {
                *this = Self::End;
                let trailers = HeaderMap::from_iter([(STATUS, HeaderValue::from_static("0"))]);
                Poll::Ready(Some(Ok(Frame::trailers(trailers))))
            }
            Self::End => Poll::Ready(None),
            Self::Stream(messages, status) => match messages.poll_recv(context) {
                Poll::Pending => Poll::Pending,
                Poll::Ready(Some(message)) => Poll::Ready(Some(Ok(Frame::data(message)))),
                Poll::Ready(None) => {
                    let mut trailers = HeaderMap::new();
                    match status.take() {
                        Some(status) => ended(&status, &mut trailers),
                        None => drop(trailers.insert(STATUS, HeaderValue::from_static("0"))),
                    }
                    *this = Self::End;
                    Poll::Ready(Some(Ok(Frame::trailers(trailers))))
                }
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::End)
    }
}

/// A message as it goes over the wire.
pub(super) fn framed(message: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(5 + message.len());
    out.put_u8(0);
    out.put_u32(message.len() as u32);
    out.put_slice(message);
    out.freeze()
}

/// The answer to a call that went well.
#[allow(clippy::needless_pass_by_value)] // it is the last that is done with it
pub(super) fn answered(message: Bytes) -> Response<Reply> {
    spoken(Reply::Message(framed(&message)))
}

pub(super) fn spoken(reply: Reply) -> Response<Reply> {
    let mut response = Response::new(reply);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert(ENCODINGS, HeaderValue::from_static("identity,deflate,gzip,zstd"));
    response
}

/// The answer to a call that did not: all of it in the head.
pub(super) fn refused(status: &Status) -> Response<Reply> {
    let mut response = spoken(Reply::End);
    ended(status, response.headers_mut());
    response
}

/// How a call ended.
pub(super) fn ended(status: &Status, headers: &mut HeaderMap) {
    headers.insert(STATUS, HeaderValue::from(status.code));
    if let Ok(text) = HeaderValue::from_str(&percent_encoded(status.text())) {
        headers.insert(MESSAGE, text);
    }
    if let Ok(details) = HeaderValue::from_str(&base64(&status.to_proto())) {
        headers.insert(DETAILS, details);
    }
}

/// To who does not speak gRPC.
pub(super) fn unspoken(status: u16) -> Response<Reply> {
    let mut response = Response::new(Reply::End);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    response
}
