//! Spans come as text or in binary encodings, and the first bytes tell which.

use std::sync::Arc;

use bytes::Bytes;
use logloom_record::{BatchWriter, proto::varint};

use crate::{Decoder, Elements, Format, Held, Whole};

/// The source of a format that has both: JSON objects one after the other, or a body of one of the binary encodings.
pub(crate) struct Choice<T: ?Sized, B: ?Sized> {
    text: Elements<T>,
    binary: Whole<B>,
    chosen: Option<Kind>,
    /// What came before it was clear which.
    first: Vec<u8>,
    offset: u64,
    is_binary: fn(&[u8]) -> Option<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Binary,
}

impl<T: Format + ?Sized + 'static, B: Format + ?Sized + 'static> Choice<T, B> {
    /// `text_bytes_max` bounds an object, `frame_bytes_max` what makes one record of a binary body. `is_binary` looks at the first bytes; `None`
    /// where there are too few.
    pub(crate) fn new(
        text: Arc<T>,
        text_bytes_max: usize,
        binary: Arc<B>,
        frame_bytes_max: usize,
        is_binary: fn(&[u8]) -> Option<bool>,
    ) -> Self {
        let (text, binary) = (Elements::new(text, text_bytes_max), Whole::new(binary, frame_bytes_max));
        Self { text, binary, chosen: None, first: Vec::new(), offset: 0, is_binary }
    }

    fn choose(&mut self, is_binary: bool) {
        let kind = if is_binary { Kind::Binary } else { Kind::Text };
        self.chosen = Some(kind);
        let offset = self.offset;
        self.decoder(kind).resume(offset);
    }

    fn decoder(&mut self, kind: Kind) -> &mut dyn Decoder {
        match kind {
            Kind::Text => &mut self.text,
            Kind::Binary => &mut self.binary,
        }
    }
}

impl<T: Format + ?Sized + 'static, B: Format + ?Sized + 'static> Decoder for Choice<T, B> {
    fn feed(&mut self, chunk: &Bytes, out: &mut BatchWriter) -> Held {
        if let Some(kind) = self.chosen {
            let held = self.decoder(kind).feed(chunk, out);
            self.offset += chunk.len() as u64;
            return held;
        }
        let chunk = if self.first.is_empty() {
            chunk.clone()
        } else {
            self.first.extend_from_slice(chunk);
            Bytes::from(std::mem::take(&mut self.first))
        };
        let Some(is_binary) = (self.is_binary)(&chunk) else {
            self.first.extend_from_slice(&chunk);
            return Held { from: self.offset };
        };
        self.choose(is_binary);
        self.feed(&chunk, out)
    }

    fn flush(&mut self, out: &mut BatchWriter) {
        if self.chosen.is_none() && !self.first.is_empty() {
            let first = Bytes::from(std::mem::take(&mut self.first));
            self.choose(false);
            self.feed(&first, out);
        }
        if let Some(kind) = self.chosen.take() {
            self.decoder(kind).flush(out);
        }
    }

    fn resume(&mut self, offset: u64) {
        self.offset = offset;
    }

    fn format(&self) -> &'static str {
        self.text.format()
    }
}

/// Whether a body that begins so is in a binary encoding: with a byte that no text has, or as a protobuf message that `is_message` knows by what
/// stands in its first field. `None` where that field begins later.
pub(crate) fn is_binary(first: &[u8], is_message: fn(&[u8]) -> Option<bool>) -> Option<bool> {
    match first.first()? {
        // A line feed, and the tag of a message's first field.
        b'\n' => match varint(first.get(1..)?) {
            Some((len, used)) => match first.get(1 + used..).filter(|_| len > 0) {
                Some(content) => is_message(content),
                None => Some(true),
            },
            None if first.len() < 11 => None,
            None => Some(false),
        },
        b'\t' | b'\r' => Some(false),
        byte => Some(*byte < b' ' || matches!(byte, 0x80 | 0x82)),
    }
}
