//! Where a line stops matching a pattern: the pieces that stand one behind the other, tried from the first.

use std::{
    collections::HashSet,
    sync::{Mutex, OnceLock, PoisonError},
};

use logloom_record::RejectReason;

use super::{engine::Engine, syntax::Translated};

/// One piece of a pattern.
#[derive(Clone, Debug)]
pub(crate) struct Piece {
    /// As the user wrote it.
    pub(crate) shown: String,
    /// Where it stands in the pattern, in bytes.
    pub(crate) at: usize,
    /// Its regular expression.
    pub(crate) regex: String,
}

/// The pieces with the beginnings of the pattern that they make, each compiled when it is first asked.
pub(super) struct Stops {
    pieces: Vec<Piece>,
    beginnings: Vec<OnceLock<Option<Engine>>>,
    ruby: bool,
}

const NO_MATCH: &str = "the line does not match the pattern";
/// The longest piece that is shown whole.
const SHOWN_BYTES_MAX: usize = 60;
/// What is shown of the line before the place.
const BEFORE_CHARS_MAX: usize = 24;
/// A line is tried piece by piece up to this length.
const LINE_BYTES_MAX: usize = 4 << 10;

impl Stops {
    pub(super) fn new(pieces: Vec<Piece>, ruby: bool) -> Self {
        let beginnings = pieces.iter().map(|_| OnceLock::new()).collect();
        Self { pieces, beginnings, ruby }
    }

    /// The first `count` pieces.
    fn beginning(&self, count: usize) -> Option<&Engine> {
        let place = self.beginnings.get(count.checked_sub(1)?)?;
        let compile = || {
            let translated = Translated::of(self.pieces.get(..count)?, self.ruby).ok()?;
            Engine::compile(&translated.text, translated.names.len(), self.ruby).ok()
        };
        place.get_or_init(compile).as_ref()
    }

    /// Where the longest beginning that matches ends, and the piece that does not.
    fn find(&self, line: &str) -> (usize, Option<&Piece>) {
        let (mut good, mut bad, mut end) = (0, self.pieces.len(), 0);
        while good + 1 < bad {
            let middle = usize::midpoint(good, bad);
            match self.beginning(middle).and_then(|engine| engine.end(line)) {
                Some(at) => (good, end) = (middle, at),
                None => bad = middle,
            }
        }
        (end, self.pieces.get(good).filter(|_| self.pieces.len() > 1))
    }

    /// The reject of a line that does not match.
    #[cold]
    pub(super) fn reason(&self, line: &[u8]) -> RejectReason {
        let Some(line) = std::str::from_utf8(line).ok().filter(|line| line.len() <= LINE_BYTES_MAX) else {
            return RejectReason::syntax(NO_MATCH, 0);
        };
        match self.find(line) {
            (end, Some(piece)) => RejectReason::syntax(interned(format!("expected {}", shown(piece)), NO_MATCH), end),
            (_, None) => RejectReason::syntax(NO_MATCH, 0),
        }
    }

    /// The same in words, for a sample.
    pub(super) fn explain(&self, sample: &str) -> String {
        let (end, Some(piece)) = self.find(sample) else { return NO_MATCH.to_owned() };
        let before = sample.get(..end).unwrap_or_default();
        let last: String = before.chars().skip(before.chars().count().saturating_sub(BEFORE_CHARS_MAX)).collect();
        let next: String = sample.get(end..).unwrap_or_default().chars().take(BEFORE_CHARS_MAX).collect();
        let expected = shown(piece);
        if before.is_empty() {
            return format!("the line does not begin as the pattern does: expected {expected}, found '{next}'");
        }
        let found = if next.is_empty() { "the end of the line".to_owned() } else { format!("'{next}'") };
        format!(
            "it matches up to byte {end}, '{last}'; then {expected} (byte {} of the pattern) was expected, and {found} stands there",
            piece.at
        )
    }
}

fn shown(piece: &Piece) -> String {
    if piece.shown.len() <= SHOWN_BYTES_MAX {
        return format!("'{}'", piece.shown);
    }
    let cut: String = piece.shown.chars().take(SHOWN_BYTES_MAX).collect();
    format!("'{cut}…'")
}

/// The most texts that are kept for the life of the process: there is one for each piece of each pattern that somebody configured.
const TEXTS_MAX: usize = 4096;

