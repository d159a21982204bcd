//! Which symbols stand for lengths and distances.

use std::sync::OnceLock;

use super::huffman::Code;

/// Two more than are used: the fixed code has them.
pub(super) const LITLEN_CODES: usize = 288;
pub(super) const DIST_CODES: usize = 30;

/// A length or a distance: its symbol, and what stands beside it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Coded {
    pub(super) symbol: u32,
    pub(super) extra: u32,
    pub(super) extra_bits: u32,
}

/// Of all of them.
#[derive(Debug)]
pub(super) struct Tables {
    lens: [Coded; 256],
    /// By `distance - 1` up to 255.
    near: [u8; 256],
    /// By `(distance - 1) >> 7`.
    far: [u8; 256],
    bases: [(u16, u8); 32],
    pub(super) fixed_litlen: Code<LITLEN_CODES>,
    pub(super) fixed_dist: Code<DIST_CODES>,
}

impl Tables {
    pub(super) fn get() -> &'static Self {
        static TABLES: OnceLock<Tables> = OnceLock::new();
        TABLES.get_or_init(Self::new)
    }

    fn new() -> Self {
        let mut litlens = [8; LITLEN_CODES];
        litlens.iter_mut().skip(144).take(112).for_each(|len| *len = 9);
        litlens.iter_mut().skip(256).take(24).for_each(|len| *len = 7);
        let mut tables = Self {
            lens: [Coded::default(); 256],
            near: [0; 256],
            far: [0; 256],
            bases: [(0, 0); 32],
            fixed_litlen: Code::of(&litlens),
            fixed_dist: Code::of(&[5; DIST_CODES]),
        };
        let mut base = 3;
        for symbol in 257..286 {
            let extra_bits = if symbol < 265 { 0 } else { (symbol - 261) / 4 };
            for extra in 0..1 << extra_bits {
                if let Some(len) = tables.lens.get_mut(base + extra as usize - 3) {
                    *len = Coded { symbol, extra, extra_bits };
                }
            }
            base += 1 << extra_bits;
        }
        tables.lens[255] = Coded { symbol: 285, extra: 0, extra_bits: 0 };
        let mut base = 0_usize; // of distance - 1
        for symbol in 0..DIST_CODES {
            let extra_bits = (symbol / 2).saturating_sub(1);
            if let Some(its) = tables.bases.get_mut(symbol) {
                *its = (base as u16, extra_bits as u8);
            }
            for less in base..base + (1 << extra_bits) {
                if let Some(near) = tables.near.get_mut(less) {
                    *near = symbol as u8;
                } else if let Some(far) = tables.far.get_mut(less >> 7) {
                    *far = symbol as u8;
                }
            }
            base += 1 << extra_bits;
        }
        tables
    }

    /// Of a length of 3 to 258.
    #[inline(always)]
    pub(super) fn len(&self, len: usize) -> Coded {
        self.lens[(len - 3) & 0xff]
    }

    /// Of a distance of 1 to 32,768.
    #[inline(always)]
    pub(super) fn dist(&self, distance: usize) -> Coded {
        let less = distance - 1;
        let symbol = if less < 256 { self.near[less & 0xff] } else { self.far[(less >> 7) & 0xff] };
        let (base, extra_bits) = self.bases[(symbol & 31) as usize];
        Coded { symbol: u32::from(symbol), extra: less as u32 - u32::from(base), extra_bits: u32::from(extra_bits) }
    }
}
