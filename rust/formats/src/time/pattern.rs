//! strftime patterns, compiled once: C's conversions, GNU's flags and `%N`, Ruby's `%L`, and what Envoy and Abseil add (`%1f`..`%9f`, `%E3S`,
//! `%Ez`).

use super::fixed::Fixed;

/// What is wrong with a pattern, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatternError {
    /// What is wrong and the way out.
    pub message: String,
    /// Where in the pattern, in bytes.
    pub at: usize,
}

/// A part of a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Year,
    YearOfCentury,
    Century,
    Month,
    MonthName,
    Day,
    DayOfYear,
    Hour,
    Hour12,
    /// Java's 1 to 24, and 0 to 11.
    HourFrom1,
    HourOfHalf,
    HalfDay,
    Minute,
    Second,
    /// Seconds since the epoch.
    Epoch,
    Fraction,
    /// Ruby's `%L`: it writes three digits, and reads as many as there are.
    Millis,
    Offset,
    /// An abbreviation, or what stands for one: `CET`, `GMT+01:00`, `+01`, `Europe/Berlin`.
    Abbreviation,
    WeekdayName,
    /// ISO 8601: the week-based year, its week, the weekday 1 to 7.
    IsoYear,
    IsoYearOfCentury,
    IsoWeek,
    IsoWeekday,
    /// Weeks from the first Sunday or Monday, weekday 0 to 6: read and checked, not needed beside a date.
    WeekOfYear,
    Weekday,
}

