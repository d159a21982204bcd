//! A pattern of the user's own, and what each text that it matches must hold.

use regex::bytes::{Regex, RegexBuilder};
use regex_syntax::{
    ParserBuilder,
    hir::{
        Hir, HirKind,
        literal::{ExtractKind, Extractor},
    },
};

/// The most that a compiled pattern may take, in bytes.
const PATTERN_BYTES_MAX: usize = 1 << 20;

/// The most literals that stand for one pattern.
const LITERALS_MAX: usize = 32;
/// The longest part of one that is of use, in bytes.
const LITERAL_BYTES_MAX: usize = 16;
/// How many parts of a pattern are looked at together.
const PARTS: usize = 8;

/// A compiled pattern. Its flags stand in its text, `(?i)`, so that the text is all there is to it.
#[derive(Clone, Debug)]
pub struct Pattern {
    regex: Regex,
    required: Option<Vec<Vec<u8>>>,
}

impl Pattern {
    /// Of a text as the regex crate has it; a compiled pattern over 1 MiB is refused.
    pub fn new(text: &str) -> Result<Self, regex::Error> {
        let regex = RegexBuilder::new(text).size_limit(PATTERN_BYTES_MAX).build()?;
        // As `regex::bytes` reads it.
        let hir = ParserBuilder::new().utf8(false).build().parse(text).ok();
        Ok(Self { regex, required: hir.as_ref().and_then(required) })
    }

    pub(super) fn regex(&self) -> &Regex {
        &self.regex
    }

    /// Every match holds one of these; `None` where nothing is known that is worth a search.
    pub(super) fn required(&self) -> Option<&[Vec<u8>]> {
        self.required.as_deref()
    }
}

/// Literals one of which stands in each match: those that are found least often in other texts.
fn required(hir: &Hir) -> Option<Vec<Vec<u8>>> {
    let known = required_of(hir)?;
    (weight(&known) <= WEIGHT_MAX).then_some(known)
}

fn required_of(hir: &Hir) -> Option<Vec<Vec<u8>>> {
    let mut best = prefixes(hir);
    let mut consider = |other: Option<Vec<Vec<u8>>>| {
        if let Some(other) = other
            && best.as_ref().is_none_or(|best| weight(&other) < weight(best))
        {
            best = Some(other);
        }
    };
    match hir.kind() {
        HirKind::Capture(capture) => consider(required_of(&capture.sub)),
        HirKind::Repetition(repetition) if repetition.min > 0 => consider(required_of(&repetition.sub)),
        HirKind::Alternation(parts) => {
            let each: Option<Vec<_>> = parts.iter().map(required_of).collect();
            consider(each.map(|each| each.concat()).filter(|all| all.len() <= LITERALS_MAX));
        }
        HirKind::Concat(parts) => {
            for start in 0..parts.len() {
                let some = parts.get(start..parts.len().min(start + PARTS)).unwrap_or_default();
                consider(prefixes(&Hir::concat(some.to_vec())));
            }
            for part in parts {
                consider(required_of(part));
            }
        }
        _ => {}
    }
    best
}

/// What each match begins with.
fn prefixes(hir: &Hir) -> Option<Vec<Vec<u8>>> {
    let mut extractor = Extractor::new();
    extractor.kind(ExtractKind::Prefix).limit_total(LITERALS_MAX).limit_literal_len(LITERAL_BYTES_MAX);
    let found = extractor.extract(hir);
    let literals: Vec<Vec<u8>> = found.literals()?.iter().map(|literal| literal.as_bytes().to_vec()).collect();
    (!literals.iter().any(Vec::is_empty)).then_some(literals)
}

/// Above this, a search stops so often that it is no shorter than looking at all: once in so many bytes.
const WEIGHT_MAX: f64 = 1.0 / 50.0;

