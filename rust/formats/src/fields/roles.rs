//! What the gathered fields say together: which field takes which role.

use logloom_record::Text;

use super::{
    Dialect, Field, Fields, Kind, Place, Role, Target,
    rows::As,
    slots::{Slots, slot},
    split::Split,
    values::{caller, flags_of, has_lines, integer_of, severity_class, severity_of, span_id_of, text_of, time_of, trace_id_of},
};
use crate::{
    ids,
    severity::{self, Scale},
};

/// What stands in a record beside its attributes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Head {
    pub(super) time_unix_nano: u64,
    pub(super) severity: u8,
    /// The positions of the fields that are the severity's text, the body and the event name.
    pub(super) severity_text: Option<u32>,
    pub(super) body: Option<u32>,
    pub(super) flags: u32,
    pub(super) trace_id: Option<[u8; 16]>,
    pub(super) span_id: Option<[u8; 8]>,
    pub(super) event_name: Option<u32>,
}

/// Under what name a field is written, in [`Field::entry`] once the roles are given.
pub(super) mod name {
    /// Its own.
    pub(in crate::fields) const OWN: u16 = 0;
    /// None: it is no attribute.
    pub(in crate::fields) const NONE: u16 = u16::MAX;
    /// Two of them: `file:line`.
    pub(in crate::fields) const CALLER: u16 = 1;
    /// That of a [`Target`](super::Target), from here on.
    pub(in crate::fields) const TARGET: u16 = 2;
    /// One that the user or the format gave, from here on.
    pub(in crate::fields) const NAMED: u16 = 64;
}

/// The most attribute names that a table gives.
const NAMED_MAX: usize = 512;