/// A text that outlives its pattern, as the reason of a Reject must; `otherwise` where there are too many of them.
pub(crate) fn interned(text: String, otherwise: &'static str) -> &'static str {
    static TEXTS: Mutex<Option<HashSet<&'static str>>> = Mutex::new(None);
    let mut texts = TEXTS.lock().unwrap_or_else(PoisonError::into_inner);
    let texts = texts.get_or_insert_default();
    if let Some(known) = texts.get(text.as_str()) {
        return known;
    }
    if texts.len() >= TEXTS_MAX {
        return otherwise;
    }
    let kept: &'static str = Box::leak(text.into_boxed_str());
    texts.insert(kept);
    kept
}

/// The pieces of a pattern: what stands one behind the other outside all brackets, with its quantifier. One piece where the pattern is a
/// choice. `expand` gives a piece's regular expression; grok's `%{…}` is a piece of its own.
pub(crate) fn split(pattern: &str, grok: bool) -> Vec<(usize, &str)> {
    let bytes = pattern.as_bytes();
    let mut pieces: Vec<(usize, usize)> = Vec::new();
    let mut at = 0;
    // A run of plain characters is one piece, as long as no quantifier takes its last one away.
    let mut run: Option<usize> = None;
    while let Some(&byte) = bytes.get(at) {
        let rest = pattern.get(at..).unwrap_or_default();
        let len = match byte {
            b'|' => return vec![(0, pattern)],
            b'(' => group_len(bytes, at),
            b'[' => class_len(bytes, at),
            b'%' if grok && rest.starts_with("%{") => rest.find('}').map_or(rest.len(), |end| end + 1),
            b'\\' => 1 + rest.chars().nth(1).map_or(0, char::len_utf8),
            _ => rest.chars().next().map_or(1, char::len_utf8),
        };
        let quantifier = quantifier_len(bytes.get(at + len..).unwrap_or_default());
        let plain = !(matches!(byte, b'(' | b'[') || byte == b'%' && len > 1);
        if plain && quantifier == 0 {
            run = run.or(Some(at));
        } else {
            if let Some(start) = run.take() {
                pieces.push((start, at));
            }
            pieces.push((at, at + len + quantifier));
        }
        at += len + quantifier;
    }
    if let Some(start) = run {
        pieces.push((start, at));
    }
    pieces.into_iter().map(|(start, end)| (start, pattern.get(start..end).unwrap_or_default())).collect()
}

pub(super) fn quantifier_len(rest: &[u8]) -> usize {
    let len = match rest {
        [b'*' | b'+' | b'?', ..] => 1,
        [b'{', b'0'..=b'9', ..] => rest.iter().position(|b| *b == b'}').map_or(0, |end| end + 1),
        _ => return 0,
    };
    len + usize::from(matches!(rest.get(len), Some(b'?' | b'+')))
}

/// The length of the class that begins at `at`.
pub(super) fn class_len(bytes: &[u8], at: usize) -> usize {
    let mut end = at + 1 + usize::from(bytes.get(at + 1) == Some(&b'^'));
    end += usize::from(bytes.get(end) == Some(&b']'));
    while let Some(&byte) = bytes.get(end) {
        match byte {
            b']' => return end + 1 - at,
            b'\\' => end += 2,
            b'[' if bytes.get(end + 1) == Some(&b':') => {
                let close = bytes.get(end..).unwrap_or_default().windows(2).position(|pair| pair == b":]");
                end += close.map_or(1, |close| close + 2);
            }
            _ => end += 1,
        }
    }
    bytes.len() - at
}

/// The length of the group that begins at `at`.
pub(super) fn group_len(bytes: &[u8], at: usize) -> usize {
    let (mut end, mut depth) = (at, 0_usize);
    while let Some(&byte) = bytes.get(end) {
        end += match byte {
            b'\\' => 2,
            b'[' => class_len(bytes, end),
            b'(' => {
                depth += 1;
                // A name may hold brackets.
                match bytes.get(end..) {
                    Some([b'(', b'?', b'<', next, ..]) if !matches!(next, b'=' | b'!') => {
                        bytes.get(end..).unwrap_or_default().iter().position(|b| *b == b'>').map_or(1, |close| close + 1)
                    }
                    _ => 1,
                }
            }
            b')' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return end + 1 - at;
                }
                1
            }
            _ => 1,
        };
    }
    bytes.len() - at
}
