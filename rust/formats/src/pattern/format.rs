//! A format that is a list of patterns.

use std::sync::Arc;

use logloom_record::{BatchWriter, RejectReason, Text};

use super::{Line, Part, Values, alternatives};
use crate::{
    Decoder, Format, Framing, Likely, OptionError, Options, Spec, open_framed,
    template::Wrong,
    time::{Context, Zone},
};

/// Patterns as a format: the first that fits a line reads it.
pub(crate) struct Patterns {
    spec: &'static Spec,
    /// Each with the number of fields at its beginning that the one before reads in the same way.
    lines: Vec<(Line, usize)>,
    likely: u8,
    zone: Zone,
    framing: Framing,
}

/// Compiles a built-in format from its patterns. `likely`: how sure it is that a line which one of them fits is of this format, 0 to 100.
pub(crate) fn compile(
    spec: &'static Spec,
    patterns: &[impl AsRef<str>],
    likely: u8,
    options: &Options,
) -> Result<Arc<dyn Format>, OptionError> {
    Patterns::of(spec, compiled(patterns)?, likely, options)
}

/// Like [`compile`], for records that may go on over lines which begin as none of the patterns does.
pub(crate) fn compile_records(
    spec: &'static Spec,
    patterns: &[&str],
    likely: u8,
    options: &Options,
) -> Result<Arc<dyn Format>, OptionError> {
    let lines = compiled(patterns)?;
    Ok(Arc::new(Patterns { framing: Framing::Records, ..Patterns::new(spec, lines, likely, options)? }))
}

fn compiled(patterns: &[impl AsRef<str>]) -> Result<Vec<Line>, OptionError> {
    let mut lines = Vec::new();
    for (row, pattern) in patterns.iter().enumerate() {
        for parts in alternatives(pattern.as_ref()).map_err(|e| built_in(row, &e.message, e.at))? {
            lines.push(Line::new(parts).map_err(|e| built_in(row, &e.message, e.at))?);
        }
    }
    Ok(lines)
}

fn built_in(row: usize, message: &str, at: usize) -> OptionError {
    OptionError::new(&format!("pattern {row}"), message).at(at)
}

impl Patterns {
    fn new(spec: &'static Spec, lines: Vec<Line>, likely: u8, options: &Options) -> Result<Self, OptionError> {
        let shared = lines.windows(2).map(|pair| match pair {
            [one, next] => one.template.shared(&next.template),
            _ => 0,
        });
        let shared: Vec<_> = std::iter::once(0).chain(shared).collect();
        let lines = lines.into_iter().zip(shared).collect();
        Ok(Self { spec, lines, likely, zone: options.zone()?, framing: Framing::Lines })
    }

    /// A format of these lines.
    pub(crate) fn of(spec: &'static Spec, lines: Vec<Line>, likely: u8, options: &Options) -> Result<Arc<dyn Format>, OptionError> {
        Self::new(spec, lines, likely, options).map(|patterns| Arc::new(patterns) as _)
    }

    /// Like [`of_user`](Self::of_user), for records of several lines.
    pub(crate) fn records_of_user(
        spec: &'static Spec,
        option: &str,
        alternatives: Vec<Vec<Part>>,
        likely: u8,
        options: &Options,
    ) -> Result<Arc<dyn Format>, OptionError> {
        let lines = alternatives.into_iter().map(|parts| Line::new(parts).map_err(|e| OptionError::new(option, e.message).at(e.at)));
        Ok(Arc::new(Self { framing: Framing::Records, ..Self::new(spec, lines.collect::<Result<_, _>>()?, likely, options)? }))
    }

