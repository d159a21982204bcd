//! A pair among others, by its key. What it is looked for among is told by the bytes at places where all encoders have them, and walked
//! only where they are not there: so the answer is protobuf's, whatever the bytes.

use crate::proto::{Fields, Value, varint};

/// The last bytes of field `number`, as protobuf has it for fields that stand once; empty where it is absent.
pub(super) fn last(message: &[u8], number: u32) -> &[u8] {
    let mut found: &[u8] = &[];
    for (field, value) in Fields::new(message).flatten() {
        if let Value::Len(bytes) = value
            && field == number
        {
            found = bytes;
        }
    }
    found
}

/// Key and value of a `KeyValue` that is these and no more, in this order, as all encoders write it.
#[inline(always)]
fn plain(pair: &[u8]) -> Option<(&[u8], &[u8])> {
    let [0x0a, len @ 0..0x80, rest @ ..] = pair else { return None };
    let (key, [0x12, rest @ ..]) = rest.split_at_checked(usize::from(*len))? else { return None };
    let (len, used) = varint(rest)?;
    let value = rest.get(used..)?;
    (value.len() as u64 == len).then_some((key, value))
}

/// The key of a `KeyValue`.
#[inline]
pub(crate) fn key_of(pair: &[u8]) -> &[u8] {
    plain(pair).map_or_else(|| last(pair, 1), |(key, _)| key)
}

/// The value of a `KeyValue`: an `AnyValue` message, empty where there is none.
#[inline]
pub(crate) fn value_of(pair: &[u8]) -> &[u8] {
    plain(pair).map_or_else(|| last(pair, 2), |(_, value)| value)
}

/// The first `KeyValue` among those that are field `number`, which is at most 15, with this key.
#[inline]
pub(crate) fn pair_of<'a>(message: &'a [u8], number: u32, key: &[u8]) -> Option<&'a [u8]> {
    let tag = (number << 3 | 2) as u8;
    let mut fields = Fields::new(message);
    loop {
        let (is_pair, pair) = match fields.short() {
            Some((found, pair)) => (found == tag, pair),
            None => match fields.next()? {
                Ok((field, Value::Len(pair))) => (field == number, pair),
                Ok(_) => continue,
                Err(_) => return None,
            },
        };
        if is_pair && has_key(pair, key) {
            return Some(pair);
        }
    }
}

/// Whether the key of a `KeyValue` is this one.
#[inline(always)]
fn has_key(pair: &[u8], key: &[u8]) -> bool {
    if let [0x0a, len @ 0..0x80, rest @ ..] = pair
        && let Some((name, [0x12, value_len @ 0..0x80, value @ ..])) = rest.split_at_checked(usize::from(*len))
        && value.len() == usize::from(*value_len)
    {
        return is_same(name, key);
    }
    key_of(pair) == key
}

/// Whether two keys are the same: without a call for those that are not, as most differ in their lengths or their last bytes.
#[inline(always)]
fn is_same(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    match (one.last_chunk::<8>(), other.last_chunk::<8>()) {
        (Some(one_end), Some(other_end)) => one_end == other_end && (one.len() == 8 || one == other),
        _ => one == other,
    }
}
