//! Content encodings: gzip, deflate, zstd and snappy, never without a bound on the output.

use std::io::{Cursor, Read, Write};

use flate2::{
    Compression, Decompress, FlushDecompress, Status,
    read::{MultiGzDecoder, ZlibDecoder},
    write::ZlibEncoder,
};
use zstd::stream::raw::{Decoder as ZstdDecoder, InBuffer, Operation, OutBuffer};

/// How bytes are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// RFC 1952, several members in a row allowed.
    Gzip,
    /// RFC 1950, what HTTP calls deflate.
    Deflate,
    /// RFC 8878, several frames in a row allowed.
    Zstd,
    /// Snappy's block format, as Prometheus and Loki send it: one block, without frames.
    Snappy,
}

impl Encoding {
    /// The encoding of an HTTP `Content-Encoding` or a file.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "gzip" => Some(Self::Gzip),
            "deflate" => Some(Self::Deflate),
            "zstd" => Some(Self::Zstd),
            "snappy" => Some(Self::Snappy),
            _ => None,
        }
    }

    /// The name of it there.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
            Self::Zstd => "zstd",
            Self::Snappy => "snappy",
        }
    }
}

/// Why bytes could not be decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContentError {
    /// The result is over the bound, in bytes.
    TooLarge(usize),
    /// The bytes are damaged or cut.
    Damaged(String),
}

impl std::fmt::Display for ContentError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooLarge(max) => {
                write!(f, "the decompressed data is over the bound of {max} bytes; send less at once or raise the bound")
            }
            Self::Damaged(why) => write!(f, "the compressed data is damaged or cut: {why}"),
        }
    }
}

impl std::error::Error for ContentError {}

pub(crate) fn damaged(error: impl std::fmt::Display) -> ContentError {
    ContentError::Damaged(error.to_string())
}

/// zstd frames may ask for a window of any size; this one is what `zstd --long=27` needs and no more.
const ZSTD_WINDOW_LOG_MAX: u32 = 27;

/// The most that deflate makes of a byte.
const DEFLATE_RATIO_MAX: usize = 1032;

/// The most bytes that `data` may become, where it may become at most `size_bytes_max`.
pub(crate) fn inflated_bytes_max(data: &[u8], encoding: Encoding, size_bytes_max: usize) -> usize {
    match encoding {
        Encoding::Gzip | Encoding::Deflate => data.len().saturating_mul(DEFLATE_RATIO_MAX).min(size_bytes_max),
        Encoding::Zstd => size_bytes_max,
        Encoding::Snappy => data.len().saturating_mul(SNAPPY_RATIO_MAX).min(size_bytes_max),
    }
}

/// All of `data` decoded, at most `size_bytes_max` bytes of it.
#[allow(clippy::disallowed_methods)] // read_to_end stands behind take
pub fn decompress(data: &[u8], encoding: Encoding, size_bytes_max: usize) -> Result<Vec<u8>, ContentError> {
    let mut out = Vec::with_capacity(data.len().saturating_mul(3).min(size_bytes_max));
    let limit = size_bytes_max as u64 + 1;
    let read = match encoding {
        Encoding::Snappy => return unsnap(data, size_bytes_max),
        Encoding::Gzip => MultiGzDecoder::new(data).take(limit).read_to_end(&mut out),
        Encoding::Deflate => ZlibDecoder::new(data).take(limit).read_to_end(&mut out),
        Encoding::Zstd => {
            let mut decoder = zstd::stream::read::Decoder::with_buffer(data).map_err(damaged)?;
            decoder.window_log_max(ZSTD_WINDOW_LOG_MAX).map_err(damaged)?;
            decoder.take(limit).read_to_end(&mut out)
        }
    };
    if out.len() > size_bytes_max {
        return Err(ContentError::TooLarge(size_bytes_max));
    }
    read.map_err(damaged)?;
    Ok(out)
}

/// The content of a block of Snappy. It begins with its size: what claims more than its bytes can become is not given the memory.
fn unsnap(data: &[u8], size_bytes_max: usize) -> Result<Vec<u8>, ContentError> {
    let size = snap::raw::decompress_len(data).map_err(damaged)?;
    if size > size_bytes_max {
        return Err(ContentError::TooLarge(size_bytes_max));
    }
    if size > data.len().saturating_mul(SNAPPY_RATIO_MAX) {
        return Err(ContentError::Damaged("the block is shorter than its size says".into()));
    }
    snap::raw::Decoder::new().decompress_vec(data).map_err(damaged)
}

