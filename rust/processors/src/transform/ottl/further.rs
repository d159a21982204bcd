//! Converters of times, encodings and addresses. A duration is its nanoseconds.

use std::{
    fmt::Write as _,
    net::{IpAddr, Ipv6Addr},
};

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use chrono::{DateTime, Utc};
use encoding_rs::Encoding;
use vrl::value::{ObjectMap, Value};

use super::functions::{int, kind, object, text, to_string};
use crate::transform::values;

pub(super) fn moment(value: &Value) -> Result<DateTime<Utc>, String> {
    if let Value::Timestamp(time) = value { Ok(*time) } else { Err(format!("expected a time, not {}", kind(value))) }
}

/// Go's form: `1h30m`, `-1.5s`, `300ms`.
pub(super) fn duration(value: &Value) -> Result<Value, String> {
    const UNITS: [(&str, f64); 8] =
        [("ns", 1.0), ("us", 1e3), ("\u{b5}s", 1e3), ("\u{3bc}s", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 60e9), ("h", 3600e9)];
    let whole = text(value)?;
    let wrong = || format!("'{whole}' is no duration, such as 1h30m or 250ms");
    let (sign, mut rest) = match whole.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, whole.strip_prefix('+').unwrap_or(&whole)),
    };
    if rest == "0" {
        return Ok(0.into());
    }
    let mut nanos = 0.0;
    loop {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, unit) = rest.split_at_checked(digits).ok_or_else(wrong)?;
        let letters = unit.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(unit.len());
        let (unit, left) = unit.split_at_checked(letters).ok_or_else(wrong)?;
        let factor = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?.1;
        nanos += number.parse::<f64>().map_err(|_| wrong())? * factor;
        rest = left;
        if rest.is_empty() {
            break;
        }
    }
    let nanos = sign * nanos;
    if nanos.abs() < 9.2e18 { Ok((nanos as i64).into()) } else { Err(wrong()) }
}

pub(super) fn in_units(duration: &Value, nanos: i64) -> Result<Value, String> {
    Ok(Value::from_f64_or_zero(int(duration)? as f64 / nanos as f64))
}

/// Down to a whole multiple of the duration since the year 1, as Go has it.
pub(super) fn truncate_time(time: &Value, duration: &Value) -> Result<Value, String> {
    const YEAR_ONE_S: i128 = 62_135_596_800;
    const SECOND: i128 = 1_000_000_000;
    let (time, step) = (moment(time)?, i128::from(int(duration)?));
    if step <= 0 {
        return Ok(Value::Timestamp(time));
    }
    let since = (i128::from(time.timestamp()) + YEAR_ONE_S) * SECOND + i128::from(time.timestamp_subsec_nanos());
    let cut = since - since.rem_euclid(step) - YEAR_ONE_S * SECOND;
    let seconds = i64::try_from(cut.div_euclid(SECOND)).map_err(|_| "no such time")?;
    DateTime::from_timestamp(seconds, cut.rem_euclid(SECOND) as u32).map(Value::Timestamp).ok_or_else(|| "no such time".into())
}

pub(super) fn format_time(time: &Value, format: &Value) -> Result<Value, String> {
    let (time, format) = (moment(time)?, text(format)?);
    let mut out = String::new();
    write!(out, "{}", time.format(&format.replace("%L", "%3f"))).map_err(|_| format!("'{format}' is no format of times"))?;
    Ok(out.into())
}

/// Base64 in one of its four forms, by the Collector's name.
fn base64(name: &str) -> Option<GeneralPurpose> {
    let (name, is_raw) = if name.contains("-raw") { (name.replace("-raw", ""), true) } else { (name.to_owned(), false) };
    let alphabet = match name.as_str() {
        "base64" => &alphabet::STANDARD,
        "base64-url" => &alphabet::URL_SAFE,
        _ => return None,
    };
    let padding = if is_raw { DecodePaddingMode::RequireNone } else { DecodePaddingMode::RequireCanonical };
    Some(GeneralPurpose::new(alphabet, GeneralPurposeConfig::new().with_encode_padding(!is_raw).with_decode_padding_mode(padding)))
}

