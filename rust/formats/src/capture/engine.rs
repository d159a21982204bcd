//! A pattern, compiled: by the engine that takes linear time where it can be, else by one whose steps are counted.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use logloom_record::{BatchWriter, RejectReason, Text};
use regex::{CaptureLocations, Regex, RegexBuilder};

use super::{
    Captured, Piece, Plan,
    pieces::{Stops, class_len, group_len, quantifier_len},
    syntax::{Translated, Wrong},
};
use crate::{OptionError, Options};

/// The most steps back that a pattern with look-around may take on one line.
const STEPS_BACK_MAX: usize = 200_000;
/// The most memory that a compiled pattern may take.
const COMPILED_BYTES_MAX: usize = 16 << 20;

/// An engine with the group of each name.
pub(super) enum Engine {
    /// Without look-around and references: time grows with the line and no faster.
    Linear { regex: Regex, groups: Vec<usize>, room: Mutex<Vec<CaptureLocations>> },
    /// With them: it goes back, and its steps are counted.
    Stepping {
        regex: fancy_regex::Regex,
        groups: Vec<usize>,
        /// What matches wherever `regex` does, for the linear engine: it passes over foreign lines many times as fast.
        relaxed: Option<Regex>,
        /// The line before did not match: the next is first tried by `relaxed`.
        wary: AtomicBool,
    },
}

/// Why a line gave no captures.
pub(super) enum Failed {
    NoMatch,
    TooManySteps,
}

impl Engine {
    /// Compiles a translated pattern.
    pub(super) fn compile(text: &str, names: usize, ruby: bool) -> Result<Self, Wrong> {
        let groups = |found: &mut dyn Iterator<Item = Option<&str>>| {
            let mut groups = vec![0; names];
            for (group, name) in found.enumerate() {
                let slot = name.and_then(|name| name.strip_prefix('g')).and_then(|digits| digits.parse::<usize>().ok());
                if let Some(place) = slot.and_then(|slot| groups.get_mut(slot)) {
                    *place = group;
                }
            }
            groups
        };
        // Grok's anchors are those of lines.
        match RegexBuilder::new(text).multi_line(ruby).size_limit(COMPILED_BYTES_MAX).build() {
            Ok(regex) => {
                let groups = groups(&mut regex.capture_names());
                return Ok(Self::Linear { regex, groups, room: Mutex::default() });
            }
            Err(regex::Error::CompiledTooBig(_)) => {
                return Err((format!("compiled, the pattern takes over {COMPILED_BYTES_MAX} bytes"), 0));
            }
            Err(_) => {}
        }
        let compiled = fancy_regex::RegexBuilder::new(text)
            .multi_line(ruby)
            .backtrack_limit(STEPS_BACK_MAX)
            .delegate_size_limit(COMPILED_BYTES_MAX)
            .build();
        match compiled {
            Ok(regex) => {
                let groups = groups(&mut regex.capture_names());
                Ok(Self::Stepping { regex, groups, relaxed: relaxed(text, ruby), wary: AtomicBool::new(false) })
            }
            Err(fancy_regex::Error::ParseError(at, error)) => Err((error.to_string(), at)),
            Err(error) => Err((error.to_string(), 0)),
        }
    }

    /// Where a match ends that may begin anywhere.
    pub(super) fn end(&self, line: &str) -> Option<usize> {
        match self {
            Self::Linear { regex, .. } => regex.find(line).map(|found| found.end()),
            Self::Stepping { regex, relaxed, .. } => {
                if relaxed.as_ref().is_some_and(|relaxed| !relaxed.is_match(line)) {
                    return None;
                }
                regex.find(line).ok().flatten().map(|found| found.end())
            }
        }
    }

