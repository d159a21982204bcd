//! Thrift's [compact protocol](https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md).

use logloom_record::{RejectReason, Text, proto::varint};

use super::{Envelope, Protocol, Result, Type, counted, cut, no_thrift};

/// Its reader.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Compact<'a> {
    frame: Text<'a>,
    bytes: &'a [u8],
    at: usize,
    /// A field of type bool has its value in its head.
    is_true: bool,
}

impl Compact<'_> {
    #[inline(always)]
    fn varint(&mut self) -> Result<u64> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let Some((value, used)) = varint(rest) else {
            return Err(if rest.len() < 10 { cut(self.bytes.len()) } else { RejectReason::syntax("a number is over 64 bits", self.at) });
        };
        self.at += used;
        Ok(value)
    }

    #[inline(always)]
    fn zigzag(&mut self) -> Result<i64> {
        let value = self.varint()?;
        Ok((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    #[inline(always)]
    fn type_of(code: u8, at: usize) -> Result<Type> {
        Ok(match code {
            1 | 2 => Type::Bool,
            3 => Type::Byte,
            4 => Type::I16,
            5 => Type::I32,
            6 => Type::I64,
            7 => Type::Double,
            8 => Type::Binary,
            9 | 10 => Type::List,
            11 => Type::Map,
            12 => Type::Struct,
            _ => return Err(no_thrift(at)),
        })
    }
}

#[cold]
fn too_large(at: usize) -> RejectReason {
    RejectReason::value("a number is larger than its type", at)
}

impl<'a> Protocol<'a> for Compact<'a> {
    fn new(frame: Text<'a>, at: usize) -> Self {
        Self { frame, bytes: frame.bytes(), at, is_true: false }
    }

    #[inline(always)]
    fn position(&self) -> usize {
        self.at
    }

    #[inline(always)]
    fn remaining(&self) -> usize {
        self.bytes.len().saturating_sub(self.at)
    }

    fn envelope(&mut self) -> Result<Envelope<'a>> {
        let at = self.at;
        let (protocol, kind) = (self.byte()?, self.byte()?);
        if protocol != 0x82 || kind & 0x1f != 1 {
            return Err(RejectReason::syntax("no message of thrift's compact protocol", at));
        }
        self.varint()?;
        Ok(Envelope { method: self.binary()? })
    }

    #[inline(always)]
    fn field(&mut self, last: &mut i16) -> Result<Option<(Type, i16)>> {
        let at = self.at;
        let Some(&head) = self.bytes.get(at) else { return Err(cut(at)) };
        self.at += 1;
        if head == 0 {
            return Ok(None);
        }
        let code = head & 15;
        let what = Self::type_of(code, at)?;
        self.is_true = code == 1;
        *last = if head >> 4 == 0 { self.i16()? } else { last.wrapping_add(i16::from(head >> 4)) };
        Ok(Some((what, *last)))
    }

    #[inline(always)]
    fn bool(&mut self) -> Result<bool> {
        Ok(self.is_true)
    }

    #[inline(always)]
    fn byte(&mut self) -> Result<u8> {
        let byte = *self.bytes.get(self.at).ok_or_else(|| cut(self.at))?;
        self.at += 1;
        Ok(byte)
    }

    #[inline(always)]
    fn i16(&mut self) -> Result<i16> {
        let at = self.at;
        i16::try_from(self.zigzag()?).map_err(|_| too_large(at))
    }

    #[inline(always)]
    fn i32(&mut self) -> Result<i32> {
        let at = self.at;
        i32::try_from(self.zigzag()?).map_err(|_| too_large(at))
    }

    #[inline(always)]
    fn i64(&mut self) -> Result<i64> {
        self.zigzag()
    }

    #[inline(always)]
    fn double(&mut self) -> Result<f64> {
        let chunk = self.bytes.get(self.at..).and_then(<[u8]>::first_chunk::<8>).ok_or_else(|| cut(self.bytes.len()))?;
        self.at += 8;
        Ok(f64::from_le_bytes(*chunk))
    }

    #[inline(always)]
    fn binary(&mut self) -> Result<Text<'a>> {
        let at = self.at;
        let len = counted(self.varint()?, self.remaining(), at)?;
        let text = self.frame.slice(self.at..self.at + len);
        self.at += len;
        Ok(text)
    }

    #[inline]
    fn list(&mut self) -> Result<(Type, usize)> {
        let at = self.at;
        let head = self.byte()?;
        let short = u64::from(head >> 4);
        let count = if short == 15 { self.varint()? } else { short };
        let count = counted(count, self.remaining(), at)?;
        if count == 0 {
            return Ok((Type::Byte, 0));
        }
        Ok((Self::type_of(head & 15, at)?, count))
    }

    fn map(&mut self) -> Result<(Type, Type, usize)> {
        let at = self.at;
        let count = counted(self.varint()?, self.remaining() / 2, at)?;
        if count == 0 {
            return Ok((Type::Byte, Type::Byte, 0));
        }
        let types = self.byte()?;
        Ok((Self::type_of(types >> 4, at)?, Self::type_of(types & 15, at)?, count))
    }

    fn bool_item(&mut self) -> Result<bool> {
        Ok(self.byte()? == 1)
    }
}