/// From base64; else from an encoding of texts, by its name.
pub(super) fn decode(value: &Value, encoding: &Value) -> Result<Value, String> {
    let (bytes, encoding) = (values::text(value).ok_or_else(|| format!("Decode takes a string, not {}", kind(value)))?, text(encoding)?);
    let name = encoding.to_ascii_lowercase();
    if let Some(engine) = base64(&name) {
        let decoded = engine.decode(bytes).map_err(|error| format!("no {name}: {error}"))?;
        return Ok(String::from_utf8_lossy(&decoded).into_owned().into());
    }
    let known = Encoding::for_label(name.as_bytes()).ok_or_else(|| format!("no encoding '{encoding}'"))?;
    Ok(known.decode_without_bom_handling(bytes).0.into_owned().into())
}

pub(super) fn encode(value: &Value, variant: &Value) -> Result<Value, String> {
    let bytes = values::text(value).ok_or_else(|| format!("Base64Encode takes a string, not {}", kind(value)))?;
    let name = if variant.is_null() { "base64".into() } else { text(variant)? };
    let engine = base64(&name).ok_or_else(|| format!("no variant '{name}': base64, base64-raw, base64-url or base64-raw-url"))?;
    Ok(engine.encode(bytes).into())
}

/// The first that is not nil.
pub(super) fn coalesce(values: &Value) -> Result<Value, String> {
    let Value::Array(values) = values else { return Err("Coalesce takes a list".into()) };
    Ok(values.iter().find(|value| !value.is_null()).cloned().unwrap_or(Value::Null))
}

pub(super) fn contains(target: &Value, item: &Value) -> Result<Value, String> {
    let Value::Array(values) = target else { return Err(format!("ContainsValue takes a list, not {}", kind(target))) };
    Ok(values.contains(item).into())
}

/// FNV-1a over 64 bits.
pub(super) fn fnv(value: &Value) -> Result<Value, String> {
    let hash = text(value)?.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    Ok((hash as i64).into())
}

pub(super) fn is_valid_luhn(value: &Value) -> Result<Value, String> {
    let number = to_string(value)?;
    let number = text(&number)?;
    let plain: Vec<u32> = number.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_digit(10).unwrap_or(u32::MAX)).collect();
    if plain.is_empty() || plain.contains(&u32::MAX) {
        return Ok(false.into());
    }
    let digit = |(at, digit): (usize, &u32)| match (at % 2, digit * 2) {
        (0, _) => *digit,
        (_, twice) if twice > 9 => twice - 9,
        (_, twice) => twice,
    };
    Ok(plain.iter().rev().enumerate().map(digit).sum::<u32>().is_multiple_of(10).into())
}

fn bits(address: IpAddr) -> (u128, u32) {
    match address {
        // An IPv4 address in the form of IPv6 is that address.
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or((Ipv6Addr::to_bits(v6), 128), |v4| (v4.to_bits().into(), 32)),
        IpAddr::V4(v4) => (v4.to_bits().into(), 32),
    }
}

pub(super) fn is_in_cidr(target: &Value, networks: &Value) -> Result<Value, String> {
    let Value::Array(networks) = networks else { return Err("IsInCIDR takes a list of networks".into()) };
    let address = text(target)?;
    let (address, size) = bits(address.parse().map_err(|_| format!("'{address}' is no address"))?);
    for network in networks {
        let network = text(network)?;
        let wrong = || format!("'{network}' is no network, such as 10.0.0.0/8");
        let (base, len) = network.split_once('/').ok_or_else(wrong)?;
        let (base, of) = bits(base.parse().map_err(|_| wrong())?);
        let len: u32 = len.parse().ok().filter(|len| *len <= of).ok_or_else(wrong)?;
        let shift = of - len;
        let head = |bits: u128| bits.checked_shr(shift).unwrap_or_default();
        if of == size && head(base) == head(address) {
            return Ok(true.into());
        }
    }
    Ok(false.into())
}

