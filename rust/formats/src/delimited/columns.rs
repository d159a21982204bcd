//! What the columns of a table are called, and a row's values under them.

use std::{collections::BTreeSet, ops::Range};

use logloom_record::{RejectReason, Text};

use super::cut::Shape;
use crate::{
    fields::{Dialect, Fields, Put, Table},
    json::hash,
    scan::{Finder, find},
    time::{self, Zone},
};

/// The most columns of a table.
pub(crate) const COLUMNS_MAX: usize = 1024;

/// What a column holds beside a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holds {
    Value,
    /// A date, of which another column has the time of day.
    Date,
    /// A time of day.
    Clock,
    /// A header in which `+` stands for a blank, or `%20`.
    Header,
    /// Nothing that is kept.
    Nothing,
}

/// One column.
#[derive(Clone, Copy, Debug)]
struct Column {
    name_at: u32,
    name_len: u32,
    entry: Option<u32>,
    holds: Holds,
    /// A second name for the same value.
    twin: Option<(u32, u32)>,
}

/// The columns of a table, in their order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Columns {
    /// Their names, one behind the other.
    names: Vec<u8>,
    list: Vec<Column>,
    has_clock: bool,
    /// Whether a row must have a value for each.
    is_strict: bool,
    /// The column of a time of day, where none has the date.
    clock: Option<usize>,
    /// The day, where a directive says it and no column does.
    day: Option<[u8; 10]>,
}

