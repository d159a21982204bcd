//! Deflate (RFC 1951) at its cheapest, for what logs are: long repetitions, found by one look each.
//!
//! Like level 1 of other libraries it looks for a repetition at one place only; like their higher ones it codes each block by its own frequencies.

mod bits;
mod huffman;
mod tables;
mod window;

use bits::Bits;
use huffman::{Code, lengths};
use tables::{DIST_CODES, LITLEN_CODES, Tables};
use window::{Found, Window};

/// The most that one block codes: its frequencies hold for so many bytes.
const BLOCK_BYTES_MAX: usize = 256 << 10;
/// And so many repetitions.
const FOUND_MAX: usize = 24 << 10;
/// The longest stored block.
const STORED_BYTES_MAX: usize = 65_535;
/// The longest code of a literal or a length, in bits: four of them and a byte's rest fit in a word.
const LITLEN_BITS_MAX: u8 = 14;
const DIST_BITS_MAX: u8 = 15;
/// The symbol that ends a block.
const END: usize = 256;
const LAST: u64 = 1;
const STORED: u64 = 0;
const FIXED: u64 = 1;
const DYNAMIC: u64 = 2;
/// Positions in a piece are 32-bit numbers.
const PIECE_BYTES_MAX: usize = 1 << 30;
/// What the head of a block takes at most, in bytes.
const HEAD_BYTES_MAX: usize = 512;

/// What the head of a block takes usually, in bits.
const HEAD_BITS: u64 = 560;

/// Compresses one stream after the other.
#[derive(Debug)]
pub(crate) struct Deflater {
    window: Window,
    found: Vec<Found>,
    bits: Bits,
}

impl Default for Deflater {
    fn default() -> Self {
        Self { window: Window::default(), found: Vec::with_capacity(FOUND_MAX + 8), bits: Bits::new(0) }
    }
}

impl Deflater {
    /// A stream that begins after so many bytes of what its pieces are written to.
    pub(crate) fn begin(&mut self, made: usize) {
        self.bits = Bits::new(made);
    }

    /// The next piece of the stream. `out` grows as it must, to twice its length. Repetitions are looked for within the piece alone.
    pub(crate) fn piece(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        for piece in piece.chunks(PIECE_BYTES_MAX) {
            self.window.begin(piece.len());
            let mut at = 0;
            while at < piece.len() {
                self.found.clear();
                let end = self.window.find(piece, at, BLOCK_BYTES_MAX, FOUND_MAX, &mut self.found);
                let block = piece.get(at..end).unwrap_or_default();
                self.bits.room(out, block.len() + block.len() / STORED_BYTES_MAX * 5 + HEAD_BYTES_MAX);
                write_block(block, &self.found, &mut self.bits, out);
                at = end;
            }
        }
    }

    /// The stream's end: where it is.
    pub(crate) fn end(&mut self, out: &mut Vec<u8>) -> usize {
        self.bits.room(out, 16);
        self.bits.put(LAST | FIXED << 1, 3);
        self.bits.put(0, 7); // nothing but the end of the block
        self.bits.finish(out)
    }
}

fn write_block(block: &[u8], found: &[Found], bits: &mut Bits, out: &mut [u8]) {
    let tables = Tables::get();
    let (mut litlen, mut dist) = ([0_u32; LITLEN_CODES], [0_u32; DIST_CODES]);
    let beside = count(block, found, tables, &mut litlen, &mut dist);
    litlen[END] = 1;
    let codes = (Code::of(&lengths(&litlen, LITLEN_BITS_MAX)), Code::of(&lengths(&dist, DIST_BITS_MAX)));
    let fixed = (&tables.fixed_litlen, &tables.fixed_dist);
    let cost = codes.0.cost(&litlen) + codes.1.cost(&dist) + beside + HEAD_BITS;
    let cost_fixed = fixed.0.cost(&litlen) + fixed.1.cost(&dist) + beside;
    if cost.min(cost_fixed) / 8 >= block.len() as u64 {
        for piece in block.chunks(STORED_BYTES_MAX) {
            bits.put(STORED << 1, 3);
            bits.stored(piece, out);
        }
    } else if cost_fixed <= cost {
        bits.put(FIXED << 1, 3);
        write_body(block, found, tables, fixed.0, fixed.1, bits, out);
    } else {
        bits.put(DYNAMIC << 1, 3);
        huffman::write_head(&codes.0, &codes.1, bits, out);
        write_body(block, found, tables, &codes.0, &codes.1, bits, out);
    }
}

