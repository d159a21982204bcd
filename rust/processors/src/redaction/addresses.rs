//! What is found at an `@` or a `:`: e-mail, IPv6 and MAC addresses, passwords in URLs; and IPv4, where a word begins with a digit.

use std::net::{Ipv4Addr, Ipv6Addr};

use memchr::memchr;

/// The longest local part that is looked at, and the longest domain, in bytes ([RFC 5321](https://www.rfc-editor.org/rfc/rfc5321#section-4.5.3.1)).
const LOCAL_BYTES_MAX: usize = 64;
const DOMAIN_BYTES_MAX: usize = 255;
/// How far behind `://` a password is looked for, in bytes.
const AUTHORITY_BYTES_MAX: usize = 512;

/// The address around the `@` at `at`; nothing of what is before `from` is a part of it.
pub(super) fn email(text: &[u8], at: usize, from: usize) -> Option<(usize, usize)> {
    let is_local = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&byte) || byte >= 0x80;
    let before = text.get(from.max(at.saturating_sub(LOCAL_BYTES_MAX))..at)?;
    let len = before.iter().rev().take_while(|byte| is_local(**byte)).count();
    let mut local = before.get(before.len() - len..)?;
    // `key=name@host`, `'name@host'`, `path/name@host`: what a local part may have by the letter of the law, and nobody's has.
    if let Some(last) = local.iter().rposition(|byte| b"=/'`|{}?&!*".contains(byte)) {
        local = local.get(last + 1..)?;
    }
    while let Some((b'.' | b'#' | b'$' | b'%' | b'^' | b'~' | b'-' | b'+', rest)) = local.split_first() {
        local = rest;
    }
    if local.is_empty() || local.last() == Some(&b'.') || local.windows(2).any(|pair| pair == b"..") {
        return None;
    }
    let after = text.get(at + 1..)?;
    let is_host = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.') || byte >= 0x80;
    let len = after.iter().take(DOMAIN_BYTES_MAX).take_while(|byte| is_host(**byte)).count();
    let mut domain = after.get(..len)?;
    while let Some((b'.' | b'-', rest)) = domain.split_last() {
        domain = rest;
    }
    let labels = || domain.split(|byte| *byte == b'.');
    let top = labels().next_back()?;
    let is_top = top.len() >= 2 && (top.iter().all(|byte| byte.is_ascii_alphabetic() || *byte >= 0x80) || top.starts_with(b"xn--"));
    let is_good = labels().count() >= 2 && labels().all(|label| !label.is_empty() && label.len() <= 63 && label.first() != Some(&b'-'));
    (is_top && is_good).then_some((at - local.len(), at + 1 + domain.len()))
}

/// The dotted quad at `start`: not a part of a longer number or version.
pub(super) fn ipv4(text: &[u8], start: usize) -> Option<usize> {
    let before = start.checked_sub(1).and_then(|before| text.get(before));
    if before.is_some_and(|byte| *byte == b'.' || *byte == b'_') {
        return None;
    }
    let len = text.get(start..)?.iter().take(16).take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
    let mut quad = text.get(start..start + len)?;
    if quad.last() == Some(&b'.') {
        quad = quad.get(..quad.len() - 1)?;
    }
    let parsed: Result<Ipv4Addr, _> = std::str::from_utf8(quad).ok()?.parse();
    let end = start + quad.len();
    let goes_on = |end: usize| text.get(end).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    if parsed.is_ok() && !goes_on(end) {
        return Some(end);
    }
    // Five numbers are a version, an object id; unless they begin as addresses do that nobody else would write.
    let count = quad
        .iter()
        .scan(0, |dots, byte| {
            *dots += usize::from(*byte == b'.');
            Some(*dots)
        })
        .take_while(|dots| *dots < 4)
        .count();
    let four = quad.get(..count).filter(|four| four.starts_with(b"192.168.") && count < quad.len())?;
    let parsed: Option<Ipv4Addr> = std::str::from_utf8(four).ok().and_then(|four| four.parse().ok());
    parsed.map(|_| start + count)
}

/// What is around the colon at `at`, if it is an address: where it begins and ends; and where colons are to be looked at again.
pub(super) fn colons(text: &[u8], at: usize, from: usize) -> (Option<(Colons, usize, usize)>, usize) {
    let is_part = |byte: u8| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.');
    let before = text.get(from.max(at.saturating_sub(46))..at).unwrap_or_default();
    let start = at - before.iter().rev().take_while(|byte| is_part(**byte)).count();
    let len = text.get(at..).unwrap_or_default().iter().take(46).take_while(|byte| is_part(**byte)).count();
    let next = at + len.max(1);
    let mut end = at + len;
    while end > start
        && (text.get(end - 1) == Some(&b'.') || text.get(end - 1) == Some(&b':') && text.get(end.wrapping_sub(2)) != Some(&b':'))
    {
        end -= 1;
    }
    let Some(word) = text.get(start..end) else { return (None, next) };
    let is_apart = |byte: Option<&u8>| !byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let apart = is_apart(start.checked_sub(1).and_then(|before| text.get(before))) && is_apart(text.get(end));
    let colons = word.split(|byte| *byte == b':').count() - 1;
    if !apart || colons < 2 {
        return (None, next);
    }
    if colons == 5
        && word.len() == 17
        && word.chunks(3).all(|pair| pair.get(..2).is_some_and(|pair| pair.iter().all(u8::is_ascii_hexdigit)))
    {
        return (Some((Colons::Mac, start, end)), next);
    }
    let parsed = std::str::from_utf8(word).ok().and_then(|word| word.parse::<Ipv6Addr>().ok());
    // `dead::beef` is a path in some program: an address would have a decimal digit. `::` is one where it is all that a field says.
    let found =
        parsed.filter(|address| if address.is_unspecified() { is_field(text, start, end) } else { word.iter().any(u8::is_ascii_digit) });
    (found.map(|_| (Colons::Ip, start, end)), next)
}

