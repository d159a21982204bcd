//! Spans of version 1, which say what happened by annotations with fixed names (`cs`: the client sent) and where by the endpoint of each.
//!
//! What the two sides of a call reported under one id is one span of version 1 and two of version 2, and so two records here: see
//! [the model](https://zipkin.io/pages/data_model.html) and [instrumenting](https://zipkin.io/pages/instrumenting.html).

use logloom_record::{BatchWriter, RejectReason, Text};

use super::endpoint::{Endpoint, Facts};
use crate::{
    json::Str,
    spans::{Event, Kind, Original, Span, Tag, Value},
};

/// Something that happened, and where.
#[derive(Clone, Copy, Debug)]
pub(super) struct Annotation<'a> {
    pub(super) nanos: u64,
    pub(super) value: Option<Str<'a>>,
    /// Where among the span's hosts.
    pub(super) host: Option<usize>,
}

/// A span of version 1.
#[derive(Debug, Default)]
pub(super) struct V1<'a> {
    pub(super) trace_id: [u8; 16],
    pub(super) id: [u8; 8],
    pub(super) parent_id: [u8; 8],
    pub(super) name: Option<Str<'a>>,
    /// 0 where there is none.
    pub(super) start_nanos: u64,
    pub(super) duration_nanos: Option<i64>,
    pub(super) debug: bool,
    pub(super) annotations: Vec<Annotation<'a>>,
    /// Tags, some of which are none but addresses; and where each was set among the span's hosts.
    tags: Vec<Tag<'a>>,
    host_of_tag: Vec<Option<usize>>,
    /// The endpoints of annotations, and the side that each is of; [`NO_SIDE`] before that is known. Mostly all name the same one.
    hosts: Vec<(Endpoint<'a>, usize)>,
    sides: Vec<Side<'a>>,
    /// Which side each annotation and tag is of; [`NO_SIDE`] for those that say something else.
    side_of_annotation: Vec<usize>,
    side_of_tag: Vec<usize>,
    /// Whether all tags are tags of the first side.
    is_all_of_first: bool,
}

/// Who took part, and when.
#[derive(Clone, Copy, Debug, Default)]
struct Side<'a> {
    local: Option<Endpoint<'a>>,
    remote: Option<Endpoint<'a>>,
    kind: Option<Kind>,
    start_nanos: u64,
    duration_nanos: Option<i64>,
    shared: bool,
}

const NO_SIDE: usize = usize::MAX;
/// The most services that may have taken part in one span.
const SIDES_MAX: usize = 16;

/// The fixed names, and whose they are. `w`: on the wire, of messages.
const CORE: [(&[u8; 2], Kind); 8] = [
    (b"cs", Kind::Client),
    (b"cr", Kind::Client),
    (b"sr", Kind::Server),
    (b"ss", Kind::Server),
    (b"ms", Kind::Producer),
    (b"ws", Kind::Producer),
    (b"mr", Kind::Consumer),
    (b"wr", Kind::Consumer),
];

/// One of them: its time, its side, its place among the annotations.
#[derive(Clone, Copy, Debug)]
struct Moment {
    nanos: u64,
    side: usize,
    at: Option<usize>,
}

fn between(begin: Moment, end: Option<Moment>) -> Option<i64> {
    end.and_then(|end| i64::try_from(end.nanos.checked_sub(begin.nanos)?).ok())
}

impl<'a> V1<'a> {
    /// Makes it ready for the next span.
    pub(super) fn clear(&mut self) {
        (self.trace_id, self.id, self.parent_id, self.name) = ([0; 16], [0; 8], [0; 8], None);
        (self.start_nanos, self.duration_nanos, self.debug) = (0, None, false);
        self.annotations.clear();
        self.clear_tags();
        self.hosts.clear();
    }

    pub(super) fn clear_tags(&mut self) {
        self.tags.clear();
        self.host_of_tag.clear();
    }

    /// Adds a tag, and where it was set among the span's hosts.
    #[inline(always)]
    pub(super) fn tag(&mut self, key: Str<'a>, value: Value<'a>, host: Option<usize>) {
        self.tags.push(Tag::new(key, value));
        self.host_of_tag.push(host);
    }

    /// Keeps an endpoint; where.
    pub(super) fn host(&mut self, endpoint: Endpoint<'a>) -> usize {
        self.hosts.push((endpoint, NO_SIDE));
        self.hosts.len() - 1
    }

