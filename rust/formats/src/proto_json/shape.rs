//! What Protobuf bytes look like, from their beginning on: for detection. They may be cut.

use logloom_record::proto::varint;

/// What follows the head of the field with this tag, and the length of its content, which is not empty.
pub(crate) fn enter(bytes: &[u8], tag: u8) -> Option<(&[u8], usize)> {
    let after = bytes.strip_prefix(&[tag])?;
    let (len, used) = varint(after)?;
    Some((after.get(used..)?, usize::try_from(len).ok().filter(|len| *len > 0)?))
}

/// Passes over fields with one of these tags.
fn pass(mut bytes: &[u8], tags: [u8; 2]) -> Option<&[u8]> {
    while let Some(after) = bytes.first().filter(|tag| tags.contains(tag)).and_then(|_| bytes.get(1..)) {
        let (len, used) = varint(after)?;
        bytes = after.get(used..)?.get(usize::try_from(len).ok()?..)?;
    }
    Some(bytes)
}

/// The first record or span of one of OTLP's requests: behind a resource, a scope and their schema's URLs.
pub(crate) fn first_unit(request: &[u8]) -> Option<&[u8]> {
    let resource = pass(enter(request, 0x0a)?.0, [0x0a, 0x1a])?;
    let scope = pass(enter(resource, 0x12)?.0, [0x0a, 0x1a])?;
    Some(enter(scope, 0x12)?.0)
}
