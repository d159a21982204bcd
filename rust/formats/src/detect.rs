//! Which format bytes are in.

use std::sync::{Arc, OnceLock};

use memchr::memchr;

use crate::{
    FORMATS, Format, Framing, Options, Spec,
    decoder::{spread, strip_ansi},
    formats::text,
    plain::begins_with_time,
    trace::breaks_away,
};

/// What is looked at, in bytes: the answer depends on no more.
pub const SAMPLE_BYTES_MAX: usize = 64 << 10;
/// The most lines of it that are asked about.
const LINES_MAX: usize = 128;
/// How many of the first lines tell most formats apart.
const HEAD_LINES: usize = 8;
/// A line that looks at least this much like a format counts for it; a body must.
const LOOKS_LIKE: u8 = 50;
/// A line that looks this much like a format is read by it among lines of another one.
const SURE: u8 = 80;
/// Lines that look this much like a format are of it, whatever stands around them.
const UNMISTAKABLE: u8 = 95;

/// The format that `data`, its beginning at least, is in. `text` where nothing else fits most lines: a guess that is wrong would make
/// Rejects of good lines.
pub fn detect(data: &[u8]) -> &'static Spec {
    likeliest(&candidates(&Options::default()), data, true).map_or(&text::SPEC, |format| format.spec())
}

/// Every format that needs no options of its own. `auto` itself and `text`, which is what remains, are not among them.
pub(crate) type Candidates = Arc<[Arc<dyn Format>]>;

/// The formats with the options that all of them take; without any, compiled once a process.
pub(crate) fn candidates(common: &Options) -> Candidates {
    static PLAIN: OnceLock<Candidates> = OnceLock::new();
    let compiled = || {
        let named = FORMATS.iter().filter(|spec| !matches!(spec.name, "auto" | "text"));
        named.filter_map(|spec| (spec.compile)(common).ok()).collect()
    };
    if common.0.is_empty() { Arc::clone(PLAIN.get_or_init(compiled)) } else { compiled() }
}

/// The format that fits best; `None` where only `text` does. `ended`: nothing follows, so that the last line is a whole one.
pub(crate) fn likeliest<'c>(candidates: &'c Candidates, data: &[u8], ended: bool) -> Option<&'c Arc<dyn Format>> {
    let (sample, ended) = match data.get(..SAMPLE_BYTES_MAX) {
        Some(sample) => (sample, ended && data.len() == SAMPLE_BYTES_MAX),
        None => (data, ended),
    };
    // Lines are read without their colours; what is no text has none.
    let (mut plain, raw) = (Vec::new(), sample);
    let sample = if strip_ansi(sample, &mut plain) { plain.as_slice() } else { sample };
    let lines = lines(sample, ended);
    let head = lines.get(..lines.len().min(HEAD_LINES)).unwrap_or_default();
    // Most sources leave no doubt from their first lines on.
    if head.len() == HEAD_LINES
        && let Some(format) = unmistakable(candidates, head)
    {
        return Some(format);
    }
    let mut best: Option<(&Arc<dyn Format>, u32)> = None;
    // What knows none of the first lines is asked about the others only where nothing else fits.
    for is_first in [true, false] {
        for format in candidates.iter() {
            let score = match format.framing() {
                Framing::Lines | Framing::Records if knows_one(&**format, head) == is_first => of_lines(&**format, &lines),
                Framing::Elements | Framing::Whole | Framing::Own if is_first => u32::from(format.likely(sample).max(format.likely(raw)).0),
                _ => continue,
            };
            if score >= u32::from(LOOKS_LIKE) && best.is_none_or(|(_, most)| score > most) {
                best = Some((format, score));
            }
        }
        if best.is_some() {
            break;
        }
    }
    best.map(|(format, _)| format).or_else(|| most_frequent(candidates, &lines))
}

/// Where no format fits most of the lines, but most of them surely fit one format or another: the one of the most lines.
fn most_frequent<'c>(candidates: &'c Candidates, lines: &[&[u8]]) -> Option<&'c Arc<dyn Format>> {
    let sure: Vec<_> = lines.iter().filter_map(|line| surest(candidates, line).filter(|format| format.begins(line))).collect();
    let lines_of = |format: &Arc<dyn Format>| sure.iter().filter(|other| Arc::ptr_eq(other, format)).count();
    let most = sure.iter().copied().max_by_key(|format| lines_of(format))?;
    (lines.len() > 1 && sure.len() * 3 >= lines.len() * 2).then_some(most)
}