    /// A format of the pattern that the user may give in `option`. `likely`: as for [`compile`], where it is the built-in one.
    pub(crate) fn of_user(
        spec: &'static Spec,
        option: &str,
        alternatives: Vec<Vec<Part>>,
        likely: u8,
        options: &Options,
    ) -> Result<Arc<dyn Format>, OptionError> {
        let one_line = |mut parts: Vec<Part>| {
            if let Some(Part::Literal(text)) = parts.last_mut() {
                text.truncate(text.trim_end_matches('\n').len());
            }
            let breaks = parts.iter().any(|part| matches!(part, Part::Literal(text) if text.contains('\n')));
            if breaks { Err(OptionError::new(option, "a record of this format is one line: leave the line break out")) } else { Ok(parts) }
        };
        let alternatives = alternatives.into_iter().map(one_line).collect::<Result<Vec<_>, _>>()?;
        let lines = alternatives.into_iter().map(|parts| Line::new(parts).map_err(|e| OptionError::new(option, e.message).at(e.at)));
        Self::of(spec, lines.collect::<Result<_, _>>()?, likely, options)
    }

    /// The first pattern that fits a line, its values in `values`. All are tried plainly before other divisions are weighed, so that a line
    /// of the last pattern costs little more than one of the first.
    #[inline(always)]
    fn read(&self, frame: Text<'_>, context: &Context, values: &mut Values) -> Result<&Line, Wrong> {
        match self.plain(frame, context, values) {
            Some(line) => Ok(line),
            None => self.weighed(frame, context, values),
        }
    }

    /// The first pattern that fits plainly. One goes on where it parts from the one before; where that did not fit before, neither does
    /// this one.
    #[inline(always)]
    fn plain(&self, frame: Text<'_>, context: &Context, values: &mut Values) -> Option<&Line> {
        values.reached = 0;
        for (line, shared) in &self.lines {
            if *shared <= values.reached && line.may_begin(frame) && line.read_on(frame, context, values, *shared).is_ok() {
                return Some(line);
            }
        }
        None
    }

    /// The first pattern that fits, if only by another division than the first.
    #[inline]
    fn weighed(&self, frame: Text<'_>, context: &Context, values: &mut Values) -> Result<&Line, Wrong> {
        let mut furthest = BEGINNING;
        for (line, _) in self.lines.iter().filter(|(line, _)| line.may_begin(frame)) {
            match line.read(frame, context, values) {
                Ok(()) => return Ok(line),
                Err(wrong) if wrong.at >= furthest.at => furthest = wrong,
                Err(_) => {}
            }
        }
        Err(furthest)
    }
}

const BEGINNING: Wrong = Wrong { what: "the line does not begin as the format does", at: 0, is_value: false };

#[cold]
fn reason(wrong: Wrong) -> RejectReason {
    if wrong.is_value { RejectReason::value(wrong.what, wrong.at) } else { RejectReason::syntax(wrong.what, wrong.at) }
}

impl Format for Patterns {
    fn spec(&self) -> &'static Spec {
        self.spec
    }

    fn framing(&self) -> Framing {
        self.framing
    }

    fn begins(&self, line: &[u8]) -> bool {
        let context = Context { zone: self.zone, arrival_unix_nano: 0 };
        self.framing != Framing::Records
            || self.lines.iter().any(|(known, shared)| *shared == 0 && known.begins(Text::from(line), &context))
    }

    fn likely(&self, frame: &[u8]) -> Likely {
        // Only an object of JSON stands on several lines there.
        if self.likely == 0 || memchr::memchr(b'\n', frame).is_some() {
            return Likely::NO;
        }
        let fits = Values::with(|values| {
            let line = self.read(Text::from(frame), &Context::default(), values);
            line.is_ok_and(|line| line.says_enough(values))
        });
        if fits { Likely(self.likely) } else { Likely::NO }
    }

    fn parse(&self, frame: Text<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
        if frame.len() > u32::MAX as usize {
            return Err(RejectReason::limit("a line has at most 4 GiB", 0));
        }
        let context = Context::of(self.zone, out);
        Values::with(|values| self.read(frame, &context, values).map(|line| line.write(frame, values, out)).map_err(reason))
    }

    fn open(self: Arc<Self>, frame_bytes_max: usize) -> Box<dyn Decoder> {
        open_framed(self, frame_bytes_max)
    }
}
