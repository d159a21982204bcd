//! The keys of Envoy's JSON log formats: which operator's value each holds.

use std::collections::HashMap;

use logloom_record::{BatchWriter, RecordCursor, RejectReason, Text};

use super::{FIELDS, Name, Operator, Role, Target, Trace, target, write};
use crate::{
    OptionError,
    fields::{Container, Field, Fields, Keys, Kind, Table},
    json::unescape,
    time::{self, Context, TimePattern, Zone},
};

/// Keys that are not the name of their operator or header in small letters: Istio's, Envoy Gateway's, and what many call the time.
const KEYS: &[(&str, &str)] = &[
    ("path", "REQ(X-ENVOY-ORIGINAL-PATH?:PATH)"),
    ("x-envoy-origin-path", "REQ(X-ENVOY-ORIGINAL-PATH?:PATH)"),
    ("request_id", "REQ(X-REQUEST-ID)"),
    ("upstream_service_time", "RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)"),
    ("istio_policy_status", "DYNAMIC_METADATA(istio.mixer:status)"),
    ("timestamp", "START_TIME"),
    ("@timestamp", "START_TIME"),
    ("time", "START_TIME"),
    ("status_code", "RESPONSE_CODE"),
];

/// The most keys that a user may give.
const USER_KEYS_MAX: usize = 200;
/// The most attribute names that all keys may write: each has a bit.
const NAMES_MAX: usize = 1024;

/// What is known of one operator.
#[derive(Debug)]
struct Slot {
    target: Target,
    /// The bits of the names that the target writes.
    names: [u16; 2],
    /// Where the value goes when another key of the line has written one of those names.
    otherwise: Target,
    otherwise_name: u16,
    /// How well it serves as the record's time; 0 for not at all.
    time_rank: u8,
    pattern: Option<TimePattern>,
    /// The target of `x-forwarded-for` in a line that says otherwise who the client is, and of one more time.
    lesser: Option<Target>,
    /// Says who the client is, before `x-forwarded-for` does.
    is_client: bool,
}

/// A compiled table: from keys to operators.
#[derive(Debug, Default)]
pub(crate) struct JsonKeys {
    keys: Keys,
    /// The operator of each key; `None` for one that holds several, or text of its own.
    operators: Vec<Option<u16>>,
    slots: Vec<Slot>,
    /// Each name that a slot may write, and its bit.
    names: HashMap<Box<[u8]>, u16>,
    zone: Zone,
}

impl Table for JsonKeys {
    #[inline(always)]
    fn find(&self, hash: u32, key: Text<'_>) -> Option<u32> {
        self.keys.find(hash, key)
    }

    /// What is no operator's value is a dictionary of the format.
    #[inline(always)]
    fn container(&self, position: Option<u32>) -> Container {
        if position.is_some() { Container::No } else { Container::Dotted }
    }
}

impl JsonKeys {
    /// The built-in keys with the user's before them: key (of a nested dictionary: its path with dots) to operator. `zone`: of times that
    /// name none.
    pub(crate) fn compile(keys: &[(String, String)], zone: Zone) -> Result<Self, OptionError> {
        if keys.len() > USER_KEYS_MAX {
            return Err(OptionError::new("keys", format!("at most {USER_KEYS_MAX} keys, not {}", keys.len())));
        }
        let mut table = Self { zone, ..Self::default() };
        let mut operators: HashMap<String, u16> = HashMap::new();
        for (key, operator) in keys {
            match Operator::parse(operator) {
                Some(parsed) => {
                    if let Some(near) = target::suggestion(parsed.name) {
                        return Err(OptionError::new("keys", format!("'{key}': unknown operator '{operator}', did you mean '{near}'?")));
                    }
                    table.add(key, operator.trim_matches('%'), &parsed, &mut operators)?;
                }
                // As in a format: text with operators in it, or without any, is an attribute as it stands.
                None if operator.contains('%') => {
                    if table.keys.add(key) {
                        table.operators.push(None);
                    }
                }
                None => {
                    let hint = "write it as in Envoy's configuration: %REQ(:METHOD)%";
                    return Err(OptionError::new("keys", format!("'{key}': '{operator}' is no command operator, {hint}")));
                }
            }
        }
        for (key, operator) in built_in() {
            if let Some(parsed) = Operator::parse(&operator) {
                table.add(&key, &operator, &parsed, &mut operators)?;
            }
        }
        Ok(table)
    }