    /// Runs `write` on what each name captured.
    #[inline(always)]
    pub(super) fn captures(&self, line: Text<'_>, write: impl FnOnce(&dyn Fn(usize) -> Option<(usize, usize)>)) -> Result<(), Failed> {
        let Ok(text) = std::str::from_utf8(line.bytes()) else { return Err(Failed::NoMatch) };
        match self {
            Self::Linear { regex, groups, room } => {
                let kept = room.lock().unwrap_or_else(PoisonError::into_inner).pop();
                let mut found = kept.unwrap_or_else(|| regex.capture_locations());
                let matched = regex.captures_read(&mut found, text).is_some();
                if matched {
                    write(&|slot| groups.get(slot).and_then(|group| found.get(*group)));
                }
                room.lock().unwrap_or_else(PoisonError::into_inner).push(found);
                if matched { Ok(()) } else { Err(Failed::NoMatch) }
            }
            Self::Stepping { relaxed, wary, .. }
                if wary.load(Ordering::Relaxed) && relaxed.as_ref().is_some_and(|relaxed| !relaxed.is_match(text)) =>
            {
                Err(Failed::NoMatch)
            }
            Self::Stepping { regex, groups, wary, .. } => match regex.captures(text) {
                Ok(Some(found)) => {
                    wary.store(false, Ordering::Relaxed);
                    write(&|slot| groups.get(slot).and_then(|group| found.get(*group)).map(|found| (found.start(), found.end())));
                    Ok(())
                }
                Ok(None) => {
                    wary.store(true, Ordering::Relaxed);
                    Err(Failed::NoMatch)
                }
                Err(_) => Err(Failed::TooManySteps),
            },
        }
    }
}

/// The pattern without look-around, and with groups that may be given back: it matches every line that the pattern does, and others.
fn relaxed(text: &str, ruby: bool) -> Option<Regex> {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let rest = text.get(at..)?;
        let len = match byte {
            b'\\' if matches!(bytes.get(at + 1), Some(b'k')) => {
                out.push_str("(?s:.*)");
                rest.find('>')? + 1
            }
            b'\\' if matches!(bytes.get(at + 1), Some(b'1'..=b'9')) => {
                out.push_str("(?s:.*)");
                2 + bytes.get(at + 2..)?.iter().take_while(|b| b.is_ascii_digit()).count()
            }
            b'(' if ["(?=", "(?!", "(?<=", "(?<!"].iter().any(|open| rest.starts_with(open)) => {
                out.push_str("(?:)");
                let len = group_len(bytes, at);
                len + quantifier_len(bytes.get(at + len..).unwrap_or_default())
            }
            b'(' if rest.starts_with("(?>") => {
                out.push_str("(?:");
                3
            }
            b'(' if rest.starts_with("(?P<") => {
                out.push_str("(?:");
                rest.find('>')? + 1
            }
            // In a pattern with comments, brackets need not be pairs.
            b'(' if rest
                .strip_prefix("(?")
                .is_some_and(|flags| flags.split([':', ')']).next().is_some_and(|flags| flags.contains('x'))) =>
            {
                return None;
            }
            _ => {
                let len = match byte {
                    b'[' => class_len(bytes, at),
                    b'\\' => 1 + rest.chars().nth(1)?.len_utf8(),
                    _ => rest.chars().next()?.len_utf8(),
                };
                out.push_str(text.get(at..at + len)?);
                len
            }
        };
        at += len;
    }
    RegexBuilder::new(&out).multi_line(ruby).size_limit(COMPILED_BYTES_MAX).build().ok()
}

/// A pattern, and what becomes of what it captures.
pub(crate) struct Pattern {
    engine: Engine,
    plan: Plan,
    stops: Stops,
}

impl Pattern {
    /// Compiles the pattern that `pieces` make, one behind the other. `rename` may give its names others.
    pub(crate) fn compile(
        pieces: Vec<Piece>,
        ruby: bool,
        rename: impl Fn(&mut [Captured]),
        options: &Options,
    ) -> Result<Self, OptionError> {
        let wrong = |(message, at): Wrong| OptionError::new("pattern", message).at(at);
        let mut translated = Translated::of(&pieces, ruby).map_err(wrong)?;
        rename(&mut translated.names);
        let engine = Engine::compile(&translated.text, translated.names.len(), ruby).map_err(|(message, _)| wrong((message, 0)))?;
        let plan = Plan::compile(&translated.names, options)?;
        Ok(Self { engine, plan, stops: Stops::new(pieces, ruby) })
    }