impl Columns {
    /// Columns of these names. One that stands twice gets its number behind it.
    pub(crate) fn new<'n>(dialect: &Dialect, names: impl Iterator<Item = &'n str>) -> Result<Self, RejectReason> {
        let mut columns = Self::default();
        let mut taken = BTreeSet::new();
        let (mut date, mut clock) = (None, None);
        for (n, name) in names.enumerate() {
            if n >= COLUMNS_MAX {
                return Err(RejectReason::limit("a table has at most 1024 columns", 0));
            }
            let name = name.trim();
            let mut name = if name.is_empty() { format!("column_{}", n + 1) } else { name.to_owned() };
            let mut twice = 1;
            let base = name.clone();
            while !taken.insert(name.to_ascii_lowercase()) {
                twice += 1;
                name = format!("{base}_{twice}");
            }
            match name.to_ascii_lowercase().as_str() {
                "date" => date = Some(n),
                "time" => clock = Some(n),
                _ => {}
            }
            columns.push(dialect, &name);
        }
        columns.clock = clock.filter(|_| date.is_none());
        if let (Some(date), Some(clock)) = (date, clock) {
            columns.hold(date, Holds::Date);
            columns.hold(clock, Holds::Clock);
            columns.has_clock = true;
        }
        Ok(columns)
    }

    fn hold(&mut self, at: usize, holds: Holds) {
        if let Some(column) = self.list.get_mut(at) {
            column.holds = holds;
        }
    }

    /// The day of the rows that follow, for a table with a time of day only.
    pub(crate) fn set_day(&mut self, day: Option<[u8; 10]>) {
        if let (Some(clock), Some(_)) = (self.clock, day) {
            self.day = day;
            self.hold(clock, Holds::Clock);
            self.has_clock = true;
        }
    }

    /// The same; a row must have a value for each.
    pub(crate) fn strict(mut self) -> Self {
        self.is_strict = true;
        self
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    /// The columns of this name (in letters of any size) hold a header's value, blanks written as `+` or `%20`.
    pub(crate) fn holds_header(&mut self, name: &str) {
        if let Some(column) = self.position(name).and_then(|at| self.list.get_mut(at)) {
            column.holds = Holds::Header;
        }
    }

    /// The column of this name is an attribute `twin` besides.
    pub(crate) fn twin(&mut self, name: &str, twin: &str) {
        let (at, len) = (self.names.len() as u32, twin.len() as u32);
        if let Some(column) = self.position(name).and_then(|at| self.list.get_mut(at)) {
            column.twin = Some((at, len));
            self.names.extend_from_slice(twin.as_bytes());
        }
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.list.iter().position(|column| self.name(*column).eq_ignore_ascii_case(name.as_bytes()))
    }

    fn name(&self, column: Column) -> &[u8] {
        let at = column.name_at as usize;
        self.names.get(at..at + column.name_len as usize).unwrap_or_default()
    }

    fn push(&mut self, dialect: &Dialect, name: &str) {
        let entry = dialect.find(hash(Text::from(name)), Text::from(name));
        let entry = entry.or_else(|| {
            let small = name.to_ascii_lowercase();
            dialect.find(hash(Text::from(small.as_str())), Text::from(small.as_str()))
        });
        let name_at = self.names.len() as u32;
        if entry.is_none() {
            self.names.extend_from_slice(dialect.prefix().as_bytes());
        }
        self.names.extend_from_slice(name.as_bytes());
        let (name_len, holds) = (self.names.len() as u32 - name_at, if name == "-" { Holds::Nothing } else { Holds::Value });
        self.list.push(Column { name_at, name_len, entry, holds, twin: None });
    }

    /// Gathers a row's values, and answers how many there are. One that is empty, or one of `nulls`, is absent; values behind the last column are `column_N`.
    #[inline(always)]
    pub(crate) fn gather(
        &self,
        fields: &mut Fields,
        dialect: &Dialect,
        shape: Shape,
        nulls: &[Vec<u8>],
        zone: Zone,
        line: Text<'_>,
    ) -> Result<usize, RejectReason> {
        fields.lay_names(&self.names);
        let mut values = Values::new(shape, line);
        let (mut date, mut clock) = (0..0, 0..0);
        let mut count = 0;
        // What nearly all say: nothing, or one byte.
        let null = if let [null] = nulls { null.first().copied().filter(|_| null.len() == 1) } else { None };
        loop {
            // Tables have many columns that are empty.
            while !shape.runs && count < self.list.len() && values.pass_empty() {
                count += 1;
            }
            let column = self.list.get(count);
            if let Some((from, to)) = values.plain() {
                if let Some(column) = column.filter(|column| column.holds == Holds::Value && column.twin.is_none())
                    && nulls.len() == usize::from(null.is_some())
                {
                    count += 1;
                    if from < to && (from + 1 < to || null.is_none() || line.bytes().get(from).copied() != null) {
                        fields.add_column(column.entry, column.name_at, column.name_len, line, Put::Typed(from..to));
                    }
                    continue;
                }
                values.at = from;
                values.ended = false;
            }
            let Some(value) = values.next()? else { break };
            count += 1;
            let Some(column) = column else {
                if count > COLUMNS_MAX {
                    return Err(RejectReason::limit("a row has at most 1024 values", value.range().start));
                }
                if !value.is_absent(line, nulls) {
                    fields.add_extra(dialect, line, count, value.put());
                }
                continue;
            };
            if value.is_absent(line, nulls) {
                continue;
            }
            match column.holds {
                Holds::Date => date = value.range(),
                Holds::Clock => clock = value.range(),
                Holds::Nothing => {}
                Holds::Header if memchr::memchr2(b'+', b'%', line.slice(value.range()).bytes()).is_some() => {
                    fields.add_column(column.entry, column.name_at, column.name_len, line, Put::Escaped(value.range()));
                }
                Holds::Value | Holds::Header => {
                    if let Some((at, len)) = column.twin {
                        fields.add_column(None, at, len, line, value.clone().put());
                    }
                    fields.add_column(column.entry, column.name_at, column.name_len, line, value.put());
                }
            }
        }
        if self.is_strict && count < self.list.len() {
            return Err(RejectReason::truncated("the row has fewer values than there are columns", line.len()));
        }
        if self.has_clock {
            self.clock(fields, zone, line, date, clock);
        }
        Ok(count)
    }

    /// The time that two columns say together; what is none is two values.
    fn clock(&self, fields: &mut Fields, zone: Zone, line: Text<'_>, date: Range<usize>, clock: Range<usize>) {
        let both = line.slice(date.start..clock.end);
        let joined = if clock.start == date.end + 1 && matches!(line.bytes().get(date.end), Some(b' ' | b'T')) {
            time::parse_in(both.bytes(), zone).ok()
        } else {
            let mut buffer = [b' '; 64];
            let clock = line.slice(clock.clone()).bytes();
            let date = self.day.as_ref().map_or_else(|| line.slice(date.clone()).bytes(), |day| &day[..]);
            let len = date.len() + 1 + clock.len();
            buffer.get_mut(..len).and_then(|buffer| {
                buffer.get_mut(..date.len())?.copy_from_slice(date);
                buffer.get_mut(date.len() + 1..)?.copy_from_slice(clock);
                time::parse_in(buffer, zone).ok()
            })
        };
        if let Some(unix_nano) = joined {
            return fields.give_time(unix_nano);
        }
        for column in &self.list {
            let range = match column.holds {
                Holds::Date => date.clone(),
                Holds::Clock => clock.clone(),
                _ => continue,
            };
            if !range.is_empty() {
                fields.add_column(column.entry, column.name_at, column.name_len, line, Put::Text(range));
            }
        }
    }
}

