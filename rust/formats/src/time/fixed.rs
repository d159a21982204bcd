//! The beginning of a pattern in which each part has its place, such as all of `%Y/%m/%d %H:%M:%S`: read eight bytes at a time.

use super::{
    Civil,
    civil::month_of,
    iso::fraction,
    pattern::{Item, Part},
    read::Parts,
    zone::{self, Zone},
};
use crate::swar;

/// The most bytes of such a beginning.
const LEN_MAX: usize = 32;
/// Shorter than one word, there is nothing to gain.
const LEN_MIN: usize = 8;
const ZEROS: u8 = b'0';

/// What the bytes of a time must be for its parts to stand in their places.
#[derive(Clone, Debug)]
pub(super) struct Fixed {
    /// How many items of the pattern it reads, and how many bytes these have.
    pub(super) items: usize,
    len: usize,
    words: Vec<Word>,
    parts: Vec<(Place, u8)>,
    moment: Option<Moment>,
}

/// Where the parts of a whole date and time of day stand, and what may follow them: then the time is read without what any other pattern
/// may have.
#[derive(Clone, Copy, Debug)]
struct Moment {
    year: u8,
    /// Whether the year has four digits.
    is_long: bool,
    month: u8,
    is_name: bool,
    day: u8,
    hour: u8,
    minute: u8,
    second: u8,
    /// Where a fraction of so many digits stands.
    fraction: (u8, u8),
    behind: Behind,
}

/// What follows the parts that have their places.
#[derive(Clone, Copy, Debug)]
enum Behind {
    Nothing,
    /// Digits.
    Fraction,
    /// A point or comma and digits, or nothing.
    OptionalFraction,
    Offset,
    Abbreviation,
}

impl Word {
    /// The bytes that are not what they must be: some of their bits.
    #[inline(always)]
    fn wrong(&self, bytes: [u8; 8]) -> u64 {
        let found = swar::load(&bytes) ^ swar::load(&self.bytes);
        let (signs, digits) = (swar::load(&self.signs), swar::load(&self.digits));
        // A digit is a nibble up to nine; no carry crosses bytes.
        let beyond_nine = (found | (found & 0x0f0f_0f0f_0f0f_0f0f).wrapping_add(0x0606_0606_0606_0606)) & 0xf0f0_f0f0_f0f0_f0f0;
        (found & signs) | (beyond_nine & digits)
    }
}

impl Moment {
    fn of(parts: &[(Place, u8)], behind: &[Item]) -> Option<Self> {
        let at = |wanted: Place| parts.iter().find(|(place, _)| *place == wanted).map(|(_, at)| *at);
        let (long, name) = (at(Place::Year), at(Place::MonthName));
        let behind = match behind {
            [] => Behind::Nothing,
            [Item::Number { part: Part::Fraction | Part::Millis, min: 1, max: u8::MAX, padded: false, .. }] => Behind::Fraction,
            [Item::OptionalFraction] => Behind::OptionalFraction,
            [Item::Word(Part::Offset)] => Behind::Offset,
            [Item::Word(Part::Abbreviation)] => Behind::Abbreviation,
            _ => return None,
        };
        let fraction = parts.iter().find_map(|(place, at)| if let Place::Fraction(digits) = place { Some((*at, *digits)) } else { None });
        let moment = Self {
            year: long.or_else(|| at(Place::Two(Part::YearOfCentury)))?,
            is_long: long.is_some(),
            month: name.or_else(|| at(Place::Two(Part::Month)))?,
            is_name: name.is_some(),
            day: at(Place::Two(Part::Day))?,
            hour: at(Place::Two(Part::Hour))?,
            minute: at(Place::Two(Part::Minute))?,
            second: at(Place::Two(Part::Second))?,
            fraction: fraction.unwrap_or_default(),
            behind,
        };
        // One part twice, or in two ways, is for the general way to settle.
        (parts.len() == 6 + usize::from(fraction.is_some())).then_some(moment)
    }
}