/// How often each symbol comes; and how many bits stand beside them.
fn count(block: &[u8], found: &[Found], tables: &Tables, litlen: &mut [u32; LITLEN_CODES], dist: &mut [u32; DIST_CODES]) -> u64 {
    let mut counts = [[0_u32; 256]; 4];
    let (mut at, mut extra) = (0, 0_u64);
    let [first, second, third, fourth] = &mut counts;
    for one in found {
        let literals = block.get(at..at + one.literals as usize).unwrap_or_default();
        let mut fours = literals.chunks_exact(4);
        for four in &mut fours {
            if let [a, b, c, d] = four {
                first[*a as usize] += 1;
                second[*b as usize] += 1;
                third[*c as usize] += 1;
                fourth[*d as usize] += 1;
            }
        }
        for byte in fours.remainder() {
            first[*byte as usize] += 1;
        }
        at += one.literals as usize + one.len();
        if one.len() > 0 {
            let (len, distance) = (tables.len(one.len()), tables.dist(one.distance()));
            litlen[len.symbol as usize % LITLEN_CODES] += 1;
            dist[distance.symbol as usize % DIST_CODES] += 1;
            extra += u64::from(len.extra_bits + distance.extra_bits);
        }
    }
    for (symbol, total) in litlen.iter_mut().take(256).enumerate() {
        *total = counts.iter().map(|counts| counts[symbol]).sum();
    }
    extra
}

fn write_body(
    block: &[u8],
    found: &[Found],
    tables: &Tables,
    litlen: &Code<LITLEN_CODES>,
    dist: &Code<DIST_CODES>,
    bits: &mut Bits,
    out: &mut [u8],
) {
    // A literal's code and its length, in one word; of a length also the bits beside it.
    let mut literal_codes = [0_u32; 256];
    for (symbol, code) in literal_codes.iter_mut().enumerate() {
        *code = litlen.code(symbol) << 8 | litlen.bits(symbol);
    }
    let mut len_codes = [(0_u32, 0_u32); 256];
    for (at, code) in len_codes.iter_mut().enumerate() {
        let len = tables.len(at + 3);
        let its = litlen.bits(len.symbol as usize);
        *code = (litlen.code(len.symbol as usize) | len.extra << its, its + len.extra_bits);
    }
    let mut at = 0;
    for one in found {
        let literals = block.get(at..at + one.literals as usize).unwrap_or_default();
        let mut fours = literals.chunks_exact(4);
        for four in &mut fours {
            if let [a, b, c, d] = four {
                for byte in [a, b, c, d] {
                    let code = literal_codes[*byte as usize];
                    bits.put(u64::from(code >> 8), code & 0xff);
                }
                bits.flush(out);
            }
        }
        for byte in fours.remainder() {
            let code = literal_codes[*byte as usize];
            bits.put(u64::from(code >> 8), code & 0xff);
        }
        bits.flush(out);
        at += one.literals as usize + one.len();
        if one.len() > 0 {
            let (code, its) = len_codes[(one.len() - 3) & 0xff];
            bits.put(u64::from(code), its);
            let distance = tables.dist(one.distance());
            let its = dist.bits(distance.symbol as usize);
            bits.put(u64::from(dist.code(distance.symbol as usize) | distance.extra << its), its + distance.extra_bits);
            bits.flush(out);
        }
    }
    bits.put(u64::from(litlen.code(END)), litlen.bits(END));
    bits.flush(out);
}

#[cfg(test)]
mod tests {
    use flate2::{Decompress, FlushDecompress, Status};
    use proptest::prelude::*;

    use super::*;

    fn inflated(data: &[u8], len: usize) -> Vec<u8> {
        let mut out = vec![0; len + 1];
        let mut reader = Decompress::new(false);
        let status = reader.decompress(data, &mut out, FlushDecompress::Finish).unwrap();
        assert_eq!((status, reader.total_in()), (Status::StreamEnd, data.len() as u64));
        out.truncate(reader.total_out() as usize);
        out
    }

