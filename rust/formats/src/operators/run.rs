//! A record's way through the chain.

use logloom_record::{
    BatchWriter, Origin, Program, RejectReason,
    proto::{push_field, push_string_attribute},
};

use super::{
    NAME,
    chain::{Chain, Kind, Operator, Route},
    entry::{Base, Entry},
    parsers::Known,
    recombine::{Recombine, Taken, Waiting},
    value::{Map, Str, Value, depth_max, push_pair},
};

/// The state of a source.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) waiting: Vec<Vec<Waiting>>,
    record: Vec<u8>,
    resource: Vec<u8>,
}

impl State {
    pub(super) fn new(slots: usize) -> Self {
        Self { waiting: (0..slots).map(|_| Vec::new()).collect(), ..Self::default() }
    }
}

/// A record's way, with all that it needs.
pub(super) struct Run<'a, 'r> {
    pub(super) chain: &'a Chain,
    pub(super) base: &'a Base,
    pub(super) state: &'r mut State,
    pub(super) origin: &'r Origin,
    pub(super) out: &'r mut BatchWriter,
}

/// Where a record goes on.
#[allow(clippy::large_enum_variant)] // it is taken apart at once
enum Next<'a> {
    On(Entry<'a>, &'a [usize]),
    Gone,
}

impl<'a> Run<'a, '_> {
    /// Takes a record through the chain, from the operator at `at` on.
    pub(super) fn run(&mut self, at: usize, entry: Entry<'a>) {
        let (mut at, mut entry) = (at, entry);
        loop {
            let Some(operator) = self.chain.operators.get(at) else { return self.write(&entry) };
            let Next::On(next, outputs) = self.step(operator, entry) else { return };
            let Some((last, others)) = outputs.split_last() else { return self.drop(&next) };
            for output in others {
                self.run(*output, Entry { lines: 0, ..next.clone() });
            }
            (at, entry) = (*last, next);
        }
    }

    /// Does what one operator does.
    fn step(&mut self, operator: &'a Operator, mut entry: Entry<'a>) -> Next<'a> {
        if let Some(when) = &operator.when
            && !self.holds(when, &entry)
        {
            return Next::On(entry, &operator.outputs);
        }
        let (base, arrival) = (self.base, self.origin.arrival_unix_nano);
        let done = match &operator.kind {
            Kind::Parser(parser) => parser.read(&mut entry, base, self.known()),
            Kind::Time(rule) => rule.read(&mut entry, base, arrival),
            Kind::Severity(rule) => rule.read(&mut entry, base),
            Kind::Trace(rule) => rule.read(&mut entry, base),
            Kind::Scope(rule) => rule.read(&mut entry, base),
            Kind::Transform(transform) => transform.apply(&mut entry, self),
            Kind::Container(container, recombine) => match container.read(&mut entry, base, self.known()) {
                Ok(true) => return self.recombine(recombine, entry, &operator.outputs),
                Ok(false) => Ok(()),
                Err(failed) => Err(failed),
            },
            Kind::Recombine(recombine) => return self.recombine(recombine, entry, &operator.outputs),
            Kind::Filter(test, cutoff) => {
                if self.holds(test, &entry) && mixed(entry.offset) % 1000 < *cutoff {
                    self.drop(&entry);
                    return Next::Gone;
                }
                Ok(())
            }
            Kind::Router(routes) => return self.route(routes, entry),
            Kind::Drop => {
                self.drop(&entry);
                return Next::Gone;
            }
        };
        match done {
            Err(failed) if operator.on_error.is_told => entry.failed = Some(failed),
            _ => {}
        }
        if done.is_err() && !operator.on_error.is_sent {
            self.drop(&entry);
            return Next::Gone;
        }
        Next::On(entry, &operator.outputs)
    }

    fn route(&mut self, routes: &'a [Route], mut entry: Entry<'a>) -> Next<'a> {
        for route in routes {
            if route.test.as_ref().is_none_or(|test| self.holds(test, &entry)) {
                for set in &route.attributes {
                    if let Err(failed) = set.apply(&mut entry, self) {
                        entry.failed = Some(failed);
                    }
                }
                return Next::On(entry, &route.outputs);
            }
        }
        self.drop(&entry);
        Next::Gone
    }

    fn recombine(&mut self, recombine: &'a Recombine, entry: Entry<'a>, outputs: &'a [usize]) -> Next<'a> {
        let matches = self.holds(&recombine.test, &entry);
        let mut ready = Vec::new();
        let mut waiting = self.state.waiting.get_mut(recombine.slot).map(std::mem::take).unwrap_or_default();
        let taken = recombine.take(entry, matches, (&mut waiting, self.base, self.origin.arrival_unix_nano), &mut ready);
        if let Some(slot) = self.state.waiting.get_mut(recombine.slot) {
            *slot = waiting;
        }
        self.pass_on(ready, outputs);
        match taken {
            Taken::Waits => Next::Gone,
            Taken::Passes(entry) => Next::On(entry, outputs),
        }
    }

    fn pass_on(&mut self, ready: Vec<Entry<'a>>, outputs: &'a [usize]) {
        for entry in ready {
            let Some((last, others)) = outputs.split_last() else { continue };
            for output in others {
                self.run(*output, Entry { lines: 0, ..entry.clone() });
            }
            self.run(*last, entry);
        }
    }

    /// What waited for too long, or all, goes on.
    pub(super) fn end(&mut self, is_last: bool) {
        let arrival = (!is_last).then_some(self.origin.arrival_unix_nano);
        // What one gives may wait in another, which may stand before it.
        let rounds = if is_last { self.chain.slots } else { 1 };
        for operator in (0..rounds).flat_map(|_| &self.chain.operators) {
            let (Kind::Recombine(recombine) | Kind::Container(_, recombine)) = &operator.kind else { continue };
            let Some(waiting) = self.state.waiting.get_mut(recombine.slot).filter(|waiting| !waiting.is_empty()) else { continue };
            let mut ready = Vec::new();
            recombine.end(waiting, arrival, self.base, &mut ready);
            self.pass_on(ready, &operator.outputs);
        }
    }

    fn known(&self) -> Known {
        Known { arrival_unix_nano: self.origin.arrival_unix_nano, depth_max: depth_max(self.out) }
    }

    /// Counts a record that was dropped by rule.
    fn drop(&mut self, entry: &Entry<'_>) {
        self.out.joined(entry.lines.saturating_sub(1));
        self.out.passed_over(entry.lines.min(1));
    }

    fn write(&mut self, entry: &Entry<'a>) {
        self.out.joined(entry.lines.saturating_sub(1));
        // A copy is as a line of its own.
        self.out.cut(u64::from(entry.lines == 0));
        self.out.set_frame_offset(entry.offset);
        self.out.set_raw(entry.raw.clone());
        let before = self.out.mark();
        let written = self.out.attempt(|out| {
            entry.write(self.base, out);
            Ok(())
        });
        self.out.set_raw(None);
        let mut body = Vec::new();
        let text = match &entry.body {
            Value::Str(text) => text.bytes(),
            other => {
                other.encode(&mut body);
                &body
            }
        };
        match (written, entry.failed) {
            (Ok(()), None) => {
                self.out.read(before);
                self.out.end_frame();
            }
            (Ok(()), Some(what)) => {
                self.out.refused(RejectReason::syntax(what, 0), (entry.offset, text.len()), NAME);
                self.out.end_frame();
            }
            (Err(reason), _) => self.out.reject(text, reason, entry.offset, NAME),
        }
    }

    /// Whether an expression holds.
    fn holds(&mut self, program: &Program, entry: &Entry<'a>) -> bool {
        self.show(program, entry);
        program.holds(&self.state.record, &self.state.resource, self.origin)
    }

    /// What an expression gives, as an `AnyValue` message.
    pub(super) fn compute(&mut self, program: &Program, entry: &Entry<'a>) -> Option<Vec<u8>> {
        self.show(program, entry);
        let mut out = Vec::new();
        program.compute(&self.state.record, &self.state.resource, self.origin, &mut out).then_some(out)
    }

    /// Encodes what an expression reads of a record, and no more.
    fn show(&mut self, program: &Program, entry: &Entry<'a>) {
        let State { record, resource, .. } = &mut *self.state;
        record.clear();
        resource.clear();
        let reads = program.reads();
        if reads.others {
            record.extend_from_slice(&[0x10, entry.severity]);
            if let Some(text) = &entry.severity_text {
                push_field(record, 0x1a, text.bytes());
            }
        }
        if reads.body {
            let mut any = Vec::new();
            entry.body.encode(&mut any);
            push_field(record, 0x2a, &any);
        }
        push_named(record, 0x32, &reads.attributes, &entry.attributes);
        if !reads.resource.is_empty() {
            push_named(resource, 0x0a, &reads.resource, entry.resource.as_ref().unwrap_or(&self.base.resource));
        }
    }
}

fn push_named(out: &mut Vec<u8>, tag: u8, keys: &[Vec<u8>], map: &Map<'_>) {
    for (key, value) in map.iter() {
        if keys.iter().any(|wanted| wanted == key.bytes()) {
            match value {
                Value::Str(text) => push_string_attribute(out, tag, key.bytes(), text.bytes()),
                value => push_pair(out, tag, key.bytes(), value),
            }
        }
    }
}

/// A number that is spread evenly: which records a share is dropped of is the same each time that they are read.
fn mixed(mut offset: u64) -> u64 {
    offset = offset.wrapping_add(0x9e37_79b9_7f4a_7c15);
    offset = (offset ^ offset >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    offset = (offset ^ offset >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    offset ^ offset >> 31
}

/// The facts that a source's records begin with.
pub(super) fn base_of(origin: &Origin) -> Base {
    let mut base = Base::default();
    for (key, value) in &origin.resource {
        let map = if key.starts_with("log.file.") { &mut base.attributes } else { &mut base.resource };
        map.set(Str::own(key.as_str()), Value::own(value.as_str()));
    }
    for (key, value) in base.resource.iter() {
        push_pair(&mut base.encoded, 0x0a, key.bytes(), value);
    }
    base
}