impl Part {
    /// The usual number of digits; 0 for what is no number.
    const fn width(self) -> u8 {
        match self {
            Self::Year | Self::IsoYear => 4,
            Self::DayOfYear | Self::Millis => 3,
            Self::Weekday | Self::IsoWeekday => 1,
            Self::Epoch => 19,
            Self::Fraction => 9,
            Self::MonthName | Self::HalfDay | Self::Offset | Self::Abbreviation | Self::WeekdayName => 0,
            _ => 2,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Item {
    Literal(u8),
    /// One or more blanks or tabs.
    Blank,
    /// One of two signs.
    Either(u8, u8),
    /// A number of `min` to `max` digits, behind at most one blank of padding where `padded`. `loose`: of two digits, and one will do, also
    /// behind a blank: as `strptime` reads them, whatever `strftime` writes.
    Number {
        part: Part,
        min: u8,
        max: u8,
        padded: bool,
        loose: bool,
    },
    /// The next items, so many, may be absent as a whole.
    Optional(u8),
    /// RFC 3339 or a relative.
    Iso,
    /// A number since 1970 in a unit that its size tells, perhaps with a fraction.
    AnyEpoch,
    /// A point or comma and digits, or nothing: Abseil's `%E*S`.
    OptionalFraction,
    /// Seconds since the epoch whose last `fraction` digits are a fraction: `%s%3f`.
    EpochWithFraction {
        fraction: u8,
    },
    Word(Part),
}

/// A strftime pattern, ready to read what it wrote.
#[derive(Clone, Debug)]
pub struct TimePattern {
    pub(super) items: Vec<Item>,
    pub(super) millis_z: bool,
    /// Whether it is the Common Log Format's.
    pub(super) clf: bool,
    /// Its beginning, where all of that has its place.
    pub(super) fixed: Option<Box<Fixed>>,
}

impl PartialEq for TimePattern {
    /// The rest follows from the items.
    fn eq(&self, other: &Self) -> bool {
        self.items == other.items
    }
}

/// Composites may hold composites; no pattern of ours goes deeper.
const NESTING_MAX: u8 = 4;

impl TimePattern {
    /// Compiles a pattern.
    pub fn compile(pattern: &str) -> Result<Self, PatternError> {
        let mut items = Vec::new();
        expand(pattern, &mut items, 0)?;
        Ok(Self::of(items))
    }

    /// Compiles a pattern of whichever kind it is: strftime's where there is a `%`, a Go layout where its reference time stands in it
    /// (`2006`, `15:04`), `iso` or `epoch`, else Java's.
    pub fn compile_any(pattern: &str) -> Result<Self, PatternError> {
        match pattern.trim() {
            name if ["iso", "iso8601", "rfc3339"].iter().any(|known| known.eq_ignore_ascii_case(name)) => Ok(Self::of(vec![Item::Iso])),
            "epoch" | "unix" => Ok(Self::of(vec![Item::AnyEpoch])),
            _ if pattern.contains('%') => Self::compile(pattern),
            _ if pattern.contains("2006") || pattern.contains("15:04") || pattern.contains("3:04") => Self::go(pattern),
            _ => Self::java(pattern),
        }
    }

    pub(super) fn of(mut items: Vec<Item>) -> Self {
        join_epoch_fraction(&mut items);
        fix_widths(&mut items);
        let millis_z = items == Self::millis_z_items();
        let clf = items == Self::clf_items();
        let fixed = Fixed::of(&items);
        Self { items, millis_z, clf, fixed }
    }

    /// Envoy's default, `%Y-%m-%dT%H:%M:%S.%3fZ`.
    pub fn millis_z() -> Self {
        Self::of(Self::millis_z_items())
    }

    fn millis_z_items() -> Vec<Item> {
        let number = |part: Part| Item::Number { part, min: part.width(), max: part.width(), padded: false, loose: part.width() == 2 };
        let millis = fraction(3);
        let mut items = vec![number(Part::Year), Item::Literal(b'-'), number(Part::Month), Item::Literal(b'-'), number(Part::Day)];
        items.extend([Item::Literal(b'T'), number(Part::Hour), Item::Literal(b':'), number(Part::Minute), Item::Literal(b':')]);
        items.extend([number(Part::Second), Item::Literal(b'.'), millis, Item::Literal(b'Z')]);
        items
    }

    fn clf_items() -> Vec<Item> {
        let mut items = Vec::new();
        if expand("%d/%b/%Y:%H:%M:%S %z", &mut items, 0).is_ok() {
            fix_widths(&mut items);
        }
        items
    }

    /// Whether it is [`millis_z`](Self::millis_z).
    pub fn is_millis_z(&self) -> bool {
        self.millis_z
    }

    /// Whether what it reads can name a moment: a weekday alone cannot, nor a day without its month; a time of day can, beside an
    /// arrival.
    pub fn names_a_moment(&self) -> bool {
        use Part::{Day, DayOfYear, Epoch, Hour, Hour12, HourFrom1, HourOfHalf, IsoWeek, IsoYear, Month, MonthName, Year, YearOfCentury};
        let has = |parts: &[Part]| {
            self.items.iter().any(|item| match item {
                Item::EpochWithFraction { .. } | Item::Iso | Item::AnyEpoch => parts.contains(&Epoch),
                Item::Number { part, .. } | Item::Word(part) => parts.contains(part),
                _ => false,
            })
        };
        let (month, day) = (has(&[Month, MonthName]), has(&[Day]));
        let date = if day { month } else { has(&[Year, YearOfCentury, DayOfYear]) };
        let time = has(&[Hour, Hour12, HourFrom1, HourOfHalf]);
        has(&[Epoch]) || date || (has(&[IsoYear]) && has(&[IsoWeek])) || (!day && !month && time)
    }

    /// Whether it begins with a digit.
    pub fn starts_with_digit(&self) -> bool {
        matches!(self.items.first(), Some(Item::Number { .. } | Item::EpochWithFraction { .. } | Item::Iso | Item::AnyEpoch))
    }

    /// Which bytes right behind it could be read as its own: none where its end is fixed.
    pub fn may_go_on_with(&self) -> &'static [u8] {
        match self.items.last() {
            Some(Item::Number { min, max, .. }) if min != max => b"0123456789",
            Some(Item::EpochWithFraction { .. }) => b"0123456789",
            Some(Item::OptionalFraction | Item::AnyEpoch) => b".0123456789",
            Some(Item::Iso) => b" .,+-0123456789:ABCDEFGHIJKLMNOPQRSTUVWXYZ",
            Some(Item::Word(_)) => b"0123456789:ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
            Some(Item::Blank) => b" \t",
            _ => b"",
        }
    }
}

fn expand(pattern: &str, items: &mut Vec<Item>, depth: u8) -> Result<(), PatternError> {
    let bytes = pattern.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if byte != b'%' {
            items.push(Item::Literal(byte));
            at += 1;
            continue;
        }
        let spec = bytes.get(at + 1..).unwrap_or_default();
        at += 1 + conversion(spec, items, depth).map_err(|message| PatternError { message, at })?;
    }
    Ok(())
}

/// Compiles the conversion behind a `%`; answers its length.
fn conversion(spec: &[u8], items: &mut Vec<Item>, depth: u8) -> Result<usize, String> {
    // GNU: `-` no padding, `_` blanks, `0` zeros, `^` and `#` another case. C and POSIX: E and O, another representation.
    let flags = spec.iter().take_while(|b| matches!(b, b'-' | b'_' | b'^' | b'#')).count();
    let bare = spec.first() == Some(&b'-');
    // Rust's chrono and jiff: `%.3f`, the point with it.
    if let [b'.', rest @ ..] = spec {
        let digits = rest.first().filter(|b| (b'1'..=b'9').contains(b)).map(|b| b - b'0');
        if rest.get(usize::from(digits.is_some())) == Some(&b'f') {
            items.extend(digits.map_or_else(|| vec![Item::OptionalFraction], |n| vec![Item::Literal(b'.'), fraction(n)]));
            return Ok(2 + usize::from(digits.is_some()));
        }
    }
    let mut at = flags + usize::from(flags == 0 && matches!(spec, [b'0', b'a'..=b'z' | b'A'..=b'Z', ..]));
    let modified = matches!(spec.get(at), Some(b'E' | b'O' | b':'));
    at += usize::from(modified) + spec.get(at + 1..).unwrap_or_default().iter().take(2).take_while(|b| modified && **b == b':').count();
    let star = modified && spec.get(at) == Some(&b'*');
    at += usize::from(star);
    let digits = spec.get(at).filter(|b| b.is_ascii_digit()).map(|b| b - b'0');
    at += usize::from(digits.is_some());
    let Some(&letter) = spec.get(at) else {
        return Err("the pattern ends inside a conversion: write '%%' for a percent sign".into());
    };
    let len = at + 1;
    if star || digits.is_some() {
        return extended(letter, star, digits, modified, items).map(|()| len);
    }
    if let Some(composite) = composite(letter) {
        if depth >= NESTING_MAX {
            return Err("conversions are nested too deeply".into());
        }
        expand(composite, items, depth + 1).map_err(|e| e.message)?;
        return Ok(len);
    }
    items.push(match letter {
        b'%' => Item::Literal(b'%'),
        b'n' | b't' => Item::Blank,
        b'f' | b'N' => any_fraction(Part::Fraction),
        b'L' => any_fraction(Part::Millis),
        _ => simple(letter, bare)?,
    });
    Ok(len)
}

pub(super) const fn fraction(digits: u8) -> Item {
    Item::Number { part: Part::Fraction, min: digits, max: digits, padded: false, loose: false }
}

/// As many digits as there are.
pub(super) const fn any_fraction(part: Part) -> Item {
    Item::Number { part, min: 1, max: u8::MAX, padded: false, loose: false }
}

/// `%3f`, `%6N`, `%E3S`, `%E*S`, `%E3f`, `%E*f`, `%E4Y`, `%E*z`.
fn extended(letter: u8, star: bool, digits: Option<u8>, modified: bool, items: &mut Vec<Item>) -> Result<(), String> {
    let second = Item::Number { part: Part::Second, min: 2, max: 2, padded: false, loose: false };
    match (letter, digits) {
        (b'f' | b'N' | b'L', Some(1..)) => items.push(fraction(digits.unwrap_or(9))),
        (b'f', None) => items.push(any_fraction(Part::Fraction)),
        (b'S', Some(0)) if modified => items.push(second),
        (b'S', Some(n)) if modified => items.extend([second, Item::Literal(b'.'), fraction(n)]),
        (b'S', None) => items.extend([second, Item::OptionalFraction]),
        (b'Y', Some(4)) if modified => items.push(simple(b'Y', false)?),
        (b'z', _) => items.push(Item::Word(Part::Offset)),
        _ => {
            let sign = char::from(letter);
            let count = digits.map_or_else(|| if star { "*".into() } else { String::new() }, |n| n.to_string());
            return Err(format!("'%{count}{sign}' is no conversion: digits go before 'f' (%3f) or between 'E' and 'S' (%E3S)"));
        }
    }
    Ok(())
}

const fn composite(letter: u8) -> Option<&'static str> {
    Some(match letter {
        b'F' => "%Y-%m-%d",
        b'T' | b'X' => "%H:%M:%S",
        b'D' | b'x' => "%m/%d/%y",
        b'R' => "%H:%M",
        b'r' => "%I:%M:%S %p",
        b'c' => "%a %b %e %H:%M:%S %Y",
        b'v' => "%e-%b-%Y",
        b'+' => "%a %b %e %H:%M:%S %Z %Y",
        _ => return None,
    })
}

