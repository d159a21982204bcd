//! Time zones: offsets from UTC, their abbreviations, and the zones of the [IANA database](https://www.iana.org/time-zones), whose data is
//! part of the program: a line means the same on every machine.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use jiff::{Timestamp, tz::TimeZoneDatabase};
use logloom_record::nearest;

use super::TimeError;

/// The zone of times that name none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone(Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Seconds east of UTC.
    Fixed(i32),
    Named(&'static Named),
}

/// A zone of the database: its steps from 1970 to 2262, the first of which has always begun.
#[derive(Debug)]
struct Named {
    steps: Vec<Step>,
    /// The step of the last time: that of the next is nearly always the same.
    last: AtomicUsize,
    /// What the zone's clocks are called, with their seconds east of UTC; the latest sense of each.
    abbreviations: BTreeMap<String, i32>,
}

/// From when on an offset holds.
#[allow(clippy::struct_field_names)] // a unit is a part of a name here
#[derive(Debug, PartialEq, Eq)]
struct Step {
    /// In seconds since the epoch.
    utc_s: i64,
    /// On the clocks of the zone, as seconds: a time that they skip, or show twice, still belongs to the step before.
    local_s: i64,
    offset_s: i32,
}

impl Default for Zone {
    fn default() -> Self {
        Self::UTC
    }
}

impl Zone {
    /// UTC.
    pub const UTC: Self = Self(Kind::Fixed(0));

    /// So many seconds east of UTC.
    pub const fn fixed(offset_s: i32) -> Self {
        Self(Kind::Fixed(offset_s))
    }

    /// The zone that a user names: an offset (`-02:00`, `+0530`, `Z`), `UTC`, or a name of the IANA database (`Europe/Berlin`).
    pub fn parse(name: &str) -> Result<Self, String> {
        if name.eq_ignore_ascii_case("utc") || name.eq_ignore_ascii_case("gmt") {
            return Ok(Self::UTC);
        }
        match offset(name.as_bytes()) {
            Ok(Some((offset_s, len))) if len == name.len() => return Ok(Self::fixed(offset_s)),
            Err(error) => return Err(error.what.into()),
            _ => {}
        }
        Named::find(name).map(|zone| Self(Kind::Named(zone))).ok_or_else(|| {
            let database = TimeZoneDatabase::bundled();
            let names: Vec<String> = database.available().map(|name| name.to_string()).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let hint = nearest(name, &names).map_or_else(String::new, |near| format!(", did you mean '{near}'?"));
            format!("unknown time zone '{name}'{hint}: write an offset such as '-02:00', or an IANA name such as 'Europe/Berlin'")
        })
    }

    /// Seconds east of UTC when the zone's clocks show this many seconds. A time that they show twice is the first one's; one that they
    /// skip is as long after the gap as it seems.
    #[inline(always)]
    pub fn offset_at_local(self, local_s: i64) -> i32 {
        match self.0 {
            Kind::Fixed(offset_s) => offset_s,
            Kind::Named(zone) => zone.offset(|step| step.local_s <= local_s),
        }
    }

    /// Seconds east of UTC at a moment in seconds since the epoch.
    pub fn offset_at(self, utc_s: i64) -> i32 {
        match self.0 {
            Kind::Fixed(offset_s) => offset_s,
            Kind::Named(zone) => zone.offset(|step| step.utc_s <= utc_s),
        }
    }

    /// The offset that the zone itself calls so: `CST` is another in Shanghai than in Chicago.
    fn abbreviation(self, name: &[u8]) -> Option<i32> {
        let Kind::Named(zone) = self.0 else { return None };
        zone.abbreviations.get(std::str::from_utf8(name).ok()?).copied()
    }
}