    fn deflated(deflater: &mut Deflater, pieces: &[Vec<u8>]) -> usize {
        let mut out = b"head".to_vec();
        deflater.begin(4);
        for piece in pieces {
            deflater.piece(piece, &mut out);
        }
        let end = deflater.end(&mut out);
        assert!(out.starts_with(b"head"));
        assert_eq!(inflated(&out[4..end], pieces.iter().map(Vec::len).sum()), pieces.concat());
        end - 4
    }

    /// Bytes below `below`, which look random.
    fn noise(len: usize, below: u32) -> Vec<u8> {
        let mut seed = 1_u32;
        let mut next = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            ((seed >> 8) % below) as u8
        };
        (0..len).map(|_| next()).collect()
    }

    #[test]
    fn all_kinds_of_blocks_come_back() {
        let mut deflater = Deflater::default();
        for len in [0, 1, 2, 3, 15, 16, 17, 40, 65_535, 65_536, 262_143, 262_144, 262_145, 700_000] {
            assert!(deflated(&mut deflater, &[vec![b'x'; len]]) <= 40 + len / 64);
            assert!(deflated(&mut deflater, &[noise(len, 256)]) <= len + 32 + len / 4096); // stored
            assert!(deflated(&mut deflater, &[noise(len, 4)]) <= 200 + len / 2);
        }
        assert!(deflated(&mut deflater, &[b"one record, and one record, and one record".to_vec()]) < 30); // in the fixed code
    }

    #[test]
    fn repetitions_of_all_lengths_and_distances_come_back() {
        let mut deflater = Deflater::default();
        let far = noise(40_000, 256);
        for distance in [1, 2, 3, 4, 5, 7, 255, 256, 257, 4096, 32_767, 32_768, 32_769] {
            let mut data = far.clone();
            for len in (4..40).chain(250..270).chain(510..530) {
                for _ in 0..len {
                    data.push(data[data.len() - distance]);
                }
                data.extend_from_slice(&far[len * 7..len * 7 + 5]);
            }
            data.extend_from_slice(&far[..20]);
            deflated(&mut deflater, &[data]);
        }
    }

    #[test]
    fn rare_symbols_have_codes_that_are_not_too_long() {
        // Fibonacci's counts make the deepest tree that there is.
        let (mut data, mut counts) = (Vec::new(), (1_usize, 1_usize));
        for symbol in 0..26_u8 {
            data.extend(std::iter::repeat_n(symbol, counts.0));
            counts = (counts.1, counts.0 + counts.1);
        }
        let mixed: Vec<u8> =
            noise(data.len(), 255).iter().enumerate().map(|(at, by)| data[(at * 7919 + *by as usize) % data.len()]).collect();
        deflated(&mut Deflater::default(), &[mixed]);
        let mut counts = [0_u32; LITLEN_CODES];
        counts.iter_mut().take(40).fold((1_u32, 1_u32), |(one, other), count| {
            *count = one;
            (other, one.saturating_add(other))
        });
        for max in [9, 14, 15] {
            let lens = lengths(&counts, max);
            assert!(lens.iter().all(|len| *len <= max));
            let taken: u64 = lens.iter().filter(|len| **len > 0).map(|len| 1_u64 << (max - len)).sum();
            assert_eq!(taken, 1 << max); // a whole code
        }
    }

    proptest! {
        #[test]
        fn whatever_it_is_comes_back(pieces: Vec<Vec<u8>>, again in 1..30_usize, below in 1..255_u32) {
            let mut deflater = Deflater::default();
            let pieces: Vec<Vec<u8>> = pieces.iter().map(|piece| piece.repeat(again)).collect();
            deflated(&mut deflater, &pieces);
            let words: Vec<u8> = noise(again * 400, below).into_iter().flat_map(|byte| [b'k', b'=', byte, b' ', b'"', b'"', b','].into_iter().take(byte as usize % 8)).collect();
            deflated(&mut deflater, &[words]);
        }
    }
}
