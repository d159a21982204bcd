//! The beginning of a pattern in which each part has its place, such as all of `%Y/%m/%d %H:%M:%S`: read eight bytes at a time.

use super::{
    pattern::{Item, Part},
    read::Parts,
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
        (len >= LEN_MIN).then(|| Box::new(Self { items: count, len, words: words(&bytes), parts }))
    }

    /// Reads what stands in its place, and answers its length; `None` where something does not, or is out of range: the general way knows why.
    #[inline]
    pub(super) fn read(&self, text: &[u8], parts: &mut Parts) -> Option<usize> {
        let text = text.get(..self.len)?;
        let mut wrong = 0;
        for word in &self.words {
            let found = swar::load(text.get(word.at..)?.first_chunk()?) ^ swar::load(&word.bytes);
            let (signs, digits) = (swar::load(&word.signs), swar::load(&word.digits));
            // A digit is a nibble up to nine; no carry crosses bytes.
            let beyond_nine = (found | (found & 0x0f0f_0f0f_0f0f_0f0f).wrapping_add(0x0606_0606_0606_0606)) & 0xf0f0_f0f0_f0f0_f0f0;
            wrong |= (found & signs) | (beyond_nine & digits);
        }
        if wrong != 0 {
            return None;
        }
        for (place, at) in &self.parts {
            let at = usize::from(*at);
            match *place {
                Place::Year => parts.set(Part::Year, u64::from(two(text, at)? * 100 + two(text, at + 2)?)).ok()?,
                Place::Two(part) => parts.set(part, u64::from(two(text, at)?)).ok()?,
                Place::MonthName => parts.set(Part::Month, u64::from(month(text.get(at..)?.first_chunk()?)?)).ok()?,
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

/// The month of three letters, of any size.
#[inline(always)]
fn month(name: &[u8; 3]) -> Option<u32> {
    let [a, b, c] = name.map(|letter| letter | 0x20);
    Some(match &[a, b, c] {
        b"jan" => 1,
        b"feb" => 2,
        b"mar" => 3,
        b"apr" => 4,
        b"may" => 5,
        b"jun" => 6,
        b"jul" => 7,
        b"aug" => 8,
        b"sep" => 9,
        b"oct" => 10,
        b"nov" => 11,
        b"dec" => 12,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::time::{Context, TimePattern};

    const PATTERNS: [&str; 8] = [
        "%Y/%m/%d %H:%M:%S",
        "%Y/%m/%d %H:%M:%S.%f",
        "%d-%b-%Y %H:%M:%S.%3f",
        "%d-%b-%Y %H:%M:%S %Z",
        "%y%m%d %H:%M:%S",
        "%H:%M:%S,%3f",
        "%Y-%m-%d %H:%M:%S.%6f %z",
        "%b %d, %Y %H:%M:%S",
    ];

    /// The same by the general way alone.
    fn general(pattern: &TimePattern) -> TimePattern {
        TimePattern { fixed: None, millis_z: false, clf: false, ..pattern.clone() }
    }

    proptest! {
        #[test]
        fn it_reads_as_the_general_way_does(
            which in 0..PATTERNS.len(), year in 1968u32..2264, month in 0u32..14, day in 0u32..33, hour in 0u32..26, minute in 0u32..62,
            second in 0u32..62, fraction in "[0-9]{0,9}", name in "(Jan|feb|MAR|May|June|December|Foo)", zone in "( UTC| CET| [+]0100|)",
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
            ];
            let mut text = text[which].clone().into_bytes();
            if let Some(place) = text.get_mut(flaw) {
                *place = byte;
            }
            for arrival_unix_nano in [0, 1_795_257_659_000_000_000] {
                let context = Context { arrival_unix_nano, ..Context::default() };
                prop_assert_eq!(pattern.prefix(&text, &context), general(&pattern).prefix(&text, &context));
            }
        }
    }
}
