//! Addresses and ports, as Envoy prints them.

use logloom_record::Text;

use crate::swar::leading_u64;

/// Address and port of `10.0.0.1:80`, `[::1]:80`, `shop.example:8443`, and of `tcp://10.0.0.1:80`, as Envoy once wrote. What has no
/// port (a path, an internal listener's name, `::1`) is an address as a whole.
#[inline(always)]
pub(super) fn split(text: Text<'_>) -> (Text<'_>, Option<u16>) {
    let text = if text.bytes().starts_with(b"tcp://") { text.after(6) } else { text };
    let bytes = text.bytes();
    // The port is what stands behind the last of at most five bytes' colon.
    let from = bytes.len().saturating_sub(6);
    let tail = bytes.get(from..).unwrap_or_default();
    let Some(colon) = tail.iter().rposition(|b| *b == b':') else { return (unbracketed(text), None) };
    let host = text.slice(0..from + colon);
    let port = match leading_u64(tail.get(colon + 1..).unwrap_or_default()) {
        Some((port, n)) if colon + 1 + n == tail.len() => u16::try_from(port).ok(),
        _ => None,
    };
    let Some(port) = port else { return (unbracketed(text), None) };
    match host.bytes() {
        [b'[', .., b']'] => (host.slice(1..host.len() - 1), Some(port)),
        bytes if bytes.contains(&b':') || bytes.contains(&b'/') => (text, None),
        _ => (host, Some(port)),
    }
}

fn unbracketed(text: Text<'_>) -> Text<'_> {
    match text.bytes() {
        [b'[', .., b']'] => text.slice(1..text.len() - 1),
        _ => text,
    }
}

/// The first address of `x-forwarded-for`; `None` where that is no IP address, such as `unknown`.
#[inline(always)]
pub(super) fn first_forwarded(text: Text<'_>) -> Option<Text<'_>> {
    let bytes = text.bytes();
    let len = bytes.iter().position(|b| matches!(b, b',' | b' ')).unwrap_or(bytes.len());
    let first = text.slice(0..len);
    let is_ip = |b: &u8| b.is_ascii_hexdigit() || matches!(b, b'.' | b':');
    let first = if first.bytes().contains(&b'[') || first.bytes().contains(&b'.') { split(first).0 } else { first };
    let named = first.bytes().contains(&b':') || first.bytes().contains(&b'.');
    (named && first.len() <= 45 && first.bytes().iter().all(is_ip)).then_some(first)
}
