//! Values that statements compute. What a converter does is told in the Collector's
//! [ottlfuncs](https://github.com/open-telemetry/opentelemetry-collector-contrib/blob/main/pkg/ottl/ottlfuncs/README.md).

use chrono::{Datelike as _, Timelike as _};
use logloom_record::expr::{Call, Computed, Context, Step};
use md5::{Digest as _, Md5};
use regex::Regex;
use ring::digest;
use vrl::{
    path::OwnedSegment,
    prelude::NotNan,
    value::{ObjectMap, Value},
};

use super::{
    Path, Room, StatementError,
    functions::{
        concat, convert_case, digested, hexed, index, int, len, log, math, nanos, object, parse_int, parse_json, parse_key_value,
        slice_to_map, substring, text, time, to_bool, to_double, to_int, to_string, trim, unix,
    },
    further, wrong,
};
use crate::transform::{fields::hex, values};

/// The most bytes that a computed text may have.
const TEXT_BYTES_MAX: usize = 1 << 20;
/// The most memory that one pattern may take, in bytes.
const PATTERN_BYTES_MAX: usize = 1 << 20;

/// What is computed.
#[derive(Clone, Debug)]
pub(super) enum Term {
    Const(Value),
    Path(Path),
    List(Vec<Self>),
    Map(Vec<(String, Self)>),
    Math(Box<Self>, char, Box<Self>),
    Call(Converter, Vec<Self>, Vec<OwnedSegment>),
    /// The named groups of a pattern.
    Extract(Box<Self>, Regex, Vec<OwnedSegment>),
    /// Whether a pattern is found.
    IsMatch(Box<Self>, Regex),
}

pub(super) type Converter = fn(&[Value]) -> Result<Value, String>;

