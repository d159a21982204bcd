//! Lines in a pattern of the user's own: what becomes of the pieces that it captures. Shared by `regex`, `grok` and `dissect`.

pub(crate) mod dissect;
mod engine;
pub(crate) mod grok;
mod groups;
mod library;
mod library_names;
mod pieces;
mod syntax;
mod write;

use logloom_record::nearest;

use crate::{
    OptionDoc, OptionError, Options,
    fields::{Dialect, RANK_USER, Role, WEAK},
    severity::Scale,
    time::{TimePattern, Zone},
};

pub(crate) use engine::{Pattern, compile_all, read_any};
pub(crate) use groups::Groups;
pub(crate) use pieces::{Piece, interned, split};

/// The options that the three formats share.
pub(crate) const KEYS: OptionDoc = OptionDoc {
    name: "keys",
    doc: "map: the names of your pattern to what they say: time, severity, body, trace_id, span_id, trace_flags, event_name, or the name of the \
          attribute to write (`usr: user.name`); without it, the names that the common logging libraries use are known",
};
pub(crate) const TYPES: OptionDoc = OptionDoc {
    name: "types",
    doc: "map: the names of your pattern to the type of their value: int, double, bool, list (parted by commas) or string",
};
pub(crate) const TIME_FORMAT: OptionDoc = OptionDoc {
    name: "time_format",
    doc: "string: how the time is written: a strftime pattern (`%d/%b/%Y %H:%M:%S`), a Java pattern (`dd/MMM/yyyy HH:mm:ss`), a Go layout \
          (`02/Jan/2006 15:04:05`), `iso` or `epoch`; without it, the usual shapes are told apart",
};
pub(crate) const TIME_KEY: OptionDoc =
    OptionDoc { name: "time_key", doc: "string: the name of your pattern that holds the time; short for `keys: {NAME: time}`" };
pub(crate) const SAMPLE: OptionDoc = OptionDoc {
    name: "sample",
    doc: "string: a line that the pattern must match; where it does not, the configuration is refused with the place at which the line stops matching",
};

/// How a captured text is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Kind {
    #[default]
    Text,
    Int,
    Double,
    Bool,
    /// A list of texts, parted by commas.
    List,
    /// A list of one text, as the conventions have headers.
    Header,
}

impl Kind {
    /// The kind of that name, in the words of grok, dissect, fluentd and others.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "string" | "str" | "text" | "keyword" => Self::Text,
            "int" | "integer" | "long" => Self::Int,
            "double" | "float" | "number" => Self::Double,
            "bool" | "boolean" => Self::Bool,
            "list" | "array" => Self::List,
            "header" => Self::Header,
            _ => return None,
        })
    }

    fn named(word: &str) -> Result<Self, String> {
        const NAMES: [&str; 5] = ["int", "double", "bool", "list", "string"];
        Self::parse(word).ok_or_else(|| {
            let hint =
                nearest(word, &NAMES).map_or_else(|| format!("types are {}", NAMES.join(", ")), |near| format!("did you mean '{near}'?"));
            format!("there is no type '{word}', {hint}")
        })
    }
}

/// What a captured text says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    Attribute,
    Time,
    Severity(Scale),
    Body,
    TraceId,
    SpanId,
    TraceFlags,
    Traceparent,
    EventName,
}

/// One captured piece.
#[derive(Debug)]
pub(crate) struct Slot {
    /// The name of the attribute.
    name: String,
    /// The name in the pattern: that of a text where the conventions have `name` as an integer.
    own: String,
    kind: Kind,
    says: Use,
    /// How surely it says it.
    rank: u8,
    /// The first slot of the same name: where a pattern has a name twice, the first that is there is written.
    first: u16,
}

/// What becomes of all pieces.
#[derive(Debug)]
pub(crate) struct Plan {
    slots: Vec<Slot>,
    /// The slots that may be more than an attribute, the surest first.
    heads: Vec<u16>,
    time: Option<TimePattern>,
    zone: Zone,
}

/// The most names of a pattern: each has a bit.
pub(crate) const NAMES_MAX: usize = 512;

/// A name of a pattern with the type that it gives.
#[derive(Clone, Debug)]
pub(crate) struct Captured {
    pub(crate) name: String,
    pub(crate) kind: Option<Kind>,
}

impl Captured {
    /// Reads `name`, `name:type` and, where a tool allows no colon in a name, `name__type`. `[a][b]` is `a.b`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (name, kind) = match text.split_once(':') {
            Some((name, kind)) => (name, Some(Kind::named(kind)?)),
            None => match text.rsplit_once("__").and_then(|(name, kind)| Some((name, Kind::parse(kind)?))) {
                Some((name, kind)) if !name.is_empty() => (name, Some(kind)),
                _ => (text, None),
            },
        };
        Ok(Self { name: dotted(name), kind })
    }
}