/// How often, in one byte of a record, one of these is to be expected.
fn weight(literals: &[Vec<u8>]) -> f64 {
    literals.iter().map(|literal| literal.iter().take(4).map(|byte| frequency(*byte)).product::<f64>()).sum()
}

/// How often a byte stands in what is logged, roughly: letters and digits, what paths and keys are made of, what protobuf writes, and all others.
fn frequency(byte: u8) -> f64 {
    match byte {
        b'a'..=b'z' | b'0'..=b'9' => 1.0 / 25.0,
        b' ' | b'.' | b'-' | b'/' | b'_' | b':' | b'=' | b'"' | b',' => 1.0 / 40.0,
        b'A'..=b'Z' | 0..=0x1f => 1.0 / 60.0,
        _ => 1.0 / 500.0,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn of(text: &str) -> Vec<String> {
        let pattern = Pattern::new(text).unwrap();
        let mut known: Vec<String> =
            pattern.required().unwrap_or_default().iter().map(|literal| String::from_utf8_lossy(literal).into_owned()).collect();
        known.sort();
        known
    }

    #[test]
    fn what_every_match_holds() {
        assert_eq!(of(r"[a-z0-9._%+-]+@[a-z0-9.-]+\.[a-z]{2,}"), ["@"]);
        assert_eq!(of("(?i-u)ssn"), ["SSN", "SSn", "SsN", "Ssn", "sSN", "sSn", "ssN", "ssn"]);
        // The long s is an s in another case.
        assert!(of("(?i)ssn").contains(&"\u{17f}sn".to_owned()));
        assert_eq!(of(r"\b(?:emp|cust)-\d{6}\b"), ["cust-", "emp-"]);
        assert_eq!(of(r"\d+ apples|x{3,}pears"), [" apples", "pears"]);
        assert_eq!(of("(secret)+"), ["secret"]);
        for text in [r"\d{16}", "[a-z]+", "a*", "(?:@)?", ".", "", "a|@?", r"\w+\.\w+"] {
            assert_eq!(Pattern::new(text).unwrap().required(), None, "{text}");
        }
        assert!(Pattern::new("(").is_err());
    }

    /// Patterns of all that a pattern can have.
    fn pattern() -> impl Strategy<Value = String> {
        let leaf = prop::sample::select(
            &[
                "a",
                "b",
                "@",
                "ab@",
                "#x",
                "é",
                "[a-c]",
                "[^a]",
                ".",
                r"\d",
                r"\b",
                "^",
                "$",
                "(?i:k)",
                "(?i:s@)",
                "[@#]",
                r"(?-u:\xff)",
                "(?:)",
                r"\W",
            ][..],
        )
        .prop_map(str::to_owned);
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                3 => prop::collection::vec(inner.clone(), 1..5).prop_map(|parts| parts.concat()),
                1 => prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| format!("({})", parts.join("|"))),
                1 => (inner.clone(), prop::sample::select(&["*", "+", "?", "{2}", "{0,2}", "+?"][..])).prop_map(|(part, times)| format!("(?:{part}){times}")),
                1 => inner.prop_map(|part| format!("(?i){part}")),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn no_match_is_without_it(text in pattern(), pieces in prop::collection::vec(prop::sample::select(
            &["a", "b", "@", "#", "x", "X", "é", "É", "k", "K", "\u{212a}", "s", "\u{17f}", "1", " ", "A", "ab@", "\n"][..]), 0..12), bad: bool) {
            let pattern = Pattern::new(&text).unwrap();
            let mut searched = pieces.concat().into_bytes();
            if bad {
                searched.insert(searched.len() / 2, 0xff);
            }
            if let Some(known) = pattern.required() {
                for found in pattern.regex().find_iter(&searched){
                    let holds = |literal: &Vec<u8>| memchr::memmem::find(found.as_bytes(), literal).is_some();
                    prop_assert!(known.iter().any(holds), "{text} matches {found:?} without {known:?}");
                }
            }
        }
    }
}
