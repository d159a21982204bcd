//! What came of a connection and was not taken yet.

use bytes::{Buf, Bytes, BytesMut};

/// What a connection may keep to itself between messages, in bytes: memory of a larger message goes with the message.
const KEPT_BYTES_MAX: usize = 16 << 10;

/// Bytes as they came, in order.
#[derive(Debug, Default)]
pub(crate) struct Inbox(BytesMut);

impl Inbox {
    /// More came.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// All that is there.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The first `len` bytes, taken out: their memory is the caller's, and what stays has its own.
    pub(crate) fn take(&mut self, len: usize) -> Bytes {
        if len < KEPT_BYTES_MAX && self.0.capacity() <= KEPT_BYTES_MAX {
            return self.0.split_to(len).freeze();
        }
        let rest = BytesMut::from(self.bytes().get(len..).unwrap_or_default());
        let mut taken = std::mem::replace(&mut self.0, rest);
        taken.truncate(len);
        taken.freeze()
    }

    /// The first `len` bytes are done with.
    pub(crate) fn pass(&mut self, len: usize) {
        self.0.advance(len.min(self.0.len()));
        if self.0.is_empty() {
            self.0 = BytesMut::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_large_leaves_nothing_behind() {
        let mut inbox = Inbox::default();
        inbox.feed(&vec![b'a'; 1 << 20]);
        inbox.feed(b"rest");
        assert_eq!(inbox.take(1 << 20).len(), 1 << 20);
        assert_eq!((inbox.bytes(), inbox.0.capacity() < KEPT_BYTES_MAX), (&b"rest"[..], true));
        inbox.feed(&vec![b'b'; 1 << 20]);
        inbox.pass((1 << 20) + 4);
        assert_eq!((inbox.bytes(), inbox.0.capacity()), (&b""[..], 0));
    }
}
