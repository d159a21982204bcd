//! Reading a time by its pattern.

use super::{
    Civil, TimeError, TimePattern,
    bsd::{AHEAD_S_MAX, YEARS_BACK_MAX},
    civil::{DAY_S, civil_from_days, is_leap, nanos},
    clf, days_from_civil, epoch, iso,
    pattern::{Item, Part},
    zone::{self, Zone},
};
use logloom_record::BatchWriter;

use crate::swar;

/// What a pattern leaves out: the zone, the year, the date.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// The zone of a time that names none.
    pub zone: Zone,
    /// When the text arrived, in nanoseconds since the epoch; 0: unknown. A time without a year is the latest that is not to
    /// come, but for clocks that differ; one without a date the one nearest to it.
    pub arrival_unix_nano: u64,
}

impl Context {
    /// What holds for the lines that `out` gets.
    #[inline(always)]
    pub fn of(zone: Zone, out: &BatchWriter) -> Self {
        Self { zone, arrival_unix_nano: out.origin().arrival_unix_nano }
    }
}

const MONTHS: [&[u8]; 12] =
    [b"january", b"february", b"march", b"april", b"may", b"june", b"july", b"august", b"september", b"october", b"november", b"december"];
const WEEKDAYS: [&[u8]; 7] = [b"monday", b"tuesday", b"wednesday", b"thursday", b"friday", b"saturday", b"sunday"];

/// The parts that were read.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Parts {
    epoch: Option<u64>,
    year: Option<u32>,
    year_of_century: Option<u32>,
    century: Option<u32>,
    month: Option<u32>,
    day: Option<u32>,
    day_of_year: Option<u32>,
    iso_year: Option<u32>,
    iso_week: Option<u32>,
    weekday: Option<u32>,
    hour: Option<u32>,
    hour12: Option<u32>,
    afternoon: Option<bool>,
    minute: u32,
    second: u32,
    pub(super) nanosecond: u32,
    zone: Option<Zone>,
}

impl TimePattern {
    /// The time that `text` begins with, in nanoseconds since the epoch, and its length. The time is `None` where the pattern names no
    /// moment ([`names_a_moment`](Self::names_a_moment)), or names it only beside an arrival that is not known.
    #[inline]
    pub fn prefix(&self, text: &[u8], context: &Context) -> Result<(Option<u64>, usize), TimeError> {
        if self.millis_z
            && let Some(time) = text.first_chunk().and_then(iso::millis_z)
        {
            return Ok((Some(time), 24));
        }
        if self.clf
            && let Some(time) = text.first_chunk().and_then(clf::clf)
        {
            return Ok((Some(time), clf::LEN));
        }
        if let Some((time, len)) = self.fixed.as_ref().and_then(|fixed| fixed.moment(text, context.zone)) {
            return Ok((Some(time), len));
        }
        let mut parts = Parts::default();
        if let Some(fixed) = &self.fixed {
            if let Some(len) = fixed.read(text, &mut parts) {
                let (rest, items) = (text.get(len..).unwrap_or_default(), self.items.get(fixed.items..).unwrap_or_default());
                let more = read(items, rest, context.zone, &mut parts).map_err(|e| TimeError { at: len + e.at, ..e })?;
                return Ok((parts.resolve(context)?, len + more));
            }
            parts = Parts::default();
        }
        let len = read(&self.items, text, context.zone, &mut parts)?;
        Ok((parts.resolve(context)?, len))
    }

    /// Whether the signs of `text` show already that it begins with no such time. False says nothing.
    pub(crate) fn is_out(&self, text: &[u8]) -> bool {
        self.fixed.as_ref().is_some_and(|fixed| fixed.is_out(text))
    }

    /// The whole text as one time; see [`prefix`](Self::prefix).
    pub fn parse(&self, text: &[u8], context: &Context) -> Result<Option<u64>, TimeError> {
        let (time, len) = self.prefix(text, context)?;
        if len < text.len() {
            return Err(TimeError::new("expected the end of the time", len));
        }
        Ok(time)
    }
}