/// Eight bytes of it.
#[derive(Clone, Copy, Debug, Default)]
struct Word {
    at: usize,
    /// A sign as it is, `0` for a digit, nothing for a letter of a month's name.
    bytes: [u8; 8],
    signs: [u8; 8],
    digits: [u8; 8],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Year,
    Two(Part),
    MonthName,
    Fraction(u8),
}

/// What a byte must be.
#[derive(Clone, Copy)]
enum Byte {
    Sign(u8),
    Digit,
    Letter,
}

impl Fixed {
    /// Of as many items as have their places; `None` where they are too few.
    pub(super) fn of(items: &[Item]) -> Option<Box<Self>> {
        let (mut bytes, mut parts, mut count) = (Vec::new(), Vec::new(), 0);
        for (i, item) in items.iter().enumerate() {
            let at = u8::try_from(bytes.len()).ok()?;
            match *item {
                Item::Literal(byte) => bytes.push(Byte::Sign(byte)),
                Item::Number { part: Part::Year, min: 4, max: 4, padded: false, .. } => {
                    parts.push((Place::Year, at));
                    bytes.extend([Byte::Digit; 4]);
                }
                Item::Number {
                    part: part @ (Part::YearOfCentury | Part::Month | Part::Day | Part::Hour | Part::Minute | Part::Second),
                    min: 2,
                    max: 2,
                    padded: false,
                    ..
                } => {
                    parts.push((Place::Two(part), at));
                    bytes.extend([Byte::Digit; 2]);
                }
                Item::Number { part: Part::Fraction | Part::Millis, min, max, padded: false, .. }
                    if min == max && (1..=8).contains(&min) =>
                {
                    parts.push((Place::Fraction(min), at));
                    bytes.extend(vec![Byte::Digit; usize::from(min)]);
                }
                // A name in full is longer than three letters, which no sign goes on with.
                Item::Word(Part::MonthName) if matches!(items.get(i + 1), Some(Item::Literal(byte)) if !byte.is_ascii_alphabetic()) => {
                    parts.push((Place::MonthName, at));
                    bytes.extend([Byte::Letter; 3]);
                }
                _ => break,
            }
            if bytes.len() > LEN_MAX {
                return None;
            }
            count = i + 1;
        }
        let len = bytes.len();
        let moment = Moment::of(&parts, items.get(count..).unwrap_or_default());
        (len >= LEN_MIN).then(|| Box::new(Self { items: count, len, words: words(&bytes), parts, moment }))
    }

    /// Reads a whole time at once: nanoseconds since the epoch, and its length. `None` where the pattern says less or more than a date and a
    /// time of day, and for what is no such time.
    #[inline]
    pub(super) fn moment(&self, text: &[u8], zone: Zone) -> Option<(u64, usize)> {
        let moment = self.moment.as_ref()?;
        if text.len() < self.len {
            return None;
        }
        let block = text.first_chunk().copied().unwrap_or_else(|| {
            let mut block = [0; LEN_MAX];
            block.iter_mut().zip(text).for_each(|(to, from)| *to = *from);
            block
        });
        if !self.has_its_bytes(&block) {
            return None;
        }
        let byte = |at: u8| block[usize::from(at) % LEN_MAX];
        let two = |at: u8| u32::from(byte(at)) * 10 + u32::from(byte(at + 1)) - 11 * u32::from(ZEROS);
        let year = match (two(moment.year), moment.is_long) {
            (century, true) => century * 100 + two(moment.year + 2),
            // As POSIX has it.
            (year @ 0..69, false) => 2000 + year,
            (year, false) => 1900 + year,
        };
        let at = moment.month;
        let month = if moment.is_name { month_of([byte(at), byte(at + 1), byte(at + 2)])? } else { two(at) };
        let (at, digits) = moment.fraction;
        let mut nanosecond = 0;
        if digits > 0 {
            for place in 0..9 {
                nanosecond = nanosecond * 10 + if place < digits { u32::from(byte(at + place).wrapping_sub(ZEROS)) } else { 0 };
            }
        }
        let rest = text.get(self.len..).unwrap_or_default();
        let (mut zone, mut more) = (zone, 0);
        match moment.behind {
            Behind::Nothing => {}
            Behind::Fraction => {
                (nanosecond, more) = fraction(rest.get(..rest.len().min(usize::from(u8::MAX)))?);
                if more == 0 {
                    return None;
                }
            }
            Behind::OptionalFraction => {
                if let [b'.' | b',', digits @ ..] = rest
                    && digits.first().is_some_and(u8::is_ascii_digit)
                {
                    (nanosecond, more) = fraction(digits);
                    more += 1;
                }
            }
            Behind::Offset => {
                let (offset_s, len) = zone::offset(rest).ok()??;
                (zone, more) = (Zone::fixed(offset_s), len);
            }
            Behind::Abbreviation => (zone, more) = zone::abbreviation(rest, zone).ok()?,
        }
        let [day, hour, minute, second] = [moment.day, moment.hour, moment.minute, moment.second].map(two);
        let civil = Civil { year, month, day, hour, minute, second, nanosecond, offset_s: 0 };
        let unix_nano = civil.unix_nano_at(|local_s| zone.offset_at_local(local_s)).ok()?;
        Some((unix_nano, self.len + more))
    }