/// How many bytes one of a block of Snappy can become: three are a copy of 64 at most.
const SNAPPY_RATIO_MAX: usize = 22;

/// `data` encoded, at the level that costs least for what it gives on logs.
pub fn compress(data: &[u8], encoding: Encoding) -> Result<Vec<u8>, ContentError> {
    let room = data.len() / 4 + 64;
    match encoding {
        Encoding::Gzip => {
            let mut out = vec![0; room];
            let size = crate::pack::compress_all(&[data], encoding, 1, &mut out)?;
            out.truncate(size);
            Ok(out)
        }
        Encoding::Deflate => {
            let mut encoder = ZlibEncoder::new(Vec::with_capacity(room), Compression::fast());
            encoder.write_all(data).and_then(|()| encoder.finish()).map_err(damaged)
        }
        Encoding::Zstd => zstd::stream::encode_all(Cursor::new(data), 1).map_err(damaged),
        Encoding::Snappy => snap::raw::Encoder::new().compress_vec(data).map_err(damaged),
    }
}

/// Decodes a gzip or zstd file piece by piece.
pub struct Decompressor {
    kind: Kind,
    /// What is wrong, met when good bytes stood before it: they are given first, this with the next call.
    failed: Option<ContentError>,
}

enum Kind {
    Gzip { member: Decompress, inside: bool, ended: bool },
    Zstd { decoder: ZstdDecoder<'static>, inside: bool },
}

impl std::fmt::Debug for Decompressor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decompressor").finish_non_exhaustive()
    }
}

impl Decompressor {
    /// For one file; `deflate` and `snappy` are no file formats and are refused.
    pub fn new(encoding: Encoding) -> Result<Self, ContentError> {
        let kind = match encoding {
            Encoding::Gzip => Kind::Gzip { member: Decompress::new_gzip(15), inside: false, ended: false },
            Encoding::Zstd => {
                let mut decoder = ZstdDecoder::new().map_err(damaged)?;
                decoder.set_parameter(zstd::zstd_safe::DParameter::WindowLogMax(ZSTD_WINDOW_LOG_MAX)).map_err(damaged)?;
                Kind::Zstd { decoder, inside: false }
            }
            Encoding::Deflate => return Err(ContentError::Damaged("deflate has no file format".into())),
            Encoding::Snappy => return Err(ContentError::Damaged("a block of snappy is no file format".into())),
        };
        Ok(Self { kind, failed: None })
    }