impl Fields {
    /// Gives the roles. Afterwards each field's `entry` is a [`name`].
    /// `original_follows`: the line is kept as `log.record.original`.
    pub(super) fn assign(&mut self, dialect: &Dialect, frame: Text<'_>, original_follows: bool) -> Head {
        let mut head = Head::default();
        let mut slots = Slots { taken: 0, holders: [(0, 0); slot::COUNT] };
        let mut named = [0u64; NAMED_MAX / 64];
        let (mut seconds, mut nanos, mut is_compact, mut is_python) = (0, 0, false, false);
        for position in 0..self.len {
            let Some(place) = self.list.get_mut(position) else { break };
            let known = place.entry().filter(|_| place.kind != Kind::Gone).and_then(|entry| dialect.entry(entry as u32));
            let Some(entry) = known else {
                place.entry = if place.kind == Kind::Gone { name::NONE } else { name::OWN };
                continue;
            };
            // Most that are known are renamed, where they lie: a copy of a field costs as much as the rest.
            if let Role::Named(n, kind) = entry.role {
                place.entry = name::OWN;
                self.rename(&mut named, dialect, n, kind, position, frame);
                continue;
            }
            // The copy first: one that is taken right behind a write into it waits for the write.
            let field = *place;
            place.entry = name::OWN;
            let (rank, rank_score) = (entry.rank, u16::from(entry.rank) + 1);
            match entry.role {
                Role::Plain | Role::Named(..) => {}
                Role::Time | Role::CompactTime => {
                    if slots.beats(slot::TIME, rank_score)
                        && let Some(time) = time_of(&field, frame, rank, dialect)
                    {
                        head.time_unix_nano = time;
                        is_compact = entry.role == Role::CompactTime;
                        slots.take(slot::TIME, position, rank_score);
                    }
                }
                Role::TimeSeconds => {
                    if let Some(value) = integer_of(&field, frame).filter(|value| (0..=i64::MAX / 1_000_000_000).contains(value)) {
                        seconds = value as u64;
                        slots.take(slot::TIME_SECONDS, position, rank_score);
                    }
                }
                Role::TimeNanos => {
                    if let Some(value) = integer_of(&field, frame).filter(|value| (0..1_000_000_000).contains(value)) {
                        nanos = value as u64;
                        slots.take(slot::TIME_NANOS, position, rank_score);
                    }
                }
                Role::Severity | Role::CloudSeverity | Role::PythonSeverity => {
                    let score = rank_score + severity_class(&field, frame, rank, Scale::Level);
                    if score > rank_score && slots.beats(slot::SEVERITY, score) {
                        is_python = entry.role == Role::PythonSeverity;
                        let scale = if entry.role == Role::CloudSeverity { Scale::Severity } else { Scale::Level };
                        head.severity = severity_of(&field, frame, scale);
                        head.severity_text = Some(position as u32);
                        slots.take(slot::SEVERITY, position, score);
                    }
                }
                Role::PythonLevel | Role::SyslogSeverity => {
                    let scale = if entry.role == Role::PythonLevel { Scale::Python } else { Scale::Severity };
                    let score = rank_score + severity_class(&field, frame, rank, scale);
                    if score > rank_score && slots.beats(slot::SEVERITY, score) {
                        head.severity = severity_of(&field, frame, scale);
                        head.severity_text = Some(position as u32);
                        slots.take(slot::SEVERITY, position, score);
                    }
                }
                Role::SeverityNumber => {
                    if integer_of(&field, frame).is_some_and(|value| (1..=24).contains(&value)) {
                        slots.take(slot::SEVERITY_NUMBER, position, rank_score);
                    }
                }
                Role::Body => {
                    if dialect.dash_is_absent && field.kind == Kind::Text && field.span(frame).is_empty() {
                        if let Some(place) = self.list.get_mut(position) {
                            place.entry = name::NONE;
                        }
                        continue;
                    }
                    let is_text = matches!(field.kind, Kind::Text | Kind::Escaped);
                    if field.kind != Kind::Null && (is_text || rank >= 60) && slots.beats(slot::BODY, rank_score) {
                        head.body = Some(position as u32);
                        slots.take(slot::BODY, position, rank_score);
                    }
                }
                Role::TraceId | Role::DatadogTraceId => {
                    if slots.beats(slot::TRACE_ID, rank_score)
                        && let Some(id) = trace_id_of(&field, frame, entry.role == Role::DatadogTraceId)
                    {
                        head.trace_id = Some(id);
                        slots.take(slot::TRACE_ID, position, rank_score);
                    }
                }
                Role::SpanId | Role::DatadogSpanId => {
                    if slots.beats(slot::SPAN_ID, rank_score)
                        && let Some(id) = span_id_of(&field, frame, entry.role == Role::DatadogSpanId)
                    {
                        head.span_id = Some(id);
                        slots.take(slot::SPAN_ID, position, rank_score);
                    }
                }
                Role::TraceFlags => {
                    if slots.beats(slot::FLAGS, rank_score)
                        && let Some(flags) = flags_of(&field, frame)
                    {
                        head.flags = u32::from(flags);
                        slots.take(slot::FLAGS, position, rank_score);
                    }
                }
                Role::Traceparent => slots.take(slot::TRACEPARENT, position, rank_score),
                Role::EventName => {
                    if field.kind == Kind::Text && slots.beats(slot::EVENT_NAME, rank_score) {
                        head.event_name = Some(position as u32);
                        slots.take(slot::EVENT_NAME, position, rank_score);
                    }
                }
                Role::LoggerName => {
                    if slots.holder(slot::LOGGER_NAME).is_none() && matches!(field.kind, Kind::Text | Kind::Escaped) {
                        slots.take(slot::LOGGER_NAME, position, rank_score);
                    }
                }
                Role::Original => {
                    if original_follows {
                        self.drop_at(position);
                    } else if let Some(n) = dialect.original {
                        self.rename(&mut named, dialect, n, As::Any, position, frame);
                    }
                }
                Role::Caller => {
                    if slots.beats(slot::CALLER, rank_score) && caller(&field, frame).is_some() {
                        slots.take(slot::CALLER, position, rank_score);
                    }
                }
                Role::Thread => match field.kind {
                    Kind::Text | Kind::Escaped => self.take_target(&mut slots, Target::ThreadName, position, rank_score, frame),
                    _ => self.take_target(&mut slots, Target::ThreadId, position, rank_score, frame),
                },
                Role::Exception => {
                    let target = if has_lines(&field, frame) { Target::ExceptionStacktrace } else { Target::ExceptionMessage };
                    self.take_target(&mut slots, target, position, rank_score, frame);
                }
                Role::Attribute(target) => self.take_target(&mut slots, target, position, rank_score, frame),
                Role::Omitted => {
                    if let Some(field) = self.list.get_mut(position) {
                        field.entry = name::NONE;
                    }
                }
            }
        }
        if !dialect.inside.is_empty() {
            self.look_inside(&mut named, dialect, head.body, frame);
        }
        if !dialect.levels.is_empty()
            && let Some(field) = head.severity_text.and_then(|position| self.list.get(position as usize))
            && let Some((_, severity)) = dialect.levels.iter().find(|(level, _)| level.as_bytes() == field.span(frame).bytes())
        {
            head.severity = *severity;
        }
        if is_compact && head.severity_text.is_none() {
            head.severity = severity::INFO;
        }
        if let Some(position) = slots.holder(slot::LOGGER_NAME) {
            let has = |target: Target| slots.holder(slot::TARGET + target as usize).is_some();
            let is_logger = (is_python || (has(Target::HostName) && has(Target::ProcessPid))) && !has(Target::Logger);
            slots.free(slot::LOGGER_NAME);
            if is_logger {
                slots.take(slot::TARGET + Target::Logger as usize, position, 0);
            }
        }
        self.settle(&mut head, &mut slots, frame, seconds * 1_000_000_000 + nanos);
        if self.given_time_unix_nano != 0 {
            head.time_unix_nano = self.given_time_unix_nano;
        }
        if self.given_severity != 0 {
            head.severity = self.given_severity;
        }
        head
    }

