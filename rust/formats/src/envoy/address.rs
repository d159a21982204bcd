//! Addresses and ports, as Envoy prints them.

use logloom_record::Text;
use wide::u8x16;

use crate::{scan, swar};

/// Address and port of `10.0.0.1:80`, `[::1]:80`, `shop.example:8443`, and of `tcp://10.0.0.1:80`, as Envoy once wrote. What has no
/// port (a path, an internal listener's name, `::1`) is an address as a whole.
#[inline(always)]
pub(super) fn split(text: Text<'_>) -> (Text<'_>, Option<u16>) {
    let text = if text.bytes().starts_with(b"tcp://") { text.after(6) } else { text };
    let Some((colon, port)) = port(text) else { return (unbracketed(text), None) };
    let host = text.slice(0..colon);
    match scan::find_either(host, b':', b'/') {
        None => (host, Some(port)),
        Some(_) => match host.bytes() {
            [b'[', .., b']'] => (host.slice(1..host.len() - 1), Some(port)),
            _ => (text, None),
        },
    }
}

/// Where the last colon stands, and the number of one to five digits behind it.
#[inline(always)]
fn port(text: Text<'_>) -> Option<(usize, u16)> {
    let bytes = text.bytes();
    let Some(last) = bytes.last_chunk::<8>() else { return short_port(bytes) };
    let chunk = swar::load(last);
    let colon = swar::last_of(chunk, b':')?;
    number_behind(chunk, colon).map(|port| (bytes.len() - 8 + colon, port))
}

/// The same of less than eight bytes: what is missing stands before them, as zeros.
#[inline(never)]
fn short_port(bytes: &[u8]) -> Option<(usize, u16)> {
    let mut last = [0; 8];
    let missing = 8usize.checked_sub(bytes.len())?;
    last.get_mut(missing..)?.copy_from_slice(bytes);
    let chunk = swar::load(&last);
    let colon = swar::last_of(chunk, b':')?;
    number_behind(chunk, colon).map(|port| (colon - missing, port))
}

#[inline(always)]
fn number_behind(chunk: u64, colon: usize) -> Option<u16> {
    let len = 7 - colon;
    let (number, n) = swar::leading(chunk.checked_shr(8 * (colon as u32 + 1)).unwrap_or(0));
    if n == len && n > 0 { u16::try_from(number).ok() } else { None }
}

#[inline(always)]
fn unbracketed(text: Text<'_>) -> Text<'_> {
    match text.bytes() {
        [b'[', .., b']'] => text.slice(1..text.len() - 1),
        _ => text,
    }
}

/// The first address of `x-forwarded-for`; `None` where that is no IP address, such as `unknown`.
#[inline(always)]
pub(super) fn first_forwarded(text: Text<'_>) -> Option<Text<'_>> {
    let first = text.slice(0..scan::find_either(text, b',', b' ').unwrap_or(text.len()));
    if is_ipv4_like(first) { Some(first) } else { other_forwarded(first) }
}

/// Digits and dots only, one of these at least.
#[inline(always)]
fn is_ipv4_like(text: Text<'_>) -> bool {
    let Some(step) = text.tail().first_chunk::<16>().filter(|_| text.len() <= 16) else { return false };
    let step = u8x16::new(*step);
    let dots = step.simd_eq(u8x16::splat(b'.'));
    let digits = step.max(u8x16::splat(b'0')).simd_eq(step) & step.min(u8x16::splat(b'9')).simd_eq(step);
    let within = (1 << text.len()) - 1;
    (dots | digits).to_bitmask() & within == within && dots.to_bitmask() & within != 0
}

#[inline(never)]
fn other_forwarded(first: Text<'_>) -> Option<Text<'_>> {
    let has_port = first.bytes().contains(&b'[') || first.bytes().contains(&b'.');
    let first = if has_port { split(first).0 } else { first };
    let is_ip = |b: &u8| b.is_ascii_hexdigit() || matches!(b, b'.' | b':');
    let named = first.bytes().contains(&b':') || first.bytes().contains(&b'.');
    (named && first.len() <= 45 && first.bytes().iter().all(is_ip)).then_some(first)
}