    fn add(&mut self, key: &str, text: &str, operator: &Operator<'_>, operators: &mut HashMap<String, u16>) -> Result<(), OptionError> {
        if !self.keys.add(key) {
            return Ok(());
        }
        if let Some(known) = operators.get(text) {
            self.operators.push(Some(*known));
            return Ok(());
        }
        let pattern = match operator.argument.filter(|_| is_time(operator)) {
            Some(pattern) if !pattern.is_empty() => Some(
                TimePattern::compile(pattern)
                    .map_err(|error| OptionError::new("keys", format!("'{key}': {}", error.message)).at(error.at))?,
            ),
            _ => None,
        };
        let target = Target::of(operator);
        let otherwise = Target::by_rule(operator);
        let names: Vec<u16> = target.writes().into_iter().map(|name| self.name_bit(name)).collect();
        let first = names.first().copied().unwrap_or_default();
        let is_client = target.role != Role::ForwardedFor && target.writes().iter().any(|name| name.bytes() == b"client.address");
        let slot = Slot {
            names: [first, names.get(1).copied().unwrap_or(first)],
            otherwise_name: self.name_bit(&otherwise.name),
            time_rank: match target.role {
                Role::Time if operator.name.starts_with("START_TIME") => 2,
                Role::Time => 1,
                _ => 0,
            },
            lesser: match target.role {
                Role::ForwardedFor => Some(Target { role: Role::Header, ..target.clone() }),
                Role::Time => Some(Target { role: Role::Text, ..target.clone() }),
                _ => None,
            },
            target,
            otherwise,
            pattern,
            is_client,
        };
        operators.insert(text.to_owned(), self.slots.len() as u16);
        self.operators.push(Some(self.slots.len() as u16));
        self.slots.push(slot);
        Ok(())
    }

    fn name_bit(&mut self, name: &Name) -> u16 {
        let next = self.names.len().min(NAMES_MAX - 1) as u16;
        *self.names.entry(name.bytes().into()).or_insert(next)
    }

    #[inline(always)]
    fn slot(&self, field: &Field) -> Option<&Slot> {
        let operator = (*self.operators.get(field.entry()?)?)?;
        self.slots.get(usize::from(operator))
    }

    /// Writes the record of a line: `frame` is the line, in which the fields lie. A line without any of the keys is none of Envoy's.
    #[inline(always)]
    pub(crate) fn write(&self, fields: &Fields, frame: Text<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
        let context = Context::of(self.zone, out);
        let (mut time, mut time_rank, mut time_field, mut has_client, mut is_envoy) = (0, 0, usize::MAX, false, false);
        for (position, field) in fields.fields().iter().enumerate() {
            let Some(slot) = self.slot(field) else { continue };
            is_envoy = true;
            has_client |= slot.is_client;
            if slot.time_rank > time_rank
                && let Some(found) = slot.time(field, frame, &context)
            {
                (time, time_rank, time_field) = (found, slot.time_rank, position);
            }
        }
        if !is_envoy {
            return Err(RejectReason::value("no key is one of Envoy's: name yours by the option keys", 0));
        }
        let keeps_original = out.keeps_original();
        let mut scratch = out.take_scratch();
        let mut result = Ok(());
        let mut rec = out.begin(time, 0, Text::EMPTY);
        if keeps_original {
            rec = rec.body(frame);
        }
        let mut line = Line { trace: Trace::default(), written: [0; NAMES_MAX / 64], has_client, dropped: fields.dropped() };
        for (position, field) in fields.fields().iter().enumerate() {
            let absent =
                matches!(field.kind(), Kind::Gone | Kind::Null) || (field.kind() == Kind::Text && write::is_absent(field.span(frame)));
            if absent || position == time_field {
                continue;
            }
            let Some(slot) = self.slot(field) else {
                rec = rec.apart(|rec| line.unknown(rec, self, fields, field, frame, &mut scratch, &mut result));
                continue;
            };
            let Some(target) = line.target(slot) else { continue };
            let value = match field.kind() {
                Kind::Text => field.span(frame),
                Kind::Escaped => field.resolve(frame, unescape, &mut scratch),
                Kind::Int => {
                    rec = write::number(rec, target, field.integer());
                    continue;
                }
                _ => {
                    rec = fields.attribute(rec, frame, Text::from(target.name.bytes()), field, unescape, &mut scratch, &mut result);
                    continue;
                }
            };
            rec = write::text(rec, target, value, &mut line.trace);
        }
        rec.dropped(line.dropped).finish(&line.trace.tail());
        out.give_scratch(scratch);
        result
    }
}