fn read(items: &[Item], text: &[u8], zone: Zone, parts: &mut Parts) -> Result<usize, TimeError> {
    let mut at = 0;
    let mut items = items.iter();
    while let Some(item) = items.next() {
        let rest = text.get(at..).unwrap_or_default();
        let read = match *item {
            Item::Literal(byte) if rest.first() == Some(&byte) => Ok(1),
            Item::Either(one, other) if rest.first().is_some_and(|byte| *byte == one || *byte == other) => Ok(1),
            Item::Literal(_) | Item::Either(..) => Err(TimeError::new("the time does not have the pattern's shape", 0)),
            Item::Blank => match rest.iter().take_while(|b| matches!(b, b' ' | b'\t')).count() {
                0 => Err(TimeError::new("expected a blank", 0)),
                n => Ok(n),
            },
            Item::Number { part, min, max, padded, loose } => number(rest, (min, max), padded, loose, part, parts),
            Item::OptionalFraction => Ok(optional_fraction(rest, parts)),
            Item::EpochWithFraction { fraction } => epoch_with_fraction(rest, usize::from(fraction), parts),
            Item::Word(part) => word(rest, part, zone, parts),
            Item::Iso => iso::prefix(rest, zone).map(|(time, len)| parts.moment(time, len)),
            Item::AnyEpoch => {
                let len = rest.iter().take_while(|b| b.is_ascii_digit() || **b == b'.').count();
                epoch::parse(rest.get(..len).unwrap_or_default()).map(|time| parts.moment(time, len))
            }
            Item::Optional(count) => {
                let (inside, behind) = items.as_slice().split_at_checked(usize::from(count)).unwrap_or_default();
                items = behind.iter();
                let mut trial = *parts;
                Ok(read(inside, rest, zone, &mut trial).map_or(0, |len| {
                    *parts = trial;
                    len
                }))
            }
        };
        at += read.map_err(|e| TimeError { at: at + e.at, ..e })?;
    }
    Ok(at)
}

#[inline(always)]
fn number(rest: &[u8], (min, max): (u8, u8), padded: bool, loose: bool, part: Part, parts: &mut Parts) -> Result<usize, TimeError> {
    if matches!(part, Part::Fraction | Part::Millis) {
        let digits = rest.get(..rest.len().min(usize::from(max))).unwrap_or_default();
        let (nanosecond, n) = iso::fraction(digits);
        parts.nanosecond = nanosecond;
        return if n < usize::from(min) { Err(TimeError::new("expected the digits of a fraction", n)) } else { Ok(n) };
    }
    let pad = usize::from((padded || loose) && rest.first() == Some(&b' '));
    let digits = rest.get(pad..).unwrap_or_default();
    let (value, n) = match digits {
        [a @ b'0'..=b'9', b @ b'0'..=b'9', ..] if max == 2 => (u64::from(a - b'0') * 10 + u64::from(b - b'0'), 2),
        _ => {
            let digits = digits.get(..digits.len().min(usize::from(max))).unwrap_or_default();
            swar::leading_u64(digits).ok_or(TimeError::new("expected a number", pad))?
        }
    };
    if n < usize::from(min) && !loose {
        return Err(TimeError::new("the number has too few digits", pad));
    }
    parts.set(part, value).map_err(|what| TimeError::out_of_range(what, pad))?;
    Ok(pad + n)
}

fn optional_fraction(rest: &[u8], parts: &mut Parts) -> usize {
    match rest {
        [b'.' | b',', digits @ ..] if digits.first().is_some_and(u8::is_ascii_digit) => {
            let (nanosecond, n) = iso::fraction(digits);
            parts.nanosecond = nanosecond;
            1 + n
        }
        _ => 0,
    }
}

fn epoch_with_fraction(rest: &[u8], fraction: usize, parts: &mut Parts) -> Result<usize, TimeError> {
    let run = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    let whole = run.checked_sub(fraction).filter(|n| *n > 0).ok_or(TimeError::new("the number has too few digits", 0))?;
    let (seconds, _) = rest.get(..whole).and_then(swar::leading_u64).ok_or(TimeError::out_of_range("the time is after 2262-04-11", 0))?;
    parts.epoch = Some(seconds);
    parts.nanosecond = iso::fraction(rest.get(whole..run).unwrap_or_default()).0;
    Ok(run)
}

