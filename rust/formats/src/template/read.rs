//! Reading a line from left to right.

use logloom_record::Text;

use super::{
    HeadFound, Shape, Template, TimeShape,
    compile::{End, Literal, Step},
};
use crate::{
    scan, swar,
    time::{Context, TimeError, is_millis_z, millis_z},
};

/// Takes the values of a line in order. By value, so that what it writes to stays in registers.
pub trait Visit: Sized {
    /// Whether it wants the times as such, by [`time`](Self::time), rather than as text.
    const TIMES: bool = false;

    /// The value of field `i`, which is not absent.
    #[must_use]
    fn text(self, i: usize, value: Text<'_>) -> Self;

    /// The value of field `i`, of which the text is this number.
    #[must_use]
    fn number(self, i: usize, value: i64) -> Self;

    /// Field `i` has no bytes, and stands here in the line.
    #[must_use]
    fn nothing(self, _i: usize, _at: usize) -> Self {
        self
    }

    /// The time of field `i` and its text, in nanoseconds since the epoch; 0 where it is absent or names no moment.
    #[must_use]
    fn time(self, _i: usize, _value: Text<'_>, _unix_nano: u64) -> Self {
        self
    }

    /// Field `i` begins at byte `at`, and all before it fits; of the number behind the last, all fields end there.
    fn begins(&mut self, _i: usize, _at: usize) {}

    /// What was found at the place of the first field, a time, by another template that begins likewise.
    fn head(&self) -> Option<HeadFound> {
        None
    }
}

/// The time of a line, which a writer wants before all else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FoundTime {
    /// In nanoseconds since the epoch; 0 where it is absent or names no moment.
    pub unix_nano: u64,
    field: usize,
    end: usize,
}

impl FoundTime {
    /// A line in which nobody looked for one.
    pub const NONE: Self = Self { unix_nano: 0, field: usize::MAX, end: 0 };
}

/// Where a line stops being of the template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// What was expected, for people.
    pub what: &'static str,
    /// Where in the line, in bytes.
    pub at: usize,
    /// Whether the shape is right and only a value is out of range.
    pub is_value: bool,
}

impl Wrong {
    fn shape(what: &'static str, at: usize) -> Self {
        Self { what, at, is_value: false }
    }
}

/// The end of a field, and its number where reading it is the way to find the end.
pub(super) type Found = Result<(usize, Option<i64>), Wrong>;

impl Template {
    /// Hands the values of a line to `visit`, from left to right; [`Wrong`] where the line is not of the template, or may be only by
    /// another division: then [`search`](Self::search). A time that [`time`](Self::time) found is not read once more.
    #[inline(always)]
    pub fn read<V: Visit>(&self, line: Text<'_>, context: &Context, time: &FoundTime, visit: V) -> Result<V, Wrong> {
        let at = self.begin(line)?;
        self.read_on(line, context, time, (0, at), visit)
    }

    /// Reads on from a field that begins at a byte; what stands before it fits.
    #[inline(always)]
    pub(crate) fn read_on<V: Visit>(
        &self,
        line: Text<'_>,
        context: &Context,
        time: &FoundTime,
        (first, mut at): (usize, usize),
        mut visit: V,
    ) -> Result<V, Wrong> {
        for (i, step) in self.steps.iter().enumerate().skip(first) {
            visit.begins(i, at);
            if V::TIMES && step.spec.time.is_some() {
                let known = if i == 0 { visit.head() } else { None };
                let (unix_nano, end) = match known {
                    Some(known) => step.found_time(line, at, known.time)?,
                    None => step.time(line, at, context)?,
                };
                visit = visit.time(i, line.slice(at..end), unix_nano);
                at = step.behind(line, end)?;
                continue;
            }
            let (end, number) = if i == time.field { (time.end, None) } else { step.end(line, at, context)? };
            if let Some(number) = number {
                visit = visit.number(i, number);
            } else {
                let value = line.slice(at..end);
                if !is_absent(value) {
                    visit = visit.text(i, value);
                } else if V::TIMES && step.spec.shape == Shape::Nothing {
                    visit = visit.nothing(i, at);
                }
            }
            at = step.behind(line, end)?;
        }
        visit.begins(self.steps.len(), at);
        if at == line.len() { Ok(visit) } else { Err(Wrong::shape("expected the end of the line", at.min(line.len()))) }
    }

    /// The time in field `which`.
    #[inline(always)]
    pub fn time(&self, line: Text<'_>, which: usize, context: &Context) -> Result<FoundTime, Wrong> {
        let mut at = self.begin(line)?;
        for step in self.steps.get(..which).unwrap_or_default() {
            let (end, _) = step.end(line, at, context)?;
            at = step.behind(line, end)?;
        }
        match self.steps.get(which) {
            Some(step) => step.time(line, at, context).map(|(unix_nano, end)| FoundTime { unix_nano, field: which, end }),
            None => Ok(FoundTime::NONE),
        }
    }

