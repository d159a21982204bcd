//! strftime patterns, compiled once: C's conversions, GNU's flags and `%N`, and what Envoy and Abseil add (`%1f`..`%9f`, `%E3S`, `%Ez`).

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
    HalfDay,
    Minute,
    Second,
    /// Seconds since the epoch.
    Epoch,
    Fraction,
    Offset,
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
            Self::DayOfYear => 3,
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
    /// A number of `min` to `max` digits, behind at most one blank of padding where `padded`.
    Number {
        part: Part,
        min: u8,
        max: u8,
        padded: bool,
    },
    /// `.` and digits, or nothing: Abseil's `%E*S`.
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
}

/// Composites may hold composites; no pattern of ours goes deeper.
const NESTING_MAX: u8 = 4;

impl TimePattern {
    /// Compiles a pattern.
    pub fn compile(pattern: &str) -> Result<Self, PatternError> {
        let mut items = Vec::new();
        expand(pattern, &mut items, 0)?;
        join_epoch_fraction(&mut items);
        fix_widths(&mut items);
        let millis_z = items == Self::millis_z_items();
        Ok(Self { items, millis_z })
    }

    /// Envoy's default, `%Y-%m-%dT%H:%M:%S.%3fZ`.
    pub fn millis_z() -> Self {
        Self { items: Self::millis_z_items(), millis_z: true }
    }

    fn millis_z_items() -> Vec<Item> {
        let number = |part: Part| Item::Number { part, min: part.width(), max: part.width(), padded: false };
        let millis = Item::Number { part: Part::Fraction, min: 3, max: 3, padded: false };
        let mut items = vec![number(Part::Year), Item::Literal(b'-'), number(Part::Month), Item::Literal(b'-'), number(Part::Day)];
        items.extend([Item::Literal(b'T'), number(Part::Hour), Item::Literal(b':'), number(Part::Minute), Item::Literal(b':')]);
        items.extend([number(Part::Second), Item::Literal(b'.'), millis, Item::Literal(b'Z')]);
        items
    }

    /// Whether it is [`millis_z`](Self::millis_z).
    pub fn is_millis_z(&self) -> bool {
        self.millis_z
    }

    /// Whether what it reads can name a moment: a weekday alone cannot, nor a day without its month; a time of day can, beside an
    /// arrival.
    pub fn names_a_moment(&self) -> bool {
        use Part::{Day, DayOfYear, Epoch, Hour, Hour12, IsoWeek, IsoYear, Month, MonthName, Year, YearOfCentury};
        let has = |parts: &[Part]| {
            self.items.iter().any(|item| match item {
                Item::EpochWithFraction { .. } => parts.contains(&Epoch),
                Item::Number { part, .. } | Item::Word(part) => parts.contains(part),
                _ => false,
            })
        };
        let (month, day) = (has(&[Month, MonthName]), has(&[Day]));
        let date = if day { month } else { has(&[Year, YearOfCentury, DayOfYear]) };
        has(&[Epoch]) || date || (has(&[IsoYear]) && has(&[IsoWeek])) || (!day && !month && has(&[Hour, Hour12]))
    }

    /// Whether it begins with a digit.
    pub fn starts_with_digit(&self) -> bool {
        matches!(self.items.first(), Some(Item::Number { .. } | Item::EpochWithFraction { .. }))
    }

    /// Which bytes right behind it could be read as its own: none where its end is fixed.
    pub fn may_go_on_with(&self) -> &'static [u8] {
        match self.items.last() {
            Some(Item::Number { min, max, .. }) if min != max => b"0123456789",
            Some(Item::EpochWithFraction { .. }) => b"0123456789",
            Some(Item::OptionalFraction) => b".0123456789",
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
    let mut at = flags + usize::from(flags == 0 && matches!(spec, [b'0', b'a'..=b'z' | b'A'..=b'Z', ..]));
    let modified = matches!(spec.get(at), Some(b'E' | b'O' | b':'));
    at += usize::from(modified);
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
        b'f' => Item::Number { part: Part::Fraction, min: 1, max: u8::MAX, padded: false },
        b'N' => fraction(9),
        b'L' => fraction(3),
        _ => simple(letter, bare)?,
    });
    Ok(len)
}

const fn fraction(digits: u8) -> Item {
    Item::Number { part: Part::Fraction, min: digits, max: digits, padded: false }
}

/// `%3f`, `%6N`, `%E3S`, `%E*S`, `%E3f`, `%E*f`, `%E4Y`, `%E*z`.
fn extended(letter: u8, star: bool, digits: Option<u8>, modified: bool, items: &mut Vec<Item>) -> Result<(), String> {
    let second = Item::Number { part: Part::Second, min: 2, max: 2, padded: false };
    match (letter, digits) {
        (b'f' | b'N', Some(1..)) => items.push(fraction(digits.unwrap_or(9))),
        (b'f', None) => items.push(Item::Number { part: Part::Fraction, min: 1, max: u8::MAX, padded: false }),
        (b'S', Some(0)) if modified => items.push(second),
        (b'S', Some(n)) if modified => items.extend([second, Item::Literal(b'.'), fraction(n)]),
        (b'S', None) => items.extend([second, Item::OptionalFraction]),
        (b'Y', Some(4)) if modified => items.push(simple(b'Y', false)?),
        (b'z', None) => items.push(Item::Word(Part::Offset)),
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
    Ok(Item::Number { part, min, max: width, padded })
}

/// Seconds with their fraction's digits right behind them end where the fraction begins, which only the run's length tells.
fn join_epoch_fraction(items: &mut Vec<Item>) {
    let mut at = 0;
    while at + 1 < items.len() {
        if let (Some(Item::Number { part: Part::Epoch, .. }), Some(Item::Number { part: Part::Fraction, max, .. })) =
            (items.get(at), items.get(at + 1))
        {
            // Envoy's `%f` writes nine digits.
            let fraction = (*max).min(9);
            items.splice(at..at + 2, [Item::EpochWithFraction { fraction }]);
        }
        at += 1;
    }
}

/// A number right behind which another begins has exactly its usual width.
fn fix_widths(items: &mut [Item]) {
    for at in 1..items.len() {
        let digit_follows = matches!(items.get(at), Some(Item::Number { padded: false, .. } | Item::EpochWithFraction { .. }));
        if digit_follows
            && let Some(Item::Number { part, min, max, padded: false }) = items.get_mut(at - 1)
            && *part != Part::Epoch
        {
            let width = if *part == Part::Fraction { (*max).min(9) } else { part.width() };
            (*min, *max) = (width, width);
        }
    }
}
