//! What is found behind a key: `password=…`, `"api_key": "…"`, `Authorization: Bearer …`, `Cookie: …`.

use super::rules::Rule;

/// The longest key that is looked at, in bytes.
const KEY_BYTES_MAX: usize = 48;

/// Keys that name a secret, without `_`, `-` and `.`, by their ends: `db_password` ends with `password`.
const SECRETS: [&[u8]; 29] = [
    b"password",
    b"passwd",
    b"passwort",
    b"motdepasse",
    b"pwd",
    b"passphrase",
    b"passcode",
    b"secret",
    b"secretkey",
    b"secretaccesskey",
    b"clientsecret",
    b"apikey",
    b"apitoken",
    b"accesskey",
    b"accesstoken",
    b"authtoken",
    b"refreshtoken",
    b"idtoken",
    b"sessiontoken",
    b"securitytoken",
    b"privatekey",
    b"signingkey",
    b"encryptionkey",
    b"credential",
    b"credentials",
    b"bearertoken",
    b"xapikey",
    b"token",
    b"pass",
];

/// Keys of Azure: connection strings and SAS.
const AZURE: [&[u8]; 4] = [b"accountkey", b"sharedaccesskey", b"sharedaccesssignature", b"sig"];

/// The last three letters of all of the above, and of the headers' names.
const TAILS: [[u8; 3]; 17] = [
    *b"ord", *b"swd", *b"ort", *b"sse", *b"pwd", *b"ase", *b"ode", *b"ret", *b"key", *b"ken", *b"ial", *b"als", *b"ass", *b"ure", *b"sig",
    *b"ion", *b"kie",
];

/// By the last of them, those before it, one bit each.
const BEFORE_LAST: [u32; 32] = {
    let mut before = [0; 32];
    let mut at = 0;
    while at < TAILS.len() {
        let [_, b, c] = TAILS[at];
        before[(c & 31) as usize] |= 1 << (b & 31);
        at += 1;
    }
    before
};

/// Whether a key that ends like this can name a secret: most keys are told apart by that alone.
#[inline(always)]
fn may_name(key: &[u8]) -> bool {
    let Some([.., b, c]) = key.last_chunk::<3>() else { return false };
    let before = BEFORE_LAST.get(usize::from(c & 31)).copied().unwrap_or_default();
    before != 0 && (before >> (b & 31) & 1 == 1 || is_between(*b)) && may_name_wholly(key)
}

/// What may stand between a key's letters.
#[inline(always)]
fn is_between(byte: u8) -> bool {
    matches!(byte, b'_' | b'-' | b'.')
}

fn may_name_wholly(key: &[u8]) -> bool {
    let Some([a, b, c]) = key.last_chunk::<3>().map(|tail| tail.map(|byte| byte.to_ascii_lowercase())) else { return false };
    // What is before one of these is not compared.
    let compared = if is_between(b) {
        [0, 0, 0xff]
    } else if is_between(a) {
        [0, 0xff, 0xff]
    } else {
        [0xff; 3]
    };
    let word = |[a, b, c]: [u8; 3]| u32::from_le_bytes([a, b, c, 0]);
    let (last, compared) = (word([a, b, c]), word(compared));
    TAILS.iter().any(|tail| (word(*tail) ^ last) & compared == 0)
}

/// Which rule a key calls for.
pub(super) fn rule_of(key: &[u8]) -> Option<Rule> {
    if !may_name(key) {
        return None;
    }
    let mut plain = [0u8; KEY_BYTES_MAX];
    let mut len = 0;
    for byte in key.iter().filter(|byte| !is_between(**byte)) {
        *plain.get_mut(len)? = byte.to_ascii_lowercase();
        len += 1;
    }
    let plain = plain.get(..len)?;
    match plain {
        plain if plain.ends_with(b"authorization") => return Some(Rule::Authorization),
        plain if plain.ends_with(b"cookie") => return Some(Rule::Cookie),
        // How many tokens there are, and when they end, is no secret.
        b"maxtoken" | b"nexttoken" | b"pagetoken" | b"continuationtoken" | b"bypass" | b"compass" => return None,
        _ if AZURE.contains(&plain) => return Some(Rule::AzureKey),
        _ => {}
    }
    // Few end alike, and to compare more than that is a call.
    let tail = plain.last_chunk::<3>();
    let is_secret = SECRETS.iter().filter(|secret| secret.last_chunk::<3>() == tail).any(|secret| match *secret {
        // Too short to be the end of any word.
        b"pass" | b"pwd" | b"token" => plain == *secret || plain.ends_with(secret) && is_part(key, secret.len()),
        secret => plain.ends_with(secret),
    });
    is_secret.then_some(Rule::KeyValueSecret)
}

/// Whether the last `len` letters of the key are a word of it: `db_pwd`, `dbPwd`.
fn is_part(key: &[u8], len: usize) -> bool {
    let Some(at) = key.len().checked_sub(len) else { return false };
    let before = at.checked_sub(1).and_then(|before| key.get(before));
    before.is_none_or(|before| !before.is_ascii_alphabetic()) || key.get(at).is_some_and(u8::is_ascii_uppercase)
}