/// `key=value` pairs, by key: values with a delimiter or a quote in them stand in quotes.
pub(super) fn to_key_value(target: &Value, delimiter: &Value, between: &Value) -> Result<Value, String> {
    let given =
        |value: &Value, default: &str| if value.is_null() { Ok(default.to_owned()) } else { text(value).map(std::borrow::Cow::into_owned) };
    let (delimiter, between) = (given(delimiter, "=")?, given(between, " ")?);
    if delimiter == between {
        return Err("ToKeyValueString takes two delimiters that differ".into());
    }
    let quoted = |part: &str| {
        let needs = part.is_empty() || part.contains('"') || part.contains(&*delimiter) || part.contains(&*between);
        if needs { format!("\"{}\"", part.replace('"', "\\\"")) } else { part.to_owned() }
    };
    let mut pairs = Vec::new();
    for (key, value) in object(target)? {
        let value = if value.is_null() { Value::from("") } else { to_string(value)? };
        pairs.push(format!("{}{delimiter}{}", quoted(key.as_str()), quoted(&text(&value)?)));
    }
    Ok(pairs.join(&between).into())
}

/// Its parts under the names of semantic conventions.
pub(super) fn url(value: &Value) -> Result<Value, String> {
    let whole = text(value)?;
    let wrong = |why: &str| format!("'{whole}' is no URL: {why}");
    if whole.chars().any(|c| c.is_control() || c == ' ') {
        return Err(wrong("it has blanks"));
    }
    let mut made = ObjectMap::new();
    let mut put = |key: &str, value: Value| drop(made.insert(key.into(), value));
    put("url.original", whole.as_ref().into());
    let (rest, fragment) = whole.split_once('#').map_or((&*whole, None), |(rest, fragment)| (rest, Some(fragment)));
    let (rest, query) = rest.split_once('?').map_or((rest, None), |(rest, query)| (rest, Some(query)));
    let is_scheme = |scheme: &str| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    };
    let (scheme, rest) =
        rest.split_once(':').filter(|(scheme, _)| is_scheme(scheme)).map_or((None, rest), |(scheme, rest)| (Some(scheme), rest));
    if let Some(scheme) = scheme {
        put("url.scheme", scheme.to_ascii_lowercase().into());
    }
    let mut path = rest;
    if let Some(rest) = rest.strip_prefix("//") {
        let end = rest.find('/').unwrap_or(rest.len());
        let (authority, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        path = after;
        let (user, host) = authority.rsplit_once('@').map_or((None, authority), |(user, host)| (Some(user), host));
        if let Some(user) = user {
            let (name, password) = user.split_once(':').map_or((user, None), |(name, password)| (name, Some(password)));
            put("url.username", name.into());
            if let Some(password) = password {
                put("url.password", password.into());
            }
        }
        let (host, port) = match host.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, port),
            _ => (host, ""),
        };
        put("url.domain", host.trim_start_matches('[').trim_end_matches(']').into());
        if !port.is_empty() {
            put("url.port", i64::from(port.parse::<u16>().map_err(|_| wrong("its port is no number up to 65535"))?).into());
        }
    }
    put("url.path", path.into());
    let name = path.rsplit('/').next().unwrap_or_default();
    if let Some((_, extension)) = name.rsplit_once('.').filter(|(_, extension)| !extension.is_empty()) {
        put("url.extension", extension.into());
    }
    for (key, part) in [("url.query", query), ("url.fragment", fragment)] {
        if let Some(part) = part.filter(|part| !part.is_empty()) {
            put(key, part.into());
        }
    }
    Ok(Value::Object(made))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_times() {
        for (text, nanos) in
            [("1h30m", 5_400_000_000_000_i64), ("-1.5s", -1_500_000_000), ("250ms", 250_000_000), ("1\u{b5}s", 1_000), ("0", 0), ("0s", 0)]
        {
            assert_eq!(duration(&text.into()), Ok(nanos.into()), "{text}");
        }
        for text in ["", "-", "1", "s", "1x", "1h ", "1e400h", "9999999999h"] {
            assert!(duration(&text.into()).is_err(), "{text}");
        }
        // A Sunday; Go's weeks begin on Monday.
        let time = Value::Timestamp("2026-11-22T10:20:30.5Z".parse().unwrap());
        for (step, cut) in [
            ("1h", "2026-11-22T10:00:00Z"),
            ("24h", "2026-11-22T00:00:00Z"),
            ("168h", "2026-11-16T00:00:00Z"),
            ("1s", "2026-11-22T10:20:30Z"),
        ] {
            let cut = Value::Timestamp(cut.parse().unwrap());
            assert_eq!(truncate_time(&time, &duration(&step.into()).unwrap()), Ok(cut), "{step}");
        }
        assert_eq!(format_time(&time, &"%Y/%m/%d %L".into()), Ok("2026/11/22 500".into()));
        assert!(format_time(&time, &"%Q".into()).is_err());
    }

    #[test]
    fn texts_are_decoded() {
        for (text, encoding, expected) in [
            ("aGVsbG8=", "base64", "hello"),
            ("aGVsbG8", "base64-raw", "hello"),
            ("_-8", "base64-raw-url", "\u{fffd}\u{fffd}"),
            ("h\u{e9}", "utf-8", "h\u{e9}"),
            ("a", "us-ascii", "a"),
        ] {
            assert_eq!(decode(&text.into(), &encoding.into()), Ok(expected.into()), "{encoding}");
            if encoding.starts_with("base64") && expected.is_ascii() {
                assert_eq!(encode(&expected.into(), &encoding.into()), Ok(text.into()), "{encoding}");
            }
        }
        assert!(decode(&"a".into(), &"base64".into()).is_err());
        assert!(decode(&"a".into(), &"klingon".into()).is_err());
        assert_eq!(fnv(&"hello".into()), Ok(((0xa430_d846_80aa_bd0b_u64) as i64).into()));
    }

    #[test]
    fn addresses_and_checks() {
        let networks = Value::Array(vec!["10.0.0.0/8".into(), "2001:db8::/32".into(), "0.0.0.0/0".into()]);
        for (address, expected) in [("10.1.2.3", true), ("2001:db8::1", true), ("2001:db9::1", false), ("::ffff:10.0.0.1", true)] {
            assert_eq!(is_in_cidr(&address.into(), &networks), Ok(expected.into()), "{address}");
        }
        assert!(is_in_cidr(&"x".into(), &networks).is_err());
        assert!(is_in_cidr(&"10.0.0.1".into(), &Value::Array(vec!["10.0.0.0/33".into()])).is_err());
        for (number, expected) in [("4111 1111 1111 1111", true), ("4111111111111112", false), ("", false), ("x", false)] {
            assert_eq!(is_valid_luhn(&number.into()), Ok(expected.into()), "{number}");
        }
    }

    #[test]
    fn parts_of_a_url() {
        let parts = |text: &str| {
            let Ok(Value::Object(parts)) = url(&text.into()) else { return String::new() };
            let told =
                parts.iter().filter(|(key, _)| key.as_str() != "url.original").map(|(key, value)| format!("{}={value}", key.as_str()));
            told.collect::<Vec<_>>().join(" ")
        };
        assert_eq!(
            parts("http://me:secret@www.example.com:80/foo.gif?a=1&b=2#end"),
            "url.domain=\"www.example.com\" url.extension=\"gif\" url.fragment=\"end\" url.password=\"secret\" url.path=\"/foo.gif\" \
             url.port=80 url.query=\"a=1&b=2\" url.scheme=\"http\" url.username=\"me\""
        );
        assert_eq!(parts("https://[::1]:8443"), "url.domain=\"::1\" url.path=\"\" url.port=8443 url.scheme=\"https\"");
        assert_eq!(parts("/a/b?c"), "url.path=\"/a/b\" url.query=\"c\"");
        assert_eq!(parts("http://h:99999/"), "");
        assert_eq!(parts("http://h /"), "");
    }

    #[test]
    fn pairs_as_text() {
        let pairs = Value::Object([("b".into(), "x y".into()), ("a".into(), 1.into()), ("c".into(), Value::Null)].into_iter().collect());
        assert_eq!(to_key_value(&pairs, &Value::Null, &Value::Null), Ok("a=1 b=\"x y\" c=\"\"".into()));
    }
}
