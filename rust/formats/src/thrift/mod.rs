//! [Apache Thrift](https://thrift.apache.org/docs/)'s binary and compact protocols: as far as reading structs needs them, without generated code.
//!
//! A reader is pulled: [`field`](Protocol::field) leads through a struct, the others read a value. What is not wanted is
//! [skipped](Protocol::skip), at most `DEPTH_MAX` deep. A length is never believed beyond the bytes that are there.

mod binary;
mod compact;

use logloom_record::{RejectReason, Text};

pub(crate) use binary::Binary;
pub(crate) use compact::Compact;

/// The type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    Bool,
    Byte,
    Double,
    I16,
    I32,
    I64,
    /// `string` and `binary`.
    Binary,
    Struct,
    Map,
    /// `list` and `set`.
    List,
}

/// A message's envelope: its method, and whether it answers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Envelope<'a> {
    pub(crate) method: Text<'a>,
}

/// The deepest nesting that is passed over: skipping calls itself once a level.
const DEPTH_MAX: u32 = 64;

type Result<T> = std::result::Result<T, RejectReason>;

/// Reads one of the two protocols from a frame. Errors say where in the frame.
pub(crate) trait Protocol<'a>: Copy {
    /// A reader from the byte `at` on.
    fn new(frame: Text<'a>, at: usize) -> Self;

    /// Where it stands in the frame, in bytes.
    fn position(&self) -> usize;

    /// How many bytes follow.
    fn remaining(&self) -> usize;

    /// The envelope of a message.
    fn envelope(&mut self) -> Result<Envelope<'a>>;

    /// The next field of the struct that is open, its type and number; `None` at its end. `last` is the number of the field before, 0 at first.
    fn field(&mut self, last: &mut i16) -> Result<Option<(Type, i16)>>;

    fn bool(&mut self) -> Result<bool>;
    fn byte(&mut self) -> Result<u8>;
    fn i16(&mut self) -> Result<i16>;
    fn i32(&mut self) -> Result<i32>;
    fn i64(&mut self) -> Result<i64>;
    fn double(&mut self) -> Result<f64>;
    fn binary(&mut self) -> Result<Text<'a>>;

    /// The head of a list: the type of its items, and how many. No more than there are bytes: each item takes one at least.
    fn list(&mut self) -> Result<(Type, usize)>;

    /// The head of a map: the types of keys and values, and how many pairs.
    fn map(&mut self) -> Result<(Type, Type, usize)>;

    /// The value of a bool that stands in a list or map.
    fn bool_item(&mut self) -> Result<bool>;

    /// Passes over a value of the field that was just read.
    #[inline]
    fn skip(&mut self, what: Type) -> Result<()> {
        match what {
            Type::Bool => self.bool().map(drop),
            Type::Byte => self.byte().map(drop),
            Type::Double => self.double().map(drop),
            Type::I16 => self.i16().map(drop),
            Type::I32 => self.i32().map(drop),
            Type::I64 => self.i64().map(drop),
            Type::Binary => self.binary().map(drop),
            Type::Struct | Type::Map | Type::List => {
                *self = skip_container(*self, what, DEPTH_MAX)?;
                Ok(())
            }
        }
    }
}

fn skip_item<'a, P: Protocol<'a>>(mut reader: P, what: Type, depth: u32) -> Result<P> {
    match what {
        Type::Bool => reader.bool_item().map(|_| reader),
        Type::Struct | Type::Map | Type::List => skip_container(reader, what, depth),
        plain => reader.skip(plain).map(|()| reader),
    }
}

#[inline(never)]
fn skip_container<'a, P: Protocol<'a>>(mut reader: P, what: Type, depth: u32) -> Result<P> {
    let at = reader.position();
    let depth = depth.checked_sub(1).ok_or_else(|| RejectReason::limit("structs and lists nest deeper than 64", at))?;
    match what {
        Type::Struct => {
            let mut last = 0;
            while let Some((what, _)) = reader.field(&mut last)? {
                match what {
                    Type::Struct | Type::Map | Type::List => reader = skip_container(reader, what, depth)?,
                    plain => reader.skip(plain)?,
                }
            }
        }
        Type::List => {
            let (item, count) = reader.list()?;
            for _ in 0..count {
                reader = skip_item(reader, item, depth)?;
            }
        }
        Type::Map => {
            let (key, value, count) = reader.map()?;
            for _ in 0..count {
                reader = skip_item(reader, key, depth)?;
                reader = skip_item(reader, value, depth)?;
            }
        }
        _ => {}
    }
    Ok(reader)
}

#[cold]
fn cut(at: usize) -> RejectReason {
    RejectReason::truncated("the thrift message is cut", at)
}

#[cold]
fn no_thrift(at: usize) -> RejectReason {
    RejectReason::syntax("no thrift: there is no such type", at)
}

/// A count of items that must be there.
#[inline]
fn counted(count: u64, remaining: usize, at: usize) -> Result<usize> {
    usize::try_from(count).ok().filter(|count| *count <= remaining).ok_or_else(|| cut(at))
}
