//! A pattern, compiled: reads a line into values, writes these as a record.

use std::{cell::Cell, net::IpAddr, ops::Range};

use logloom_record::Text;

use super::{
    Part, Use,
    choice::{HEADS_MAX, NONE},
};
use crate::{
    envoy::{Name, Role},
    severity::{self, Scale},
    template::{FieldSpec, FoundTime, HeadFound, Piece, Template, TemplateError, Visit, Wrong},
    time::Context,
};

/// A division of this cost or more makes a value unusual that the program itself wrote, so the line is rather of another pattern.
const COST_DOUBTFUL: u32 = 8;
const NO_SEVERITY: &str = "expected a severity";
/// The most fields of a pattern.
const FIELDS_MAX: usize = 64;

/// A pattern, compiled.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(super) template: Template,
    /// What becomes of each field.
    pub(super) uses: Vec<Use>,
    /// Attributes that every line has.
    pub(super) constants: Vec<(Name, String)>,
    pub(super) severity: (u8, String),
    pub(super) event_name: String,
    pub(super) severity_field: Option<(usize, Option<Scale>)>,
    pub(super) body_field: Option<usize>,
    pub(super) event_name_field: Option<usize>,
    pub(super) time_field: Option<usize>,
}

/// Where the value of a field lies in its line.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Slot {
    #[default]
    Absent,
    Text {
        at: u32,
        len: u32,
    },
    Int(i64),
}

/// The values of one line; the memory is kept from line to line.
#[derive(Debug)]
pub(crate) struct Values {
    pub(super) slots: [Slot; FIELDS_MAX],
    /// Where each field begins, up to the last one that was looked at; behind all, where they end.
    starts: [u32; FIELDS_MAX + 1],
    pub(super) reached: usize,
    pub(super) time_unix_nano: u64,
    pub(super) severity: u8,
    /// The times that stand at the beginning of the line, as far as they were looked for, and which of them the pattern begins with.
    pub(super) heads: [HeadFound; HEADS_MAX],
    pub(super) head: u8,
}

impl Default for Values {
    fn default() -> Self {
        Self {
            slots: [Slot::Absent; FIELDS_MAX],
            starts: [0; FIELDS_MAX + 1],
            reached: 0,
            time_unix_nano: 0,
            severity: 0,
            heads: [HeadFound::default(); HEADS_MAX],
            head: NONE,
        }
    }
}

thread_local! {
    /// The memory of this thread's last line.
    static KEPT: Cell<Option<Box<Values>>> = const { Cell::new(None) };
}

impl Values {
    /// Runs `read` with room for the values of a line.
    #[inline(always)]
    pub(crate) fn with<T>(read: impl FnOnce(&mut Self) -> T) -> T {
        let mut values = KEPT.take().unwrap_or_default();
        let result = read(&mut values);
        KEPT.set(Some(values));
        result
    }

    #[inline(always)]
    fn set(&mut self, i: usize, value: Slot) {
        if let Some(slot) = self.slots.get_mut(i) {
            *slot = value;
        }
    }

    #[inline(always)]
    pub(super) fn get(&self, i: usize) -> Slot {
        self.slots.get(i).copied().unwrap_or_default()
    }

    /// The severity that the line told; 0: none.
    pub(crate) fn severity(&self) -> u8 {
        self.severity
    }

    /// All that a line was found to say.
    #[cfg(test)]
    pub(super) fn said(&self, line: &Line) -> (Vec<Slot>, u64, u8) {
        (self.slots.iter().take(line.uses.len()).copied().collect(), self.time_unix_nano, self.severity)
    }

    /// The text of a field.
    #[inline(always)]
    pub(super) fn text<'a>(&self, i: usize, line: Text<'a>) -> Option<Text<'a>> {
        match self.get(i) {
            Slot::Text { at, len } => Some(line.slice(at as usize..at as usize + len as usize)),
            _ => None,
        }
    }
}