fn simple(letter: u8, bare: bool) -> Result<Item, String> {
    let part = match letter {
        b'Y' => Part::Year,
        b'y' => Part::YearOfCentury,
        b'C' => Part::Century,
        b'm' => Part::Month,
        b'b' | b'B' | b'h' => Part::MonthName,
        b'd' | b'e' => Part::Day,
        b'j' => Part::DayOfYear,
        b'H' | b'k' => Part::Hour,
        b'I' | b'l' => Part::Hour12,
        b'p' | b'P' => Part::HalfDay,
        b'M' => Part::Minute,
        b'S' => Part::Second,
        b's' => Part::Epoch,
        b'z' => Part::Offset,
        b'Z' => Part::Abbreviation,
        b'a' | b'A' => Part::WeekdayName,
        b'G' => Part::IsoYear,
        b'g' => Part::IsoYearOfCentury,
        b'V' => Part::IsoWeek,
        b'u' => Part::IsoWeekday,
        b'U' | b'W' => Part::WeekOfYear,
        b'w' => Part::Weekday,
        _ => {
            let sign = char::from(letter);
            return Err(format!("unknown conversion '%{sign}': see strftime(3), and %1f to %9f for fractions of a second"));
        }
    };
    let width = part.width();
    if width == 0 {
        return Ok(Item::Word(part));
    }
    let padded = matches!(letter, b'e' | b'k' | b'l');
    // Only a written zero is asked for where the pattern writes one; `%-d`, `%e` and the epoch have as many digits as they need.
    let min = if bare || padded || part == Part::Epoch { 1 } else { width };
    Ok(Item::Number { part, min, max: width, padded, loose: width == 2 && min == 2 })
}