    /// Whether signs and digits stand in their places.
    #[inline(always)]
    fn has_its_bytes(&self, text: &[u8]) -> bool {
        let mut wrong = 0;
        for word in &self.words {
            let Some(bytes) = text.get(word.at..).and_then(<[u8]>::first_chunk) else { return false };
            wrong |= word.wrong(*bytes);
        }
        wrong == 0
    }

    /// Whether the first byte that is wrong is a sign: then all before it was read as the general way reads it, which comes no further. Behind
    /// a month's name there may be more of it.
    pub(super) fn is_out(&self, text: &[u8]) -> bool {
        for word in &self.words {
            let Some(bytes) = text.get(word.at..).and_then(<[u8]>::first_chunk) else { return false };
            let wrong = word.wrong(*bytes);
            if wrong != 0 {
                let place = wrong.trailing_zeros() as usize / 8;
                let is_sign = word.signs.get(place).is_some_and(|sign| *sign != 0);
                let is_behind_name = |(what, at): &(Place, u8)| *what == Place::MonthName && usize::from(*at) + 3 == word.at + place;
                return is_sign && !self.parts.iter().any(is_behind_name);
            }
        }
        false
    }

    /// Reads what stands in its place, and answers its length; `None` where something does not, or is out of range: the general way knows why.
    #[inline]
    pub(super) fn read(&self, text: &[u8], parts: &mut Parts) -> Option<usize> {
        let text = text.get(..self.len)?;
        if !self.has_its_bytes(text) {
            return None;
        }
        for (place, at) in &self.parts {
            let at = usize::from(*at);
            match *place {
                Place::Year => parts.set(Part::Year, u64::from(two(text, at)? * 100 + two(text, at + 2)?)).ok()?,
                Place::Two(part) => parts.set(part, u64::from(two(text, at)?)).ok()?,
                Place::MonthName => parts.set(Part::Month, u64::from(month_of(*text.get(at..)?.first_chunk()?)?)).ok()?,
                Place::Fraction(digits) => {
                    let digits = text.get(at..at + usize::from(digits))?;
                    let value = digits.iter().fold(0, |value, digit| value * 10 + u32::from(digit.wrapping_sub(ZEROS)));
                    parts.nanosecond = value * 10u32.pow(9 - digits.len() as u32);
                }
            }
        }
        Some(self.len)
    }
}

