//! Where something stands that stood before.

/// The farthest that a repetition reaches back.
const DISTANCE_MAX: usize = 32 << 10;
/// The longest repetition; a longer one is several.
const LEN_MAX: usize = 258;
/// The shortest that is worth its bits.
const LEN_MIN: usize = 4;
const HASH_BITS: u32 = 13;
/// Nothing is looked for so near to the end.
const TAIL: usize = 16;
/// Without a find for so many bytes, as a power of two, one in two is looked at, then one in three.
const SKIP_LOG2: u32 = 5;

/// Literals, and a repetition behind them; without one at a block's end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    pub(super) literals: u32,
    len: u16,
    less: u16,
}

impl Found {
    #[inline(always)]
    pub(super) fn len(self) -> usize {
        self.len as usize
    }

    #[inline(always)]
    pub(super) fn distance(self) -> usize {
        self.less as usize + 1
    }
}

/// Where five bytes stood last, by their hash.
#[derive(Debug)]
pub(super) struct Window {
    last: Box<[u64; 1 << HASH_BITS]>,
    /// What is added to a position, so that those of pieces before are too far.
    base: u32,
    /// The end of the piece, so.
    end: u32,
}

impl Default for Window {
    #[allow(clippy::large_stack_arrays)] // 64 KiB, which go to the heap
    fn default() -> Self {
        Self { last: Box::new([0; 1 << HASH_BITS]), base: 0, end: 0 }
    }
}

#[inline(always)]
fn word(data: &[u8], at: usize) -> u64 {
    data.get(at..at + 8).and_then(<[u8]>::first_chunk::<8>).map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

#[inline(always)]
fn hash(word: u64) -> usize {
    ((word << 24).wrapping_mul(0x9E37_79B1_85EB_CA87) >> (64 - HASH_BITS)) as usize
}

/// How many bytes are the same from `one` and from `other` on, which is the later.
#[inline(always)]
fn same(data: &[u8], one: usize, other: usize) -> usize {
    let mut len = 0;
    while other + len + 8 <= data.len() {
        let differ = word(data, one + len) ^ word(data, other + len);
        if differ != 0 {
            return len + (differ.trailing_zeros() >> 3) as usize;
        }
        len += 8;
    }
    while let (Some(left), Some(right)) = (data.get(one + len), data.get(other + len)) {
        if left != right {
            break;
        }
        len += 1;
    }
    len
}

impl Window {
    /// Another piece, of so many bytes.
    pub(super) fn begin(&mut self, len: usize) {
        let base = self.end as usize + DISTANCE_MAX + 1;
        if base + len > u32::MAX as usize / 2 {
            self.last.fill(0);
            self.base = DISTANCE_MAX as u32 + 1;
        } else {
            self.base = base as u32;
        }
        self.end = self.base + len as u32;
    }

    /// Goes from `from` on until a block is full, or the piece ends: where that is, and what was found.
    pub(super) fn find(&mut self, data: &[u8], from: usize, bytes_max: usize, found_max: usize, found: &mut Vec<Found>) -> usize {
        let full = data.len().saturating_sub(TAIL);
        let until = (from + bytes_max).min(full);
        let base = self.base;
        let last = &mut *self.last;
        let (mut at, mut begun) = (from, from);
        'blocks: while at < until {
            // The next four places are in one word.
            let four = word(data, at);
            let mut hit = None;
            for step in 0..4 {
                let its = four >> (8 * step);
                let now = base + (at + step) as u32;
                let place = &mut last[hash(its) & ((1 << HASH_BITS) - 1)];
                let (before, key) = (*place >> 32, *place as u32);
                *place = u64::from(now) << 32 | its & 0xffff_ffff;
                let distance = now.wrapping_sub(before as u32);
                if key == its as u32 && distance <= DISTANCE_MAX as u32 {
                    hit = Some((at + step, distance as usize));
                    break;
                }
            }
            let Some((mut start, distance)) = hit else {
                at += 4 + ((at - begun) >> SKIP_LOG2);
                continue 'blocks;
            };
            let mut len = LEN_MIN + same(data, start - distance + LEN_MIN, start + LEN_MIN);
            while start > begun && start > distance && data.get(start - 1) == data.get(start - distance - 1) {
                start -= 1;
                len += 1;
            }
            let less = (distance - 1) as u16;
            let mut literals = (start - begun) as u32;
            at = start + len;
            while len > LEN_MAX {
                let take = if len < LEN_MAX + LEN_MIN { LEN_MAX - LEN_MIN } else { LEN_MAX };
                found.push(Found { literals, len: take as u16, less });
                literals = 0;
                len -= take;
            }
            found.push(Found { literals, len: len as u16, less });
            begun = at;
            let near = word(data, at - 2);
            last[hash(near) & ((1 << HASH_BITS) - 1)] = u64::from(base + at as u32 - 2) << 32 | near & 0xffff_ffff;
            if found.len() >= found_max {
                return at;
            }
        }
        let end = if until < full { at.max(until).min(data.len()) } else { data.len() };
        if end > begun {
            found.push(Found { literals: (end - begun) as u32, len: 0, less: 0 });
        }
        end.max(begun)
    }
}
