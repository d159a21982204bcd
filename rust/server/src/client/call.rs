//! One request on a connection, and the reading of its answer.

use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, Version, header};
use logloom_wire::Encoding;

use super::{Answer, Options, Packing, link::Sender, parts::Parts};
use crate::rpc::Code;

/// The request's head.
///
/// # Errors
/// Something in it is no text of a header.
pub(super) fn head(
    options: &Options,
    is_secure: bool,
    packing: Option<Packing>,
    headers: &HeaderMap,
    timeout: Duration,
) -> Result<Request<()>, http::Error> {
    let scheme = if is_secure { "https" } else { "http" };
    let uri = Uri::builder().scheme(scheme).authority(options.authority.as_str()).path_and_query(options.method.as_str()).build()?;
    let mut request = Request::builder().method(Method::POST).uri(uri).version(Version::HTTP_2).body(())?;
    let out = request.headers_mut();
    out.extend(headers.iter().map(|(name, value)| (name.clone(), value.clone())));
    out.insert(header::TE, HeaderValue::from_static("trailers"));
    out.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    out.insert(header::USER_AGENT, HeaderValue::from_str(&options.user_agent)?);
    out.insert("grpc-accept-encoding", HeaderValue::from_static("identity,gzip"));
    out.insert("grpc-timeout", HeaderValue::from_str(&grpc_timeout(timeout))?);
    if let Some(packing) = packing {
        out.insert("grpc-encoding", HeaderValue::from_static(packing.encoding.name()));
    }
    Ok(request)
}

/// At most eight digits and a unit.
fn grpc_timeout(timeout: Duration) -> String {
    let millis = timeout.as_millis().max(1);
    if millis < 100_000_000 { format!("{millis}m") } else { format!("{}S", timeout.as_secs().min(99_999_999)) }
}

/// Sends it, and reads the answer.
pub(super) async fn call(mut sender: Sender, request: Request<()>, parts: Parts, answer_bytes_max: usize) -> Answer {
    let called = async {
        let (response, mut stream) = sender.sender.send_request(request, false)?;
        // All at once: it goes out as the destination makes room for it. Where it answers before that, it wants no more.
        stream.send_data(parts, true)?;
        let response = response.await?;
        read(response, answer_bytes_max).await
    };
    called.await.unwrap_or_else(|error| Answer::of_h2(&error))
}

async fn read(response: Response<h2::RecvStream>, bytes_max: usize) -> Result<Answer, h2::Error> {
    let (head, mut body) = response.into_parts();
    if let Some(answer) = Answer::read(&head.headers) {
        return Ok(answer); // trailers alone
    }
    if head.status != StatusCode::OK {
        return Ok(Answer::of_http(head.status));
    }
    let mut data = BytesMut::new();
    while let Some(piece) = body.data().await {
        let piece = piece?;
        body.flow_control().release_capacity(piece.len())?;
        if data.len() + piece.len() > bytes_max {
            return Ok(Answer::failed(Code::Internal, format!("its answer has more than {bytes_max} bytes")));
        }
        data.extend_from_slice(&piece);
    }
    let trailers = body.trailers().await?;
    let Some(answer) = trailers.as_ref().and_then(Answer::read) else {
        return Ok(Answer::failed(Code::Unknown, "the answer ended without a status"));
    };
    if answer.code != Code::Ok as u32 {
        return Ok(answer);
    }
    Ok(match message(data.freeze(), head.headers.get("grpc-encoding"), bytes_max) {
        Ok(body) => Answer { body, ..answer },
        Err(why) => Answer::failed(Code::Internal, format!("it was taken, but its answer cannot be read: {why}")),
    })
}

/// The message of the answer, unpacked.
fn message(mut data: Bytes, encoding: Option<&HeaderValue>, bytes_max: usize) -> Result<Bytes, String> {
    if data.len() < 5 {
        return Err("there is none".into());
    }
    let (is_packed, len) = (data.get_u8(), data.get_u32() as usize);
    if data.len() != len {
        return Err("it is not as long as it says".into());
    }
    if is_packed == 0 {
        return Ok(data);
    }
    let name = encoding.and_then(|name| name.to_str().ok()).unwrap_or_default();
    let encoding = Encoding::from_name(name).ok_or_else(|| format!("it is compressed with '{name}'"))?;
    logloom_wire::decompress(&data, encoding, bytes_max).map(Bytes::from).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_at_most_eight_digits() {
        assert_eq!(grpc_timeout(Duration::from_millis(1500)), "1500m");
        assert_eq!(grpc_timeout(Duration::from_secs(100_000)), "100000S");
        assert_eq!(grpc_timeout(Duration::ZERO), "1m");
    }

    #[test]
    fn messages_are_unpacked() {
        let gzip = HeaderValue::from_static("gzip");
        let packed = logloom_wire::compress(b"hello", Encoding::Gzip).unwrap();
        let framed = |flag: u8, data: &[u8]| Bytes::from([&[flag], (data.len() as u32).to_be_bytes().as_slice(), data].concat());
        assert_eq!(message(framed(0, b"hello"), None, 100).unwrap(), "hello");
        assert_eq!(message(framed(1, &packed), Some(&gzip), 100).unwrap(), "hello");
        assert!(message(framed(1, &packed), Some(&gzip), 4).is_err());
        assert!(message(framed(1, &packed), None, 100).is_err());
        assert!(message(Bytes::from_static(b"\0\0\0\0\x09x"), None, 100).is_err());
        assert!(message(Bytes::new(), None, 100).is_err());
    }
}
