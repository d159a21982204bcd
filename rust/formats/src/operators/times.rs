//! Times, read of fields: as `strptime` and Go write them, and as numbers.

use super::{
    config::{Place, Result},
    entry::{Base, Entry, Field},
    facts::{Failed, MISSING},
    value::Value,
};
use crate::time::{Context, TimePattern, Zone};

/// How a time is written.
#[derive(Debug)]
enum Layout {
    Pattern(Box<TimePattern>, Zone),
    /// A number of units of so many nanoseconds.
    Epoch(u64),
    /// Seconds, a point, and a number of units of so many nanoseconds.
    Parts(u64),
}

#[derive(Debug)]
pub(super) struct TimeRule {
    from: Field,
    layout: Layout,
}

/// The directives of the Collector's `strptime`, and what Go calls them.
const DIRECTIVES: [(char, &str); 38] = [
    ('Y', "2006"),
    ('y', "06"),
    ('m', "01"),
    ('o', "_1"),
    ('q', "1"),
    ('b', "Jan"),
    ('h', "Jan"),
    ('B', "January"),
    ('d', "02"),
    ('e', "_2"),
    ('g', "2"),
    ('a', "Mon"),
    ('A', "Monday"),
    ('H', "15"),
    ('l', "3"),
    ('I', "03"),
    ('p', "PM"),
    ('P', "pm"),
    ('M', "04"),
    ('S', "05"),
    ('L', "999"),
    ('f', "999999"),
    ('s', "999999999"),
    ('Z', "MST"),
    ('z', "Z0700"),
    ('w', "-070000"),
    ('i', "-07"),
    ('j', "-07:00"),
    ('k', "-07:00:00"),
    ('D', "01/02/2006"),
    ('x', "01/02/2006"),
    ('F', "2006-01-02"),
    ('T', "15:04:05"),
    ('X', "15:04:05"),
    ('r', "03:04:05 pm"),
    ('R', "15:04"),
    ('c', "Mon Jan 02 15:04:05 2006"),
    ('%', "%"),
];

/// The Collector's `strptime` layout as Go's.
fn strptime(layout: &str) -> std::result::Result<String, String> {
    let mut out = String::new();
    let mut chars = layout.chars();
    while let Some(c) = chars.next() {
        if c.is_ascii_digit() {
            return Err("a strptime layout has no digits: write them as directives, or take layout_type gotime".into());
        }
        if c != '%' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some(directive @ ('L' | 'f' | 's')) if !out.ends_with(['.', ',']) => {
                return Err(format!("behind a point or a comma stands '%{directive}': a fraction of seconds"));
            }
            Some(directive) => match DIRECTIVES.iter().find(|row| row.0 == directive) {
                Some(row) => out.push_str(row.1),
                None => return Err(format!("'%{directive}' is no directive of the Collector's strptime")),
            },
            None => return Err("the layout ends inside a directive: write '%%' for a percent sign".into()),
        }
    }
    Ok(out)
}

impl TimeRule {
    pub(super) fn compile(place: &Place<'_>) -> Result<Self> {
        let from = place.needed_field("parse_from")?;
        let layout = place.needed("layout")?;
        let location = place.text("location")?.filter(|name| !name.is_empty());
        let zone = location.map(Zone::parse).transpose().map_err(|message| place.error("location", message))?;
        let layout = match place.text("layout_type")?.unwrap_or("strptime") {
            "epoch" => match layout {
                "s" => Layout::Epoch(1_000_000_000),
                "ms" => Layout::Epoch(1_000_000),
                "us" => Layout::Epoch(1_000),
                "ns" => Layout::Epoch(1),
                "s.ms" => Layout::Parts(1_000_000),
                "s.us" => Layout::Parts(1_000),
                "s.ns" => Layout::Parts(1),
                _ => return Err(place.error("layout", "an epoch is counted in s, ms, us, ns, s.ms, s.us or s.ns")),
            },
            kind @ ("strptime" | "gotime") => {
                let go = if kind == "gotime" { Ok(layout.to_owned()) } else { strptime(layout) };
                let pattern = go.and_then(|go| TimePattern::go(&go).map_err(|error| error.message));
                Layout::Pattern(Box::new(pattern.map_err(|message| place.error("layout", message))?), zone.unwrap_or_default())
            }
            _ => return Err(place.error("layout_type", "there are strptime, gotime and epoch")),
        };
        Ok(Self { from, layout })
    }

    pub(super) fn read<'a>(&self, entry: &mut Entry<'a>, base: &'a Base, arrival: u64) -> std::result::Result<(), Failed> {
        let value = entry.get(&self.from, base).ok_or(MISSING)?;
        entry.time_unix_nano = self.layout.read(value, arrival)?;
        Ok(())
    }
}

impl Layout {
    fn read(&self, value: &Value<'_>, arrival_unix_nano: u64) -> std::result::Result<u64, Failed> {
        const NO_TIME: Failed = "the field is no time of this layout";
        let whole = |digits: &str| digits.parse::<u64>().map_err(|_| NO_TIME);
        match (self, value) {
            (Self::Pattern(pattern, zone), Value::Str(text)) => {
                let context = Context { zone: *zone, arrival_unix_nano };
                pattern.parse(text.bytes(), &context).ok().flatten().ok_or(NO_TIME)
            }
            (Self::Epoch(unit), Value::Str(text)) => whole(text.str())?.checked_mul(*unit).ok_or(NO_TIME),
            (Self::Epoch(unit), Value::Int(count)) => u64::try_from(*count).ok().and_then(|count| count.checked_mul(*unit)).ok_or(NO_TIME),
            (Self::Epoch(unit), Value::Double(count)) if *count >= 0.0 => (*count as u64).checked_mul(*unit).ok_or(NO_TIME),
            (Self::Parts(unit), Value::Str(text)) => {
                let (seconds, part) = text.str().split_once('.').ok_or(NO_TIME)?;
                let (seconds, part) = (whole(seconds)?.checked_mul(1_000_000_000), whole(part)?.checked_mul(*unit));
                seconds.zip(part).and_then(|(seconds, part)| seconds.checked_add(part)).ok_or(NO_TIME)
            }
            (Self::Parts(_), Value::Int(seconds)) => {
                u64::try_from(*seconds).ok().and_then(|seconds| seconds.checked_mul(1_000_000_000)).ok_or(NO_TIME)
            }
            (Self::Parts(unit), Value::Double(seconds)) if *seconds >= 0.0 && *seconds < 1e10 => {
                let places = (*seconds * (1_000_000_000 / unit) as f64).round() as u64;
                places.checked_mul(*unit).ok_or(NO_TIME)
            }
            _ => Err(NO_TIME),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layouts_become_gos() {
        assert_eq!(strptime("%Y-%m-%dT%H:%M:%S.%LZ").as_deref(), Ok("2006-01-02T15:04:05.999Z"));
        assert_eq!(strptime("%b %e %T%%").as_deref(), Ok("Jan _2 15:04:05%"));
        for wrong in ["%Q", "%Y 2", "%S%L", "%"] {
            assert!(strptime(wrong).is_err(), "{wrong}");
        }
    }
}
