//! No protocol at all: bytes that a format's decoder cuts, such as lines of syslog. Nothing is answered.

use logloom_record::Delivery;

use crate::{Inbox, Step, Token, Wire};

/// One connection; whatever has come is a message.
#[derive(Debug, Default)]
pub struct Plain {
    inbox: Inbox,
    token: Token,
}

impl Wire for Plain {
    fn feed(&mut self, bytes: &[u8]) {
        self.inbox.feed(bytes);
    }

    fn step(&mut self) -> Step {
        let len = self.inbox.bytes().len();
        if len == 0 {
            return Step::Need;
        }
        self.token += 1;
        Step::Message { chunk: self.inbox.take(len), token: self.token }
    }

    fn answer(&mut self, _: Token, _: &Delivery) -> Vec<u8> {
        Vec::new()
    }

    fn held(&self) -> usize {
        self.inbox.bytes().len()
    }
}