/// Seconds with their fraction's digits right behind them end where the fraction begins, which only the run's length tells.
fn join_epoch_fraction(items: &mut Vec<Item>) {
    let mut at = 0;
    while at + 1 < items.len() {
        if let (
            Some(Item::Number { part: Part::Epoch, .. }),
            Some(Item::Number { part: part @ (Part::Fraction | Part::Millis), max, .. }),
        ) = (items.get(at), items.get(at + 1))
        {
            // Envoy's `%f` writes nine digits.
            let fraction = (*max).min(part.width());
            items.splice(at..at + 2, [Item::EpochWithFraction { fraction }]);
        }
        at += 1;
    }
}

/// A number beside which another stands has exactly its usual width.
fn fix_widths(items: &mut [Item]) {
    let begins = |item: Option<&Item>| matches!(item, Some(Item::Number { padded: false, .. } | Item::EpochWithFraction { .. }));
    for at in 0..items.len() {
        let follows = at.checked_sub(1).is_some_and(|before| matches!(items.get(before), Some(Item::Number { .. })));
        let is_followed = begins(items.get(at + 1));
        if let Some(Item::Number { part, min, max, padded: false, loose }) = items.get_mut(at)
            && *part != Part::Epoch
        {
            *loose &= !follows && !is_followed;
            if is_followed {
                let width = if *part == Part::Fraction { (*max).min(9) } else { part.width() };
                (*min, *max) = (width, width);
            }
        }
    }
}