    /// What depends on several fields; then those that a role used up are gone, and the others are renamed.
    fn settle(&mut self, head: &mut Head, slots: &mut Slots, frame: Text<'_>, seconds_and_nanos: u64) {
        let has_seconds = slots.holder(slot::TIME_SECONDS).is_some();
        if has_seconds && slots.holder(slot::TIME).is_none() && seconds_and_nanos != 0 {
            head.time_unix_nano = seconds_and_nanos;
        } else {
            slots.free(slot::TIME_SECONDS);
            slots.free(slot::TIME_NANOS);
        }
        if let Some(value) = slots.holder(slot::SEVERITY_NUMBER).and_then(|at| self.list.get(at)).and_then(|field| integer_of(field, frame))
        {
            head.severity = severity::of_number(value, Scale::OpenTelemetry);
        }
        let parent = slots.holder(slot::TRACEPARENT).and_then(|at| self.list.get(at));
        if let Some((trace_id, span_id, flags)) = parent.and_then(|field| ids::traceparent(text_of(field, frame)?.bytes()))
            && head.trace_id.is_none_or(|id| id == trace_id)
            && head.span_id.is_none_or(|id| id == span_id)
        {
            head.trace_id = Some(trace_id);
            head.span_id = Some(span_id);
            if slots.holder(slot::FLAGS).is_none() {
                head.flags = u32::from(flags);
            }
        } else {
            slots.free(slot::TRACEPARENT);
        }
        if let Some(position) = slots.holder(slot::CALLER) {
            let targets = [Target::CodeFile, Target::CodeLine];
            let is_free = targets.iter().all(|target| slots.holder(slot::TARGET + *target as usize).is_none());
            if let Some(field) = self.list.get_mut(position).filter(|_| is_free) {
                field.entry = name::CALLER;
            }
            slots.free(slot::CALLER);
        }
        while slots.taken != 0 {
            let slot = slots.taken.trailing_zeros() as usize;
            if let Some(field) = slots.holder(slot).and_then(|position| self.list.get_mut(position)) {
                field.entry = slot.checked_sub(slot::TARGET).map_or(name::NONE, |target| name::TARGET + target as u16);
            }
            slots.free(slot);
        }
    }

    /// Gives the field the attribute, where its type is right and no other has it with more right.
    fn take_target(&mut self, slots: &mut Slots, target: Target, position: usize, score: u16, frame: Text<'_>) {
        let Some(field) = self.list.get_mut(position) else { return };
        if target.is_integer() && field.kind == Kind::Text {
            As::Int.convert(field, frame);
        }
        let fits = if target.is_integer() {
            field.kind == Kind::Int
        } else {
            matches!(field.kind, Kind::Text | Kind::Escaped | Kind::Lines | Kind::Made)
        };
        let place = slot::TARGET + target as usize;
        if fits && slots.beats(place, score) {
            let loser = slots.holder(place);
            slots.take(place, position, score);
            self.drop_namesake(loser, target.name().as_bytes(), frame);
        } else if slots.holder(place).is_some() {
            self.drop_namesake(Some(position), target.name().as_bytes(), frame);
        }
    }

    /// A field that lost the name that is its own cannot be written beside the one that won it.
    fn drop_namesake(&mut self, loser: Option<usize>, name: &[u8], frame: Text<'_>) {
        if let Some(position) = loser
            && let Some(field) = self.list.get(position)
            && (!self.is_prefixed || (field.is_whole() && field.place != Place::Learned))
            && self.name(frame, field).bytes() == name
        {
            self.drop_at(position);
        }
    }