/// Name, parameters, how many of them must be given, and what it does.
const CONVERTERS: [(&str, &[&str], usize, Converter); 71] = [
    ("Base64Decode", &["value"], 1, |a| further::decode(&a[0], &"base64".into())),
    ("Base64Encode", &["value", "variant"], 1, |a| further::encode(&a[0], &a[1])),
    ("Bool", &["value"], 1, |a| to_bool(&a[0])),
    ("Coalesce", &["values"], 1, |a| further::coalesce(&a[0])),
    ("Concat", &["vals", "delimiter"], 2, |a| concat(&a[0], &a[1])),
    ("ContainsValue", &["target", "item"], 2, |a| further::contains(&a[0], &a[1])),
    ("ConvertCase", &["target", "toCase"], 2, |a| convert_case(&a[0], &a[1])),
    ("Day", &["time"], 1, |a| Ok(further::moment(&a[0])?.day().into())),
    ("Decode", &["value", "encoding"], 2, |a| further::decode(&a[0], &a[1])),
    ("Double", &["value"], 1, |a| Ok(to_double(&a[0]))),
    ("Duration", &["duration"], 1, |a| further::duration(&a[0])),
    ("FNV", &["value"], 1, |a| further::fnv(&a[0])),
    ("FormatTime", &["time", "format"], 2, |a| further::format_time(&a[0], &a[1])),
    ("HasPrefix", &["value", "prefix"], 2, |a| Ok(text(&a[0])?.starts_with(&*text(&a[1])?).into())),
    ("HasSuffix", &["value", "suffix"], 2, |a| Ok(text(&a[0])?.ends_with(&*text(&a[1])?).into())),
    ("Hex", &["value"], 1, |a| hexed(&a[0])),
    ("Hour", &["time"], 1, |a| Ok(further::moment(&a[0])?.hour().into())),
    ("Hours", &["duration"], 1, |a| further::in_units(&a[0], 3_600_000_000_000)),
    ("Index", &["target", "value"], 2, |a| index(&a[0], &a[1])),
    ("Int", &["value"], 1, |a| Ok(to_int(&a[0]))),
    ("IsBool", &["value"], 1, |a| Ok(a[0].is_boolean().into())),
    ("IsDouble", &["value"], 1, |a| Ok(a[0].is_float().into())),
    ("IsInCIDR", &["target", "networks"], 2, |a| further::is_in_cidr(&a[0], &a[1])),
    ("IsInt", &["value"], 1, |a| Ok(a[0].is_integer().into())),
    ("IsList", &["value"], 1, |a| Ok(a[0].is_array().into())),
    ("IsMap", &["value"], 1, |a| Ok(a[0].is_object().into())),
    ("IsString", &["value"], 1, |a| Ok(values::text(&a[0]).is_some().into())),
    ("IsValidLuhn", &["value"], 1, |a| further::is_valid_luhn(&a[0])),
    ("Keys", &["target"], 1, |a| Ok(Value::Array(object(&a[0])?.keys().map(|key| key.as_str().into()).collect()))),
    ("Len", &["target"], 1, |a| len(&a[0])),
    ("Log", &["value"], 1, |a| log(&a[0])),
    ("MD5", &["value"], 1, |a| Ok(hex(&Md5::digest(text(&a[0])?.as_bytes())).into())),
    ("Microseconds", &["duration"], 1, |a| Ok((int(&a[0])? / 1_000).into())),
    ("Milliseconds", &["duration"], 1, |a| Ok((int(&a[0])? / 1_000_000).into())),
    ("Minute", &["time"], 1, |a| Ok(further::moment(&a[0])?.minute().into())),
    ("Minutes", &["duration"], 1, |a| further::in_units(&a[0], 60_000_000_000)),
    ("Month", &["time"], 1, |a| Ok(further::moment(&a[0])?.month().into())),
    ("Nanosecond", &["time"], 1, |a| Ok(further::moment(&a[0])?.nanosecond().into())),
    ("Nanoseconds", &["duration"], 1, |a| Ok(int(&a[0])?.into())),
    ("Now", &[], 0, |_| Ok(Value::Timestamp(std::time::SystemTime::now().into()))),
    ("ParseInt", &["target", "base"], 2, |a| parse_int(&a[0], &a[1])),
    ("ParseJSON", &["target"], 1, |a| parse_json(&a[0])),
    ("ParseKeyValue", &["target", "delimiter", "pair_delimiter"], 1, |a| parse_key_value(&a[0], &a[1], &a[2])),
    ("SHA1", &["value"], 1, |a| digested(&digest::SHA1_FOR_LEGACY_USE_ONLY, &a[0])),
    ("SHA256", &["value"], 1, |a| digested(&digest::SHA256, &a[0])),
    ("SHA512", &["value"], 1, |a| digested(&digest::SHA512, &a[0])),
    ("Second", &["time"], 1, |a| Ok(further::moment(&a[0])?.second().into())),
    ("Seconds", &["duration"], 1, |a| further::in_units(&a[0], 1_000_000_000)),
    ("SliceToMap", &["target", "keyPath"], 2, |a| slice_to_map(&a[0], &a[1])),
    ("Split", &["target", "delimiter"], 2, |a| Ok(Value::Array(text(&a[0])?.split(&*text(&a[1])?).map(Value::from).collect()))),
    ("String", &["value"], 1, |a| to_string(&a[0])),
    ("Substring", &["target", "start", "length"], 3, |a| substring(&a[0], &a[1], &a[2])),
    ("Time", &["target", "format"], 2, |a| time(&a[0], &a[1])),
    ("ToCamelCase", &["target"], 1, |a| convert_case(&a[0], &"camel".into())),
    ("ToKeyValueString", &["target", "delimiter", "pair_delimiter", "sort_output"], 1, |a| further::to_key_value(&a[0], &a[1], &a[2])),
    ("ToLowerCase", &["target"], 1, |a| Ok(text(&a[0])?.to_lowercase().into())),
    ("ToSnakeCase", &["target"], 1, |a| convert_case(&a[0], &"snake".into())),
    ("ToUpperCase", &["target"], 1, |a| Ok(text(&a[0])?.to_uppercase().into())),
    ("Trim", &["target", "replacement"], 1, |a| trim(&a[0], &a[1])),
    ("TrimPrefix", &["value", "prefix"], 2, |a| Ok(text(&a[0])?.strip_prefix(&*text(&a[1])?).map_or_else(|| a[0].clone(), Value::from))),
    ("TrimSuffix", &["value", "suffix"], 2, |a| Ok(text(&a[0])?.strip_suffix(&*text(&a[1])?).map_or_else(|| a[0].clone(), Value::from))),
    ("TruncateTime", &["time", "duration"], 2, |a| further::truncate_time(&a[0], &a[1])),
    ("URL", &["url_string"], 1, |a| further::url(&a[0])),
    ("Unix", &["seconds", "nanoseconds"], 1, |a| unix(&a[0], &a[1])),
    ("UnixMicro", &["value"], 1, |a| Ok((nanos(&a[0])? / 1_000).into())),
    ("UnixMilli", &["value"], 1, |a| Ok((nanos(&a[0])? / 1_000_000).into())),
    ("UnixNano", &["value"], 1, |a| Ok(nanos(&a[0])?.into())),
    ("UnixSeconds", &["value"], 1, |a| Ok((nanos(&a[0])? / 1_000_000_000).into())),
    ("Values", &["target"], 1, |a| Ok(Value::Array(object(&a[0])?.values().cloned().collect()))),
    ("Weekday", &["time"], 1, |a| Ok(further::moment(&a[0])?.weekday().num_days_from_sunday().into())),
    ("Year", &["time"], 1, |a| Ok(further::moment(&a[0])?.year().into())),
];

