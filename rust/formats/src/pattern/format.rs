//! A format that is a list of patterns.

use std::sync::Arc;

use logloom_record::{BatchWriter, RejectReason, Text};

use super::{
    Line, Part, Values, alternatives,
    choice::{Choice, Looking, WORDS_MAX},
};
use crate::{
    Began, Decoder, Format, Framing, Likely, OptionError, Options, Spec, open_framed,
    template::Wrong,
    time::{Context, Zone},
};

/// Patterns as a format: the first that fits a line reads it.
pub(crate) struct Patterns {
    spec: &'static Spec,
    lines: Vec<Line>,
    /// `None` of a single pattern.
    choice: Option<Choice>,
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
        let choice = Choice::new(&lines);
        Ok(Self { spec, lines, choice, likely, zone: options.zone()?, framing: Framing::Lines })
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
    fn read(&self, frame: Text<'_>, began: &Began, context: &Context, values: &mut Values) -> Result<&Line, Wrong> {
        values.reached = 0;
        match &self.choice {
            None => self.read_each(frame, context, values),
            Some(choice) if choice.is_small() => self.choose(choice.look::<1>(frame), frame, began, context, values),
            Some(choice) => self.choose(choice.look::<WORDS_MAX>(frame), frame, began, context, values),
        }
    }

    #[inline(always)]
    fn choose<const WORDS: usize>(
        &self,
        mut looking: Looking<'_, WORDS>,
        frame: Text<'_>,
        began: &Began,
        context: &Context,
        values: &mut Values,
    ) -> Result<&Line, Wrong> {
        looking.begin(began, frame, values);
        while let Some((i, line, shared)) = looking.next(&self.lines, frame, context, values) {
            if line.read_on(frame, context, values, shared).is_ok() {
                return Ok(line);
            }
            looking.failed(i, values.reached, frame);
        }
        self.weighed(looking, frame, context, values)
    }

    /// One pattern, or too many to choose.
    #[inline(always)]
    fn read_each(&self, frame: Text<'_>, context: &Context, values: &mut Values) -> Result<&Line, Wrong> {
        if let [line] = self.lines.as_slice() {
            return if line.may_begin(frame) { line.read(frame, context, values).map(|()| line) } else { Err(BEGINNING) };
        }
        let begin = || self.lines.iter().filter(|line| line.may_begin(frame));
        match begin().find(|line| line.read_plain(frame, context, values).is_ok()) {
            Some(line) => Ok(line),
            None => furthest(begin(), frame, context, values),
        }
    }

    /// The first pattern that fits, if only by another division than the first.
    #[inline(never)]
    fn weighed<const WORDS: usize>(
        &self,
        mut looking: Looking<'_, WORDS>,
        frame: Text<'_>,
        context: &Context,
        values: &mut Values,
    ) -> Result<&Line, Wrong> {
        looking.again();
        while let Some((i, line, shared)) = looking.next(&self.lines, frame, context, values) {
            let Err(wrong) = line.read_on(frame, context, values, shared) else { return Ok(line) };
            if line.is_out(frame, values, wrong) {
                looking.pass_like(i, values.reached);
            } else {
                if line.search(frame, context, values, wrong).is_ok() {
                    return Ok(line);
                }
                looking.forget();
            }
        }
        furthest(self.lines.iter().filter(|line| line.may_begin(frame)), frame, context, values)
    }
}

