//! A message that lies in several pieces, compressed as one: nothing is copied together first.

use std::sync::{Mutex, PoisonError};

use flate2::{Compress, Compression, FlushCompress, Status};
use zstd::stream::raw::{Encoder as ZstdEncoder, InBuffer, Operation, OutBuffer};

use crate::content::{ContentError, Encoding, compress, damaged};

/// Compressors that wait for the next message: each has some 300 KiB, which are dear to make for a small one.
const IDLE_MAX: usize = 4;
/// The least room for what comes out.
const ROOM_BYTES_MIN: usize = 4 << 10;

static IDLE: Mutex<Vec<(u32, Compress)>> = Mutex::new(Vec::new());

/// All of `pieces` as one message, at the front of `out`, which grows as it must (to twice its length): its length there. Of gzip it is one
/// member, of zstd one frame. Levels are the encoding's own.
pub fn compress_all(pieces: &[&[u8]], encoding: Encoding, level: i32, out: &mut Vec<u8>) -> Result<usize, ContentError> {
    if out.len() < ROOM_BYTES_MIN {
        out.resize(ROOM_BYTES_MIN, 0);
    }
    match encoding {
        Encoding::Gzip => gzip(pieces, level.clamp(1, 9) as u32, out),
        Encoding::Zstd => zstd(pieces, level, out),
        Encoding::Deflate | Encoding::Snappy => {
            let packed = compress(&pieces.concat(), encoding)?;
            out.resize(packed.len().max(out.len()).next_power_of_two(), 0);
            if let Some(to) = out.get_mut(..packed.len()) {
                to.copy_from_slice(&packed);
            }
            Ok(packed.len())
        }
    }
}

fn gzip(pieces: &[&[u8]], level: u32, out: &mut Vec<u8>) -> Result<usize, ContentError> {
    let idle = || IDLE.lock().unwrap_or_else(PoisonError::into_inner);
    let known = {
        let mut idle = idle();
        idle.iter().position(|(its, _)| *its == level).map(|at| idle.swap_remove(at).1)
    };
    let mut packer = known.unwrap_or_else(|| Compress::new_gzip(Compression::new(level), 15));
    let mut made = 0;
    for (at, piece) in pieces.iter().chain([&[].as_slice()]).enumerate() {
        let flush = if at == pieces.len() { FlushCompress::Finish } else { FlushCompress::None };
        let mut rest = *piece;
        loop {
            if made == out.len() {
                out.resize(out.len() * 2, 0);
            }
            let (before_in, before_out) = (packer.total_in(), packer.total_out());
            let status = packer.compress(rest, out.get_mut(made..).unwrap_or_default(), flush).map_err(damaged)?;
            made += (packer.total_out() - before_out) as usize;
            rest = rest.get((packer.total_in() - before_in) as usize..).unwrap_or_default();
            let is_done = if flush == FlushCompress::Finish { status == Status::StreamEnd } else { rest.is_empty() };
            if is_done {
                break;
            }
        }
    }
    packer.reset();
    let mut idle = idle();
    if idle.len() < IDLE_MAX {
        idle.push((level, packer));
    }
    Ok(made)
}

fn zstd(pieces: &[&[u8]], level: i32, out: &mut Vec<u8>) -> Result<usize, ContentError> {
    let mut packer = ZstdEncoder::new(level).map_err(damaged)?;
    let size: usize = pieces.iter().map(|piece| piece.len()).sum();
    packer.set_pledged_src_size(Some(size as u64)).map_err(damaged)?;
    let mut made = 0;
    for piece in pieces {
        let mut from = InBuffer::around(piece);
        while from.pos() < piece.len() {
            made += roomy(out, made, |to| packer.run(&mut from, to).map(drop))?;
        }
    }
    loop {
        let mut left = 0;
        made += roomy(out, made, |to| packer.finish(to, true).map(|more| left = more))?;
        if left == 0 {
            return Ok(made);
        }
    }
}

/// Where there is room for more in `out` after `made`: how many bytes `step` put there.
fn roomy(
    out: &mut Vec<u8>,
    made: usize,
    step: impl FnOnce(&mut OutBuffer<'_, [u8]>) -> std::io::Result<()>,
) -> Result<usize, ContentError> {
    if made == out.len() {
        out.resize(out.len() * 2, 0);
    }
    let mut to = OutBuffer::around(out.get_mut(made..).unwrap_or_default());
    step(&mut to).map_err(damaged)?;
    Ok(to.pos())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::decompress;

    const ALL: [Encoding; 4] = [Encoding::Gzip, Encoding::Deflate, Encoding::Zstd, Encoding::Snappy];

    #[test]
    fn what_does_not_shrink_finds_room() {
        let mut seed = 1_u32;
        let noise: Vec<u8> = (0..300_000)
            .map(|_| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (seed >> 24) as u8
            })
            .collect();
        for encoding in ALL {
            let mut out = vec![0; 4096];
            let size = compress_all(&[&noise[..1000], &noise[1000..]], encoding, 1, &mut out).unwrap();
            assert!(out.len().is_power_of_two());
            assert_eq!(decompress(&out[..size], encoding, 1 << 20).unwrap(), noise);
        }
    }

    #[test]
    #[allow(clippy::disallowed_methods)] // a few bytes of our own
    fn a_message_of_gzip_is_one_member() {
        let mut out = Vec::new();
        let size = compress_all(&[b"one ", b"", b"two"], Encoding::Gzip, 1, &mut out).unwrap();
        let mut reader = flate2::read::GzDecoder::new(&out[..size]); // stops after the first
        let mut text = String::new();
        std::io::Read::read_to_string(&mut reader, &mut text).unwrap();
        assert_eq!(text, "one two");
    }

    proptest! {
        #[test]
        fn pieces_come_back_as_one(pieces: Vec<Vec<u8>>, again in 1..40_usize, level in -3..12) {
            let pieces: Vec<Vec<u8>> = pieces.iter().map(|piece| piece.repeat(again)).collect();
            let views: Vec<&[u8]> = pieces.iter().map(|piece| &**piece).collect();
            for encoding in ALL {
                let mut out = Vec::new();
                let size = compress_all(&views, encoding, level, &mut out).unwrap();
                prop_assert_eq!(decompress(&out[..size], encoding, 1 << 24).unwrap(), pieces.concat());
            }
        }
    }
}
