//! Thrift's [binary protocol](https://github.com/apache/thrift/blob/master/doc/specs/thrift-binary-protocol.md).

use logloom_record::{RejectReason, Text};

use super::{Envelope, Protocol, Result, Type, counted, cut, no_thrift};

/// Its reader.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Binary<'a> {
    frame: Text<'a>,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Binary<'a> {
    #[inline(always)]
    fn take<const N: usize>(&mut self) -> Result<[u8; N]> {
        let chunk = self.bytes.get(self.at..).and_then(<[u8]>::first_chunk::<N>).ok_or_else(|| cut(self.bytes.len()))?;
        self.at += N;
        Ok(*chunk)
    }

    /// The `N` bytes that stand next, as far as they are there, without passing them.
    #[inline(always)]
    pub(crate) fn fixed<const N: usize>(&self) -> Text<'a> {
        self.frame.slice(self.at..self.at + N)
    }

    /// Passes these bytes, if they stand next.
    #[inline(always)]
    pub(crate) fn pass_equal(&mut self, bytes: &[u8]) -> bool {
        let is_equal = self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(bytes));
        self.at += if is_equal { bytes.len() } else { 0 };
        is_equal
    }

    /// The bytes from here up to `end`.
    pub(crate) fn until(&self, end: usize) -> &'a [u8] {
        self.bytes.get(self.at..end).unwrap_or_default()
    }

    #[inline(always)]
    fn type_of(code: u8, at: usize) -> Result<Type> {
        Ok(match code {
            2 => Type::Bool,
            3 => Type::Byte,
            4 => Type::Double,
            6 => Type::I16,
            8 => Type::I32,
            10 => Type::I64,
            11 => Type::Binary,
            12 => Type::Struct,
            13 => Type::Map,
            14 | 15 => Type::List,
            _ => return Err(no_thrift(at)),
        })
    }

    /// A length or count, which is signed on the wire.
    #[inline(always)]
    fn size(&mut self) -> Result<u64> {
        let at = self.at;
        u64::try_from(self.i32()?).map_err(|_| RejectReason::syntax("a length is negative", at))
    }
}

impl<'a> Protocol<'a> for Binary<'a> {
    fn new(frame: Text<'a>, at: usize) -> Self {
        Self { frame, bytes: frame.bytes(), at }
    }

    #[inline(always)]
    fn position(&self) -> usize {
        self.at
    }

    #[inline(always)]
    fn remaining(&self) -> usize {
        self.bytes.len().saturating_sub(self.at)
    }

    /// Strict: version, method, sequence number. Older senders write the method first.
    fn envelope(&mut self) -> Result<Envelope<'a>> {
        let at = self.at;
        let head = self.i32()? as u32;
        let method = if head >> 31 == 1 {
            if head >> 16 != 0x8001 {
                return Err(RejectReason::syntax("no message of thrift's binary protocol", at));
            }
            self.binary()?
        } else {
            self.at = at;
            let method = self.binary()?;
            self.byte()?;
            method
        };
        self.i32()?;
        Ok(Envelope { method })
    }

    #[inline(always)]
    fn field(&mut self, _: &mut i16) -> Result<Option<(Type, i16)>> {
        let at = self.at;
        let Some(&code) = self.bytes.get(at) else { return Err(cut(at)) };
        self.at += 1;
        if code == 0 {
            return Ok(None);
        }
        let what = Self::type_of(code, at)?;
        Ok(Some((what, self.i16()?)))
    }

    #[inline(always)]
    fn bool(&mut self) -> Result<bool> {
        Ok(self.byte()? != 0)
    }

    #[inline(always)]
    fn byte(&mut self) -> Result<u8> {
        self.take::<1>().map(|[byte]| byte)
    }

    #[inline(always)]
    fn i16(&mut self) -> Result<i16> {
        self.take().map(i16::from_be_bytes)
    }

    #[inline(always)]
    fn i32(&mut self) -> Result<i32> {
        self.take().map(i32::from_be_bytes)
    }

    #[inline(always)]
    fn i64(&mut self) -> Result<i64> {
        self.take().map(i64::from_be_bytes)
    }

    #[inline(always)]
    fn double(&mut self) -> Result<f64> {
        self.take().map(f64::from_be_bytes)
    }

    #[inline(always)]
    fn binary(&mut self) -> Result<Text<'a>> {
        let at = self.at;
        let len = counted(self.size()?, self.remaining(), at)?;
        let text = self.frame.slice(self.at..self.at + len);
        self.at += len;
        Ok(text)
    }

    #[inline]
    fn list(&mut self) -> Result<(Type, usize)> {
        let at = self.at;
        let code = self.byte()?;
        let count = counted(self.size()?, self.remaining(), at)?;
        // An empty list may have any type, even none.
        if count == 0 {
            return Ok((Type::Byte, 0));
        }
        Ok((Self::type_of(code, at)?, count))
    }

    fn map(&mut self) -> Result<(Type, Type, usize)> {
        let at = self.at;
        let (key, value) = (self.byte()?, self.byte()?);
        let count = counted(self.size()?, self.remaining() / 2, at)?;
        if count == 0 {
            return Ok((Type::Byte, Type::Byte, 0));
        }
        Ok((Self::type_of(key, at)?, Self::type_of(value, at + 1)?, count))
    }

    fn bool_item(&mut self) -> Result<bool> {
        self.bool()
    }
}
