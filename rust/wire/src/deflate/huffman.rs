//! Codes by frequency, and how a block tells them.

use super::{
    bits::Bits,
    tables::{DIST_CODES, LITLEN_CODES},
};

const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// The code of each symbol, its bits in the order in which they are written; and how many.
#[derive(Clone, Debug)]
pub(super) struct Code<const N: usize> {
    codes: [u16; N],
    lens: [u8; N],
}

impl<const N: usize> Code<N> {
    /// By lengths that fit together.
    pub(super) fn of(lens: &[u8; N]) -> Self {
        let mut counts = [0_u16; 16];
        for len in lens {
            counts[(len & 15) as usize] += 1;
        }
        counts[0] = 0;
        let (mut next, mut code) = ([0_u16; 16], 0_u16);
        for bits in 1..16 {
            code = (code + counts[bits - 1]) << 1;
            next[bits] = code;
        }
        let mut codes = [0; N];
        for (code, len) in codes.iter_mut().zip(lens).filter(|(_, len)| **len > 0) {
            let its = &mut next[(len & 15) as usize];
            *code = its.reverse_bits() >> (16 - len);
            *its += 1;
        }
        Self { codes, lens: *lens }
    }

    #[inline(always)]
    pub(super) fn code(&self, symbol: usize) -> u32 {
        self.codes.get(symbol).map_or(0, |code| u32::from(*code))
    }

    #[inline(always)]
    pub(super) fn bits(&self, symbol: usize) -> u32 {
        self.lens.get(symbol).map_or(0, |len| u32::from(*len))
    }

    /// The bits that all symbols of a block take.
    pub(super) fn cost(&self, counts: &[u32; N]) -> u64 {
        self.lens.iter().zip(counts).map(|(len, count)| u64::from(*len) * u64::from(*count)).sum()
    }
}

/// The lengths of a code in which what comes often is short, none longer than `max`. There are at least two codes, as some readers want it.
pub(super) fn lengths<const N: usize>(counts: &[u32; N], max: u8) -> [u8; N] {
    let mut lens = [0; N];
    let mut used: Vec<(u32, u16)> =
        counts.iter().enumerate().filter(|(_, count)| **count > 0).map(|(at, count)| (*count, at as u16)).collect();
    for symbol in 0..2 {
        if used.len() < 2 && used.iter().all(|(_, its)| *its != symbol) {
            used.push((1, symbol));
        }
    }
    used.sort_unstable();
    let by_len = limited(&depths(&used), max);
    // The rarest have the longest.
    let mut symbols = used.iter();
    for (len, count) in by_len.iter().enumerate().rev() {
        for (_, symbol) in symbols.by_ref().take(*count as usize) {
            if let Some(its) = lens.get_mut(*symbol as usize) {
                *its = len as u8;
            }
        }
    }
    lens
}

/// How many codes of each length Huffman's tree has, by counts in rising order; 32 and more are 31.
fn depths(used: &[(u32, u16)]) -> [u32; 32] {
    let leaves = used.len();
    // Trees that were made of two, in the order in which they were: their counts rise as well. What each became a part of.
    let mut made: Vec<u64> = Vec::with_capacity(leaves);
    let mut parent: Vec<usize> = vec![0; leaves * 2];
    let (mut leaf, mut tree) = (0, 0);
    while made.len() + 1 < leaves {
        let mut sum = 0;
        for _ in 0..2 {
            let next_leaf = used.get(leaf).map(|(count, _)| u64::from(*count));
            let next_tree = made.get(tree).copied();
            let node = match (next_leaf, next_tree) {
                (Some(one), other) if other.is_none_or(|other| one <= other) => {
                    sum += one;
                    leaf += 1;
                    leaf - 1
                }
                (_, other) => {
                    sum += other.unwrap_or_default();
                    tree += 1;
                    leaves + tree - 1
                }
            };
            if let Some(parent) = parent.get_mut(node) {
                *parent = leaves + made.len();
            }
        }
        made.push(sum);
    }
    let root = leaves + made.len().saturating_sub(1);
    let mut depth = vec![0_u32; leaves * 2];
    let mut by_len = [0; 32];
    for node in (0..root).rev() {
        let above = parent.get(node).and_then(|above| depth.get(*above)).copied().unwrap_or_default();
        if let Some(depth) = depth.get_mut(node) {
            *depth = above + 1;
        }
        if node < leaves {
            by_len[(above + 1).min(31) as usize] += 1;
        }
    }
    by_len
}

/// The same with none longer than `max`: what is longer is cut, and others made longer until all fit.
fn limited(by_len: &[u32; 32], max: u8) -> [u32; 16] {
    let max = max as usize;
    let mut out = [0; 16];
    for (len, count) in by_len.iter().enumerate() {
        out[len.min(max) & 15] += count;
    }
    let mut taken: u64 = (1..=max).map(|len| u64::from(out[len & 15]) << (max - len)).sum();
    while taken > 1 << max {
        out[max & 15] -= 1;
        for len in (1..max).rev() {
            if out[len & 15] > 0 {
                out[len & 15] -= 1;
                out[(len + 1) & 15] += 2;
                break;
            }
        }
        taken -= 1;
    }
    out
}

/// The head of a block: the lengths of its codes, themselves coded.
pub(super) fn write_head(litlen: &Code<LITLEN_CODES>, dist: &Code<DIST_CODES>, bits: &mut Bits, out: &mut [u8]) {
    let used = |lens: &[u8], least: usize| lens.iter().rposition(|len| *len > 0).map_or(least, |last| (last + 1).max(least));
    let (litlens, dists) = (used(&litlen.lens, 257), used(&dist.lens, 1));
    let all: Vec<u8> = litlen.lens.iter().take(litlens).chain(dist.lens.iter().take(dists)).copied().collect();
    // Symbols of the code's code: a symbol, and what stands beside it.
    let mut symbols: Vec<(u8, u8)> = Vec::with_capacity(all.len());
    for run in all.chunk_by(|one, other| one == other) {
        let (len, mut left) = (run.first().copied().unwrap_or_default(), run.len());
        if len > 0 {
            symbols.push((len, 0));
            left -= 1;
        }
        while left > 0 {
            let take = match (len, left) {
                (0, 11..) => left.min(138),
                (0, 3..) => left.min(10),
                (1.., 3..) => left.min(6),
                _ => 1,
            };
            symbols.push(match (len, take) {
                (_, 1) => (len, 0),
                (0, 11..) => (18, (take - 11) as u8),
                (0, _) => (17, (take - 3) as u8),
                _ => (16, (take - 3) as u8),
            });
            left -= take;
        }
    }
    let mut counts = [0_u32; 19];
    for (symbol, _) in &symbols {
        counts[(symbol % 19) as usize] += 1;
    }
    let code = Code::of(&lengths(&counts, 7));
    let codes = ORDER.iter().rposition(|symbol| code.bits(*symbol) > 0).map_or(4, |last| (last + 1).max(4));
    bits.put((litlens as u64 - 257) | ((dists as u64 - 1) << 5) | ((codes as u64 - 4) << 10), 14);
    bits.flush(out);
    for symbol in ORDER.iter().take(codes) {
        bits.put(u64::from(code.bits(*symbol)), 3);
        bits.flush(out);
    }
    for (symbol, extra) in symbols {
        let its = code.bits(symbol as usize);
        let extra_bits = match symbol {
            16 => 2,
            17 => 3,
            18 => 7,
            _ => 0,
        };
        bits.put(u64::from(code.code(symbol as usize) | u32::from(extra) << its), its + extra_bits);
        bits.flush(out);
    }
}
