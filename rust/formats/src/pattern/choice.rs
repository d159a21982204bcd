//! Which patterns of a list a line may be of.
//!
//! They are tried one after the other, the first that fits wins; most of a long list is passed over without being tried: by the line's first
//! byte, by what stands behind the time that it begins with (read once for all patterns that begin so), by text that a pattern needs and
//! the line lacks, and by what a pattern reads like the one tried before, where that did not fit.

use logloom_record::Text;
use memchr::memmem;
use wide::u8x16;

use super::{Line, Use, Values};
use crate::{
    Began,
    template::{Head, HeadFound},
    time::Context,
};

/// The most patterns of a list: sets of them are this many words of 64.
pub(super) const WORDS_MAX: usize = 8;
/// Shorter text stands in nearly all lines.
const LITERAL_LEN_MIN: usize = 4;
/// How many texts are remembered to be missing from a line.
const LITERALS_MAX: usize = 64;
/// How many heads are found once for all patterns.
pub(super) const HEADS_MAX: usize = 8;
pub(super) const NONE: u8 = u8::MAX;
/// A byte of a line, or its end.
const ROWS: usize = 257;

/// A set of patterns for each byte that may stand somewhere, and for the end of the line.
#[derive(Debug)]
struct Rows(Vec<u64>);

/// What is known of a list of patterns before a line is seen.
#[derive(Debug)]
pub(super) struct Choice {
    /// How many words a set of patterns has.
    words: usize,
    /// By the line's first byte.
    first: Rows,
    heads: Vec<(Head, Followed)>,
    patterns: Vec<Known>,
    /// How many fields at their beginning two patterns read in the same way: a row for each, of whole words' bits.
    shared: Vec<u8>,
    /// Text that several patterns have, and which.
    literals: Vec<(memmem::Finder<'static>, Vec<u64>)>,
    /// The patterns that tell by their beginning whether a line begins a record; of equal ones the first.
    beginners: Vec<u64>,
}

/// The patterns that begin with the same time, by the two bytes behind it.
#[derive(Debug)]
struct Followed {
    patterns: Vec<u64>,
    next: Rows,
    second: Rows,
}

#[derive(Debug)]
struct Known {
    /// Which of the heads it begins with; `NONE`: no time, or one that no other pattern begins with.
    head: u8,
    /// The literal behind each field, where that is looked for.
    literals: Vec<u8>,
}

impl Rows {
    fn new(words: usize) -> Self {
        Self(vec![0; ROWS * words])
    }

    /// Adds a pattern where `byte` stands, or, where there is none, whatever stands.
    fn add(&mut self, words: usize, byte: Option<u8>, pattern: usize) {
        for row in 0..ROWS {
            if byte.is_none_or(|byte| usize::from(byte) == row)
                && let Some(word) = self.0.get_mut(row * words + pattern / 64)
            {
                *word |= 1 << (pattern % 64);
            }
        }
    }

    #[inline(always)]
    fn of(&self, words: usize, byte: Option<&u8>) -> &[u64] {
        let row = byte.map_or(ROWS - 1, |byte| usize::from(*byte));
        self.0.get(row * words..(row + 1) * words).unwrap_or_default()
    }
}

fn has(set: &[u64], pattern: usize) -> bool {
    set.get(pattern / 64).is_some_and(|word| word >> (pattern % 64) & 1 == 1)
}

fn insert(set: &mut [u64], pattern: usize) {
    if let Some(word) = set.get_mut(pattern / 64) {
        *word |= 1 << (pattern % 64);
    }
}

impl Choice {
    /// Of these patterns; `None` where there are too few to choose, or too many.
    pub(super) fn new(lines: &[Line]) -> Option<Self> {
        let words = lines.len().div_ceil(64);
        if lines.len() < 2 || words > WORDS_MAX {
            return None;
        }
        let mut first = Rows::new(words);
        for (i, line) in lines.iter().enumerate() {
            match line.template.literals().next().and_then(<[u8]>::first) {
                None if line.template.begins_with_digit() => (b'0'..=b'9').for_each(|digit| first.add(words, Some(digit), i)),
                byte => first.add(words, byte.copied(), i),
            }
        }
        let literals = common_literals(lines);
        let having = |text: &[u8]| {
            let mut set = vec![0; words];
            let has = |line: &Line| line.template.literals().any(|known| known == text);
            lines.iter().enumerate().filter(|(_, line)| has(line)).for_each(|(i, _)| insert(&mut set, i));
            set
        };
        let mut shared_rows = vec![0; lines.len() * words * 64];
        for (one, row) in lines.iter().zip(shared_rows.chunks_mut(words * 64)) {
            row.iter_mut().zip(lines).for_each(|(count, other)| *count = shared(one, other));
        }
        let mut choice = Self {
            words,
            first,
            heads: Vec::new(),
            patterns: lines.iter().map(|line| Known::of(line, &literals)).collect(),
            shared: shared_rows,
            literals: literals.iter().map(|text| (memmem::Finder::new(text).into_owned(), having(text))).collect(),
            beginners: vec![0; words],
        };
        choice.find_heads(lines);
        for (i, line) in lines.iter().enumerate() {
            let follows = i.checked_sub(1).and_then(|before| lines.get(before)).is_some_and(|before| begin_alike(before, line));
            let is_known = follows || lines.iter().take(i).any(|other| begin_alike(other, line) && asks_alike(other, line));
            if !is_known {
                insert(&mut choice.beginners, i);
            }
        }
        Some(choice)
    }