/// One value of a row.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Plain(Range<usize>),
    Quoted(Range<usize>),
    /// With quotes in it.
    Doubled(Range<usize>),
}

impl Value {
    pub(crate) fn range(&self) -> Range<usize> {
        match self {
            Self::Plain(range) | Self::Quoted(range) | Self::Doubled(range) => range.clone(),
        }
    }

    #[inline(always)]
    fn put(self) -> Put {
        match self {
            Self::Plain(range) => Put::Typed(range),
            Self::Quoted(range) => Put::Text(range),
            Self::Doubled(range) => Put::Escaped(range),
        }
    }

    #[inline(always)]
    fn is_absent(&self, line: Text<'_>, nulls: &[Vec<u8>]) -> bool {
        let Self::Plain(range) = self else { return false };
        let text = line.slice(range.clone()).bytes();
        let is = |null: &[u8]| match (null, text) {
            // No call for what nearly all are.
            ([null], [text]) => null == text,
            _ => null.len() == text.len() && null == text,
        };
        text.is_empty() || nulls.iter().any(|null| is(null))
    }
}

/// The values of a row.
#[derive(Debug)]
pub(crate) struct Values<'a> {
    shape: Shape,
    line: Text<'a>,
    at: usize,
    ended: bool,
    delimiters: Finder<'a>,
}

impl<'a> Values<'a> {
    pub(crate) fn new(shape: Shape, line: Text<'a>) -> Self {
        Self { shape, line, at: 0, ended: false, delimiters: Finder::new(line, shape.delimiter) }
    }

    /// Passes the next value where nothing is in it and another one follows.
    #[inline(always)]
    fn pass_empty(&mut self) -> bool {
        let is_empty = !self.ended && self.line.bytes().get(self.at) == Some(&self.shape.delimiter);
        self.at += usize::from(is_empty);
        is_empty
    }

    /// Where the next value stands, if there is one, and no quote begins it.
    #[inline(always)]
    fn plain(&mut self) -> Option<(usize, usize)> {
        let mut from = self.at;
        if self.shape.runs {
            while self.line.bytes().get(from) == Some(&self.shape.delimiter) {
                from += 1;
            }
        }
        let first = self.line.bytes().get(from).copied();
        if self.ended || first.is_none() || first == self.shape.quote {
            return None;
        }
        let to = self.delimiters.find(from);
        self.ended = to >= self.line.len();
        self.at = to + 1;
        Some((from, to))
    }

    /// The next value; `None` behind the last.
    #[inline(always)]
    pub(crate) fn next(&mut self) -> Result<Option<Value>, RejectReason> {
        if self.ended {
            return Ok(None);
        }
        if self.shape.runs {
            while self.line.bytes().get(self.at) == Some(&self.shape.delimiter) {
                self.at += 1;
            }
            if self.at >= self.line.len() {
                return Ok(None);
            }
        }
        let value = match (self.shape.quote, self.line.bytes().get(self.at)) {
            (Some(quote), Some(byte)) if *byte == quote => self.quoted(quote)?,
            _ => Value::Plain(self.at..self.delimiters.find(self.at)),
        };
        let end = match value {
            Value::Plain(ref range) => range.end,
            Value::Quoted(ref range) | Value::Doubled(ref range) => range.end + 1,
        };
        self.ended = end >= self.line.len();
        self.at = end + 1;
        Ok(Some(value))
    }

    /// A value in quotes; one behind whose closing quote something else stands than the delimiter is text as it is, quotes and all.
    fn quoted(&self, quote: u8) -> Result<Value, RejectReason> {
        let from = self.at + 1;
        let (mut at, mut doubled) = (from, false);
        loop {
            let rest = self.line.after(at);
            let Some(closing) = find(rest, quote).map(|len| at + len) else {
                return Err(RejectReason::truncated("the quoted value has no end", self.line.len()));
            };
            match self.line.bytes().get(closing + 1) {
                Some(next) if *next == quote => {
                    doubled = true;
                    at = closing + 2;
                }
                Some(next) if *next != self.shape.delimiter => {
                    let rest = self.line.after(closing);
                    return Ok(Value::Plain(self.at..closing + find(rest, self.shape.delimiter).unwrap_or(rest.len())));
                }
                _ => return Ok(if doubled { Value::Doubled(from..closing) } else { Value::Quoted(from..closing) }),
            }
        }
    }
}