/// Whether what is here stands for itself: between blanks, behind `=`, before a prefix length.
fn is_field(text: &[u8], start: usize, end: usize) -> bool {
    let before = start.checked_sub(1).and_then(|before| text.get(before));
    let is_prefix = text.get(end) == Some(&b'/') && text.get(end + 1).is_some_and(u8::is_ascii_digit);
    before.is_none_or(|byte| matches!(byte, b' ' | b'=' | b'[' | b'"'))
        && (is_prefix || text.get(end).is_none_or(|byte| matches!(byte, b' ' | b']' | b'"' | b',')))
}

/// What colons make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Colons {
    Ip,
    Mac,
}

/// A MAC address with dashes or dots that begins here: `00-1A-2B-3C-4D-5E`, `001a.2b3c.4d5e`.
pub(super) fn mac(text: &[u8], start: usize) -> Option<usize> {
    let word = text.get(start..start + 17);
    let is_dashed = word.is_some_and(|word| {
        word.chunks(3).all(|pair| pair.iter().take(2).all(u8::is_ascii_hexdigit) && (pair.len() < 3 || pair.get(2) == Some(&b'-')))
    });
    let dotted = text.get(start..start + 14);
    let is_dotted = || {
        dotted.is_some_and(|word| {
            word.chunks(5).all(|part| part.iter().take(4).all(u8::is_ascii_hexdigit) && (part.len() < 5 || part.get(4) == Some(&b'.')))
        })
    };
    let end = if is_dashed {
        start + 17
    } else if is_dotted() {
        start + 14
    } else {
        return None;
    };
    let before = start.checked_sub(1).and_then(|before| text.get(before));
    let goes_on = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    (!goes_on(text.get(end)) && !goes_on(before)).then_some(end)
}

/// The password in `scheme://user:password@host`, whose first colon is at `at`.
pub(super) fn url_password(text: &[u8], at: usize) -> Option<(usize, usize)> {
    let authority = text.get(at..)?.strip_prefix(b"://")?;
    let scheme = at.checked_sub(1).and_then(|before| text.get(before))?;
    if !scheme.is_ascii_alphanumeric() {
        return None;
    }
    let authority = authority.get(..AUTHORITY_BYTES_MAX).unwrap_or(authority);
    memchr(b'@', authority)?; // most URLs have none
    let len = authority
        .iter()
        .take_while(|byte| !matches!(byte, b'/' | b'?' | b'#' | b' ' | b'\t' | b'\n' | b'\r' | b'"' | b'\'' | b'<' | b'>' | b'\\'))
        .count();
    let userinfo = authority.get(..len)?;
    let host = userinfo.iter().rposition(|byte| *byte == b'@')?;
    let colon = userinfo.get(..host)?.iter().position(|byte| *byte == b':')?;
    (host > colon + 1).then_some((at + 3 + colon + 1, at + 3 + host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn part(text: &str, found: Option<(usize, usize)>) -> &str {
        found.map_or("", |(start, end)| &text[start..end])
    }

    #[test]
    fn addresses() {
        for (text, expected) in [
            ("info@presidio.site", "info@presidio.site"),
            ("mail=<a.b+c@x.example.com>.", "a.b+c@x.example.com"),
            ("user=bob@corp.io,", "bob@corp.io"),
            ("git@github", ""),
            ("a@1.2.3", ""),
            ("@x.com", ""),
            ("url(https://x/y@2x.png)", "y@2x.png"),
        ] {
            assert_eq!(part(text, email(text.as_bytes(), text.find('@').unwrap(), 0)), expected, "{text}");
        }
        for (text, expected) in
            [("x postgres://u:s3cret@db/x", "s3cret"), ("redis://:pw@h", "pw"), ("http://h:80/@x", ""), ("https://user@h", "")]
        {
            assert_eq!(part(text, url_password(text.as_bytes(), text.find(':').unwrap())), expected, "{text}");
        }
        for (text, expected) in [
            ("10.0.0.1", "10.0.0.1"),
            ("10.0.0.1.", "10.0.0.1"),
            ("10.0.0.1:80", "10.0.0.1"),
            ("1.2.3.4.5", ""),
            ("256.1.1.1", ""),
            ("1.2.3", ""),
        ] {
            assert_eq!(part(text, ipv4(text.as_bytes(), 0).map(|end| (0, end))), expected, "{text}");
        }
        for (text, expected) in [
            ("[2001:db8::1]:443", "2001:db8::1"),
            ("::1", "::1"),
            ("::ffff:127.0.0.1 x", "::ffff:127.0.0.1"),
            ("10:12:34", ""),
            ("std::vec", ""),
            ("a::", ""),
            ("00:1a:2b:3c:4d:5e", "00:1a:2b:3c:4d:5e"),
        ] {
            let found = colons(text.as_bytes(), text.find(':').unwrap(), 0).0;
            assert_eq!(part(text, found.map(|(_, start, end)| (start, end))), expected, "{text}");
        }
    }
}
