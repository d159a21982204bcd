//! Request bodies: all that a source sends until it is flushed is one frame.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use logloom_record::{BatchWriter, Text};

use super::{Decoder, Held, read_frame, too_long};
use crate::Format;

/// Gathers a source until it is flushed; one chunk is passed on without a copy. A frame over 64 times `frame_bytes_max`
/// (one frame holds many records here) is kept in pieces, each a Reject.
#[derive(Debug)]
pub struct Whole<F: ?Sized> {
    offset: u64,
    held: Bytes,
    more: BytesMut,
    bytes_max: usize,
    format: Arc<F>,
}

/// How many times `frame_bytes_max` a body may have.
const BODY_FRAMES_MAX: usize = 64;

impl<F: Format + ?Sized> Whole<F> {
    /// A source of bodies of this format.
    pub fn new(format: Arc<F>, frame_bytes_max: usize) -> Self {
        let bytes_max = frame_bytes_max.saturating_mul(BODY_FRAMES_MAX);
        Self { offset: 0, held: Bytes::new(), more: BytesMut::new(), bytes_max, format }
    }
}

impl<F: Format + ?Sized> Decoder for Whole<F> {
    fn feed(&mut self, chunk: &Bytes, out: &mut BatchWriter) -> Held {
        if self.held.is_empty() && self.more.is_empty() {
            self.held = chunk.clone();
        } else {
            if self.more.is_empty() {
                self.more.extend_from_slice(&self.held);
            }
            self.held = Bytes::new();
            self.more.extend_from_slice(chunk);
        }
        if self.held.len().max(self.more.len()) > self.bytes_max {
            let body = if self.more.is_empty() { std::mem::take(&mut self.held) } else { self.more.split().freeze() };
            out.cut(1);
            out.reject(&body, too_long(), self.offset, self.format.spec().name);
            self.offset += body.len() as u64;
        }
        Held { from: self.offset }
    }

    fn flush(&mut self, out: &mut BatchWriter) {
        let body = if self.more.is_empty() { std::mem::take(&mut self.held) } else { self.more.split().freeze() };
        if body.is_empty() {
            return;
        }
        out.set_chunk(&body);
        out.cut(1);
        // The bytes of a binary body are no text: the format checks the strings that it reads.
        read_frame(&*self.format, Text::from(&body[..]), !self.format.is_text(), self.offset, out);
        self.offset += body.len() as u64;
    }

    fn resume(&mut self, offset: u64) {
        self.offset = offset;
    }

    fn format(&self) -> &'static str {
        self.format.spec().name
    }
}