/// The format that all of these lines are of beyond doubt; of several, the surest.
fn unmistakable<'c>(candidates: &'c Candidates, lines: &[&[u8]]) -> Option<&'c Arc<dyn Format>> {
    let is_of_lines = |format: &&Arc<dyn Format>| format.framing().is_lines();
    let least = |format: &Arc<dyn Format>| {
        let mut least = u8::MAX;
        for line in lines {
            least = least.min(if format.begins(line) { format.likely(line).0 } else { 0 });
            if least < UNMISTAKABLE {
                return 0;
            }
        }
        least
    };
    let found = candidates.iter().filter(is_of_lines).map(|format| (format, least(format))).filter(|(_, least)| *least > 0);
    // The first of equals, as everywhere here.
    found.reduce(|best, other| if other.1 > best.1 { other } else { best }).map(|(format, _)| format)
}

/// Whether one of the lines looks like the format.
fn knows_one(format: &dyn Format, lines: &[&[u8]]) -> bool {
    lines.iter().any(|line| format.begins(line) && format.likely(line).0 >= LOOKS_LIKE)
}

/// The format that is the surest of one line, if one is sure.
pub(crate) fn surest<'c>(candidates: &'c Candidates, line: &[u8]) -> Option<&'c Arc<dyn Format>> {
    let lines = candidates.iter().filter(|format| format.framing().is_lines());
    let (format, likely) = lines.map(|format| (format, format.likely(line).0)).max_by_key(|(_, likely)| *likely)?;
    (likely >= SURE).then_some(format)
}

/// How well a format fits the lines that may begin one of its records: 0 where that is under two thirds of them, or under one third where
/// those leave no doubt (a banner, lines of other programs between); 0, too, where more lines begin with a time that the format does not know.
/// The lines that do not fit, or go on with a record (stack traces, statements of several lines), count against it, so that a format which
/// knows all lines comes first.
fn of_lines(format: &dyn Format, lines: &[&[u8]]) -> u32 {
    let (mut sum, mut fit, mut begun, mut foreign) = (0, 0, 0, 0);
    for line in lines {
        if !format.begins(line) || breaks_away(line) {
            foreign += u32::from(begins_with_time(line));
            continue;
        }
        let likely = format.likely(line).0;
        if likely >= LOOKS_LIKE {
            sum += u32::from(likely);
            fit += 1;
        }
        begun += 1;
    }
    let mean = sum.checked_div(fit).unwrap_or_default();
    let is_sure = mean >= u32::from(UNMISTAKABLE);
    let is_first = lines.first().is_some_and(|line| format.begins(line));
    let enough = if is_sure { fit * 3 >= begun } else { fit * 3 >= begun * 2 && (begun >= 3 || is_first) };
    if fit == 0 || !enough || fit < foreign {
        return 0;
    }
    let known = begun + foreign;
    let strays = lines.len() as u32 - known;
    mean * (50 + 50 * fit / known) / 100 * (100 - 20 * strays / lines.len() as u32) / 100
}

/// The first lines that are not blank. One that the sample cuts does not count, unless there is no other.
fn lines(sample: &[u8], ended: bool) -> Vec<&[u8]> {
    let mut lines = Vec::new();
    let mut rest = sample;
    while lines.len() < LINES_MAX && !rest.is_empty() {
        // An object that stands on several lines counts as one; brackets around objects are no lines.
        let object = rest.trim_ascii_start();
        if object.first() == Some(&b'{')
            && let Some(end) = spread(object)
        {
            lines.push(object.get(..end).unwrap_or_default());
            rest = object.get(end..).unwrap_or_default();
            continue;
        }
        let end = memchr(b'\n', rest);
        let (line, after) = end.map_or((rest, rest.len()), |end| (rest.get(..end).unwrap_or_default(), end + 1));
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let is_blank = matches!(line.trim_ascii(), b"" | b"[" | b"]" | b"," | b"],");
        if !is_blank && (end.is_some() || ended || lines.is_empty()) {
            lines.push(line);
        }
        rest = rest.get(after..).unwrap_or_default();
    }
    lines
}