/// The arguments of a call in the order of its parameters.
pub(super) fn ordered<'c>(call: &'c Call, parameters: &[&str], needed: usize) -> Result<Vec<Option<&'c Computed>>, StatementError> {
    let mut ordered = vec![None; parameters.len()];
    for (at, (name, argument)) in call.arguments.iter().enumerate() {
        let place = name.as_ref().map_or(Some(at), |name| parameters.iter().position(|parameter| parameter == name));
        match place.and_then(|place| ordered.get_mut(place)) {
            Some(slot) => *slot = Some(argument),
            None => return Err(wrong(call.at, format!("{} takes ({})", call.name, parameters.join(", ")))),
        }
    }
    match ordered.iter().take(needed).position(Option::is_none) {
        Some(lacking) => {
            let lacking = parameters.get(lacking).copied().unwrap_or_default();
            Err(wrong(call.at, format!("{} lacks its '{lacking}': it takes ({})", call.name, parameters.join(", "))))
        }
        None => Ok(ordered),
    }
}

/// A constant pattern, bounded.
pub(super) fn pattern(argument: Option<&Computed>, at: usize) -> Result<Regex, StatementError> {
    let Some(Computed::Text(text)) = argument else { return Err(wrong(at, "a pattern is a text in quotes")) };
    compiled(text, at)
}

pub(super) fn compiled(text: &str, at: usize) -> Result<Regex, StatementError> {
    let built = regex::RegexBuilder::new(text).size_limit(PATTERN_BYTES_MAX).dfa_size_limit(PATTERN_BYTES_MAX).build();
    built.map_err(|error| wrong(at, format!("the pattern '{text}': {}", error.to_string().lines().last().unwrap_or_default())))
}

/// The converter with this name that takes one text.
pub(super) fn named(name: &str) -> Option<Converter> {
    CONVERTERS.iter().find(|row| row.0 == name && row.2 == 1).map(|row| row.3)
}

fn segments(steps: &[Step]) -> Vec<OwnedSegment> {
    let segment = |step: &Step| match step {
        Step::Key(key) => OwnedSegment::field(&String::from_utf8_lossy(key)),
        Step::Index(index) => OwnedSegment::index(*index as isize),
    };
    steps.iter().map(segment).collect()
}

impl Term {
    pub(super) fn of(computed: &Computed, context: Context, paths: &mut Vec<Path>) -> Result<Self, StatementError> {
        Ok(match computed {
            Computed::Nil => Self::Const(Value::Null),
            Computed::Text(text) => Self::Const(text.as_str().into()),
            Computed::Int(value) => Self::Const((*value).into()),
            Computed::Double(value) => Self::Const(NotNan::new(*value).map_or(Value::Null, Value::Float)),
            Computed::Bool(value) => Self::Const((*value).into()),
            Computed::Path(path) => match path.names.as_slice() {
                [name] if path.steps.is_empty() && name.starts_with("SEVERITY_NUMBER_") => {
                    Self::Const(severity(name).ok_or_else(|| wrong(path.at, format!("'{name}' is no severity")))?.into())
                }
                _ => {
                    let path = Path::of(path, context)?;
                    paths.push(path.clone());
                    Self::Path(path)
                }
            },
            Computed::List(items) => Self::List(items.iter().map(|item| Self::of(item, context, paths)).collect::<Result<_, _>>()?),
            Computed::Map(pairs) => {
                let pairs = pairs.iter().map(|(key, value)| Ok((key.clone(), Self::of(value, context, paths)?)));
                Self::Map(pairs.collect::<Result<_, StatementError>>()?)
            }
            Computed::Math(left, sign, right) => {
                Self::Math(Box::new(Self::of(left, context, paths)?), *sign, Box::new(Self::of(right, context, paths)?))
            }
            Computed::Call(call) => Self::call(call, context, paths)?,
        })
    }