fn word(rest: &[u8], part: Part, zone: Zone, parts: &mut Parts) -> Result<usize, TimeError> {
    match part {
        Part::MonthName => {
            let (month, n) = name(rest, &MONTHS).ok_or(TimeError::new("expected the English name of a month", 0))?;
            parts.month = Some(month + 1);
            Ok(n)
        }
        Part::WeekdayName => {
            let (weekday, n) = name(rest, &WEEKDAYS).ok_or(TimeError::new("expected the English name of a weekday", 0))?;
            parts.weekday = Some(weekday + 1);
            Ok(n)
        }
        Part::HalfDay => {
            parts.afternoon = match rest {
                [b'A' | b'a', b'M' | b'm', ..] => Some(false),
                [b'P' | b'p', b'M' | b'm', ..] => Some(true),
                _ => return Err(TimeError::new("expected AM or PM", 0)),
            };
            Ok(2)
        }
        Part::Offset => {
            let (offset_s, n) = zone::offset(rest)?.ok_or(TimeError::new("expected an offset such as +0100", 0))?;
            parts.zone = Some(Zone::fixed(offset_s));
            Ok(n)
        }
        _ => {
            let (zone, n) = zone::abbreviation(rest, zone)?;
            parts.zone = Some(zone);
            Ok(n)
        }
    }
}

/// Which of `names` the text begins with, in full or by three letters, and that length. The first three letters tell them apart.
fn name(text: &[u8], names: &[&[u8]]) -> Option<(u32, usize)> {
    let [a, b, c] = *text.first_chunk::<3>()?;
    let letters = [a | 0x20, b | 0x20, c | 0x20];
    let which = names.iter().position(|name| name.first_chunk() == Some(&letters))?;
    let name = names.get(which)?;
    let full = text.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
    Some((which as u32, if full { name.len() } else { 3 }))
}

impl Parts {
    /// A moment that was read at once; answers its length.
    fn moment(&mut self, unix_nano: u64, len: usize) -> usize {
        self.epoch = Some(unix_nano / 1_000_000_000);
        self.nanosecond = (unix_nano % 1_000_000_000) as u32;
        len
    }