impl Slot {
    fn time(&self, field: &Field, frame: Text<'_>, context: &Context) -> Option<u64> {
        let text = field.span(frame);
        match (field.kind(), &self.pattern) {
            (Kind::Text, Some(pattern)) => pattern.parse(text.bytes(), context).ok().flatten(),
            (Kind::Text, None) => {
                let usual = <&[u8; 24]>::try_from(text.bytes()).ok().and_then(time::millis_z);
                usual.or_else(|| time::parse_in(text.bytes(), context.zone).ok()).or_else(|| time::epoch::parse(text.bytes()).ok())
            }
            (Kind::Int | Kind::Double, _) => time::epoch::parse(text.bytes()).ok(),
            _ => None,
        }
    }
}

/// What was written of a line so far.
struct Line {
    trace: Trace,
    /// The names, by their bits.
    written: [u64; NAMES_MAX / 64],
    has_client: bool,
    dropped: u32,
}

impl Line {
    /// Takes the names, unless one of them is taken.
    #[inline(always)]
    fn take(&mut self, names: &[u16]) -> bool {
        let bit = |name: u16| (usize::from(name) / 64 % (NAMES_MAX / 64), 1u64 << (name % 64));
        let free = names.iter().map(|name| bit(*name)).all(|(word, mask)| self.written[word] & mask == 0);
        if free {
            names.iter().map(|name| bit(*name)).for_each(|(word, mask)| self.written[word] |= mask);
        }
        free
    }

    /// Where the value goes: to its target, or where another key has written that, to its other one. `None` where that is taken too.
    #[inline(always)]
    fn target<'s>(&mut self, slot: &'s Slot) -> Option<&'s Target> {
        let is_lesser = slot.lesser.is_some() && (self.has_client || slot.target.role == Role::Time);
        let (target, names) = match &slot.lesser {
            Some(lesser) if is_lesser => (lesser, &slot.names[..1]),
            _ => (&slot.target, &slot.names[..]),
        };
        if self.take(names) {
            return Some(target);
        }
        if self.take(&[slot.otherwise_name]) {
            return Some(&slot.otherwise);
        }
        self.dropped += 1;
        None
    }

    /// A key of which nothing is known is kept as `envoy.<key>`.
    #[inline(never)]
    #[allow(clippy::too_many_arguments)] // what `attribute` takes, and the table
    fn unknown<'w>(
        &mut self,
        rec: RecordCursor<'w>,
        table: &JsonKeys,
        fields: &Fields,
        field: &Field,
        frame: Text<'_>,
        scratch: &mut Vec<u8>,
        result: &mut Result<(), RejectReason>,
    ) -> RecordCursor<'w> {
        let key = fields.name(frame, field);
        let mut name = Vec::with_capacity(PREFIX.len() + key.len());
        name.extend_from_slice(PREFIX);
        name.extend_from_slice(key.bytes());
        if let Some(bit) = table.names.get(name.as_slice())
            && !self.take(&[*bit])
        {
            self.dropped += 1;
            return rec;
        }
        fields.attribute(rec, frame, Text::from(name.as_slice()), field, unescape, scratch, result)
    }
}

const PREFIX: &[u8] = b"envoy.";

fn is_time(operator: &Operator<'_>) -> bool {
    operator.name.starts_with("START_TIME") || operator.name.starts_with("EMIT_TIME")
}

/// The keys that are known without being told: the operators of the table and the headers that it names, in small letters and
/// with underscores, and [`KEYS`].
fn built_in() -> Vec<(String, String)> {
    let mut keys: Vec<_> = KEYS.iter().map(|(key, operator)| ((*key).to_owned(), (*operator).to_owned())).collect();
    for field in FIELDS.iter().filter(|field| field.argument.is_empty()) {
        keys.push((field.operator.to_lowercase(), field.operator.to_owned()));
    }
    for field in FIELDS.iter().filter(|field| matches!(field.operator, "REQ" | "RESP" | "TRAILER")) {
        let operator = format!("{}({})", field.operator, field.argument);
        let header = field.argument.to_lowercase();
        keys.push((header.trim_start_matches(':').replace('-', "_"), operator.clone()));
        keys.push((header, operator));
    }
    keys
}
