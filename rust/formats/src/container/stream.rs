//! One stream of a container: what of it waits.

use std::sync::Arc;

use logloom_record::{BatchWriter, Text};

use super::{Container, entry::Stream, iostream};
use crate::{
    Format,
    decoder::{Join, Outer, Pushed, read_outer, too_long},
};

/// What waits is not waited for over more bytes of the file: so many are read twice after a restart, at most.
pub(super) const WAIT_BYTES_MAX: u64 = 4 << 20;

/// The state of one stream.
pub(super) struct State {
    /// Its name, as an encoded attribute.
    pub(super) iostream: Vec<u8>,
    /// What the program writes, as far as is known.
    pub(super) format: Arc<dyn Format>,
    pub(super) is_decided: bool,
    pub(super) seen_bytes: usize,
    pub(super) join: Join,
    /// Of the Container Runtime Interface, and of Docker: neither goes on with the other's.
    pub(super) partials: [Partial; 2],
    /// When its last line was written.
    pub(super) time_unix_nano: u64,
    /// From where the source must be read again so that the record that waits comes whole, and no other is begun in its middle.
    pub(super) floor: u64,
}

/// Where something that is open lies in the source.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    /// Where it begins.
    pub(super) from: u64,
    /// From where the source must be read again so that it comes whole, and nothing of the other stream is begun in its middle.
    pub(super) floor: u64,
}

impl Span {
    /// From where the source is read again, `offset` having been read. Where records lie inside one another without end, one that is begun in
    /// its middle is the lesser evil.
    pub(super) fn again_from(self, offset: u64) -> u64 {
        if offset.saturating_sub(self.floor) > WAIT_BYTES_MAX { self.from } else { self.floor.min(self.from) }
    }
}

/// A message whose last line has not come.
#[derive(Default)]
pub(super) struct Partial {
    pub(super) is_open: bool,
    message: Vec<u8>,
    raw: Vec<u8>,
    /// How many lines.
    lines: u64,
    attributes: Vec<u8>,
    time_unix_nano: u64,
    from: u64,
    /// As of [`Span::floor`].
    floor: u64,
}

/// Whose line it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Cri,
    Docker,
}

/// What a whole message came in.
#[derive(Clone, Copy)]
pub(super) struct Message<'m> {
    pub(super) text: Text<'m>,
    pub(super) outer: Outer<'m>,
    pub(super) checked: bool,
    pub(super) offset: u64,
}

impl State {
    pub(super) fn new(stream: Stream, container: &Container, frame_bytes_max: usize) -> Self {
        let format = Arc::clone(container.inside.named.as_ref().unwrap_or(&container.inside.plain));
        let framing = format.framing();
        Self {
            iostream: iostream(stream),
            is_decided: container.inside.named.is_some(),
            format,
            seen_bytes: 0,
            join: Join::new(framing, frame_bytes_max),
            partials: Default::default(),
            time_unix_nano: 0,
            floor: u64::MAX,
        }
    }

    /// What is open.
    pub(super) fn spans(&self) -> impl Iterator<Item = Span> {
        let waits = self.join.is_waiting().then(|| Span { from: self.join.held_from(u64::MAX), floor: self.floor });
        self.partials.iter().filter_map(Partial::span).chain(waits)
    }

    /// A message or a record of the other stream has just got a line: what is open here and began inside it is not to be begun at.
    #[inline(always)]
    pub(super) fn is_inside(&mut self, around: Span) {
        for partial in &mut self.partials {
            if partial.is_open && around.from < partial.from {
                partial.floor = partial.floor.min(around.floor);
            }
        }
        if around.from < self.join.held_from(0) {
            self.floor = self.floor.min(around.floor);
        }
    }

    /// The source offset from which on bytes are still needed; `otherwise` where none is.
    pub(super) fn held_from(&self, otherwise: u64) -> u64 {
        let open = self.partials.iter().filter(|partial| partial.is_open).map(|partial| partial.from);
        open.chain([self.join.held_from(otherwise)]).min().unwrap_or(otherwise)
    }

    /// How many lines wait for more.
    pub(super) fn waiting(&self) -> u64 {
        self.join.waiting() + self.partials.iter().map(|partial| partial.lines).sum::<u64>()
    }

    pub(super) fn is_open(&self) -> bool {
        self.join.is_waiting() || self.partials.iter().any(|partial| partial.is_open)
    }

    /// Takes a whole message.
    #[inline(always)]
    pub(super) fn message(&mut self, message: Message<'_>, out: &mut BatchWriter) {
        let Message { text, outer, checked, offset } = message;
        if text.is_empty() {
            out.passed_over(1);
        }
        let format = &*self.format;
        let by_line = self.join.is_line_by_line();
        if by_line && !self.join.is_waiting() && (format.begins(text.bytes()) || self.join.is_off()) {
            if !text.is_empty() {
                read_outer(format, text, checked, outer, offset, out);
            }
            return;
        }
        let pushed = Pushed { line: text.bytes(), newline: b"\n", outer: Some(outer), offset };
        self.join.push(format, pushed, out);
        if by_line && self.join.is_record() {
            self.join.flush(format, out);
        }
    }

    /// Takes a part of a message, and the message if it was the last one.
    #[cold]
    #[inline(never)]
    pub(super) fn part(&mut self, part: Message<'_>, of: Kind, is_partial: bool, container: (usize, &'static str), out: &mut BatchWriter) {
        let (frame_bytes_max, name) = container;
        let partial = &mut self.partials[of as usize];
        if partial.is_open {
            partial.raw.push(b'\n');
        } else {
            partial.is_open = true;
            (partial.from, partial.floor) = (part.offset, part.offset);
            partial.time_unix_nano = part.outer.time_unix_nano;
            partial.attributes.extend_from_slice(part.outer.attributes);
        }
        partial.lines += 1;
        partial.message.extend_from_slice(part.text.bytes());
        partial.raw.extend_from_slice(part.outer.raw);
        if partial.message.len() > frame_bytes_max {
            // What is over the bound is kept as it came.
            self.join.flush(&*self.format, out);
            let partial = &mut self.partials[of as usize];
            out.joined(partial.lines - 1);
            out.reject(&partial.raw, too_long(), partial.from, name);
            partial.clear();
        } else if !is_partial {
            self.end_partial(of, out);
        }
    }

    /// Takes the message whose parts came so far.
    fn end_partial(&mut self, of: Kind, out: &mut BatchWriter) {
        if !self.partials[of as usize].is_open {
            return;
        }
        let mut partial = std::mem::take(&mut self.partials[of as usize]);
        let outer = Outer { raw: &partial.raw, time_unix_nano: partial.time_unix_nano, attributes: &partial.attributes };
        out.joined(partial.lines.saturating_sub(1));
        self.message(Message { text: Text::from(partial.message.as_slice()), outer, checked: false, offset: partial.from }, out);
        partial.clear();
        self.partials[of as usize] = partial;
    }

    /// Nothing more is waited for.
    pub(super) fn flush(&mut self, out: &mut BatchWriter) {
        self.end_partial(Kind::Cri, out);
        self.end_partial(Kind::Docker, out);
        self.join.flush(&*self.format, out);
    }
}

impl Partial {
    /// Where it lies, while it is open.
    pub(super) fn span(&self) -> Option<Span> {
        self.is_open.then_some(Span { from: self.from, floor: self.floor })
    }

    fn clear(&mut self) {
        self.is_open = false;
        self.lines = 0;
        self.message.clear();
        self.raw.clear();
        self.attributes.clear();
    }
}
