//! Finding bytes, sixteen at a time.

use logloom_record::Text;
use wide::{u8x16, u8x32};

/// Where `byte` first stands in the text. Reads whole steps of sixteen as long as the text's buffer goes on, so it suits short texts.
#[inline(always)]
pub(crate) fn find(text: Text<'_>, byte: u8) -> Option<usize> {
    find_in(text.tail(), text.len(), byte)
}

/// Where `byte` first stands in the first `len` bytes of `tail`.
#[inline(always)]
pub(crate) fn find_in(tail: &[u8], len: usize, byte: u8) -> Option<usize> {
    let wanted = u8x16::splat(byte);
    let mut at = 0;
    while at < len {
        let Some(step) = tail.get(at..).and_then(<[u8]>::first_chunk::<16>) else {
            let rest = tail.get(at..len).unwrap_or_default();
            return rest.iter().position(|b| *b == byte).map(|n| at + n);
        };
        let mask = u8x16::new(*step).simd_eq(wanted).to_bitmask();
        if mask != 0 {
            let found = at + mask.trailing_zeros() as usize;
            return (found < len).then_some(found);
        }
        at += 16;
    }
    None
}

/// Finds the places of one byte in a text, one after the other: it looks at 64 bytes at once, and keeps what it saw.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Finder<'a> {
    tail: &'a [u8],
    len: usize,
    byte: u8,
    /// From where on it looked last, and where it saw the byte: a bit for each place.
    from: usize,
    seen: u64,
}

impl<'a> Finder<'a> {
    #[inline(always)]
    pub(crate) fn new(text: Text<'a>, byte: u8) -> Self {
        let mut finder = Self { tail: text.tail(), len: text.len(), byte, from: 0, seen: 0 };
        finder.look(0);
        finder
    }

    /// Where the byte first stands from `at` on; the text's length where it does not.
    #[inline(always)]
    pub(crate) fn find(&mut self, mut at: usize) -> usize {
        if at < self.from {
            self.look(at);
        }
        loop {
            let seen = self.seen.checked_shr((at - self.from) as u32).unwrap_or_default();
            if seen != 0 {
                return (at + seen.trailing_zeros() as usize).min(self.len);
            }
            at = at.max(self.from + 64);
            if at >= self.len {
                return self.len;
            }
            self.look(at);
        }
    }

    #[inline(always)]
    fn look(&mut self, from: usize) {
        let wanted = u8x16::splat(self.byte);
        let block = self.tail.get(from..).and_then(<[u8]>::first_chunk::<64>);
        self.from = from;
        self.seen = block.map_or_else(
            || near_end(self.tail.get(from..).unwrap_or_default(), self.byte),
            |block| {
                let steps = block.as_chunks::<16>().0;
                let mask = |step: &[u8; 16]| u64::from(u8x16::new(*step).simd_eq(wanted).to_bitmask());
                steps.iter().rev().fold(0, |seen, step| seen << 16 | mask(step))
            },
        );
    }
}

#[inline(never)]
fn near_end(rest: &[u8], byte: u8) -> u64 {
    rest.iter().take(64).enumerate().fold(0, |seen, (at, found)| seen | u64::from(*found == byte) << at)
}

/// Where `a` or `b` first stands in the text.
#[inline(always)]
pub(crate) fn find_either(text: Text<'_>, a: u8, b: u8) -> Option<usize> {
    let (tail, len) = (text.tail(), text.len());
    let (first, second) = (u8x16::splat(a), u8x16::splat(b));
    let mut at = 0;
    while at < len {
        let Some(step) = tail.get(at..).and_then(<[u8]>::first_chunk::<16>) else {
            let rest = tail.get(at..len).unwrap_or_default();
            return rest.iter().position(|byte| *byte == a || *byte == b).map(|n| at + n);
        };
        let step = u8x16::new(*step);
        let mask = (step.simd_eq(first) | step.simd_eq(second)).to_bitmask();
        if mask != 0 {
            let found = at + mask.trailing_zeros() as usize;
            return (found < len).then_some(found);
        }
        at += 16;
    }
    None
}

/// Where `what`, which is short, first stands. Unlike a searcher for long texts, it needs nothing made beforehand.
#[inline]
pub(crate) fn find_bytes(text: &[u8], what: &[u8]) -> Option<usize> {
    let (Some(first), Some(last)) = (what.first(), what.last()) else { return Some(0) };
    let behind = what.len() - 1;
    let (first_16, last_16) = (u8x16::splat(*first), u8x16::splat(*last));
    let mut at = 0;
    while at + behind < text.len() {
        let step = |from: usize| text.get(from..).and_then(<[u8]>::first_chunk::<16>);
        let (Some(begin), Some(end)) = (step(at), step(at + behind)) else {
            return text.get(at..)?.windows(what.len()).position(|window| window == what).map(|found| at + found);
        };
        let mut both = (u8x16::new(*begin).simd_eq(first_16) & u8x16::new(*end).simd_eq(last_16)).to_bitmask();
        while both != 0 {
            let found = at + both.trailing_zeros() as usize;
            if text.get(found..).is_some_and(|rest| rest.starts_with(what)) {
                return Some(found);
            }
            both &= both - 1;
        }
        at += 16;
    }
    None
}

