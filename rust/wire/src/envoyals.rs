//! Envoy's access log service: a stream of messages of which the first alone says who sends them.
//! [The protocol](https://www.envoyproxy.io/docs/envoy/latest/api-v3/service/accesslog/v3/als.proto).

use std::collections::VecDeque;

use bytes::Bytes;
use logloom_record::{
    Delivery,
    proto::{Fields, Value, push_field},
};

use crate::{Step, Token, Wire};

/// The largest identifier: it goes with each message, so a larger one would make much of little.
pub const IDENTIFIER_BYTES_MAX: usize = 256 << 10;

/// The number of `extensions` in a `Node`.
const EXTENSIONS: u32 = 9;

/// The identifier of a stream that has not said who it is: a node without a name.
const NOBODY: &[u8] = &[0x0a, 0x00];

/// One stream. HTTP/2 cuts it into messages: [`feed`](Wire::feed) takes one whole message. What comes out are the same messages, each with the
/// identifier of its stream, so that each can be read by itself.
#[derive(Debug)]
pub struct EnvoyAls {
    identifier: Vec<u8>,
    messages: VecDeque<Vec<u8>>,
    token: Token,
}

impl Default for EnvoyAls {
    fn default() -> Self {
        Self { identifier: NOBODY.to_vec(), messages: VecDeque::new(), token: 0 }
    }
}

/// The last identifier in a message, empty where there is none; `None` where it is no protobuf.
fn identifier_of(message: &[u8]) -> Option<&[u8]> {
    let mut found: &[u8] = &[];
    for field in Fields::new(message) {
        if let (1, Value::Len(identifier)) = field.ok()? {
            found = identifier;
        }
    }
    Some(found)
}

/// An identifier without what is long in it and the same in each Envoy of a version: the list of the extensions that it was built with, of
/// 60 KB. `None` where it is no protobuf.
fn shortened(identifier: &[u8]) -> Option<Vec<u8>> {
    without(identifier, |out, number, part| match part {
        Value::Len(node) if number == 1 => {
            push_field(out, 0x0a, &without(node, |_, number, _| Some(number == EXTENSIONS))?);
            Some(true)
        }
        _ => Some(false),
    })
}

/// The fields of a message but those that `is_done` says it has written, or left out.
fn without(message: &[u8], mut is_done: impl FnMut(&mut Vec<u8>, u32, Value<'_>) -> Option<bool>) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(message.len());
    let (mut fields, mut start) = (Fields::new(message), 0);
    while let Some(field) = fields.next() {
        let (number, value) = field.ok()?;
        let end = fields.position();
        if !is_done(&mut out, number, value)? {
            out.extend_from_slice(message.get(start..end)?);
        }
        start = end;
    }
    Some(out)
}

impl Wire for EnvoyAls {
    fn feed(&mut self, bytes: &[u8]) {
        self.messages.push_back(bytes.to_vec());
    }

    fn step(&mut self) -> Step {
        let Some(mut message) = self.messages.pop_front() else { return Step::Need };
        self.token += 1;
        match identifier_of(&message) {
            // What cannot be read stays as it came.
            None => {}
            Some(identifier) if identifier.len() > IDENTIFIER_BYTES_MAX => {
                let len = identifier.len();
                return Step::bad(format!(
                    "an identifier of {len} bytes, over the bound of {IDENTIFIER_BYTES_MAX}: shorten the node's metadata"
                ));
            }
            // Empty, it says nothing, as if it were not there.
            Some(identifier) if !identifier.is_empty() => {
                self.identifier = shortened(identifier).unwrap_or_else(|| identifier.to_vec());
            }
            // Behind all else, so that offsets in the message stay what they were.
            Some(_) => push_field(&mut message, 0x0a, &self.identifier),
        }
        Step::Message { chunk: Bytes::from(message), token: self.token }
    }

    /// The stream's one answer comes at its end.
    fn answer(&mut self, _: Token, _: &Delivery) -> Vec<u8> {
        Vec::new()
    }

    fn held(&self) -> usize {
        self.messages.iter().map(Vec::len).sum()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A node called `id`.
    fn identifier(id: &str) -> Vec<u8> {
        let (mut node, mut identifier) = (Vec::new(), Vec::new());
        push_field(&mut node, 0x0a, id.as_bytes());
        push_field(&mut identifier, 0x0a, &node);
        identifier
    }

    fn message(identifier: Option<&[u8]>, logs: &[u8]) -> Vec<u8> {
        let mut message = Vec::new();
        if let Some(identifier) = identifier {
            push_field(&mut message, 0x0a, identifier);
        }
        push_field(&mut message, 0x12, logs);
        message
    }

    fn next(stream: &mut EnvoyAls, bytes: &[u8]) -> Vec<u8> {
        stream.feed(bytes);
        let Step::Message { chunk, .. } = stream.step() else { panic!("each message comes out") };
        assert_eq!(stream.step(), Step::Need);
        chunk.to_vec()
    }

    #[test]
    fn each_message_has_the_identifier_of_its_stream() {
        let (edge, other) = (identifier("edge"), identifier("other"));
        let mut stream = EnvoyAls::default();
        let first = message(Some(&edge), b"1");
        assert_eq!(next(&mut stream, &first), first);
        for logs in [&b"2"[..], b"3", b""] {
            let came = message(None, logs);
            let made = next(&mut stream, &came);
            assert!(made.starts_with(&came));
            assert_eq!(identifier_of(&made), Some(edge.as_slice()));
        }
        // One that says it once more, and another one later.
        next(&mut stream, &message(Some(&other), b"4"));
        assert_eq!(identifier_of(&next(&mut stream, &message(None, b"5"))), Some(other.as_slice()));
    }

    #[test]
    fn a_stream_that_does_not_say_who_it_is_is_kept_and_marked() {
        for first in [message(None, b"1"), message(Some(b""), b"1")] {
            assert_eq!(identifier_of(&next(&mut EnvoyAls::default(), &first)), Some(NOBODY));
        }
    }

    #[test]
    fn the_list_of_extensions_does_not_go_with_each_message() {
        let mut node = Vec::new();
        push_field(&mut node, 0x0a, b"edge");
        let short = node.clone();
        for _ in 0..600 {
            push_field(&mut node, 0x4a, b"envoy.filters.http.router");
        }
        push_field(&mut node, 0x12, b"shop");
        let [mut whole, mut rest] = [Vec::new(), Vec::new()];
        push_field(&mut whole, 0x0a, &node);
        push_field(&mut whole, 0x12, b"log");
        push_field(&mut rest, 0x0a, &[short, b"\x12\x04shop".to_vec()].concat());
        push_field(&mut rest, 0x12, b"log");
        let mut stream = EnvoyAls::default();
        next(&mut stream, &message(Some(&whole), b"1"));
        assert_eq!(identifier_of(&next(&mut stream, &message(None, b"2"))), Some(rest.as_slice()));
    }

    #[test]
    fn an_identifier_has_a_bound() {
        let mut stream = EnvoyAls::default();
        stream.feed(&message(Some(&vec![0; IDENTIFIER_BYTES_MAX + 1]), b"1"));
        assert!(matches!(stream.step(), Step::Bad { .. }));
    }

    proptest! {
        #[test]
        fn what_comes_out_begins_with_what_came_in(messages: Vec<Vec<u8>>) {
            let mut stream = EnvoyAls::default();
            for bytes in &messages {
                prop_assert!(next(&mut stream, bytes).starts_with(bytes));
            }
            prop_assert_eq!(stream.held(), 0);
        }
    }
}
