//! Whether a line that was not of a template at first sight can be of it at all.

use logloom_record::Text;

use super::{
    Template, TimeShape,
    compile::{End, Literal, Step},
};
use crate::{
    Began,
    time::{Context, TimeError},
};

/// Digits beyond this number may be too many for a number, and are text then.
const DIGITS_MAX: usize = 18;

impl Template {
    /// Whether no division of a line fits, where reading it from the left got stuck in field `starts.len() - 1`: all before that, which begin at
    /// these places, end where they must, and so does this one. Where it is not sure, [`search`](Self::search) is.
    pub(crate) fn is_out(&self, line: Text<'_>, starts: &[u32]) -> bool {
        let Some((stuck, before)) = starts.split_last() else { return false };
        let at = *stuck as usize;
        self.steps.iter().zip(before).all(|(step, at)| step.has_one_end(line, *at as usize))
            && self.steps.get(before.len()).is_none_or(|step| step.has_one_end(line, at) || step.has_no_end(line, at))
    }

    /// Whether the end of field `i` is looked for, so that the line may lack it, rather than known by what the value is.
    pub(crate) fn seeks(&self, i: usize) -> bool {
        self.steps.get(i).is_some_and(|step| matches!(step.end, End::Before(_) | End::DigitsOr(_)) && !step.first_blank)
    }

    /// The text behind each field; in front of the first as well.
    pub(crate) fn literals(&self) -> impl Iterator<Item = &[u8]> {
        std::iter::once(&self.prefix).chain(self.steps.iter().map(|step| &step.literal)).map(|literal| literal.bytes.as_slice())
    }
}

impl Step {
    /// Whether a value that begins at `at` can end at one place only.
    pub(super) fn has_one_end(&self, line: Text<'_>, at: usize) -> bool {
        let rest = line.bytes().get(at..).unwrap_or_default();
        match self.end {
            End::MillisZ | End::Pattern | End::Quoted => true,
            End::Digits => (1..=DIGITS_MAX).contains(&rest.iter().take_while(|byte| byte.is_ascii_digit()).count()),
            End::Before(_) => self.first_blank,
            End::Run => rest.first() != Some(&b'-'),
            End::Signed | End::DigitsOr(_) | End::Escaped | End::Last => false,
        }
    }

    /// Whether the text that ends it stands nowhere behind.
    fn has_no_end(&self, line: Text<'_>, at: usize) -> bool {
        let Literal { bytes, .. } = &self.literal;
        !bytes.is_empty() && crate::scan::find_bytes(line.bytes().get(at..).unwrap_or_default(), bytes).is_none()
    }
}

impl Template {
    /// Whether the first byte of a line, in front of which there is no text, is a digit.
    pub(crate) fn begins_with_digit(&self) -> bool {
        self.steps.first().is_some_and(|step| step.spec.time.as_ref().is_some_and(TimeShape::starts_with_digit))
    }

    /// Whether the first field is a time whose shape alone is looked at.
    pub(crate) fn begins_with_millis_z(&self) -> bool {
        self.steps.first().is_some_and(|step| step.end == End::MillisZ)
    }

    /// Whether the text behind the first field stands at `at`.
    pub(crate) fn goes_on(&self, line: Text<'_>, at: usize) -> bool {
        self.steps.first().is_some_and(|step| step.literal.stands(line, at))
    }

    /// The time that a line of this template begins with, and what stands before that.
    pub(crate) fn head(&self) -> Option<Head> {
        let first = self.steps.first()?;
        Some(Head { prefix: self.prefix.clone(), time: first.spec.time.clone()? })
    }
}

/// A time at the beginning of a line, behind some text.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    prefix: Literal,
    time: TimeShape,
}

/// What stands at the place of a time: where it begins, and the time and its length.
#[derive(Clone, Copy, Debug)]
pub struct HeadFound {
    pub(crate) at: usize,
    pub(super) time: Result<(Option<u64>, usize), TimeError>,
}

impl Default for HeadFound {
    fn default() -> Self {
        Self { at: 0, time: Ok((None, 0)) }
    }
}

impl HeadFound {
    /// What was found before.
    pub(crate) fn of(began: &Began) -> Self {
        Self { at: began.at as usize, time: Ok((Some(began.time_unix_nano), (began.end - began.at) as usize)) }
    }

    /// The moment, where there is one that needs no arrival, in nanoseconds since the epoch.
    pub(crate) fn unix_nano(&self) -> Option<u64> {
        self.time.ok().and_then(|(time, _)| time)
    }

    /// Where the time ends; `None` where there is none.
    pub(crate) fn end(&self) -> Option<usize> {
        self.time.ok().map(|(_, len)| self.at + len)
    }
}

impl Head {
    /// Whether it is read in the same way.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        self.prefix.bytes == other.prefix.bytes && self.prefix.blanks == other.prefix.blanks && self.time == other.time
    }

    /// What stands there in a line; `None` where the text before it does not.
    #[inline]
    pub(crate) fn find(&self, line: Text<'_>, context: &Context) -> Option<HeadFound> {
        let at = self.prefix.stands(line, 0).then(|| self.prefix.behind(line, 0))?;
        let rest = line.after(at).bytes();
        // Why it is none is asked of the pattern itself, where none fits.
        let is_out = self.time.is_out(rest);
        Some(HeadFound { at, time: if is_out { Err(TimeError::new("expected a time", 0)) } else { self.time.prefix(rest, context) } })
    }
}