    /// Writes a record for each side that took part, and one for each annotation. `original` is the span as it came, where it is kept.
    pub(super) fn write(&mut self, original: Original<'a>, out: &mut BatchWriter) -> Result<(), RejectReason> {
        if self.trace_id == [0; 16] || self.id == [0; 8] {
            return Err(RejectReason::value("a span needs a trace id and an id, not all zeros", 0));
        }
        self.sides.clear();
        self.sides.push(Side::default());
        for (_, side) in &mut self.hosts {
            *side = NO_SIDE;
        }
        let core = self.place_annotations()?;
        let core = self.times(core);
        self.place_tags(&core)?;
        for side in 0..self.sides.len() {
            self.write_side(side, original, out);
        }
        Ok(())
    }

    /// The side of this host; the first where there is none.
    #[inline]
    fn side(&mut self, host: Option<usize>) -> Result<usize, RejectReason> {
        let Some((number, (endpoint, side))) = host.and_then(|number| Some((number, self.hosts.get(number)?))) else { return Ok(0) };
        if *side != NO_SIDE {
            return Ok(*side);
        }
        let side = self.side_at(*endpoint)?;
        if let Some((_, known)) = self.hosts.get_mut(number) {
            *known = side;
        }
        Ok(side)
    }

    fn side_at(&mut self, host: Endpoint<'a>) -> Result<usize, RejectReason> {
        let name = |endpoint: &Endpoint<'a>| endpoint.service.map_or(&b""[..], |service| service.text.bytes());
        for (number, side) in self.sides.iter_mut().enumerate() {
            match &side.local {
                Some(local) if name(local) == name(&host) => return Ok(number),
                None => {
                    side.local = Some(host);
                    return Ok(number);
                }
                Some(_) => {}
            }
        }
        self.add(Some(host), None)
    }

    fn add(&mut self, local: Option<Endpoint<'a>>, kind: Option<Kind>) -> Result<usize, RejectReason> {
        if self.sides.len() >= SIDES_MAX {
            return Err(RejectReason::limit("a span has annotations of more than 16 services", 0));
        }
        self.sides.push(Side { local, kind, ..Side::default() });
        Ok(self.sides.len() - 1)
    }

    /// Tells the fixed annotations from those that are events.
    fn place_annotations(&mut self) -> Result<[Option<Moment>; 8], RejectReason> {
        let mut core = [None; 8];
        self.side_of_annotation.clear();
        for at in 0..self.annotations.len() {
            let Some(annotation) = self.annotations.get(at).copied() else { break };
            let mut side = self.side(annotation.host)?;
            let name = annotation.value.map_or(&b""[..], |value| value.text.bytes());
            if let Ok(name) = <&[u8; 2]>::try_from(name)
                && let Some(which) = CORE.iter().position(|(word, _)| *word == name)
                && let Some(place) = core.get_mut(which)
                && place.is_none()
            {
                *place = Some(Moment { nanos: annotation.nanos, side, at: Some(at) });
                if let (Some((_, kind)), Some(of)) = (CORE.get(which), self.sides.get_mut(side)) {
                    of.kind = of.kind.or(Some(*kind));
                }
                side = NO_SIDE;
            }
            self.side_of_annotation.push(side);
        }
        Ok(core)
    }