impl Line {
    /// Compiles the parts of a pattern. Refuses two fields of one attribute.
    pub(crate) fn new(parts: Vec<Part>) -> Result<Self, TemplateError> {
        let mut pieces: Vec<Piece> = Vec::new();
        let mut uses = Vec::new();
        let mut line = Self {
            template: Template::compile(Vec::new())?,
            uses: Vec::new(),
            constants: Vec::new(),
            severity: (0, String::new()),
            event_name: String::new(),
            severity_field: None,
            body_field: None,
            event_name_field: None,
            time_field: None,
        };
        let mut taken: Vec<Vec<u8>> = Vec::new();
        for part in parts {
            match part {
                Part::Literal(text) => {
                    if matches!(pieces.last(), Some(Piece::Blanks | Piece::Padding)) {
                        pieces.push(Piece::Field(FieldSpec::nothing()));
                        uses.push(Use::Skip);
                    }
                    pieces.push(Piece::Literal(text));
                }
                Part::Blanks => pieces.push(Piece::Blanks),
                Part::Padding => pieces.push(Piece::Padding),
                Part::Field(spec, used) => {
                    let names: Vec<_> = used.names().into_iter().map(<[u8]>::to_vec).collect();
                    if let Some(name) = names.iter().find(|name| taken.contains(name)) {
                        let message = format!("'{}' twice", String::from_utf8_lossy(name));
                        return Err(TemplateError { message, at: spec.at });
                    }
                    taken.extend(names);
                    let i = uses.len();
                    match &used {
                        Use::Severity(scale) => line.severity_field = Some((i, *scale)),
                        Use::Body | Use::BodyStart => line.body_field = Some(i),
                        Use::EventName => line.event_name_field = Some(i),
                        Use::Time => line.time_field = Some(i),
                        _ => {}
                    }
                    pieces.push(Piece::Field(spec));
                    uses.push(used);
                }
                Part::Constant(Use::Severity(_), text) => {
                    // `INFO|-`: what it means, and how it is spelled.
                    let (word, spelling) = text.split_once('|').unwrap_or((&text, &text));
                    line.severity = (severity::of_text(Text::from(word)), spelling.to_owned());
                }
                Part::Constant(Use::EventName, text) => line.event_name = text,
                Part::Constant(Use::Target(target), text) if target.role == Role::Text => line.constants.push((target.name, text)),
                Part::Constant(..) => {
                    return Err(TemplateError { message: "this cannot be a constant".into(), at: 0 });
                }
            }
        }
        if uses.len() > FIELDS_MAX {
            return Err(TemplateError { message: format!("more than {FIELDS_MAX} fields"), at: 0 });
        }
        line.template = Template::compile(pieces)?;
        line.uses = uses;
        Ok(line)
    }

    /// Reads a line into `values`; [`Wrong`] where it is not of the pattern. Where a value holds the text that should end it, the division
    /// of the line is taken that leaves the most values usual. A word that is no severity is none of a severity field.
    #[inline]
    pub(crate) fn read(&self, line: Text<'_>, context: &Context, values: &mut Values) -> Result<(), Wrong> {
        values.head = NONE;
        match self.read_on(line, context, values, 0) {
            Err(wrong) if !self.is_out(line, values, wrong) => self.search(line, context, values, wrong),
            read => read,
        }
    }

    /// Like [`read`](Self::read), each field ending where the text behind it first stands. What another pattern
    /// [shares](Template::shared) with this one, it has read into `values` already: the first so many fields.
    #[inline(always)]
    pub(super) fn read_on(&self, line: Text<'_>, context: &Context, values: &mut Values, shared: usize) -> Result<(), Wrong> {
        let at = match values.starts.get(shared) {
            Some(at) if shared > 0 => *at as usize,
            _ => self.template.begin(line)?,
        };
        self.reset(values, shared);
        let gather = Gather { values, line, time_field: self.time_field, body_field: self.body_field };
        self.template.read_on(line, context, &FoundTime::NONE, (shared, at), gather)?;
        self.severity(line, values)
    }

    /// [Reads](Self::read) a line without weighing its divisions: what does not fit at first is not of the pattern.
    #[inline]
    pub(crate) fn read_plain(&self, line: Text<'_>, context: &Context, values: &mut Values) -> Result<(), Wrong> {
        values.head = NONE;
        self.read_on(line, context, values, 0)
    }

    /// Whether the line, in which [`read_on`](Self::read_on) got stuck so, cannot be of the pattern by another division either.
    #[inline(never)]
    pub(super) fn is_out(&self, line: Text<'_>, values: &Values, wrong: Wrong) -> bool {
        wrong.is_severity() || self.template.is_out(line, values.starts.get(..=values.reached).unwrap_or_default())
    }

    /// Whether at least a quarter of the fields are there, the time among them. Many blanks one after the other would be a line of nothing but
    /// absent values, and `-` may stand in any line.
    pub(super) fn says_enough(&self, line: Text<'_>, values: &Values) -> bool {
        if self.time_field.is_some_and(|field| values.text(field, line).is_none_or(|time| time.len() < 2)) {
            return false;
        }
        let there = values.slots.iter().take(self.uses.len()).filter(|slot| !matches!(slot, Slot::Absent)).count();
        4 * (there + usize::from(values.time_unix_nano > 0)) >= self.uses.len()
    }

    #[inline(always)]
    fn reset(&self, values: &mut Values, from: usize) {
        values.slots.iter_mut().take(self.uses.len()).skip(from).for_each(|slot| *slot = Slot::Absent);
        if self.time_field.is_none_or(|field| field >= from) {
            values.time_unix_nano = 0;
        }
    }