    /// Writes the record of a line. An error where the pattern does not match, or takes too many steps.
    #[inline]
    pub(crate) fn read(&self, line: Text<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
        let written = self.engine.captures(line, |span| {
            self.plan.write(line, |slot| span(slot).map(|(start, end)| line.slice(start..end)), |rec| rec, out);
        });
        written.map_err(|failed| match failed {
            Failed::NoMatch => self.stops.reason(line.bytes()),
            Failed::TooManySteps => RejectReason::limit("the pattern takes more than 200000 steps back on this line", 0),
        })
    }

    /// Where a sample stops matching, in words; `None` where it does not.
    pub(crate) fn explain(&self, sample: &str) -> Option<String> {
        match self.engine.captures(Text::from(sample), |_| {}) {
            Ok(()) => None,
            Err(Failed::NoMatch) => Some(self.stops.explain(sample)),
            Err(Failed::TooManySteps) => Some(format!("the pattern takes more than {STEPS_BACK_MAX} steps back on it")),
        }
    }
}

/// Tries the patterns in their order by `read`. The reason is that of the one that read furthest.
#[inline(always)]
pub(crate) fn read_any<P>(patterns: &[P], mut read: impl FnMut(&P) -> Result<(), RejectReason>) -> Result<(), RejectReason> {
    let mut furthest: Option<RejectReason> = None;
    for pattern in patterns {
        match read(pattern) {
            Ok(()) => return Ok(()),
            Err(reason) if furthest.as_ref().is_none_or(|most| reason.at > most.at) => furthest = Some(reason),
            Err(_) => {}
        }
    }
    Err(furthest.unwrap_or(RejectReason::syntax("there is no pattern", 0)))
}

/// The patterns of the option, one a line, compiled by `compile`; the option `sample` must match one: `explain` says why it does not.
pub(crate) fn compile_all<P>(
    options: &Options,
    compile: impl Fn(&str) -> Result<P, OptionError>,
    explain: impl Fn(&P, &str) -> Option<String>,
) -> Result<Vec<P>, OptionError> {
    const OPTION: &str = "pattern";
    let missing = || OptionError::new(OPTION, "the format needs a pattern: give the option 'pattern', one pattern a line");
    let text = options.str(OPTION)?.ok_or_else(missing)?;
    let patterns: Vec<P> = text.lines().filter(|line| !line.trim().is_empty()).map(compile).collect::<Result<_, _>>()?;
    let first = patterns.first().ok_or_else(missing)?;
    if let Some(sample) = options.str(super::SAMPLE.name)?
        && let Some(why) = explain(first, sample)
        && patterns.iter().skip(1).all(|pattern| explain(pattern, sample).is_some())
    {
        return Err(OptionError::new(super::SAMPLE.name, why));
    }
    Ok(patterns)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn what_matches_still_does_when_it_is_relaxed(
            pattern in r"([ab1. ]|\\[bZ.]|\(\?P<g0>a|\)|\(\?(=|!|<=|<!)[ab1](\(b\)|\[)?\)?|\(\?>[ab]|\[\^?a[)(b]?\]|[*+?|]|\\k<g0>|\\1){1,10}",
            line in "[ab1. ()]{0,12}",
        ) {
            let compiled = fancy_regex::RegexBuilder::new(&pattern).backtrack_limit(10_000).build();
            if let (Ok(regex), Some(relaxed)) = (compiled, relaxed(&pattern, false))
                && matches!(regex.is_match(&line), Ok(true))
            {
                prop_assert!(relaxed.is_match(&line), "{pattern} as {relaxed}");
            }
        }
    }
}
