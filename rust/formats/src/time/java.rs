//! Date patterns as Java has them: [`DateTimeFormatter`](https://docs.oracle.com/en/java/javase/21/docs/api/java.base/java/time/format/DateTimeFormatter.html)'s
//! and `SimpleDateFormat`'s letters, Joda's, and the names that log4j and logback give to patterns.

use super::{
    PatternError, TimePattern,
    pattern::{Item, Part, any_fraction, fraction},
};

/// What log4j and logback know by name. Their ISO 8601 has a `T` in one and a blank in the other.
const NAMES: &[(&str, &str)] = &[
    ("ABSOLUTE", "HH:mm:ss,SSS"),
    ("ABSOLUTE_MICROS", "HH:mm:ss,SSSSSS"),
    ("ABSOLUTE_NANOS", "HH:mm:ss,SSSSSSSSS"),
    ("ABSOLUTE_PERIOD", "HH:mm:ss.SSS"),
    ("COMPACT", "yyyyMMddHHmmssSSS"),
    ("DATE", "dd MMM yyyy HH:mm:ss,SSS"),
    ("DATE_PERIOD", "dd MMM yyyy HH:mm:ss.SSS"),
    ("DEFAULT", "yyyy-MM-dd HH:mm:ss,SSS"),
    ("DEFAULT_MICROS", "yyyy-MM-dd HH:mm:ss,SSSSSS"),
    ("DEFAULT_NANOS", "yyyy-MM-dd HH:mm:ss,SSSSSSSSS"),
    ("DEFAULT_PERIOD", "yyyy-MM-dd HH:mm:ss.SSS"),
    ("ISO8601_BASIC", "yyyyMMdd'T'HHmmss,SSS"),
    ("ISO8601_BASIC_PERIOD", "yyyyMMdd'T'HHmmss.SSS"),
    ("US_MONTH_DAY_YEAR2_TIME", "dd/MM/yy HH:mm:ss.SSS"),
    ("US_MONTH_DAY_YEAR4_TIME", "dd/MM/yyyy HH:mm:ss.SSS"),
];

impl TimePattern {
    /// Compiles a Java pattern: `yyyy-MM-dd HH:mm:ss,SSS`, `dd/MMM/yyyy:HH:mm:ss Z`, `yyyy-MM-dd'T'HH:mm:ss[.SSS]X`, or a name of log4j's
    /// (`ISO8601`, `ABSOLUTE`, `UNIX_MILLIS` …).
    pub fn java(pattern: &str) -> Result<Self, PatternError> {
        match pattern {
            "UNIX" | "UNIX_MILLIS" => return Ok(Self::of(vec![Item::AnyEpoch])),
            name if name.starts_with("ISO8601") && !name.starts_with("ISO8601_BASIC") => return Ok(Self::of(vec![Item::Iso])),
            _ => {}
        }
        let pattern = NAMES.iter().find(|(name, _)| *name == pattern).map_or(pattern, |(_, known)| known);
        let bytes = pattern.as_bytes();
        let mut items = Vec::new();
        let mut open: Vec<(usize, usize)> = Vec::new();
        let mut at = 0;
        let wrong = |message: &str, at| PatternError { message: message.into(), at };
        while let Some(&byte) = bytes.get(at) {
            let run = bytes.get(at..).unwrap_or_default().iter().take_while(|b| **b == byte).count();
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' => {
                    items.push(letters(byte, run).map_err(|message| PatternError { message, at })?);
                    at += run;
                    continue;
                }
                b'\'' => {
                    at += 1 + quoted(bytes.get(at + 1..).unwrap_or_default(), &mut items)
                        .ok_or_else(|| wrong("the quote is not closed", at))?;
                    continue;
                }
                b'[' => {
                    open.push((items.len(), at));
                    items.push(Item::Optional(0));
                }
                b']' => {
                    let (start, _) = open.pop().ok_or_else(|| wrong("no '[' is open here", at))?;
                    let count = u8::try_from(items.len() - start - 1).map_err(|_| wrong("the section is too long", at))?;
                    if let Some(item) = items.get_mut(start) {
                        *item = Item::Optional(count);
                    }
                }
                b'{' | b'}' | b'#' => return Err(wrong("this sign is reserved: write it in quotes", at)),
                _ => items.push(Item::Literal(byte)),
            }
            at += 1;
        }
        match open.pop() {
            Some((_, at)) => Err(wrong("the '[' is not closed", at)),
            None => Ok(Self::of(items)),
        }
    }
}

/// The text in quotes, of which the first is read; answers its length with the closing one. Two quotes are one, inside and outside.
fn quoted(rest: &[u8], items: &mut Vec<Item>) -> Option<usize> {
    if rest.first() == Some(&b'\'') {
        items.push(Item::Literal(b'\''));
        return Some(1);
    }
    let mut at = 0;
    loop {
        match rest.get(at..)? {
            [b'\'', b'\'', ..] => {
                items.push(Item::Literal(b'\''));
                at += 2;
            }
            [b'\'', ..] => return Some(at + 1),
            [byte, ..] => {
                items.push(Item::Literal(*byte));
                at += 1;
            }
            [] => return None,
        }
    }
}

fn letters(letter: u8, count: usize) -> Result<Item, String> {
    let digits = count.min(usize::from(u8::MAX)) as u8;
    let number = |part: Part, max: u8| Item::Number { part, min: digits.min(max), max, padded: false, loose: max == 2 };
    Ok(match letter {
        b'y' | b'u' | b'Y' if count == 2 => number(Part::YearOfCentury, 2),
        b'y' | b'u' | b'Y' => number(Part::Year, 4),
        b'M' | b'L' if count < 3 => number(Part::Month, 2),
        b'M' | b'L' => Item::Word(Part::MonthName),
        b'd' => number(Part::Day, 2),
        b'D' => number(Part::DayOfYear, 3),
        b'E' | b'e' | b'c' => Item::Word(Part::WeekdayName),
        b'a' => Item::Word(Part::HalfDay),
        b'H' => number(Part::Hour, 2),
        b'k' => number(Part::HourFrom1, 2),
        b'K' => number(Part::HourOfHalf, 2),
        b'h' => number(Part::Hour12, 2),
        b'm' => number(Part::Minute, 2),
        b's' => number(Part::Second, 2),
        // One letter is SimpleDateFormat's way to say the fraction, however long it is.
        b'S' | b'n' if count == 1 => any_fraction(Part::Fraction),
        b'S' | b'n' => fraction(digits.min(9)),
        b'X' | b'x' => Item::Word(Part::Offset),
        // Z to ZZ and ZZZZZ are offsets, ZZZ is Joda's name of a zone, ZZZZ `GMT+01:00`; what reads one reads all.
        b'z' | b'Z' | b'O' | b'V' | b'v' => Item::Word(Part::Abbreviation),
        _ => {
            let letter = char::from(letter);
            return Err(format!("'{letter}' is no letter of a date that can be read: text of your own goes in quotes ('T')"));
        }
    })
}
