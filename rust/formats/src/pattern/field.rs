//! One field of a pattern: `NAME`, `NAME:KIND`, `NAME=VALUE`.

use crate::{
    envoy::{Name, Role, Target},
    severity::Scale,
    template::{FieldSpec, Shape, TemplateError, TimeShape},
    time::TimePattern,
};

/// A part of a pattern.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    /// Text that stands as it is in every line.
    Literal(String),
    /// Blanks and tabs, one at least.
    Blanks,
    /// Blanks and tabs, or nothing.
    Padding,
    /// A value, and what becomes of it.
    Field(FieldSpec, Use),
    /// What every line of the pattern says without a word.
    Constant(Use, String),
}

/// What becomes of a value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Use {
    /// Nothing.
    Skip,
    /// The record's time.
    Time,
    /// The severity, as a word or, on a scale, a number.
    Severity(Option<Scale>),
    /// The body.
    Body,
    /// No value: the body begins here, and goes to the end of the line, whatever else is read from it.
    BodyStart,
    /// The event name.
    EventName,
    /// An attribute or a part of the trace, by a role.
    Target(Target),
    /// A double.
    Double(Name),
    /// `true` or `false`, also `yes`, `on`, `1` and their opposites.
    Bool(Name),
    /// `address(port)`, as PostgreSQL has it; the second name is the port's.
    Remote(Name, Name),
    /// `GET /path?query HTTP/1.1`; what is no such is an attribute of the name.
    Request(Name),
    /// `key=value` pairs, each an attribute.
    Pairs(Names),
    /// The members of an object of JSON, without its braces, likewise.
    Members(Names),
    /// `key=value|key=another`, likewise.
    Bars(Names),
    /// `key[value], key=[another]`, likewise.
    Brackets(Names),
    /// A code: an attribute as it is, and what it stands for, where that is known, as another one.
    Code(Name, Name, Vec<(String, String)>),
    /// A list of addresses, the nearest to the client first: the client's and, where they are several, a header of them all.
    Clients(Name),
    /// A list, its elements parted by this byte.
    List(Name, u8),
    /// An address in digits: where it stands first, a line that begins otherwise begins no record.
    Ip(Name),
    /// `?a=b`, without its mark.
    Query(Name),
    /// A quoted string, without its quotes and escapes.
    Quoted(Name),
}

/// The names of attributes whose keys stand in the line.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Names {
    /// What a name begins with.
    pub(super) prefix: String,
    /// Keys that have a name of their own.
    pub(super) renamed: Vec<(String, Renamed)>,
}

/// What a key is called instead.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Renamed {
    /// An attribute.
    Name(String),
    /// A list, its items parted by commas.
    List(String),
    /// An address, whose port stands apart.
    Address(Box<Target>),
}

impl Renamed {
    fn new(name: &str) -> Self {
        if let Some(name) = name.strip_suffix(":address") {
            return Self::Address(Box::new(two(Role::Address, Shape::Word, name, &port_of(name))));
        }
        name.strip_suffix("[]").map_or_else(|| Self::Name(name.to_owned()), |name| Self::List(name.to_owned()))
    }
}

impl Names {
    /// A prefix, `_` for none, and `key>attribute` for each key that has a name of its own; of `key>attribute:address` the port stands apart.
    fn new(prefix: &str, renamed: &str) -> Self {
        let pairs = renamed.split_whitespace().filter_map(|pair| pair.split_once('>'));
        let renamed = pairs.map(|(key, name)| (key.to_owned(), Renamed::new(name))).collect();
        Self { prefix: if prefix == "_" { String::new() } else { prefix.into() }, renamed }
    }
}

impl Use {
    /// Whether it is an id of a trace, or of a diagnostic context, which many lines lack.
    pub(crate) fn is_optional_id(&self) -> bool {
        let Self::Target(target) = self else { return false };
        matches!(target.role, Role::TraceId | Role::SpanId) || target.name.bytes().starts_with(b"java.mdc")
    }