    fn call(call: &Call, context: Context, paths: &mut Vec<Path>) -> Result<Self, StatementError> {
        if call.name == "ExtractPatterns" || call.name == "IsMatch" {
            let arguments = ordered(call, &["target", "pattern"], 2)?;
            let pattern = pattern(arguments.get(1).copied().flatten(), call.at)?;
            let target = Box::new(Self::of(arguments.first().copied().flatten().unwrap_or(&Computed::Nil), context, paths)?);
            return Ok(if call.name == "IsMatch" {
                Self::IsMatch(target, pattern)
            } else {
                Self::Extract(target, pattern, segments(&call.steps))
            });
        }
        let Some((_, parameters, needed, converter)) = CONVERTERS.iter().find(|row| row.0 == call.name) else {
            let names: Vec<_> = CONVERTERS.iter().map(|row| row.0).chain(["ExtractPatterns", "IsMatch"]).collect();
            let hint = logloom_record::nearest(&call.name, &names)
                .map_or_else(|| format!("there are {}", names.join(", ")), |near| format!("did you mean '{near}'?"));
            return Err(wrong(call.at, format!("the converter '{}' has no counterpart here: {hint}", call.name)));
        };
        let arguments = ordered(call, parameters, *needed)?;
        let arguments = arguments.into_iter().map(|argument| Self::of(argument.unwrap_or(&Computed::Nil), context, paths));
        Ok(Self::Call(*converter, arguments.collect::<Result<_, _>>()?, segments(&call.steps)))
    }

    pub(super) fn eval(&self, room: &Room<'_, '_>) -> Result<Value, String> {
        Ok(match self {
            Self::Const(value) => value.clone(),
            Self::Path(path) => room.get(path),
            Self::List(items) => Value::Array(items.iter().map(|item| item.eval(room)).collect::<Result<_, _>>()?),
            Self::Map(pairs) => {
                let pairs = pairs.iter().map(|(key, value)| Ok((key.as_str().into(), value.eval(room)?)));
                Value::Object(pairs.collect::<Result<_, String>>()?)
            }
            Self::Math(left, sign, right) => math(&left.eval(room)?, *sign, &right.eval(room)?)?,
            Self::Call(converter, arguments, steps) => {
                let arguments: Vec<_> = arguments.iter().map(|argument| argument.eval(room)).collect::<Result<_, _>>()?;
                taken(bounded(converter(&arguments)?)?, steps)
            }
            Self::Extract(target, pattern, steps) => {
                let target = target.eval(room)?;
                let target = text(&target)?;
                let mut found = ObjectMap::new();
                if let Some(groups) = pattern.captures(&target) {
                    for name in pattern.capture_names().flatten() {
                        found.insert(name.into(), groups.name(name).map_or("", |group| group.as_str()).into());
                    }
                }
                taken(Value::Object(found), steps)
            }
            Self::IsMatch(target, pattern) => match target.eval(room)? {
                Value::Null => false.into(),
                other => pattern.is_match(&text(&to_string(&other)?)?).into(),
            },
        })
    }
}

fn taken(value: Value, steps: &[OwnedSegment]) -> Value {
    if steps.is_empty() { value } else { value.get(steps).cloned().unwrap_or(Value::Null) }
}

fn bounded(value: Value) -> Result<Value, String> {
    match values::text(&value) {
        Some(text) if text.len() > TEXT_BYTES_MAX => Err(format!("a text of more than {TEXT_BYTES_MAX} bytes")),
        _ => Ok(value),
    }
}

fn severity(name: &str) -> Option<i64> {
    let name = name.strip_prefix("SEVERITY_NUMBER_")?;
    let (base, step) = match name.as_bytes().last() {
        Some(digit @ b'2'..=b'4') => (name.get(..name.len() - 1)?, i64::from(digit - b'1')),
        _ => (name, 0),
    };
    let at = ["UNSPECIFIED", "TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"].iter().position(|known| *known == base)? as i64;
    if at == 0 { (step == 0).then_some(0) } else { Some((at - 1) * 4 + 1 + step) }
}