/// The first of these patterns that fits; if none, where the one that fits the longest does not.
#[inline(never)]
fn furthest<'l>(lines: impl Iterator<Item = &'l Line>, frame: Text<'_>, context: &Context, values: &mut Values) -> Result<&'l Line, Wrong> {
    let mut furthest = BEGINNING;
    for line in lines {
        match line.read(frame, context, values) {
            Ok(()) => return Ok(line),
            Err(wrong) if wrong.at >= furthest.at => furthest = wrong,
            Err(_) => {}
        }
    }
    Err(furthest)
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
        self.began(line).is_some()
    }

    fn began(&self, line: &[u8]) -> Option<Began> {
        if self.framing != Framing::Records {
            return Some(Began::default());
        }
        let (line, context) = (Text::from(line), Context { zone: self.zone, arrival_unix_nano: 0 });
        match &self.choice {
            Some(choice) => Values::with(|values| choice.began(&self.lines, line, &context, values)),
            None => self.lines.iter().any(|known| known.begins(line, &context)).then(Began::default),
        }
    }

    fn likely(&self, frame: &[u8]) -> Likely {
        // Only an object of JSON stands on several lines there.
        if self.likely == 0 || memchr::memchr(b'\n', frame).is_some() {
            return Likely::NO;
        }
        let fits = Values::with(|values| {
            let frame = Text::from(frame);
            let line = self.read(frame, &Began::default(), &Context::default(), values);
            line.is_ok_and(|line| line.says_enough(frame, values))
        });
        if fits { Likely(self.likely) } else { Likely::NO }
    }

    fn parse(&self, frame: Text<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
        self.parse_begun(frame, &Began::default(), out)
    }

    fn parse_begun(&self, frame: Text<'_>, began: &Began, out: &mut BatchWriter) -> Result<(), RejectReason> {
        if frame.len() > u32::MAX as usize {
            return Err(RejectReason::limit("a line has at most 4 GiB", 0));
        }
        let context = Context::of(self.zone, out);
        Values::with(|values| self.read(frame, began, &context, values).map(|line| line.write(frame, values, out)).map_err(reason))
    }

    fn open(self: Arc<Self>, frame_bytes_max: usize) -> Box<dyn Decoder> {
        open_framed(self, frame_bytes_max)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PATTERNS: &[&str] = &[
        "{time:iso}\t{severity}\t{log.logger:class}\t{body}",
        "{time:iso}\t{severity}\t{body}",
        "[GIN] {time:%Y/%m/%d - %H:%M:%S} |{~}{gin.duration} | {http.request.method:word}{ }\"{url.path:path}\"{?{_}?}",
        "{time:%Y/%m/%d %H:%M:%S} [{severity}] {?*{id:int} ?}{body}, client: {client.address:word}{?, server: {server.address}?}",
        "{time:%Y/%m/%d %H:%M:%S} [{severity}] {body>}user {user.name} from {client.address:word}",
        "{time:%Y/%m/%d %H:%M:%S} [{severity}] {body}",
        "{time:%Y/%m/%d %H:%M:%S} INFO {body>}{_:pairs err>exception.message}{severity=INFO}",
        "{time:%Y/%m/%d %H:%M:%S} {body}",
        "{severity}[{time:iso}] {body}",
        "{word:word} - {name}: {number:int}",
    ];
    const SAMPLES: &[&str] = &[
        "2026-11-21T10:41:00.509Z\tERROR\tshop.cart\tcart is empty",
        "2026-11-21 10:41:00\tINFO\tstarted: all",
        "[GIN] 2026/11/21 - 10:40:59 | 1.204ms | GET      \"/carts/17?full=1\"",
        "2026/11/21 10:40:59 [error] *67 a, client: b, client: 203.0.113.9, server: shop.example",
        "2026/11/21 10:40:59 [warn] user x from y from 192.0.2.1",
        "2026/11/21 10:40:59 [odd] all is well",
        "2026/11/21 10:40:59 INFO done err=none",
        "2026/11/21 10:40:59 plain",
        "- [x] nothing",
        "INFO[2026-11-21T10:41:00Z] up",
        "a - b - c: d: 42",
        "",
    ];

    static OF_TESTS: Spec = Spec {
        name: "patterns",
        about: crate::About { line: "", page: "", example: "" },
        options: &[],
        compile: |_| Err(OptionError::new("", "of tests alone")),
    };

    /// Which pattern a line is of, or why it is of none, and what was read from it.
    fn read(patterns: &Patterns, line: &str) -> (Result<usize, Wrong>, String) {
        let mut values = Values::default();
        let began =
            Patterns { framing: Framing::Records, ..Patterns::new(&OF_TESTS, patterns.lines.clone(), 0, &Options::default()).unwrap() }
                .began(line.as_bytes());
        let found = patterns.read(Text::from(line), &began.unwrap_or_default(), &Context::default(), &mut values);
        let place = |line: &Line| patterns.lines.iter().position(|other| std::ptr::eq(other, line)).unwrap();
        let said = found.as_ref().map_or(String::new(), |line| format!("{:?}", values.said(line)));
        (found.map(place), said)
    }

    proptest! {
        #[test]
        fn a_choice_reads_a_line_as_trying_all_patterns_does(
            which in 0..SAMPLES.len(), other in 0..SAMPLES.len(), cut in 0usize..90, changed in 0usize..90, letter in "[-a \t,:\\[\\]0*]",
        ) {
            let mut line: String = SAMPLES[which].chars().take(cut).chain(SAMPLES[other].chars().skip(cut)).collect();
            if let Some((at, old)) = line.char_indices().nth(changed) {
                line.replace_range(at..at + old.len_utf8(), &letter);
            }
            let patterns = Patterns::new(&OF_TESTS, compiled(PATTERNS).unwrap(), 0, &Options::default()).unwrap();
            let all = Patterns { choice: None, ..Patterns::new(&OF_TESTS, compiled(PATTERNS).unwrap(), 0, &Options::default()).unwrap() };
            prop_assert!(patterns.choice.is_some());
            prop_assert_eq!(read(&patterns, &line), read(&all, &line));
            let context = Context::default();
            let begins = |patterns: &Patterns| Patterns { framing: Framing::Records, ..Patterns::new(&OF_TESTS, patterns.lines.clone(), 0, &Options::default()).unwrap() }.begins(line.as_bytes());
            prop_assert_eq!(begins(&patterns), all.lines.iter().any(|known| known.begins(Text::from(line.as_str()), &context)));
        }
    }
}