/// The value behind the `=` or `:` at `at`, where the word before it names a secret: the rule, where the value begins and ends.
pub(super) fn find(text: &[u8], at: usize, from: usize, wanted: impl Fn(Rule) -> bool) -> Option<(Rule, usize, usize)> {
    let mut key_end = at;
    while key_end > from && matches!(text.get(key_end - 1), Some(b' ' | b'"' | b'\'' | b'\\' | b']')) && at - key_end < 4 {
        key_end -= 1;
    }
    let before = text.get(from.max(key_end.saturating_sub(KEY_BYTES_MAX))..key_end)?;
    if !may_name(before) {
        return None;
    }
    let len =
        before.iter().rev().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.') || **byte >= 0x80).count();
    let rule = rule_of(before.get(before.len() - len..)?).filter(|rule| wanted(*rule))?;
    let mut start = at + 1;
    if text.get(at) == Some(&b':') && text.get(start) == Some(&b'=') || text.get(at..=start) == Some(b"=>") {
        start += 1;
    }
    while matches!(text.get(start), Some(b' ' | b'\t')) {
        start += 1;
    }
    // A quote, as it stands, or escaped in a text that is itself quoted.
    let rest = text.get(start..)?;
    if is_reference(rest) {
        return None; // before its end is looked for: there may be many of them, and none may end
    }
    let escapes = rest.iter().take_while(|byte| **byte == b'\\').count();
    let quote = rest.get(escapes).copied().filter(|byte| matches!(byte, b'"' | b'\''));
    let is_header = matches!(rule, Rule::Authorization | Rule::Cookie);
    let (mut start, end) = match quote {
        Some(quote) => {
            let start = start + escapes + 1;
            (start, quoted_end(text, start, quote, escapes))
        }
        None => (start, start + rest.iter().take_while(|byte| goes_on(**byte, is_header)).count()),
    };
    if rule == Rule::Authorization {
        start = credentials(text, start, end);
    }
    let value = text.get(start..end)?;
    (!says_nothing(value)).then_some((rule, start, end))
}

/// Where a quoted value ends: before the next quote that is escaped no more than the first one was, or at the end of what was cut off.
fn quoted_end(text: &[u8], start: usize, quote: u8, escapes: usize) -> usize {
    let mut backslashes = 0;
    for (at, byte) in text.iter().enumerate().skip(start) {
        if *byte == quote && backslashes <= escapes {
            return at - backslashes;
        }
        backslashes = if *byte == b'\\' { backslashes + 1 } else { 0 };
    }
    text.len()
}

/// Whether a value without quotes goes on with this byte. A header's goes to the end of its line.
fn goes_on(byte: u8, is_header: bool) -> bool {
    match byte {
        b'\n' | b'\r' | b'"' | b'\'' => false,
        b' ' | b'\t' | b',' | b';' | b'&' | b')' | b']' | b'}' | b'>' | b'<' | b'|' => is_header,
        _ => true,
    }
}

/// A scheme stays: `Bearer`, `Basic`.
pub(super) fn credentials(text: &[u8], start: usize, end: usize) -> usize {
    let value = text.get(start..end).unwrap_or_default();
    let Some(space) = value.iter().position(|byte| *byte == b' ') else { return start };
    let is_scheme = value.get(..space).is_some_and(|scheme| {
        scheme.len() <= 24 && scheme.iter().all(|byte| byte.is_ascii_alphabetic() || *byte == b'-' || byte.is_ascii_digit())
    });
    if is_scheme { start + space + 1 } else { start }
}

/// What stands for a value that is elsewhere: `${TOKEN}`.
fn is_reference(value: &[u8]) -> bool {
    [&b"${"[..], b"{{", b"$("].iter().any(|opening| value.starts_with(opening))
}

/// Placeholders, and what was masked before.
pub(super) fn says_nothing(value: &[u8]) -> bool {
    const NOTHING: [&[u8]; 14] = [
        b"null",
        b"none",
        b"nil",
        b"true",
        b"false",
        b"undefined",
        b"redacted",
        b"[redacted]",
        b"<redacted>",
        b"masked",
        b"[masked]",
        b"required",
        b"empty",
        b"invalid",
    ];
    value.is_empty()
        || value.iter().all(|byte| matches!(byte, b'*' | b'x' | b'X' | b'.' | b'-' | b'{' | b'[' | b'(' | b'<'))
        || is_reference(value)
        || NOTHING.iter().any(|nothing| value.eq_ignore_ascii_case(nothing))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_is_told_apart_from_itself() {
        for name in SECRETS.iter().chain(&AZURE).copied().chain([&b"authorization"[..], b"cookie"]) {
            let rule = rule_of(name);
            assert!(rule.is_some() && rule_of(&name.to_ascii_uppercase()) == rule);
            for at in 1..name.len() {
                let parts: Vec<&[u8]> = vec![&name[..at], &name[at..]];
                assert!(may_name(&parts.join(&b'_')) && may_name(&parts.join(&b"-."[..])) && may_name(&[&b"x"[..], name].concat()));
            }
        }
    }

    #[test]
    fn values_of_keys() {
        for (text, expected) in [
            ("password=hunter2 user=x", "hunter2"),
            (r#"{"api_key": "a b\"c", "x": 1}"#, r#"a b\"c"#),
            (r#"{\"password\":\"s3\"}"#, "s3"),
            ("dbPwd: abc", "abc"),
            ("Authorization: Bearer abc.def", "abc.def"),
            (r#""authorization":"Basic dXNlcjpwYXNz","#, "dXNlcjpwYXNz"),
            ("Cookie: a=b; c=d\nnext", "a=b; c=d"),
            ("secret=${SECRET}", ""),
            ("password=****", ""),
            ("compass=north", ""),
            ("tokens: 512", ""),
            ("AccountKey=abc+/==;x", "abc+/=="),
            ("client-secret => 'q'", "q"),
        ] {
            let found = text
                .bytes()
                .enumerate()
                .filter(|(_, byte)| matches!(byte, b'=' | b':'))
                .find_map(|(at, _)| find(text.as_bytes(), at, 0, |_| true));
            assert_eq!(found.map_or("", |(_, start, end)| &text[start..end]), expected, "{text}");
        }
    }
}
