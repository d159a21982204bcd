//! OTLP's requests as JSON: what those of logs and of traces share.

use std::sync::Arc;

use logloom_record::{BatchWriter, RejectReason, Text};
use memchr::memmem;

use super::{Message, transcode};
use crate::{Decoder, Elements, Format, Likely};

/// One request holds many records: it may have this many times the bytes of a frame.
const REQUEST_FRAMES_MAX: usize = 64;

/// An object with one of these names near its beginning.
pub(crate) fn likely(frame: &[u8], names: [&[u8]; 2]) -> Likely {
    let start = frame.trim_ascii_start();
    let head = start.get(..256).unwrap_or(start);
    let is_first = start.first() == Some(&b'{') && names.iter().any(|name| memmem::find(head, name).is_some());
    if is_first { Likely(98) } else { Likely::NO }
}

/// Reads one request: `take` gets its Protobuf bytes without the units that could not be read, each of which is a Reject of `format`.
pub(crate) fn parse(
    frame: Text<'_>,
    message: &'static Message,
    format: &'static str,
    out: &mut BatchWriter,
    take: impl FnOnce(Vec<u8>, &mut BatchWriter) -> Result<(), RejectReason>,
) -> Result<(), RejectReason> {
    if out.is_repairing() {
        return Err(RejectReason::syntax("the request is not UTF-8, which JSON must be", 0));
    }
    let read = transcode(frame, message, out.limits().depth_max)?;
    take(read.bytes, out)?;
    for bad in read.bad {
        let unit = frame.slice(bad.start..bad.end);
        out.reject(unit.bytes(), bad.reason, out.frame_offset() + bad.start as u64, format);
    }
    Ok(())
}

/// The state of one source of requests.
pub(crate) fn open<F: Format + 'static>(format: Arc<F>, frame_bytes_max: usize) -> Box<dyn Decoder> {
    Box::new(Elements::new(format, frame_bytes_max.saturating_mul(REQUEST_FRAMES_MAX)))
}