    /// Sets the times of all sides; what was found, with the starts that follow from the ends.
    fn times(&mut self, core: [Option<Moment>; 8]) -> [Option<Moment>; 8] {
        let [mut cs, cr, mut sr, ss, ms, ws, mr, wr] = core;
        // A start may be missing where the span's own time says it.
        let own_end = self.duration_nanos.filter(|nanos| self.start_nanos != 0 && *nanos != 0).map(|nanos| self.start_nanos + nanos as u64);
        let started = |end: Option<Moment>| {
            end.filter(|end| own_end == Some(end.nanos)).map(|end| Moment { nanos: self.start_nanos, at: None, ..end })
        };
        cs = cs.or_else(|| started(cr));
        sr = sr.or_else(|| started(ss));
        match (cs, cr, sr, ss) {
            // One span of both sides: the client has its time.
            (Some(sent), _, Some(received), _) => {
                self.set(sent, cr);
                let server = if received.side == sent.side { self.fork(sent.side, [Kind::Client, Kind::Server]) } else { received.side };
                if let Some(side) = self.sides.get_mut(server) {
                    (side.shared, side.start_nanos, side.duration_nanos) = (true, received.nanos, between(received, ss));
                }
            }
            (Some(sent), Some(_), None, _) => self.set(sent, cr),
            (_, _, Some(received), Some(_)) => self.set(received, ss),
            _ => self.incomplete([cs, sr], [cr, ss]),
        }
        if let (None, Some(received)) = (cs, sr)
            && (self.start_nanos == 0 || (ss.is_some() && self.duration_nanos.is_none()))
            && let Some(side) = self.sides.get_mut(received.side)
        {
            side.shared = true;
        }
        match (ms, mr) {
            (Some(sent), Some(received)) => {
                let consumer =
                    if received.side == sent.side { self.fork(sent.side, [Kind::Producer, Kind::Consumer]) } else { received.side };
                if let Some(side) = self.sides.get_mut(sent.side) {
                    (side.start_nanos, side.duration_nanos) = (sent.nanos, between(sent, ws));
                }
                let begin = wr.unwrap_or(received);
                if let Some(side) = self.sides.get_mut(consumer) {
                    side.shared = true;
                    (side.start_nanos, side.duration_nanos) = (begin.nanos, if wr.is_some() { between(begin, mr) } else { None });
                }
            }
            (Some(sent), None) => self.set(sent, ws),
            (None, Some(received)) => match wr {
                Some(begin) => self.set(begin, mr),
                None => self.set(received, None),
            },
            (None, None) => {}
        }
        // Without the message itself these are events.
        for (moment, message) in [(ws, ms), (wr, mr)] {
            if message.is_none() {
                self.is_event(moment);
            }
        }
        [cs, cr, sr, ss, ms, ws, mr, wr]
    }

    /// The span's own time where it has all of it, else that of two annotations.
    fn set(&mut self, begin: Moment, end: Option<Moment>) {
        let own = (self.start_nanos, self.duration_nanos);
        let both = self.start_nanos != 0 && self.duration_nanos.is_some_and(|nanos| nanos != 0);
        if let Some(side) = self.sides.get_mut(begin.side) {
            (side.start_nanos, side.duration_nanos) = if both { own } else { (begin.nanos, between(begin, end)) };
        }
    }

    /// Starts without an end, and ends without a start.
    fn incomplete(&mut self, starts: [Option<Moment>; 2], ends: [Option<Moment>; 2]) {
        for start in starts.into_iter().flatten() {
            if let Some(side) = self.sides.get_mut(start.side) {
                side.start_nanos = start.nanos;
            }
        }
        for end in ends {
            self.is_event(end);
        }
        if self.start_nanos != 0
            && let Some(first) = self.sides.first_mut()
        {
            (first.start_nanos, first.duration_nanos) = (self.start_nanos, self.duration_nanos);
        }
    }

    /// A fixed annotation that says nothing but that it happened.
    fn is_event(&mut self, moment: Option<Moment>) {
        if let Some(Moment { side, at: Some(at), .. }) = moment
            && let Some(place) = self.side_of_annotation.get_mut(at)
        {
            *place = side;
        }
    }

    /// Both sides are of one service, which called itself: the second side, which has its endpoint.
    fn fork(&mut self, side: usize, [first, second]: [Kind; 2]) -> usize {
        let mut local = None;
        if let Some(side) = self.sides.get_mut(side) {
            side.kind = Some(first);
            local = side.local;
        }
        self.add(local, Some(second)).unwrap_or(side)
    }