    /// Whether a line may begin so: by the text before the first field, and by that field's first byte.
    #[inline(always)]
    pub fn may_begin(&self, line: Text<'_>) -> bool {
        if !self.prefix.stands(line, 0) {
            return false;
        }
        let first = line.bytes().get(self.prefix.bytes.len());
        match self.steps.first() {
            Some(step) if step.spec.time.as_ref().is_some_and(TimeShape::starts_with_digit) => first.is_some_and(u8::is_ascii_digit),
            _ => true,
        }
    }

    /// The first value, where a line begins with the text before it, a value of the field's shape, and the text behind it.
    pub fn first<'a>(&self, line: Text<'a>, context: &Context) -> Option<Text<'a>> {
        let (at, step) = (self.begin(line).ok()?, self.steps.first()?);
        let (end, _) = step.end(line, at, context).ok()?;
        let value = line.slice(at..end);
        let must_be = step.spec.time.is_some() || matches!(step.end, End::Digits);
        ((!must_be || !is_absent(value)) && step.behind(line, end).is_ok()).then_some(value)
    }

    /// How many fields at the beginning this and another template read in the same way.
    pub(crate) fn shared(&self, other: &Self) -> usize {
        let same_literal = |one: &Literal, other: &Literal| one.bytes == other.bytes && one.blanks == other.blanks;
        let same = |(one, other): &(&Step, &Step)| {
            one.end == other.end
                && one.spec.shape == other.spec.shape
                && same_literal(&one.literal, &other.literal)
                && one.spec.time == other.spec.time
        };
        let begin = same_literal(&self.prefix, &other.prefix);
        if begin { self.steps.iter().zip(&other.steps).take_while(same).count() } else { 0 }
    }

    #[inline(always)]
    pub(crate) fn begin(&self, line: Text<'_>) -> Result<usize, Wrong> {
        if self.prefix.stands(line, 0) {
            return Ok(self.prefix.behind(line, 0));
        }
        Err(Wrong::shape("the line does not begin as the format does", 0))
    }
}

/// Whether the text of a value means that there is none: `-`, or nothing where empty values are omitted.
#[inline(always)]
pub fn is_absent(value: Text<'_>) -> bool {
    value.is_empty() || (value.len() == 1 && value.tail().first() == Some(&b'-'))
}

impl Step {
    /// Where the field that begins at `at` ends.
    #[inline(always)]
    pub(super) fn end(&self, line: Text<'_>, at: usize, context: &Context) -> Found {
        match self.end {
            End::MillisZ => match line.tail().get(at..).and_then(<[u8]>::first_chunk) {
                Some(first) if is_millis_z(first) => Ok((at + 24, None)),
                _ => self.time(line, at, context).map(|(_, end)| (end, None)),
            },
            End::Pattern => self.time(line, at, context).map(|(_, end)| (end, None)),
            End::Digits => Ok(digits(line, at)),
            End::Signed => {
                let sign = line.tail().get(at).filter(|byte| matches!(byte, b'-' | b'+'));
                let (end, number) = digits(line, at + usize::from(sign.is_some()));
                Ok((end, number.map(|number| if sign == Some(&b'-') { -number } else { number })))
            }
            End::DigitsOr(byte) => {
                let (end, number) = digits(line, at);
                if self.literal.stands(line, end) { Ok((end, number)) } else { self.before(line, at, byte) }
            }
            End::Before(byte) => self.before(line, at, byte),
            End::Run => Ok((at + self.possible.run(line.bytes(), at, line.len()), None)),
            End::Escaped => match unescaped_quote(line, at) {
                Some(end) => Ok((end, None)),
                None => Err(Wrong::shape("a value in quotes has no end", at)),
            },
            End::Quoted => match quoted_end(line, at) {
                Some(end) => Ok((end, None)),
                None => Err(Wrong::shape("expected a value in quotes", at)),
            },
            End::Last => match line.len().checked_sub(self.literal.bytes.len()) {
                Some(end) if end >= at && self.has_no_blank(line, at, end) => Ok((end, None)),
                Some(end) if end >= at => Err(Wrong::shape("a value has a blank that it cannot have", at)),
                _ => Err(Wrong::shape("the line ends too early", at)),
            },
        }
    }

    /// Where the literal, which begins with `byte`, first stands.
    #[inline(always)]
    fn before(&self, line: Text<'_>, at: usize, byte: u8) -> Found {
        let mut from = at;
        loop {
            let rest = line.after(from);
            match scan::find(rest, byte) {
                // A list goes on behind a comma.
                Some(n) if self.check_class && byte == b' ' && n > 0 && rest.bytes().get(n - 1) == Some(&b',') => from += n + 1,
                Some(n) if self.literal.stands(line, from + n) => {
                    if self.has_no_blank(line, at, from + n) {
                        return Ok((from + n, None));
                    }
                    return Err(Wrong::shape("a value has a blank that it cannot have", at));
                }
                Some(n) if !self.first_blank => from += n + 1,
                Some(_) => return Err(Wrong::shape("a value has a blank that it cannot have", at)),
                None => return Err(Wrong::shape("a value is not ended by the text that follows it in the format", at)),
            }
        }
    }

