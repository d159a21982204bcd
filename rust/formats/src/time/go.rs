//! [Go's layouts](https://pkg.go.dev/time#pkg-constants): the reference time as the log would write it.

use super::{
    PatternError, TimePattern,
    pattern::{Item, Part, fraction},
};

/// The reference time's pieces, the longer before the shorter that they begin with.
const PIECES: &[(&str, Item)] = &[
    ("January", Item::Word(Part::MonthName)),
    ("Jan", Item::Word(Part::MonthName)),
    ("Monday", Item::Word(Part::WeekdayName)),
    ("Mon", Item::Word(Part::WeekdayName)),
    ("MST", Item::Word(Part::Abbreviation)),
    ("Z07:00:00", Item::Word(Part::Offset)),
    ("Z070000", Item::Word(Part::Offset)),
    ("Z07:00", Item::Word(Part::Offset)),
    ("Z0700", Item::Word(Part::Offset)),
    ("Z07", Item::Word(Part::Offset)),
    ("-07:00:00", Item::Word(Part::Offset)),
    ("-070000", Item::Word(Part::Offset)),
    ("-07:00", Item::Word(Part::Offset)),
    ("-0700", Item::Word(Part::Offset)),
    ("-07", Item::Word(Part::Offset)),
    ("2006", number(Part::Year, 4, 4)),
    ("__2", Item::Number { part: Part::DayOfYear, min: 1, max: 3, padded: true, loose: false }),
    ("002", number(Part::DayOfYear, 3, 3)),
    ("_2", Item::Number { part: Part::Day, min: 1, max: 2, padded: true, loose: false }),
    ("01", number(Part::Month, 2, 2)),
    ("02", number(Part::Day, 2, 2)),
    ("03", number(Part::Hour12, 2, 2)),
    ("04", number(Part::Minute, 2, 2)),
    ("05", number(Part::Second, 2, 2)),
    ("06", number(Part::YearOfCentury, 2, 2)),
    ("15", number(Part::Hour, 2, 2)),
    ("PM", Item::Word(Part::HalfDay)),
    ("pm", Item::Word(Part::HalfDay)),
    ("1", number(Part::Month, 1, 2)),
    ("2", number(Part::Day, 1, 2)),
    ("3", number(Part::Hour12, 1, 2)),
    ("4", number(Part::Minute, 1, 2)),
    ("5", number(Part::Second, 1, 2)),
];

const fn number(part: Part, min: u8, max: u8) -> Item {
    Item::Number { part, min, max, padded: false, loose: max == 2 }
}

impl TimePattern {
    /// Compiles a Go layout: `2006-01-02T15:04:05.000Z07:00`, `Jan _2 15:04:05`. A fraction may follow seconds that have none in the
    /// layout, as in Go.
    pub fn go(layout: &str) -> Result<Self, PatternError> {
        let mut items = Vec::new();
        let mut rest = layout;
        while let Some(first) = rest.chars().next() {
            let digits =
                rest.bytes().skip(1).take_while(|b| *b == b'0').count().max(rest.bytes().skip(1).take_while(|b| *b == b'9').count());
            let ends = !rest.as_bytes().get(1 + digits).is_some_and(u8::is_ascii_digit);
            if matches!(first, '.' | ',') && digits > 0 && ends && matches!(items.last(), Some(Item::Number { part: Part::Second, .. })) {
                if rest.as_bytes().get(1) == Some(&b'9') {
                    items.push(Item::OptionalFraction);
                } else {
                    items.extend([Item::Either(b'.', b','), fraction(digits.min(9) as u8)]);
                }
                rest = rest.get(1 + digits..).unwrap_or_default();
                continue;
            }
            if let Some((piece, item)) = PIECES.iter().find(|(piece, _)| rest.starts_with(piece)) {
                items.push(*item);
                rest = rest.get(piece.len()..).unwrap_or_default();
                let has_fraction = rest.starts_with(".0") || rest.starts_with(",0") || rest.starts_with(".9") || rest.starts_with(",9");
                if matches!(item, Item::Number { part: Part::Second, .. }) && !has_fraction {
                    items.push(Item::OptionalFraction);
                }
                continue;
            }
            items.extend(first.to_string().bytes().map(Item::Literal));
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
        }
        Ok(Self::of(items))
    }
}