    /// The attributes that it writes, as far as they are known beforehand.
    pub(super) fn names(&self) -> Vec<&[u8]> {
        match self {
            Self::Target(target) => target.writes().into_iter().map(Name::bytes).filter(|name| !name.is_empty()).collect(),
            Self::Double(name)
            | Self::Bool(name)
            | Self::Quoted(name)
            | Self::Query(name)
            | Self::Ip(name)
            | Self::Clients(name)
            | Self::List(name, _) => {
                vec![name.bytes()]
            }
            Self::Code(code, meaning, _) => vec![code.bytes(), meaning.bytes()],
            Self::Remote(address, port) => vec![address.bytes(), port.bytes()],
            Self::Time => vec![b"time"],
            Self::Severity(_) => vec![b"severity"],
            Self::Body | Self::BodyStart => vec![b"body"],
            Self::EventName => vec![b"event_name"],
            Self::Skip | Self::Request(_) | Self::Pairs(_) | Self::Members(_) | Self::Bars(_) | Self::Brackets(_) => vec![],
        }
    }
}

/// The kinds: how the values of an attribute look and what becomes of them.
const KINDS: &[(&str, Shape, Role)] = &[
    ("", Shape::Any, Role::Text),
    ("word", Shape::Word, Role::Text),
    ("id", Shape::Identifier, Role::Text),
    ("sqlstate", Shape::SqlState, Role::Text),
    ("class", Shape::ClassName, Role::Text),
    ("name", Shape::Unbracketed, Role::Text),
    ("thread", Shape::Thread, Role::Text),
    ("channel", Shape::Channel, Role::Text),
    ("target", Shape::RustPath, Role::Text),
    ("spans", Shape::Identifier, Role::Text),
    ("int", Shape::Unsigned, Role::Int),
    ("signed", Shape::Signed, Role::Int),
    ("signed_status", Shape::Signed, Role::Status),
    ("status", Shape::Unsigned, Role::Status),
    ("list", Shape::Any, Role::Header),
    ("escaped", Shape::Escaped, Role::Text),
    ("header", Shape::Escaped, Role::Header),
    ("host", Shape::Host, Role::Text),
    ("addresses", Shape::Addresses, Role::Header),
    ("forwarded", Shape::AddressList, Role::ForwardedFor),
    ("path", Shape::Identifier, Role::Path),
    ("protocol", Shape::Protocol, Role::Protocol),
    ("version", Shape::Word, Role::Protocol),
    ("address", Shape::Word, Role::Address),
    ("tls", Shape::Word, Role::TlsVersion),
    ("upper", Shape::Identifier, Role::UpperHex),
    ("grpc", Shape::Identifier, Role::GrpcStatus),
];