    #[inline(always)]
    pub(super) fn set(&mut self, part: Part, value: u64) -> Result<(), &'static str> {
        let small = value.min(u64::from(u32::MAX)) as u32;
        let known = Some(small);
        let ok = match part {
            Part::Year => (&mut self.year, true),
            Part::YearOfCentury => (&mut self.year_of_century, true),
            Part::Century => (&mut self.century, true),
            Part::Month => (&mut self.month, (1..=12).contains(&small)),
            Part::Day => (&mut self.day, (1..=31).contains(&small)),
            Part::DayOfYear => (&mut self.day_of_year, (1..=366).contains(&small)),
            Part::Hour => (&mut self.hour, small < 24),
            Part::HourFrom1 => {
                self.hour = Some(small % 24);
                return if (1..=24).contains(&small) { Ok(()) } else { Err("the hour is not 1 to 24") };
            }
            Part::HourOfHalf => (&mut self.hour12, small < 12),
            Part::Hour12 => (&mut self.hour12, (1..=12).contains(&small)),
            Part::IsoYear => (&mut self.iso_year, true),
            Part::IsoWeek => (&mut self.iso_week, (1..=53).contains(&small)),
            Part::IsoWeekday => (&mut self.weekday, (1..=7).contains(&small)),
            Part::Minute => {
                self.minute = small;
                return if small < 60 { Ok(()) } else { Err("the minute is not 0 to 59") };
            }
            Part::Second => {
                self.second = small;
                return if small <= 60 { Ok(()) } else { Err("the second is not 0 to 60") };
            }
            Part::Epoch => {
                self.epoch = Some(value);
                return Ok(());
            }
            Part::Weekday if small < 7 => return Ok(()),
            Part::WeekOfYear if small <= 53 => return Ok(()),
            Part::IsoYearOfCentury => return Ok(()),
            _ => return Err("a part of the time is out of range"),
        };
        *ok.0 = known;
        if ok.1 { Ok(()) } else { Err("a part of the time is out of range") }
    }

    fn resolve(&self, context: &Context) -> Result<Option<u64>, TimeError> {
        if let Some(seconds) = self.epoch {
            return nanos(i64::try_from(seconds).unwrap_or(i64::MAX), self.nanosecond).map(Some);
        }
        let hour = match (self.hour, self.hour12, self.afternoon) {
            (Some(hour), ..) => Some(hour),
            (None, Some(hour), afternoon) => Some(hour % 12 + if afternoon == Some(true) { 12 } else { 0 }),
            _ => None,
        };
        // What the clock of the time's zone showed, as seconds; and the moment.
        let zone = self.zone.unwrap_or(context.zone);
        let of_day = i64::from(hour.unwrap_or(0) * 3600 + self.minute * 60 + self.second);
        let moment = |days: i64| {
            let local_s = days * DAY_S + of_day;
            local_s - i64::from(zone.offset_at_local(local_s))
        };
        if self.day.is_some() && self.month.is_none() {
            return Ok(None);
        }
        if let Some(year) = self.full_year() {
            return nanos(moment(self.days(year)?), self.nanosecond).map(Some);
        }
        if let (Some(year), Some(week)) = (self.iso_year, self.iso_week) {
            // The week that holds January 4th is the first.
            let fourth = days_from_civil(year, 1, 4);
            let monday = fourth - (fourth + 3).rem_euclid(7);
            let days = monday + i64::from(week - 1) * 7 + i64::from(self.weekday.unwrap_or(1) - 1);
            return nanos(moment(days), self.nanosecond).map(Some);
        }
        let arrival_s = (context.arrival_unix_nano / 1_000_000_000) as i64;
        if arrival_s == 0 {
            return Ok(None);
        }
        let offset_s = zone.offset_at(arrival_s);
        let today = (arrival_s + i64::from(offset_s)).div_euclid(DAY_S);
        let seconds = if self.day.is_some() || self.day_of_year.is_some() {
            // Logs tell of what was: the latest such moment that is not to come, but for clocks that differ.
            let latest_s = arrival_s + AHEAD_S_MAX;
            let (this_year, ..) = civil_from_days((latest_s + i64::from(offset_s)).div_euclid(DAY_S));
            let years = (this_year.saturating_sub(YEARS_BACK_MAX)..=this_year).rev();
            let mut moments = years.filter_map(|year| self.days(year).ok()).map(moment);
            moments.find(|seconds| *seconds <= latest_s).ok_or(TimeError::out_of_range("the month has no such day", 0))?
        } else if hour.is_some() {
            let candidates = [today, today - 1, today + 1].into_iter().map(moment);
            candidates.min_by_key(|seconds| (seconds - arrival_s).abs()).unwrap_or_default()
        } else {
            return Ok(None);
        };
        nanos(seconds, self.nanosecond).map(Some)
    }

    fn full_year(&self) -> Option<u32> {
        match (self.year, self.century, self.year_of_century) {
            (Some(year), ..) => Some(year),
            (None, Some(century), Some(year)) => Some(century * 100 + year),
            // POSIX: 69 to 99 are 1969 to 1999.
            (None, None, Some(year)) => Some(if year < 69 { 2000 + year } else { 1900 + year }),
            _ => None,
        }
    }

    /// The days since 1970 of the date in this year.
    fn days(&self, year: u32) -> Result<i64, TimeError> {
        if let (Some(day), None) = (self.day_of_year, self.day) {
            if day == 366 && !is_leap(year) {
                return Err(TimeError::out_of_range("the year has no day 366", 0));
            }
            return Ok(days_from_civil(year, 1, 1) + i64::from(day) - 1);
        }
        let (month, day) = (self.month.unwrap_or(1), self.day.unwrap_or(1));
        let date = Civil { year, month, day, hour: 0, minute: 0, second: 0, nanosecond: 0, offset_s: 0 };
        date.check()?;
        Ok(days_from_civil(year, month, day))
    }
}