/// Whether one of these pairs of bytes stands in the text.
#[inline]
pub(crate) fn has_pair(text: &[u8], pairs: [[u8; 2]; 3]) -> bool {
    let wanted = pairs.map(|pair| pair.map(u8x32::splat));
    let step = |from: usize| text.get(from..).and_then(<[u8]>::first_chunk::<32>).map(|step| u8x32::new(*step));
    let mut at = 0;
    while at + 1 < text.len() {
        let (Some(first), Some(second)) = (step(at), step(at + 1)) else {
            return text.get(at..).is_some_and(|rest| rest.windows(2).any(|pair| pairs.iter().any(|wanted| wanted == pair)));
        };
        let found = wanted.map(|[one, other]| first.simd_eq(one) & second.simd_eq(other));
        if (found[0] | found[1] | found[2]).to_bitmask() != 0 {
            return true;
        }
        at += 32;
    }
    false
}

/// Where three bytes stand in the first 64: a bit for each place.
#[inline(always)]
pub(crate) fn places_of(bytes: &[u8], wanted: [u8; 3]) -> u64 {
    let Some(block) = bytes.first_chunk::<64>() else {
        return bytes.iter().take(64).enumerate().fold(0, |places, (at, byte)| places | u64::from(wanted.contains(byte)) << at);
    };
    let [a, b, c] = wanted.map(u8x16::splat);
    let places = |step: &[u8; 16]| {
        let step = u8x16::new(*step);
        u64::from((step.simd_eq(a) | step.simd_eq(b) | step.simd_eq(c)).to_bitmask())
    };
    block.as_chunks::<16>().0.iter().rev().fold(0, |found, step| found << 16 | places(step))
}

/// How many bytes the text begins with that are no blanks or control characters, no commas, and not `end`.
#[inline(always)]
pub(crate) fn word_len(text: Text<'_>, end: u8) -> usize {
    let (tail, len) = (text.tail(), text.len());
    let (blank, comma, end_16) = (u8x16::splat(b' '), u8x16::splat(b','), u8x16::splat(end));
    let mut at = 0;
    while at < len {
        let Some(step) = tail.get(at..).and_then(<[u8]>::first_chunk::<16>) else {
            let ends = |byte: &u8| *byte <= b' ' || *byte == b',' || *byte == end;
            return tail.get(at..len).unwrap_or_default().iter().position(ends).map_or(len, |n| at + n);
        };
        let step = u8x16::new(*step);
        let mask = (step.min(blank).simd_eq(step) | step.simd_eq(comma) | step.simd_eq(end_16)).to_bitmask();
        if mask != 0 {
            return (at + mask.trailing_zeros() as usize).min(len);
        }
        at += 16;
    }
    len
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn bytes_are_found_where_they_stand(text in "[ab]{0,90}", what in "[ab]{0,9}") {
            prop_assert_eq!(find_bytes(text.as_bytes(), what.as_bytes()), text.find(&what));
        }

        #[test]
        fn pairs_are_found_where_they_stand(text in "[ab]{0,70}[abc]{0,4}[ab]{0,40}") {
            prop_assert_eq!(has_pair(text.as_bytes(), [*b"ca", *b"cc", *b"cb"]), text.contains("ca") || text.contains("cc") || text.contains("cb"));
        }

        #[test]
        fn words_end_at_blanks_commas_and_what_is_asked_for(text in "[a-c]{0,40}[ ,=\t\u{1}a-ü]{0,9}.{0,20}", len in 0..70usize) {
            let text = Text::of(text.as_bytes(), 0..len);
            let expected = text.bytes().iter().position(|byte| *byte <= b' ' || matches!(byte, b',' | b'='));
            prop_assert_eq!(word_len(text, b'='), expected.unwrap_or(text.len()));
        }

        #[test]
        fn all_places_are_found(text in "a{0,90}[a,]{0,200}", len in 0..220usize, skip in 0..4usize, back in 0..90usize) {
            let text = Text::of(text.as_bytes(), 0..len);
            let mut finder = Finder::new(text, b',');
            let mut at = 0;
            while at < text.len() {
                let expected = text.bytes()[at..].iter().position(|byte| *byte == b',').map_or(text.len(), |found| at + found);
                prop_assert_eq!(finder.find(at), expected);
                prop_assert_eq!(finder.find(at.saturating_sub(back)), Finder::new(text, b',').find(at.saturating_sub(back)));
                prop_assert_eq!(find(text.after(at), b',').map_or(text.len(), |found| at + found), expected);
                at = expected + 1 + skip;
            }
        }
    }
}