    #[cold]
    #[inline(never)]
    pub(super) fn search(&self, line: Text<'_>, context: &Context, values: &mut Values, wrong: Wrong) -> Result<(), Wrong> {
        let starts = values.starts.get(..=values.reached).unwrap_or_default();
        let Some((_, ranges)) = self.template.search_up_to(COST_DOUBTFUL - 1, line, starts, context) else { return Err(wrong) };
        // A time that stands where reading from the left found one is that.
        let is_known =
            |field: &usize| *field < values.reached && starts.get(*field).copied() == ranges.get(*field).map(|range| range.start as u32);
        let known = self.time_field.filter(is_known).map(|_| values.time_unix_nano);
        self.reset(values, 0);
        if let Some(field) = self.time_field {
            values.time_unix_nano = match known {
                Some(known) => known,
                None => self.template.time_at(line, field, &ranges, context)?,
            };
        }
        self.template.replay(line, &ranges, Gather { values, line, time_field: self.time_field, body_field: self.body_field });
        self.severity(line, values)
    }

    #[inline(always)]
    fn severity(&self, line: Text<'_>, values: &mut Values) -> Result<(), Wrong> {
        values.severity = self.severity.0;
        let Some((field, scale)) = self.severity_field else { return Ok(()) };
        let found = match (values.get(field), scale) {
            (Slot::Absent, _) if self.severity.0 != 0 => return Ok(()),
            (Slot::Int(number), Some(scale)) => severity::of_number(number, scale),
            (Slot::Text { .. }, None) => values.text(field, line).map_or(0, severity::of_text),
            (Slot::Text { .. }, Some(scale)) => {
                let number = values.text(field, line).and_then(|text| std::str::from_utf8(text.bytes()).ok()?.parse().ok());
                number.map_or(0, |number| severity::of_number(number, scale))
            }
            (Slot::Absent, _) | (Slot::Int(_), None) => 0,
        };
        values.severity = found;
        if found == 0 && (scale.is_none() || matches!(values.get(field), Slot::Absent)) {
            return Err(Wrong { what: NO_SEVERITY, at: 0, is_value: true });
        }
        Ok(())
    }

    /// Whether a line begins as the pattern does, up to its first value; a time must be one.
    #[inline(always)]
    pub(crate) fn begins(&self, line: Text<'_>, context: &Context) -> bool {
        let Some(value) = self.template.may_begin(line).then(|| self.template.first(line, context)).flatten() else { return false };
        let value = value.bytes().trim_ascii();
        match self.uses.first() {
            Some(Use::Severity(None)) => severity::of_text(Text::from(value)) != 0,
            Some(Use::Ip(_)) => std::str::from_utf8(value).is_ok_and(|text| text.parse::<IpAddr>().is_ok()),
            _ => true,
        }
    }

    /// Whether a line may begin so, by its first byte and the text that stands before the first field.
    #[inline(always)]
    pub(crate) fn may_begin(&self, line: Text<'_>) -> bool {
        self.template.may_begin(line)
    }
}

impl Wrong {
    /// Whether all fits but the word that should be a severity.
    fn is_severity(&self) -> bool {
        self.what == NO_SEVERITY
    }
}

/// Keeps where the values lie.
struct Gather<'v, 'a> {
    values: &'v mut Values,
    line: Text<'a>,
    time_field: Option<usize>,
    body_field: Option<usize>,
}

impl Gather<'_, '_> {
    /// Where a value stands, without the blanks around it.
    #[inline(always)]
    fn range(&self, value: Text<'_>) -> Range<usize> {
        let at = self.line.tail().len() - value.tail().len();
        let bytes = value.bytes();
        let (first, last) = (bytes.first().copied().unwrap_or_default(), bytes.last().copied().unwrap_or_default());
        if first > b' ' && last > b' ' {
            return at..at + bytes.len();
        }
        let start = bytes.len() - bytes.trim_ascii_start().len();
        at + start..at + start + bytes.trim_ascii().len()
    }
}

impl Visit for Gather<'_, '_> {
    const TIMES: bool = true;

    #[inline(always)]
    fn begins(&mut self, i: usize, at: usize) {
        if let Some(start) = self.values.starts.get_mut(i) {
            *start = at as u32;
            self.values.reached = i;
        }
    }

    #[inline(always)]
    fn text(self, i: usize, value: Text<'_>) -> Self {
        let range = self.range(value);
        if !range.is_empty() {
            self.values.set(i, Slot::Text { at: range.start as u32, len: range.len() as u32 });
        }
        self
    }

    #[inline(always)]
    fn number(self, i: usize, value: i64) -> Self {
        self.values.set(i, Slot::Int(value));
        self
    }

    #[inline(always)]
    fn head(&self) -> Option<HeadFound> {
        self.values.heads.get(usize::from(self.values.head)).copied()
    }

    #[inline(always)]
    fn nothing(self, i: usize, at: usize) -> Self {
        if self.body_field == Some(i) {
            self.values.set(i, Slot::Text { at: at as u32, len: (self.line.len() - at.min(self.line.len())) as u32 });
        }
        self
    }

    #[inline(always)]
    fn time(self, i: usize, value: Text<'_>, unix_nano: u64) -> Self {
        if self.time_field == Some(i) {
            self.values.time_unix_nano = unix_nano;
        }
        self.text(i, value)
    }
}