impl PartialEq for Named {
    /// Each is made once.
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for Named {}

impl Named {
    /// The zone of this name. Each is made once a process: there are some six hundred.
    fn find(name: &str) -> Option<&'static Self> {
        static FOUND: Mutex<BTreeMap<String, &'static Named>> = Mutex::new(BTreeMap::new());
        let mut found = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(zone) = found.get(name) {
            return Some(zone);
        }
        let zone = TimeZoneDatabase::bundled().get(name).ok()?;
        let known = zone.iana_name().unwrap_or(name);
        if let Some(zone) = found.get(known) {
            return Some(zone);
        }
        let first = zone.to_offset_info(Timestamp::UNIX_EPOCH);
        let mut offset_s = first.offset().seconds();
        let mut steps = vec![Step { utc_s: i64::MIN, local_s: i64::MIN, offset_s }];
        let mut abbreviations = BTreeMap::from([(first.abbreviation().to_owned(), offset_s)]);
        for step in zone.following(Timestamp::UNIX_EPOCH).take_while(|step| step.timestamp().as_second() <= i64::MAX / 1_000_000_000) {
            let (utc_s, before_s) = (step.timestamp().as_second(), offset_s);
            offset_s = step.offset().seconds();
            steps.push(Step { utc_s, local_s: utc_s + i64::from(before_s.max(offset_s)), offset_s });
            abbreviations.insert(step.abbreviation().to_owned(), offset_s);
        }
        let zone: &'static Self = Box::leak(Box::new(Self { steps, last: AtomicUsize::new(0), abbreviations }));
        found.insert(known.to_owned(), zone);
        Some(zone)
    }

    fn offset(&self, has_begun: impl Fn(&Step) -> bool) -> i32 {
        let last = self.last.load(Ordering::Relaxed);
        if let Some(step) = self.steps.get(last).filter(|step| has_begun(step))
            && !self.steps.get(last + 1).is_some_and(&has_begun)
        {
            return step.offset_s;
        }
        let begun = self.steps.partition_point(has_begun).saturating_sub(1);
        self.last.store(begun, Ordering::Relaxed);
        self.steps.get(begun).map_or(0, |step| step.offset_s)
    }
}

/// Abbreviations in common use, with hours east of UTC times four. Where one has several senses, the most usual in logs.
#[rustfmt::skip]
const ABBREVIATIONS: &[(&[u8], i32)] = &[
    (b"ACDT", 42), (b"ACST", 38), (b"AEDT", 44), (b"AEST", 40), (b"AKDT", -32), (b"AKST", -36), (b"ART", -12), (b"AWST", 32), (b"BRT", -12),
    (b"BST", 4), (b"CAT", 8), (b"CDT", -20), (b"CEST", 8), (b"CET", 4), (b"CST", -24), (b"EAT", 12), (b"EDT", -16), (b"EEST", 12),
    (b"EET", 8), (b"EST", -20), (b"GMT", 0), (b"HDT", -36), (b"HKT", 32), (b"HST", -40), (b"ICT", 28), (b"IDT", 12), (b"IST", 22),
    (b"JST", 36), (b"KST", 36), (b"MDT", -24), (b"MSK", 12), (b"MST", -28), (b"NZDT", 52), (b"NZST", 48), (b"PDT", -28), (b"PHT", 32),
    (b"PKT", 20), (b"PST", -32), (b"SAST", 8), (b"SGT", 32), (b"UT", 0), (b"UTC", 0), (b"WAT", 4), (b"WEST", 4), (b"WET", 0), (b"WIB", 28),
    (b"Z", 0),
];

/// The same abbreviations, each as a number.
const CODES: [u32; ABBREVIATIONS.len()] = {
    let mut codes = [0; ABBREVIATIONS.len()];
    let mut i = 0;
    while i < codes.len() {
        codes[i] = code(ABBREVIATIONS[i].0);
        i += 1;
    }
    codes
};

/// Letters of any size, at most four, as a number; 0 for more of them, and for none.
const fn code(letters: &[u8]) -> u32 {
    if letters.len() > 4 {
        return 0;
    }
    let (mut code, mut i) = (0, 0);
    while i < letters.len() {
        code = code << 8 | (letters[i] & !0x20) as u32;
        i += 1;
    }
    code
}

/// The offset in seconds that `text` begins with, and its length: `Z`, `±hh`, `±hhmm`, `±hh:mm`, `±hh:mm:ss`. `None`: it is none.
#[inline(always)]
pub(crate) fn offset(text: &[u8]) -> Result<Option<(i32, usize)>, TimeError> {
    match text {
        [b'Z' | b'z', ..] => Ok(Some((0, 1))),
        [sign @ (b'+' | b'-'), rest @ ..] => {
            let Some(hour) = two(rest, 0) else { return Ok(None) };
            let colon = usize::from(rest.get(2) == Some(&b':'));
            let minute = two(rest, 2 + colon);
            let second = if colon == 1 && minute.is_some() && rest.get(5) == Some(&b':') { two(rest, 6) } else { None };
            let len = if second.is_some() { 9 } else { 3 + minute.map_or(0, |_| 2 + colon) };
            let (minute, second) = (minute.unwrap_or(0), second.unwrap_or(0));
            // RFC 3339 allows up to 23:59, though the world ends at 14:00.
            if hour > 23 || minute > 59 || second > 59 {
                return Err(TimeError::out_of_range("the offset is out of range", 0));
            }
            let seconds = hour * 3600 + minute * 60 + second;
            Ok(Some((if *sign == b'-' { -seconds } else { seconds }, len)))
        }
        _ => Ok(None),
    }
}