    fn find_heads(&mut self, lines: &[Line]) {
        for (i, line) in lines.iter().enumerate() {
            let Some(head) = line.template.head() else { continue };
            let known = self.heads.iter().position(|(other, _)| other.is_like(&head));
            let which = known.unwrap_or(self.heads.len());
            if known.is_none() {
                let followed = Followed { patterns: vec![0; self.words], next: Rows::new(self.words), second: Rows::new(self.words) };
                self.heads.push((head, followed));
            }
            let (Some((_, followed)), Some(known), Ok(name)) = (self.heads.get_mut(which), self.patterns.get_mut(i), u8::try_from(which))
            else {
                continue;
            };
            if which < HEADS_MAX {
                known.head = name;
            }
            let behind = line.template.literals().nth(1).unwrap_or_default();
            insert(&mut followed.patterns, i);
            followed.next.add(self.words, behind.first().copied(), i);
            followed.second.add(self.words, behind.get(1).copied(), i);
        }
    }

    /// Whether one word is a set of the patterns.
    #[inline(always)]
    pub(super) fn is_small(&self) -> bool {
        self.words == 1
    }

    /// Begins to look at a line. `WORDS`: as many as a set has, or more.
    #[inline(always)]
    pub(super) fn look<'c, const WORDS: usize>(&'c self, line: Text<'_>) -> Looking<'c, WORDS> {
        let mut open = [0; WORDS];
        open.iter_mut().zip(self.first.of(self.words, line.bytes().first())).for_each(|(open, first)| *open = *first);
        Looking { choice: self, open, plain: open, at: 0, asked: 0, looked_for: 0, last: None }
    }

    /// Whether a line begins as one of the patterns does, which are `lines`, and what was found by that.
    pub(super) fn began(&self, lines: &[Line], line: Text<'_>, context: &Context, values: &mut Values) -> Option<Began> {
        if self.is_small() {
            self.began_as::<1>(lines, line, context, values)
        } else {
            self.began_as::<WORDS_MAX>(lines, line, context, values)
        }
    }