    /// Whether the value has no blank where its shape has none and its end does not see to that.
    #[inline(always)]
    fn has_no_blank(&self, line: Text<'_>, at: usize, end: usize) -> bool {
        if self.check_class {
            return self.possible.run(line.bytes(), at, end) == end - at || is_absent(line.slice(at..end));
        }
        !self.check_blank || scan::find(line.slice(at..end), b' ').is_none()
    }

    /// Where the literal that must stand at `at` ends.
    #[inline(always)]
    fn behind(&self, line: Text<'_>, at: usize) -> Result<usize, Wrong> {
        if self.literal.stands(line, at) {
            return Ok(self.literal.behind(line, at));
        }
        Err(Wrong::shape("a value is not of its type, or the text behind it is not that of the format", at.min(line.len())))
    }

    /// The time that begins at `at`, and where it ends.
    #[inline(always)]
    pub(super) fn time(&self, line: Text<'_>, at: usize, context: &Context) -> Result<(u64, usize), Wrong> {
        if self.end == End::MillisZ
            && let Some(time) = line.tail().get(at..).and_then(<[u8]>::first_chunk).and_then(millis_z)
        {
            return Ok((time, at + 24));
        }
        self.other_time(line, at, context)
    }

    #[inline(never)]
    fn other_time(&self, line: Text<'_>, at: usize, context: &Context) -> Result<(u64, usize), Wrong> {
        let Some(pattern) = &self.spec.time else { return Ok((0, at)) };
        self.found_time(line, at, pattern.prefix(line.after(at).bytes(), context))
    }

    #[inline(always)]
    fn found_time(&self, line: Text<'_>, at: usize, found: Result<(Option<u64>, usize), TimeError>) -> Result<(u64, usize), Wrong> {
        let rest = line.after(at);
        match found {
            Ok((time, len)) => Ok((time.unwrap_or(0), at + len)),
            // Absent, or omitted.
            Err(_) if rest.tail().first() == Some(&b'-') && self.literal.stands(line, at + 1) => Ok((0, at + 1)),
            Err(_) if self.literal.stands(line, at) => Ok((0, at)),
            Err(error) => Err(Wrong { what: error.what, at: at + error.at, is_value: error.is_value }),
        }
    }
}

/// Where the next quote stands that no backslash takes along.
#[inline(always)]
fn unescaped_quote(line: Text<'_>, at: usize) -> Option<usize> {
    let mut end = at;
    loop {
        end += scan::find_either(line.after(end), b'"', b'\\')?;
        if line.bytes().get(end) == Some(&b'"') {
            return Some(end);
        }
        end += 2;
        if end > line.len() {
            return None;
        }
    }
}

/// Where the quoted value that begins at `at` ends; one that has no quote there is absent. `None` where the quotes have no end.
#[inline(always)]
pub(crate) fn quoted_end(line: Text<'_>, at: usize) -> Option<usize> {
    match line.bytes().get(at) {
        Some(b'"') => {}
        Some(b'-') => return Some(at + 1),
        _ => return Some(at),
    }
    let mut end = at + 1;
    loop {
        end += scan::find_either(line.after(end), b'"', b'\\')?;
        if line.bytes().get(end) == Some(&b'"') {
            return Some(end + 1);
        }
        end += 2;
    }
}

/// Where the digits at `at` end, and their number; `-` and nothing are absent.
#[inline(always)]
fn digits(line: Text<'_>, at: usize) -> (usize, Option<i64>) {
    let Some(tail) = line.tail().get(at..) else { return (at, None) };
    if let Some(first) = tail.first_chunk::<8>() {
        let (number, n) = swar::leading(swar::load(first));
        if n < 8 && at + n <= line.len() {
            let minus = n == 0 && tail.first() == Some(&b'-');
            return (at + n + usize::from(minus), (n > 0).then_some(i64::from(number)));
        }
    }
    long_digits(line, at)
}

/// Eight digits or more, or the end of the buffer: what follows the line there is no part of it.
#[inline(never)]
fn long_digits(line: Text<'_>, at: usize) -> (usize, Option<i64>) {
    let rest = line.bytes().get(at..).unwrap_or_default();
    match swar::leading_u64(rest) {
        Some((number, n)) => (at + n, i64::try_from(number).ok()),
        None => (at + usize::from(rest.first() == Some(&b'-')), None),
    }
}
