//! Finding bytes, sixteen at a time.

use logloom_record::Text;
use wide::u8x16;

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