/// Compiles the text between the braces of a field that stands at byte `at` of its pattern.
pub(crate) fn parse(text: &str, at: usize) -> Result<Part, TemplateError> {
    if let Some((name, value)) = text.split_once('=').filter(|(name, _)| !name.contains(':')) {
        return Ok(Part::Constant(of_constant(name), value.into()));
    }
    let (name, kind) = text.split_once(':').unwrap_or((text, ""));
    let error = |message: String, place: usize| TemplateError { message, at: at + place };
    if name.is_empty() {
        return Err(error("a field needs a name, or `_` for a value that is left out".into(), 0));
    }
    let field = |shape, used| Part::Field(FieldSpec { shape, time: None, cut_bytes: None, at }, used);
    if text == "body>" {
        return Ok(Part::Field(FieldSpec::nothing(), Use::BodyStart));
    }
    if name == "time" {
        return time(kind, at).map(|spec| Part::Field(spec, Use::Time)).map_err(|(what, place)| error(what, 5 + place));
    }
    if let Some(pattern) = kind.strip_prefix("time ") {
        let (spec, used) = (time(pattern, at).map_err(|(what, place)| error(what, name.len() + 6 + place))?, of_name(name, Shape::Any));
        return Ok(Part::Field(spec, used));
    }
    let scale = match (name, kind) {
        ("severity", "") => return Ok(field(Shape::Identifier, Use::Severity(None))),
        ("severity", "level") => Some(Scale::Level),
        ("severity", "syslog") => Some(Scale::Severity),
        ("severity", "python") => Some(Scale::Python),
        _ => None,
    };
    if scale.is_some() {
        return Ok(field(Shape::Signed, Use::Severity(scale)));
    }
    Ok(match kind {
        "double" => field(Shape::Double, if name == "_" { Use::Skip } else { Use::Double(Name::new(name)) }),
        "bool" => field(Shape::Word, Use::Bool(Name::new(name))),
        "request" => field(Shape::Any, Use::Request(Name::new(if name == "request" { "url.original" } else { name }))),
        "clients" => field(Shape::Addresses, Use::Clients(Name::new(name))),
        "ip" => field(Shape::Word, Use::Ip(Name::new(name))),
        "query" => field(Shape::Identifier, Use::Query(Name::new(name))),
        "commas" => field(Shape::Any, Use::List(Name::new(name), b',')),
        "pipes" => field(Shape::Any, Use::List(Name::new(name), b'|')),
        "remote" => field(Shape::Word, Use::Remote(Name::new(name), Name::new(&port_of(name)))),
        "pairs" => field(Shape::Any, Use::Pairs(Names::new(name, ""))),
        "members" => field(Shape::Any, Use::Members(Names::new(name, ""))),
        "brackets" => field(Shape::Any, Use::Brackets(Names::new(name, ""))),
        _ if kind.starts_with("code ") => {
            let mut words = kind.split_whitespace().skip(1);
            let meaning = Name::new(words.next().unwrap_or_default());
            let known = words.filter_map(|word| word.split_once('>')).map(|(code, means)| (code.to_owned(), means.to_owned()));
            field(Shape::Word, Use::Code(Name::new(name), meaning, known.collect()))
        }
        _ if kind.starts_with("members ") => field(Shape::Any, Use::Members(Names::new(name, kind.get(8..).unwrap_or_default()))),
        _ if kind.starts_with("pairs ") => field(Shape::Any, Use::Pairs(Names::new(name, kind.get(6..).unwrap_or_default()))),
        _ if kind.starts_with("bars ") => field(Shape::Any, Use::Bars(Names::new(name, kind.get(5..).unwrap_or_default()))),
        _ if kind.starts_with("brackets ") => field(Shape::Any, Use::Brackets(Names::new(name, kind.get(9..).unwrap_or_default()))),
        "quoted" => field(Shape::Quoted, if name == "_" { Use::Skip } else { Use::Quoted(Name::new(name)) }),
        _ => {
            let Some(&(_, shape, role)) = KINDS.iter().find(|(known, ..)| *known == kind) else {
                return Err(error(format!("unknown kind '{kind}'"), name.len() + 1));
            };
            let used = match (name, role) {
                ("_" | "body" | "event_name" | "trace_id" | "span_id" | "traceparent", _) => of_name(name, shape),
                (_, Role::Path) => Use::Target(two(role, shape, name, "url.query")),
                (_, Role::Protocol) => Use::Target(two(role, shape, name, "network.protocol.name")),
                (_, Role::ForwardedFor) => Use::Target(two(role, shape, name, "client.address")),
                (_, Role::Address) => Use::Target(two(role, shape, name, &port_of(name))),
                _ => Use::Target(Target::new(role, shape, name)),
            };
            field(shape, used)
        }
    })
}

fn two(role: Role, shape: Shape, name: &str, second: &str) -> Target {
    Target { second: Name::new(second), ..Target::new(role, shape, name) }
}

/// `client.address` has its port in `client.port`.
pub(super) fn port_of(name: &str) -> String {
    name.strip_suffix(".address").map_or_else(|| format!("{name}.port"), |side| format!("{side}.port"))
}

fn of_name(name: &str, shape: Shape) -> Use {
    match name {
        "_" => Use::Skip,
        "body" => Use::Body,
        "event_name" => Use::EventName,
        "trace_id" => Use::Target(Target::new(Role::TraceId, shape, "trace_id")),
        "span_id" => Use::Target(Target::new(Role::SpanId, shape, "span_id")),
        "traceparent" => Use::Target(Target::new(Role::Traceparent, shape, "traceparent")),
        name => Use::Target(Target::new(Role::Text, shape, name)),
    }
}

fn of_constant(name: &str) -> Use {
    if name == "severity" { Use::Severity(None) } else { of_name(name, Shape::Any) }
}

/// `iso`, `epoch`, or a strftime pattern; a message and its place where it is none.
fn time(pattern: &str, at: usize) -> Result<FieldSpec, (String, usize)> {
    let time = match pattern {
        "" | "iso" => TimeShape::Iso,
        "epoch" => TimeShape::Epoch,
        _ => TimeShape::Pattern(TimePattern::compile(pattern).map_err(|e| (e.message, e.at))?),
    };
    Ok(FieldSpec { shape: Shape::Time, time: Some(time), cut_bytes: None, at })
}