    /// Decodes from `data` until it is used up or `size_bytes_max` bytes came out: the output, and how much of `data` was used.
    /// What was good before a damaged place is given first; the error comes with the next call, or with `finish`.
    pub fn feed(&mut self, data: &[u8], size_bytes_max: usize) -> Result<(Vec<u8>, usize), ContentError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let mut out = vec![0; size_bytes_max.clamp(1, 64 << 20)];
        let (mut used, mut made) = (0, 0);
        loop {
            let mut failed = None;
            let input = data.get(used..).unwrap_or_default();
            let room = out.get_mut(made..).unwrap_or_default();
            let (took, gave) = match &mut self.kind {
                Kind::Gzip { member, inside, ended } => {
                    if *ended && !input.is_empty() {
                        *member = Decompress::new_gzip(15);
                        *ended = false;
                    }
                    if *ended {
                        (0, 0)
                    } else {
                        let (before_in, before_out) = (member.total_in(), member.total_out());
                        let status = member.decompress(input, room, FlushDecompress::None);
                        let took = (member.total_in() - before_in) as usize;
                        *inside |= took > 0;
                        match status {
                            Ok(Status::StreamEnd) => (*ended, *inside) = (true, false),
                            Ok(_) => {}
                            Err(error) => failed = Some(damaged(error)),
                        }
                        (took, (member.total_out() - before_out) as usize)
                    }
                }
                Kind::Zstd { decoder, inside } => {
                    let (mut from, mut to) = (InBuffer::around(input), OutBuffer::around(room));
                    let hint = decoder.run(&mut from, &mut to);
                    let (took, gave) = (from.pos(), to.pos());
                    match hint {
                        Ok(hint) if took + gave > 0 => *inside = hint != 0,
                        Ok(_) => {}
                        Err(error) => failed = Some(damaged(error)),
                    }
                    (took, gave)
                }
            };
            used += took;
            made += gave;
            if let Some(error) = failed {
                self.failed = Some(error.clone());
                if made == 0 {
                    return Err(error);
                }
                out.truncate(made);
                return Ok((out, used));
            }
            if took + gave == 0 || made == out.len() {
                out.truncate(made);
                return Ok((out, used));
            }
        }
    }

    /// The file ended: an error where that was inside a member or frame.
    pub fn finish(&self) -> Result<(), ContentError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        match self.kind {
            Kind::Gzip { inside: true, .. } | Kind::Zstd { inside: true, .. } => {
                Err(ContentError::Damaged("the file ends inside a compressed member".into()))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_stands_before_a_damaged_place_is_given() {
        for encoding in [Encoding::Gzip, Encoding::Zstd] {
            let mut file = compress(b"good line\n", encoding).unwrap();
            file.extend_from_slice(b"no member, and no frame");
            let mut decoder = Decompressor::new(encoding).unwrap();
            let (out, used) = decoder.feed(&file, 1000).unwrap();
            assert_eq!(out, b"good line\n");
            assert!(decoder.feed(&file[used..], 1000).is_err());
            assert!(decoder.finish().is_err());
        }
    }

    const ALL: [Encoding; 4] = [Encoding::Gzip, Encoding::Deflate, Encoding::Zstd, Encoding::Snappy];

    fn stream(data: &[u8], encoding: Encoding, step: usize, room: usize) -> Result<Vec<u8>, ContentError> {
        let mut decoder = Decompressor::new(encoding)?;
        let mut out = Vec::new();
        for piece in data.chunks(step) {
            let mut rest = piece;
            loop {
                let (part, used) = decoder.feed(rest, room)?;
                rest = &rest[used..];
                let more = part.len() == room;
                out.extend(part);
                if rest.is_empty() && !more {
                    break;
                }
            }
        }
        decoder.finish()?;
        Ok(out)
    }

    #[test]
    fn bombs_stop_at_the_bound() {
        for encoding in ALL {
            let bomb = compress(&vec![0; 10 << 20], encoding).unwrap();
            assert_eq!(decompress(&bomb, encoding, 1 << 20), Err(ContentError::TooLarge(1 << 20)));
            assert_eq!(decompress(&bomb, encoding, 10 << 20).unwrap().len(), 10 << 20);
        }
    }

    #[test]
    fn a_block_of_snappy_that_claims_more_than_it_can_be_is_refused_unread() {
        let claims = |size: &[u8]| [size, b"\x00x"].concat();
        assert!(matches!(decompress(&claims(&[0xff, 0xff, 0xff, 0x7f]), Encoding::Snappy, 1 << 30), Err(ContentError::Damaged(_))));
        assert_eq!(decompress(&claims(&[0xff, 0xff, 0xff, 0x7f]), Encoding::Snappy, 1 << 20), Err(ContentError::TooLarge(1 << 20)));
        assert!(decompress(b"", Encoding::Snappy, 10).is_err());
    }

    #[test]
    fn members_in_a_row_are_one_file() {
        for encoding in [Encoding::Gzip, Encoding::Zstd] {
            let mut two = compress(b"one ", encoding).unwrap();
            two.extend(compress(b"two", encoding).unwrap());
            assert_eq!(decompress(&two, encoding, 100).unwrap(), b"one two");
            for step in [1, 7, 1000] {
                assert_eq!(stream(&two, encoding, step, 3).unwrap(), b"one two");
            }
            assert!(stream(&two[..two.len() - 1], encoding, 5, 100).is_err(), "{encoding:?}");
        }
    }

    proptest! {
        #[test]
        fn what_was_compressed_comes_back(data: Vec<u8>, step in 1usize..50, room in 1usize..100) {
            for encoding in ALL {
                let packed = compress(&data, encoding).unwrap();
                prop_assert_eq!(&decompress(&packed, encoding, data.len()).unwrap(), &data);
                if !matches!(encoding, Encoding::Deflate | Encoding::Snappy) {
                    prop_assert_eq!(&stream(&packed, encoding, step, room).unwrap(), &data);
                }
            }
        }

        #[test]
        fn arbitrary_bytes_never_panic(data: Vec<u8>) {
            for encoding in ALL {
                let _ = decompress(&data, encoding, 1 << 16);
                let _ = stream(&data, Encoding::Gzip, 10, 100);
                let _ = stream(&data, Encoding::Zstd, 10, 100);
            }
        }
    }
}