    /// Gives the field the name, unless an earlier one has it; parts of its value may become fields of their own.
    #[inline(always)]
    fn rename(&mut self, taken: &mut [u64; NAMED_MAX / 64], dialect: &Dialect, n: u16, kind: As, position: usize, frame: Text<'_>) {
        let Some(field) = self.list.get_mut(position) else { return };
        if dialect.dash_is_absent
            && (field.kind == Kind::Null || (field.kind == Kind::Text && matches!(field.span(frame).bytes(), b"" | b"-" | b"--")))
            || kind == As::Status && field.kind == Kind::Int && field.number == 0
        {
            field.entry = name::NONE;
        } else if !kind.is_whole(field, frame) {
            self.rename_parts(taken, dialect, n, kind, position, frame);
        } else if take(taken, n) {
            field.entry = name::NAMED + n;
            if kind.changes(field.kind) {
                kind.convert(field, frame);
            }
        } else {
            self.drop_namesake(Some(position), dialect.name_of(n).bytes(), frame);
        }
    }

    /// The same, of a value that may be several, or none of its kind.
    #[inline(never)]
    fn rename_parts(&mut self, taken: &mut [u64; NAMED_MAX / 64], dialect: &Dialect, n: u16, kind: As, position: usize, frame: Text<'_>) {
        let Some(named) = dialect.named.get(usize::from(n)) else { return };
        let Some(mut field) = self.list.get(position).copied() else { return };
        let split = kind.convert(&mut field, frame);
        let other = |at: usize| named.others.get(at).copied().flatten();
        let name = match split {
            Split::Other(at) => other(at),
            Split::Parts { own: false, .. } => other(0),
            Split::No | Split::Copy(_) | Split::Parts { .. } => Some(n),
            Split::Unfit => None,
        };
        let Some(name) = name else { return };
        if !take(taken, name) {
            return self.drop_namesake(Some(position), dialect.name_of(name).bytes(), frame);
        }
        match split {
            Split::Copy(part) => return self.part(part, name),
            Split::Parts { parts, .. } => {
                for (at, part) in parts.iter().enumerate() {
                    if let Some((part, name)) = part.zip(other(at))
                        && take(taken, name)
                    {
                        self.part(part, name);
                    }
                }
            }
            _ => {}
        }
        field.entry = name::NAMED + name;
        if let Some(place) = self.list.get_mut(position) {
            *place = field;
        }
    }

    /// Makes fields of what the message says inside its text.
    #[inline(never)]
    fn look_inside(&mut self, taken: &mut [u64; NAMED_MAX / 64], dialect: &Dialect, body: Option<u32>, frame: Text<'_>) {
        let Some(field) = body.and_then(|position| self.list.get(position as usize)).copied() else { return };
        if !matches!(field.kind, Kind::Text | Kind::Escaped) {
            return;
        }
        let text = field.span(frame).bytes();
        for (before, behind, name) in &dialect.inside {
            let Some(start) = crate::scan::find_bytes(text, before.as_bytes()).map(|at| at + before.len()) else { continue };
            let rest = text.get(start..).unwrap_or_default();
            let Some(len) = crate::scan::find_bytes(rest, behind.as_bytes()).filter(|len| *len > 0) else { continue };
            if take(taken, *name) {
                let mut part = field;
                part.place(field.at as usize + start, field.at as usize + start + len, field.kind);
                self.part(part, *name);
            }
        }
    }

    /// Adds part of a field's value as a field of this name.
    #[cold]
    fn part(&mut self, mut part: Field, name: u16) {
        part.entry = name::NAMED + name;
        if let Some(room) = self.room() {
            *room = part;
            self.len += 1;
        }
    }

    fn drop_at(&mut self, position: usize) {
        self.dropped = self.dropped.saturating_add(1);
        if let Some(field) = self.list.get_mut(position) {
            field.entry = name::NONE;
        }
    }
}

/// Takes the name, unless it is taken.
#[inline(always)]
fn take(taken: &mut [u64; NAMED_MAX / 64], name: u16) -> bool {
    let Some(word) = taken.get_mut(usize::from(name) / 64) else { return false };
    let bit = 1 << (name % 64);
    let is_free = *word & bit == 0;
    *word |= bit;
    is_free
}
