//! No protocol at all: bytes that a format's decoder cuts, such as lines of syslog. Nothing is answered.

use bytes::{Bytes, BytesMut};
use logloom_record::Delivery;

use crate::{Step, Token, Wire};

/// One connection; whatever has come is a message.
#[derive(Debug, Default)]
pub struct Plain {
    buffer: BytesMut,
    token: Token,
}

impl Wire for Plain {
    fn feed(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    fn step(&mut self) -> Step {
        if self.buffer.is_empty() {
            return Step::Need;
        }
        self.token += 1;
        Step::Message { chunk: Bytes::from(self.buffer.split()), token: self.token }
    }

    fn answer(&mut self, _: Token, _: &Delivery) -> Vec<u8> {
        Vec::new()
    }

    fn held(&self) -> usize {
        self.buffer.len()
    }
}