/// `[http][request][method]` as `http.request.method`.
pub(crate) fn dotted(name: &str) -> String {
    match name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(inner) => inner.replace("][", "."),
        None => name.to_owned(),
    }
}

impl Plan {
    /// What the options say of the names of a pattern.
    pub(crate) fn compile(names: &[Captured], options: &Options) -> Result<Self, OptionError> {
        if names.len() > NAMES_MAX {
            return Err(OptionError::new("pattern", format!("at most {NAMES_MAX} names, not {}", names.len())));
        }
        let mut keys = options.map(KEYS.name)?.unwrap_or_default().to_vec();
        if let Some(key) = options.str(TIME_KEY.name)? {
            keys.push((key.to_owned(), "time".to_owned()));
        }
        let types = options.map(TYPES.name)?.unwrap_or_default();
        for (option, name) in types.iter().map(|(name, _)| (TYPES.name, name)).chain(keys.iter().map(|(name, _)| (KEYS.name, name))) {
            if !names.iter().any(|known| known.name == *name) {
                let known: Vec<_> = names.iter().map(|known| known.name.as_str()).collect();
                let hint =
                    nearest(name, &known).map_or_else(|| format!("it has {}", known.join(", ")), |near| format!("did you mean '{near}'?"));
                return Err(OptionError::new(option, format!("'{name}': the pattern has no such name, {hint}")));
            }
        }
        let dialect = Dialect::compile(&keys)?;
        let mut slots: Vec<Slot> = Vec::with_capacity(names.len());
        for captured in names {
            let mut slot = slot(captured, &dialect);
            if let Some((name, kind)) = types.iter().find(|(name, _)| *name == captured.name) {
                let word = kind.split_once(':').map_or(kind.as_str(), |(word, _)| word);
                slot.kind = Kind::named(word).map_err(|message| OptionError::new(TYPES.name, format!("'{name}': {message}")))?;
            }
            slot.first = slots.iter().position(|before| before.name == slot.name).unwrap_or(slots.len()) as u16;
            slots.push(slot);
        }
        let mut heads: Vec<u16> =
            (0..slots.len() as u16).filter(|at| slots.get(usize::from(*at)).is_some_and(|slot| slot.says != Use::Attribute)).collect();
        heads.sort_by_key(|at| std::cmp::Reverse(slots.get(usize::from(*at)).map_or(0, |slot| slot.rank)));
        let time = options.str(TIME_FORMAT.name)?.map(TimePattern::compile_any).transpose();
        let time = time.map_err(|error| OptionError::new(TIME_FORMAT.name, error.message).at(error.at))?;
        if let (Some(pattern), Some(text)) = (&time, options.str(TIME_FORMAT.name)?)
            && !pattern.names_a_moment()
        {
            return Err(OptionError::new(TIME_FORMAT.name, format!("'{text}' names no moment: it needs a date or a time of day")));
        }
        Ok(Self { slots, heads, time, zone: options.zone()? })
    }
}

fn slot(captured: &Captured, dialect: &Dialect) -> Slot {
    let kind = captured.kind.unwrap_or_default();
    let mut slot = Slot { name: captured.name.clone(), own: captured.name.clone(), kind, says: Use::Attribute, rank: 0, first: 0 };
    let Some((role, rank)) = dialect.says(&captured.name).filter(|(_, rank)| *rank >= WEAK) else { return slot };
    slot.rank = rank;
    slot.says = match role {
        Role::Time | Role::CompactTime => Use::Time,
        Role::Severity | Role::PythonSeverity => Use::Severity(if captured.name == "severity" { Scale::Severity } else { Scale::Level }),
        Role::PythonLevel => Use::Severity(Scale::Python),
        Role::CloudSeverity | Role::SyslogSeverity => Use::Severity(Scale::Severity),
        Role::SeverityNumber => Use::Severity(Scale::OpenTelemetry),
        Role::Body => Use::Body,
        Role::TraceId | Role::DatadogTraceId => Use::TraceId,
        Role::SpanId | Role::DatadogSpanId => Use::SpanId,
        Role::TraceFlags => Use::TraceFlags,
        Role::Traceparent => Use::Traceparent,
        Role::EventName => Use::EventName,
        Role::Attribute(target) => {
            target.name().clone_into(&mut slot.name);
            if target.is_integer() && captured.kind.is_none() {
                slot.kind = Kind::Int;
            }
            Use::Attribute
        }
        Role::Thread => {
            if kind == Kind::Int { "thread.id" } else { "thread.name" }.clone_into(&mut slot.name);
            Use::Attribute
        }
        // What the table names for keys of JSON may ask for more than a name.
        Role::Named(n, _) if rank == RANK_USER => {
            dialect.attribute(n).unwrap_or(&captured.name).clone_into(&mut slot.name);
            Use::Attribute
        }
        _ => Use::Attribute,
    };
    slot
}