fn two(text: &[u8], at: usize) -> Option<i32> {
    let [a, b] = *text.get(at..)?.first_chunk()?;
    (a.is_ascii_digit() && b.is_ascii_digit()).then(|| i32::from(a - b'0') * 10 + i32::from(b - b'0'))
}

/// The abbreviation of a zone that `text` begins with, or the offset or the name of the IANA database that stands for one: `zone`'s own
/// sense of an abbreviation goes first.
pub(crate) fn abbreviation(text: &[u8], zone: Zone) -> Result<(Zone, usize), TimeError> {
    let len = text.iter().take_while(|b| b.is_ascii_alphabetic()).count();
    let name = text.get(..len).unwrap_or_default();
    if let Some(offset_s) = zone.abbreviation(name) {
        return Ok((Zone::fixed(offset_s), len));
    }
    if text.get(len) == Some(&b'/')
        && let Some(found) = named(text)
    {
        return Ok(found);
    }
    // Java's `GMT+01:00`, and `UTC+2`.
    if name.eq_ignore_ascii_case(b"GMT") || name.eq_ignore_ascii_case(b"UTC") {
        let rest = text.get(len..).unwrap_or_default();
        if let Some((offset_s, more)) = offset(rest)? {
            return Ok((Zone::fixed(offset_s), len + more));
        }
        if let [sign @ (b'+' | b'-'), hour @ b'0'..=b'9', ..] = rest {
            let seconds = i32::from(hour - b'0') * 3600;
            return Ok((Zone::fixed(if *sign == b'-' { -seconds } else { seconds }), len + 2));
        }
        return Ok((Zone::UTC, len));
    }
    let wanted = code(name);
    let known = CODES.iter().position(|code| *code == wanted).filter(|_| wanted != 0);
    if let Some((_, quarters)) = known.and_then(|known| ABBREVIATIONS.get(known)) {
        return Ok((Zone::fixed(quarters * 900), len));
    }
    let unknown = TimeError::new("unknown time zone: write the offset instead (%z)", 0);
    offset(text)?.map(|(offset_s, len)| (Zone::fixed(offset_s), len)).ok_or(unknown)
}

thread_local! {
    /// The name that this thread looked up last, and its zone: a source's lines are all of one.
    static LAST: RefCell<(Vec<u8>, Option<&'static Named>)> = const { RefCell::new((Vec::new(), None)) };
}

/// The longest name of a zone, in bytes.
const NAME_LEN_MAX: usize = 40;

/// The zone of the database whose name `text` begins with: `Europe/Berlin`.
#[inline(never)]
fn named(text: &[u8]) -> Option<(Zone, usize)> {
    let is_name = |b: &&u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'_' | b'+' | b'-');
    let len = text.iter().take(NAME_LEN_MAX).take_while(is_name).count();
    let name = text.get(..len)?;
    let zone = LAST.with_borrow_mut(|(last, zone)| {
        if last != name {
            *zone = std::str::from_utf8(name).ok().and_then(Named::find);
            last.clear();
            last.extend_from_slice(name);
        }
        *zone
    })?;
    Some((Zone(Kind::Named(zone)), len))
}

/// Abbreviations that are words as well.
const WORDS: [&[u8]; 5] = [b"ART", b"CAT", b"EAT", b"WAT", b"WET"];

/// The abbreviation that `text` begins with where it can hardly be the next word of a line: known, in capitals, and a word of its own; or a
/// name of the database.
pub(crate) fn usual_abbreviation(text: &[u8], zone: Zone) -> Option<(Zone, usize)> {
    let len = text.iter().take(6).take_while(|b| b.is_ascii_uppercase()).count();
    if len < 3 || WORDS.contains(&text.get(..len)?) {
        let is_area = text.first().is_some_and(u8::is_ascii_uppercase) && text.iter().take(12).any(|b| *b == b'/');
        return if is_area { named(text) } else { None };
    }
    let ends = !text.get(len).is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'_' | b'/' | b'='));
    if ends { abbreviation(text.get(..len)?, zone).ok() } else { None }
}