    /// Tells tags from addresses.
    fn place_tags(&mut self, core: &[Option<Moment>; 8]) -> Result<(), RejectReason> {
        let (mut client, mut server, mut broker) = (None, None, None);
        self.side_of_tag.clear();
        self.is_all_of_first = true;
        for at in 0..self.tags.len() {
            let number = self.host_of_tag.get(at).copied().flatten();
            let Some(name) = self.tags.get(at).map(Tag::name_text) else { break };
            let mut is_tag = true;
            if let Ok(name) = <&[u8; 2]>::try_from(name.bytes()) {
                let address = match name {
                    b"ca" => Some(&mut client),
                    b"sa" => Some(&mut server),
                    b"ma" => Some(&mut broker),
                    _ => None,
                };
                let host = number.and_then(|number| self.hosts.get(number)).map(|row| row.0);
                if let (Some(address), Some(_)) = (address, host) {
                    *address = host;
                    self.is_all_of_first = false;
                    self.side_of_tag.push(NO_SIDE);
                    continue;
                }
                let is_empty = |tag: &Tag<'a>| matches!(tag.value(), Value::Str(text) if text.text.is_empty());
                is_tag = name != b"lc" || !self.tags.get(at).is_some_and(is_empty);
            }
            let side = if is_tag { self.side(number)? } else { self.side(number).map(|_| NO_SIDE)? };
            self.is_all_of_first &= side == 0;
            self.side_of_tag.push(side);
        }
        let [cs, cr, sr, ss, ms, _, mr, _] = *core;
        let side = |moment: Option<Moment>| moment.map(|moment| moment.side);
        let client_side = side(cs.or(cr));
        // A call to itself has forked the server's side.
        let server_side = match (side(sr.or(ss)), self.sides.iter().position(|side| side.kind == Some(Kind::Server) && side.shared)) {
            (Some(side), forked) => Some(forked.unwrap_or(side)),
            (None, _) => None,
        };
        let lone = client_side.is_none() && server_side.is_none();
        if let Some(mut address) = client {
            if lone && server.is_some() {
                // Only the two addresses say whose it is: the client's.
                let own = self.side_at(address)?;
                self.set_remote(own, server.take());
            } else {
                let own = server_side.unwrap_or(0);
                if lone && let Some(first) = self.sides.get_mut(own) {
                    first.kind = first.kind.or(Some(Kind::Server));
                }
                let service = |endpoint: &Endpoint<'a>| endpoint.service.map(|service| service.text.bytes());
                let local = self.sides.get(own).and_then(|side| side.local);
                if local.is_some_and(|local| service(&local) == service(&address)) {
                    address.service = None;
                }
                self.set_remote(own, Some(address));
            }
        }
        self.set_remote(client_side.unwrap_or(0), server);
        self.set_remote(side(ms).or(side(mr)).unwrap_or(0), broker);
        if let (Some(_), Some(consumer)) = (ms, side(mr)) {
            self.set_remote(consumer, broker);
        }
        Ok(())
    }

    fn set_remote(&mut self, side: usize, remote: Option<Endpoint<'a>>) {
        if let Some(side) = self.sides.get_mut(side) {
            side.remote = side.remote.or(remote);
        }
    }

    fn write_side(&self, number: usize, original: Original<'a>, out: &mut BatchWriter) {
        let Some(side) = self.sides.get(number).copied() else { return };
        let mut span = Span::begin();
        (span.trace_id, span.span_id, span.parent_span_id, span.name) = (self.trace_id, self.id, self.parent_id, self.name);
        (span.kind, span.start_unix_nano, span.duration_ns) = (side.kind, side.start_nanos, side.duration_nanos);
        span.original = original;
        for (annotation, of) in self.annotations.iter().zip(&self.side_of_annotation) {
            if *of == number {
                span.events.push(Event { time_unix_nano: annotation.nanos, name: annotation.value, fields: 0..0, dropped: 0 });
            }
        }
        if self.is_all_of_first && self.sides.len() == 1 {
            // A copy: where the buffer has no room, all is written once more.
            span.tags.extend_from_slice(&self.tags);
        } else {
            let own = self.tags.iter().zip(&self.side_of_tag).filter(|(_, of)| **of == number);
            span.tags.extend(own.map(|(tag, _)| *tag));
        }
        let facts = Facts {
            local: side.local.unwrap_or_default(),
            remote: side.remote.unwrap_or_default(),
            other_kind: None,
            debug: self.debug,
            shared: side.shared,
        };
        let owner = facts.settle(&mut span);
        let mut scratch = out.take_scratch();
        span.use_lane(&owner, out);
        span.write(out, &mut scratch);
        out.give_scratch(scratch);
        span.end();
    }
}

/// The text of a value that has been told to be one: the type of a binary annotation, in thrift's order.
pub(super) fn typed(kind: i64, bytes: Text<'_>) -> Option<Value<'_>> {
    let raw = bytes.bytes();
    Some(match kind {
        0 => Value::Bool(*raw.first()? != 0),
        1 => Value::Bytes(bytes),
        2 => Value::Int(i64::from(i16::from_be_bytes(raw.try_into().ok()?))),
        3 => Value::Int(i64::from(i32::from_be_bytes(raw.try_into().ok()?))),
        4 => Value::Int(i64::from_be_bytes(raw.try_into().ok()?)),
        5 => Value::Double(f64::from_be_bytes(raw.try_into().ok()?)),
        _ => return None,
    })
}

/// The names of those types, in their order.
pub(super) const TYPES: [&[u8]; 7] = [b"BOOL", b"BYTES", b"I16", b"I32", b"I64", b"DOUBLE", b"STRING"];