/// The bytes in words, the last of which may overlap the one before.
fn words(bytes: &[Byte]) -> Vec<Word> {
    let mut words = Vec::new();
    let mut from = 0;
    while from < bytes.len() {
        let at = from.min(bytes.len().saturating_sub(8));
        let mut word = Word { at, ..Word::default() };
        let places = word.bytes.iter_mut().zip(&mut word.signs).zip(&mut word.digits);
        for (((expected, sign), digit), byte) in places.zip(bytes.get(at..).unwrap_or_default()) {
            match byte {
                Byte::Sign(byte) => (*expected, *sign) = (*byte, 0xff),
                Byte::Digit => (*expected, *digit) = (ZEROS, 0xff),
                Byte::Letter => {}
            }
        }
        words.push(word);
        from = at + 8;
    }
    words
}

/// Two bytes that are digits.
#[inline(always)]
fn two(text: &[u8], at: usize) -> Option<u32> {
    let [tens, ones] = *text.get(at..)?.first_chunk()?;
    Some(u32::from(tens) * 10 + u32::from(ones) - 11 * u32::from(ZEROS))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::time::{Context, TimePattern};

    const PATTERNS: [&str; 10] = [
        "%Y/%m/%d %H:%M:%S",
        "%Y/%m/%d %H:%M:%S.%f",
        "%d-%b-%Y %H:%M:%S.%3f",
        "%d-%b-%Y %H:%M:%S %Z",
        "%y%m%d %H:%M:%S",
        "%H:%M:%S,%3f",
        "%Y-%m-%d %H:%M:%S.%6f %z",
        "%b %d, %Y %H:%M:%S",
        "%d/%b/%Y:%H:%M:%S %Z",
        "%Y-%m-%d %H:%M:%E*S",
    ];

    /// The same by the general way alone.
    fn general(pattern: &TimePattern) -> TimePattern {
        TimePattern { fixed: None, millis_z: false, clf: false, ..pattern.clone() }
    }

    proptest! {
        #[test]
        fn it_reads_as_the_general_way_does(
            which in 0..PATTERNS.len(), year in 1968u32..2264, month in 0u32..14, day in 0u32..33, hour in 0u32..26, minute in 0u32..62,
            second in 0u32..62, fraction in "[0-9]{0,9}", name in "(Jan|feb|MAR|May|June|December|Foo)", zone in "( UTC| CET| [+]0100| Europe/Berlin| GMT[+]2| Nowhere|)",
            flaw in 0usize..60, byte: u8,
        ) {
            let pattern = TimePattern::compile(PATTERNS[which]).unwrap();
            prop_assert!(pattern.fixed.is_some());
            let text = [
                format!("{year}/{month:02}/{day:02} {hour:02}:{minute:02}:{second:02}"),
                format!("{year}/{month:02}/{day:02} {hour:02}:{minute:02}:{second:02}.{fraction}"),
                format!("{day:02}-{name}-{year} {hour:02}:{minute:02}:{second:02}.{fraction}"),
                format!("{day:02}-{name}-{year} {hour:02}:{minute:02}:{second:02}{zone}"),
                format!("{:02}{month:02}{day:02} {hour:02}:{minute:02}:{second:02}", year % 100),
                format!("{hour:02}:{minute:02}:{second:02},{fraction}"),
                format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{fraction}{zone}"),
                format!("{name} {day:02}, {year} {hour:02}:{minute:02}:{second:02}"),
                format!("{day:02}/{name}/{year}:{hour:02}:{minute:02}:{second:02}{zone}"),
                format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}{}{fraction}", if fraction.len() % 2 == 0 { "." } else { "," }),
            ];
            let mut text = text[which].clone().into_bytes();
            if let Some(place) = text.get_mut(flaw) {
                *place = byte;
            }
            for arrival_unix_nano in [0, 1_795_257_659_000_000_000] {
                let context = Context { arrival_unix_nano, ..Context::default() };
                let expected = general(&pattern).prefix(&text, &context);
                prop_assert_eq!(pattern.prefix(&text, &context), expected);
                prop_assert!(expected.is_err() || !pattern.is_out(&text));
            }
        }
    }
}