    #[inline(always)]
    fn began_as<const WORDS: usize>(&self, lines: &[Line], line: Text<'_>, context: &Context, values: &mut Values) -> Option<Began> {
        let mut looking = self.look::<WORDS>(line);
        looking.plain.iter_mut().zip(&self.beginners).for_each(|(open, beginners)| *open &= beginners);
        while let Some(i) = looking.next_open() {
            looking.at = i + 1;
            let (pattern, known) = lines.get(i).zip(self.patterns.get(i))?;
            looking.ask(known.head, line, context, values);
            match values.heads.get(usize::from(known.head)) {
                // A pattern with a time has nothing else before the text behind that.
                Some(found) if !pattern.template.begins_with_millis_z() => {
                    let goes_on = has(&looking.plain, i)
                        && pattern.may_begin(line)
                        && found.end().is_some_and(|end| pattern.template.goes_on(line, end));
                    if goes_on {
                        // A time that was told without the arrival is the same with it.
                        let time_unix_nano = found.unix_nano().unwrap_or_default();
                        let at = found.at as u32;
                        let end = if time_unix_nano == 0 { at } else { found.end().unwrap_or_default() as u32 };
                        return Some(Began { time_unix_nano, at, end, head: known.head });
                    }
                }
                _ if pattern.begins(line, context) => return Some(Began::default()),
                _ => {}
            }
        }
        None
    }
}

/// Whether two patterns read their first field in the same way.
fn begin_alike(one: &Line, other: &Line) -> bool {
    one.template.shared(&other.template) > 0
}

/// Whether two patterns that begin alike ask the same of their first value.
fn asks_alike(one: &Line, other: &Line) -> bool {
    match (one.uses.first(), other.uses.first()) {
        (Some(one @ (Use::Severity(_) | Use::Ip(_))), Some(other)) => one == other,
        (Some(_), Some(Use::Severity(_) | Use::Ip(_))) => false,
        _ => true,
    }
}

/// How many fields two patterns read in the same way, their times and bodies among them.
fn shared(one: &Line, other: &Line) -> u8 {
    let differ = |one: Option<usize>, other: Option<usize>| {
        if one == other { usize::MAX } else { one.unwrap_or(usize::MAX).min(other.unwrap_or(usize::MAX)) }
    };
    let alike = one.template.shared(&other.template);
    let alike = alike.min(differ(one.time_field, other.time_field)).min(differ(one.body_field, other.body_field));
    u8::try_from(alike).unwrap_or(u8::MAX)
}

/// Text that stands in several patterns, the longest first.
fn common_literals(lines: &[Line]) -> Vec<Vec<u8>> {
    let mut all: Vec<&[u8]> = Vec::new();
    for line in lines {
        let mut of_line: Vec<_> = line.template.literals().filter(|text| text.len() >= LITERAL_LEN_MIN).collect();
        of_line.sort_unstable();
        of_line.dedup();
        all.extend(of_line);
    }
    all.sort_unstable();
    let mut common: Vec<_> = all.chunk_by(|a, b| a == b).filter_map(|same| same.first().filter(|_| same.len() > 1)).collect();
    common.sort_by_key(|text| std::cmp::Reverse(text.len()));
    common.into_iter().take(LITERALS_MAX).map(|text| text.to_vec()).collect()
}

impl Known {
    fn of(line: &Line, literals: &[Vec<u8>]) -> Self {
        let id = |text: &[u8]| literals.iter().position(|known| known == text).and_then(|id| u8::try_from(id).ok()).unwrap_or(NONE);
        let ids: Vec<_> = line.template.literals().map(id).collect();
        // Text that stands elsewhere than where it must is not looked for: it would mostly be found.
        let sought = |(field, id): (usize, u8)| if line.template.seeks(field) { id } else { NONE };
        Self { head: NONE, literals: ids.into_iter().skip(1).enumerate().map(sought).collect() }
    }
}

/// A line that is looked at, pattern by pattern.
#[derive(Debug)]
pub(super) struct Looking<'c, const WORDS: usize> {
    choice: &'c Choice,
    /// The patterns that it may be of, and those that it may be of at first sight.
    open: [u64; WORDS],
    plain: [u64; WORDS],
    /// The pattern to look at next, and the last one that was tried.
    at: usize,
    last: Option<usize>,
    /// The heads and the literals that were looked for.
    asked: u8,
    looked_for: u64,
}

/// Whether the text behind the time that a pattern begins with, which was looked for, stands behind it.
#[inline(always)]
fn goes_on(pattern: &Line, head: u8, line: Text<'_>, values: &Values) -> bool {
    let end = values.heads.get(usize::from(head)).and_then(HeadFound::end);
    end.is_none_or(|end| pattern.template.goes_on(line, end))
}

impl<const WORDS: usize> Looking<'_, WORDS> {
    /// The next pattern of `lines` that the line may be of, and how many fields of it the last one has read into `values` already.
    #[inline(always)]
    pub(super) fn next<'l>(
        &mut self,
        lines: &'l [Line],
        line: Text<'_>,
        context: &Context,
        values: &mut Values,
    ) -> Option<(usize, &'l Line, usize)> {
        while let Some(i) = self.next_open() {
            self.at = i + 1;
            let (known, pattern) = (self.choice.patterns.get(i)?, lines.get(i)?);
            self.ask(known.head, line, context, values);
            if has(&self.plain, i) && pattern.may_begin(line) && goes_on(pattern, known.head, line, values) {
                values.head = known.head;
                let last = self.last.replace(i);
                let shared = last.and_then(|last| self.choice.shared.get(last * self.choice.words * 64 + i));
                return Some((i, pattern, shared.map_or(0, |shared| usize::from(*shared))));
            }
        }
        None
    }

    /// Looks for a head, if nobody did, and takes away the patterns that it shows to be others.
    #[inline(always)]
    fn ask(&mut self, head: u8, line: Text<'_>, context: &Context, values: &mut Values) {
        if usize::from(head) < HEADS_MAX && self.asked >> head & 1 == 0 {
            self.asked |= 1 << head;
            self.look_for_head(usize::from(head), line, context, values);
        }
    }

    /// Takes up what was found when it was asked whether the line begins a record.
    #[inline(always)]
    pub(super) fn begin(&mut self, began: &Began, line: Text<'_>, values: &mut Values) {
        if began.end > began.at && usize::from(began.head) < HEADS_MAX {
            self.asked |= 1 << began.head;
            self.head_found(usize::from(began.head), Some(HeadFound::of(began)), line, values);
        }
    }

    #[inline(never)]
    fn look_for_head(&mut self, which: usize, line: Text<'_>, context: &Context, values: &mut Values) {
        let Some((head, _)) = self.choice.heads.get(which) else { return };
        self.head_found(which, head.find(line, context), line, values);
    }

    #[inline(always)]
    fn head_found(&mut self, which: usize, found: Option<HeadFound>, line: Text<'_>, values: &mut Values) {
        let (Some((_, followed)), Some(kept)) = (self.choice.heads.get(which), values.heads.get_mut(which)) else { return };
        let mut fit = [0; WORDS];
        if let Some(found) = found {
            *kept = found;
            let bytes = line.bytes();
            let mut behind = |end: usize| {
                let (next, second) = (bytes.get(end), bytes.get(end + 1));
                let both = followed.next.of(self.choice.words, next).iter().zip(followed.second.of(self.choice.words, second));
                fit.iter_mut().zip(both).for_each(|(fit, (next, second))| *fit |= next & second);
            };
            if let Some(end) = found.end() {
                behind(end);
            } else {
                // Absent, or left out.
                behind(found.at);
                behind(found.at + usize::from(bytes.get(found.at) == Some(&b'-')));
            }
        }
        self.close(followed.patterns.iter().zip(fit).map(|(patterns, fit)| patterns & !fit));
    }

    /// The line is of none of these.
    #[inline(always)]
    fn close(&mut self, patterns: impl Iterator<Item = u64>) {
        for ((open, plain), patterns) in self.open.iter_mut().zip(&mut self.plain).zip(patterns) {
            *open &= !patterns;
            *plain &= !patterns;
        }
    }

    /// The values of the last pattern are gone.
    pub(super) fn forget(&mut self) {
        self.last = None;
    }

    /// Begins anew with what is left.
    #[inline(always)]
    pub(super) fn again(&mut self) {
        (self.at, self.last, self.plain) = (0, None, self.open);
    }

    /// Field `field` of a pattern did not fit: no other pattern fits at first sight that reads it in the same way. The text behind it may be
    /// missing.
    #[inline(always)]
    pub(super) fn failed(&mut self, i: usize, field: usize, line: Text<'_>) {
        self.pass_like(i, field);
        let literal = self.choice.patterns.get(i).and_then(|known| known.literals.get(field)).copied().unwrap_or(NONE);
        if literal == NONE || self.looked_for >> literal & 1 == 1 {
            return;
        }
        self.looked_for |= 1 << literal;
        if let Some((finder, having)) = self.choice.literals.get(usize::from(literal))
            && finder.find(line.bytes()).is_none()
        {
            self.close(having.iter().copied());
        }
    }

    /// Passes over the patterns that read the fields of one up to this one in the same way.
    #[inline(always)]
    pub(super) fn pass_like(&mut self, i: usize, field: usize) {
        let row_len = self.choice.words * 64;
        let row = self.choice.shared.get(i * row_len..(i + 1) * row_len).unwrap_or_default();
        let beyond = u8x16::splat(u8::try_from(field + 1).unwrap_or(u8::MAX));
        for (plain, row) in self.plain.iter_mut().zip(row.as_chunks::<64>().0) {
            let alike = |step: &[u8; 16]| {
                let step = u8x16::new(*step);
                u64::from(step.max(beyond).simd_eq(step).to_bitmask())
            };
            *plain &= !row.as_chunks::<16>().0.iter().rev().fold(0, |found, step| found << 16 | alike(step));
        }
    }

    #[inline(always)]
    fn next_open(&self) -> Option<usize> {
        let mut word = self.at / 64;
        let mut mask = u64::MAX << (self.at % 64);
        while word < self.choice.words {
            let open = self.plain.get(word)? & mask;
            if open != 0 {
                return Some(word * 64 + open.trailing_zeros() as usize);
            }
            (word, mask) = (word + 1, u64::MAX);
        }
        None
    }
}
